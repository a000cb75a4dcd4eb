//! A site on a virtual clock, with consoles, conversations and the gate played by the test.

use super::*;
use crate::silence::SILENT_MS;
use shared::frame::Hello;

fn site() -> Site {
    Site::restore(SiteId::parse("demo").unwrap(), Stored::default(), vec![], vec![])
}

fn greet(site: &mut Site, now: Millis, link: u64, agent: &str) {
    let link = LinkId(link);
    site.handle(now, Input::Opened { link, agent: AgentId::parse(agent).unwrap(), until_ms: None });
    site.handle(now, Input::Frames { link, frames: vec![ClientFrame::Hello(Hello::default())] });
}

fn summary(conversation: &str, at_ms: Millis) -> Summary {
    Summary {
        conversation: ConversationId::parse(conversation).unwrap(),
        name: String::new(),
        last_seq: at_ms,
        author: Author::Visitor,
        text: "Hello".into(),
        at_ms,
        unread: 1,
        present: true,
    }
}

fn outputs(site: &mut Site) -> Vec<Output> {
    std::iter::from_fn(|| site.poll_output()).collect()
}

fn pushes(outputs: &[Output]) -> Vec<u64> {
    let push = |output: &Output| match output {
        Output::Push { notice, .. } => Some(notice.agents),
        _ => None,
    };
    outputs.iter().filter_map(push).collect()
}

#[test]
fn spread_2_consoles_are_told_of_a_crowd_that_grows_and_spread_1_its_size_is_stored_once_a_step() {
    let mut site = site();
    greet(&mut site, 0, 1, "ada");
    outputs(&mut site);
    let mut crowd = crate::spread::Crowd::default();
    let mut grow = |site: &mut Site, links| {
        crowd.counts(5, 1, links, false);
        site.handle(5, Input::Spread { spread: crowd.spread(5), high_water: *crowd.high_water() });
        outputs(site)
    };
    assert_eq!(grow(&mut site, 3_000), []);
    let told = grow(&mut site, 9_000);
    let spread = Spread { chatting_ms: 2_000, others_ms: 8_000 };
    assert_eq!(told[0], Output::Send(LinkId(1), EdgeFrame::Spread(spread)));
    let Output::Store(stored) = &told[1] else { panic!("{told:?}") };
    assert_eq!(stored.high_water.others.links, 16_000);
    for links in [9_001, 12_000, 10, 15_000] {
        assert_eq!(grow(&mut site, links), [], "{links}: within the step");
    }
    greet(&mut site, 6, 2, "grace");
    let welcomed = |output: &Output| match output {
        Output::Send(LinkId(2), EdgeFrame::Welcome(welcome)) => Some(welcome.spread),
        _ => None,
    };
    assert_eq!(outputs(&mut site).iter().find_map(welcomed), Some(spread));
    assert_eq!(site.greeted(), 2);
}

#[test]
fn an_agent_who_reloads_the_console_is_not_told_as_gone() {
    let mut site = site();
    site.handle(0, Input::Notified(summary("c", 1)));
    greet(&mut site, 0, 1, "ada");
    assert_eq!(pushes(&outputs(&mut site)), [1]);
    told(&mut site, 1_000, &[]);
    site.handle(10, Input::Closed { link: LinkId(1) });
    assert_eq!(site.poll_timeout(), Some(3_010));
    greet(&mut site, 900, 2, "ada");
    site.handle(3_010, Input::Timeout);
    assert!(pushes(&outputs(&mut site)).is_empty(), "back within the grace: nobody was told");
    site.handle(4_000, Input::Closed { link: LinkId(2) });
    site.handle(7_000, Input::Timeout);
    assert_eq!(pushes(&outputs(&mut site)), [0]);
}

