//! Offers and candidates that are none, or nearly.

mod common;

use common::{World, browser::reliable, config, link::Weather};
use proptest::prelude::*;
use socker_rtc::{CandidateError, Config, ConfigError, Endpoint, OfferError};

fn world() -> World {
    World::new(config().peers(10_000).pending(10_000), 1, Weather::CLEAR)
}

/// An offer as Chromium makes it.
const CHROMIUM: &str = "v=0\r\n\
    o=- 4611731400430051336 2 IN IP4 127.0.0.1\r\n\
    s=-\r\n\
    t=0 0\r\n\
    a=group:BUNDLE 0\r\n\
    a=extmap-allow-mixed\r\n\
    a=msid-semantic: WMS\r\n\
    m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n\
    c=IN IP4 0.0.0.0\r\n\
    a=candidate:1 1 udp 2113937151 0ab1cd23-4567-89ab-cdef-0123456789ab.local 50001 typ host\r\n\
    a=candidate:2 1 udp 1677729535 198.51.100.9 50001 typ srflx raddr 0.0.0.0 rport 0\r\n\
    a=ice-ufrag:q1Xy\r\n\
    a=ice-pwd:Zp0v7Lk3Wm5Tn8Rb2Cx6Jd4F\r\n\
    a=ice-options:trickle\r\n\
    a=fingerprint:sha-256 0F:1E:2D:3C:4B:5A:69:78:87:96:A5:B4:C3:D2:E1:F0:0F:1E:2D:3C:4B:5A:69:78:87:96:A5:B4:C3:D2:E1:F0\r\n\
    a=setup:actpass\r\n\
    a=mid:0\r\n\
    a=sctp-port:5000\r\n\
    a=max-message-size:262144\r\n";

#[test]
fn a_chromium_offer_is_answered() {
    let mut world = world();
    let (_, answer) = world.endpoint.accept(world.now, CHROMIUM).unwrap();
    let lines = [
        "m=application 9 UDP/DTLS/SCTP webrtc-datachannel",
        "a=setup:passive",
        "a=max-message-size:65536",
        "a=mid:0",
        "192.0.2.1 9000 typ host",
    ];
    for line in lines {
        assert!(answer.contains(line), "{line} is not in {answer}");
    }
}

#[test]
fn broken_offers() {
    let drop = |line: &str| -> String {
        let keep = |it: &&str| !it.starts_with(line);
        CHROMIUM.split_inclusive('\n').filter(keep).collect()
    };
    let swap = |from: &str, to: &str| CHROMIUM.replace(from, to);
    let section = "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n";
    let audio = "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 0.0.0.0\r\na=mid:1\r\n";
    let cases = [
        ("empty", String::new(), Some(OfferError::NotSdp)),
        ("words", "hello".into(), Some(OfferError::NotSdp)),
        ("JSON", "{\"type\":\"offer\"}".into(), Some(OfferError::NotSdp)),
        ("a session only", "v=0\r\no=- 1 2 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n".into(), None),
        ("no version", drop("v="), Some(OfferError::NotSdp)),
        ("no section", drop("m="), None),
        ("a section that is off", swap("application 9", "application 0"), None),
        ("another application", swap("webrtc-datachannel", "chess"), None),
        ("two sections", CHROMIUM.to_owned() + section, Some(OfferError::NoDataChannel)),
        ("audio", CHROMIUM.to_owned() + audio, Some(OfferError::Media)),
        ("a DTLS server", swap("actpass", "passive"), Some(OfferError::Setup)),
        ("no fingerprint", drop("a=fingerprint"), None),
        ("no digest", swap("0F:1E:2D", ""), None),
        ("an unknown hash", swap("sha-256", "md5"), None),
        ("no name", drop("a=ice-ufrag"), None),
        ("no password", drop("a=ice-pwd"), None),
        ("a long name", swap("q1Xy", &"x".repeat(120)), Some(OfferError::IceCredentials)),
        ("an odd name", swap("q1Xy", "q1:Xy"), Some(OfferError::IceCredentials)),
        ("a short password", swap("Zp0v7Lk3", ""), Some(OfferError::IceCredentials)),
        ("two names", swap("a=mid", "a=ice-ufrag:abcd\r\na=mid"), Some(OfferError::IceCredentials)),
        ("no mid", drop("a=mid"), None),
        ("a lone snap", swap("a=mid:0\r\n", "a=mid:0\r\na=sctp-init:AAAA\r\n"), None),
        ("no end", CHROMIUM[..CHROMIUM.len() - 40].to_owned(), None),
    ];
    for (name, offer, expected) in cases {
        let mut world = world();
        let result = world.endpoint.accept(world.now, &offer);
        println!("{name}: {:?}", result.as_ref().map(|(peer, _)| peer));
        match (result, expected) {
            (Err(error), Some(expected)) => assert_eq!(error, expected, "{name}"),
            (Ok(_), Some(_)) => panic!("{name} was answered"),
            _ => {}
        }
        world.run(std::time::Duration::from_secs(20));
        assert!(world.endpoint.is_bare(), "{name}");
    }
}

