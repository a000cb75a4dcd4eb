//! The five charts of a cell.

use shared::mode::Mode;

use super::Chart;
use super::frame::Frame;
use super::scale::{Scale, round_up};
use super::series::{highest, highest_of_5_s, mean};
use crate::arm::Arm;
use crate::field::Field;
use crate::meter::Second;
use crate::outcome;
use crate::result::{ArmResult, CellResult};

const LEFT: f64 = 54.0;
/// For the words of the modes.
const LEFT_OF_WORDS: f64 = 96.0;

/// Those for which there is something to show.
pub fn charts(cell: &CellResult) -> Vec<Chart> {
    [Some(arrivals(cell)), Some(age(cell)), modes(cell), Some(reconnects(cell)), Some(classes(cell))]
        .into_iter()
        .flatten()
        .collect()
}

fn frame(cell: &CellResult, kind: &str, title: &str, left: f64) -> (String, Frame) {
    let load = (cell.cell.load * 1_000.0).round() / 10.0;
    let name = format!("{kind}-load{load}-trigger{}", cell.cell.trigger_s);
    (name.clone(), Frame::new(name, title, &cell.cell, left))
}

fn legend(frame: &mut Frame, cell: &CellResult) {
    let entries: Vec<_> = cell.arms.iter().map(|it| (it.arm.name(), it.arm.words())).collect();
    frame.legend(&entries);
}

/// One line for each arm; `with` comes last and on top.
fn lines(frame: &mut Frame, cell: &CellResult, scale: &Scale, points: impl Fn(&[Second]) -> Vec<f64>) {
    for it in &cell.arms {
        let points = points(frame.shown(&it.seconds));
        frame.line(it.arm.name(), scale, &points);
    }
}

fn most(cell: &CellResult, of: impl Fn(&Second) -> f64) -> f64 {
    let arms = cell.arms.iter().flat_map(|it| &it.seconds);
    arms.map(of).fold(0.0, f64::max)
}

fn arrivals(cell: &CellResult) -> Chart {
    let (name, mut frame) = frame(cell, "arrivals", "Work that arrives at the origin", LEFT);
    let capacity = cell.cell.capacity;
    let peak = |it: &ArmResult| {
        highest_of_5_s(&it.seconds, |second| second.arrivals / capacity).into_iter().fold(0.0, f64::max)
    };
    let peak = cell.arms.iter().map(peak).fold(0.0, f64::max);
    let scale = Scale::Log { low: 0.25, high: peak.max(2.0) * 1.3 };
    frame.value_axis(
        &scale,
        &[0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0],
        |value| match value {
            ..0.3 => "¼ ×".to_owned(),
            ..0.6 => "½ ×".to_owned(),
            value => format!("{value:.0} ×"),
        },
    );
    lines(&mut frame, cell, &scale, |seconds| highest_of_5_s(seconds, |second| second.arrivals / capacity));
    frame.limit(scale.place(1.0), "what it can do");
    legend(&mut frame, cell);
    let caption = "Above the dotted line more arrives than the origin can work off, and it falls behind. Each step \
                   upwards is twice as much. Shaded: the trouble.";
    Chart { name, caption, svg: frame.svg() }
}

fn age(cell: &CellResult) -> Chart {
    let (name, mut frame) = frame(cell, "age", "Age of the oldest message not yet at the origin", LEFT);
    let age_s = |second: &Second| second.oldest_ms as f64 / 1_000.0;
    let scale = Scale::Log { low: 0.1, high: most(cell, age_s).max(10.0) * 1.3 };
    frame.value_axis(&scale, &[0.1, 1.0, 10.0, 60.0, 600.0, 3_600.0, 36_000.0], |value| match value {
        ..1.0 => "0.1 s".to_owned(),
        ..60.0 => format!("{value:.0} s"),
        ..3_600.0 => format!("{:.0} min", value / 60.0),
        value => format!("{:.0} h", value / 3_600.0),
    });
    lines(&mut frame, cell, &scale, |seconds| highest(seconds, age_s));
    legend(&mut frame, cell);
    let caption = "With Seawall a message that waits here is stored at the edge, and the other side has read it already. \
                   Without, nobody has it, and clients that give up throw it away: that makes the line fall, too.";
    Chart { name, caption, svg: frame.svg() }
}

