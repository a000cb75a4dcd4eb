//! The adapters of the three objects: they translate between the platform and the machines and decide nothing.
//! One loop in each of them: an event becomes an input, outputs are performed in order, a slow answer comes back
//! as an input. No borrow of a machine crosses an `await`.

mod alarm;
pub mod calls;
mod conversation;
pub mod counts;
mod host;
pub mod knowledge;
mod log;
pub(crate) mod origin;
mod origin_gate;
mod polls;
mod site;
mod sockets;
mod sql;

use crate::admission::Admission;
use crate::arrivals::Arrivals;
use crate::silence::SILENT_MS;
use crate::spread::Crowd;
use js_sys::Reflect;
use shared::Millis;
use shared::id::{ConversationId, SiteId};
use std::cell::RefCell;
use std::future::Future;
use std::time::Duration;
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::wasm_bindgen;
use worker::{Date, Delay, Env};

pub fn now_ms() -> Millis {
    Date::now().as_millis()
}

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = crypto, js_name = randomUUID)]
    fn random_uuid() -> String;
}

thread_local! {
    static ADMISSION: RefCell<Admission> = RefCell::default();
    static ARRIVALS: RefCell<Arrivals> = RefCell::default();
    static CROWD: RefCell<Crowd<Holder>> = RefCell::default();
}

/// An object with links: a conversation, or a site with its consoles.
pub type Holder = (SiteId, Option<ConversationId>);

/// This isolate's rates: the worker's and those of the objects that live in it.
pub fn admission<T>(ask: impl FnOnce(&mut Admission) -> T) -> T {
    ADMISSION.with_borrow_mut(ask)
}

/// Who is let in next, by this isolate's worker.
pub fn arrivals<T>(ask: impl FnOnce(&mut Arrivals) -> T) -> T {
    ARRIVALS.with_borrow_mut(ask)
}

/// All links of the objects that live in this isolate.
pub fn crowd<T>(ask: impl FnOnce(&mut Crowd<Holder>) -> T) -> T {
    CROWD.with_borrow_mut(ask)
}

/// Read past `Env::var`, which never comes back where workerd gives null for a variable that is not set.
pub fn variable_if_any(env: &Env, name: &str) -> Option<String> {
    let value = Reflect::get(env.unchecked_ref(), &name.into()).ok()?;
    value.as_string().filter(|value| !value.is_empty())
}

/// How long a link may be silent (LINK-7). Only a test sets the variable: it has no time to wait so long.
fn silent_ms(env: &Env) -> Millis {
    let tests = variable_if_any(env, "SEAWALL_SILENT_MS").and_then(|ms| ms.parse().ok());
    tests.unwrap_or(SILENT_MS)
}

/// 32 hexadecimal digits, 122 bits of them random.
pub fn random_id() -> String {
    random_uuid().replace('-', "")
}

/// A seed for jitter.
pub fn random_seed() -> u64 {
    u64::from_str_radix(&random_id()[..16], 16).unwrap_or_default()
}

/// The future's value, or nothing after `limit_ms`.
pub async fn within<T>(limit_ms: Millis, future: impl Future<Output = T>) -> Option<T> {
    let deadline = Delay::from(Duration::from_millis(limit_ms));
    match futures_util::future::select(std::pin::pin!(future), std::pin::pin!(deadline)).await {
        futures_util::future::Either::Left((value, _)) => Some(value),
        futures_util::future::Either::Right(_) => None,
    }
}
