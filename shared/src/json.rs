//! A small JSON reader and writer. serde_json would add 19 to 21 KB to the widget; this reads into a tree,
//! which costs an allocation per value and is quick enough for frames of at most 64 KB.

/// Deeper nesting than this is refused: frames nest three deep, and recursion must have an end.
const MAX_DEPTH: u8 = 16;

#[derive(Clone, Debug, PartialEq)]
pub enum Json {
    Null,
    Bool(bool),
    /// Whole numbers from 0 to 2⁶⁴ − 1 are exact; everything else is `Other`, which no field of ours uses.
    Number(u64),
    Other,
    Text(String),
    List(Vec<Json>),
    Object(Vec<(String, Json)>),
}

impl Json {
    /// The whole text as one value; nothing where it is not JSON.
    pub fn parse(text: &str) -> Option<Json> {
        let mut reader = Reader { text, at: 0 };
        let value = reader.value(MAX_DEPTH)?;
        reader.space();
        (reader.at == text.len()).then_some(value)
    }

    /// A field of an object. Of a repeated name the first one counts.
    pub fn field(&self, name: &str) -> Option<&Json> {
        match self {
            Json::Object(fields) => fields.iter().find(|(key, _)| key == name).map(|(_, value)| value),
            _ => None,
        }
    }

    pub fn text(&self) -> Option<&str> {
        match self {
            Json::Text(text) => Some(text),
            _ => None,
        }
    }

    pub fn number(&self) -> Option<u64> {
        match self {
            Json::Number(number) => Some(*number),
            _ => None,
        }
    }

    pub fn bool(&self) -> Option<bool> {
        match self {
            Json::Bool(value) => Some(*value),
            _ => None,
        }
    }

    pub fn list(&self) -> Option<&[Json]> {
        match self {
            Json::List(items) => Some(items),
            _ => None,
        }
    }
}

struct Reader<'a> {
    text: &'a str,
    /// Always at a character's boundary.
    at: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn take(&mut self, token: &str) -> Option<()> {
        self.text[self.at..].starts_with(token).then(|| self.at += token.len())
    }

    fn value(&mut self, depth: u8) -> Option<Json> {
        let depth = depth.checked_sub(1)?;
        self.space();
        match self.peek()? {
            b'{' => self.object(depth),
            b'[' => self.items(depth),
            b'"' => self.string().map(Json::Text),
            b't' => self.take("true").map(|()| Json::Bool(true)),
            b'f' => self.take("false").map(|()| Json::Bool(false)),
            b'n' => self.take("null").map(|()| Json::Null),
            _ => self.number(),
        }
    }

    fn object(&mut self, depth: u8) -> Option<Json> {
        let mut fields = Vec::new();
        self.at += 1;
        self.space();
        if self.take("}").is_some() {
            return Some(Json::Object(fields));
        }
        loop {
            self.space();
            let name = self.string()?;
            self.space();
            self.take(":")?;
            fields.push((name, self.value(depth)?));
            self.space();
            match self.peek()? {
                b',' => self.at += 1,
                b'}' => {
                    self.at += 1;
                    return Some(Json::Object(fields));
                }
                _ => return None,
            }
        }
    }

    fn items(&mut self, depth: u8) -> Option<Json> {
        let mut items = Vec::new();
        self.at += 1;
        self.space();
        if self.take("]").is_some() {
            return Some(Json::List(items));
        }
        loop {
            items.push(self.value(depth)?);
            self.space();
            match self.peek()? {
                b',' => self.at += 1,
                b']' => {
                    self.at += 1;
                    return Some(Json::List(items));
                }
                _ => return None,
            }
        }
    }

    fn digits(&mut self) -> Option<()> {
        let start = self.at;
        while self.peek().is_some_and(|b| b.is_ascii_digit()) {
            self.at += 1;
        }
        (self.at > start).then_some(())
    }

    fn number(&mut self) -> Option<Json> {
        let start = self.at;
        let negative = self.take("-").is_some();
        let whole = self.at;
        self.digits()?;
        if self.at > whole + 1 && self.text.as_bytes()[whole] == b'0' {
            return None;
        }
        let mut plain = !negative;
        if self.take(".").is_some() {
            plain = false;
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            plain = false;
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits()?;
        }
        let number = plain.then(|| self.text[start..self.at].parse().ok()).flatten();
        Some(number.map_or(Json::Other, Json::Number))
    }

    fn string(&mut self) -> Option<String> {
        self.take("\"")?;
        let mut out = String::new();
        loop {
            let start = self.at;
            while !matches!(self.peek()?, b'"' | b'\\' | 0..=0x1f) {
                self.at += 1;
            }
            out.push_str(&self.text[start..self.at]);
            match self.peek()? {
                b'"' => {
                    self.at += 1;
                    return Some(out);
                }
                b'\\' => out.push(self.escape()?),
                _ => return None,
            }
        }
    }

    fn escape(&mut self) -> Option<char> {
        let letter = *self.text.as_bytes().get(self.at + 1)?;
        self.at += 2;
        Some(match letter {
            b'"' | b'\\' | b'/' => letter as char,
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let high = self.hex()?;
                if (0xd800..0xdc00).contains(&high) {
                    self.take("\\u")?;
                    let low = self.hex()?.checked_sub(0xdc00).filter(|low| *low < 0x400)?;
                    return char::from_u32(0x10000 + ((high - 0xd800) << 10) + low);
                }
                char::from_u32(high)?
            }
            _ => return None,
        })
    }

    fn hex(&mut self) -> Option<u32> {
        let digits = self.text.get(self.at..self.at + 4)?;
        self.at += 4;
        let mut number = 0;
        for letter in digits.chars() {
            number = number * 16 + letter.to_digit(16)?;
        }
        Some(number)
    }
}

