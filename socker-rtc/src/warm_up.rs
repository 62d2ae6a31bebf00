//! The first join is the slowest.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use socker_core::Instant;
use str0m::{
    Candidate, Input, Output, Rtc,
    change::SdpAnswer,
    net::{Protocol, Receive},
};

use crate::{config::Config, endpoint::Endpoint, event::Event};

/// A join takes some thirty; it ends all the same if something goes wrong.
const ROUNDS: u32 = 200;

/// Lets a throwaway browser join in memory, so that the first real one need not wait for the crypto
/// library to set itself up, which takes 90 to 200 ms. `base` is any moment, such as that of
/// [`Endpoint::new`].
///
/// Returns whether the two have connected; a host that finds they have not can't serve anybody.
///
/// ```
/// assert!(socker_rtc::warm_up(std::time::Instant::now()));
/// ```
pub fn warm_up(base: std::time::Instant) -> bool {
    join(base).unwrap_or(false)
}

fn join(base: std::time::Instant) -> Option<bool> {
    let (here, there) = (address(1), address(2));
    let mut endpoint = Endpoint::new(base, Config::default().candidate(here)).ok()?;
    // With its part of the SCTP handshake in the offer, no clock is read.
    let mut browser = Rtc::builder().clear_codecs().set_snap_enabled(true).build(base);
    browser.add_local_candidate(Candidate::host(there, Protocol::Udp).ok()?);
    let mut changes = browser.sdp_api();
    changes.add_channel(String::new());
    let (offer, pending) = changes.apply()?;
    let (_, answer) = endpoint.accept(Instant::START, &offer.to_sdp_string()).ok()?;
    let answer = SdpAnswer::from_sdp_string(&answer).ok()?;
    browser.sdp_api().accept_answer(pending, answer).ok()?;

    for round in 0..ROUNDS {
        let elapsed = Duration::from_millis(10) * round;
        let (now, std_now) = (Instant::START + elapsed, base + elapsed);
        browser.handle_input(Input::Timeout(std_now)).ok()?;
        endpoint.handle_timeout(now);
        loop {
            match browser.poll_output().ok()? {
                Output::Transmit(sent) => endpoint.receive(now, there, here, &sent.contents),
                Output::Event(_) => {}
                Output::Timeout(_) => break,
            }
        }
        while let Some(sent) = endpoint.poll_transmit() {
            let received = Receive::new(Protocol::Udp, here, there, &sent.payload).ok()?;
            browser.handle_input(Input::Receive(std_now, received)).ok()?;
        }
        while let Some((_, event)) = endpoint.poll_event() {
            if matches!(event, Event::Opened { .. }) {
                return Some(true);
            }
        }
    }
    None
}

fn address(host: u8) -> SocketAddr {
    (IpAddr::V4(Ipv4Addr::new(192, 0, 2, host)), 9).into()
}
