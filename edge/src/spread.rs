//! How reconnects are spread (SPREAD-1): after a drop of everybody all clients come back at the rate that the edge admits, those
//! who chat first. A client keeps what it was last told, so what counts is not how many links are open now but how
//! many there have been: a mark that rises in steps, is stored, and halves with each quiet day.
//!
//! In the memory of one isolate: on one machine that is everybody, on a network of many isolates each one spreads those
//! whose objects live in it.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use shared::Millis;
use shared::frame::Spread;

use crate::arrivals::LINKS_PER_S;

/// With so few links everybody comes back within 2 s, which is the least that is told (anchor of [`Spread`]'s default).
const LEAST_LINKS: u64 = 2 * LINKS_PER_S;
/// More than an edge has; a stored number beyond it is a mistake, and would keep everybody away for hours.
const MOST_LINKS: u64 = 10_000_000;
/// A mark that is filled to so much rises. The rest is for chance: of 2,000 that are expected in a second, 2,100 come now
/// and then.
const FILLED_PERCENT: u64 = 95;
/// Without so many links the mark halves in this time.
const HALVES_AFTER_MS: Millis = 24 * 3_600_000;
/// Links that are told again for each new one while the crowd outgrows its mark. Before a mark doubles again as many are new
/// as were behind, so one would keep the rate. Those who do not chat must also hear in time of the mark of those who do,
/// to let them go first: where a tenth chats, their mark doubles at 76,000 links, and 100,000 must not find most untold.
const TOLD_AGAIN_PER_LINK: u64 = 4;
/// Holders passed over in one call because what they were told is enough.
const MOST_PASSED_OVER: usize = 64;

/// The most links that there were lately.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HighWater {
    pub chatting: Mark,
    pub others: Mark,
}

/// Twice as many with each step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    pub links: u64,
    /// When there were last so many.
    pub at_ms: Millis,
}

impl HighWater {
    /// Whether this is worth a row where `stored` is: at most once per doubling, and once per day of a steady crowd.
    pub fn outgrows(&self, now: Millis, stored: &HighWater) -> bool {
        self.chatting.now(now) > stored.chatting.now(now) || self.others.now(now) > stored.others.now(now)
    }
}

impl Mark {
    fn now(&self, now: Millis) -> u64 {
        let halvings = now.saturating_sub(self.at_ms) / HALVES_AFTER_MS;
        (self.links >> halvings.min(63)).max(LEAST_LINKS)
    }

    /// Takes note of so many links; true where the mark had to rise.
    fn see(&mut self, now: Millis, links: u64) -> bool {
        let before = self.now(now);
        let mut needed = LEAST_LINKS;
        while links * 100 > needed * FILLED_PERCENT {
            needed *= 2;
        }
        if needed >= before {
            *self = Mark { links: needed, at_ms: now };
        }
        needed > before
    }

    fn recall(&mut self, now: Millis, stored: Mark) {
        let stored = Mark { links: stored.links.min(MOST_LINKS), at_ms: stored.at_ms.min(now) };
        if stored.now(now) > self.now(now) {
            *self = stored;
        }
    }

    fn spread_ms(&self, now: Millis) -> Millis {
        self.now(now) * 1_000 / LINKS_PER_S
    }
}

/// All links of this isolate, by whoever holds them: `K` names an object.
pub struct Crowd<K> {
    high_water: HighWater,
    holders: BTreeMap<K, Holder>,
    chatting: u64,
    others: u64,
    /// Counts the marks' rises: who was told before the last one may be behind.
    rises: u32,
    by_rises: BTreeSet<(u32, K)>,
    /// Links that may be told again now.
    allowance: u64,
}

struct Holder {
    links: u64,
    chatting: bool,
    told: Spread,
    /// As many had there been when it was told.
    rises: u32,
}

impl<K> Default for Crowd<K> {
    fn default() -> Crowd<K> {
        Crowd {
            high_water: HighWater::default(),
            holders: BTreeMap::new(),
            chatting: 0,
            others: 0,
            rises: 0,
            by_rises: BTreeSet::new(),
            allowance: 0,
        }
    }
}

