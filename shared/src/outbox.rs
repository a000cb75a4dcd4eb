//! Sent and not yet acknowledged, in order. Only the numbers: the items stay where they are kept (a browser's
//! memory, the edge's log), so that the same type serves visitor → edge and edge → origin.

/// Numbers run from 1. `acked_upto` ≤ `sent_upto` ≤ `end`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outbox {
    acked_upto: u64,
    sent_upto: u64,
    end: u64,
}

impl Outbox {
    /// An outbox whose items up to `acked_upto` are done and whose last item is `end`.
    pub fn resume(acked_upto: u64, end: u64) -> Outbox {
        let end = end.max(acked_upto);
        Outbox { acked_upto, sent_upto: acked_upto, end }
    }

    /// Takes the next number.
    pub fn push(&mut self) -> u64 {
        self.end += 1;
        self.end
    }

    /// Takes all numbers up to `n`; some of them may stand for nothing.
    pub fn extend(&mut self, n: u64) {
        self.end = self.end.max(n);
    }

    /// Numbers to send now, at most `max` of them: `first..=last`.
    pub fn to_send(&self, max: u64) -> Option<(u64, u64)> {
        (self.sent_upto < self.end)
            .then(|| (self.sent_upto + 1, self.end.min(self.sent_upto.saturating_add(max))))
    }

    pub fn sent(&mut self, upto: u64) {
        self.sent_upto = self.sent_upto.max(upto.min(self.end));
    }

    /// An acknowledgement is cumulative. An old one is ignored; so is one for what was never sent (OUTBOX-2).
    /// True where it moved anything.
    pub fn acked(&mut self, upto: u64) -> bool {
        let moves = upto > self.acked_upto && upto <= self.end;
        if moves {
            self.acked_upto = upto;
            self.sent_upto = self.sent_upto.max(upto);
        }
        moves
    }

    /// The link broke: whatever is not acknowledged is sent again, from the first (OUTBOX-3).
    pub fn broken(&mut self) {
        self.sent_upto = self.acked_upto;
    }

    /// The receiver has lost its storage: everything after `kept_upto` counts as never acknowledged (EPOCH-2).
    pub fn forgotten(&mut self, kept_upto: u64) {
        self.acked_upto = self.acked_upto.min(kept_upto);
        self.sent_upto = self.acked_upto;
    }

    pub fn acked_upto(&self) -> u64 {
        self.acked_upto
    }

    pub fn end(&self) -> u64 {
        self.end
    }

    /// How many are not yet acknowledged.
    pub fn waiting(&self) -> u64 {
        self.end - self.acked_upto
    }

    pub fn in_flight(&self) -> bool {
        self.sent_upto > self.acked_upto
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outbox_3_after_a_break_everything_unacknowledged_is_sent_again_in_order() {
        let mut outbox = Outbox::default();
        for n in 1..=5 {
            assert_eq!(outbox.push(), n);
        }
        assert_eq!(outbox.to_send(3), Some((1, 3)));
        outbox.sent(3);
        assert_eq!(outbox.to_send(9), Some((4, 5)));
        outbox.sent(5);
        assert_eq!(outbox.to_send(9), None);
        assert!(outbox.acked(2));
        outbox.broken();
        assert_eq!(outbox.to_send(9), Some((3, 5)));
    }

    #[test]
    fn outbox_2_old_and_impossible_acknowledgements_change_nothing() {
        let mut outbox = Outbox::resume(3, 6);
        outbox.sent(5);
        assert!(!outbox.acked(3));
        assert!(!outbox.acked(7));
        assert_eq!(outbox.waiting(), 3);
    }

    #[test]
    fn outbox_1_the_last_number_of_all_is_sent_like_any_other() {
        let mut outbox = Outbox::resume(u64::MAX - 1, u64::MAX - 1);
        outbox.extend(u64::MAX);
        assert_eq!(outbox.to_send(u64::MAX / 2), Some((u64::MAX, u64::MAX)));
    }

    #[test]
    fn epoch_2_what_the_receiver_forgot_is_sent_again() {
        let mut outbox = Outbox::resume(0, 4);
        outbox.sent(4);
        outbox.acked(4);
        outbox.forgotten(1);
        assert_eq!(outbox.to_send(9), Some((2, 4)));
    }
}
