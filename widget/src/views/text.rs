//! A message's text: text, never markup. Addresses of web pages become links.

use yew::prelude::*;

pub fn text(text: &str) -> Html {
    let piece = |piece: Piece| match piece {
        Piece::Plain(text) => html! { { text } },
        Piece::Link(address) => {
            let address = AttrValue::from(address.to_owned());
            html! { <a href={address.clone()} target="_blank" rel="noopener noreferrer">{ address }</a> }
        }
    };
    html! { <p class="text" dir="auto">{ for pieces(text).into_iter().map(piece) }</p> }
}

#[derive(Debug, PartialEq, Eq)]
enum Piece<'a> {
    Plain(&'a str),
    Link(&'a str),
}

fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let (mut told, mut at) = (0, 0);
    while at < text.len() {
        // An address begins with an ASCII letter: the slices below are at characters' boundaries.
        let length = if text.as_bytes()[at] == b'h' { link(&text[at..]) } else { 0 };
        if length > 0 {
            if at > told {
                pieces.push(Piece::Plain(&text[told..at]));
            }
            pieces.push(Piece::Link(&text[at..at + length]));
            told = at + length;
        }
        at += length.max(1);
    }
    if at > told {
        pieces.push(Piece::Plain(&text[told..]));
    }
    pieces
}

/// The length of the address that the text begins with; 0 where it is none.
fn link(text: &str) -> usize {
    let Some(rest) = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")) else { return 0 };
    let scheme = text.len() - rest.len();
    let end = rest.find(|c: char| c.is_whitespace() || c.is_control() || "<>\"".contains(c));
    // A sentence's own signs after an address are not part of it.
    let host =
        rest[..end.unwrap_or(rest.len())].trim_end_matches(['.', ',', ';', ':', '!', '?', ')', '\'', '…']);
    if host.is_empty() { 0 } else { scheme + host.len() }
}

#[cfg(test)]
mod tests {
    use super::Piece::*;
    use super::*;

    #[test]
    fn addresses_become_links_and_nothing_else_does() {
        assert_eq!(pieces("hello"), [Plain("hello")]);
        assert_eq!(pieces("https://a.example/x?y=1"), [Link("https://a.example/x?y=1")]);
        assert_eq!(
            pieces("see (http://a.example). or https://b.example!"),
            [
                Plain("see ("),
                Link("http://a.example"),
                Plain("). or "),
                Link("https://b.example"),
                Plain("!")
            ]
        );
        for plain in ["http", "http://", "https://…", "javascript:alert(1)", "httphttp ä", "<b>"] {
            assert_eq!(pieces(plain), [Plain(plain)]);
        }
    }
}
