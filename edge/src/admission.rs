//! How much comes in from outside: rates per address, conversation and site (LIMIT-1). Kept in the memory of one
//! isolate, so that no message waits for anybody's leave; on one machine that is everything, on a network of many
//! isolates each allows so much.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};

use serde::{Deserialize, Serialize};
use shared::Millis;
use shared::event::{Rate, SiteLimits};
use shared::id::{ConversationId, SiteId};
use shared::message::Side;

use crate::conversation::LinkId;

/// Rates under watch. Those who were quiet are forgotten; while so many are busy, others are not counted by
/// address, and the site's own rates still hold.
const MAX_WATCHED: usize = 50_000;

/// Looking through all of them takes a few ms.
const TIDY_EVERY_MS: Millis = 1_000;

/// A browser, as the worker sees it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Client {
    /// Empty where it is not known, and of an agent; then nothing is counted by address.
    pub address: String,
    pub limits: SiteLimits,
    /// When the word ends by which it was let in, where it has an end (LINK-6).
    pub until_ms: Option<Millis>,
}

/// Not now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooMany {
    pub reason: &'static str,
    /// Of those that came together the first so many are taken all the same.
    pub taken: u64,
    /// When the next one would be.
    pub retry_after_ms: Millis,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Watched {
    Links(SiteId, String),
    Conversations(SiteId, String),
    ConversationsOf(SiteId),
    Messages(SiteId, String),
    MessagesIn(SiteId, ConversationId, Side),
    MessagesOf(SiteId),
    Heard(SiteId, ConversationId, LinkId),
    Posts(SiteId, String),
    Wishes(SiteId, String),
    /// Questions about sites that are not there, by address and in all.
    Lookups(String),
    AllLookups,
}

impl Watched {
    /// There are few of them, and they hold when nothing else is counted any more.
    fn is_of_a_site(&self) -> bool {
        matches!(self, Watched::ConversationsOf(_) | Watched::MessagesOf(_) | Watched::AllLookups)
    }
}

/// Each rate is one number: the time, in µs, at which all that was taken will have been earned (the generic cell
/// rate algorithm, ITU-T I.371).
#[derive(Default)]
pub struct Admission {
    earned_at_us: HashMap<Watched, u64>,
    tidied_at: Millis,
}

impl Admission {
    /// A new link of a visitor.
    pub fn link(&mut self, now: Millis, site: &SiteId, client: &Client) -> Result<(), TooMany> {
        let Client { address, limits, .. } = client;
        self.take(now, 1, &[(by(address, site, Watched::Links), limits.links_per_address, "too-many-links")])
    }

    /// How many of `count` messages of a visitor that came together are taken; `begins`: the first would begin a
    /// conversation.
    pub fn messages(
        &mut self,
        now: Millis,
        (site, conversation): (&SiteId, &ConversationId),
        client: &Client,
        count: u64,
        begins: bool,
    ) -> Result<(), TooMany> {
        let Client { address, limits, .. } = client;
        let within = Watched::MessagesIn(site.clone(), conversation.clone(), Side::Visitor);
        let (messages, conversations) = ("too-many-messages", "too-many-conversations");
        let said = [
            (Some(within), limits.messages_per_conversation, messages),
            (by(address, site, Watched::Messages), limits.messages_per_address, messages),
            (Some(Watched::MessagesOf(site.clone())), limits.messages_per_site, messages),
        ];
        let begun = [
            (by(address, site, Watched::Conversations), limits.conversations_per_address, conversations),
            (Some(Watched::ConversationsOf(site.clone())), limits.conversations_per_site, conversations),
        ];
        if begins {
            self.take(now, 1, &begun)?;
        }
        self.take(now, count, &said)
    }

