use std::sync::Arc;

use socker_core::handshake::Request;
use socker_core::{Config, Instant, Machine, Role, Seed};
use socker_tests::feed::{Told, Transcript, transcribe};
use tungstenite::handshake::{client, machine::TryParse, server};

/// Any bytes as an opening request and as the answer to one: the same in any pieces, and what is
/// understood is read alike by tungstenite.
pub fn handshake(data: &[u8]) {
    for role in [Role::Server, Role::Client] {
        let whole = transcribe(machine(role), [data], true);
        for pieces in crate::splits(data) {
            let split = transcribe(machine(role), pieces, true);
            assert_eq!(whole.outcome(), split.outcome(), "{role:?}");
        }
        assert!(whole.closed.is_some(), "{role:?}: no end");
        match role {
            Role::Server => compare_request(data, &whole),
            Role::Client => compare_response(data, &whole),
        }
    }
}

fn machine(role: Role) -> Machine {
    let (now, config) = (Instant::START, Arc::new(Config::default().opening_limit(4096)));
    match role {
        Role::Server => Machine::server(now, config),
        Role::Client => {
            let request = Request::get("ws://a/").unwrap();
            let request = request.with_subprotocol("one").unwrap().with_subprotocol("two").unwrap();
            Machine::client(now, config, Seed::from([7; 16]), &request)
        }
    }
}

fn compare_request(data: &[u8], ours: &Transcript) {
    let theirs = server::Request::try_parse(data);
    let Some(request) = &ours.request else {
        // Theirs takes a bare LF, any Host, no path, and any size.
        return;
    };
    assert!(matches!(ours.told[0], Told::Incoming(_)));
    let (_, theirs) = theirs.expect("it can be parsed").expect("it is complete");
    let request = request.to_http();
    assert_eq!((request.uri(), request.headers()), (theirs.uri(), theirs.headers()));
    // Theirs wants Connection and Upgrade in the first of their lines, and Upgrade alone there.
    if let Ok(response) = server::create_response(&theirs) {
        let accept = response.headers()["sec-websocket-accept"].to_str().unwrap();
        let line = format!("sec-websocket-accept: {accept}\r\n");
        let head = String::from_utf8_lossy(&ours.written);
        assert!(head.starts_with("HTTP/1.1 101 ") && head.contains(&line), "{head}");
    }
}

fn compare_response(data: &[u8], ours: &Transcript) {
    let Some(response) = &ours.response else { return };
    let (_, theirs) = client::Response::try_parse(data).expect("it is HTTP").expect("and whole");
    assert_eq!((response.status(), response.headers()), (theirs.status(), theirs.headers()));
}
