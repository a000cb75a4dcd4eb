//! The few drawings: markup of our own, taken as it is.

use yew::prelude::*;

/// A path in a square of 24.
macro_rules! svg {
    ($path:literal) => {
        concat!(
            r#"<svg class="icon" viewBox="0 0 24 24" aria-hidden="true"><path d=""#,
            $path,
            r#""/></svg>"#
        )
    };
}
pub const SEND: &str = svg!("M4 20l17-8L4 4v6l10 2-10 2z");
pub const CLOSE: &str = svg!("M6 6l12 12M18 6L6 18");
pub const DOWN: &str = svg!("M6 9l6 6 6-6");

pub fn icon(drawing: &'static str) -> Html {
    Html::from_html_unchecked(AttrValue::Static(drawing))
}
