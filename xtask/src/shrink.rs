//! From a browser app's wasm to what is downloaded: bound by wasm-bindgen, then made small.
//!
//! Beyond wasm-opt: short names between wasm and glue, a start without its fallbacks, and traps in place of what the
//! widget never reaches.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use walrus::ir::{Call, Visitor, dfs_in_order};
use walrus::{ExportItem, FunctionBuilder, FunctionId, FunctionKind, Module, ValType};
use wasm_bindgen_cli_support::Bindgen;

use crate::glue::{self, in_word};
use crate::process::capture;
use crate::progress::Step;
use crate::tools::Tools;

/// Whether functions keep their names, for whoever asks what weighs.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum FunctionNames {
    Kept,
    Dropped,
}

/// Writes `{app}.js`, its snippets and `{app}_bg.wasm` into `work`.
pub(crate) fn shrink(
    app: &str,
    wasm: &Path,
    tools: &Tools,
    work: &Path,
    function_names: FunctionNames,
) -> Result<()> {
    let step = Step::begin(format!("make the {app} small"));
    let mut output = Bindgen::new()
        .input_path(wasm)
        .out_name(app)
        .web(true)?
        .typescript(false)
        .remove_name_section(false)
        .remove_producers_section(true)
        .generate_output()
        .context("wasm-bindgen")?;
    let for_everybody = app == "widget";
    if for_everybody {
        cut(output.wasm_mut(), &NEVER_REACHED, Cut::Trap)?;
        cut(output.wasm_mut(), &NOTHING_TO_DO, Cut::Nothing)?;
        cut_closures(output.wasm_mut())?;
        blank(output.wasm_mut(), NAMES_OF_EVENTS)?;
    }
    output.emit(work)?;
    let (glue, bound, small) =
        (work.join(format!("{app}.js")), work.join(format!("{app}_bg.wasm")), work.join("small.wasm"));
    let mut code = glue::plain_start(&fs::read_to_string(&glue)?)?;
    let mut module = output.wasm_mut();
    let mut reached;
    if for_everybody {
        fs::write(&bound, module.emit_wasm())?;
        let mut wasm_opt = tools.wasm_opt()?;
        wasm_opt.arg(&bound).arg("-o").arg(&small).args(WASM_FEATURES).args(ONLY_REACHED);
        capture(&mut wasm_opt)?;
        reached = Module::from_buffer(&fs::read(&small)?)?;
        module = &mut reached;
        code = glue::lean(&code, &module.imports.iter().map(|import| import.name.clone()).collect())?;
    }
    fs::write(glue, short_names(module, code, &format!("./{app}_bg.js"))?)?;
    fs::write(&bound, module.emit_wasm())?;

    let mut wasm_opt = tools.wasm_opt()?;
    wasm_opt.arg(&bound).arg("-o").arg(&small).args(WASM_FEATURES);
    match app {
        // Every visitor downloads it.
        "widget" => wasm_opt.args(SMALLEST),
        // Whoever moves a slider waits for it.
        "replay" => wasm_opt.arg("-O3"),
        _ => wasm_opt.arg("-Oz"),
    };
    wasm_opt.args(ASSUMPTIONS);
    match function_names {
        FunctionNames::Kept => wasm_opt.arg("--debuginfo"),
        // Neighbours by name are instances of one generic function: brotli finds them alike, 0.8 %.
        FunctionNames::Dropped => wasm_opt.args(["--reorder-functions-by-name", "--strip-debug"]),
    };
    capture(&mut wasm_opt)?;
    fs::rename(&small, &bound)?;
    step.done();
    Ok(())
}

/// What stands in a function's place.
#[derive(Clone, Copy)]
enum Cut {
    Trap,
    /// It returns at once, with a zero where there is a result.
    Nothing,
}

