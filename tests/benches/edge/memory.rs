//! What a conversation costs while nobody says anything: one visitor with an open socket and one stored message.

use std::path::Path;
use std::time::{Duration, Instant};

use futures_util::{StreamExt, stream};

use crate::links::Link;
use crate::servers::{Arm, Server};

/// An awake conversation has 5 descriptors in workerd and an idle one 2, and a usual hard limit is 20,000: so many begin,
/// then they hibernate, then the next.
const AWAKE_AT_ONCE: usize = 2_000;
/// Conversations that begin at the same time.
const BEGIN_AT_ONCE: usize = 50;

/// In workerd an idle conversation has 2 and one that is awake 5: so at most one in thirty is awake.
const IDLE_DESCRIPTORS: f64 = 2.1;
const STILL_FOR: Duration = Duration::from_secs(3);
/// workerd evicts after 10 s without an event, and the last event, an alarm, comes some 10 s after the message.
const MOST_PATIENCE: Duration = Duration::from_secs(60);

/// One server with so many idle conversations.
pub(crate) struct Crowd {
    pub(crate) arm: Arm,
    pub(crate) conversations: usize,
    pub(crate) kib_per_conversation: f64,
    pub(crate) descriptors_per_conversation: f64,
    /// Whether it came to rest in time.
    pub(crate) still: bool,
}

/// Both servers at the same time, which saves the waiting: memory is each one's own.
pub(crate) async fn measure(below: &Path, crowds: &[usize], say: impl Fn(&str)) -> Vec<Crowd> {
    let (rust, javascript) =
        tokio::join!(fill(Arm::Group, below, crowds, &say), fill(Arm::JavaScript, below, crowds, &say));
    rust.into_iter().chain(javascript).collect()
}

async fn fill(arm: Arm, below: &Path, crowds: &[usize], say: &impl Fn(&str)) -> Vec<Crowd> {
    // The origin runs and takes what is delivered: with a backlog a conversation would wake again and again.
    let server = Server::start(arm, below).await;
    let mut links: Vec<Link> = vec![begin(&server).await];
    let (kib_before, descriptors_before) = (server.process().resident_kib(), server.process().descriptors());
    let mut measured = Vec::new();
    for &conversations in crowds {
        let mut still = false;
        while links.len() <= conversations {
            let more = (conversations + 1 - links.len()).min(AWAKE_AT_ONCE);
            say(&format!(
                "idle conversations: {} to {}, {}",
                links.len() - 1,
                links.len() - 1 + more,
                arm.name()
            ));
            let beginning = stream::iter((0..more).map(|_| begin(&server))).buffer_unordered(BEGIN_AT_ONCE);
            links.extend(beginning.collect::<Vec<_>>().await);
            let idle = descriptors_before as f64 + IDLE_DESCRIPTORS * links.len() as f64;
            still = hibernate(&server, idle as usize).await;
        }
        let per_conversation =
            |now: u64, before: u64| now.saturating_sub(before) as f64 / conversations as f64;
        measured.push(Crowd {
            arm,
            conversations,
            kib_per_conversation: per_conversation(server.process().resident_kib(), kib_before),
            descriptors_per_conversation: per_conversation(
                server.process().descriptors() as u64,
                descriptors_before as u64,
            ),
            still,
        });
    }
    measured
}

async fn begin(server: &Server) -> Link {
    let mut link = server.visitor().await;
    link.write_one().await;
    link
}

/// Waits until at most so many descriptors are open and memory has changed by less than a hundredth for a while.
async fn hibernate(server: &Server, descriptors: usize) -> bool {
    let began = Instant::now();
    let (mut kib, mut since) = (server.process().resident_kib(), began);
    while began.elapsed() < MOST_PATIENCE {
        // How often it is looked at; what is waited for is above.
        tokio::time::sleep(Duration::from_millis(200)).await;
        let now = server.process().resident_kib();
        if server.process().descriptors() > descriptors || now.abs_diff(kib) > kib / 100 {
            (kib, since) = (now, Instant::now());
        } else if since.elapsed() > STILL_FOR {
            return true;
        }
    }
    false
}