#[test]
fn broken_candidates() {
    let mut world = world();
    let (_, peer, _) = world.join(reliable("chat"));
    let good = "candidate:1 1 udp 2122260223 198.51.100.7 50000 typ host";
    let cases = [
        "candidate",
        "candidate:",
        "candidate: 1 1 udp",
        "foo:1 1 udp 2122260223 198.51.100.7 50000 typ host",
        "candidate:1 1 udp 2122260223 198.51.100.7 99999 typ host",
        "candidate:1 1 udp 99999999999999 198.51.100.7 50000 typ host",
        "candidate:1 1 udp 2122260223 example.com 50000 typ host",
        "candidate:1 1 udp 2122260223 198.51.100.7 50000 typ nothing",
        "candidate:1 1 udp 2122260223 \u{1f600} 50000 typ host",
        &good.repeat(20),
    ];
    for case in cases {
        let result = world.endpoint.candidate(world.now, peer, case);
        assert_eq!(result, Err(CandidateError::Invalid), "{case}");
    }
    // Addresses to which nothing can be sent harm nobody.
    let odd = ["0.0.0.0", "255.255.255.255", "224.0.0.1", "::1", "::", "127.0.0.1"];
    for address in odd {
        let candidate = good.replace("198.51.100.7", address);
        let _ = world.endpoint.candidate(world.now, peer, &candidate);
        let candidate = candidate.replace("50000", "0");
        let _ = world.endpoint.candidate(world.now, peer, &candidate);
    }
    world.opened(peer, "chat");
    assert_eq!(world.reason(peer), None);
}

#[test]
fn addresses_that_cannot_be_announced() {
    #[expect(clippy::disallowed_methods)]
    let base = std::time::Instant::now();
    for address in ["0.0.0.0:9000", "203.0.113.5:0", "[::]:9000", "224.0.0.1:9000"] {
        let address = address.parse().unwrap();
        let result = Endpoint::new(base, Config::default().candidate(address));
        assert_eq!(result.err(), Some(ConfigError::Candidate(address)));
    }
    assert_eq!(Endpoint::new(base, Config::default()).err(), Some(ConfigError::NoCandidate));
}

/// An offer with some of its lines, characters and numbers changed.
fn mutated() -> impl Strategy<Value = String> {
    let lines: Vec<&'static str> = CHROMIUM.split_inclusive('\n').collect();
    let count = lines.len();
    let edit = (0..7_u8, 0..count, 0..count, any::<prop::sample::Index>(), "\\PC{0,6}");
    prop::collection::vec(edit, 1..6).prop_map(move |edits| {
        let mut lines: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
        for (kind, at, other, place, text) in edits {
            let (at, other) = (at % lines.len(), other % lines.len());
            let length = lines[at].len();
            let place = lines[at].floor_char_boundary(place.index(length + 1));
            match kind {
                0 if lines.len() > 1 => drop(lines.remove(at)),
                1 => lines.swap(at, other),
                2 => lines.push(lines[at].clone()),
                3 => lines[at].insert_str(place, &text),
                4 => lines[at].truncate(place),
                5 => {
                    let end = lines[at].trim_end().len();
                    lines[at].insert_str(end, &"x".repeat(place * 4));
                }
                _ => lines[at] = lines[at].replace(|c: char| c.is_ascii_digit(), &text),
            }
            if lines.iter().any(|line| line.is_empty()) {
                lines.retain(|line| !line.is_empty());
                lines.push(text);
            }
        }
        lines.concat()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..Default::default() })]

    #[test]
    fn any_offer_is_answered_or_refused(offer in mutated(), again in mutated()) {
        let mut world = world();
        if let Ok((peer, _)) = world.endpoint.accept(world.now, &offer) {
            let _ = world.endpoint.accept_again(world.now, peer, &again);
            world.run(std::time::Duration::from_secs(1));
            world.endpoint.kick(world.now, peer);
            world.run(std::time::Duration::from_secs(2));
        }
        prop_assert!(world.endpoint.is_bare());
    }

    #[test]
    fn a_connected_peer_offers_anything(again in mutated()) {
        let mut world = world();
        let (_, peer, ..) = world.joined(reliable("chat"));
        let _ = world.endpoint.accept_again(world.now, peer, &again);
        world.run(std::time::Duration::from_millis(200));
        world.endpoint.kick(world.now, peer);
        world.run(std::time::Duration::from_secs(2));
        prop_assert!(world.endpoint.is_bare());
    }

    #[test]
    fn any_beginning_of_sctp_in_an_offer(
        edits in prop::collection::vec((any::<prop::sample::Index>(), "[A-Za-z0-9+/]"), 0..6),
        length in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let mut world = world();
        let browser = world.browser();
        let (offer, _) = world.browsers[browser].offer(reliable("chat"));
        let start = offer.find("a=sctp-init:").unwrap() + "a=sctp-init:".len();
        let end = start + offer[start..].find('\r').unwrap();
        let mut init = offer[start..end].to_owned();
        for (place, letter) in edits {
            let place = place.index(init.len());
            init.replace_range(place..=place, &letter);
        }
        init.truncate(length.map_or(init.len(), |length| length.index(init.len() + 1)));
        let offer = format!("{}{init}{}", &offer[..start], &offer[end..]);
        if let Ok((_, answer)) = world.endpoint.accept(world.now, &offer) {
            world.browsers[browser].answered(&answer);
            world.run(std::time::Duration::from_secs(3));
        }
        world.endpoint.close(world.now);
        world.run(std::time::Duration::from_secs(3));
        prop_assert!(world.endpoint.is_bare());
    }

    #[test]
    fn any_text_is_no_offer(text in "(v=0\r\n)?[a-z]=\\PC{0,80}(\r\n[a-z]=\\PC{0,40}){0,20}") {
        let mut world = world();
        prop_assert!(world.endpoint.accept(world.now, &text).is_err());
    }

    #[test]
    fn any_candidate_is_taken_or_refused(
        fields in prop::collection::vec("[0-9a-z.:]{0,16}|udp|1|typ|host|srflx|raddr", 0..14),
        text in "\\PC{0,60}",
    ) {
        let mut world = world();
        let (_, peer, _) = world.join(reliable("chat"));
        for candidate in [format!("candidate:{}", fields.join(" ")), format!("candidate:{text}"), text] {
            let _ = world.endpoint.candidate(world.now, peer, &candidate);
        }
        world.opened(peer, "chat");
    }
}
