//! Ports for servers that are stopped and started again.

use std::net::TcpListener;
use std::ops::Range;
use std::process;
use std::sync::atomic::{AtomicU16, Ordering};

/// Below those that the system gives to connections that go out (Linux: `ip_local_port_range`, from 32,768 on). One of
/// those may be taken the moment its server is down.
const PORTS: Range<u16> = 16_000..32_000;

/// A port that this process has not given before, and nobody listens on.
pub fn free_port() -> u16 {
    static GIVEN: AtomicU16 = AtomicU16::new(0);
    // Other processes that test at the same time begin elsewhere.
    let beginning = process::id().wrapping_mul(101) % u32::from(count());
    for _ in PORTS {
        let given = u32::from(GIVEN.fetch_add(1, Ordering::Relaxed) % count());
        let port = PORTS.start + ((beginning + given) % u32::from(count())) as u16;
        if is_free(port) {
            return port;
        }
    }
    panic!("no port of {PORTS:?} is free");
}

fn count() -> u16 {
    PORTS.end - PORTS.start
}

fn is_free(port: u16) -> bool {
    TcpListener::bind(("127.0.0.1", port)).is_ok()
        && (!has_ipv6() || TcpListener::bind(("::1", port)).is_ok())
}

pub fn has_ipv6() -> bool {
    TcpListener::bind(("::1", 0)).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_given_once_and_never_one_that_a_connection_going_out_may_get() {
        let mut given: Vec<u16> = (0..200).map(|_| free_port()).collect();
        assert!(given.iter().all(|port| PORTS.contains(port)), "{given:?}");
        given.sort_unstable();
        given.dedup();
        assert_eq!(given.len(), 200);
    }
}
