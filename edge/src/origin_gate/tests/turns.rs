//! Whose turn it is.

use shared::Millis;
use shared::id::{ConversationId, SiteId};

use super::super::Key;
use super::super::deciding::OLD_MS;
use super::super::turns::*;

fn key(site: &str, conversation: usize) -> Key {
    Key {
        site: SiteId::parse(site).unwrap(),
        conversation: ConversationId::parse(&format!("c{conversation}")).unwrap(),
    }
}

#[test]
fn pace_2_a_site_with_a_thousand_waiting_takes_every_second_turn_beside_one_with_ten() {
    let mut turns = Turns::default();
    for conversation in 0..1_000 {
        turns.spoke(0, key("big", conversation));
    }
    for conversation in 0..10 {
        turns.spoke(0, key("small", conversation));
    }
    let first: Vec<Key> = (0..20).filter_map(|_| turns.take(0)).collect();
    let small = first.iter().filter(|key| key.site.as_str() == "small").count();
    assert_eq!(small, 10);
    assert_eq!(turns.len(), 990);
}

fn order(turns: &mut Turns, now: Millis) -> Vec<Key> {
    std::iter::from_fn(|| turns.take(now)).collect()
}

fn demo(conversations: &[usize]) -> Vec<Key> {
    conversations.iter().map(|conversation| key("demo", *conversation)).collect()
}

/// In a crowded second the last one in line had to wait for as long as others came, 2 s and more.
#[test]
fn pace_2_a_short_line_is_first_come_first_served() {
    let mut turns = Turns::default();
    for conversation in 0..8 {
        turns.spoke(conversation as Millis * 100, key("demo", conversation));
    }
    assert_eq!(order(&mut turns, OLD_MS), demo(&[0, 1, 2, 3, 4, 5, 6, 7]));
}

#[test]
fn pace_2_in_a_long_line_three_turns_go_to_the_latest_words_and_one_to_the_oldest() {
    let mut turns = Turns::default();
    for conversation in 0..8 {
        turns.spoke(0, key("demo", conversation));
    }
    assert_eq!(order(&mut turns, OLD_MS + 1), demo(&[7, 6, 5, 0, 4, 3, 2, 1]));
}

#[test]
fn pace_2_a_site_with_a_long_line_changes_nothing_for_another_one() {
    let mut turns = Turns::default();
    for conversation in 0..4 {
        turns.spoke(0, key("late", conversation));
        turns.spoke(3_000, key("quick", conversation));
    }
    let order = order(&mut turns, OLD_MS + 1);
    let quick: Vec<Key> = order.into_iter().filter(|key| key.site.as_str() == "quick").collect();
    assert_eq!(quick, [0, 1, 2, 3].map(|conversation| key("quick", conversation)));
}

#[test]
fn what_has_failed_waits_behind_all_others() {
    let mut turns = Turns::default();
    turns.put_back(0, key("demo", 9));
    turns.spoke(0, key("demo", 1));
    turns.spoke(0, key("demo", 2));
    assert_eq!(order(&mut turns, OLD_MS), demo(&[1, 2, 9]));
}

#[test]
fn everybody_gets_a_turn() {
    let mut turns = Turns::default();
    for conversation in 0..100 {
        turns.spoke(0, key(["a", "b", "c"][conversation % 3], conversation));
    }
    let mut seen: Vec<Key> = std::iter::from_fn(|| turns.take(0)).collect();
    seen.sort();
    seen.dedup();
    assert_eq!((seen.len(), turns.len()), (100, 0));
    assert_eq!(turns.take(0), None);
}
