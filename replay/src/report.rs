//! `report.html`: what happened, for a person who was not there. One file that asks nobody for anything.

use std::fmt::Write;

use crate::arm::Arm;
use crate::chart::{self, Chart};
use crate::crew;
use crate::field::{FIELDS, Field};
use crate::outcome::{Value, median, worst};
use crate::result::{ArmResult, CellResult, ScenarioResult};

pub struct Report<'a> {
    result: &'a ScenarioResult,
    /// Those of each cell.
    charts: Vec<Vec<Chart>>,
}

/// What the overview shows, with the head of its column; everything else is in the cell's own table.
const OVERVIEW: [(&str, &str, &str); 6] = [
    ("messages_recovery_s", "messages flow again", "after the trouble ended"),
    ("recovery_s", "everything is answered again", "after the trouble ended"),
    ("peak_arrivals_over_capacity_5s", "peak at the origin", "of what it can do"),
    ("p1_accepted", "messages taken safely", "of all that were written"),
    ("lost", "never at the origin", "messages"),
    ("doubled", "there twice", "messages"),
];

impl Report<'_> {
    pub fn new(result: &ScenarioResult) -> Report<'_> {
        Report { result, charts: result.cells.iter().map(chart::charts).collect() }
    }

    pub fn charts(&self) -> impl Iterator<Item = &Chart> {
        self.charts.iter().flatten()
    }

    pub fn html(&self) -> String {
        let scenario = &self.result.scenario;
        let mut page = format!(
            "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <title>Replay: {name}</title>\n<style>\n{css}{style}\n</style>\n\
             <h1>Replay: {name}</h1>\n<p>{about}</p>\n",
            name = escaped(&scenario.name),
            about = escaped(&scenario.about),
            css = include_str!("report.css"),
            style = chart::STYLE,
        );
        self.verdict(&mut page);
        self.overview(&mut page);
        page += HOW_TO_READ;
        page += "<h2>Second by second</h2>\n";
        page += "<p>Each chart shows the seed in the middle of its arm. The charts also lie beside this page as SVG files.</p>\n";
        for (at, (cell, charts)) in self.result.cells.iter().zip(&self.charts).enumerate() {
            self.cell(&mut page, cell, charts, at == 0);
        }
        self.constants(&mut page);
        page + "</html>\n"
    }

    fn verdict(&self, page: &mut String) {
        let (all, broken) = (self.result.verdicts().len(), self.result.broken());
        let class = if broken.is_empty() { "verdict" } else { "verdict broken" };
        let said = match (all, broken.len()) {
            (0, _) => "No bound applies to this scenario: it is reported only.".to_owned(),
            (1, 0) => "The one bound that applies held.".to_owned(),
            (all, 0) => format!("All {all} bounds held, each in the worst seed."),
            (all, broken) => format!("{broken} of {all} bounds are broken."),
        };
        let _ = write!(page, "<div class=\"{class}\"><p><strong>{said}</strong></p>");
        if !broken.is_empty() {
            *page += "<ul>";
            for verdict in broken {
                let _ = write!(
                    page,
                    "<li>{}, {}: {} – it was <span class=\"over\">{}</span> with seed {}.<br><code>{}</code></li>",
                    place(&verdict.cell),
                    verdict.judgement.bound.arm,
                    escaped(&verdict.judgement.bound.rule()),
                    verdict.judgement.found(),
                    verdict.judgement.value.seed,
                    escaped(&self.result.command(&verdict)),
                );
            }
            *page += "</ul>";
        }
        *page += "</div>\n";
    }

    fn overview(&self, page: &mut String) {
        *page += "<h2>In the worst seed</h2>\n<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"Overview\"><table>\n<thead><tr><th class=\"name\">trouble</th><th class=\"name\">arm</th>";
        for (_, head, under) in OVERVIEW {
            let _ = write!(page, "<th scope=\"col\">{head}<small>{under}</small></th>");
        }
        *page += "</tr></thead>\n<tbody>\n";
        for cell in &self.result.cells {
            for (at, it) in cell.arms.iter().enumerate() {
                *page += if at == 0 { "<tr class=\"first\">" } else { "<tr>" };
                if at == 0 {
                    let _ = write!(
                        page,
                        "<th scope=\"rowgroup\" rowspan=\"{}\">{}<small>load {}, {} {}</small></th>",
                        cell.arms.len(),
                        chart::length(cell.cell.trigger_s),
                        percent(cell.cell.load),
                        it.outcomes.len(),
                        if it.outcomes.len() == 1 { "seed" } else { "seeds" }
                    );
                }
                let _ = write!(page, "<td class=\"name\">{}</td>", named(it.arm));
                for (name, head, _) in OVERVIEW {
                    let field = Field::named(name);
                    let value = worst(&it.outcomes, field);
                    let _ = write!(
                        page,
                        "<td data-of=\"{head}\"{}>{}</td>",
                        mark(cell, it.arm, name),
                        shown(field, value)
                    );
                }
                *page += "</tr>\n";
            }
        }
        *page += "</tbody></table></div>\n";
    }

    fn cell(&self, page: &mut String, cell: &CellResult, charts: &[Chart], open: bool) {
        let judged = cell.judgements();
        let held = match judged.iter().filter(|it| !it.held).count() {
            _ if judged.is_empty() => String::new(),
            0 => "<span class=\"held\">held</span>".to_owned(),
            broken => format!("<span class=\"over\">{broken} broken</span>"),
        };
        let open = if open { " open" } else { "" };
        let _ = writeln!(page, "<details{open}><summary>{} {held}</summary>", place(&cell.cell));
        *page += "<div class=\"charts\">\n";
        for chart in charts {
            let _ = writeln!(
                page,
                "<figure>{}<figcaption>{}</figcaption></figure>",
                chart.inline(),
                chart.caption
            );
        }
        *page += "</div>\n";
        figures(page, cell);
        let seed = cell.arms.last().map_or(1, |it| it.median_seed);
        let again = crew::command(&self.result.form, &cell.cell, seed);
        let _ = writeln!(
            page,
            "<p class=\"soft\">One seed of it again: <code>{}</code></p></details>",
            escaped(&again)
        );
    }

    fn constants(&self, page: &mut String) {
        // A scenario holds numbers, names and lists of them.
        let json = serde_json::to_string_pretty(&*self.result.scenario).expect("a scenario is JSON");
        let _ = writeln!(
            page,
            "<h2>What it was replayed with</h2>\n<p>A model: the origin is a database that works off one line, and people \
             behave by chance, the same in every arm. The machines of the arm <em>with</em> are those of the product. \
             Every constant:</p>\n<details><summary>Constants</summary><pre tabindex=\"0\">{}</pre></details>\n\
             <p class=\"soft\">All of it again: <code>{}</code></p>",
            escaped(&json),
            escaped(&self.result.form)
        );
    }
}

