//! Who is at the console, and what the edge's answers make of that. Only reads and compares.

use shared::Millis;
use shared::id::AgentId;
use shared::json::{Json, Writer};

/// A log in lives for 12 h; it is renewed when less than half of that is left.
const HALF_LIFE_MS: Millis = 6 * 3_600_000;
/// So long between two attempts to renew: an origin in trouble is not asked more, and a clock that is wrong harms
/// nobody.
const RENEW_EVERY_MS: Millis = 5 * 60_000;
/// Asking again who we are: at once nearly, and no slower than every half minute.
const ASK_FIRST_MS: Millis = 1_000;
const ASK_MAX_MS: Millis = 30_000;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Account {
    /// The edge has not said yet who the cookie stands for.
    Asking {
        attempt: u32,
    },
    /// Nobody is logged in; the form is shown, with what the person has to know.
    Out {
        reason: Option<Reason>,
        busy: bool,
    },
    In {
        agent: Agent,
        renewed_at: Option<Millis>,
    },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agent {
    pub id: AgentId,
    pub name: String,
    pub expires_at_ms: Millis,
}

/// Why the form stands there (again).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The session has ended by itself.
    Ended,
    /// Logged out by hand; `unsent` replies stay in this browser.
    LoggedOut {
        unsent: bool,
    },
    EmailMissing,
    PasswordMissing,
    WrongCredentials,
    NotOfThisSite,
    TooManyTries {
        wait_s: u64,
    },
    OriginUnreachable,
    UnknownSite,
    /// No answer from the edge at all.
    EdgeUnreachable,
    /// Anything else that may pass.
    Refused,
}

/// An HTTP answer; status 0 where there was none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    pub body: String,
    pub retry_after_s: u64,
}

impl Answer {
    /// The agent that it names, or why it does not.
    pub fn agent(&self) -> Result<Agent, Reason> {
        let json = Json::parse(&self.body);
        let text = |name| json.as_ref()?.field(name)?.text();
        if self.status == 200 {
            let expires_at_s = json.as_ref().and_then(|json| json.field("expires_at")?.number());
            return text("id")
                .and_then(AgentId::parse)
                .zip(expires_at_s)
                .map(|(id, expires_at_s)| Agent {
                    id,
                    name: text("name").unwrap_or_default().to_owned(),
                    expires_at_ms: expires_at_s * 1_000,
                })
                .ok_or(Reason::Refused);
        }
        Err(match (self.status, text("code")) {
            (0, _) => Reason::EdgeUnreachable,
            (_, Some("wrong-credentials")) => Reason::WrongCredentials,
            (_, Some("not-of-this-site")) => Reason::NotOfThisSite,
            (_, Some("too-many-tries")) => Reason::TooManyTries { wait_s: self.retry_after_s },
            (_, Some("origin-unreachable" | "origin-busy" | "site-not-known-yet")) => {
                Reason::OriginUnreachable
            }
            (_, Some("unknown-site")) => Reason::UnknownSite,
            _ => Reason::Refused,
        })
    }
}

