//! When a library tries again if nobody has set any option: what the published version does, in our words. Where each
//! number was read is in docs/reconnecting.md.

use shared::Millis;

use crate::chance::Chance;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Library {
    Phoenix,
    SocketIo,
    PartySocket,
    ReconnectingWebSocket,
    Centrifuge,
    Ably,
    Pusher,
    SignalR,
    GraphQlWs,
}

impl Library {
    pub const ALL: [Library; 9] = [
        Library::Phoenix,
        Library::SocketIo,
        Library::PartySocket,
        Library::ReconnectingWebSocket,
        Library::Centrifuge,
        Library::Ably,
        Library::Pusher,
        Library::SignalR,
        Library::GraphQlWs,
    ];

    /// As the package registry calls it, with the version that was read.
    pub fn package(self) -> (&'static str, &'static str) {
        match self {
            Library::Phoenix => ("phoenix", "1.8.16"),
            Library::SocketIo => ("socket.io-client", "4.8.4"),
            Library::PartySocket => ("partysocket", "1.3.0"),
            Library::ReconnectingWebSocket => ("reconnecting-websocket", "4.4.0"),
            Library::Centrifuge => ("centrifuge", "5.8.0"),
            Library::Ably => ("ably", "2.28.0"),
            Library::Pusher => ("pusher-js", "8.6.0"),
            Library::SignalR => ("@microsoft/signalr", "10.0.11"),
            Library::GraphQlWs => ("graphql-ws", "6.4.2"),
        }
    }

    /// Whether each attempt begins with a WebSocket, which is what browsers hold back. socket.io and SignalR ask by HTTP first;
    /// of pusher's attempts the fewest are WebSockets, too few to be held back.
    pub fn begins_with_web_socket(self) -> bool {
        !matches!(self, Library::SocketIo | Library::SignalR | Library::Pusher)
    }
}

/// One client that waits.
#[derive(Clone, Debug)]
pub struct Waiting {
    library: Library,
    /// Waits that have begun.
    waits: u32,
    /// The first wait's begin; for pusher that of its rounds.
    began_at: Millis,
    /// Drawn when the page was loaded.
    own_ms: f64,
}

impl Waiting {
    pub fn new(library: Library, chance: &mut Chance) -> Waiting {
        Waiting { library, waits: 0, began_at: 0, own_ms: 1_000.0 + 4_000.0 * chance.share() }
    }

    /// When to try, after the link was lost and then after each refusal. Nothing: it gives up.
    pub fn next(&mut self, now: Millis, chance: &mut Chance) -> Option<Millis> {
        let before = self.waits as usize;
        self.waits += 1;
        if before == 0 {
            self.began_at = now;
        }
        let wait = match self.library {
            Library::Phoenix => PHOENIX_MS.get(before).copied().unwrap_or(PHOENIX_THEN_MS),
            Library::SocketIo => socket_io_ms(before, chance.share()),
            Library::PartySocket => grown_ms(PARTYSOCKET_MS, before),
            Library::ReconnectingWebSocket => grown_ms(self.own_ms, before),
            Library::Centrifuge => {
                let window = CENTRIFUGE_CAP_MS.min(CENTRIFUGE_MS << before.min(16));
                CENTRIFUGE_CAP_MS.min(CENTRIFUGE_MS + chance.jitter_ms(window))
            }
            Library::Ably => return Some(self.ably(now, before, chance.share())),
            Library::Pusher => return Some(self.pusher(now, before)),
            Library::SignalR => *SIGNALR_MS.get(before)?,
            // It means to try five times. But a browser tells of a refused WebSocket by an error before the close, and errors are
            // final unless an option says otherwise.
            Library::GraphQlWs if before > 0 => return None,
            Library::GraphQlWs => 1_000 + 300 + chance.below(2_700),
        };
        Some(now + wait)
    }

    /// At once, then after 20 to 30 s, less up to a fifth. Two minutes after the loss everybody's clock begins anew, and from
    /// then on it is 30 s exactly.
    fn ably(&self, now: Millis, before: usize, share: f64) -> Millis {
        let suspended_at = self.began_at + ABLY_SUSPENDED_AFTER_MS;
        if before == 0 {
            return now;
        }
        if now >= suspended_at {
            return now + ABLY_SUSPENDED_MS;
        }
        // The loss counts as the first.
        let growth = ((before as f64 + 3.0) / 3.0).min(2.0);
        let at = now + (ABLY_MS * growth * (1.0 - ABLY_JITTER * share)) as Millis;
        if at < suspended_at { at } else { suspended_at + ABLY_SUSPENDED_MS }
    }