/// An agent's laptop was shut: visitors went on reading that an agent was there, and the origin, too.
#[test]
fn link_7_a_console_that_died_silently_is_gone_for_visitors_and_for_the_origin() {
    let mut site = site();
    site.handle(0, Input::Notified(summary("c", 1)));
    greet(&mut site, 1_000, 1, "ada");
    greet(&mut site, 1_000, 2, "grace");
    told(&mut site, 2_000, &[]);
    outputs(&mut site);
    assert_eq!(site.look_at(), Some(1_000 + SILENT_MS));
    let now = 1_000 + SILENT_MS;
    assert!(site.silence().is_look_due(now));
    site.handle(now, Input::Heard(vec![(LinkId(1), now - 60_000), (LinkId(2), 500)]));
    assert_eq!(outputs(&mut site), [Output::Close(LinkId(2), CloseCode::SILENT)]);
    site.handle(now + AGENT_GRACE_MS, Input::Timeout);
    let after = outputs(&mut site);
    assert_eq!(pushes(&after), [1]);
    let ada = vec![AgentId::parse("ada").unwrap()];
    assert!(after.contains(&Output::TellConnected(ada)), "{after:?}");
    assert_eq!(site.look_at(), Some(now - 60_000 + SILENT_MS));
    site.handle(now + AGENT_GRACE_MS, Input::Closed { link: LinkId(1) });
    assert_eq!(site.look_at(), None, "nobody is there");
}

#[test]
fn link_7_consoles_that_died_silently_make_room_for_others() {
    let mut site = site();
    for link in 0..MAX_LINKS as u64 {
        greet(&mut site, 1_000, link, "ada");
    }
    let now = 1_000 + SILENT_MS;
    outputs(&mut site);
    site.handle(now, Input::Heard((1..MAX_LINKS as u64).map(|link| (LinkId(link), now)).collect()));
    greet(&mut site, now, 5_000, "grace");
    let refused = Output::Close(LinkId(5_000), CloseCode::TOO_MANY_LINKS);
    assert!(!outputs(&mut site).contains(&refused));
}

#[test]
fn link_1_a_console_that_is_gone_is_told_nothing() {
    let mut site = site();
    greet(&mut site, 0, 1, "ada");
    site.handle(1, Input::Closed { link: LinkId(1) });
    outputs(&mut site);
    let frames = vec![ClientFrame::Ping, ClientFrame::Hello(Hello::default())];
    site.handle(2, Input::Frames { link: LinkId(1), frames });
    assert_eq!(outputs(&mut site), []);
}

#[test]
fn forget_4_a_conversation_that_is_no_more_leaves_the_lists() {
    let mut site = site();
    greet(&mut site, 0, 1, "ada");
    site.handle(0, Input::Notified(summary("c", 1)));
    outputs(&mut site);
    let conversation = ConversationId::parse("c").unwrap();
    site.handle(1, Input::Gone(conversation.clone()));
    let told = outputs(&mut site);
    assert_eq!(told[0], Output::ForgetSummary(conversation.clone()));
    assert!(
        matches!(&told[1], Output::Send(_, EdgeFrame::Summary(line)) if line.last_seq == 0 && line.text.is_empty())
    );
    site.handle(2, Input::Gone(conversation));
    assert_eq!(outputs(&mut site), [], "told once");
}

#[test]
fn cost_5_a_line_is_told_at_once_and_stored_every_2_s() {
    let mut site = site();
    greet(&mut site, 0, 1, "ada");
    told(&mut site, 1_000, &[]);
    outputs(&mut site);
    let stored = |site: &mut Site| -> Vec<u64> {
        let line = |output| match output {
            Output::StoreSummary(line) => Some(line.last_seq),
            _ => None,
        };
        outputs(site).into_iter().filter_map(line).collect()
    };
    site.handle(1, Input::Notified(summary("c", 1)));
    assert_eq!(stored(&mut site), [1], "a new one at once");
    for at in 2..50 {
        site.handle(at, Input::Notified(summary("c", at)));
        let told = outputs(&mut site);
        assert!(matches!(&told[..], [Output::Send(_, EdgeFrame::Summary(_))]), "{told:?}");
    }
    assert_eq!(site.poll_timeout(), Some(2_002));
    site.handle(2_002, Input::Timeout);
    assert_eq!(stored(&mut site), [49]);
    assert_eq!(site.poll_timeout(), None);
}

#[test]
fn one_agent_with_two_consoles_counts_once() {
    let mut site = site();
    greet(&mut site, 0, 1, "ada");
    greet(&mut site, 0, 2, "ada");
    greet(&mut site, 0, 3, "grace");
    assert_eq!(site.notice().agents, 2);
}

