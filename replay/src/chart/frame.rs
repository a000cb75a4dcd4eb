//! What all charts have: title, legend, axes, and the time of the trouble as a shaded strip.

use std::fmt::Write;

use super::scale::Scale;
use crate::scenario::Cell;

const WIDTH: f64 = 460.0;
const HEIGHT: f64 = 236.0;
const RIGHT: f64 = 12.0;
const TOP: f64 = 46.0;
const BOTTOM: f64 = 34.0;
/// Of the traffic before the trouble so much is shown.
const BEFORE_S: u64 = 60;

/// A drawing that grows.
pub(super) struct Frame {
    name: String,
    body: String,
    left: f64,
    /// In the run's seconds.
    from_s: u64,
    until_s: u64,
    trigger_s: std::ops::Range<u64>,
    /// The strip of the plot that is drawn into, from its top, as shares of it.
    strip: (f64, f64),
}

impl Frame {
    pub(super) fn new(name: String, title: &str, cell: &Cell, left: f64) -> Frame {
        let start = cell.scenario.warm_up_s;
        let mut it = Frame {
            body: format!(
                "<title id=\"{name}-title\">{title}, load {:.0} %, trouble of {}</title>\
                 <text class=\"title\" x=\"8\" y=\"19\">{title}</text>",
                cell.load * 100.0,
                length(cell.trigger_s)
            ),
            name,
            left,
            from_s: start - start.min(BEFORE_S),
            until_s: cell.end_ms() / 1_000,
            trigger_s: start..start + cell.trigger_s,
            strip: (0.0, 1.0),
        };
        it.shade();
        it.time_axis();
        it
    }