/// Puts something shorter in place of functions; wasm-opt then drops what only they lead to.
///
/// A compiler may have inlined some of them, which costs bytes and nothing else; that none is there means that Yew has
/// changed.
fn cut(module: &mut Module, prefixes: &[&str], cut: Cut) -> Result<()> {
    let mut cut_any = false;
    for prefix in prefixes {
        let found = named(module, prefix);
        cut_any |= !found.is_empty();
        for id in found {
            shorten(module, id, cut)?;
        }
    }
    ensure!(
        cut_any,
        "the widget has no function named {}…: see NEVER_REACHED in shrink.rs",
        prefixes.join("…, ")
    );
    Ok(())
}

/// The ways into closures: for each kind of closure that a crate knows there is one in the table, and only those that the
/// glue calls are exported, or called by what is.
fn cut_closures(module: &mut Module) -> Result<()> {
    let ways = named(module, WAYS_INTO_CLOSURES);
    let mut used: Vec<FunctionId> = Vec::new();
    for export in module.exports.iter() {
        if let ExportItem::Function(id) = export.item {
            used.push(id);
        }
    }
    let mut next = 0;
    while let Some(id) = used.get(next) {
        let mut called = Called::default();
        if let FunctionKind::Local(function) = &module.funcs.get(*id).kind {
            dfs_in_order(&mut called, function, function.entry_block());
        }
        used.extend(called.0.into_iter().filter(|id| ways.contains(id)));
        next += 1;
    }
    let unused: Vec<_> = ways.into_iter().filter(|id| !used.contains(id)).collect();
    ensure!(!unused.is_empty(), "no function is named {WAYS_INTO_CLOSURES}…: see shrink.rs");
    unused.into_iter().try_for_each(|id| shorten(module, id, Cut::Trap))
}

#[derive(Default)]
struct Called(Vec<FunctionId>);

impl Visitor<'_> for Called {
    fn visit_call(&mut self, call: &Call) {
        self.0.push(call.func);
    }
}

fn named(module: &Module, prefix: &str) -> Vec<FunctionId> {
    let functions = module.funcs.iter_local().map(|(id, _)| id);
    functions
        .filter(|id| {
            let name = module.funcs.get(*id).name.as_ref();
            name.is_some_and(|name| without_hashes(name).starts_with(prefix))
        })
        .collect()
}

fn shorten(module: &mut Module, id: FunctionId, cut: Cut) -> Result<()> {
    let (parameters, results) = module.types.params_results(module.funcs.get(id).ty());
    let (parameters, results) = (parameters.to_vec(), results.to_vec());
    let arguments = parameters.iter().map(|kind| module.locals.add(*kind)).collect();
    let mut shorter = FunctionBuilder::new(&mut module.types, &parameters, &results);
    match cut {
        Cut::Trap => drop(shorter.func_body().unreachable()),
        Cut::Nothing => match results[..] {
            [] => {}
            [ValType::I32] => drop(shorter.func_body().i32_const(0)),
            _ => bail!("a function that is to do nothing has another result than a number"),
        },
    }
    module.funcs.get_mut(id).kind = FunctionKind::Local(shorter.local_func(arguments));
    Ok(())
}

/// Puts zeros in place of a stretch of the data that nothing refers to any more.
fn blank(module: &mut Module, (first, last): (&str, &str)) -> Result<()> {
    let find = |data: &[u8], text: &str| data.windows(text.len()).position(|part| part == text.as_bytes());
    let ids: Vec<_> = module.data.iter().map(walrus::Data::id).collect();
    for id in ids {
        let data = module.data.get_mut(id);
        let Some(begin) = find(&data.value, first) else { continue };
        if let Some(length) = find(&data.value[begin..], last) {
            data.value[begin..begin + length + last.len()].fill(0);
            return Ok(());
        }
    }
    bail!("the data has no {first} … {last}: see NAMES_OF_EVENTS in shrink.rs")
}

/// `yew[0123456789abcdef]::…` is `yew::…` of one particular build.
pub(crate) fn without_hashes(name: &str) -> String {
    let mut pieces = name.split('[');
    let mut plain = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        match piece.split_once(']') {
            Some((hash, rest)) if hash.len() > 8 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()) => {
                plain.push_str(rest);
            }
            _ => {
                plain.push('[');
                plain.push_str(piece);
            }
        }
    }
    plain
}

