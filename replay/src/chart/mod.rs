//! Charts of one cell as SVG, from the median seed of each arm. Written by hand: no library, no script, no font of our own.
//!
//! # Layout, in reading order
//!
//! [`plots`] the five charts · [`frame`] title, axes, the shaded trouble · [`scale`] values to places · [`series`] seconds to
//! points

mod frame;
mod plots;
mod scale;
mod series;

pub(crate) use frame::length;
pub use plots::charts;

/// One chart.
pub struct Chart {
    /// Of its file, without `.svg`; different for every chart of a scenario.
    pub name: String,
    /// What to look for, in a sentence.
    pub caption: &'static str,
    svg: String,
}

/// Colours and lines. Blue, vermilion and grey stay apart for colour-blind eyes, and each arm has a line of its own kind.
pub const STYLE: &str = "\
svg.chart{--ink:#1b1f24;--soft:#59636e;--grid:#d5dae0;--ground:#fff;--trouble:#fdebd9;\
--without:#c94f00;--careful:#6b7280;--with:#0067a3}\
@media (prefers-color-scheme:dark){svg.chart{--ink:#e8ebef;--soft:#a2acb8;--grid:#39414b;--ground:#14181d;--trouble:#40301f;\
--without:#ff9452;--careful:#a9b2bd;--with:#58b9f5}}\
svg.chart{background:var(--ground);font:12px system-ui,sans-serif;fill:var(--ink)}\
svg.chart .title{font-size:14px;font-weight:600}svg.chart .soft{fill:var(--soft)}\
svg.chart .over{paint-order:stroke;stroke:var(--ground);stroke-width:4px;stroke-linejoin:round}\
svg.chart .grid{stroke:var(--grid);stroke-width:1}svg.chart .limit{stroke:var(--ink);stroke-width:1.2;stroke-dasharray:2 3}\
svg.chart .trouble{fill:var(--trouble)}\
svg.chart path{fill:none;stroke-linejoin:round}\
svg.chart .without{stroke:var(--without);stroke-width:1.8}\
svg.chart .careful{stroke:var(--careful);stroke-width:1.8;stroke-dasharray:6 3}\
svg.chart .with{stroke:var(--with);stroke-width:2.6}\
svg.chart .offered{stroke:var(--ink);stroke-width:1.2}svg.chart .shed{stroke:var(--without);stroke-width:1.6;stroke-dasharray:2 2}\
svg.chart path.filled{fill:var(--with);fill-opacity:.3;stroke:none}";

impl Chart {
    /// For a file of its own.
    pub fn standalone(&self) -> String {
        self.svg.replacen("><", &format!("><style>{STYLE}</style><"), 1) + "\n"
    }

    /// For a page that has [`STYLE`] once.
    pub fn inline(&self) -> &str {
        &self.svg
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::charts;
    use crate::arm::Arm;
    use crate::catalogue;
    use crate::meter::Second;
    use crate::result::{ArmResult, CellResult, ScenarioResult};

    fn result() -> ScenarioResult {
        let cell = catalogue::named("slow-accounts").expect("a scenario").remove(0).cells().remove(0);
        let second =
            Second { arrivals: 500.0, oldest_ms: 1_500, mode: 2, reconnects: 9, ..Second::default() };
        let seconds = vec![second; 800];
        let arm = |arm| ArmResult { arm, outcomes: Vec::new(), median_seed: 1, seconds: seconds.clone() };
        let arms = Arm::ALL.map(arm).into();
        let (scenario, form) = (cell.scenario.clone(), Arc::from(""));
        ScenarioResult { scenario, form, cells: vec![CellResult { cell, arms }] }
    }

    #[test]
    fn every_chart_has_an_accessible_title_and_asks_nobody_for_anything() {
        let result = result();
        let charts = charts(&result.cells[0]);
        assert_eq!(charts.len(), 5);
        for chart in charts {
            let svg = chart.standalone();
            let title = format!("aria-labelledby=\"{}-title\"", chart.name);
            assert!(
                svg.contains("role=\"img\"") && svg.contains(&title) && svg.contains("<title id="),
                "{svg}"
            );
            let address = "http://www.w3.org/2000/svg";
            assert!(!svg.replace(address, "").contains("http") && !svg.contains("NaN"), "{svg}");
        }
    }

    #[test]
    fn charts_of_an_arm_that_did_not_run_are_left_out() {
        let mut result = result();
        result.cells[0].arms.retain(|arm| arm.arm == Arm::Without);
        let charts = charts(&result.cells[0]);
        assert!(charts.iter().all(|chart| !chart.name.starts_with("mode")));
    }
}
