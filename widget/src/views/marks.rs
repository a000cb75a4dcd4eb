//! The marks in a message's text: `**bold**`, `*italic*`, `_italic_`, `` `code` ``, fences, `> quotes`, lists and links. A mark
//! without its other half is text. Every byte is looked at a bounded number of times, whatever the text is.

/// Text of one kind, in one block.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Piece<'a> {
    pub text: &'a str,
    /// Where it leads.
    pub address: Option<&'a str>,
    pub bold: bool,
    pub italic: bool,
    pub code: bool,
    pub block: &'static str,
    /// Here a block begins.
    pub begins: bool,
}

/// Blocks are named after their roles; what is nothing else has none.
pub const QUOTE: &str = "blockquote";
pub const CODE: &str = "group";
pub const ITEM: &str = "paragraph";

pub fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut out = Vec::new();
    // Lines that are nothing else yet: from where.
    let (mut plain, mut at) = (0, 0);
    let mut fences = true;
    while at < text.len() {
        let line = line(&text[at..]);
        let mut next = (at + line.len() + 1).min(text.len());
        let mut sign = "";
        let (block, shown) = if let Some(quoted) = quoted(line) {
            (QUOTE, quoted)
        } else if let Some(length) = item(line) {
            sign = if line.starts_with('-') { "• " } else { &line[..length] };
            (ITEM, &line[length..])
        } else if fences
            && opens_fence(line)
            && let Some((code, length)) = fenced(&text[next..])
        {
            next += length;
            (CODE, code)
        } else {
            // Looked for once.
            fences &= !opens_fence(line);
            at = next;
            continue;
        };
        // The end of a line before a block is the block's own begin.
        add(&mut out, "", "", text[plain..at].strip_suffix('\n').unwrap_or(&text[plain..at]));
        add(&mut out, block, sign, shown);
        (plain, at) = (next, next);
    }
    add(&mut out, "", "", &text[plain..]);
    out
}

fn add<'a>(out: &mut Vec<Piece<'a>>, block: &'static str, sign: &'a str, text: &'a str) {
    // Lines of one quotation stand together.
    let goes_on = block == QUOTE && out.last().is_some_and(|piece| piece.block == QUOTE);
    let from = out.len();
    let sign = if goes_on { "\n" } else { sign };
    if !sign.is_empty() || !block.is_empty() {
        out.push(Piece { text: sign, block, ..Piece::default() });
    }
    if block == CODE {
        out.push(Piece { text, block, code: true, ..Piece::default() });
    } else {
        inline(out, block, text);
    }
    if let Some(first) = out.get_mut(from) {
        first.begins = !goes_on;
    }
}

fn line(text: &str) -> &str {
    let end = text.bytes().position(|byte| byte == b'\n');
    &text[..end.unwrap_or(text.len())]
}

fn quoted(line: &str) -> Option<&str> {
    let rest = line.strip_prefix('>')?;
    Some(rest.strip_prefix(' ').unwrap_or(rest))
}

/// How long the sign is in `- text` or `12. text`.
fn item(line: &str) -> Option<usize> {
    let digits = line.bytes().take_while(u8::is_ascii_digit).count();
    let sign = if digits == 0 { "- " } else { ". " };
    (digits < 4 && line[digits..].starts_with(sign)).then_some(digits + 2)
}

/// Three backticks, and perhaps the name of a language, which belongs to the mark.
fn opens_fence(line: &str) -> bool {
    let name = line.strip_prefix("```");
    name.is_some_and(|name| name.len() <= 20 && name.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}

/// What stands before the closing fence, and the length with it.
fn fenced(text: &str) -> Option<(&str, usize)> {
    let mut at = 0;
    while at < text.len() {
        let line = line(&text[at..]);
        let next = (at + line.len() + 1).min(text.len());
        if line == "```" {
            return Some((&text[..at.saturating_sub(1)], next));
        }
        at = next;
    }
    None
}

/// Something in a line that is no plain text.
struct Found<'a> {
    from: usize,
    to: usize,
    what: What<'a>,
}

enum What<'a> {
    Piece(Piece<'a>),
    /// Which one of [`MARKS`]; it counts once it has its other half.
    Mark(usize, bool),
}

const MARKS: [&str; 3] = ["**", "*", "_"];

fn inline<'a>(out: &mut Vec<Piece<'a>>, block: &'static str, text: &'a str) {
    let mut style = Piece { block, ..Piece::default() };
    let mut told = 0;
    for Found { from, to, what } in found(text) {
        if matches!(what, What::Mark(_, false)) {
            continue;
        }
        if from > told {
            out.push(Piece { text: &text[told..from], ..style });
        }
        told = to;
        match what {
            What::Piece(piece) => out.push(Piece { bold: style.bold, italic: style.italic, block, ..piece }),
            What::Mark(0, _) => style.bold = !style.bold,
            What::Mark(..) => style.italic = !style.italic,
        }
    }
    if text.len() > told {
        out.push(Piece { text: &text[told..], ..style });
    }
}

