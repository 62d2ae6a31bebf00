//! Connections to servers.

#![expect(clippy::unwrap_used, reason = "a test may end at once")]

mod support;

use std::{net::TcpListener, sync::Arc, thread, time::Duration};

use socker_mio::{
    ConnectError, EventLoop,
    core::{
        CloseReason, Config, Message,
        handshake::{Rejection, Request},
        http::StatusCode,
        service::{Budget, Context, PeerId, Service, Verdict},
    },
};
use support::{Echo, Server};

/// Says hello and listens.
#[derive(Default)]
struct Hello {
    opened: usize,
    heard: Vec<String>,
    ends: Vec<String>,
}

impl Service for Hello {
    fn opened(&mut self, cx: &mut Context<'_>, peer: PeerId) {
        self.opened += 1;
        cx.send(peer, Message::text("hello"));
    }

    fn message(&mut self, _: &mut Context<'_>, _: PeerId, message: Message<'_>) {
        self.heard.extend(message.as_text().map(str::to_owned));
    }

    fn closed(&mut self, _: &mut Context<'_>, _: PeerId, reason: &CloseReason) {
        self.ends.push(reason.to_string());
    }
}

fn request(address: impl std::fmt::Display) -> Request {
    Request::get(&format!("ws://{address}/")).unwrap()
}

/// Polls until a connection was not opened.
fn failure<S: Service>(events: &mut EventLoop<S>) -> (PeerId, ConnectError) {
    loop {
        if let Some(failure) = events.next_failure() {
            return failure;
        }
        events.poll(None).unwrap();
    }
}

#[test]
fn talks_to_servers() {
    let server = Server::new(Echo, Config::default());
    let mut events = EventLoop::new(Hello::default()).unwrap();
    for _ in 0..20 {
        events.connect(&request(server.address)).unwrap();
    }
    // By its name, which may have an address at which nobody listens.
    events.connect(&request(format_args!("localhost:{}", server.address.port()))).unwrap();
    while events.service().heard.len() < 21 {
        events.poll(None).unwrap();
    }
    assert_eq!((events.service().opened, events.len()), (21, 21));
    assert!(events.next_failure().is_none());
    // They answer the Close, and linger until the server has ended them.
    server.end_while(|| {
        while !events.is_empty() {
            events.poll(None).unwrap();
        }
    });
    assert_eq!(events.service().ends.len(), 21);
    assert!(events.service().ends.iter().all(|end| end.contains("the test ends")));
    assert!(events.next_failure().is_none());
}

/// A client and a server in one loop.
#[test]
fn talks_to_itself() {
    #[derive(Default)]
    struct Both(usize);

    impl Service for Both {
        fn opened(&mut self, cx: &mut Context<'_>, peer: PeerId) {
            cx.send(peer, Message::text("ping"));
        }

        fn message(&mut self, _: &mut Context<'_>, _: PeerId, _: Message<'_>) {
            self.0 += 1;
        }
    }

    let (mut events, address) = support::listening(Both::default(), Config::default());
    events.connect(&request(address)).unwrap();
    while events.service().0 < 2 {
        events.poll(None).unwrap();
    }
}

#[test]
fn a_server_that_is_not_there_is_told() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let mut events = EventLoop::new(Hello::default()).unwrap();
    let peer = events.connect(&request(address)).unwrap();
    let (failed, error) = failure(&mut events);
    assert_eq!(failed, peer);
    match error {
        ConnectError::Io(error) => {
            assert_eq!(error.kind(), std::io::ErrorKind::ConnectionRefused);
        }
        error => panic!("{error}"),
    }
    assert!(events.is_empty() && events.next_failure().is_none());
    assert_eq!((events.service().opened, events.service().ends.len()), (0, 0));
}

#[test]
fn a_server_that_rejects_is_told() {
    struct Closed;

    impl Service for Closed {
        fn request(&mut self, _: &mut Context<'_>, _: PeerId, _: &Request) -> Verdict {
            Rejection::new(StatusCode::FORBIDDEN).into()
        }

        fn message(&mut self, _: &mut Context<'_>, _: PeerId, _: Message<'_>) {}
    }

    let server = Server::new(Closed, Config::default());
    let mut events = EventLoop::new(Hello::default()).unwrap();
    let peer = events.connect(&request(server.address)).unwrap();
    match failure(&mut events) {
        (failed, ConnectError::Closed(CloseReason::Refused(response))) => {
            assert_eq!((failed, response.status()), (peer, StatusCode::FORBIDDEN));
        }
        (_, error) => panic!("{error}"),
    }
    assert!(events.is_empty());
    server.end();
}

#[test]
fn a_server_that_says_nothing_is_told() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let config = Config::default().opening_timeout(Some(Duration::from_millis(50)));
    let mut events =
        EventLoop::with(Hello::default(), Arc::new(config), Budget::default()).unwrap();
    events.connect(&request(address)).unwrap();
    let (_, error) = failure(&mut events);
    assert!(matches!(error, ConnectError::Closed(CloseReason::OpeningTimeout)), "{error}");

    // And one that goes without a word.
    let thread = thread::spawn(move || drop((listener.accept().unwrap(), listener.accept())));
    events.connect(&request(address)).unwrap();
    let (_, error) = failure(&mut events);
    assert!(matches!(error, ConnectError::Closed(_) | ConnectError::Io(_)), "{error}");
    assert!(events.is_empty());
    thread.join().unwrap();
}

#[test]
fn a_drain_gives_up_what_is_not_open() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut events = EventLoop::new(Hello::default()).unwrap();
    let peer = events.connect(&request(listener.local_addr().unwrap())).unwrap();
    events.drain(Duration::from_secs(5), "");
    assert!(events.is_drained());
    match events.next_failure() {
        Some((failed, ConnectError::Closed(CloseReason::Cancelled))) => assert_eq!(failed, peer),
        failure => panic!("{failure:?}"),
    }
}

#[test]
fn what_can_not_be_is_refused_at_once() {
    let mut events =
        EventLoop::with(Hello::default(), Arc::default(), Budget::default().connections(1))
            .unwrap();
    let secure = Request::get("wss://localhost/").unwrap();
    assert!(matches!(events.connect(&secure), Err(ConnectError::Tls)));

    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let request = request(listener.local_addr().unwrap());
    events.connect(&request).unwrap();
    assert!(matches!(events.connect(&request), Err(ConnectError::Full)));
    assert!(events.next_failure().is_none());
}