#[test]
fn mode_2_every_notice_is_newer_than_those_before_it() {
    let mut site = site();
    site.handle(5, Input::Mode { mode: Mode::Holding, reason: "origin-unreachable".into() });
    let first = site.notice().version;
    site.handle(5, Input::Mode { mode: Mode::Normal, reason: String::new() });
    assert!(site.notice().version > first);
    outputs(&mut site);
    site.handle(6, Input::Mode { mode: Mode::Normal, reason: String::new() });
    assert_eq!(outputs(&mut site), [], "nothing new, nothing told");
}

#[test]
fn a_full_list_forgets_the_conversation_that_was_quiet_for_longest() {
    let mut site = site();
    for at in 1..=(MAX_SUMMARIES as u64 + 1) {
        site.handle(at, Input::Notified(summary(&format!("c{at}"), at)));
    }
    let forgotten: Vec<_> =
        outputs(&mut site).into_iter().filter(|o| matches!(o, Output::ForgetSummary(_))).collect();
    assert_eq!(forgotten, [Output::ForgetSummary(ConversationId::parse("c1").unwrap())]);
}

#[test]
fn mode_7_the_operators_word_wins_until_it_ends_and_no_longer_than_a_day() {
    let mut site = Site::restore(SiteId::parse("demo").unwrap(), Stored::default(), Vec::new(), Vec::new());
    let word =
        |mode, until_ms| Input::Override(Some(Override { mode, reason: "maintenance".into(), until_ms }));
    site.handle(0, word(Mode::ChattingOnly, 60_000));
    assert_eq!((site.notice().mode, site.notice().reason.as_str()), (Mode::ChattingOnly, "maintenance"));
    site.handle(1_000, Input::Mode { mode: Mode::Holding, reason: "origin-unreachable".into() });
    assert_eq!(site.notice().mode, Mode::ChattingOnly, "the gate is heard, and does not win");
    assert_eq!(site.poll_timeout(), Some(60_000));
    site.handle(60_000, Input::Timeout);
    assert_eq!((site.notice().mode, site.notice().reason.as_str()), (Mode::Holding, "origin-unreachable"));

    site.handle(61_000, word(Mode::Normal, u64::MAX));
    assert_eq!(site.poll_timeout(), Some(61_000 + LONGEST_OVERRIDE_MS));
    site.handle(62_000, Input::Override(None));
    assert_eq!(site.notice().mode, Mode::Holding, "taken back");

    site.handle(63_000, word(Mode::Degraded, 90_000));
    let stored = outputs(&mut site).into_iter().rev().find_map(|output| match output {
        Output::Store(stored) => Some(*stored),
        _ => None,
    });
    let mut restored = Site::restore(SiteId::parse("demo").unwrap(), stored.unwrap(), Vec::new(), Vec::new());
    assert_eq!(restored.notice().mode, Mode::Degraded, "it outlives a restart");
    restored.handle(90_000, Input::Timeout);
    assert_eq!(restored.notice().mode, Mode::Holding);
}

/// Who is told to the origin, when.
fn told(site: &mut Site, upto: Millis, answers: &[(bool, Millis)]) -> Vec<(Millis, Vec<String>)> {
    let (mut told, mut answers) = (Vec::new(), answers.iter().chain(std::iter::repeat(&(true, 0))));
    while let Some(at) = site.poll_timeout().filter(|at| *at <= upto) {
        site.handle(at.max(1), Input::Timeout);
        for output in outputs(site) {
            if let Output::TellConnected(agents) = output {
                told.push((at, agents.iter().map(ToString::to_string).collect()));
                let (good, retry_after_ms) = *answers.next().unwrap();
                site.handle(at, Input::ToldConnected { good, retry_after_ms });
            }
        }
    }
    told
}

fn close(site: &mut Site, now: Millis, link: u64) {
    site.handle(now, Input::Closed { link: LinkId(link) });
}

fn who(agents: &[&str]) -> Vec<String> {
    agents.iter().map(ToString::to_string).collect()
}

#[test]
fn connected_1_what_changes_within_a_second_is_told_once_and_no_change_never() {
    let mut site = site();
    greet(&mut site, 1_000, 1, "ada");
    greet(&mut site, 1_400, 2, "grace");
    greet(&mut site, 1_500, 3, "grace");
    assert_eq!(told(&mut site, 60_000, &[]), [(2_000, who(&["ada", "grace"]))]);
    // A second console of somebody who is there, and one of two that is closed.
    greet(&mut site, 60_000, 4, "ada");
    close(&mut site, 61_000, 3);
    assert_eq!(told(&mut site, 90_000, &[]), []);
    close(&mut site, 90_000, 2);
    assert_eq!(told(&mut site, 120_000, &[]), [(93_000, who(&["ada"]))]);
}

