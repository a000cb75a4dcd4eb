//! What must be true at the end of a story, whatever happened in it.

use crate::harness::ledger::{self, Line};

#[derive(Default)]
pub struct Expected {
    /// Sent on this load of a page, in this order.
    sent: Vec<(usize, String)>,
    answers: Vec<String>,
    /// What a page showed that had been live, without what it said is queued.
    views: Vec<(String, Vec<String>)>,
}

impl Expected {
    pub fn sent(&mut self, load: usize, text: &str) {
        self.sent.push((load, text.to_owned()));
    }

    pub fn answered(&mut self, text: &str) {
        self.answers.push(text.to_owned());
    }

    pub fn saw(&mut self, who: String, texts: Vec<String>) {
        self.views.push((who, texts));
    }

    /// What of it is not there; nothing once all is.
    pub fn missing(&self, lines: &[Line]) -> Vec<&str> {
        let all = self.sent.iter().map(|(_, text)| text).chain(&self.answers).map(String::as_str);
        all.filter(|text| !lines.iter().any(|line| line.text == *text)).collect()
    }

    /// Everything once, nothing else, in one conversation, and as each page and the agent wrote it. Returns the one order.
    pub fn order_in(&self, lines: &[Line]) -> Vec<String> {
        assert_eq!(ledger::checked(lines).len(), 1, "one conversation: {lines:#?}");
        let order: Vec<String> = lines.iter().map(|line| line.text.clone()).collect();
        let written = self.sent.len() + self.answers.len();
        assert_eq!(order.len(), written, "doubled, or written by nobody: {order:#?}");
        let place = |text: &String| order.iter().position(|one| one == text).expect("nothing is missing");
        let loads = self.sent.iter().map(|(load, _)| *load).max().unwrap_or(0);
        for load in 0..=loads {
            let its = self.sent.iter().filter(|(by, _)| *by == load).map(|(_, text)| text);
            let places: Vec<usize> = its.map(place).collect();
            assert!(places.is_sorted(), "page {load} wrote in another order: {places:?} of {order:#?}");
        }
        let places: Vec<usize> = self.answers.iter().map(place).collect();
        assert!(places.is_sorted(), "the agent wrote in another order: {places:?} of {order:#?}");
        order
    }

    /// Whatever a page showed as safe was the beginning of that order at that time.
    pub fn check_views(&self, order: &[String]) {
        for (who, view) in &self.views {
            assert!(order.starts_with(view), "{who} saw {view:#?}\nwhich does not begin {order:#?}");
        }
    }
}
