//! Which rows are in the document: at most [`ROWS`], the newest ones, or those around where the person reads.

use std::ops::Range;

use shared::id::MessageId;
use shared::session::Row;

/// Enough for two screens; painting ten thousand messages costs the same as painting these.
pub const ROWS: usize = 50;
/// How far one press on "Earlier messages" goes.
const STEP: usize = 25;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Window {
    /// The last row shown. Nothing: the newest, whatever comes.
    held: Option<MessageId>,
}

impl Window {
    pub fn range(&self, rows: &[Row]) -> Range<usize> {
        let end = self.end(rows);
        end.saturating_sub(ROWS)..end
    }

    pub fn is_following(&self) -> bool {
        self.held.is_none()
    }

    pub fn follow(&mut self) {
        self.held = None;
    }

    /// What is shown stays, although more is coming.
    pub fn hold(&mut self, rows: &[Row]) {
        let end = self.end(rows);
        self.hold_at(rows, end);
    }

    /// Towards the beginning.
    pub fn earlier(&mut self, rows: &[Row]) {
        let range = self.range(rows);
        self.hold_at(rows, range.end.min(range.start + STEP));
    }

    /// Towards the end, and there it follows again.
    pub fn later(&mut self, rows: &[Row]) {
        let end = self.end(rows) + STEP;
        if end >= rows.len() {
            self.follow();
        } else {
            self.hold_at(rows, end);
        }
    }

    fn hold_at(&mut self, rows: &[Row], end: usize) {
        self.held = end.checked_sub(1).map(|last| rows[last].id.clone());
    }

    /// A held row that is gone (the log was started over) lets go.
    fn end(&self, rows: &[Row]) -> usize {
        let held = self.held.as_ref().and_then(|id| rows.iter().rposition(|row| row.id == *id));
        held.map_or(rows.len(), |last| last + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::message::Side;

    fn rows(seqs: Range<u64>) -> Vec<Row> {
        seqs.map(|seq| Row {
            id: MessageId::parse(&format!("m.{seq}")).expect("valid"),
            seq: Some(seq),
            side: Side::Visitor,
            name: String::new(),
            text: String::new(),
            at_ms: 0,
            state: None,
        })
        .collect()
    }

    #[test]
    fn the_newest_rows_are_shown_until_somebody_scrolls_up() {
        let mut window = Window::default();
        assert_eq!(window.range(&rows(1..11)), 0..10);
        assert_eq!(window.range(&rows(1..201)), 150..200);
        window.hold(&rows(1..201));
        assert_eq!(window.range(&rows(1..301)), 150..200);
        window.follow();
        assert_eq!(window.range(&rows(1..301)), 250..300);
    }

    #[test]
    fn earlier_and_later_move_by_half_a_window() {
        let (mut window, rows) = (Window::default(), rows(1..201));
        window.earlier(&rows);
        assert_eq!(window.range(&rows), 125..175);
        window.later(&rows);
        assert!(window.is_following());
        (0..9).for_each(|_| window.earlier(&rows));
        assert_eq!(window.range(&rows), 0..25);
        window.later(&rows);
        assert_eq!(window.range(&rows), 0..50);
    }

    #[test]
    fn older_rows_that_arrive_fill_the_window_above_what_was_read() {
        let mut window = Window::default();
        window.earlier(&rows(151..201));
        assert_eq!(window.range(&rows(151..201)), 0..25);
        assert_eq!(window.range(&rows(101..201)), 25..75);
    }

    #[test]
    fn a_log_that_starts_over_is_shown_from_its_end() {
        let mut window = Window::default();
        window.earlier(&rows(1..201));
        assert_eq!(window.range(&rows(500..600)), 50..100);
        window.earlier(&[]);
        assert!(window.is_following());
    }
}