/// Ten consoles that are opened one after the other, and everybody who reloads for a minute.
#[test]
fn connected_1_a_storm_of_consoles_is_a_call_a_second_at_most() {
    let mut site = site();
    let mut all = Vec::new();
    for second in 1..=60u64 {
        for tenth in 0..10 {
            let now = second * 1_000 + tenth * 100;
            all.extend(told(&mut site, now, &[]));
            let (link, agent) = (second * 10 + tenth, format!("agent-{tenth}"));
            greet(&mut site, now, link, &agent);
            close(&mut site, now, link - 10);
        }
    }
    all.extend(told(&mut site, 200_000, &[]));
    assert!(all.windows(2).all(|two| two[1].0 - two[0].0 >= 1_000), "{all:?}");
    assert!(all.len() <= 3 && all.last().unwrap().1.len() == 10, "{all:?}");
}

/// Five consoles within two seconds.
#[test]
fn connected_1_who_comes_within_the_same_second_is_told_together() {
    let mut site = site();
    (0..5).for_each(|n| greet(&mut site, 500 * n, n, &format!("agent-{n}")));
    assert_eq!(told(&mut site, 60_000, &[]).len(), 1, "five within 2 s that nobody was awake for");
}

#[test]
fn connected_1_who_reloads_has_not_gone() {
    let mut site = site();
    greet(&mut site, 1_000, 1, "ada");
    assert_eq!(told(&mut site, 10_000, &[]).len(), 1);
    close(&mut site, 10_000, 1);
    assert_eq!(told(&mut site, 12_900, &[]), []);
    greet(&mut site, 12_900, 2, "ada");
    assert_eq!(told(&mut site, 60_000, &[]), []);
}

#[test]
fn connected_1_what_could_not_be_told_is_told_again_when_the_gate_says_and_only_the_newest() {
    let mut site = site();
    greet(&mut site, 1_000, 1, "ada");
    assert_eq!(told(&mut site, 3_000, &[(false, 0)]), [(2_000, who(&["ada"]))]);
    greet(&mut site, 3_000, 2, "grace");
    let both = who(&["ada", "grace"]);
    assert_eq!(told(&mut site, 60_000, &[(false, 20_000)]), [(4_000, both.clone()), (24_000, both)]);
    // While one call is under way there is no other.
    greet(&mut site, 100_000, 3, "carl");
    site.handle(101_000, Input::Timeout);
    assert!(outputs(&mut site).iter().any(|output| matches!(output, Output::TellConnected(_))));
    greet(&mut site, 101_100, 4, "dora");
    assert_eq!(told(&mut site, 110_000, &[]), []);
    site.handle(110_000, Input::ToldConnected { good: true, retry_after_ms: 0 });
    assert_eq!(told(&mut site, 120_000, &[]), [(111_000, who(&["ada", "carl", "dora", "grace"]))]);
}

#[test]
fn connected_1_after_a_restart_everybody_has_half_a_minute_to_come_back() {
    let stored = |agents: &[&str]| Stored {
        connected: Taken {
            agents: agents.iter().map(|it| AgentId::parse(it).unwrap()).collect(),
            unsure: false,
        },
        ..Stored::default()
    };
    let restored =
        |agents: &[&str]| Site::restore(SiteId::parse("demo").unwrap(), stored(agents), vec![], vec![]);
    let mut site = restored(&["ada", "grace"]);
    site.handle(1_000, Input::Timeout);
    greet(&mut site, 5_000, 1, "grace");
    greet(&mut site, 20_000, 2, "ada");
    assert_eq!(told(&mut site, 90_000, &[]), [], "as before");
    let mut site = restored(&["ada", "grace"]);
    site.handle(1_000, Input::Timeout);
    greet(&mut site, 5_000, 1, "grace");
    assert_eq!(told(&mut site, 90_000, &[]), [(31_000, who(&["grace"]))]);
    assert_eq!(told(&mut restored(&[]), 90_000, &[]), []);
}

