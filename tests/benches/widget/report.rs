//! A table for people, JSON for scripts, and whether our own bounds hold.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde_json::{Value, json};
use tests::bench::spread::{Spread, round};

use crate::contenders::Contender;
use crate::scenarios::{FEW, MANY};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Metric {
    PageView,
    Opened,
    Launcher,
    LauncherSlow,
    ComposerShown,
    Composer,
    Storage,
    Live,
    Floor,
    ComposerHovered,
    LiveHovered,
    LongTasks,
    LongTasksMs,
    Shift,
    HeapBefore,
    HeapAfter,
    HeapFrame,
    PaintFew,
    PaintMany,
    Typing,
    TypingWorst,
    TypingRate,
}

use Contender::{Bare, DeepChat, N8n, Seawall};
use Metric::{
    Composer, ComposerHovered, ComposerShown, Floor, HeapAfter, HeapBefore, HeapFrame, Launcher,
    LauncherSlow, Live, LiveHovered, LongTasks, LongTasksMs, Opened, PageView, PaintFew, PaintMany, Shift,
    Storage, Typing, TypingRate, TypingWorst,
};

type Measured = (Metric, Contender);

/// A part of the table: its title and its rows.
type Section = (&'static str, &'static [Metric]);

const SECTIONS: [Section; 7] = [
    ("bytes over the wire, brotli 11", &[PageView, Opened]),
    ("the launcher is visible, ms after the navigation began", &[Launcher, LauncherSlow]),
    (
        "opening on slow 4G (150 ms, 1.6 Mbit/s) with a processor 4 times slower, ms after the click",
        &[ComposerShown, Composer, Storage, Live, Floor, ComposerHovered, LiveHovered],
    ),
    ("the customer's page with a processor 6 times slower, nobody clicks", &[LongTasks, LongTasksMs, Shift]),
    ("JavaScript's heap after a collection, kB", &[HeapBefore, HeapAfter, HeapFrame]),
    ("busy ms for a message that comes and is painted, processor 4 times slower", &[PaintFew, PaintMany]),
    (
        "ms from a key to the next paint while 50 messages/s come, processor 4 times slower",
        &[Typing, TypingWorst, TypingRate],
    ),
];

impl Metric {
    /// A stable key in the JSON, what the table calls it, and its digits after the point.
    fn told(self) -> (&'static str, &'static str, usize) {
        match self {
            PageView => ("page_view_bytes", "page view", 0),
            Opened => ("opened_bytes", "chat opened, in all", 0),
            Launcher => ("launcher_ms", "as the machine is", 0),
            LauncherSlow => ("launcher_6x_ms", "6 times slower", 0),
            ComposerShown => ("composer_shown_ms", "composer is painted", 0),
            Storage => ("storage_ms", "storage has answered, ms", 0),
            Composer => ("composer_ms", "composer takes typing", 0),
            Live => ("live_ms", "live", 0),
            Floor => ("floor_ms", "floor: 2 round trips + bytes", 0),
            ComposerHovered => ("composer_hovered_ms", "composer, hovered 500 ms", 0),
            LiveHovered => ("live_hovered_ms", "live, hovered 500 ms", 0),
            LongTasks => ("long_tasks", "long tasks", 0),
            LongTasksMs => ("long_tasks_ms", "their sum, ms", 0),
            Shift => ("layout_shift", "layout shift (CLS)", 3),
            HeapBefore => ("heap_before_kb", "page, before", 0),
            HeapAfter => ("heap_after_kb", "page, opened", 0),
            HeapFrame => ("heap_frame_kb", "frame, opened", 0),
            PaintFew => ("paint_few_ms", "200 messages in it", 2),
            PaintMany => ("paint_many_ms", "5,000 messages in it", 2),
            Typing => ("typing_p50_ms", "median", 1),
            TypingWorst => ("typing_p95_ms", "19 of 20 within", 1),
            TypingRate => ("typing_messages_per_s", "messages/s taken", 1),
        }
    }

    /// Why there is no number.
    fn absent(self, contender: Contender) -> &'static str {
        match (self, contender) {
            (_, Bare) => "",
            (ComposerShown, N8n) => "n/a: see the next",
            (ComposerShown | Composer | ComposerHovered, DeepChat) => "n/a: stands open",
            (Live | LiveHovered | Floor | Storage, DeepChat | N8n) => "n/a: no link",
            (ComposerHovered, N8n) => "n/a: loads unasked",
            (PaintMany, DeepChat) => "n/a: minutes to fill",
            (HeapFrame, DeepChat | N8n) => "n/a: no frame",
            (PaintFew | PaintMany | Typing | TypingWorst | TypingRate, N8n) => "n/a: no way in",
            _ => "n/a",
        }
    }
}

