//! A message's text: text, never markup. Marks in it become what they stand for, addresses become links, and nothing is fetched.

use yew::prelude::*;
use yew::virtual_dom::VText;

use super::marks::{Piece, is_emoji, pieces, place};

pub fn text(text: &str) -> Html {
    let (mut drawn, mut inner, mut block) = (Vec::new(), Vec::new(), "");
    for piece in pieces(text) {
        if piece.begins {
            close(&mut drawn, &mut inner, block);
            block = piece.block;
        }
        inner.push(self::piece(&piece));
    }
    close(&mut drawn, &mut inner, block);
    // No class of its own: Yew brings 3 KB for classes that change.
    html! { <div class="text" data-large={is_emoji(text).then_some("")} dir="auto">{ together(drawn) }</div> }
}

fn close(drawn: &mut Vec<Html>, inner: &mut Vec<Html>, block: &'static str) {
    if block.is_empty() {
        drawn.append(inner);
    } else {
        drawn.push(marked(block, together(std::mem::take(inner))));
    }
}

fn piece(piece: &Piece) -> Html {
    let mut drawn = said(piece.text);
    if let Some(address) = piece.address {
        drawn =
            html! { <a href={address.to_owned()} target="_blank" rel="noopener noreferrer">{ drawn }</a> };
        // A name says what its writer wants; this says where it leads.
        let place = place(address);
        if place != piece.text && address != piece.text {
            drawn = together(vec![drawn, marked("note", said(place))]);
        }
    }
    for (wrapped, role) in [(piece.code, "code"), (piece.italic, "emphasis"), (piece.bold, "strong")] {
        if wrapped {
            drawn = marked(role, drawn);
        }
    }
    drawn
}

/// All marks are one element, told apart by their roles: each place of a macro's brings its own code, and a tag of its own
/// for each of them costs a visitor 1 KB.
fn marked(role: &'static str, inner: Html) -> Html {
    html! { <span role={role}>{ inner }</span> }
}

fn said(text: &str) -> Html {
    VText::new(text.to_owned()).into()
}

fn together(drawn: Vec<Html>) -> Html {
    drawn.into_iter().collect()
}

/// What somebody hears or reads in one line: without the marks.
pub fn plain(text: &str) -> String {
    let mut plain = String::new();
    for piece in pieces(text) {
        if piece.begins && !plain.is_empty() {
            plain.push('\n');
        }
        plain.push_str(piece.text);
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn what_is_heard_has_no_marks() {
        assert_eq!(plain("**Yes**, `it` is [here](https://a.example)"), "Yes, it is here");
        assert_eq!(plain("> so\n- a\n2. b\n```\nc\n```"), "so\n• a\n2. b\nc");
        assert_eq!(plain("**not closed"), "**not closed");
    }
}