    /// After a second with what worked last; when that is refused at once with everything, WebSocket and HTTP, in rounds of 15, 30,
    /// 60, 60, … s, on a clock that waits for no answer.
    fn pusher(&mut self, now: Millis, before: usize) -> Millis {
        match before {
            0 => now + PUSHER_MS,
            1 => {
                self.began_at = now;
                now
            }
            // The first of the round's is that at once.
            _ => (self.began_at + pusher_moment_ms(before - 1)).max(now),
        }
    }
}

const PHOENIX_MS: [Millis; 9] = [10, 50, 100, 150, 200, 250, 500, 1_000, 2_000];
const PHOENIX_THEN_MS: Millis = 5_000;

const SOCKET_IO_MS: f64 = 1_000.0;
const SOCKET_IO_CAP_MS: f64 = 5_000.0;
const SOCKET_IO_JITTER: f64 = 0.5;

const PARTYSOCKET_MS: f64 = 3_000.0;
const GROWTH: f64 = 1.3;
const GROWN_CAP_MS: f64 = 10_000.0;

const CENTRIFUGE_MS: Millis = 500;
const CENTRIFUGE_CAP_MS: Millis = 20_000;

const ABLY_MS: f64 = 15_000.0;
const ABLY_JITTER: f64 = 0.2;
const ABLY_SUSPENDED_AFTER_MS: Millis = 120_000;
const ABLY_SUSPENDED_MS: Millis = 30_000;

const PUSHER_MS: Millis = 1_000;
/// A WebSocket at the round's begin; by HTTP after 2 s a stream, 4 s later polling, and both again after 15 and after 45 s.
const PUSHER_ROUND_MS: [Millis; 7] = [0, 2_000, 6_000, 17_000, 21_000, 47_000, 51_000];

const SIGNALR_MS: [Millis; 4] = [0, 2_000, 10_000, 30_000];

/// Doubles; then the jitter, up to half earlier or later; and only then the cap, which cuts the jitter off: from the fifth
/// wait on it is 5 s exactly.
fn socket_io_ms(before: usize, share: f64) -> Millis {
    let doubled = SOCKET_IO_MS * f64::from(1_u32 << before.min(16));
    let moved = share * SOCKET_IO_JITTER * doubled;
    // Earlier in every other tenth.
    let earlier = ((share * 10.0) as u32).is_multiple_of(2);
    let wait = if earlier { doubled - moved } else { doubled + moved };
    wait.min(SOCKET_IO_CAP_MS) as Millis
}

fn grown_ms(first_ms: f64, before: usize) -> Millis {
    (first_ms * GROWTH.powi(before.min(64) as i32)).min(GROWN_CAP_MS) as Millis
}

