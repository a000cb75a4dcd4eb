//! Whose turn it is.

use shared::id::{ConversationId, SiteId};

use super::super::Key;
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
        turns.spoke(key("big", conversation));
    }
    for conversation in 0..10 {
        turns.spoke(key("small", conversation));
    }
    let first: Vec<Key> = (0..20).filter_map(|_| turns.take()).collect();
    let small = first.iter().filter(|key| key.site.as_str() == "small").count();
    assert_eq!(small, 10);
    assert_eq!(turns.len(), 990);
}

#[test]
fn three_turns_go_to_the_latest_words_and_one_to_the_oldest() {
    let mut turns = Turns::default();
    for conversation in 0..8 {
        turns.spoke(key("demo", conversation));
    }
    let order: Vec<Key> = std::iter::from_fn(|| turns.take()).collect();
    let expected = [7, 6, 5, 0, 4, 3, 2, 1].map(|conversation| key("demo", conversation));
    assert_eq!(order, expected);
}

#[test]
fn what_has_failed_waits_behind_all_others() {
    let mut turns = Turns::default();
    turns.put_back(key("demo", 9));
    turns.spoke(key("demo", 1));
    turns.spoke(key("demo", 2));
    let order: Vec<Key> = std::iter::from_fn(|| turns.take()).collect();
    assert_eq!(order, [key("demo", 2), key("demo", 1), key("demo", 9)]);
}

#[test]
fn everybody_gets_a_turn() {
    let mut turns = Turns::default();
    for conversation in 0..100 {
        turns.spoke(key(["a", "b", "c"][conversation % 3], conversation));
    }
    let mut seen: Vec<Key> = std::iter::from_fn(|| turns.take()).collect();
    seen.sort();
    seen.dedup();
    assert_eq!((seen.len(), turns.len()), (100, 0));
    assert_eq!(turns.take(), None);
}