/// One of our own bounds, held against medians.
struct Bound {
    what: &'static str,
    is: f64,
    most: f64,
}

impl Bound {
    fn holds(&self) -> bool {
        self.is <= self.most
    }
}

pub(crate) struct Report {
    rounds: usize,
    browser: String,
    /// The machine's, before each round: beyond the cores, others take part of what is measured.
    load: Vec<f64>,
    /// By round.
    measured: BTreeMap<Measured, Vec<f64>>,
}

impl Report {
    pub(crate) fn new(rounds: usize, browser: &str) -> Report {
        Report { rounds, browser: browser.to_owned(), load: Vec::new(), measured: BTreeMap::new() }
    }

    pub(crate) fn add(&mut self, metric: Metric, contender: Contender, value: f64) {
        self.measured.entry((metric, contender)).or_default().push(value);
    }

    pub(crate) fn begin_round(&mut self) {
        let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
        self.load.push(load.split(' ').next().and_then(|load| load.parse().ok()).unwrap_or(f64::NAN));
    }

    fn spread(&self, metric: Metric, contender: Contender) -> Option<Spread> {
        self.measured.get(&(metric, contender)).map(|values| Spread::of(values.clone()))
    }

    fn median(&self, metric: Metric, contender: Contender) -> f64 {
        self.spread(metric, contender).map_or(f64::NAN, |spread| spread.median)
    }

    /// What `of` makes of two measurements in each round.
    fn by_round(&self, one: Measured, other: Measured, of: fn(f64, f64) -> f64) -> Option<Spread> {
        let (one, other) = (self.measured.get(&one)?, self.measured.get(&other)?);
        Some(Spread::of(one.iter().zip(other).map(|(one, other)| of(*one, *other)).collect()))
    }

    fn ratio(&self, contender: Contender) -> Option<Spread> {
        self.by_round((PaintMany, contender), (PaintFew, contender), |many, few| many / few)
    }

    /// Of our times what the machine does not take of itself, so that runs on two machines can be compared.
    fn of_it_ours(&self) -> Vec<(&'static str, &'static str, Spread)> {
        let over = |one: f64, other: f64| one - other;
        let of = |one: f64, other: f64| one / other;
        let all = [
            (
                "composer_over_bare_frame_ms",
                "composer that takes typing, ms over a bare frame's field",
                self.by_round((Composer, Seawall), (Composer, Bare), over),
            ),
            (
                "live_over_floor_ms",
                "live, ms over the floor",
                self.by_round((Live, Seawall), (Floor, Seawall), over),
            ),
            (
                "typing_of_deep_chat",
                "typing, times deep-chat's",
                self.by_round((Typing, Seawall), (Typing, DeepChat), of),
            ),
        ];
        all.into_iter().filter_map(|(key, name, spread)| Some((key, name, spread?))).collect()
    }

    /// On what has been measured.
    fn bounds(&self) -> Vec<Bound> {
        let ours = |metric| self.median(metric, Seawall);
        let bound = |what, is, most| Bound { what, is, most };
        let ratio = self.ratio(Seawall).map_or(f64::NAN, |ratio| ratio.median);
        // The page alone has some as well.
        let long_tasks = self.by_round((LongTasks, Seawall), (LongTasks, Bare), |ours, bare| ours - bare);
        let long_tasks = long_tasks.map_or(f64::NAN, |long_tasks| long_tasks.median);
        let all = vec![
            bound("page view, bytes", ours(PageView), 1_000.0),
            bound("chat opened, bytes", ours(Opened), 72_000.0),
            bound("click to a composer that takes typing, ms", ours(Composer), 400.0),
            bound("click to live, ms (floor + 500)", ours(Live), ours(Floor) + 500.0),
            bound("click to live after a hover of 500 ms, ms", ours(LiveHovered), 300.0),
            bound("long tasks beside the page's own", long_tasks, 0.0),
            bound("layout shift of the page", ours(Shift), 0.0),
            bound("painting with 5,000 messages against 200, ratio", ratio, 1.5),
            bound("typing, ms (deep-chat's)", ours(Typing), self.median(Typing, DeepChat)),
        ];
        all.into_iter().filter(|bound| !bound.is.is_nan()).collect()
    }