    /// What of an arm's seconds is shown.
    pub(super) fn shown<'a, T>(&self, seconds: &'a [T]) -> &'a [T] {
        let end = (self.until_s as usize).min(seconds.len());
        &seconds[(self.from_s as usize).min(end)..end]
    }

    fn x(&self, second: f64) -> f64 {
        let share = (second - self.from_s as f64) / (self.until_s - self.from_s) as f64;
        self.left + share * (WIDTH - RIGHT - self.left)
    }

    fn y(&self, place: f64) -> f64 {
        let (top, bottom) = self.strip;
        let share = bottom - place * (bottom - top);
        TOP + share * (HEIGHT - TOP - BOTTOM)
    }

    /// From here on everything goes into this part of the plot.
    pub(super) fn strip(&mut self, top: f64, bottom: f64) {
        self.strip = (top, bottom);
    }

    fn shade(&mut self) {
        let (from, until) = (self.x(self.trigger_s.start as f64), self.x(self.trigger_s.end as f64));
        // A second of trouble in minutes of chart would be thinner than a line.
        let width = (until - from).max(2.0);
        let (top, height) = (self.y(1.0), self.y(0.0) - self.y(1.0));
        let _ = write!(
            self.body,
            "<rect class=\"trouble\" x=\"{from:.1}\" y=\"{top:.1}\" width=\"{width:.1}\" height=\"{height:.1}\"/>"
        );
    }

    fn time_axis(&mut self) {
        let shown = self.until_s - self.from_s;
        let steps = [60, 120, 300, 600, 1_200, 1_800, 3_600, 7_200, 14_400, 28_800];
        let step = steps.into_iter().find(|step| shown / step <= 7).unwrap_or(86_400);
        let (start, bottom) = (self.trigger_s.start, HEIGHT - BOTTOM);
        for at in (0..=self.until_s - start).step_by(step as usize) {
            let x = self.x((start + at) as f64);
            let text = match (at, step) {
                (0, _) => "0".to_owned(),
                (at, 3_600..) => format!("{} h", at / 3_600),
                (at, _) => format!("{} min", at / 60),
            };
            let anchor = if x > WIDTH - 40.0 { "end" } else { "middle" };
            let x_text = if anchor == "end" { WIDTH - 4.0 } else { x };
            let _ = write!(
                self.body,
                "<path class=\"grid\" d=\"M{x:.1} {bottom}v4\"/>\
                 <text class=\"soft\" x=\"{x_text:.1}\" y=\"{:.1}\" text-anchor=\"{anchor}\">{text}</text>",
                bottom + 17.0
            );
        }
    }

    /// Horizontal lines with what they stand for.
    pub(super) fn value_axis(&mut self, scale: &Scale, ticks: &[f64], shown: impl Fn(f64) -> String) {
        for tick in scale.ticks(ticks) {
            self.row(scale.place(tick), &shown(tick));
        }
    }

    pub(super) fn row(&mut self, place: f64, text: &str) {
        let (y, left, right) = (self.y(place), self.left, WIDTH - RIGHT);
        let _ = write!(
            self.body,
            "<path class=\"grid\" d=\"M{left} {y:.1}H{right}\"/>\
             <text class=\"soft\" x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{text}</text>",
            left - 6.0,
            y + 4.0
        );
    }

    /// A line that stands for something.
    pub(super) fn limit(&mut self, place: f64, text: &str) {
        let (y, left, right) = (self.y(place), self.left, WIDTH - RIGHT);
        let _ = write!(
            self.body,
            "<path class=\"limit\" d=\"M{left} {y:.1}H{right}\"/>\
             <text class=\"over\" x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{text}</text>",
            right - 2.0,
            y - 4.0
        );
    }

    /// Kinds of lines and what they mean, in one row above the plot.
    pub(super) fn legend(&mut self, entries: &[(&str, &str)]) {
        let mut x = 8.0;
        for (class, text) in entries {
            let _ = write!(
                self.body,
                "<path class=\"{class}\" d=\"M{x} 33h20{}\"/><text x=\"{}\" y=\"37\">{text}</text>",
                if *class == "filled" { "v6h-20z" } else { "" },
                x + 25.0
            );
            // Some 6.4 pixels for a letter of 12.
            x += 42.0 + 6.4 * text.chars().count() as f64;
        }
    }

    pub(super) fn line(&mut self, class: &str, scale: &Scale, points: &[f64]) {
        let path = self.path(scale, points);
        let _ = write!(self.body, "<path class=\"{class}\" d=\"{path}\"/>");
    }

    /// From the bottom up to the points.
    pub(super) fn area(&mut self, scale: &Scale, points: &[f64]) {
        let bottom = self.y(0.0);
        let (from, until) = (self.x(self.from_s as f64), self.x(self.until_s as f64));
        let path = self.path(scale, points).replacen('M', &format!("M{from:.1} {bottom:.1}L"), 1);
        let _ = write!(self.body, "<path class=\"filled\" d=\"{path}L{until:.1} {bottom:.1}z\"/>");
    }

    /// Points over equal parts of the time.
    fn path(&self, scale: &Scale, points: &[f64]) -> String {
        let mut path = String::new();
        let span = (self.until_s - self.from_s) as f64;
        for (at, value) in points.iter().enumerate() {
            let x = self.x(self.from_s as f64 + (at as f64 + 0.5) / points.len() as f64 * span);
            let letter = if at == 0 { 'M' } else { 'L' };
            let _ = write!(path, "{letter}{x:.1} {:.1}", self.y(scale.place(*value)));
        }
        path
    }

    /// A line of steps: a value holds until the next one.
    pub(super) fn steps(&mut self, class: &str, scale: &Scale, points: &[f64]) {
        let span = (self.until_s - self.from_s) as f64;
        let mut path = String::new();
        for (at, value) in points.iter().enumerate() {
            let x = self.x(self.from_s as f64 + at as f64 / points.len() as f64 * span);
            let y = self.y(scale.place(*value));
            let _ = if at == 0 { write!(path, "M{x:.1} {y:.1}") } else { write!(path, "H{x:.1}V{y:.1}") };
        }
        let _ = write!(self.body, "<path class=\"{class}\" d=\"{path}H{:.1}\"/>", WIDTH - RIGHT);
    }

    /// A word inside the plot, at the strip's top left.
    pub(super) fn word(&mut self, text: &str) {
        let (x, y) = (self.left + 6.0, self.y(1.0) + 13.0);
        let _ = write!(
            self.body,
            "<text class=\"over\" x=\"{x:.1}\" y=\"{y:.1}\" font-weight=\"600\">{text}</text>"
        );
    }

    pub(super) fn svg(self) -> String {
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"chart\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" \
             aria-labelledby=\"{}-title\">{}</svg>",
            self.name, self.body
        )
    }
}

/// As people say it.
pub(crate) fn length(seconds: u64) -> String {
    match seconds {
        1 => "1 second".to_owned(),
        0..120 => format!("{seconds} seconds"),
        3_600 => "1 hour".to_owned(),
        s if s.is_multiple_of(3_600) => format!("{} hours", s / 3_600),
        s if s.is_multiple_of(60) => format!("{} minutes", s / 60),
        s => format!("{s} seconds"),
    }
}
