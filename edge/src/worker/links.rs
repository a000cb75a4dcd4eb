//! Links: WebSocket handshakes, and the POSTs of clients without. Who is asking is settled here, before any object is
//! called; a browser cannot read the HTTP status of a refused handshake, so a refusal is a socket that says goodbye with
//! a code (CLOSE-1).

use serde::Serialize;
use serde_json::json;
use shared::Millis;
use shared::close::CloseCode;
use shared::event::SiteLimits;
use shared::frame::{EdgeFrame, SUBPROTOCOL};
use shared::id::{ConversationId, SiteId};
use shared::limits::MAX_FRAME_BYTES;
use shared::mode::Notice;
use worker::{Env, Method, Request, Response, Stub, WebSocketPair};

use super::problem::Problem;
use super::settings::{Settings, body_within, cookie, header};
use super::visitor::{cookie_name, new_conversation, set_cookie};
use super::{agents, knowledge};
use crate::admission::Client;
use crate::arrivals::{Arrivals, Comer};
use crate::conversation::{LinkId, Peer};
use crate::durable::calls::{
    ConversationCall, ConversationLink, SiteLink, Way, conversation_stub, hand_over, site_stub,
    to_conversation,
};
use crate::durable::counts::{self, Count};
use crate::durable::{admission, arrivals, now_ms};
use crate::token::Checked;

type Answer = Result<Response, Problem>;

pub(super) async fn visitor(env: &Env, settings: &Settings, mut request: Request, site: SiteId) -> Answer {
    let ask = Ask::of(&mut request).await?;
    let given = ask.token.clone().map(Given::Offered);
    let given = given.or_else(|| cookie(&request, &cookie_name(&site)).map(Given::Cookie));
    // A cookie goes along from any page; only the frame's own page may use it.
    if matches!(given, Some(Given::Cookie(_))) && !settings.is_own_page(&request) {
        return ask.refuse(CloseCode::FOREIGN_PAGE, 0);
    }
    let now_s = now_ms() / 1_000;
    let checked = given.as_ref().map(|given| settings.token_secret.check(&site, given.token(), now_s));
    let by_cookie = matches!(given, Some(Given::Cookie(_)));
    // LINK-6: of an anonymous visitor's token every welcome makes a new one.
    let (mut peer, mut until_ms) = (Peer::Visitor, None);
    let (conversation, fresh) = match checked {
        Some(Checked::Forged) => return ask.refuse(CloseCode::TOKEN_REFUSED, 0),
        Some(Checked::Valid(conversation)) => (conversation, false),
        // IDENTITY-3: no cookie says who somebody is.
        Some(Checked::Identified { .. } | Checked::IdentityExpired) if by_cookie => {
            return ask.refuse(CloseCode::TOKEN_REFUSED, 0);
        }
        Some(Checked::Identified { conversation, name, until_s }) => {
            until_ms = Some(until_s.saturating_mul(1_000));
            peer = Peer::Identified { name };
            (conversation, false)
        }
        Some(Checked::IdentityExpired) => return ask.refuse(CloseCode::IDENTITY_EXPIRED, 0),
        // A link that is open is one of a conversation.
        Some(Checked::Expired) | None if !ask.opens() => return ask.refuse(CloseCode::SILENT, 0),
        // Expired but genuine: a new conversation, and the outbox goes there (TOKEN-2).
        Some(Checked::Expired) | None => (new_conversation(), true),
    };
    if let Some(code) = ask.unfit_from_the_start() {
        return ask.refuse(code, 0);
    }
    // That it chats is the client's word; without a token of its own there is nothing that it could have said.
    let chatting = !fresh && parameter(&request, "chatting")?.is_some();
    let comer = if chatting { Comer::Chatting } else { Comer::Other };
    if let Err(retry_after_ms) = ask.let_in(comer, Arrivals::room) {
        return ask.refuse(CloseCode::TOO_MANY_LINKS, retry_after_ms);
    }
    let address = settings.address_of(&request);
    let (notice, limits) = match known(env, &site, &ask, Some(&address)).await {
        Ok(known) => known,
        Err(problem) => return ask.refuse(problem.close_code(), problem.retry_after_ms()),
    };
    let client = Client { address, limits, until_ms };
    if ask.opens()
        && let Err(too_many) = admission(|admission| admission.link(now_ms(), &site, &client))
    {
        counts::add(Count::Refused(too_many.reason), 1);
        return ask.refuse(CloseCode::TOO_MANY_LINKS, too_many.retry_after_ms);
    }
    if !ask.opens()
        && let Err(too_many) = admission(|admission| admission.post(now_ms(), &site, &client))
    {
        counts::add(Count::Refused(too_many.reason), 1);
        return ask.refuse(CloseCode::TOO_FAST, too_many.retry_after_ms);
    }
    // Only now: an address that asks too often takes nobody's place.
    if let Err(retry_after_ms) = ask.let_in(comer, Arrivals::take) {
        return ask.refuse(CloseCode::TOO_MANY_LINKS, retry_after_ms);
    }
    let token = settings.token_secret.mint(&site, &conversation, now_s);
    // IDENTITY-3: a token that names a person ends with the word of the site's server; nothing renews it.
    let renews = !by_cookie && peer == Peer::Visitor;
    let link = ConversationLink {
        site: site.clone(),
        conversation: conversation.clone(),
        peer,
        notice,
        set_cookie: (by_cookie && fresh).then(|| set_cookie(&site, &token)),
        token: renews.then_some(token),
        client,
        way: ask.way,
    };
    ask.hand_over(&link, &conversation_stub(env, &site, &conversation)?).await
}