    /// Whether all bounds hold; the table and the JSON name those that do not.
    pub(crate) fn holds(&self) -> bool {
        self.bounds().iter().all(Bound::holds)
    }

    /// Keys are stable.
    pub(crate) fn json(&self) -> Value {
        let mut contenders = BTreeMap::new();
        for contender in Contender::ALL {
            let mut values = BTreeMap::new();
            for metric in SECTIONS.iter().flat_map(|(_, metrics)| *metrics) {
                if let Some(spread) = self.spread(*metric, contender) {
                    values.insert(metric.told().0, spread.json());
                }
            }
            if let Some(ratio) = self.ratio(contender) {
                values.insert("paint_ratio", ratio.json());
            }
            contenders.insert(contender.name(), values);
        }
        let bounds: Vec<_> = self
            .bounds()
            .iter()
            .map(|bound| {
                json!({
                    "what": bound.what, "is": round(bound.is), "most": round(bound.most), "holds": bound.holds(),
                })
            })
            .collect();
        let of_it_ours: BTreeMap<_, _> =
            self.of_it_ours().into_iter().map(|(key, _, spread)| (key, spread.json())).collect();
        json!({
            "cores": cores(),
            "browser": self.browser,
            "rounds": self.rounds,
            "load": Spread::of(self.load.clone()).json(),
            "paint_messages": { "few": FEW, "many": MANY },
            "contenders": contenders,
            "bounds": bounds,
            "of_it_ours": of_it_ours,
        })
    }

    /// For one screen.
    pub(crate) fn table(&self) -> String {
        let load = Spread::of(self.load.clone());
        let mut out = format!(
            "{} cores, load {:.1} ({:.1}-{:.1}), {}; medians of {} rounds (least to most)\n",
            cores(),
            load.median,
            load.min,
            load.max,
            self.browser,
            self.rounds
        );
        let is_measured = |metrics: &[Metric]| {
            let all = metrics.iter().flat_map(|metric| Contender::ALL.map(|contender| (*metric, contender)));
            all.into_iter().any(|key| self.measured.contains_key(&key))
        };
        for (title, metrics) in SECTIONS.into_iter().filter(|(_, metrics)| is_measured(metrics)) {
            out.push_str(&format!("\n{title}\n"));
            row(&mut out, "", Contender::ALL.map(|contender| contender.title().to_owned()));
            for metric in metrics {
                let (_, name, digits) = metric.told();
                row(
                    &mut out,
                    name,
                    Contender::ALL.map(|contender| match self.spread(*metric, contender) {
                        Some(spread) => cell(&spread, digits),
                        None => metric.absent(contender).to_owned(),
                    }),
                );
            }
            if metrics.contains(&PaintMany) {
                let ratio = |contender| match self.ratio(contender) {
                    Some(ratio) => cell(&ratio, 2),
                    None => PaintMany.absent(contender).to_owned(),
                };
                row(&mut out, "ratio", Contender::ALL.map(ratio));
            }
        }
        out.push_str("\nour bounds\n");
        for bound in self.bounds() {
            let Bound { what, is, most } = bound;
            let word = if bound.holds() { "holds " } else { "BROKEN" };
            out.push_str(&format!("  {word}  {what}: {} of {}\n", round(is), round(most)));
        }
        let of_it_ours = self.of_it_ours();
        if !of_it_ours.is_empty() {
            out.push_str("\nof it ours, round by round: what the machine takes of itself is left out\n");
        }
        for (key, name, spread) in of_it_ours {
            let digits = if key.ends_with("_ms") { 0 } else { 2 };
            out.push_str(&format!("  {name}: {}\n", cell(&spread, digits)));
        }
        out
    }
}

fn row(out: &mut String, name: &str, cells: impl IntoIterator<Item = String>) {
    let mut line = format!("  {name:<29}");
    for cell in cells {
        // Writing to a text cannot fail.
        let _ = write!(line, "  {cell:>22}");
    }
    out.push_str(line.trim_end());
    out.push('\n');
}

fn cell(Spread { median, min, max }: &Spread, digits: usize) -> String {
    format!("{median:.digits$} ({min:.digits$}-{max:.digits$})")
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(0, usize::from)
}
