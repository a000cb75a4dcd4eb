//! Names and numbers out of the fuzzer's bytes: few names, so that they meet again, and numbers as they occur in a
//! conversation or at the ends of what a field can hold.

use arbitrary::{Result, Unstructured};
use shared::id::{AgentId, ConversationId, MessageId, SiteId, WriterId};
use shared::limits::MAX_TEXT_CHARS;
use shared::message::Side;
use shared::mode::{Mode, Notice};

/// Steps in one run: enough for every story so far, few enough for thousands of runs per second.
const MAX_STEPS: usize = 60;

/// Takes as many as the bytes give, within that.
pub(crate) fn steps(u: &mut Unstructured, mut step: impl FnMut(&mut Unstructured) -> Result<()>) {
    for _ in 0..MAX_STEPS {
        if u.is_empty() || step(u).is_err() {
            break;
        }
    }
}

pub(crate) fn up_to(u: &mut Unstructured, max: u64) -> Result<u64> {
    u.int_in_range(0..=max)
}

pub(crate) fn number(u: &mut Unstructured) -> Result<u64> {
    Ok(match u.int_in_range(0..=31u8)? {
        31 => u64::MAX,
        30 => u64::MAX - 1,
        29 => u64::MAX / 2 + 1,
        28 => u.arbitrary()?,
        27 => u64::from(u.arbitrary::<u16>()?),
        small => u64::from(small),
    })
}

pub(crate) fn side(u: &mut Unstructured) -> Result<Side> {
    u.choose(&[Side::Visitor, Side::Agent]).copied()
}

pub(crate) fn writer(u: &mut Unstructured, names: &[&str]) -> Result<WriterId> {
    Ok(WriterId::parse(u.choose(names)?).expect("the names are valid"))
}

/// As every page calls its messages: `{writer}.{n}`.
pub(crate) fn message_id(writer: &WriterId, n: u64) -> MessageId {
    MessageId::parse(&format!("{writer}.{n}")).expect("writers have short names")
}

pub(crate) fn text(u: &mut Unstructured) -> Result<String> {
    Ok(match u.int_in_range(0..=9u8)? {
        0 => String::new(),
        1 => " \n".to_owned(),
        // Rarely, because it is slow.
        2 if u.arbitrary::<u8>()? == 0xff => "ä".repeat(MAX_TEXT_CHARS + usize::from(u.arbitrary::<bool>()?)),
        _ => "a".to_owned(),
    })
}

pub(crate) fn notice(u: &mut Unstructured) -> Result<Notice> {
    let mode = *u.choose(&Mode::ALL)?;
    Ok(Notice { mode, reason: String::new(), agents: number(u)?, version: number(u)?, here: String::new() })
}

pub(crate) fn site() -> SiteId {
    SiteId::parse("demo").expect("a valid name")
}

pub(crate) fn conversation(u: &mut Unstructured, names: &[&str]) -> Result<ConversationId> {
    Ok(ConversationId::parse(u.choose(names)?).expect("the names are valid"))
}

pub(crate) fn agent(u: &mut Unstructured) -> Result<AgentId> {
    Ok(AgentId::parse(u.choose(&["ada", "grace"])?).expect("the names are valid"))
}