pub(super) async fn agent(env: &Env, settings: &Settings, mut request: Request, site: SiteId) -> Answer {
    let ask = Ask::of(&mut request).await?;
    let claims = match agents::authenticated(env, settings, &request, &site).await {
        Ok(claims) => claims,
        Err(problem) => return ask.refuse(problem.close_code(), problem.retry_after_ms()),
    };
    if let Some(code) = ask.unfit_from_the_start() {
        return ask.refuse(code, 0);
    }
    if let Err(retry_after_ms) = ask.let_in(Comer::Chatting, Arrivals::take) {
        return ask.refuse(CloseCode::TOO_MANY_LINKS, retry_after_ms);
    }
    let (notice, limits) = match known(env, &site, &ask, None).await {
        Ok(known) => known,
        Err(problem) => return ask.refuse(problem.close_code(), problem.retry_after_ms()),
    };
    let until_ms = Some(claims.exp.saturating_mul(1_000));
    let conversation = match parameter(&request, "conversation")? {
        // The link of one conversation instead of the inbox.
        Some(id) => match ConversationId::parse(&id) {
            Some(conversation) => conversation,
            None => return ask.refuse(CloseCode::BAD_FRAME, 0),
        },
        None => {
            let link = SiteLink { site: site.clone(), agent: claims.sub, until_ms, way: ask.way };
            return ask.hand_over(&link, &site_stub(env, &site)?).await;
        }
    };
    let link = ConversationLink {
        site: site.clone(),
        conversation: conversation.clone(),
        peer: Peer::Agent { id: claims.sub, name: claims.name },
        notice,
        token: None,
        set_cookie: None,
        client: Client { address: String::new(), limits, until_ms },
        way: ask.way,
    };
    ask.hand_over(&link, &conversation_stub(env, &site, &conversation)?).await
}

/// Mode and limits for a new link. One that is open has its own, and asks nobody. Who has been let in by the origin has no address.
async fn known(
    env: &Env,
    site: &SiteId,
    ask: &Ask,
    address: Option<&str>,
) -> Result<(Notice, SiteLimits), Problem> {
    if !ask.opens() {
        return Ok((Notice::default(), knowledge::limits_kept(site)));
    }
    let knowledge = match address {
        Some(address) => knowledge::known_to(env, site, address).await?,
        None => knowledge::known(env, site).await?,
    };
    Ok((knowledge.notice, knowledge.limits))
}

