//! A game server and its directory: it is listed, comes back, and refuses what makes no sense.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::{
    future::{Future, poll_fn},
    net::SocketAddr,
    pin::pin,
    task::Poll,
    time::{Duration, Instant},
};

use socker_core::{
    Message as Socket,
    directory::{
        Directory, Limits, MetadataError,
        codec::{Message, Sender},
    },
};
use socker_tokio::{
    Connection, Error, Server,
    game_server::{GameServer, GameServerError, Options},
    random_seed,
    rtc::ConfigError,
    service::Handle,
};
use tokio::{
    net::{TcpListener, TcpStream},
    time::{self, interval, timeout},
};

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(60);

/// As a game has.
const TICK: Duration = Duration::from_millis(10);

async fn directory(address: &str) -> (Handle<Directory>, SocketAddr) {
    let limits = Limits::default().tick(Duration::from_millis(1));
    let config = limits.config().into();
    let handle =
        Server::new(Directory::new(random_seed().unwrap()).limits(limits)).config(config).start();
    let listener = TcpListener::bind(address).await.unwrap();
    let address = listener.local_addr().unwrap();
    let serving = handle.clone();
    tokio::spawn(async move { serving.serve(listener).await });
    (handle, address)
}

/// A client of the directory.
struct Client(Connection<TcpStream>);

impl Client {
    async fn connect(address: SocketAddr) -> Self {
        let url = format!("ws://{address}/directory/clients");
        Self(socker_tokio::connect(&url).await.unwrap())
    }

    async fn say(&mut self, message: &Message<'_>) {
        let bytes = message.encode(Sender::Client).unwrap();
        self.0.send(Socket::binary(bytes)).await.unwrap();
    }

    /// The next message that is not an empty list.
    async fn hear(&mut self) -> String {
        loop {
            let message = timeout(PATIENCE, self.0.recv()).await.unwrap().unwrap().unwrap();
            let said = Message::decode(Sender::DirectoryToClient, message.as_bytes()).unwrap();
            if said != Message::ServersAdded(Vec::new()) {
                return format!("{said:?}");
            }
        }
    }
}

fn listed(id: u32, metadata: &str) -> String {
    format!("ServersAdded([Listing {{ id: {id}, metadata: {metadata:?} }}])")
}

#[tokio::test]
async fn a_server_is_listed_changes_and_leaves() {
    let (_directory, address) = directory("127.0.0.1:0").await;
    let mut client = Client::connect(address).await;
    let mut server = GameServer::connect(&format!("ws://{address}"), "{}").await.unwrap();
    assert_eq!(server.announced().ip(), address.ip(), "as the directory is reached");
    let playing = async {
        let heard = client.hear().await;
        assert!(heard.starts_with("ServersAdded([Listing { id: "), "{heard}");
        heard
    };
    let heard = tokio::select! {
        biased; // it is told its number first
        _ = server.next() => panic!("there are no players"),
        heard = playing => heard,
    };
    let id = server.id().unwrap();
    assert_eq!(heard, listed(id, "{}"));
    server.update("[1]").unwrap();
    assert_eq!(server.update("["), Err(MetadataError::NotJson));
    let changed = tokio::select! {
        heard = client.hear() => heard,
        _ = server.next() => panic!("there are no players"),
    };
    assert_eq!(changed, listed(id, "[1]").replace("Added", "Changed"));
    server.close();
    assert!(timeout(PATIENCE, server.next()).await.unwrap().is_none());
    assert_eq!(client.hear().await, format!("ServersRemoved([{id}])"));
}

#[tokio::test]
async fn an_offer_that_makes_no_sense_is_rejected() {
    let (_directory, address) = directory("127.0.0.1:0").await;
    let mut server = GameServer::connect(&format!("ws://{address}/"), "{}").await.unwrap();
    let mut client = Client::connect(address).await;
    let playing = tokio::spawn(async move {
        let event = server.next().await;
        panic!("something happened: {event:?}");
    });
    let heard = client.hear().await;
    let id: u32 = heard.split([' ', ',']).nth(3).unwrap().parse().unwrap();
    for sdp in ["", "nonsense", "v=0\r\n", "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n"] {
        client.say(&Message::Offer { id, sdp: sdp.into() }).await;
        assert_eq!(client.hear().await, format!("Reject {{ id: {id} }}"), "{sdp:?}");
    }
    assert!(!playing.is_finished());
    playing.abort();
}

