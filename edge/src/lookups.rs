//! What an isolate knows of sites, and who may ask where it knows nothing: one at a time for each site, however many come
//! (SITE-1). Sites that are there and ids that somebody has made up are kept apart, so that no number of the second kind
//! pushes one of the first out.

use std::collections::HashMap;

use shared::Millis;
use shared::id::SiteId;

/// How long an answer is kept.
const FRESH_MS: Millis = 2_000;
/// Sites that an isolate remembers, and as many ids without one. Of more, the one is forgotten that was asked about longest ago.
const MAX_SITES: usize = 1_000;
/// So many wait for one answer. What comes on top is told at once to come again.
const MAX_WAITING: u64 = 2_000;

pub struct Lookups<T> {
    known: Kept<T>,
    unknown: Kept<T>,
    asked: HashMap<SiteId, Asked>,
    /// A question that has not been answered for so long is over: whoever asked may have hung up, and ends without a word.
    question_ms: Millis,
}

/// When an answer came, and what it was.
type Kept<T> = HashMap<SiteId, (Millis, T)>;

/// A first question that is under way.
#[derive(Clone, Copy)]
struct Asked {
    since: Millis,
    waiting: u64,
}

#[derive(Debug, PartialEq, Eq)]
pub enum Look<T> {
    Fresh(T),
    /// To be asked for again by whoever gets this, and by nobody else for a while, also if that fails: a site that is
    /// slow must not be asked by every handshake.
    Stale(T),
    /// To be asked for by whoever gets this; the others wait.
    Nothing,
    /// Somebody asks. Look again.
    Wait,
    /// Too many wait already.
    Full,
}

impl<T: Clone> Lookups<T> {
    pub fn new(question_ms: Millis) -> Lookups<T> {
        Lookups { known: HashMap::new(), unknown: HashMap::new(), asked: HashMap::new(), question_ms }
    }

    /// `waits`: it was told to before.
    pub fn look(&mut self, now: Millis, site: &SiteId, waits: bool) -> Look<T> {
        if let Some((at, kept)) = self.known.get_mut(site) {
            if is_within(now, *at, FRESH_MS) {
                return Look::Fresh(kept.clone());
            }
            *at = now;
            return Look::Stale(kept.clone());
        }
        match self.unknown.get(site) {
            Some((at, kept)) if is_within(now, *at, FRESH_MS) => return Look::Fresh(kept.clone()),
            _ => {}
        }
        match self.asked.get_mut(site) {
            Some(asked) if is_within(now, asked.since, self.question_ms) => {
                asked.waiting += u64::from(!waits);
                if asked.waiting > MAX_WAITING && !waits { Look::Full } else { Look::Wait }
            }
            _ => Look::Nothing,
        }
    }

    /// Whoever got [`Look::Nothing`] asks now.
    pub fn asks(&mut self, now: Millis, site: &SiteId) {
        let limit_ms = self.question_ms;
        self.asked.retain(|_, asked| is_within(now, asked.since, limit_ms));
        self.asked.insert(site.clone(), Asked { since: now, waiting: 0 });
    }

    /// What came of a question; `is_known`: the site is there.
    pub fn learn(&mut self, now: Millis, site: &SiteId, answer: T, is_known: bool) {
        self.asked.remove(site);
        let (to, from) = match is_known {
            true => (&mut self.known, &mut self.unknown),
            false => (&mut self.unknown, &mut self.known),
        };
        from.remove(site);
        if to.len() >= MAX_SITES && !to.contains_key(site) {
            let oldest = to.iter().min_by_key(|(_, (at, _))| *at).map(|(site, _)| site.clone());
            oldest.and_then(|site| to.remove(&site));
        }
        to.insert(site.clone(), (now, answer));
    }

    /// What was last said of a site that is there, however old: nobody waits for it.
    pub fn last(&self, site: &SiteId) -> Option<&T> {
        self.known.get(site).map(|(_, kept)| kept)
    }
}

/// A clock that was set back makes nothing last longer.
fn is_within(now: Millis, since: Millis, ms: Millis) -> bool {
    now >= since && now < since + ms
}

#[cfg(test)]
mod tests {
    use super::*;

    fn site(name: &str) -> SiteId {
        SiteId::parse(name).unwrap()
    }