/// FORGET-1: the visitor's wish, with the token of whoever they are. The answer's cookie is a new visitor's.
pub(super) async fn forget(env: &Env, settings: &Settings, request: Request, site: SiteId) -> Answer {
    let bearer = header(&request, "authorization");
    let given =
        bearer.and_then(|value| value.strip_prefix("Bearer ").map(|token| Given::Offered(token.to_owned())));
    let given = given.or_else(|| cookie(&request, &cookie_name(&site)).map(Given::Cookie));
    let given = given.ok_or(Problem::TOKEN_REFUSED)?;
    if matches!(given, Given::Cookie(_)) && !settings.is_own_page(&request) {
        return Err(Problem::FOREIGN_PAGE);
    }
    let now_s = now_ms() / 1_000;
    let conversation = match settings.token_secret.check(&site, given.token(), now_s) {
        Checked::Valid(conversation) => conversation,
        Checked::Identified { conversation, .. } if matches!(given, Given::Offered(_)) => conversation,
        Checked::IdentityExpired => return Err(Problem::IDENTITY_EXPIRED),
        _ => return Err(Problem::TOKEN_REFUSED),
    };
    let (address, limits) = (settings.address_of(&request), knowledge::limits_kept(&site));
    let client = Client { address, limits, until_ms: None };
    if let Err(too_many) = admission(|admission| admission.wish(now_ms(), &site, &client)) {
        counts::add(Count::Refused(too_many.reason), 1);
        return Err(Problem::TOO_MANY_CONVERSATIONS.after_ms(too_many.retry_after_ms));
    }
    to_conversation::<()>(env, &site, &conversation, ConversationCall::Forget {}).await?;
    let token = settings.token_secret.mint(&site, &new_conversation(), now_s);
    let mut response = Response::from_json(&json!({ "forgotten": true }))?;
    response.headers_mut().set("cache-control", "no-store")?;
    if matches!(given, Given::Cookie(_)) {
        response.headers_mut().set("set-cookie", &set_cookie(&site, &token))?;
    }
    Ok(response)
}

fn parameter(request: &Request, name: &str) -> Result<Option<String>, Problem> {
    let url = request.url()?;
    Ok(url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned()))
}

enum Given {
    /// In the handshake's subprotocol, or as a bearer token.
    Offered(String),
    Cookie(String),
}

impl Given {
    fn token(&self) -> &str {
        match self {
            Given::Offered(token) | Given::Cookie(token) => token,
        }
    }
}

/// What the client asks for: a socket, or one of the POSTs that stand for one (POLL-1).
struct Ask {
    way: Way,
    token: Option<String>,
    body: Option<String>,
    /// What the request says is not the protocol, and ends a link with this code as it would on a socket.
    unfit: Option<CloseCode>,
}

impl Ask {
    async fn of(request: &mut Request) -> Result<Ask, Problem> {
        if request.method() == Method::Get {
            return Ask::of_handshake(request);
        }
        let bearer = header(request, "authorization");
        let token = bearer.and_then(|value| value.strip_prefix("Bearer ").map(str::to_owned));
        let link = match parameter(request, "link")?.map(|number| number.parse().map(LinkId)) {
            Some(Ok(link)) => Some(link),
            // Only the frames of a link that is open may go by its number.
            Some(Err(_)) => return Ok(Ask::unfit(None, token, CloseCode::BAD_FRAME)),
            None => None,
        };
        if request.method() == Method::Delete {
            return Ok(match link {
                Some(link) => Ask { way: Way::Leave { link }, token, body: None, unfit: None },
                None => Ask::unfit(None, token, CloseCode::BAD_FRAME),
            });
        }
        let text = match body_within(request, MAX_FRAME_BYTES).await {
            Ok(body) => String::from_utf8(body).map_err(|_| CloseCode::BAD_FRAME),
            Err(Problem::TOO_LARGE) => Err(CloseCode::FRAME_TOO_LARGE),
            Err(Problem::TOO_SLOW) => Err(CloseCode::SILENT),
            Err(problem) => return Err(problem),
        };
        Ok(match text {
            Ok(text) => Ask { way: Way::Post { link }, token, body: Some(text), unfit: None },
            Err(code) => Ask::unfit(link, token, code),
        })
    }

