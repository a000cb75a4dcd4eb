//! Something shorter in place of functions that never do anything, so that wasm-opt drops what only they lead to.

use anyhow::{Result, bail, ensure};
use walrus::ir::{Call, Visitor, dfs_in_order};
use walrus::{ExportItem, FunctionBuilder, FunctionId, FunctionKind, Module, ValType};

/// What stands in a function's place.
#[derive(Clone, Copy)]
pub(super) enum Cut {
    Trap,
    /// It returns at once, with a zero where there is a result.
    Nothing,
}

/// Puts something shorter in place of functions; wasm-opt then drops what only they lead to.
///
/// A compiler may have inlined some of them, which costs bytes and nothing else; that none is there means that Yew has
/// changed.
pub(super) fn cut(module: &mut Module, prefixes: &[&str], cut: Cut) -> Result<()> {
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
        "the widget has no function named {}…: see NEVER_REACHED in never_reached.rs",
        prefixes.join("…, ")
    );
    Ok(())
}

/// The ways into closures: for each kind of closure that a crate knows there is one in the table, and only those that the
/// glue calls are exported, or called by what is.
pub(super) fn cut_closures(module: &mut Module) -> Result<()> {
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
    ensure!(!unused.is_empty(), "no function is named {WAYS_INTO_CLOSURES}…: see shrink/cut.rs");
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
pub(super) fn blank(module: &mut Module, (first, last): (&str, &str)) -> Result<()> {
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
    bail!("the data has no {first} … {last}: see NAMES_OF_EVENTS in never_reached.rs")
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

const WAYS_INTO_CLOSURES: &str = "wasm_bindgen::convert::closures::";

#[cfg(test)]
mod tests {
    use walrus::{DataKind, FunctionBuilder, FunctionId, Module};

    use super::super::module;
    use super::{Cut, blank, cut, cut_closures, without_hashes};

    #[test]
    fn a_function_that_is_cut_traps() -> anyhow::Result<()> {
        let mut module = module();
        cut(&mut module, &["yew::raw"], Cut::Trap)?;
        let id = module.funcs.by_name("yew[0123456789abcdef]::raw").expect("it keeps its name");
        assert!(traps(&module, id));
        Ok(())
    }

    #[test]
    fn a_function_that_an_update_has_taken_away_is_told() {
        let error = cut(&mut module(), &["yew::gone"], Cut::Trap).unwrap_err().to_string();
        assert!(error.contains("yew::gone"), "{error}");
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
}
