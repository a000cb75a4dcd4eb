//! What the page's script calls, in a worker of its own: texts in, JSON out.

use replay::chart;
use replay::crew::Job;
use replay::result::Plan;
use serde::Serialize;
use serde_json::json;
use wasm_bindgen::prelude::*;

use crate::presets::presets;
use crate::settings::{NUMBERS, Settings, Wrong};
use crate::small;
use crate::told::{Told, told};

/// How far a run is told so often.
const STEPS: f64 = 200.0;

/// What the page needs before the first run: `presets`, the words of every slow-down, and the charts' `style`.
#[wasm_bindgen]
pub fn about() -> Result<String, String> {
    let saves = NUMBERS.iter().find(|it| it.key == "saves").map(|it| it.range.clone());
    let slow_downs = saves.into_iter().flatten().map(small::slow_down).collect::<Result<Vec<_>, _>>()?;
    let slow_downs: Vec<_> =
        slow_downs.into_iter().map(|times| format!("accounts cost {times:.1} ×")).collect();
    json_of(&json!({ "presets": presets()?, "slow_downs": slow_downs, "style": chart::STYLE }))
}

/// What an address says: `settings` without what is wrong in it, `wrong`, and the `notice` of what is smaller here.
#[wasm_bindgen]
pub fn read(address: &str) -> Result<String, String> {
    let (settings, wrong) = Settings::read(address);
    json_of(&json!({ "settings": settings.text(), "wrong": wrong, "notice": small::notice(&settings)? }))
}

/// Replays all arms and tells what they came to, or what is `wrong`. `watch` hears the share that is done.
#[wasm_bindgen]
pub fn replay(settings: &str, watch: &js_sys::Function) -> Result<String, String> {
    let tell = |share: f64| drop(watch.call1(&JsValue::NULL, &share.into()));
    match replayed(settings, tell) {
        Ok(told) => json_of(&told),
        Err(wrong) => json_of(&json!({ "wrong": wrong })),
    }
}

fn replayed(settings: &str, mut tell: impl FnMut(f64)) -> Result<Told, Vec<Wrong>> {
    let (settings, wrong) = Settings::read(settings);
    if !wrong.is_empty() {
        return Err(wrong);
    }
    let plan = small::plan(&settings).map_err(|words| vec![Wrong { key: String::new(), words }])?;
    Ok(told(&plan.result(runs(&plan, &mut tell)), settings.seed))
}

fn runs(plan: &Plan, tell: &mut dyn FnMut(f64)) -> Vec<replay::meter::Run> {
    let jobs = plan.jobs();
    let all: f64 = jobs.iter().map(Job::work).sum();
    let (mut before, mut said) = (0.0, 0.0);
    let mut run = |job: &Job| {
        let end_ms = job.cell.end_ms() as f64;
        let run = job.arm.run_watched(&job.cell, job.seed, &mut |now| {
            let share = (before + job.work() * now as f64 / end_ms) / all;
            if share - said >= 1.0 / STEPS {
                said = share;
                tell(share);
            }
        });
        before += job.work();
        run
    };
    jobs.iter().map(&mut run).collect()
}

fn json_of(value: &impl Serialize) -> Result<String, String> {
    serde_json::to_string(value).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::{about, read, replayed};

    #[test]
    fn progress_rises_to_the_end() {
        let mut shares = vec![0.0];
        let told = replayed("capacity=20&load=30&trigger=10", |share| shares.push(share));
        assert!(told.is_ok());
        assert!(shares.len() > 100 && shares.is_sorted(), "{shares:?}");
        assert!(shares.last().is_some_and(|last| (0.98..=1.0).contains(last)), "{shares:?}");
    }

    #[test]
    fn nothing_is_replayed_of_what_is_wrong() {
        let wrong = replayed("load=300", |_| panic!("it runs")).err().expect("what is wrong");
        assert_eq!(wrong[0].key, "load");
    }

    #[test]
    fn page_learns_what_it_needs() {
        let about: serde_json::Value = serde_json::from_str(&about().expect("JSON")).expect("JSON");
        assert_eq!(about["slow_downs"][4], "accounts cost 9.4 ×");
        assert_eq!(about["presets"][0]["name"], "slow-accounts");
        let read: serde_json::Value = serde_json::from_str(&read("#load=9").expect("JSON")).expect("JSON");
        assert!(read["settings"].as_str().is_some_and(|it| it.contains("load=85")), "{read}");
        assert_eq!(read["wrong"][0]["key"], "load");
    }
}