impl<K: Ord + Clone> Crowd<K> {
    /// What was stored before a restart, so that those who are welcomed first are told of the whole crowd.
    pub fn recall(&mut self, now: Millis, stored: &HighWater) {
        self.high_water.chatting.recall(now, stored.chatting);
        self.high_water.others.recall(now, stored.others);
    }

    pub fn high_water(&self) -> &HighWater {
        &self.high_water
    }

    pub fn spread(&self, now: Millis) -> Spread {
        let HighWater { chatting, others } = &self.high_water;
        Spread { chatting_ms: chatting.spread_ms(now), others_ms: others.spread_ms(now) }
    }

    /// What a welcome tells, and whether the links that `who` has already must be told, too.
    pub fn greets(&mut self, now: Millis, who: &K) -> (Spread, bool) {
        self.look(now);
        let again = self.tell(now, who);
        (self.spread(now), again)
    }

    /// How many links `who` has now.
    pub fn counts(&mut self, now: Millis, who: K, links: u64, chatting: bool) {
        let former = self.forget(&who);
        let (had, chatted) = former.as_ref().map_or((0, false), |holder| (holder.links, holder.chatting));
        if links > 0 {
            let (told, rises) =
                former.map_or_else(|| (self.spread(now), self.rises), |holder| (holder.told, holder.rises));
            *self.total(chatting) += links;
            self.by_rises.insert((rises, who.clone()));
            self.holders.insert(who, Holder { links, chatting, told, rises });
        }
        let begun = if chatting && !chatted { links } else { links.saturating_sub(had) };
        self.allowance = self.allowance.saturating_add(begun * TOLD_AGAIN_PER_LINK);
        self.look(now);
    }

    /// Whose links are to be told again (SPREAD-2): of those who are behind, as many as the crowd grows by, twice, so that
    /// growth costs a steady trickle of calls and a crowd below its mark none.
    pub fn outgrown(&mut self, now: Millis) -> Option<K> {
        for _ in 0..MOST_PASSED_OVER {
            let first = self.by_rises.first().filter(|(rises, _)| *rises < self.rises);
            let Some(who) = first.map(|(_, who)| who.clone()) else {
                // Nobody is behind: nothing is saved up for the next time.
                self.allowance = 0;
                return None;
            };
            let links = self.holders.get(&who).map_or(0, |holder| holder.links);
            if self.allowance == 0 {
                return None;
            }
            if self.tell(now, &who) {
                self.allowance = self.allowance.saturating_sub(links);
                return Some(who);
            }
        }
        None
    }

    /// Marks it as told; true where it had been told too little.
    fn tell(&mut self, now: Millis, who: &K) -> bool {
        let (spread, rises) = (self.spread(now), self.rises);
        let Some(holder) = self.holders.get_mut(who) else { return false };
        self.by_rises.remove(&(holder.rises, who.clone()));
        self.by_rises.insert((rises, who.clone()));
        holder.rises = rises;
        // Those who chat do not wait for the others, so how long these take is nothing to them.
        let behind = holder.told.chatting_ms < spread.chatting_ms
            || !holder.chatting && holder.told.others_ms < spread.others_ms;
        if behind {
            holder.told = spread;
        }
        behind
    }

    fn forget(&mut self, who: &K) -> Option<Holder> {
        let holder = self.holders.remove(who)?;
        self.by_rises.remove(&(holder.rises, who.clone()));
        *self.total(holder.chatting) -= holder.links;
        Some(holder)
    }

    fn total(&mut self, chatting: bool) -> &mut u64 {
        if chatting { &mut self.chatting } else { &mut self.others }
    }

