//! Short names between wasm and glue.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail, ensure};
use walrus::Module;

use crate::glue::in_word;

/// Imports and exports by one or two letters, on both sides; exports that the glue does not use go.
pub(super) fn short_names(module: &mut Module, mut glue: String, own_module: &str) -> Result<String> {
    let mut names = Names::default();
    let mut imported = BTreeMap::new();
    let mut direct = String::new();
    for import in module.imports.iter_mut() {
        let short =
            imported.entry((import.module.clone(), import.name.clone())).or_insert_with(|| names.next());
        if import.module == own_module {
            let (long, key) = (format!("\n        {}: ", import.name), format!("\n        {short}: "));
            ensure!(glue.contains(&long) || glue.contains(&key), "the glue lacks {}", import.name);
            glue = glue.replacen(&long, &key, 1);
        } else {
            // A function of our own scripts that needs nothing between.
            let from = format!(" from \"{}\"", import.module);
            let alias = glue
                .lines()
                .find_map(|line| line.strip_prefix("import * as ")?.split_once(&from))
                .with_context(|| format!("the glue does not import {}", import.module))?
                .0;
            direct.push_str(&format!("{short}: {alias}.{}, ", import.name));
        }
        import.module = "a".to_owned();
        import.name = short.clone();
    }
    let given =
        between(&glue, "    return {\n        __proto__: null,\n        \"", "\n    };\n}")?.to_owned();
    glue = glue.replacen(&given, &format!("    return {{ a: {{ {direct}...import0 }} }};\n}}"), 1);

    let mut names = Names::default();
    let exports: Vec<_> = module.exports.iter().map(|export| (export.id(), export.name.clone())).collect();
    let mut short_of = BTreeMap::new();
    for (id, long) in exports {
        if members(&glue).any(|(_, member)| member == long) {
            let short = names.next();
            module.exports.get_mut(id).name.clone_from(&short);
            short_of.insert(long, short);
        } else {
            module.exports.delete(id);
        }
    }
    let mut renamed = String::with_capacity(glue.len());
    let mut done = 0;
    for (at, member) in members(&glue) {
        if let Some(short) = short_of.get(member) {
            renamed.push_str(&glue[done..at]);
            renamed.push_str(short);
            done = at + member.len();
        }
    }
    renamed.push_str(&glue[done..]);
    Ok(renamed)
}

/// Every `wasm.member` of the glue: where the member begins, and its name.
fn members(glue: &str) -> impl Iterator<Item = (usize, &str)> {
    glue.match_indices("wasm.").filter(move |(at, _)| !glue[..*at].ends_with(in_word)).map(
        move |(at, object)| {
            let member = &glue[at + object.len()..];
            (at + object.len(), member.split(|letter| !in_word(letter)).next().unwrap_or_default())
        },
    )
}

/// From the first `begin` to the next `end`, both included.
fn between<'a>(text: &'a str, begin: &str, end: &str) -> Result<&'a str> {
    let rest = text.find(begin).map(|at| &text[at..]);
    let length = rest.and_then(|rest| rest.find(end)).map(|at| at + end.len());
    match (rest, length) {
        (Some(rest), Some(length)) => Ok(&rest[..length]),
        _ => bail!("the glue has no `{begin}` … `{end}`: has wasm-bindgen been updated?"),
    }
}

/// `a`, `b`, …, `Z`, `aa`, …: legal as keys without quotes.
#[derive(Default)]
struct Names(usize);

impl Names {
    fn next(&mut self) -> String {
        const LETTERS: &[u8; 52] = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
        let (mut rest, mut name) = (self.0, String::new());
        self.0 += 1;
        loop {
            name.insert(0, char::from(LETTERS[rest % LETTERS.len()]));
            rest /= LETTERS.len();
            if rest == 0 {
                return name;
            }
            rest -= 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::module;
    use super::{Names, members, short_names};

    const GLUE: &str = r#"import * as import1 from "./snippets/dom.js"
export function show() {
    wasm.show(mywasm.show, wasm.memory);
}
function __wbg_get_imports() {
    const import0 = {
        __proto__: null,
        __wbg_now_1: function() {
            return now();
        },
    };
    return {
        __proto__: null,
        "./app_bg.js": import0,
        "./snippets/dom.js": import1,
    };
}
"#;

    #[test]
    fn wasm_and_glue_agree_on_the_short_names() -> anyhow::Result<()> {
        let mut module = module();
        let glue = short_names(&mut module, GLUE.to_owned(), "./app_bg.js")?;
        let imports: Vec<_> =
            module.imports.iter().map(|import| (import.module.as_str(), import.name.as_str())).collect();
        assert_eq!(imports, [("a", "a"), ("a", "b")]);
        let exports: Vec<_> = module.exports.iter().map(|export| export.name.as_str()).collect();
        assert_eq!(exports, ["a"], "what the glue does not use is no longer exported");
        assert!(glue.contains("    wasm.a(mywasm.show, wasm.memory);"), "{glue}");
        assert!(glue.contains("        a: function() {"), "{glue}");
        assert!(glue.contains("    return { a: { b: import1.grow, ...import0 } };\n}"), "{glue}");
        Ok(())
    }

    #[test]
    fn glue_that_an_update_has_changed_is_told() {
        assert!(short_names(&mut module(), "no glue at all".to_owned(), "./app_bg.js").is_err());
    }

    #[test]
    fn members_of_other_objects_are_left_alone() {
        let found: Vec<_> = members("wasm.a; mywasm.b; (wasm.c_1)").map(|(_, name)| name).collect();
        assert_eq!(found, ["a", "c_1"]);
    }

    #[test]
    fn names_never_repeat() {
        let mut names = Names::default();
        let all: Vec<String> = (0..3_000).map(|_| names.next()).collect();
        assert_eq!((all[0].as_str(), all[51].as_str(), all[52].as_str()), ("a", "Z", "aa"));
        let mut unique = all.clone();
        unique.sort();
        unique.dedup();
        assert_eq!(unique.len(), all.len());
    }
}
