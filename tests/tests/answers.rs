//! Requests, acceptances and rejections as values: what they take, refuse, tell and become on the wire.

// Outside of a `#[test]` too, a test that can't go on should stop.
#![allow(clippy::unwrap_used)]

use std::net::IpAddr;

use socker_core::handshake::{
    Acceptance, HandshakeError, HeaderError, Incoming, Rejection, Request, RequestError,
};
use socker_core::http::{self, HeaderMap, Method, StatusCode, Version};
use socker_core::{Config, Instant, Machine, Seed};
use socker_tests::calls::REQUEST;
use socker_tests::feed::take_outgoing;

/// Headers that only the handshake may write: one more of them could smuggle in an answer of another's.
const RESERVED: [&str; 9] = [
    "Connection",
    "Upgrade",
    "Content-Length",
    "transfer-encoding",
    "Sec-WebSocket-Accept",
    "Sec-WebSocket-Extensions",
    "Sec-WebSocket-Key",
    "Sec-WebSocket-Protocol",
    "Sec-WebSocket-Version",
];

fn values(headers: &HeaderMap) -> Vec<(&str, &[u8])> {
    headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect()
}

#[test]
fn what_a_request_tells() {
    let address: IpAddr = "203.0.113.7".parse().unwrap();
    let request = Request::get("wss://server:444/arena?team=red").unwrap();
    assert!(request.is_secure() && !Request::get("ws://server/").unwrap().is_secure());
    assert_eq!((request.address(), request.header("cookie"), request.origin()), (None, None, None));
    let request = request.with_header("Cookie", "name=Ada; id=7").unwrap();
    let request = request.with_header("cookie", "name=Bob;colour = red").unwrap();
    let request = request.with_header("Origin", "https://page").unwrap();
    let request = request.with_subprotocol("one").unwrap().with_subprotocol("two").unwrap();
    let request = request.with_address(address);
    assert_eq!(request.uri(), "wss://server:444/arena?team=red");
    assert_eq!((request.path(), request.query()), ("/arena", Some("team=red")));
    assert_eq!((request.host(), request.origin()), (Some("server:444"), Some("https://page")));
    assert_eq!(request.header("COOKIE"), Some("name=Ada; id=7"));
    let cookies: Vec<_> = request.cookies().collect();
    assert_eq!(cookies, [("name", "Ada"), ("id", "7"), ("name", "Bob"), ("colour", "red")]);
    assert_eq!((request.cookie("name"), request.cookie("id")), (Some("Ada"), Some("7")));
    assert_eq!(request.cookie("i"), None);
    assert_eq!(request.subprotocols().collect::<Vec<_>>(), ["one", "two"]);
    assert_eq!(request.address(), Some(address));
    let lines = [
        ("host", &b"server:444"[..]),
        ("cookie", b"name=Ada; id=7"),
        ("cookie", b"name=Bob;colour = red"),
        ("origin", b"https://page"),
        ("sec-websocket-protocol", b"one, two"),
    ];
    assert_eq!(request.headers().collect::<Vec<_>>(), lines);
    let http = request.to_http();
    assert_eq!(
        (http.method(), http.uri(), http.version()),
        (&Method::GET, request.uri(), Version::HTTP_11)
    );
    assert_eq!(values(http.headers()), lines);
}

#[test]
fn what_a_request_refuses() {
    let request = Request::get("ws://server/").unwrap();
    for name in RESERVED.into_iter().chain(["host"]) {
        let refused = request.clone().with_header(name, "x").unwrap_err();
        assert_eq!(refused, RequestError::ReservedHeader, "{name}");
    }
    for (name, value) in [("a b", "x"), ("", "x"), ("x", "a\r\nb: c")] {
        let refused = request.clone().with_header(name, value).unwrap_err();
        assert_eq!(refused, RequestError::Header, "{name}: {value:?}");
    }
    let offering = request.with_subprotocol("one").unwrap();
    for name in ["one", "a b", "a,b", ""] {
        let refused = offering.clone().with_subprotocol(name).unwrap_err();
        assert_eq!(refused, RequestError::Subprotocol, "{name:?}");
    }
    for (uri, error) in [
        ("ws://a/#b", RequestError::Uri),
        ("/a", RequestError::Uri),
        ("http://a/", RequestError::Scheme),
        ("ws://:80/", RequestError::Host),
        ("ws://name@:80/", RequestError::Host),
    ] {
        assert_eq!(Request::get(uri).unwrap_err(), error, "{uri}");
    }
}

#[test]
fn what_an_acceptance_takes_and_tells() {
    let empty = Acceptance::default();
    assert_eq!((empty.subprotocol(), empty.headers().len()), (None, 0));
    let acceptance = empty.with_subprotocol("one").with_header("Set-Cookie", "name=Ada").unwrap();
    let acceptance = acceptance.with_header("set-cookie", "id=7").unwrap();
    assert_eq!(acceptance.subprotocol(), Some("one"));
    let cookies = [("set-cookie", &b"name=Ada"[..]), ("set-cookie", b"id=7")];
    assert_eq!(values(acceptance.headers()), cookies);
    for name in RESERVED {
        let refused = acceptance.clone().with_header(name, "x").unwrap_err();
        assert_eq!(refused, HeaderError::Reserved, "{name}");
    }
    for (name, value) in [("a b", "x"), ("x", "a\r\nb: c")] {
        let refused = acceptance.clone().with_header(name, value).unwrap_err();
        assert_eq!(refused, HeaderError::Invalid, "{name}: {value:?}");
    }
}

