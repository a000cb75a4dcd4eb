//! What each server does in each round.

use std::time::{Duration, Instant};

use futures_util::future::join_all;

use crate::links::Link;
use crate::proc::Process;
use crate::servers::Server;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Scenario {
    /// A visitor's outbox after a break, or a busy conversation: what group commit is for.
    OneConversation,
    /// Many who wait for each acknowledgement: what group commit must not harm.
    ManyConversations,
    /// From a visitor's socket to that of an agent who has the conversation open.
    ToScreen,
}

const IN_FLIGHT: usize = 32;
const CONVERSATIONS: usize = 100;

impl Scenario {
    pub(crate) const ALL: [Scenario; 3] =
        [Scenario::OneConversation, Scenario::ManyConversations, Scenario::ToScreen];

    /// A stable key in the JSON.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Scenario::OneConversation => "1x32",
            Scenario::ManyConversations => "100x1",
            Scenario::ToScreen => "to-screen",
        }
    }

    pub(crate) fn title(self) -> &'static str {
        match self {
            Scenario::OneConversation => "1 conversation x 32 in flight, to the ack",
            Scenario::ManyConversations => "100 conversations x 1 in flight, to the ack",
            Scenario::ToScreen => "1 visitor x 1 in flight, to the agent's screen",
        }
    }
}

/// What was measured in one turn.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Measured {
    pub(crate) messages_per_s: f64,
    pub p50_ms: f64,
    pub p99_ms: f64,
    pub(crate) cpu_us_per_message: f64,
    /// Processors that the measuring client kept busy: near 1 per thread, it would be the bottleneck.
    pub(crate) client_cpus: f64,
}

/// The links of one server. The crowd's stay open from round to round; whoever writes much begins anew in each.
pub(crate) struct Stage {
    busy: Link,
    visitor: Link,
    agent: Link,
    crowd: Vec<Link>,
}

impl Stage {
    pub(crate) async fn set(server: &Server) -> Stage {
        let busy = server.visitor().await;
        let (visitor, agent) = Stage::two(server).await;
        let crowd = join_all((0..CONVERSATIONS).map(|_| server.visitor())).await;
        Stage { busy, visitor, agent, crowd }
    }

    async fn two(server: &Server) -> (Link, Link) {
        let mut visitor = server.visitor().await;
        // An agent's link needs a conversation in which something was said.
        visitor.write_one().await;
        let agent = server.agent(&visitor.conversation).await;
        (visitor, agent)
    }

    pub(crate) async fn play(&mut self, scenario: Scenario, server: &Server, window: Duration) -> Measured {
        // Who has been idle since the last round is woken first.
        match scenario {
            Scenario::OneConversation => {
                self.busy = server.visitor().await;
                self.busy.write_one().await;
            }
            Scenario::ManyConversations => {
                join_all(self.crowd.iter_mut().map(Link::write_one)).await;
            }
            Scenario::ToScreen => (self.visitor, self.agent) = Stage::two(server).await,
        }
        let (cpu, client) = (server.process().cpu(), Process::ours().cpu());
        let began = Instant::now();
        let until = began + window;
        let took = match scenario {
            Scenario::OneConversation => self.busy.talk(IN_FLIGHT, until).await,
            Scenario::ManyConversations => {
                let talking = self.crowd.iter_mut().map(|link| link.talk(1, until));
                join_all(talking).await.concat()
            }
            Scenario::ToScreen => self.visitor.show(&mut self.agent, until).await,
        };
        let seconds = began.elapsed().as_secs_f64();
        let messages = took.len() as f64;
        Measured {
            messages_per_s: messages / seconds,
            p50_ms: percentile_ms(&took, 0.50),
            p99_ms: percentile_ms(&took, 0.99),
            cpu_us_per_message: (server.process().cpu() - cpu).as_secs_f64() * 1e6 / messages,
            client_cpus: (Process::ours().cpu() - client).as_secs_f64() / seconds,
        }
    }
}

pub(crate) fn percentile_ms(durations: &[Duration], share: f64) -> f64 {
    let mut sorted = durations.to_vec();
    sorted.sort();
    let at = ((sorted.len() - 1) as f64 * share).round() as usize;
    sorted[at].as_secs_f64() * 1e3
}
