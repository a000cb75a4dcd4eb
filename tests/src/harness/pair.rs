//! A visitor and an agent who talk, each in a browser of their own.

use tempfile::TempDir;

use super::browser::{Browser, Look, Storage};
use super::stack::{ADA, Stack};

/// What the visitor asks first.
pub const QUESTION: &str = "Do you ship to Norway?";

pub struct Pair {
    pub visitor: Browser,
    pub agent: Browser,
    _profiles: [TempDir; 2],
}

impl Pair {
    pub async fn open(storage: Storage) -> Pair {
        let profiles = profiles();
        Pair {
            visitor: Browser::open(profiles[0].path(), storage, Look::WIDE).await,
            agent: Browser::open(profiles[1].path(), storage, Look::WIDE).await,
            _profiles: profiles,
        }
    }

    pub async fn open_firefox() -> Pair {
        let profiles = profiles();
        Pair {
            visitor: Browser::open_firefox(profiles[0].path()).await,
            agent: Browser::open_firefox(profiles[1].path()).await,
            _profiles: profiles,
        }
    }

    /// The visitor asks, and the agent looks at it.
    pub async fn begin(&self, stack: &Stack) {
        let Pair { visitor, agent, .. } = self;
        visitor.open_chat(stack.edge_port).await;
        visitor.say(QUESTION).await;
        visitor.state(QUESTION, &["Sent", "Delivered"], 30).await;
        agent.log_in(stack.edge_port, ADA).await;
        agent.turn_to_first().await;
        agent.reads(QUESTION, 30).await;
        visitor.state(QUESTION, &["Seen"], 30).await;
    }
}

fn profiles() -> [TempDir; 2] {
    [(); 2].map(|()| TempDir::new().expect("a folder for the profile"))
}
