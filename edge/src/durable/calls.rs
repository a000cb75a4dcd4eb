//! What the worker and the objects say to each other: typed JSON calls. Only our own worker can reach an object.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use shared::Millis;
use shared::event::{
    Contact, Event, IdentitySecret, Outcome, Receipt, Reply, ResourceStatus, SiteLimits, SiteSettings,
};
use shared::frame::Summary;
use shared::id::{AgentId, ConversationId, SiteId};
use shared::mode::{Mode, Notice};
use worker::{Env, Error, Headers, Method, Request, RequestInit, Response, Result, Stub};

use crate::admission::Client;
use crate::conversation::{LinkId, Peer};
use crate::jwt::Jwks;
use crate::origin_gate::{Progress, Spell, Whose};
use crate::site::Override;

use super::counts::{self, Count, Object};
use super::within;

/// A call between objects that takes longer is given up: its sender has a safety net.
pub const CALL_LIMIT_MS: Millis = 5_000;

/// The header that carries a link's facts from the worker to the object.
pub const LINK_HEADER: &str = "x-seawall-link";

/// A visitor's or agent's link to a conversation.
#[derive(Clone, Serialize, Deserialize)]
pub struct ConversationLink {
    pub site: SiteId,
    pub conversation: ConversationId,
    pub peer: Peer,
    pub notice: Notice,
    /// A renewed token for the welcome.
    pub token: Option<String>,
    /// A renewed cookie for the handshake's answer.
    pub set_cookie: Option<String>,
    pub client: Client,
    pub way: Way,
}

/// An agent's link to the site's inbox.
#[derive(Clone, Serialize, Deserialize)]
pub struct SiteLink {
    pub site: SiteId,
    pub agent: AgentId,
    /// When the agent's log in ends.
    pub until_ms: Option<Millis>,
    pub way: Way,
}

/// How a link is carried.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub enum Way {
    Socket {
        subprotocol: bool,
    },
    /// A POST: without a number it opens a link, with one it is of that link.
    Post {
        link: Option<LinkId>,
    },
    /// The client leaves that link.
    Leave {
        link: LinkId,
    },
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ConversationCall {
    Pull {
        max: usize,
    },
    Receipts {
        receipts: Vec<Receipt>,
    },
    Notice {
        notice: Notice,
    },
    Reply {
        reply: Box<Reply>,
    },
    Forget {},
    /// The crowd has outgrown what its links were told.
    Spread {},
}

/// Every call names its object, which does not know its own name before something is stored.
#[derive(Serialize, Deserialize)]
pub struct ToConversation {
    pub site: SiteId,
    pub conversation: ConversationId,
    pub call: ConversationCall,
}

#[derive(Serialize, Deserialize)]
pub struct Pulled {
    pub events: Vec<Event>,
    /// All that waits there, these events included.
    pub backlog: u64,
}

#[derive(Serialize, Deserialize)]
pub struct Settled {
    pub backlog: u64,
}