#[test]
fn connected_1_what_the_origin_has_taken_is_stored() {
    let mut site = site();
    greet(&mut site, 1_000, 1, "ada");
    outputs(&mut site);
    site.handle(2_000, Input::Timeout);
    outputs(&mut site);
    site.handle(2_100, Input::ToldConnected { good: false, retry_after_ms: 0 });
    assert_eq!(outputs(&mut site), []);
    site.handle(7_100, Input::Timeout);
    outputs(&mut site);
    site.handle(7_200, Input::ToldConnected { good: true, retry_after_ms: 0 });
    let stored = outputs(&mut site);
    let [Output::Store(stored)] = &stored[..] else { panic!("{stored:?}") };
    assert_eq!(stored.connected, Taken { agents: vec![AgentId::parse("ada").unwrap()], unsure: false });
    site.handle(8_000, Input::ToldConnected { good: true, retry_after_ms: 0 });
    assert_eq!(outputs(&mut site), [], "an answer that nobody waits for");
}

/// The origin had taken it, and only its answer was lost, or the edge died before it came.
#[test]
fn connected_1_after_a_lost_answer_the_origin_is_told_again_even_if_all_is_as_before() {
    let mut site = site();
    greet(&mut site, 1_000, 1, "ada");
    told(&mut site, 10_000, &[]);
    greet(&mut site, 10_000, 2, "grace");
    site.handle(11_000, Input::Timeout);
    let begun = outputs(&mut site);
    let [.., Output::Store(stored), Output::TellConnected(_)] = &begun[..] else { panic!("{begun:?}") };
    close(&mut site, 11_500, 2);
    site.handle(12_000, Input::ToldConnected { good: false, retry_after_ms: 0 });
    assert_eq!(told(&mut site, 60_000, &[]), [(17_000, who(&["ada"]))]);

    let mut site = Site::restore(SiteId::parse("demo").unwrap(), (**stored).clone(), vec![], vec![]);
    site.handle(20_000, Input::Timeout);
    greet(&mut site, 21_000, 1, "ada");
    assert_eq!(told(&mut site, 90_000, &[]), [(50_000, who(&["ada"]))]);
}

/// Else an update would lose a site's settings and the operator's word with it.
#[test]
fn connected_1_a_row_of_an_earlier_version_is_read() {
    let taken = |json: &str| serde_json::from_str::<Taken>(json).unwrap();
    let ada = vec![AgentId::parse("ada").unwrap()];
    assert_eq!(taken(r#"["ada"]"#), Taken { agents: ada.clone(), unsure: true });
    let now = Taken { agents: ada, unsure: false };
    assert_eq!(taken(&serde_json::to_string(&now).unwrap()), now);
}

/// An agent whose log in was over read on for as long as the socket held.
#[test]
fn link_6_an_inbox_link_ends_with_the_log_in_that_has_opened_it() {
    let (mut site, link) = (site(), LinkId(1));
    greet(&mut site, 0, 2, "grace");
    let agent = AgentId::parse("ada").unwrap();
    site.handle(0, Input::Opened { link, agent, until_ms: Some(5_000) });
    let hello = || Input::Frames { link, frames: vec![ClientFrame::Hello(Hello::default())] };
    site.handle(0, hello());
    let told = |site: &mut Site, now, conversation| {
        outputs(site);
        site.handle(now, Input::Notified(summary(conversation, now)));
        outputs(site)
    };
    let reads = |told: &[Output], link| {
        told.iter().any(|output| matches!(output, Output::Send(to, _) if *to == link))
    };
    assert!(reads(&told(&mut site, 4_999, "a"), link));
    // Also where the object was put to sleep meanwhile.
    let kept: InboxLink = serde_json::from_value(serde_json::to_value(&site.links[&link]).unwrap()).unwrap();
    let links = vec![kept, site.links[&LinkId(2)].clone()];
    let mut site = Site::restore(site.id.clone(), site.stored.clone(), vec![], links);
    let after = told(&mut site, 5_000, "b");
    assert_eq!(after.first(), Some(&Output::Close(link, CloseCode::IDENTITY_EXPIRED)));
    assert!(!reads(&after, link) && reads(&after, LinkId(2)), "{after:?}");
    site.handle(5_000, hello());
    assert_eq!(outputs(&mut site), [], "nothing is heard over it");
    site.handle(5_000 + AGENT_GRACE_MS, Input::Timeout);
    assert_eq!(site.notice().agents, 1, "and nobody is told of that agent any more");
}