    /// Messages of an agent: known by name, and limited only so that a console gone wrong floods nobody.
    pub fn answers(
        &mut self,
        now: Millis,
        (site, conversation): (&SiteId, &ConversationId),
        limits: &SiteLimits,
        count: u64,
    ) -> Result<(), TooMany> {
        let within = Watched::MessagesIn(site.clone(), conversation.clone(), Side::Agent);
        let rate = limits.messages_per_conversation;
        self.take(now, count, &[(Some(within), rate, "too-many-messages")])
    }

    /// A POST or DELETE for a link that is open: each is a call of its object, whatever becomes of it.
    pub fn post(&mut self, now: Millis, site: &SiteId, client: &Client) -> Result<(), TooMany> {
        let Rate { at_once, per_minute } = client.limits.frames_per_link;
        let rate = Rate {
            at_once: at_once.saturating_mul(LINKS_BEHIND_AN_ADDRESS),
            per_minute: per_minute.saturating_mul(LINKS_BEHIND_AN_ADDRESS),
        };
        self.take(now, 1, &[(by(&client.address, site, Watched::Posts), rate, "too-fast")])
    }

    /// A wish to be forgotten: where nothing was said it is a row and an event as a conversation that begins.
    pub fn wish(&mut self, now: Millis, site: &SiteId, client: &Client) -> Result<(), TooMany> {
        let rate = client.limits.conversations_per_address;
        self.take(now, 1, &[(by(&client.address, site, Watched::Wishes), rate, "too-many-conversations")])
    }

    /// A question about a site of which this isolate knows nothing. Its id may be made up, and costs an object and a call to the
    /// origin all the same.
    pub fn lookup(&mut self, now: Millis, address: &str) -> Result<(), TooMany> {
        self.take(now, 1, &lookup(address))
    }

    /// The site is there, so that question is not counted.
    pub fn found(&mut self, address: &str) {
        for (watched, rate, _) in lookup(address) {
            if let Some(earned_at_us) = watched.and_then(|watched| self.earned_at_us.get_mut(&watched)) {
                *earned_at_us = earned_at_us.saturating_sub(rate.cost_us());
            }
        }
    }

    /// A WebSocket message of any link.
    pub fn heard(
        &mut self,
        now: Millis,
        (site, conversation): (&SiteId, &ConversationId),
        link: LinkId,
        limits: &SiteLimits,
    ) -> Result<(), TooMany> {
        let heard = Watched::Heard(site.clone(), conversation.clone(), link);
        self.take(now, 1, &[(Some(heard), limits.frames_per_link, "too-fast")])
    }

    /// As many as all of the rates allow.
    fn take(&mut self, now: Millis, count: u64, rates: &[Limited]) -> Result<(), TooMany> {
        let left = |(watched, rate, reason): &Limited| {
            let watched = watched.as_ref()?;
            let latest_us = now * 1_000 + rate.at_once.min(MOST_AT_ONCE) * rate.cost_us();
            let earned_at_us = self.earned_at_us(now, watched);
            let room = latest_us.saturating_sub(earned_at_us) / rate.cost_us();
            let over_us = (earned_at_us + rate.cost_us()).saturating_sub(latest_us);
            Some((room, TooMany { reason, taken: room, retry_after_ms: over_us.div_ceil(1_000) }))
        };
        let least = rates.iter().filter_map(left).min_by_key(|(room, _)| *room);
        let taken = least.map_or(count, |(room, _)| room.min(count));
        let room = self.make_room(now);
        for (watched, rate, _) in rates.iter().filter(|_| taken > 0) {
            let Some(watched) = watched else { continue };
            let earned_at_us = self.earned_at_us(now, watched) + taken * rate.cost_us();
            if room || watched.is_of_a_site() || self.earned_at_us.contains_key(watched) {
                self.earned_at_us.insert(watched.clone(), earned_at_us);
            }
        }
        match least {
            Some((_, too_many)) if taken < count => Err(too_many),
            _ => Ok(()),
        }
    }

    fn earned_at_us(&self, now: Millis, watched: &Watched) -> u64 {
        self.earned_at_us.get(watched).copied().unwrap_or_default().max(now * 1_000)
    }

