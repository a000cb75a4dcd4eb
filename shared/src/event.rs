//! What travels between edge and origin: CloudEvents 1.0 in JSON batches (EVENT-1), and a receipt per event.

use serde::{Deserialize, Serialize};

use crate::Millis;
use crate::id::{AgentId, ConversationId, Epoch, MessageId, SiteId, WriterId};
use crate::message::Author;

/// The media type of a batch, in both directions.
pub const BATCH_TYPE: &str = "application/cloudevents-batch+json";

/// Events in one batch, at most.
pub const MAX_BATCH: usize = 50;

/// A CloudEvent. `source` + `id` name it; the receiver accepts that pair once.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    pub specversion: String,
    pub id: String,
    /// `/sites/{site}`, `/sites/{site}/conversations/{conversation}` or `/status/{resource}`.
    pub source: String,
    #[serde(flatten)]
    pub body: Body,
}

/// What happened, by the CloudEvent's `type`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", content = "data")]
pub enum Body {
    /// Edge → origin: a message that the edge has stored.
    #[serde(rename = "seawall.message")]
    Message(Stored),
    /// Edge → origin: nothing but a question whether events are taken. Receipted, never kept.
    #[serde(rename = "seawall.probe")]
    Probe {},
    /// Origin → edge: a reply written in the origin.
    #[serde(rename = "seawall.reply")]
    Reply(Reply),
    /// Origin → edge: settings or roster of the site have changed; the edge fetches them anew.
    #[serde(rename = "seawall.site-changed")]
    SiteChanged { site: SiteId, version: u64 },
    /// Edge → origin: the visitor wants the conversation forgotten (FORGET-1).
    #[serde(rename = "seawall.forgotten")]
    Forgotten(Forgotten),
    /// Origin → edge: how it is with one of its resources now (STATUS-1).
    #[serde(rename = "seawall.status")]
    Status(ResourceStatus),
    /// A type of a later version: answered with `refused`, reason `unknown-type`.
    #[serde(other)]
    Unknown,
}

/// A message with its place: order is (conversation, epoch, seq).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Stored {
    pub site: SiteId,
    pub conversation: ConversationId,
    pub epoch: Epoch,
    pub seq: u64,
    pub author: Author,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    pub text: String,
    pub at_ms: Millis,
}

/// Everything of this conversation up to this epoch is to be erased.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Forgotten {
    pub site: SiteId,
    pub conversation: ConversationId,
    pub epoch: Epoch,
}

/// A reply on its way to the edge, numbered per conversation by the origin as its writer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reply {
    pub site: SiteId,
    pub conversation: ConversationId,
    pub id: MessageId,
    pub writer: WriterId,
    pub n: u64,
    pub agent: AgentId,
    pub name: String,
    pub text: String,
}

/// What the origin says about one of its resources.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ResourceStatus {
    pub resource: Resource,
    pub status: Status,
    /// For people: why, with figures.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub output: String,
}

/// Which agents of a site have a console open, and nobody else (CONNECTED-1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConnectedAgents {
    pub agents: Vec<AgentId>,
    /// When the edge says so, in milliseconds since 1970: an earlier word that comes late is an old one.
    pub at_ms: Millis,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Resource {
    /// Login, renewal, sites, keys.
    Accounts,
    /// Events and replies.
    Messages,
}

/// As in `application/health+json`; the worse is the greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    Pass,
    Warn,
    Fail,
}

impl Event {
    pub fn message(id: &MessageId, stored: Stored) -> Event {
        Event {
            specversion: "1.0".into(),
            id: id.to_string(),
            source: format!("/sites/{}/conversations/{}", stored.site, stored.conversation),
            body: Body::Message(stored),
        }
    }

    pub fn forgotten(forgotten: Forgotten) -> Event {
        Event {
            specversion: "1.0".into(),
            id: format!("forgotten-{}", forgotten.epoch.0),
            source: format!("/sites/{}/conversations/{}", forgotten.site, forgotten.conversation),
            body: Body::Forgotten(forgotten),
        }
    }

    pub fn probe(id: String) -> Event {
        Event { specversion: "1.0".into(), id, source: "/probes".into(), body: Body::Probe {} }
    }

    pub fn reply(reply: Reply) -> Event {
        Event {
            specversion: "1.0".into(),
            id: reply.id.to_string(),
            source: format!("/sites/{}/conversations/{}", reply.site, reply.conversation),
            body: Body::Reply(reply),
        }
    }

    pub fn site_changed(id: String, site: SiteId, version: u64) -> Event {
        Event {
            specversion: "1.0".into(),
            id,
            source: format!("/sites/{site}"),
            body: Body::SiteChanged { site, version },
        }
    }

    pub fn status(id: String, status: ResourceStatus) -> Event {
        let resource = match status.resource {
            Resource::Accounts => "accounts",
            Resource::Messages => "messages",
        };
        let source = format!("/status/{resource}");
        Event { specversion: "1.0".into(), id, source, body: Body::Status(status) }
    }
}