/// The n-th of all moments of all rounds.
fn pusher_moment_ms(n: usize) -> Millis {
    let (mut begin_ms, mut length_ms, mut left) = (0, 15_000, n);
    loop {
        let fitting = PUSHER_ROUND_MS.iter().filter(|moment| **moment < length_ms).count();
        if left < fitting {
            return begin_ms + PUSHER_ROUND_MS[left];
        }
        left -= fitting;
        begin_ms += length_ms;
        length_ms = (2 * length_ms).min(60_000);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The waits of a client that is refused as soon as it tries.
    fn waits(library: Library, seed: u64, most: usize) -> Vec<Millis> {
        let mut chance = Chance::new(seed, 0);
        let mut waiting = Waiting::new(library, &mut chance);
        let (mut now, mut waits) = (1_000_000, Vec::new());
        while let Some(at) = waiting.next(now, &mut chance).filter(|_| waits.len() < most) {
            waits.push(at - now);
            now = at;
        }
        waits
    }

    /// The shortest and the longest n-th wait of many clients.
    fn range(library: Library, n: usize) -> (Millis, Millis) {
        let nth = || (1..=2_000).map(|seed| waits(library, seed, n + 1)[n]);
        (nth().min().unwrap(), nth().max().unwrap())
    }

    /// That of many clients some come close to both ends, and none beyond.
    #[track_caller]
    fn fills((earliest, latest): (Millis, Millis), from: Millis, to: Millis) {
        let close = (to - from) / 20;
        assert!((from..=from + close).contains(&earliest), "earliest {earliest}, not from {from}");
        assert!((to - close..=to).contains(&latest), "latest {latest}, not to {to}");
    }

    #[test]
    fn phoenix_tries_nine_times_within_five_seconds_and_then_every_five_always_the_same() {
        let first = waits(Library::Phoenix, 1, 200);
        assert_eq!(first[..11], [10, 50, 100, 150, 200, 250, 500, 1_000, 2_000, 5_000, 5_000]);
        assert!(first[9..].iter().all(|wait| *wait == 5_000) && first.len() == 200, "it never gives up");
        assert_eq!(first, waits(Library::Phoenix, 2, 200));
    }

    #[test]
    fn socket_io_doubles_with_jitter_that_its_cap_cuts_off() {
        fills(range(Library::SocketIo, 0), 550, 1_500);
        fills(range(Library::SocketIo, 1), 1_100, 3_000);
        fills(range(Library::SocketIo, 2), 2_200, 5_000);
        fills(range(Library::SocketIo, 3), 4_400, 5_000);
        let first = waits(Library::SocketIo, 1, 200);
        assert!(first[4..].iter().all(|wait| *wait == 5_000) && first.len() == 200, "{first:?}");
        // Of the third waits the jitter of three tenths reaches beyond the cap: those odd ones from 0.5 on.
        let capped = (1..=2_000).filter(|seed| waits(Library::SocketIo, *seed, 3)[2] == 5_000).count();
        assert!((500..700).contains(&capped), "{capped}");
    }

    #[test]
    fn partysocket_grows_by_a_third_from_three_seconds_to_ten_always_the_same() {
        let first = waits(Library::PartySocket, 1, 200);
        assert_eq!(first[..7], [3_000, 3_900, 5_070, 6_591, 8_568, 10_000, 10_000]);
        assert!(first[5..].iter().all(|wait| *wait == 10_000) && first.len() == 200);
        assert_eq!(first, waits(Library::PartySocket, 2, 200));
    }

    #[test]
    fn reconnecting_websocket_draws_once_per_page() {
        fills(range(Library::ReconnectingWebSocket, 0), 1_000, 5_000);
        fills(range(Library::ReconnectingWebSocket, 1), 1_300, 6_500);
        let first = waits(Library::ReconnectingWebSocket, 3, 200);
        let (one, two) = (first[0] as f64, first[1] as f64);
        assert!((two / one - 1.3).abs() < 0.01, "{one} {two}");
        assert!(first[9..].iter().all(|wait| *wait == 10_000) && first.len() == 200);
    }

    #[test]
    fn centrifuge_spreads_each_attempt_over_up_to_twenty_seconds() {
        fills(range(Library::Centrifuge, 0), 500, 1_000);
        fills(range(Library::Centrifuge, 3), 500, 4_500);
        fills(range(Library::Centrifuge, 20), 500, 20_000);
        assert_eq!(waits(Library::Centrifuge, 1, 200).len(), 200, "it never gives up");
    }

    #[test]
    fn ably_spreads_its_attempts_for_two_minutes_and_then_brings_everybody_together_again() {
        assert_eq!(range(Library::Ably, 0), (0, 0));
        fills(range(Library::Ably, 1), 16_000, 20_000);
        fills(range(Library::Ably, 2), 20_000, 25_000);
        fills(range(Library::Ably, 3), 24_000, 30_000);
        for seed in 1..=100 {
            let mut at = 0;
            let mut times: Vec<Millis> = Vec::new();
            for wait in waits(Library::Ably, seed, 30) {
                at += wait;
                times.push(at);
            }
            let later: Vec<Millis> = times.into_iter().filter(|at| *at >= 120_000).collect();
            assert_eq!(later[..3], [150_000, 180_000, 210_000], "seed {seed}");
            assert_eq!(*later.last().unwrap(), 120_000 + 30_000 * later.len() as u64, "it never gives up");
        }
    }

    /// As seen with the published package, whose every attempt was refused after 50 ms.
    #[test]
    fn pusher_tries_by_everything_it_has_on_a_clock_of_its_own() {
        let mut chance = Chance::new(1, 0);
        let mut waiting = Waiting::new(Library::Pusher, &mut chance);
        let (mut now, mut tries) = (0, Vec::new());
        for _ in 0..24 {
            let at = waiting.next(now, &mut chance).expect("it never gives up");
            tries.push(at);
            now = at + 50;
        }
        let seen = [
            1_000, 1_050, 3_050, 7_050, 16_050, 18_050, 22_050, 33_050, 37_050, 46_050, 48_050, 52_050,
            63_050, 67_050, 93_050, 97_050, 106_050, 108_050, 112_050, 123_050, 127_050, 153_050, 157_050,
            166_050,
        ];
        assert_eq!(tries, seen);
    }

    #[test]
    fn signalr_gives_up_after_four_attempts() {
        assert_eq!(waits(Library::SignalR, 1, 200), [0, 2_000, 10_000, 30_000]);
    }

    #[test]
    fn graphql_ws_gives_up_after_one_attempt_that_is_refused() {
        fills(range(Library::GraphQlWs, 0), 1_300, 4_000);
        assert_eq!(waits(Library::GraphQlWs, 1, 200).len(), 1);
    }
}