#[test]
fn what_a_rejection_takes_and_tells() {
    let rejection = Rejection::new(StatusCode::UNAUTHORIZED);
    assert_eq!((rejection.headers().len(), rejection.body().len()), (0, 0));
    let rejection = rejection.with_header("WWW-Authenticate", "Cookie").unwrap().with_text("no");
    assert_eq!((rejection.status(), &rejection.body()[..]), (StatusCode::UNAUTHORIZED, &b"no"[..]));
    let headers =
        [("www-authenticate", &b"Cookie"[..]), ("content-type", b"text/plain; charset=utf-8")];
    assert_eq!(values(rejection.headers()), headers);
    for name in RESERVED {
        let refused = rejection.clone().with_header(name, "x").unwrap_err();
        assert_eq!(refused, HeaderError::Reserved, "{name}");
    }
    assert_eq!(rejection.with_body(vec![1]).body(), &[1][..]);
    // It could not end the request.
    let replaced = Rejection::new(StatusCode::CONTINUE).status();
    assert_eq!(replaced, StatusCode::INTERNAL_SERVER_ERROR);
}

/// All that a server's machine writes for a rejection.
fn written(rejection: &Rejection) -> String {
    let mut machine = Machine::server(Instant::START, Config::default().into());
    let mut request = REQUEST.as_bytes().to_vec();
    let event = machine.read(Instant::START, &mut &mut request[..]);
    let Some(socker_core::Event::Incoming(incoming)) = event else { unreachable!("{event:?}") };
    machine.reject(Instant::START, incoming, rejection).unwrap();
    String::from_utf8(take_outgoing(&mut machine)).unwrap()
}

#[test]
fn what_a_rejection_becomes() {
    let no = Rejection::new(StatusCode::FORBIDDEN).with_body("no");
    let head = "HTTP/1.1 403 Forbidden\r\nconnection: close\r\ncontent-length: 2\r\n\r\n";
    assert_eq!(written(&no), format!("{head}no"));
    // An answer without content has no length of it, and no content.
    let nothing = Rejection::new(StatusCode::NO_CONTENT).with_body("no");
    assert_eq!(written(&nothing), "HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n");
    let version = written(&HandshakeError::Version.into());
    for header in ["connection: close, Upgrade", "upgrade: websocket", "sec-websocket-version: 13"]
    {
        assert!(version.contains(&format!("{header}\r\n")), "{version}");
    }
    let method = written(&HandshakeError::Method.into());
    assert!(method.contains("allow: GET\r\n") && !method.contains("Upgrade"), "{method}");
}

#[test]
fn the_status_of_each_error() {
    for (error, status) in [
        (HandshakeError::TooLarge, 431),
        (HandshakeError::TooManyHeaders, 431),
        (HandshakeError::Method, 405),
        (HandshakeError::Version, 426),
        (HandshakeError::Key, 400),
        (HandshakeError::Malformed("x"), 400),
    ] {
        assert_eq!(error.status(), status, "{error}");
        assert_eq!(Rejection::from(error).status(), status, "{error}");
    }
}

/// A client's request as another HTTP server has it, say hyper.
fn parsed(method: Method) -> http::Request<()> {
    let request = Request::get("ws://server/").unwrap().with_subprotocol("one").unwrap();
    let seed = Seed::from([7; 16]);
    let mut client = Machine::client(Instant::START, Config::default().into(), seed, &request);
    let head = String::from_utf8(take_outgoing(&mut client)).unwrap();
    let headers = head.trim_end().lines().skip(1).map(|line| line.split_once(": ").unwrap());
    let request = http::Request::builder().method(method).uri("/arena");
    headers.fold(request, |request, (name, value)| request.header(name, value)).body(()).unwrap()
}

#[test]
fn a_request_that_another_has_parsed() {
    let address: IpAddr = "::1".parse().unwrap();
    let incoming = Incoming::new(parsed(Method::GET)).unwrap();
    let incoming = incoming.with_address(address);
    assert_eq!(
        (incoming.request().path(), incoming.request().address()),
        ("/arena", Some(address))
    );
    let wrong = incoming.response(Acceptance::default().with_subprotocol("two"));
    assert_eq!(wrong.unwrap_err().to_string(), "the subprotocol \"two\" was not offered");
    let chosen = Acceptance::default().with_subprotocol("one").with_header("x", "y").unwrap();
    let response = incoming.response(chosen).unwrap();
    assert_eq!(response.status(), StatusCode::SWITCHING_PROTOCOLS);
    for (name, value) in [
        ("connection", "Upgrade"),
        ("upgrade", "websocket"),
        ("sec-websocket-protocol", "one"),
        ("x", "y"),
    ] {
        assert_eq!(response.headers()[name], value);
    }
    let key = incoming.request().header("sec-websocket-key").unwrap();
    let accept = tungstenite::handshake::derive_accept_key(key.as_bytes());
    assert_eq!(response.headers()["sec-websocket-accept"], accept);
    assert_eq!(Incoming::new(parsed(Method::POST)).unwrap_err(), HandshakeError::Method);
}
