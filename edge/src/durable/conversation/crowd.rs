//! This conversation's links among all of the isolate (SPREAD-1).

use std::rc::Rc;

use crate::conversation::Input;
use crate::durable::calls::{ConversationCall, to_conversation};
use crate::durable::{crowd, now_ms};

use super::Driver;

impl Driver {
    /// SPREAD-1: what the welcome that is due will tell.
    pub(super) fn spread(self: &Rc<Self>) {
        if let Some((site, conversation)) = self.name() {
            let holder = (site, Some(conversation));
            let (spread, again) = crowd(|crowd| crowd.greets(now_ms(), &holder));
            self.input(Input::Spread { spread, again });
        }
    }

    /// Tells the crowd of links that came and went; where it outgrows what others were told, they are called.
    pub(super) fn count(self: &Rc<Self>) {
        let now = self.with(|machine| (machine.greeted(), machine.has_begun())).unwrap_or_default();
        if self.counted.get() == Some(now) {
            return;
        }
        let Some((site, conversation)) = self.name() else { return };
        let (links, chatting) = now;
        self.counted.set(Some(now));
        crowd(|crowd| crowd.counts(now_ms(), (site, Some(conversation)), links, chatting));
        while let Some(behind) = crowd(|crowd| crowd.outgrown(now_ms())) {
            // Consoles are told by their site, which is asked every other second while links come.
            let (site, Some(conversation)) = behind else { continue };
            let driver = Rc::clone(self);
            self.state.wait_until(async move {
                let call = ConversationCall::Spread {};
                // Who is not reached is told with the next welcome, and until then the edge lets in what it can.
                let _ = to_conversation::<()>(&driver.env, &site, &conversation, call).await;
            });
        }
    }
}