    fn lookups() -> Lookups<&'static str> {
        Lookups::new(5_000)
    }

    #[test]
    fn a_site_that_does_not_answer_is_asked_once_in_a_while_and_not_by_everybody() {
        let (mut sites, site) = (lookups(), site("demo"));
        assert_eq!(sites.look(0, &site, false), Look::Nothing);
        sites.learn(0, &site, "old", true);
        let asked = (0..10_000).filter(|now| sites.look(*now, &site, false) == Look::Stale("old")).count();
        assert_eq!(asked, 4, "every other second");
        sites.learn(10_000, &site, "new", true);
        assert_eq!(sites.look(10_001, &site, false), Look::Fresh("new"));
    }

    #[test]
    fn site_1_the_first_question_about_a_site_is_asked_by_one_and_the_others_wait_for_its_answer() {
        let (mut sites, slow) = (lookups(), site("slow"));
        assert_eq!(sites.look(0, &slow, false), Look::Nothing);
        sites.asks(0, &slow);
        assert!((0..1_000).all(|_| sites.look(1, &slow, false) == Look::Wait));
        assert!((0..9_000).all(|_| sites.look(2, &slow, true) == Look::Wait), "whoever waits looks again");
        assert!((0..1_000).all(|_| sites.look(3, &slow, false) == Look::Wait));
        assert_eq!(sites.look(3, &slow, false), Look::Full, "every line has an end");
        assert_eq!(sites.look(3, &site("other"), false), Look::Nothing, "another site is asked meanwhile");
        sites.learn(900, &slow, "there", true);
        assert_eq!(sites.look(901, &slow, true), Look::Fresh("there"));
    }

    /// On workerd the request of whoever hangs up ends without a word.
    #[test]
    fn site_1_a_question_that_is_never_answered_is_asked_again_by_the_next_one() {
        let (mut sites, slow) = (lookups(), site("slow"));
        sites.asks(1_000, &slow);
        assert_eq!(sites.look(5_999, &slow, true), Look::Wait);
        assert_eq!(sites.look(6_000, &slow, true), Look::Nothing);
        sites.asks(6_000, &slow);
        assert_eq!(sites.look(6_001, &slow, true), Look::Wait);
        assert_eq!(sites.look(500, &slow, true), Look::Nothing, "a clock that was set back");
    }

    #[test]
    fn site_1_what_could_not_be_had_is_not_asked_for_again_at_once() {
        let (mut sites, far) = (lookups(), site("far"));
        sites.asks(0, &far);
        sites.learn(10, &far, "not yet", false);
        assert_eq!(sites.look(2_009, &far, false), Look::Fresh("not yet"));
        assert_eq!(sites.look(2_010, &far, false), Look::Nothing);
        assert_eq!(sites.last(&far), None);
    }

    /// A few hundred made-up ids a second once emptied what was known of everybody.
    #[test]
    fn site_1_no_number_of_made_up_ids_pushes_a_site_out() {
        let (mut sites, demo) = (lookups(), site("demo"));
        sites.learn(0, &demo, "there", true);
        for number in 0..10_000 {
            let made_up = site(&format!("x{number}"));
            sites.asks(1, &made_up);
            sites.learn(1, &made_up, "no such site", false);
        }
        assert_eq!(sites.look(1, &demo, false), Look::Fresh("there"));
        assert_eq!((sites.known.len(), sites.unknown.len(), sites.asked.len()), (1, MAX_SITES, 0));
        // Of too many that are there, the one that was asked about longest ago is forgotten.
        for number in 0..MAX_SITES {
            sites.learn(2, &site(&format!("s{number}")), "there", true);
        }
        assert_eq!(sites.known.len(), MAX_SITES);
        assert_eq!((sites.last(&demo), sites.last(&site("s0"))), (None, Some(&"there")));
    }

    #[test]
    fn site_1_a_site_that_is_no_more_is_no_longer_known_and_one_that_is_new_is() {
        let (mut sites, demo) = (lookups(), site("demo"));
        sites.learn(0, &demo, "there", true);
        sites.learn(1, &demo, "no such site", false);
        assert_eq!(sites.last(&demo), None);
        assert_eq!(sites.look(2, &demo, false), Look::Fresh("no such site"));
        sites.learn(3, &demo, "there", true);
        assert_eq!(sites.last(&demo), Some(&"there"));
        assert_eq!(sites.look(4, &demo, false), Look::Fresh("there"));
    }
}