#[tokio::test]
async fn a_server_comes_back_to_a_directory_that_was_restarted() {
    let (first, address) = directory("127.0.0.1:0").await;
    let mut server = GameServer::connect(&format!("ws://{address}"), "{}").await.unwrap();
    let playing = tokio::spawn(async move { while server.next().await.is_some() {} });
    let mut client = Client::connect(address).await;
    client.hear().await;
    first.drain(Duration::from_secs(5), "restarting");
    timeout(PATIENCE, first.drained()).await.unwrap();
    let (_second, again) = directory(&address.to_string()).await;
    assert_eq!(again, address);
    let mut client = Client::connect(address).await;
    assert!(client.hear().await.contains("metadata: \"{}\""));
    playing.abort();
}

#[tokio::test]
async fn a_refused_registration_is_told() {
    let (_directory, address) = directory("127.0.0.1:0").await;
    let long = format!("{:?}", "x".repeat(2_000));
    let mut server = GameServer::connect(&format!("ws://{address}"), &long).await.unwrap();
    let mut tick = interval(TICK);
    let problem = loop {
        tokio::select! {
            _ = server.next() => panic!("there are no players"),
            _ = tick.tick() => {}
        }
        if let Some(problem) = server.take_problem() {
            break problem;
        }
    };
    assert_eq!(problem.code, 3, "{problem}");
    assert_eq!((server.id(), server.take_problem()), (None, None));
}

#[tokio::test]
async fn a_flood_of_datagrams_lets_others_run() {
    let (_directory, address) = directory("127.0.0.1:0").await;
    let mut server = GameServer::connect(&format!("ws://{address}"), "{}").await.unwrap();
    let stranger = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    for _ in 0..150 {
        stranger.send_to(b"?", server.announced()).unwrap();
    }
    let seen = |server: &GameServer| server.counters().strangers + server.counters().malformed;
    let mut turns = Vec::new();
    while seen(&server) < 150 {
        // Until the runtime has heard of them.
        time::sleep(TICK).await;
        {
            let mut next = pin!(server.next());
            assert!(poll_fn(|cx| Poll::Ready(next.as_mut().poll(cx))).await.is_pending());
        }
        turns.push(seen(&server));
    }
    turns.dedup();
    assert_eq!(
        turns.iter().filter(|seen| **seen > 0).count(),
        3,
        "64 of them at a time: {turns:?}"
    );
}

#[tokio::test]
async fn a_directory_that_hangs_is_not_waited_for_at_the_end() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}", listener.local_addr().unwrap());
    let hanging = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let _connection = socker_tokio::accept(stream).await.unwrap();
        std::future::pending::<()>().await;
    });
    let mut server = GameServer::connect(&url, "{}").await.unwrap();
    server.close();
    let begin = Instant::now();
    let mut tick = interval(TICK);
    // Whoever has a tick drops `next` before it is ready, all the time.
    while tokio::select! { next = server.next() => next.is_some(), _ = tick.tick() => true } {}
    assert!(
        begin.elapsed() < Duration::from_secs(4),
        "{:?} instead of one second",
        begin.elapsed()
    );
    hanging.abort();
}

#[tokio::test]
async fn what_is_announced() {
    let (_directory, address) = directory("127.0.0.1:0").await;
    let directory = format!("ws://{address}");
    for (announced, expected) in [("127.0.0.2:0", None), ("127.0.0.2:7", Some(7))] {
        let options = Options::default().announce(announced.parse().unwrap());
        let server = GameServer::connect_with(&directory, "{}", options).await.unwrap();
        assert_eq!(server.announced().ip().to_string(), "127.0.0.2");
        assert_ne!(server.announced().port(), 0);
        assert!(expected.is_none_or(|port| server.announced().port() == port));
    }
}

#[tokio::test]
async fn what_can_not_begin() {
    let (_directory, address) = directory("127.0.0.1:0").await;
    let directory = format!("ws://{address}");
    let error = GameServer::connect(&directory, "{").await.unwrap_err();
    assert!(matches!(error, GameServerError::Metadata(MetadataError::NotJson)), "{error}");
    let error = GameServer::connect("ws://127.0.0.1:1", "{}").await.unwrap_err();
    assert!(matches!(error, GameServerError::Directory(Error::Io(_))), "{error}");
    let error = GameServer::connect("http://127.0.0.1/", "{}").await.unwrap_err();
    assert!(matches!(error, GameServerError::Directory(Error::Request(_))), "{error}");
    let nowhere = "0.0.0.0:9".parse().unwrap();
    let options = Options::default().announce(nowhere);
    let error = GameServer::connect_with(&directory, "{}", options).await.unwrap_err();
    let address = ConfigError::Candidate(nowhere);
    assert!(matches!(error, GameServerError::Address(found) if found == address), "{error}");
    let options = Options::default().bind("203.0.113.7:1".parse().unwrap());
    let error = GameServer::connect_with(&directory, "{}", options).await.unwrap_err();
    assert!(matches!(error, GameServerError::Socket(_)), "{error}");
}