const HOW_TO_READ: &str = "<h2>How to read it</h2>\n<dl>\n\
<dt>Three arms, the same people</dt><dd><em>Without</em>: widgets and consoles talk to the origin, with a timeout, three \
retries and a reconnect every 5 s, as most are built. <em>Careful clients</em>: the same with what the textbooks advise, \
exponential backoff with jitter, a retry budget, a circuit breaker and idempotency keys. <em>With Seawall</em>: everybody \
talks to the edge, and the edge to the origin.</dd>\n\
<dt>Origin, load, capacity</dt><dd>The origin is the chat company's own server. Load is the share of its capacity that \
ordinary traffic takes. When more arrives than it can work off, answers come too late, clients ask again, and that is more \
work: the wave. It can go on when its cause is long gone.</dd>\n\
<dt>Never</dt><dd>Not within the time that we looked after the trouble had ended.</dd>\n\
<dt>Seed</dt><dd>Chance decides who writes when. A seed is one course of chance; the same seed gives the same \
run.</dd>\n</dl>\n";

/// All figures of a cell: the worst and the median seed of every arm.
fn figures(page: &mut String, cell: &CellResult) {
    *page += "<details><summary>All figures</summary><div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"All figures\"><table>\n<thead><tr><th class=\"name\">figure</th>";
    for it in &cell.arms {
        let _ = write!(page, "<th scope=\"col\">{}<small>worst (median)</small></th>", named(it.arm));
    }
    *page += "<th class=\"name\">bound</th></tr></thead>\n<tbody>\n";
    let judged = cell.judgements();
    for field in &FIELDS {
        let of = |it: &ArmResult| (worst(&it.outcomes, field), median(&it.outcomes, field));
        let values: Vec<_> = cell.arms.iter().map(|it| (it.arm, of(it))).collect();
        if values.iter().all(|(_, (worst, _))| worst.is_none()) {
            continue;
        }
        let _ = write!(
            page,
            "<tr><th scope=\"row\" class=\"name\"><code>{}</code><small>{}</small></th>",
            field.name, field.words
        );
        for (arm, (worst, median)) in values {
            let mark = mark(cell, arm, field.name);
            let _ = write!(
                page,
                "<td data-of=\"{}\"{mark}>{} ({})</td>",
                arm.words(),
                shown(field, worst),
                shown(field, median)
            );
        }
        *page += "<td class=\"name\">";
        for it in judged.iter().filter(|it| it.bound.field().is_some_and(|of| of.name == field.name)) {
            *page += &verdict(it);
        }
        *page += "</td></tr>\n";
    }
    for it in judged.iter().filter(|it| it.bound.field().is_none()) {
        let _ = writeln!(
            page,
            "<tr><th scope=\"row\" class=\"name\" colspan=\"{}\">{}<small>{}</small></th><td class=\"name\">{}</td></tr>",
            cell.arms.len() + 1,
            escaped(&it.bound.rule()),
            it.found(),
            verdict(it)
        );
    }
    *page += "</tbody></table></div></details>\n";
}

fn verdict(it: &crate::bounds::Judgement) -> String {
    let (class, word) = if it.held { ("held", "held") } else { ("over", "broken") };
    format!(
        "<span class=\"{class}\">{word}</span> <small class=\"soft\">{}</small><br>",
        escaped(&it.bound.rule())
    )
}

/// Colours what is bound by whether it held.
fn mark(cell: &CellResult, arm: Arm, field: &str) -> &'static str {
    let judged = cell.judgements();
    let of_field = judged.iter().find(|it| {
        it.bound.arm == arm && it.bound.field().is_some_and(|of| of.name == field) && arm == Arm::With
    });
    match of_field {
        Some(it) if it.held => " class=\"held\"",
        Some(_) => " class=\"over\"",
        None => "",
    }
}

fn shown(field: &Field, value: Option<Value>) -> String {
    match value {
        None => "–".to_owned(),
        Some(value) if value.never => "never".to_owned(),
        Some(value) => field.shown(value.value),
    }
}

fn named(arm: Arm) -> String {
    format!("<span class=\"arm {arm}\">{}</span>", arm.words())
}

fn place(cell: &crate::scenario::Cell) -> String {
    format!("{} of trouble at {} load", chart::length(cell.trigger_s), percent(cell.load))
}

fn percent(share: f64) -> String {
    format!("{} %", (share * 1_000.0).round() / 10.0)
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
