//! Accepts once, in order. Per writer at the edge, per log at a reader.

/// The receiving side of a numbered stream: everything up to `upto` has been accepted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inbox {
    upto: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The next one: taken, and the inbox has moved.
    New,
    /// Taken before.
    Duplicate,
    /// Something before it is missing.
    Gap,
}

impl Inbox {
    pub fn after(upto: u64) -> Inbox {
        Inbox { upto }
    }

    pub fn accept(&mut self, n: u64) -> Verdict {
        match n {
            n if n <= self.upto => Verdict::Duplicate,
            n if n == self.upto + 1 => {
                self.upto = n;
                Verdict::New
            }
            _ => Verdict::Gap,
        }
    }

    pub fn upto(&self) -> u64 {
        self.upto
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inbox_1_each_number_is_accepted_once_and_in_order() {
        let mut inbox = Inbox::after(2);
        let verdicts: Vec<_> = [4, 3, 3, 1, 4, 6].into_iter().map(|n| inbox.accept(n)).collect();
        use Verdict::*;
        assert_eq!(verdicts, [Gap, New, Duplicate, Duplicate, New, Gap]);
        assert_eq!(inbox.upto(), 4);
    }
}