/// Imports and exports by one or two letters, on both sides; exports that the glue does not use go.
fn short_names(module: &mut Module, mut glue: String, own_module: &str) -> Result<String> {
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

/// Tests below read the views to be sure of it.
///
/// - Yew's registry of listeners: the widget's views hear through `browser/listen.rs`
/// - the queue of components to draw, as a tree of more than one node: a node holds eleven, and the widget has three
/// - printing a panic, which this build does not have, and the formatter, whose only way in is a text's `dyn Write`
/// - what a map does with the places of entries that were taken out: Yew's take none out and put in again
/// - kinds of nodes and fields that the views do not use, and what only a suspended component calls
const NEVER_REACHED: [&str; 24] = [
    "<yew::dom_bundle::btag::listeners::ListenerRegistration>::register",
    "<yew::dom_bundle::subtree_root::SubtreeData>::add_listener",
    "<alloc::collections::btree::node::BalancingContext<usize, yew::scheduler::QueueEntry>>::",
    "<alloc::collections::btree::node::Handle<alloc::collections::btree::node::NodeRef<alloc::collections::btree::node::marker::Mut, usize, yew::scheduler::QueueEntry, alloc::collections::btree::node::marker::Leaf>, alloc::collections::btree::node::marker::KV>>::split",
    "<alloc::collections::btree::node::Handle<alloc::collections::btree::node::NodeRef<alloc::collections::btree::node::marker::Mut, usize, yew::scheduler::QueueEntry, alloc::collections::btree::node::marker::Internal>, alloc::collections::btree::node::marker::KV>>::",
    "<alloc::collections::btree::node::Handle<alloc::collections::btree::node::NodeRef<alloc::collections::btree::node::marker::Mut, usize, yew::scheduler::QueueEntry, alloc::collections::btree::node::marker::Internal>, alloc::collections::btree::node::marker::Edge>>::",
    "<alloc::collections::btree::node::NodeRef<alloc::collections::btree::node::marker::Mut, usize, yew::scheduler::QueueEntry, alloc::collections::btree::node::marker::LeafOrInternal>>::fix_node_through_parent",
    "console_error_panic_hook::hook",
    "<std::panic::PanicHookInfo",
    "<alloc::string::String as core::fmt::Write>::write_fmt",
    "<&str as core::fmt::Display>::fmt",
    "<u32 as core::fmt::Display>::fmt",
    "<yew::suspense::suspension::Suspension>::listen",
    "<alloc::rc::Rc<yew::virtual_dom::vportal::VPortal> as yew::utils::RcExt<yew::virtual_dom::vportal::VPortal>>::",
    "<alloc::rc::Rc<yew::virtual_dom::vsuspense::VSuspense> as yew::utils::RcExt<yew::virtual_dom::vsuspense::VSuspense>>::",
    "<yew::virtual_dom::vtag::InputFields as yew::dom_bundle::btag::Apply>::",
    "<hashbrown::raw::RawTableInner>::rehash_in_place",
    "<yew::html::component::scope::AnyScope>::find_parent_scope::<yew::suspense::component::feat_csr_ssr::BaseSuspense>",
    "<yew::virtual_dom::vportal::VPortal as yew::dom_bundle::traits::Reconcilable>::",
    "<yew::virtual_dom::vsuspense::VSuspense as yew::dom_bundle::traits::Reconcilable>::",
    "<yew::virtual_dom::vraw::VRaw as yew::dom_bundle::traits::Reconcilable>::",
    "<yew::dom_bundle::bportal::BPortal as yew::dom_bundle::traits::ReconcileTarget>::",
    "<yew::dom_bundle::bsuspense::BSuspense as yew::dom_bundle::traits::ReconcileTarget>::",
    "<yew::dom_bundle::braw::BRaw as yew::dom_bundle::traits::ReconcileTarget>::",
];

/// - compares the listeners of a tag with those that it had, and forgets them: the widget's tags have none
/// - introduces one app to others in the same page, whose listeners it would hear
/// - tells the console that an element was not there to be removed
/// - frees what lives as long as the page does: Yew's root, and the driver
const NOTHING_TO_DO: [&str; 6] = [
    "<yew::virtual_dom::listeners::Listeners as yew::dom_bundle::btag::Apply>::apply_diff",
    "<yew::dom_bundle::btag::listeners::Registry>::unregister",
    "<hashbrown::map::HashMap<yew::dom_bundle::subtree_root::WeakSubtree, (), std::hash::random::RandomState>>::insert",
    "gloo_console::externs::",
    "<alloc::rc::Rc<yew::dom_bundle::subtree_root::SubtreeData>>::drop_slow",
    "<alloc::rc::Rc<widget::driver::Parts<widget::browser::Browser>>>::drop_slow",
];

const WAYS_INTO_CLOSURES: &str = "wasm_bindgen::convert::closures::";

/// Yew's table of every event that a page knows, which its listeners read; from the first name to the last.
const NAMES_OF_EVENTS: (&str, &str) = ("onabort", "ontransitionstart");

/// Flat code first: it lets the passes after it find more that is equal. Inlining as little as that is the smallest.
const SMALLEST: [&str; 12] = [
    "--flatten",
    "--rereloop",
    "-O4",
    "-Oz",
    "--converge",
    "--always-inline-max-function-size",
    "8",
    "--one-caller-inline-max-function-size",
    "20",
    "--flexible-inline-max-function-size",
    "8",
    "--reorder-locals",
];

/// Only what is reached, and with it the imports that the glue has to have.
const ONLY_REACHED: [&str; 7] = [
    "--traps-never-happen",
    "--remove-unused-module-elements",
    "--vacuum",
    "--dce",
    "--vacuum",
    "--remove-unused-module-elements",
    "--debuginfo",
];

/// `--low-memory-unused` speaks of the lowest 1,024 bytes: the far end of a stack of 1 MB.
const ASSUMPTIONS: [&str; 4] =
    ["--traps-never-happen", "--low-memory-unused", "--strip-producers", "--strip-target-features"];

/// What the compiler uses. `--all-features` would let wasm-opt write encodings that no browser reads yet.
const WASM_FEATURES: [&str; 8] = [
    "--enable-bulk-memory",
    "--enable-bulk-memory-opt",
    "--enable-reference-types",
    "--enable-sign-ext",
    "--enable-mutable-globals",
    "--enable-nontrapping-float-to-int",
    "--enable-multivalue",
    "--enable-call-indirect-overlong",
];

#[cfg(test)]
mod tests {
    use std::fs;

    use walrus::{DataKind, FunctionBuilder, FunctionId, Module};

    use super::{Cut, Names, blank, cut, cut_closures, members, short_names, without_hashes};
    use crate::workspace;

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

    fn module() -> Module {
        let mut module = Module::default();
        let kind = module.types.add(&[], &[]);
        module.add_import_func("./app_bg.js", "__wbg_now_1", kind);
        module.add_import_func("./snippets/dom.js", "grow", kind);
        for (name, exported) in [("show", true), ("unused", true), ("yew[0123456789abcdef]::raw", false)] {
            let mut body = FunctionBuilder::new(&mut module.types, &[], &[]);
            body.name(name.to_owned());
            let id = body.finish(Vec::new(), &mut module.funcs);
            if exported {
                module.exports.add(name, id);
            }
        }
        module
    }

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
    fn what_an_update_takes_away_is_told() {
        let error = cut(&mut module(), &["yew::gone"], Cut::Trap).unwrap_err().to_string();
        assert!(error.contains("yew::gone"), "{error}");
        assert!(short_names(&mut module(), "no glue at all".to_owned(), "./app_bg.js").is_err());
    }

    #[test]
    fn a_function_that_is_cut_traps() -> anyhow::Result<()> {
        let mut module = module();
        cut(&mut module, &["yew::raw"], Cut::Trap)?;
        let id = module.funcs.by_name("yew[0123456789abcdef]::raw").expect("it keeps its name");
        assert!(traps(&module, id));
        Ok(())
    }

    /// A way into closures, or what leads to one. It calls the given functions.
    fn function(module: &mut Module, name: &str, calls: &[FunctionId]) -> FunctionId {
        let mut made = FunctionBuilder::new(&mut module.types, &[], &[]);
        made.name(name.to_owned());
        for called in calls {
            made.func_body().call(*called);
        }
        made.finish(Vec::new(), &mut module.funcs)
    }

    fn traps(module: &Module, id: FunctionId) -> bool {
        let function = module.funcs.get(id).kind.unwrap_local();
        let body = function.block(function.entry_block());
        body.instrs.iter().any(|(instruction, _)| instruction.is_unreachable())
    }

    #[test]
    fn of_the_ways_into_closures_those_stay_that_are_exported_or_called_by_what_is() -> anyhow::Result<()> {
        let mut module = module();
        let way = "wasm_bindgen[0123456789abcdef]::convert::closures::_::invoke";
        let [exported, called, further, unused, by_unused] =
            [1, 2, 3, 4, 5].map(|number| format!("{way}{number}"));
        let further = function(&mut module, &further, &[]);
        let called = function(&mut module, &called, &[further]);
        let exported = function(&mut module, &exported, &[called]);
        let by_unused = function(&mut module, &by_unused, &[]);
        let unused = function(&mut module, &unused, &[by_unused]);
        // What is no way into a closure is not ours to judge, called or not.
        let other = function(&mut module, "wasm_bindgen[0123456789abcdef]::convert::other", &[]);
        module.exports.add("__wasm_bindgen_invoke", exported);
        cut_closures(&mut module)?;
        for id in [exported, called, further, other] {
            assert!(!traps(&module, id), "{:?}", module.funcs.get(id).name);
        }
        for id in [unused, by_unused] {
            assert!(traps(&module, id), "{:?}", module.funcs.get(id).name);
        }
        Ok(())
    }

    #[test]
    fn ways_into_closures_that_are_called_otherwise_or_all_used_are_told() {
        let mut module = module();
        assert!(cut_closures(&mut module).is_err(), "none has the name");
        let way = function(&mut module, "wasm_bindgen::convert::closures::invoke", &[]);
        module.exports.add("invoke", way);
        assert!(cut_closures(&mut module).is_err(), "nothing to cut any more");
    }

    #[test]
    fn the_widget_uses_nothing_of_what_is_cut() -> anyhow::Result<()> {
        let mut components = 0;
        for path in workspace::files(&workspace::root().join("widget/src"))? {
            let source = fs::read_to_string(&path)?;
            for word in
                ["VRaw", "from_html_unchecked", "VPortal", "create_portal", "Suspense", "suspend", "<input"]
            {
                assert!(!source.contains(word), "{}: {word}; see NEVER_REACHED", path.display());
            }
            let mut words = source.split_whitespace();
            let listens =
                words.find(|word| word.starts_with("on") && !word.starts_with("on_") && word.contains("={"));
            assert_eq!(listens, None, "{}: see NEVER_REACHED and browser/listen.rs", path.display());
            components += source.matches("impl Component for").count();
            assert!(!source.contains("function_component") && !source.contains("#[component"));
        }
        assert!((1..=10).contains(&components), "{components} components: a queue of more than one node");
        Ok(())
    }

    #[test]
    fn what_nothing_refers_to_becomes_zeros() -> anyhow::Result<()> {
        let mut module = module();
        let place = DataKind::Passive;
        let id = module.data.add(place, b"keptonabortonclickkept".to_vec());
        blank(&mut module, ("onabort", "onclick"))?;
        assert_eq!(module.data.get(id).value, b"kept\0\0\0\0\0\0\0\0\0\0\0\0\0\0kept");
        assert!(blank(&mut module, ("onabort", "onclick")).is_err());
        Ok(())
    }

    #[test]
    fn hashes_of_one_build_are_no_part_of_a_name() {
        assert_eq!(
            without_hashes("<yew[ab947277a3f2f5dc]::VRaw as a[ab947277a3f2f5dc]::B>::c"),
            "<yew::VRaw as a::B>::c"
        );
        assert_eq!(without_hashes("<[yew::VNode]>::to_vec[0]"), "<[yew::VNode]>::to_vec[0]");
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