/// The answer to a batch.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Receipts {
    pub receipts: Vec<Receipt>,
}

/// The receiver's answer for one event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Receipt {
    /// The event's id; with `source` where one batch holds the same id from two sources.
    pub id: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub source: String,
    pub result: Outcome,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    Accepted,
    /// Taken before: a success.
    Duplicate,
    /// Refused for good: parked with its reason, never sent again by itself.
    Refused,
    /// Not now.
    Later,
}

/// The answer of `GET {origin}/sites/{site}`: what the edge must know about a site.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SiteSettings {
    pub site: SiteId,
    pub account: String,
    /// Grows with every change.
    pub version: u64,
    /// The name that visitors read.
    pub name: String,
    /// Pages that may embed the chat, as CSP sources (`https://shop.example`); empty: any page.
    #[serde(default)]
    pub embed_origins: Vec<String>,
    #[serde(default)]
    pub agents: Vec<RosterAgent>,
    #[serde(default)]
    pub groups: Vec<RosterGroup>,
    #[serde(default)]
    pub limits: SiteLimits,
    /// What the site's server signs with when it says who a visitor is (IDENTITY-1); several while one takes another's place.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub identity_secrets: Vec<IdentitySecret>,
    #[serde(default)]
    pub contact: Contact,
}

/// Shared by a site's server and the edge. No log ever reads it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct IdentitySecret(String);

impl IdentitySecret {
    /// 32 to 256 visible characters of ASCII, which are the key as they stand: every library for JWTs takes such a text.
    pub fn parse(text: &str) -> Option<IdentitySecret> {
        let fits = (32..=256).contains(&text.len()) && text.bytes().all(|byte| (b' '..=b'~').contains(&byte));
        fits.then(|| IdentitySecret(text.to_owned()))
    }

    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for IdentitySecret {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        IdentitySecret::parse(&text).ok_or("not an identity secret")
    }
}

impl std::fmt::Debug for IdentitySecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("IdentitySecret(…)")
    }
}

/// Whether visitors are asked who they are (CONTACT-1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Contact {
    /// For an address, once they have written and nobody is there.
    Away,
    /// For name and address at the beginning, as they like; and as above.
    Optional,
    /// For name and address before they can write.
    Required,
    /// Not at all; and what a later version may ask for.
    #[default]
    #[serde(other)]
    Never,
}

impl Contact {
    pub fn as_str(self) -> &'static str {
        match self {
            Contact::Away => "away",
            Contact::Optional => "optional",
            Contact::Required => "required",
            Contact::Never => "never",
        }
    }

    pub fn parse(word: &str) -> Option<Contact> {
        let all = [Contact::Away, Contact::Optional, Contact::Required, Contact::Never];
        all.into_iter().find(|contact| contact.as_str() == word)
    }
}

/// How much of one site's visitors the edge takes, and for how long it keeps it (LIMIT-1). What is left out is as here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SiteLimits {
    /// Links opened from one address: a company behind one address comes back at once after a break.
    pub links_per_address: Rate,
    /// WebSocket messages or POSTs of one link, whatever is in them: a hello costs a snapshot. A tab or a console says some
    /// 5 a second while somebody types and scrolls.
    pub frames_per_link: Rate,
    /// Conversations begun, by their first message.
    pub conversations_per_address: Rate,
    pub conversations_per_site: Rate,
    /// Of each side. Nobody types faster; a browser that was offline brings what it has kept.
    pub messages_per_conversation: Rate,
    pub messages_per_address: Rate,
    pub messages_per_site: Rate,
    /// A conversation deletes itself at the edge so long after its last message; 0: never.
    pub retention_days: u64,
}

impl Default for SiteLimits {
    fn default() -> SiteLimits {
        let rate = |at_once, per_minute| Rate { at_once, per_minute };
        SiteLimits {
            links_per_address: rate(300, 1_200),
            frames_per_link: rate(300, 1_800),
            conversations_per_address: rate(100, 20),
            conversations_per_site: rate(2_000, 6_000),
            messages_per_conversation: rate(100, 120),
            messages_per_address: rate(1_000, 1_200),
            messages_per_site: rate(10_000, 60_000),
            retention_days: 30,
        }
    }
}

/// So many at once, and so many a minute in the long run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rate {
    pub at_once: u64,
    pub per_minute: u64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RosterAgent {
    pub id: AgentId,
    pub name: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RosterGroup {
    pub id: String,
    pub name: String,
    #[serde(default)]
    pub agents: Vec<AgentId>,
}

/// The claims of an agent's JWT (EdDSA), issued by the origin.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AgentClaims {
    pub sub: AgentId,
    pub name: String,
    pub account: String,
    /// Sites that the agent may answer for.
    pub sites: Vec<SiteId>,
    /// Seconds since 1970, as JWT has it.
    pub iat: u64,
    pub exp: u64,
}