    fn make_room(&mut self, now: Millis) -> bool {
        if self.earned_at_us.len() >= MAX_WATCHED && now >= self.tidied_at + TIDY_EVERY_MS {
            self.tidied_at = now;
            self.earned_at_us.retain(|_, earned_at_us| *earned_at_us > now * 1_000);
        }
        self.earned_at_us.len() < MAX_WATCHED
    }
}

/// Sites that are not there, or not known to be: some in an office where somebody sets a site up, and as many in all as accounts
/// do not notice. So many questions are also under way at most.
const LOOKUPS_OF_ADDRESS: Rate = Rate { at_once: 20, per_minute: 20 };
const LOOKUPS: Rate = Rate { at_once: 100, per_minute: 300 };

fn lookup(address: &str) -> [Limited; 2] {
    let of_address = (!address.is_empty()).then(|| Watched::Lookups(address.to_owned()));
    let reason = "too-many-unknown-sites";
    [(of_address, LOOKUPS_OF_ADDRESS, reason), (Some(Watched::AllLookups), LOOKUPS, reason)]
}

/// Who poll at a time behind one address, each as fast as one may.
const LINKS_BEHIND_AN_ADDRESS: u64 = 10;

type Limited = (Option<Watched>, Rate, &'static str);

/// A million at once at one a day is 2,700 years in µs, far below the range of the sums.
const MOST_AT_ONCE: u64 = 1_000_000;
const DAY_US: u64 = 86_400_000_000;

trait Cost {
    fn cost_us(&self) -> u64;
}

impl Cost for Rate {
    /// How long it takes to earn one; at a rate of nothing a day.
    fn cost_us(&self) -> u64 {
        60_000_000_u64.checked_div(self.per_minute).unwrap_or(DAY_US).max(1)
    }
}

fn by(address: &str, site: &SiteId, watched: fn(SiteId, String) -> Watched) -> Option<Watched> {
    (!address.is_empty()).then(|| watched(site.clone(), address.to_owned()))
}

/// What stands for a client: an IPv4 address, or the first 64 bits of an IPv6 one, of which a household has 2⁶⁴.
/// Empty where the text is no address. A port behind it is dropped; of a list, as proxies write it, the last counts.
pub fn address_of(text: &str) -> String {
    let text = text.rsplit(',').next().unwrap_or_default().trim();
    match parsed(text) {
        Some(IpAddr::V4(address)) => address.to_string(),
        Some(IpAddr::V6(address)) => {
            let [a, b, c, d, ..] = address.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).to_string()
        }
        None => String::new(),
    }
}

/// The same for the other end of a connection, where no header is agreed on. Empty for an address of one's own network:
/// there stands a proxy, and all clients would count as one.
pub fn public_address_of(text: &str) -> String {
    let own = match parsed(text) {
        Some(IpAddr::V4(address)) => address.is_loopback() || address.is_private() || address.is_link_local(),
        Some(IpAddr::V6(address)) => {
            address.is_loopback() || address.is_unique_local() || address.is_unicast_link_local()
        }
        None => true,
    };
    if own { String::new() } else { address_of(text) }
}

