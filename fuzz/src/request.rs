use std::sync::Arc;

use socker_core::directory::servers_url;
use socker_core::handshake::Request;
use socker_core::{Config, Instant, Machine, Seed};
use socker_tests::feed::{take_outgoing, transcribe};
use tungstenite::handshake::{machine::TryParse, server};

/// Any texts, with zeros between them, as what a client wants to ask: a URI, then `name:value` for a
/// header and anything else as a subprotocol. What it may ask is what a server is asked, ours and
/// tungstenite alike.
pub fn request(data: &[u8]) {
    let texts = String::from_utf8_lossy(data);
    let mut texts = texts.split('\0');
    let uri = texts.next().unwrap_or_default();
    let Ok(mut request) = Request::get(uri) else { return };
    let servers = Request::get(&servers_url(uri)).expect("a directory's address is a URI too");
    assert_eq!((servers.host(), servers.query()), (request.host(), request.query()));
    assert_ne!(servers.path(), "/");

    let (mut subprotocols, mut headers) = (Vec::new(), Vec::new());
    for text in texts.take(16) {
        let more = request.clone();
        if let Some((name, value)) = text.split_once(':') {
            let Ok(more) = more.with_header(name, value) else { continue };
            headers.push((name, value));
            request = more;
        } else {
            let Ok(more) = more.with_subprotocol(text) else { continue };
            subprotocols.push(text);
            request = more;
        }
    }
    check(&request, &subprotocols, &headers);
}

fn check(request: &Request, subprotocols: &[&str], headers: &[(&str, &str)]) {
    let config = Arc::new(Config::default().opening_limit(1 << 20));
    let seed = Seed::from([7; 16]);
    let mut client = Machine::client(Instant::START, Arc::clone(&config), seed, request);
    let bytes = take_outgoing(&mut client);
    let server = Machine::server(Instant::START, config);
    let heard = transcribe(server, [&bytes[..]], false).request.expect("a server takes it");
    assert_eq!((heard.path(), heard.query()), (request.path(), request.query()));
    assert_eq!(heard.host(), request.host());
    assert!(heard.subprotocols().eq(subprotocols.iter().copied()));
    for (name, value) in headers {
        // Spaces around a value are not of it (RFC 9110, section 5.5).
        let value = value.trim_matches([' ', '\t']).as_bytes();
        let is_it = |(heard, as_value): (&str, &[u8])| {
            heard.eq_ignore_ascii_case(name) && as_value == value
        };
        assert!(heard.headers().any(is_it));
    }
    let (_, theirs) = server::Request::try_parse(&bytes).expect("it is HTTP").expect("and whole");
    let heard = heard.to_http();
    assert_eq!((heard.uri(), heard.headers()), (theirs.uri(), theirs.headers()));
}