    fn look(&mut self, now: Millis) {
        let chatting = self.high_water.chatting.see(now, self.chatting);
        let others = self.high_water.others.see(now, self.others);
        self.rises += u32::from(chatting || others);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: Millis = HALVES_AFTER_MS;

    fn spread(chatting_ms: Millis, others_ms: Millis) -> Spread {
        Spread { chatting_ms, others_ms }
    }

    /// A crowd, and what each of its clients has heard.
    #[derive(Default)]
    struct Heard {
        crowd: Crowd<u64>,
        clients: BTreeMap<u64, (Spread, bool)>,
        told_again: u64,
    }

    impl Heard {
        /// A new client, or one that begins to chat.
        fn comes(&mut self, now: Millis, who: u64, chatting: bool) {
            let (spread, _) = self.crowd.greets(now, &who);
            let told = self.clients.entry(who).or_insert((spread, chatting));
            told.1 = chatting;
            self.crowd.counts(now, who, 1, chatting);
            let before = self.told_again;
            while let Some(behind) = self.crowd.outgrown(now) {
                self.told_again += 1;
                if let Some(told) = self.clients.get_mut(&behind) {
                    told.0 = self.crowd.spread(now);
                }
            }
            // Nothing is saved up: a doubling is no wave of calls.
            assert!(self.told_again - before <= TOLD_AGAIN_PER_LINK, "at {who}");
        }

        /// If all were dropped now: the most that would come in a second, as a share of what is admitted.
        fn busiest(&self) -> f64 {
            let mut changes: BTreeMap<Millis, f64> = BTreeMap::new();
            for (Spread { chatting_ms, others_ms }, chatting) in self.clients.values() {
                let (begin, end) =
                    if *chatting { (0, *chatting_ms) } else { (*chatting_ms, chatting_ms + others_ms) };
                let per_s = 1_000.0 / (end - begin) as f64 / LINKS_PER_S as f64;
                *changes.entry(begin).or_default() += per_s;
                *changes.entry(end).or_default() -= per_s;
            }
            let mut now = 0.0;
            let busy = changes.values().map(|change| {
                now += change;
                now
            });
            busy.fold(0.0, f64::max)
        }
    }

    #[test]
    fn spread_1_who_chats_and_who_does_not_get_as_long_as_the_edge_needs_for_them() {
        let mut crowd = Crowd::default();
        assert_eq!(crowd.spread(0), spread(2_000, 2_000), "the least");
        crowd.counts(0, "chats", 10_000, true);
        crowd.counts(0, "others", 90_000, false);
        // 10,000 need 5 s at 2,000 a second, 90,000 need 45 s; marks are 4,000, 8,000, 16,000 …
        assert_eq!(crowd.spread(0), spread(8_000, 64_000));
        crowd.counts(0, "chats", 0, true);
        crowd.counts(0, "others", 0, false);
        assert_eq!(crowd.spread(0), spread(8_000, 64_000), "they will be back");
    }

    #[test]
    fn spread_1_a_mark_is_left_some_room_for_chance() {
        let mut crowd = Crowd::default();
        crowd.counts(0, 1, 3_800, false);
        assert_eq!(crowd.spread(0), spread(2_000, 2_000));
        crowd.counts(0, 2, 1, false);
        assert_eq!(crowd.spread(0), spread(2_000, 4_000));
    }

    #[test]
    fn spread_1_the_first_one_after_a_restart_is_told_of_the_whole_crowd() {
        let mut before = Crowd::default();
        before.counts(5, 1, 100_000, false);
        let stored = *before.high_water();
        let mut after = Crowd::default();
        after.recall(60_000, &stored);
        assert_eq!(after.greets(60_000, &1), (spread(2_000, 64_000), false));
        after.recall(60_000, &HighWater::default());
        assert_eq!(after.spread(60_000), spread(2_000, 64_000), "another site has stored less");
    }

    #[test]
    fn spread_1_a_mark_halves_with_each_day_without_so_many_and_not_with_others() {
        let mut crowd = Crowd::default();
        crowd.counts(0, 1, 100_000, false);
        crowd.counts(0, 1, 0, false);
        let after = |days: u64, ms: Millis| crowd.spread(days * DAY + ms).others_ms;
        assert_eq!(
            [after(0, DAY - 1), after(1, 0), after(2, 0), after(500, 0)],
            [64_000, 32_000, 16_000, 2_000]
        );
        for day in 0..100 {
            crowd.counts(day * DAY, 1, 100_000, false);
            assert_eq!(crowd.spread(day * DAY + DAY - 1).others_ms, 64_000);
            crowd.counts(day * DAY + DAY / 3, 1, 40, false);
        }
    }

    #[test]
    fn spread_1_a_mark_is_stored_once_for_each_doubling_and_once_for_each_day_of_a_crowd() {
        let (mut crowd, mut stored, mut rows) = (Crowd::default(), HighWater::default(), 0);
        let mut links = |crowd: &mut Crowd<u8>, now, links| {
            crowd.counts(now, 1, links, false);
            if crowd.high_water().outgrows(now, &stored) {
                (stored, rows) = (*crowd.high_water(), rows + 1);
            }
            rows
        };
        for n in 1..=100_000 {
            links(&mut crowd, n, n);
        }
        assert_eq!(links(&mut crowd, 100_000, 99_000), 5, "8,000, 16,000, 32,000, 64,000, 128,000");
        for hour in 1..=240 {
            links(&mut crowd, 100_000 + hour * DAY / 24, 100_000 - hour % 2);
        }
        assert_eq!(links(&mut crowd, 100_000 + 10 * DAY, 100_000), 15);
        assert_eq!(links(&mut crowd, 100_000 + 40 * DAY, 10), 15, "a quiet one is left as it is");
    }

    #[test]
    fn spread_1_a_stored_mark_beyond_reason_keeps_nobody_away_for_hours() {
        let mut crowd: Crowd<u8> = Crowd::default();
        let wrong = Mark { links: u64::MAX, at_ms: u64::MAX };
        crowd.recall(1_000, &HighWater { chatting: wrong, others: wrong });
        assert_eq!(crowd.spread(1_000), spread(5_000_000, 5_000_000));
        assert_eq!(crowd.spread(1_000 + DAY), spread(2_500_000, 2_500_000), "and it halves from now on");
    }

    /// Of 100,000 who came one by one, the first ones were told 2 s and the last ones 50: they came back 4.2 times too fast.
    #[test]
    fn spread_2_a_crowd_that_grows_is_told_again_and_never_comes_back_faster_than_the_edge_admits() {
        for percent in [0, 10, 50, 100] {
            let (mut heard, mut busiest) = (Heard::default(), 0.0_f64);
            for who in 0..32_000 {
                heard.comes(who, who, who % 100 < percent);
                if who % 1_600 == 0 {
                    busiest = busiest.max(heard.busiest());
                }
            }
            assert!(busiest < 1.0, "{percent} % chat: {busiest:.3}");
            assert!(
                heard.told_again < 2 * 32_000,
                "each of them twice at most, in the end: {}",
                heard.told_again
            );
        }
    }

    #[test]
    fn spread_2_below_its_mark_nobody_is_told_again() {
        let mut before = Heard::default();
        (0..10_000).for_each(|who| before.comes(who, who, false));
        assert!(before.told_again > 0);
        let mut after = Heard::default();
        after.crowd.recall(20_000, before.crowd.high_water());
        (0..10_000).for_each(|who| after.comes(20_000, who, false));
        assert_eq!(after.told_again, 0);
    }

    #[test]
    fn spread_2_how_long_the_others_take_is_nothing_to_those_who_chat() {
        let mut crowd = Crowd::default();
        (0..1_000).for_each(|who| crowd.counts(0, who, 1, true));
        crowd.counts(0, 1_000, 1, false);
        crowd.counts(0, 2_000, 3_900, false);
        assert_eq!(crowd.outgrown(0), None, "of the many only some are looked at");
        let looked_at = |crowd: &Crowd<u64>| crowd.by_rises.iter().filter(|(rises, _)| *rises == 1).count();
        assert_eq!(looked_at(&crowd), MOST_PASSED_OVER);
        let told: Vec<u64> = (0..20).filter_map(|_| crowd.outgrown(0)).collect();
        assert_eq!(told, [1_000, 2_000]);
    }

    #[test]
    fn spread_2_a_link_more_finds_out_that_the_others_of_its_object_are_behind() {
        let mut crowd = Crowd::default();
        crowd.counts(0, 1, 1, false);
        crowd.counts(0, 2, 50_000, false);
        assert_eq!(crowd.greets(0, &1), (spread(2_000, 32_000), true));
        assert_eq!(crowd.greets(0, &1), (spread(2_000, 32_000), false), "told once");
    }
}