#[derive(Serialize, Deserialize)]
pub struct Replied {
    pub result: Outcome,
    pub reason: String,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SiteCall {
    Notify {
        summary: Box<Summary>,
    },
    /// A conversation is no more.
    Gone {
        conversation: ConversationId,
    },
    Mode {
        mode: Mode,
        reason: String,
    },
    /// The operator's word on the mode; nothing takes it back.
    Override {
        over: Option<Override>,
    },
    Knowledge {},
    /// The origin says that settings have changed.
    Changed {},
}

#[derive(Serialize, Deserialize)]
pub struct ToSite {
    pub site: SiteId,
    pub call: SiteCall,
}

/// What the stateless worker must know of a site.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Knowledge {
    pub known: Known,
    pub notice: Notice,
    pub embed_origins: Vec<String>,
    pub limits: SiteLimits,
    pub identity_secrets: Vec<IdentitySecret>,
    pub contact: Contact,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Known {
    Yes,
    /// The origin says that there is no such site.
    No,
    /// Never known, and the origin cannot be asked.
    NotYet,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GateCall {
    Announce {
        site: SiteId,
        conversation: ConversationId,
        /// How many events wait there.
        backlog: u64,
    },
    Settings {
        site: SiteId,
    },
    /// The origin's keys; `unknown_kid` asks for fresh ones.
    Jwks {
        unknown_kid: bool,
    },
    /// What the origin says of one of its resources.
    Claimed {
        status: ResourceStatus,
    },
    /// An agent's log in or renewal, for the origin to answer.
    Agents {
        site: SiteId,
        path: String,
        bearer: Option<String>,
        body: String,
    },
    /// Who of a site's agents is connected, for the origin to know.
    Connected {
        site: SiteId,
        agents: Vec<AgentId>,
    },
    Status {},
}

/// Whether the origin has taken who is connected; if not, after how long it may be told again.
#[derive(Serialize, Deserialize)]
pub struct ConnectedAnswer {
    pub good: bool,
    pub retry_after_ms: Millis,
}

/// What became of an agent's log in or renewal.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AgentsAnswer {
    /// The origin's own answer.
    Answered { status: u16, retry_after: Option<String>, body: String },
    /// Asked, and nothing came back.
    Unreachable,
    /// Not asked: the origin's accounts cannot bear it now.
    Shed { retry_after_ms: Millis, of: Whose },
}

#[derive(Serialize, Deserialize)]
pub struct Announced {
    pub again_ms: Millis,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SettingsAnswer {
    Settings { settings: Box<SiteSettings>, mode: Mode, reason: String },
    UnknownSite,
    Unreachable,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Keys {
    /// Nothing where the origin has never been reached.
    pub keys: Option<Jwks>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct GateStatus {
    pub spell: Spell,
    pub reason: String,
    pub progress: Progress,
}

/// For one call.
pub fn conversation_stub(env: &Env, site: &SiteId, conversation: &ConversationId) -> Result<Stub> {
    counts::add(Count::Calls(Object::Conversation), 1);
    env.durable_object("CONVERSATION")?.get_by_name(&format!("{site}/{conversation}"))
}

/// For one call.
pub fn site_stub(env: &Env, site: &SiteId) -> Result<Stub> {
    counts::add(Count::Calls(Object::Site), 1);
    env.durable_object("SITE")?.get_by_name(site.as_str())
}

/// One origin per deployment, so one gate.
pub fn gate_stub(env: &Env) -> Result<Stub> {
    counts::add(Count::Calls(Object::OriginGate), 1);
    env.durable_object("ORIGIN_GATE")?.get_by_name("origin")
}

pub async fn to_conversation<T: DeserializeOwned>(
    env: &Env,
    site: &SiteId,
    conversation: &ConversationId,
    call: ConversationCall,
) -> Result<T> {
    let stub = conversation_stub(env, site, conversation)?;
    send(stub, &ToConversation { site: site.clone(), conversation: conversation.clone(), call }).await
}

pub async fn to_site<T: DeserializeOwned>(env: &Env, site: &SiteId, call: SiteCall) -> Result<T> {
    send(site_stub(env, site)?, &ToSite { site: site.clone(), call }).await
}

pub async fn to_gate<T: DeserializeOwned>(env: &Env, call: GateCall) -> Result<T> {
    send(gate_stub(env)?, &call).await
}

async fn send<T: DeserializeOwned>(stub: Stub, body: &impl Serialize) -> Result<T> {
    let mut init = RequestInit::new();
    init.with_method(Method::Post).with_body(Some(serde_json::to_string(body)?.into()));
    let request = Request::new_with_init("https://object/call", &init)?;
    let call = async {
        let mut response = stub.fetch_with_request(request).await?;
        match response.status_code() {
            200 => Ok(serde_json::from_str(&response.text().await?)?),
            status => Err(Error::from(format!("an object answered {status}"))),
        }
    };
    within(CALL_LIMIT_MS, call).await.unwrap_or_else(|| Err(Error::from("an object did not answer in time")))
}

/// The request with which the worker hands a WebSocket, or a POST with its body, over to an object.
pub fn hand_over(link: &impl Serialize, way: Way, body: Option<String>) -> Result<Request> {
    let headers = Headers::new();
    // A header is Latin-1 on its way; names of agents are not.
    let facts: String = serde_json::to_string(link)?
        .chars()
        .map(|c| if c.is_ascii() { c.to_string() } else { escaped(c) })
        .collect();
    headers.set(LINK_HEADER, &facts)?;
    let mut init = RequestInit::new();
    match way {
        Way::Socket { .. } => {
            headers.set("upgrade", "websocket")?;
            init.with_method(Method::Get)
        }
        Way::Post { .. } | Way::Leave { .. } => {
            init.with_method(Method::Post).with_body(Some(body.unwrap_or_default().into()))
        }
    };
    init.with_headers(headers);
    Request::new_with_init("https://object/link", &init)
}

fn escaped(c: char) -> String {
    c.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")).collect()
}

/// The link's facts, where the request is an upgrade.
pub fn link_of<T: DeserializeOwned>(request: &Request) -> Result<Option<T>> {
    match request.headers().get(LINK_HEADER)? {
        Some(facts) => Ok(Some(serde_json::from_str(&facts)?)),
        None => Ok(None),
    }
}

pub async fn body_of<T: DeserializeOwned>(request: &mut Request) -> Result<T> {
    Ok(serde_json::from_str(&request.text().await?)?)
}

pub fn answer(body: &impl Serialize) -> Result<Response> {
    Response::from_json(body)
}
