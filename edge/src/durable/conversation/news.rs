//! What the agents' list is told of a conversation.

use std::rc::Rc;
use std::time::Duration;

use shared::frame::Summary;
use shared::id::{ConversationId, SiteId};
use shared::mode::Notice;
use worker::{Delay, console_error};

use crate::conversation::Input;
use crate::durable::calls::{SiteCall, to_site};

use super::Driver;

/// The first news is told at once, what follows together: nobody reads a list faster, and each call is paid for.
const TELL_EVERY: Duration = Duration::from_millis(200);

pub(super) enum News {
    Line(Summary),
    /// The conversation is no more.
    Gone,
}

impl Driver {
    pub(super) fn tell(self: &Rc<Self>, news: News) {
        *self.news.borrow_mut() = Some(news);
        let Some((site, conversation)) = self.name() else { return };
        if self.telling.replace(true) {
            return;
        }
        let driver = Rc::clone(self);
        self.state.wait_until(async move {
            // One after the other, so that an older line never overtakes a later one.
            while let Some(news) = driver.news.take() {
                driver.tell_one(&site, &conversation, news).await;
                Delay::from(TELL_EVERY).await;
            }
            driver.telling.set(false);
        });
    }

    async fn tell_one(self: &Rc<Self>, site: &SiteId, conversation: &ConversationId, news: News) {
        match news {
            News::Line(summary) => {
                let call = SiteCall::Notify { summary: Box::new(summary) };
                match to_site::<Notice>(&self.env, site, call).await {
                    Ok(notice) => self.input(Input::Notice(notice)),
                    // The next message brings a newer line.
                    Err(error) => console_error!("the site was not told: {error}"),
                }
            }
            News::Gone => {
                let call = SiteCall::Gone { conversation: conversation.clone() };
                let told = to_site::<()>(&self.env, site, call).await;
                if let Err(error) = &told {
                    console_error!("the site was not told of the end: {error}");
                }
                self.input(Input::Gone { told: told.is_ok() });
            }
        }
    }
}