/// Writes JSON in the same form as serde_json: no spaces, the shortest escapes.
#[derive(Default)]
pub struct Writer(pub String);

impl Writer {
    pub fn raw(&mut self, text: &str) -> &mut Self {
        self.0.push_str(text);
        self
    }

    /// By hand: the standard way brings the formatter along, with its paddings and signs.
    pub fn number(&mut self, number: u64) -> &mut Self {
        if number > 9 {
            self.number(number / 10);
        }
        self.0.push(char::from(b'0' + (number % 10) as u8));
        self
    }

    pub fn bool(&mut self, value: bool) -> &mut Self {
        self.raw(if value { "true" } else { "false" })
    }

    pub fn text(&mut self, text: &str) -> &mut Self {
        self.0.push('"');
        for c in text.chars() {
            match c {
                '"' => self.0.push_str("\\\""),
                '\\' => self.0.push_str("\\\\"),
                '\n' => self.0.push_str("\\n"),
                '\r' => self.0.push_str("\\r"),
                '\t' => self.0.push_str("\\t"),
                '\u{8}' => self.0.push_str("\\b"),
                '\u{c}' => self.0.push_str("\\f"),
                c if c < ' ' => {
                    self.0.push_str("\\u00");
                    for nibble in [c as u8 >> 4, c as u8 & 15] {
                        self.0.push(char::from(b"0123456789abcdef"[usize::from(nibble)]));
                    }
                }
                c => self.0.push(c),
            }
        }
        self.0.push('"');
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_json_is_refused() {
        let deep = "[".repeat(40) + &"]".repeat(40);
        for bad in
            ["", "{", "[1,]", "{\"a\":}", "01", "1.", "\"\\x\"", "\"\\ud800\"", "\"\n\"", "nul", "1 2", &deep]
        {
            assert_eq!(Json::parse(bad), None, "{bad:?}");
        }
    }

    /// The sum was made before the second half was looked at, and left the number's range.
    #[test]
    fn a_pair_of_escapes_whose_second_half_is_none_is_refused() {
        for bad in [r#""\ud800\u0041""#, r#""\udbff\ud800""#, r#""\ud800\ue000""#, r#""\udc00""#] {
            assert_eq!(Json::parse(bad), None, "{bad}");
        }
        assert_eq!(Json::parse(r#""\udbff\udfff""#), Some(Json::Text("\u{10ffff}".into())));
    }

    #[test]
    fn escapes_and_numbers_are_read_exactly() {
        let json =
            Json::parse(r#" {"a":"\u00e9\ud83d\ude00\n","b":[18446744073709551615,-1,1.5,true,null]} "#)
                .unwrap();
        assert_eq!(json.field("a").unwrap().text(), Some("é😀\n"));
        let list = json.field("b").unwrap().list().unwrap();
        assert_eq!(list, [Json::Number(u64::MAX), Json::Other, Json::Other, Json::Bool(true), Json::Null]);
    }
}