    /// The link that was meant ends, as if its client had left.
    fn unfit(link: Option<LinkId>, token: Option<String>, code: CloseCode) -> Ask {
        let way = link.map_or(Way::Post { link: None }, |link| Way::Leave { link });
        Ask { way, token, body: None, unfit: Some(code) }
    }

    fn of_handshake(request: &Request) -> Result<Ask, Problem> {
        if !header(request, "upgrade").is_some_and(|value| value.eq_ignore_ascii_case("websocket")) {
            return Err(Problem::UPGRADE_REQUIRED);
        }
        let offered = header(request, "sec-websocket-protocol").unwrap_or_default();
        let (mut subprotocol, mut token) = (false, None);
        for one in offered.split(',').map(str::trim) {
            subprotocol |= one == SUBPROTOCOL;
            if let Some(offered) = one.strip_prefix("token.") {
                token = Some(offered.to_owned());
            }
        }
        Ok(Ask { way: Way::Socket { subprotocol }, token, body: None, unfit: None })
    }

    fn opens(&self) -> bool {
        matches!(self.way, Way::Socket { .. } | Way::Post { link: None })
    }

    /// LIMIT-3, asked before any object is called; a link that is open is in.
    fn let_in(
        &self,
        comer: Comer,
        ask: fn(&mut Arrivals, Millis, Comer) -> Result<(), Millis>,
    ) -> Result<(), Millis> {
        if !self.opens() {
            return Ok(());
        }
        let answer = arrivals(|arrivals| ask(arrivals, now_ms(), comer));
        if answer.is_err() {
            counts::add(Count::Refused("too-many-at-once"), 1);
        }
        answer
    }

    /// A link that would be unfit from its first words is not opened.
    fn unfit_from_the_start(&self) -> Option<CloseCode> {
        self.unfit.filter(|_| self.opens())
    }

    /// Gives the link to its object. The headers of an object's answer are fixed: a socket's stays as it is, that to a
    /// POST goes into one of our own.
    async fn hand_over(mut self, facts: &impl Serialize, object: &Stub) -> Answer {
        let request = hand_over(facts, self.way, self.body.take())?;
        let mut answer = object.fetch_with_request(request).await?;
        if let Some(code) = self.unfit {
            return self.refuse(code, 0);
        }
        if matches!(self.way, Way::Socket { .. }) {
            return Ok(answer);
        }
        let mut response = Response::builder().with_status(answer.status_code());
        for name in ["content-type", "cache-control", "set-cookie"] {
            if let Some(value) = answer.headers().get(name)? {
                response = response.with_header(name, &value)?;
            }
        }
        Ok(response.fixed(answer.bytes().await?))
    }

    /// Accepts a socket only to say why it ends; a POST is answered with the same.
    fn refuse(&self, code: CloseCode, retry_after_ms: u64) -> Answer {
        let bye = EdgeFrame::Bye { code: u64::from(code.0), retry_after_ms };
        let Way::Socket { subprotocol } = self.way else {
            let body = json!({ "frames": [bye], "close": code.0 });
            let response = Response::builder()
                .with_status(code.http_status())
                .with_header("content-type", "application/json")?
                .with_header("cache-control", "no-store")?;
            let response = match retry_after_ms {
                0 => response,
                ms => response.with_header("retry-after", &ms.div_ceil(1_000).to_string())?,
            };
            return Ok(response.fixed(body.to_string().into_bytes()));
        };
        let pair = WebSocketPair::new()?;
        pair.server.accept()?;
        pair.server.send(&bye)?;
        pair.server.close(Some(code.0), Some(code.name()))?;
        let mut response = Response::builder().with_status(101).with_websocket(pair.client);
        if subprotocol {
            response = response.with_header("Sec-WebSocket-Protocol", SUBPROTOCOL)?;
        }
        Ok(response.empty())
    }
}
