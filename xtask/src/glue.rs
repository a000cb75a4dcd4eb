//! The script between a page and an app's wasm: wasm-bindgen's, without what the app never calls, and in fewer words.

use std::collections::BTreeSet;

use anyhow::{Context, Result, ensure};

/// wasm-bindgen's own start also takes bytes, modules, promises and servers with a wrong content type.
pub(crate) fn plain_start(glue: &str) -> Result<String> {
    let (before, start) = glue
        .split_once("let wasmModule, wasmInstance, wasm;")
        .context("the glue has no start: has wasm-bindgen been updated?")?;
    ensure!(start.contains("    wasm.__wbindgen_start();\n"), "the glue starts in another way");
    Ok(format!("{before}{START}"))
}

/// Of the functions for the wasm only those that it imports, with our own helpers; and of the rest what they lead to.
pub(crate) fn lean(glue: &str, imported: &BTreeSet<String>) -> Result<String> {
    let mut glue = only_imported(glue, imported)?;
    for (long, short) in SHORTER {
        glue = glue.replace(long, short);
    }
    let (mut kept, shims) = own_helpers(&glue)?;
    for (shim, called) in &shims {
        kept = kept.replace(&format!(", {shim})"), &format!(", {called})"));
    }
    Ok(reached(&(kept + HELPERS)))
}

/// Leaves out `name: function(…) {…},` where the wasm has no such import.
fn only_imported(glue: &str, imported: &BTreeSet<String>) -> Result<String> {
    let (before, rest) =
        glue.split_once(FUNCTIONS_BEGIN).context("the glue has no functions for the wasm")?;
    let (functions, after) = rest.split_once(FUNCTIONS_END).context("the glue's functions have no end")?;
    let mut kept = String::new();
    for function in functions.split_inclusive("\n        },\n").flat_map(split_guarded) {
        let (name, rest) = function.trim_start().split_once(": function").unwrap_or_default();
        if imported.contains(name) {
            kept.push_str(&arrow(name, rest).with_context(|| format!("the glue's {name} looks different"))?);
        }
    }
    ensure!(!kept.is_empty(), "the glue's functions look different: has wasm-bindgen been updated?");
    Ok(format!("{before}{FUNCTIONS_BEGIN}{kept}{FUNCTIONS_END}{after}"))
}

fn split_guarded(functions: &str) -> impl Iterator<Item = &str> {
    functions.split_inclusive("\n        }, arguments); },\n")
}

/// `(a) {…},` as an arrow function; where wasm-bindgen catches what it throws, [`HELPERS`] do.
fn arrow(name: &str, function: &str) -> Option<String> {
    let guarded = function.strip_prefix("() { return handleError(function ");
    let (arguments, body) = guarded.unwrap_or(function).split_once(" {\n")?;
    let body =
        body.strip_suffix(if guarded.is_some() { "        }, arguments); },\n" } else { "        },\n" })?;
    let (before, after) = if guarded.is_some() { ("guarded(", ")") } else { ("", "") };
    Some(format!("        {name}: {before}{arguments} => {{\n{body}        }}{after},\n"))
}

/// Without wasm-bindgen's helpers that have one of ours in their place, and without functions that do nothing but call
/// the wasm: those come back as (name, what they call).
fn own_helpers(glue: &str) -> Result<(String, Vec<(String, String)>)> {
    let (mut kept, mut shims) = (String::new(), Vec::new());
    for part in parts(glue) {
        let name = declared(part);
        match shim(part) {
            Some(called) => shims.push((name.to_owned(), called.to_owned())),
            None if REPLACED.contains(&name) => {}
            None => kept.push_str(part),
        }
    }
    for name in REPLACED {
        ensure!(glue.contains(name), "the glue has no {name} any more: see REPLACED in glue.rs");
    }
    Ok((kept, shims))
}

/// `wasm.x` where a part is `function name(a, b) { wasm.x(a, b); }`.
fn shim(part: &str) -> Option<&str> {
    let (head, body) = part.strip_prefix("function ")?.split_once(") {\n    wasm.")?;
    let (called, rest) = body.split_once('(')?;
    let arguments = head.split_once('(')?.1;
    (rest.trim_end() == format!("{arguments});\n}}")).then(|| {
        let at = part.find("wasm.").unwrap_or_default();
        &part[at..at + "wasm.".len() + called.len()]
    })
}

/// What is exported, and all that this leads to.
fn reached(glue: &str) -> String {
    let all: Vec<&str> = parts(glue).collect();
    let mut wanted: Vec<bool> =
        all.iter().map(|part| part.starts_with("export") || part.starts_with("import")).collect();
    loop {
        let text: String =
            all.iter().zip(&wanted).filter(|(_, wanted)| **wanted).map(|(part, _)| *part).collect();
        let words: BTreeSet<&str> = text.split(|letter: char| !in_word(letter)).collect();
        let mut more = false;
        for (part, wanted) in all.iter().zip(&mut wanted) {
            if !*wanted && words.contains(declared(part)) {
                (*wanted, more) = (true, true);
            }
        }
        if !more {
            return text;
        }
    }
}

