//! What the former version has stored, and what its links carry through a deployment, is read by this one. A release
//! copies its rows to `golden/former` before it changes any.

use edge::conversation::{Conversation, LinkInfo, Log, Meta};
use edge::site::{InboxLink, Site, Stored};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use shared::id::Epoch;
use shared::message::Message;

struct Nothing;

impl Log for Nothing {
    fn after(&self, _: u64, _: u64) -> Vec<Message> {
        Vec::new()
    }

    fn before(&self, _: u64, _: u64) -> Vec<Message> {
        Vec::new()
    }

    fn unread(&self, _: u64) -> u64 {
        0
    }
}

/// Reads it, and sees that no field of it is lost when it is written again.
fn read<T: Serialize + DeserializeOwned>(text: &str) -> T {
    let value: T = serde_json::from_str(text).expect("what the former version wrote");
    let (ours, theirs): (Value, Value) =
        (serde_json::to_value(&value).expect("JSON"), serde_json::from_str(text).expect("JSON"));
    for field in theirs.as_object().expect("a row").keys() {
        assert!(ours.get(field).is_some(), "{field} is gone");
    }
    value
}

#[test]
fn frame_3_a_conversation_of_the_former_version_goes_on() {
    let meta: Meta = read(include_str!("../golden/former/meta.json"));
    let link: LinkInfo = read(include_str!("../golden/former/link.json"));
    assert_eq!(meta.retention_days, 30);
    let conversation = Conversation::restore(meta, vec![link.clone()], &Nothing);
    assert_eq!(conversation.meta().epoch, Epoch(1_000));
    assert_eq!(conversation.backlog(), 2);
    assert!(conversation.link(link.link).is_some());
    assert_eq!(conversation.poll_timeout(), Some(0), "its backlog is announced at once");
}

#[test]
fn frame_3_a_site_of_the_former_version_goes_on() {
    let stored: Stored = read(include_str!("../golden/former/site.json"));
    let link: InboxLink = read(include_str!("../golden/former/inbox-link.json"));
    let site = Site::restore(link.site.clone(), stored, Vec::new(), vec![link]);
    assert_eq!(site.notice().agents, 1);
    assert_eq!(site.settings().map(|settings| settings.name.as_str()), Some("Demo shop"));
}