fn modes(cell: &CellResult) -> Option<Chart> {
    let with = cell.arm(Arm::With)?;
    let (name, mut frame) = frame(cell, "mode", "What the edge told everybody", LEFT_OF_WORDS);
    let scale = Scale::Linear { high: 3.3 };
    for mode in Mode::ALL {
        frame.row(scale.place(f64::from(mode as u8)), mode.as_str());
    }
    let points = highest(frame.shown(&with.seconds), |second| f64::from(second.mode));
    frame.steps("with", &scale, &points);
    frame.legend(&[("with", "the mode, with Seawall")]);
    let caption = "In every mode people write and read. Degraded: typing and presence come later. Chatting-only: who \
                   chats comes first. Holding: messages are kept until the origin takes them.";
    Some(Chart { name, caption, svg: frame.svg() })
}

fn reconnects(cell: &CellResult) -> Chart {
    let (name, mut frame) = frame(cell, "reconnects", "Links that are opened, per second", LEFT);
    let scale = Scale::Counting { high: most(cell, |second| f64::from(second.reconnects)).max(10.0) * 1.4 };
    let thousands =
        |value: f64| if value < 1_000.0 { value.to_string() } else { format!("{},000", value / 1_000.0) };
    frame.value_axis(&scale, &[0.0, 1.0, 10.0, 100.0, 1_000.0, 10_000.0, 100_000.0], thousands);
    let admitted = cell.arm(Arm::With).and_then(|with| {
        let ratio = outcome::median(&with.outcomes, Field::named("peak_reconnects_over_admitted"))?;
        let start = cell.cell.scenario.warm_up_s as usize;
        let peak = with.seconds.iter().skip(start).map(|second| second.reconnects).max()?;
        // The meter keeps the share alone; of the charted seed the peak is known.
        let of_seed = with.outcomes.iter().find(|it| it.seed == with.median_seed)?;
        let ratio = of_seed.figures.peak_reconnects_over_admitted.unwrap_or(ratio.value);
        (ratio > 0.0).then_some(f64::from(peak) / ratio)
    });
    lines(&mut frame, cell, &scale, |seconds| highest(seconds, |second| f64::from(second.reconnects)));
    if let Some(admitted) = admitted {
        frame.limit(scale.place(admitted), "what the edge admits");
    }
    legend(&mut frame, cell);
    let caption =
        "A new chat opens links, and whoever was cut off comes back. Each step upwards is ten times as much.";
    Chart { name, caption, svg: frame.svg() }
}

fn classes(cell: &CellResult) -> Chart {
    let (name, mut frame) = frame(cell, "classes", "Asked for, answered and put off, per second", LEFT);
    let each: Vec<[Vec<f64>; 3]> = cell
        .arms
        .iter()
        .map(|it| {
            let seconds = frame.shown(&it.seconds);
            [|it: &Second| it.offered, |it: &Second| it.answered, |it: &Second| it.shed]
                .map(|of| mean(seconds, |second| f64::from(of(second))))
        })
        .collect();
    // A drain answers in minutes what was asked for in hours: the most that was offered is the measure.
    let offered = each.iter().flat_map(|[offered, ..]| offered).fold(0.0, |most: f64, it| most.max(*it));
    // Half as much again, for the word above the line.
    let high = round_up(offered.max(1.0) * 1.5);
    let scale = Scale::Linear { high };
    let height = 1.0 / each.len() as f64;
    for (at, (it, [offered, answered, shed])) in cell.arms.iter().zip(&each).enumerate() {
        let top = at as f64 * height;
        frame.strip(top + 0.04, top + height);
        frame.row(0.0, "");
        frame.row(1.0, &high.to_string());
        frame.area(&scale, answered);
        frame.line("offered", &scale, offered);
        frame.line("shed", &scale, shed);
        frame.word(it.arm.words());
    }
    frame.legend(&[("offered", "asked for"), ("filled", "answered"), ("shed", "put off openly")]);
    let caption = "Everything that people wanted: messages, pages with a chat, log ins, agents' status. White below the \
                   line was left without an answer. All three strips have the same scale.";
    Chart { name, caption, svg: frame.svg() }
}