fn parsed(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|rest| rest.split(']').next());
    let without_port = || text.rsplit_once(':').map(|(address, _)| address);
    let parsed = bare.unwrap_or(text).parse().or_else(|_| without_port().unwrap_or_default().parse());
    parsed.ok().map(|address: IpAddr| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Millis = 60_000;

    fn names() -> (SiteId, ConversationId) {
        (SiteId::parse("demo").unwrap(), ConversationId::parse("c").unwrap())
    }

    fn client(address: &str) -> Client {
        let rate = |at_once, per_minute| Rate { at_once, per_minute };
        let limits = SiteLimits {
            links_per_address: rate(2, 60),
            frames_per_link: rate(2, 60),
            conversations_per_address: rate(1, 1),
            conversations_per_site: rate(3, 1),
            messages_per_conversation: rate(4, 60),
            messages_per_address: rate(6, 60),
            messages_per_site: rate(1_000, 60),
            retention_days: 30,
        };
        Client { address: address.to_owned(), limits, until_ms: None }
    }

    #[test]
    fn limit_1_so_many_at_once_and_then_as_they_are_earned() {
        let (site, _) = names();
        let mut admission = Admission::default();
        let ada = client("10.0.0.1");
        assert!((0..2).all(|_| admission.link(5_000, &site, &ada).is_ok()));
        let refused = admission.link(5_000, &site, &ada);
        assert_eq!(refused, Err(TooMany { reason: "too-many-links", taken: 0, retry_after_ms: 1_000 }));
        assert!(admission.link(5_999, &site, &ada).is_err());
        assert!(admission.link(6_000, &site, &ada).is_ok(), "one a second is earned");
        assert!(admission.link(6_000, &site, &client("10.0.0.2")).is_ok(), "nobody else is affected");
        assert!((0..50).all(|_| admission.link(6_000, &site, &client("")).is_ok()), "unknown: not counted");
    }

    #[test]
    fn limit_1_of_messages_that_come_together_the_first_ones_are_taken() {
        let (site, conversation) = names();
        let mut admission = Admission::default();
        let ada = client("10.0.0.1");
        let mut take = |now, count| admission.messages(now, (&site, &conversation), &ada, count, false);
        let too_many =
            |taken, retry_after_ms| Err(TooMany { reason: "too-many-messages", taken, retry_after_ms });
        assert_eq!(take(0, 64), too_many(4, 0));
        assert_eq!(take(0, 1), too_many(0, 1_000));
        assert_eq!(take(2_000, 64), too_many(2, 0), "as many as were earned");
        assert_eq!(take(MINUTE, 4), Ok(()));
    }

    #[test]
    fn limit_1_a_conversation_more_is_refused_and_those_that_are_begun_go_on() {
        let (site, _) = names();
        let mut admission = Admission::default();
        let mut begin = |address: &str, name: &str, begins| {
            let conversation = ConversationId::parse(name).unwrap();
            let taken = admission.messages(0, (&site, &conversation), &client(address), 1, begins);
            taken.map_err(|too_many| too_many.reason)
        };
        assert_eq!(begin("10.0.0.1", "a", true), Ok(()));
        assert_eq!(begin("10.0.0.1", "b", true), Err("too-many-conversations"));
        assert_eq!(begin("10.0.0.1", "a", false), Ok(()));
        assert_eq!(begin("10.0.0.2", "c", true), Ok(()));
        assert_eq!(begin("10.0.0.3", "d", true), Ok(()));
        assert_eq!(begin("10.0.0.4", "e", true), Err("too-many-conversations"), "the site's own limit");
    }

    #[test]
    fn limit_1_any_numbers_in_the_settings_are_borne() {
        let (site, _) = names();
        for (at_once, per_minute) in [(0, 0), (u64::MAX, 0), (0, u64::MAX), (u64::MAX, u64::MAX)] {
            let mut admission = Admission::default();
            let mut client = client("10.0.0.1");
            client.limits.links_per_address = Rate { at_once, per_minute };
            let taken = admission.link(1_800_000_000_000, &site, &client);
            assert_eq!(taken.is_ok(), at_once > 0, "{at_once} {per_minute}");
        }
    }

    #[test]
    fn limit_1_who_was_quiet_is_forgotten() {
        let (site, _) = names();
        let mut admission = Admission::default();
        for n in 0..MAX_WATCHED {
            let client = client(&format!("10.{}.{}.{}", n >> 16, (n >> 8) & 255, n & 255));
            assert!(admission.link(0, &site, &client).is_ok());
        }
        assert_eq!(admission.earned_at_us.len(), MAX_WATCHED);
        assert!(admission.link(10, &site, &client("11.0.0.1")).is_ok(), "no room: not counted");
        let (conversation, mut busy) = (ConversationId::parse("c").unwrap(), client("11.0.0.1"));
        busy.limits.messages_per_site = Rate { at_once: 1, per_minute: 1 };
        let mut say = || admission.messages(20, (&site, &conversation), &busy, 1, false);
        assert!(say().is_ok() && say().is_err(), "the site's own rate holds without room");
        assert!(admission.link(5 * MINUTE, &site, &client("11.0.0.1")).is_ok());
        assert_eq!(admission.earned_at_us.len(), 1);
    }

    #[test]
    fn an_address_is_what_one_household_or_machine_has() {
        for (text, address) in [
            ("192.0.2.7", "192.0.2.7"),
            ("192.0.2.7:51000", "192.0.2.7"),
            ("::ffff:192.0.2.7", "192.0.2.7"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
            ("[2001:db8:1:2:3:4:5:6]:443", "2001:db8:1:2::"),
            ("198.51.100.1, 192.0.2.7", "192.0.2.7"),
            ("unknown", ""),
            ("", ""),
        ] {
            assert_eq!(address_of(text), address, "{text}");
        }
    }

    #[test]
    fn limit_1_posts_for_links_and_wishes_to_be_forgotten_have_a_rate_by_address() {
        let (mut admission, site) = (Admission::default(), SiteId::parse("demo").unwrap());
        let client = |address: &str| Client { address: address.into(), ..Client::default() };
        let (one, other) = (client("192.0.2.7"), client("192.0.2.8"));
        assert!((0..3_000).all(|_| admission.post(0, &site, &one).is_ok()));
        assert_eq!(admission.post(0, &site, &one).unwrap_err().reason, "too-fast");
        assert!(admission.post(0, &site, &other).is_ok() && admission.post(4, &site, &one).is_ok());
        assert!((0..100).all(|_| admission.wish(0, &site, &one).is_ok()));
        let refused = admission.wish(0, &site, &one).unwrap_err();
        assert_eq!((refused.reason, refused.retry_after_ms), ("too-many-conversations", 3_000));
        assert!(admission.wish(0, &site, &other).is_ok() && admission.wish(3_000, &site, &one).is_ok());
    }

    #[test]
    fn site_1_questions_about_sites_that_are_not_there_are_counted_by_address_and_in_all_and_others_are_not()
    {
        let mut admission = Admission::default();
        for _ in 0..10_000 {
            assert_eq!(admission.lookup(0, "192.0.2.7"), Ok(()));
            admission.found("192.0.2.7");
        }
        assert!((0..20).all(|_| admission.lookup(0, "192.0.2.7").is_ok()));
        let refused = admission.lookup(0, "192.0.2.7").unwrap_err();
        assert_eq!((refused.reason, refused.retry_after_ms), ("too-many-unknown-sites", 3_000));
        let others = (0..1_000).filter(|n| admission.lookup(0, &format!("198.51.100.{n}")).is_ok()).count();
        assert_eq!(others, 80, "a hundred in all");
        assert_eq!(
            admission.lookup(0, "").unwrap_err().retry_after_ms,
            200,
            "also of whom nobody knows where"
        );
        assert!(
            admission.lookup(200, "203.0.113.1").is_ok() && admission.lookup(200, "203.0.113.2").is_err()
        );
        admission.found("203.0.113.1");
        assert!(admission.lookup(200, "203.0.113.2").is_ok());
    }

    #[test]
    fn limit_1_a_proxy_is_nobody_who_is_limited() {
        for text in
            ["127.0.0.1:51000", "10.1.2.3", "192.168.0.9", "[::1]:443", "fd00::1", "::ffff:127.0.0.1", "?"]
        {
            assert_eq!(public_address_of(text), "", "{text}");
        }
        assert_eq!(public_address_of("192.0.2.7:51000"), "192.0.2.7");
        assert_eq!(public_address_of("[2001:db8:1:2:3:4:5:6]:443"), "2001:db8:1:2::");
    }
}
