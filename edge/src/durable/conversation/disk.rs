//! What was stored is on disk, or could not be stored.

use std::rc::Rc;
use std::time::Duration;

use shared::close::CloseCode;
use worker::{Delay, console_error};

use crate::conversation::Input;
use crate::durable::{crowd, now_ms, sql};

use super::Driver;

/// Of the platform's loop, in each of which something came: then it is stored, although more may come.
const MOST_TURNS: usize = 64;

impl Driver {
    /// STORE-1: nothing that was not stored may be acknowledged. Without this instance the clients come back and send
    /// again.
    pub(super) fn cannot_store(&self, error: &worker::Error) {
        console_error!("cannot store: {error}");
        if let Some((site, conversation)) = self.name() {
            crowd(|crowd| crowd.counts(now_ms(), (site, Some(conversation)), 0, false));
        }
        self.counted.set(None);
        self.machine.borrow_mut().take();
        self.sockets.close_all(CloseCode::EDGE_ERROR);
    }

    /// The platform holds the answers back by itself; the machine hears of it to store together what came meanwhile.
    pub(super) fn when_on_disk(self: &Rc<Self>) {
        let driver = Rc::clone(self);
        let heard = self.heard.get();
        self.state.wait_until(async move {
            match sql::on_disk(&driver.state).await {
                Ok(()) => {
                    if !cfg!(feature = "commit-each") {
                        driver.hear_all(heard).await;
                    }
                    driver.input(Input::Stored);
                }
                Err(error) => driver.cannot_store(&error),
            }
        });
    }

    /// workerd syncs on the thread that reads the sockets, so most of what came meanwhile still waits in them, and is
    /// handed over message by message. Once something came, the rest is let in first, so that the next store takes
    /// it all together (STORE-2). Where nothing came, nothing waits.
    async fn hear_all(&self, mut heard: u64) {
        for _ in 0..MOST_TURNS {
            if self.heard.get() == heard {
                return;
            }
            heard = self.heard.get();
            Delay::from(Duration::ZERO).await;
        }
    }
}
