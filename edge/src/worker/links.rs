//! WebSocket handshakes. Who is asking is settled here, before any object is called; a browser cannot read the HTTP
//! status of a refused handshake, so a refusal is a socket that says goodbye with a code (CLOSE-1).

use shared::close::CloseCode;
use shared::frame::{EdgeFrame, SUBPROTOCOL};
use shared::id::{ConversationId, SiteId};
use worker::{Env, Request, Response, WebSocketPair};

use super::problem::Problem;
use super::settings::{Settings, cookie, header};
use super::{agents, knowledge, pages};
use crate::conversation::Peer;
use crate::durable::calls::{ConversationLink, SiteLink, conversation_stub, site_stub, upgrade};
use crate::durable::now_ms;
use crate::token::Checked;

type Answer = Result<Response, Problem>;

pub(super) async fn visitor(env: &Env, settings: &Settings, request: Request, site: SiteId) -> Answer {
    let offer = Offer::of(&request)?;
    let given = offer.token.clone().map(Given::Subprotocol);
    let given = given.or_else(|| cookie(&request, &pages::cookie_name(&site)).map(Given::Cookie));
    // A cookie goes along from any page; only the frame's own page may use it.
    if matches!(given, Some(Given::Cookie(_))) && !settings.is_own_page(&request) {
        return offer.refuse(CloseCode::FOREIGN_PAGE, 0);
    }
    let now_s = now_ms() / 1_000;
    let checked = given.as_ref().map(|given| settings.token_secret.check(&site, given.token(), now_s));
    let (conversation, fresh) = match checked {
        Some(Checked::Valid(conversation)) => (conversation, false),
        // Expired but genuine: a new conversation, and the outbox goes there (TOKEN-2).
        Some(Checked::Expired) | None => (pages::new_conversation(), true),
        Some(Checked::Forged) => return offer.refuse(CloseCode::TOKEN_REFUSED, 0),
    };
    let known = match knowledge::known(env, &site).await {
        Ok(known) => known,
        Err(problem) => return offer.refuse(problem.close_code(), problem.retry_after_ms()),
    };
    let token = settings.token_secret.mint(&site, &conversation, now_s);
    let by_cookie = matches!(given, Some(Given::Cookie(_)));
    let link = ConversationLink {
        site: site.clone(),
        conversation: conversation.clone(),
        peer: Peer::Visitor,
        notice: known.notice,
        set_cookie: (by_cookie && fresh).then(|| pages::set_cookie(&site, &token)),
        token: (!by_cookie).then_some(token),
        subprotocol: offer.subprotocol,
    };
    let stub = conversation_stub(env, &site, &conversation)?;
    Ok(stub.fetch_with_request(upgrade(&link)?).await?)
}

pub(super) async fn agent(env: &Env, settings: &Settings, request: Request, site: SiteId) -> Answer {
    let offer = Offer::of(&request)?;
    let claims = match agents::authenticated(env, settings, &request, &site).await {
        Ok(claims) => claims,
        Err(problem) => return offer.refuse(problem.close_code(), problem.retry_after_ms()),
    };
    let known = match knowledge::known(env, &site).await {
        Ok(known) => known,
        Err(problem) => return offer.refuse(problem.close_code(), problem.retry_after_ms()),
    };
    let Some(conversation) = conversation_of(&request)? else {
        let link = SiteLink { site: site.clone(), agent: claims.sub, subprotocol: offer.subprotocol };
        return Ok(site_stub(env, &site)?.fetch_with_request(upgrade(&link)?).await?);
    };
    let link = ConversationLink {
        site: site.clone(),
        conversation: conversation.clone(),
        peer: Peer::Agent { id: claims.sub, name: claims.name },
        notice: known.notice,
        token: None,
        set_cookie: None,
        subprotocol: offer.subprotocol,
    };
    let stub = conversation_stub(env, &site, &conversation)?;
    Ok(stub.fetch_with_request(upgrade(&link)?).await?)
}

/// `?conversation=…`: the link of one conversation instead of the inbox.
fn conversation_of(request: &Request) -> Result<Option<ConversationId>, Problem> {
    let url = request.url()?;
    match url.query_pairs().find(|(name, _)| name == "conversation") {
        Some((_, id)) => ConversationId::parse(&id).map(Some).ok_or(Problem::NOT_FOUND),
        None => Ok(None),
    }
}

enum Given {
    Subprotocol(String),
    Cookie(String),
}

impl Given {
    fn token(&self) -> &str {
        match self {
            Given::Subprotocol(token) | Given::Cookie(token) => token,
        }
    }
}

/// What the client offers in its handshake.
struct Offer {
    subprotocol: bool,
    token: Option<String>,
}

impl Offer {
    fn of(request: &Request) -> Result<Offer, Problem> {
        if !header(request, "upgrade").is_some_and(|value| value.eq_ignore_ascii_case("websocket")) {
            return Err(Problem::UPGRADE_REQUIRED);
        }
        let offered = header(request, "sec-websocket-protocol").unwrap_or_default();
        let mut offer = Offer { subprotocol: false, token: None };
        for one in offered.split(',').map(str::trim) {
            offer.subprotocol |= one == SUBPROTOCOL;
            if let Some(token) = one.strip_prefix("token.") {
                offer.token = Some(token.to_owned());
            }
        }
        Ok(offer)
    }

    /// Accepts the socket only to say why it ends.
    fn refuse(&self, code: CloseCode, retry_after_ms: u64) -> Answer {
        let pair = WebSocketPair::new()?;
        pair.server.accept()?;
        let bye = EdgeFrame::Bye { code: u64::from(code.0), retry_after_ms };
        pair.server.send(&bye)?;
        pair.server.close(Some(code.0), Some(code.name()))?;
        let mut response = Response::builder().with_status(101).with_websocket(pair.client);
        if self.subprotocol {
            response = response.with_header("Sec-WebSocket-Protocol", SUBPROTOCOL)?;
        }
        Ok(response.empty())
    }
}