/// The body of a log in.
pub fn credentials(email: &str, password: &str) -> Result<String, Reason> {
    if email.trim().is_empty() {
        return Err(Reason::EmailMissing);
    }
    if password.is_empty() {
        return Err(Reason::PasswordMissing);
    }
    let mut body = Writer::default();
    body.raw(r#"{"email":"#).text(email.trim()).raw(r#","password":"#).text(password).raw("}");
    Ok(body.0)
}

impl Account {
    /// What the answer to "who am I?" makes of it; a delay where it has to be asked again.
    pub fn asked(attempt: u32, answer: &Answer) -> (Account, Option<Millis>) {
        match answer.agent() {
            Ok(agent) => (Account::In { agent, renewed_at: None }, None),
            Err(Reason::NotOfThisSite) => (Account::out(Reason::NotOfThisSite), None),
            Err(Reason::UnknownSite) => (Account::out(Reason::UnknownSite), None),
            Err(_) if answer.status == 401 => (Account::Out { reason: None, busy: false }, None),
            Err(_) => {
                let delay = ASK_MAX_MS.min(ASK_FIRST_MS << attempt.min(5));
                (Account::Asking { attempt: attempt + 1 }, Some(delay.max(answer.retry_after_s * 1_000)))
            }
        }
    }

    pub fn out(reason: Reason) -> Account {
        Account::Out { reason: Some(reason), busy: false }
    }

    pub fn agent(&self) -> Option<&Agent> {
        match self {
            Account::In { agent, .. } => Some(agent),
            _ => None,
        }
    }

    /// True where it is time to renew; then that counts as done for a while.
    pub fn renew(&mut self, now: Millis) -> bool {
        let Account::In { agent, renewed_at } = self else { return false };
        let due = now + HALF_LIFE_MS >= agent.expires_at_ms
            && renewed_at.is_none_or(|at| now >= at + RENEW_EVERY_MS);
        if due {
            *renewed_at = Some(now);
        }
        due
    }

    /// A refusal decides nothing: the edge ends the links of whoever is not welcome any more.
    pub fn renewed(&mut self, answer: &Answer) {
        if let (Account::In { agent, .. }, Ok(renewed)) = (self, answer.agent())
            && agent.id == renewed.id
        {
            *agent = renewed;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, body: &str) -> Answer {
        Answer { status, body: body.to_owned(), retry_after_s: 0 }
    }

    fn ada(expires_at: u64) -> Answer {
        answer(200, &format!(r#"{{"id":"ada","name":"Ada","account":"demo","expires_at":{expires_at}}}"#))
    }

    const HOUR: Millis = 3_600_000;

    #[test]
    fn who_is_logged_in_goes_straight_in() {
        let (account, again) = Account::asked(0, &ada(12 * 3_600));
        assert_eq!(account.agent().map(|agent| agent.name.as_str()), Some("Ada"));
        assert_eq!(again, None);
    }

    #[test]
    fn nobody_logged_in_is_no_error_and_an_edge_in_trouble_is_asked_again() {
        let nobody = answer(401, r#"{"code":"login-required"}"#);
        assert_eq!(Account::asked(0, &nobody), (Account::Out { reason: None, busy: false }, None));
        assert_eq!(Account::asked(0, &answer(0, "")), (Account::Asking { attempt: 1 }, Some(ASK_FIRST_MS)));
        assert_eq!(Account::asked(40, &answer(503, "")).1, Some(ASK_MAX_MS));
    }

    #[test]
    fn a_log_in_is_renewed_in_its_second_half_and_not_in_a_loop() {
        let (mut account, _) = Account::asked(0, &ada(12 * 3_600));
        assert!(!account.renew(5 * HOUR));
        assert!(account.renew(6 * HOUR));
        assert!(!account.renew(6 * HOUR + 60_000), "an origin in trouble is not asked more");
        assert!(account.renew(6 * HOUR + RENEW_EVERY_MS));
        account.renewed(&answer(503, r#"{"code":"origin-unreachable"}"#));
        account.renewed(&ada(18 * 3_600));
        assert!(!account.renew(7 * HOUR));
    }

    #[test]
    fn another_agent_s_renewal_changes_nothing() {
        let (mut account, _) = Account::asked(0, &ada(12 * 3_600));
        account.renewed(&answer(200, r#"{"id":"grace","name":"Grace","expires_at":99999}"#));
        assert_eq!(account.agent().map(|agent| agent.name.as_str()), Some("Ada"));
    }

    #[test]
    fn each_refusal_is_told_apart() {
        let refusal = |status, code| answer(status, &format!(r#"{{"code":"{code}"}}"#)).agent();
        assert_eq!(refusal(401, "wrong-credentials"), Err(Reason::WrongCredentials));
        assert_eq!(refusal(403, "not-of-this-site"), Err(Reason::NotOfThisSite));
        assert_eq!(refusal(503, "origin-unreachable"), Err(Reason::OriginUnreachable));
        assert_eq!(refusal(503, "origin-busy"), Err(Reason::OriginUnreachable));
        assert_eq!(refusal(404, "unknown-site"), Err(Reason::UnknownSite));
        assert_eq!(refusal(500, "what-is-this"), Err(Reason::Refused));
        assert_eq!(answer(502, "<html>").agent(), Err(Reason::Refused));
        assert_eq!(answer(200, "<html>").agent(), Err(Reason::Refused));
        let tries = Answer { retry_after_s: 30, ..answer(429, r#"{"code":"too-many-tries"}"#) };
        assert_eq!(tries.agent(), Err(Reason::TooManyTries { wait_s: 30 }));
    }

    #[test]
    fn a_form_with_a_hole_is_not_sent() {
        assert_eq!(credentials(" ", "x"), Err(Reason::EmailMissing));
        assert_eq!(credentials("a@b.example", ""), Err(Reason::PasswordMissing));
        assert_eq!(
            credentials(" a@b.example ", " \"x\" "),
            Ok(r#"{"email":"a@b.example","password":" \"x\" "}"#.to_owned())
        );
    }
}
