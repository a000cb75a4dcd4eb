//! What the widget has and never reaches, by the names of functions and data.

/// Tests below read the views to be sure of it.
///
/// - Yew's registry of listeners: the widget's views hear through `browser/listen.rs`
/// - the queue of components to draw, as a tree of more than one node: a node holds eleven, and the widget has three
/// - printing a panic, which this build does not have, and the formatter, whose only way in is a text's `dyn Write`
/// - what a map does with the places of entries that were taken out: Yew's take none out and put in again
/// - kinds of nodes and fields that the views do not use, and what only a suspended component calls
pub(super) const NEVER_REACHED: [&str; 24] = [
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
pub(super) const NOTHING_TO_DO: [&str; 6] = [
    "<yew::virtual_dom::listeners::Listeners as yew::dom_bundle::btag::Apply>::apply_diff",
    "<yew::dom_bundle::btag::listeners::Registry>::unregister",
    "<hashbrown::map::HashMap<yew::dom_bundle::subtree_root::WeakSubtree, (), std::hash::random::RandomState>>::insert",
    "gloo_console::externs::",
    "<alloc::rc::Rc<yew::dom_bundle::subtree_root::SubtreeData>>::drop_slow",
    "<alloc::rc::Rc<widget::driver::Parts<widget::browser::Browser>>>::drop_slow",
];

/// Yew's table of every event that a page knows, which its listeners read; from the first name to the last.
pub(super) const NAMES_OF_EVENTS: (&str, &str) = ("onabort", "ontransitionstart");

#[cfg(test)]
mod tests {
    use std::fs;

    use crate::workspace;

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
}