fn found(text: &str) -> Vec<Found<'_>> {
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    // Of each mark the last one that has begun.
    let mut open = [None; MARKS.len()];
    let mut at = 0;
    // What is looked for begins and ends with ASCII: all slices are at characters' boundaries.
    while at < text.len() {
        let rest = &text[at..];
        let run = |sign: u8, from: usize| bytes[from..].iter().take_while(|byte| **byte == sign).count();
        let (length, piece) = match bytes[at] {
            b'\n' => {
                open = [None; MARKS.len()];
                (1, None)
            }
            b'`' => code(rest, run(b'`', at)),
            b'[' => named_link(rest),
            b'h' => match link(rest) {
                0 => (1, None),
                length => (
                    length,
                    Some(Piece { text: &rest[..length], address: Some(&rest[..length]), ..Piece::default() }),
                ),
            },
            sign @ (b'*' | b'_') => {
                let length = run(sign, at);
                if let Some(mark) = MARKS.iter().position(|mark| *mark == &rest[..length]) {
                    let before = at.checked_sub(1).map_or(b' ', |before| bytes[before]);
                    let after = *bytes.get(at + length).unwrap_or(&b' ');
                    let closes = open[mark]
                        .filter(|_| !before.is_ascii_whitespace() && !after.is_ascii_alphanumeric());
                    if let Some(begun) = closes {
                        let opening: &mut Found = &mut found[begun];
                        opening.what = What::Mark(mark, true);
                        // What began in between and has not ended is text.
                        for other in &mut open {
                            *other = other.filter(|other| *other < begun);
                        }
                        found.push(Found { from: at, to: at + length, what: What::Mark(mark, true) });
                    } else if !before.is_ascii_alphanumeric() && !after.is_ascii_whitespace() {
                        open[mark] = Some(found.len());
                        found.push(Found { from: at, to: at + length, what: What::Mark(mark, false) });
                    }
                }
                (length, None)
            }
            _ => (1, None),
        };
        if let Some(piece) = piece {
            found.push(Found { from: at, to: at + length, what: What::Piece(piece) });
        }
        at += length;
        while !text.is_char_boundary(at) {
            at += 1;
        }
    }
    found
}

/// As many backticks again, with something between and in the same line. Otherwise these are text.
fn code(text: &str, ticks: usize) -> (usize, Option<Piece<'_>>) {
    let inner = &text[ticks..];
    let Some(length) = inner.bytes().position(|byte| matches!(byte, b'`' | b'\n')) else {
        return (ticks, None);
    };
    let closing = inner[length..].bytes().take_while(|byte| *byte == b'`').count();
    if length == 0 || closing != ticks {
        return (ticks, None);
    }
    let piece = Piece { text: &inner[..length], code: true, ..Piece::default() };
    (length + 2 * ticks, Some(piece))
}

/// `[text](https://…)`. Neither half reaches over another `[`, so that nothing is looked at twice.
fn named_link(text: &str) -> (usize, Option<Piece<'_>>) {
    let none = (1, None);
    let inner = &text[1..];
    let Some(length) = inner.bytes().position(|byte| matches!(byte, b'[' | b']' | b'\n')) else {
        return none;
    };
    let Some(rest) = inner[length..].strip_prefix("](") else { return none };
    if length == 0 || scheme(rest) == 0 {
        return none;
    }
    let mut depth = 0;
    for (at, byte) in rest.bytes().enumerate() {
        match byte {
            0..=b' ' | b'<' | b'>' | b'"' | b'\\' | b'[' => return none,
            b'(' => depth += 1,
            b')' if depth == 0 => {
                if at == scheme(rest) {
                    return none;
                }
                let piece = Piece { text: &inner[..length], address: Some(&rest[..at]), ..Piece::default() };
                return (length + at + 4, Some(piece));
            }
            b')' => depth -= 1,
            _ => {}
        }
    }
    none
}

/// The length of the scheme, where it is one that we lead to.
fn scheme(address: &str) -> usize {
    ["https://", "http://", "mailto:"]
        .iter()
        .find(|scheme| address.starts_with(**scheme))
        .map_or(0, |s| s.len())
}

/// The length of the address that the text begins with; 0 where it is none.
fn link(text: &str) -> usize {
    let scheme = scheme(text);
    if scheme == 0 || text.starts_with('m') {
        return 0;
    }
    let rest = &text[scheme..];
    let end = rest.find(|c: char| c.is_whitespace() || c.is_control() || "<>\"".contains(c));
    // A sentence's own signs after an address, and marks, are not part of it.
    let signs = ['.', ',', ';', ':', '!', '?', ')', '\'', '…', '*', '_', '`', ']'];
    let host = rest[..end.unwrap_or(rest.len())].trim_end_matches(signs);
    if host.is_empty() { 0 } else { scheme + host.len() }
}

/// Where an address leads, for a person: the host or the mailbox, whatever is written before it.
pub fn place(address: &str) -> &str {
    let rest = &address[scheme(address)..];
    let end = rest.bytes().position(|byte| matches!(byte, b'/' | b'?' | b'#'));
    let whole = &rest[..end.unwrap_or(rest.len())];
    if address.starts_with('m') {
        return whole;
    }
    let user = whole.bytes().rposition(|byte| byte == b'@');
    &whole[user.map_or(0, |user| user + 1)..]
}

/// A few emoji and nothing else.
pub fn is_emoji(text: &str) -> bool {
    let mut signs = 0;
    for sign in text.chars() {
        match u32::from(sign) {
            // Spaces, joiners, the signs for colour and skin, and parts of flags.
            0x20 | 0x200d | 0xfe0f | 0x1f3fb..=0x1f3ff | 0xe0020..=0xe007f => {}
            0x2300..=0x23ff | 0x2600..=0x27bf | 0x2b00..=0x2bff | 0x1f000..=0x1faff => signs += 1,
            _ => return false,
        }
    }
    (1..=MOST_EMOJI).contains(&signs)
}

/// More of them are a text. A family is four signs.
const MOST_EMOJI: usize = 6;

#[cfg(test)]
mod tests;
