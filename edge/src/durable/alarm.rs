//! An object's one alarm. Setting it costs a row, so one that goes off earlier is left alone.

use std::cell::Cell;
use std::rc::Rc;

use js_sys::Date as JsDate;
use shared::Millis;
use worker::{ScheduledTime, State, console_error};

use super::counts::{self, Count, Object};
use super::now_ms;

pub(super) struct Alarm {
    object: Object,
    set: Cell<Set>,
}

/// When it goes off.
#[derive(Clone, Copy, PartialEq)]
enum Set {
    /// This instance has not asked.
    Unknown,
    Never,
    At(Millis),
}

impl Alarm {
    pub(super) fn of(object: Object) -> Rc<Alarm> {
        Rc::new(Alarm { object, set: Cell::new(Set::Unknown) })
    }

    pub(super) fn has_gone_off(&self) {
        self.set.set(Set::Never);
    }

    /// It may be gone.
    pub(super) fn unsure(&self) {
        self.set.set(Set::Unknown);
    }

    pub(super) fn wake_at(self: &Rc<Self>, state: &State, at: Millis) {
        if matches!(self.set.get(), Set::At(set) if set <= at) {
            return;
        }
        let alarm = Rc::clone(self);
        let known = self.set.replace(Set::At(at)) != Set::Unknown;
        // What is due is due now; the platform refuses the time 0.
        let at = at.max(now_ms());
        let storage = state.storage();
        state.wait_until(async move {
            let set = if known { None } else { storage.get_alarm().await.ok().flatten() };
            if let Some(set) = set.and_then(|set| u64::try_from(set).ok()).filter(|set| *set <= at) {
                alarm.set.set(Set::At(set));
                return;
            }
            counts::add(Count::AlarmsSet(alarm.object), 1);
            let date = JsDate::new(&(at as f64).into());
            if let Err(error) = storage.set_alarm(ScheduledTime::new(date)).await {
                console_error!("cannot set the alarm: {error}");
            }
        });
    }
}
