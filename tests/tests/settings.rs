//! Each setting sets its own field, and no other; those of services make a configuration that suits.

use std::time::Duration;

use socker_core::service::Budget;
use socker_core::{Config, directory, rooms};

/// Sets each field by the method of its name, alone and after each other.
macro_rules! each_sets_its_own {
    ($default:expr, $($field:ident: $value:expr),+ $(,)?) => {{
        let all = $default$(.$field($value))+;
        $(
            let mut expected = $default;
            expected.$field = $value;
            assert_ne!(expected, $default, "{}", stringify!($field));
            assert_eq!($default.$field($value), expected, "{}", stringify!($field));
            assert_eq!(all.$field, $value, "{}", stringify!($field));
        )+
    }};
}

const TIME: Duration = Duration::from_millis(1001);

#[test]
fn of_a_connection() {
    each_sets_its_own!(
        Config::default(),
        opening_limit: 1,
        header_limit: 2,
        opening_timeout: Some(TIME),
        message_limit: 3,
        discard_limit: 4,
        outgoing_limit: 5,
        keep_alive: Some(TIME * 2),
        keep_alive_timeout: TIME * 3,
        close_timeout: TIME * 4,
    );
}

#[test]
fn of_a_host() {
    each_sets_its_own!(
        Budget::default(),
        connections: 1,
        per_address: 2,
        outgoing: 3,
        droppable: 4,
        message_rate: 5,
        message_burst: 6,
        incoming: 7,
        incoming_total: 8,
    );
}

#[test]
fn of_a_directory() {
    each_sets_its_own!(
        directory::Limits::default(),
        servers: 1,
        clients: 2,
        metadata: 3,
        sdp: 4,
        candidate: 5,
        offer_rate: 6,
        offer_burst: 7,
        offers: 8,
        candidates: 9,
        offer_timeout: TIME,
        tick: TIME * 2,
    );
}

#[test]
fn of_rooms() {
    each_sets_its_own!(
        rooms::Limits::default(),
        rooms: 1,
        members: 2,
        message: 3,
        state: 4,
        state_keys: 5,
        message_rate: 6,
        message_burst: 7,
        grace: TIME,
    );
}

/// A directory's longest messages come in, and its whole list goes out.
#[test]
fn a_configuration_that_suits_a_directory() {
    for (sdp, metadata, candidate) in [(9_000, 10, 10), (10, 9_000, 10), (10, 10, 9_000)] {
        let limits = directory::Limits::default().sdp(sdp).metadata(metadata).candidate(candidate);
        let config = limits.config();
        // The type, an id, and how long a candidate's names are.
        assert!((9_010..9_600).contains(&config.message_limit), "{}", config.message_limit);
        assert!(config.discard_limit > config.message_limit, "what is too long is answered");
    }
    let (servers, metadata) = (20_000, 1_000);
    let limits = directory::Limits::default().servers(servers).metadata(metadata);
    assert_eq!(limits.config().outgoing_limit, 2 * servers * (metadata + 6), "twice the list");
}