/// Declarations at the begin of a line, each with what belongs to it.
fn parts(glue: &str) -> impl Iterator<Item = &str> {
    let begins = |line: &str| {
        ["import ", "export ", "function ", "const ", "let ", "if ", "cached"]
            .iter()
            .any(|word| line.starts_with(word))
    };
    let mut places: Vec<usize> = vec![0];
    let mut at = 0;
    for line in glue.split_inclusive('\n') {
        if begins(line) && at > 0 {
            places.push(at);
        }
        at += line.len();
    }
    places.push(glue.len());
    (1..places.len()).map(move |next| &glue[places[next - 1]..places[next]])
}

/// The name that a part gives to something; a statement goes with what it is about.
fn declared(part: &str) -> &str {
    let part = part.strip_prefix("export ").unwrap_or(part);
    let named = ["function ", "const ", "let "]
        .iter()
        .find_map(|word| part.strip_prefix(word))
        .or_else(|| part.starts_with("cached").then_some(part))
        .or_else(|| part.strip_prefix("if ")?.split_once(" in ").map(|(_, about)| about));
    named.and_then(|rest| rest.split(|letter| !in_word(letter)).next()).unwrap_or("")
}

pub(crate) fn in_word(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_' || letter == '$'
}

const FUNCTIONS_BEGIN: &str = "    const import0 = {\n        __proto__: null,\n";
const FUNCTIONS_END: &str = "    };\n    return {";

/// What wasm-bindgen writes for every function, in fewer words.
const SHORTER: [(&str, &str); 11] = [
    // A text is given back by its place and length.
    (
        "const ptr1 = passStringToWasm0(ret, wasm.__wbindgen_malloc, wasm.__wbindgen_realloc);\n            const len1 = WASM_VECTOR_LEN;\n            getDataViewMemory0().setInt32((arg0 >>> 0) + 4 * 1, len1, true);\n            getDataViewMemory0().setInt32((arg0 >>> 0) + 4 * 0, ptr1, true);",
        "giveText(arg0, ret);",
    ),
    (
        "var ptr1 = isLikeNone(ret) ? 0 : passStringToWasm0(ret, wasm.__wbindgen_malloc, wasm.__wbindgen_realloc);\n            var len1 = WASM_VECTOR_LEN;\n            getDataViewMemory0().setInt32((arg0 >>> 0) + 4 * 1, len1, true);\n            getDataViewMemory0().setInt32((arg0 >>> 0) + 4 * 0, ptr1, true);",
        "giveText(arg0, ret);",
    ),
    ("wasm.__wbindgen_malloc, wasm.__wbindgen_realloc)", "wasm.__wbindgen_malloc)"),
    // Every browser has these classes.
    ("let result;\n            try {\n                result = ", "const ret = "),
    (
        ";\n            } catch (_) {\n                result = false;\n            }\n            const ret = result;",
        ";",
    ),
    // No closure of ours is called from within itself.
    ("makeMutClosure(", "makeClosure("),
    ("isLikeNone(ret) ? 0 : addToExternrefTable0(ret)", "orNone(ret)"),
    // Every browser has the first of these, and nobody asks for the others.
    ("typeof globalThis === 'undefined' ? undefined : globalThis", "globalThis"),
    ("typeof self === 'undefined' ? undefined : self", "globalThis"),
    ("typeof window === 'undefined' ? undefined : window", "globalThis"),
    ("typeof global === 'undefined' ? undefined : global", "globalThis"),
];

/// Helpers of wasm-bindgen's with one of [`HELPERS`] in their place.
const REPLACED: [&str; 5] =
    ["getStringFromWasm0", "makeClosure", "passStringToWasm0", "isLikeNone", "handleError"];

/// wasm-bindgen's keep views of the memory over calls, and collect closures that nobody has called: ours are either held by the
/// wasm, or called for sure.
const HELPERS: &str = "
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

const getStringFromWasm0 = (at, length) => decoder.decode(new Uint8Array(wasm.memory.buffer, at >>> 0, length));

const encoder = new TextEncoder();

const passStringToWasm0 = (text, allocate) => {
    const bytes = encoder.encode(text);
    const at = allocate(WASM_VECTOR_LEN = bytes.length, 1) >>> 0;
    new Uint8Array(wasm.memory.buffer).set(bytes, at);
    return at;
};

const isLikeNone = (value) => value == null;

const giveText = (to, text) => {
    const at = isLikeNone(text) ? 0 : passStringToWasm0(text, wasm.__wbindgen_malloc);
    new Uint32Array(wasm.memory.buffer).set([at, WASM_VECTOR_LEN], (to >>> 0) / 4);
};

const orNone = (value) => isLikeNone(value) ? 0 : addToExternrefTable0(value);

const guarded = (call) => (...given) => {
    try {
        return call(...given);
    } catch (error) {
        wasm.__wbindgen_exn_store(addToExternrefTable0(error));
    }
};

const makeClosure = (environment, kind, call) => {
    // The wasm may drop it while it runs.
    let uses = 1;
    const closure = (...given) => {
        uses++;
        try {
            return call(environment, kind, ...given);
        } finally {
            closure._wbg_cb_unref();
        }
    };
    closure._wbg_cb_unref = () => {
        if (--uses) return;
        wasm.__wbindgen_destroy_closure(environment, kind);
        environment = 0;
    };
    return closure;
};
";

const START: &str = "let wasm;
export default async (url) => {
    wasm = (await WebAssembly.instantiateStreaming(fetch(url), __wbg_get_imports())).instance.exports;
    wasm.__wbindgen_start();
};
";

#[cfg(test)]
mod tests {
    use super::{arrow, lean, parts, plain_start, shim};

    const GLUE: &str = "import { time } from './dom.js';
export function show(shown) {
    wasm.show(shown, passStringToWasm0(shown, wasm.__wbindgen_malloc, wasm.__wbindgen_realloc));
}
function __wbg_get_imports() {
    const import0 = {
        __proto__: null,
        __wbg_now_1: function() {
            return Date.now();
        },
        __wbg_gone_1: function(arg0) {
            gone(arg0);
        },
        __wbg_send_1: function() { return handleError(function (arg0, arg1) {
            arg0.send(arg1);
        }, arguments); },
        __wbg_close_1: function() { return handleError(function (arg0) {
            arg0.close();
        }, arguments); },
        __wbindgen_cast_1: function(arg0, arg1) {
            const ret = makeMutClosure(arg0, arg1, invoke_1);
            return ret;
        },
    };
    return { a: import0 };
}
function invoke_1(arg0, arg1, arg2) {
    wasm.invoke_1(arg0, arg1, arg2);
}
function gone(thing) {
    wasm.gone(thing);
    wasm.gone(thing);
}
function getStringFromWasm0() {}
function makeClosure() {}
function passStringToWasm0() {}
function isLikeNone() {}
function handleError() {}
function addToExternrefTable0(obj) {}
let WASM_VECTOR_LEN = 0;
let cachedTextDecoder = new TextDecoder();
cachedTextDecoder.decode();
if (!('encodeInto' in cachedTextDecoder)) {
    cachedTextDecoder.encodeInto = 0;
}
export default () => __wbg_get_imports();
";

    #[test]
    fn what_the_wasm_does_not_import_goes_with_all_that_only_it_led_to() -> anyhow::Result<()> {
        let imported = ["__wbg_now_1", "__wbg_close_1", "__wbindgen_cast_1"].map(ToOwned::to_owned).into();
        let glue = lean(GLUE, &imported)?;
        for (there, text) in [
            (true, "        __wbg_now_1: () => {\n"),
            (true, "        __wbg_close_1: guarded((arg0) => {\n            arg0.close();\n        }),\n"),
            (true, "makeClosure(arg0, arg1, wasm.invoke_1)"),
            (true, "passStringToWasm0(shown, wasm.__wbindgen_malloc)"),
            (true, "const guarded"),
            (true, "import { time }"),
            (false, "__wbg_send_1"),
            (false, "gone"),
            (false, "function invoke_1"),
            (false, "handleError"),
            (false, "giveText"),
            (false, "cachedTextDecoder"),
        ] {
            assert_eq!(glue.contains(text), there, "{text}: {glue}");
        }
        Ok(())
    }

    #[test]
    fn what_an_update_writes_differently_is_told() {
        assert!(plain_start("export function show() {}").is_err());
        assert!(lean("export function show() {}", &Default::default()).is_err());
        assert!(
            lean(
                &GLUE.replace("function isLikeNone", "function isNothing"),
                &["__wbg_now_1".to_owned()].into()
            )
            .is_err()
        );
        assert_eq!(arrow("a", "(arg0) { return arg0; },\n"), None);
    }

    #[test]
    fn a_function_is_left_out_only_where_it_calls_the_wasm_and_does_nothing_else() {
        assert_eq!(shim("function a(x, y) {\n    wasm.b_1(x, y);\n}\n"), Some("wasm.b_1"));
        assert_eq!(shim("function a(x, y) {\n    wasm.b_1(y, x);\n}\n"), None);
        assert_eq!(shim("function a(x) {\n    wasm.b(x);\n    c();\n}\n"), None);
        assert_eq!(parts(GLUE).collect::<String>(), GLUE);
    }
}
