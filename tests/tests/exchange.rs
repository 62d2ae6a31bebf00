//! Two machines on a simulated network: messages, fragments, keep-alive and back-pressure.

// Outside of a `#[test]` too, a test that can't go on should stop.
#![allow(clippy::unwrap_used)]

use std::time::Duration;

use bytes::Buf;
use socker_core::handshake::Request;
use socker_core::{CloseReason, Config, Event, Instant, Machine, Message, Refusal, Role, Seed};
use socker_tests::at;
use socker_tests::feed::Told;
use socker_tests::frames::{Frame, decode_all, opcode};
use socker_tests::pair::{Network, Pair};

fn opened(network: Network, client: Config, server: Config) -> Pair {
    let request = Request::get("ws://server/").unwrap();
    let mut pair = Pair::new(network, client, server, &request);
    pair.run_until(at(1000));
    assert!(pair.client.machine.is_open() && pair.server.machine.is_open());
    pair
}

fn silent() -> Config {
    Config::default().keep_alive(None)
}

#[test]
fn echoes_come_back_in_order_over_any_network() {
    for seed in 0..60 {
        let network = Network {
            delay: Duration::from_millis(seed % 7),
            jitter: Duration::from_micros(seed * 50),
            piece: [1, 7, 100, 4000, usize::MAX][usize::try_from(seed).unwrap() % 5],
            seed,
        };
        let mut pair = opened(network, Config::default(), Config::default());
        pair.server.echoes = true;
        let sent: Vec<Message<'static>> = (0..20)
            .map(|at| match at % 3 {
                0 => Message::text("é".repeat(at * at)),
                1 => Message::binary(vec![7; at * 200]),
                _ => Message::text(""),
            })
            .collect();
        for message in &sent {
            pair.client.machine.send(message.clone()).unwrap();
            pair.run_for(Duration::from_millis(seed % 3));
        }
        pair.run_for(Duration::from_secs(20));
        assert_eq!(pair.server.messages(), sent, "seed {seed}");
        assert_eq!(pair.client.messages(), sent, "seed {seed}");
    }
}

#[test]
fn the_same_seed_is_the_same_run() {
    let run = || {
        let network =
            Network { jitter: Duration::from_millis(3), piece: 50, seed: 9, ..Network::default() };
        let mut pair = opened(network, Config::default(), Config::default());
        pair.server.echoes = true;
        pair.client.machine.send(Message::binary(vec![1; 5000])).unwrap();
        pair.run_for(Duration::from_secs(100));
        (pair.client.transcript.written.clone(), pair.server.transcript.written.clone(), pair.now)
    };
    assert_eq!(run(), run());
}

#[test]
fn fragments_and_a_ping_between_them() {
    let mut pair = opened(Network::default(), silent(), silent());
    let key = [9, 8, 7, 6];
    for (after, frame) in [
        (1, Frame::fragment(false, opcode::TEXT, "ab\u{e9}".as_bytes())),
        (2, Frame::new(opcode::PING, b"there?")),
        (3, Frame::fragment(false, opcode::CONTINUATION, b"")),
        (4, Frame::fragment(true, opcode::CONTINUATION, b"cd")),
    ] {
        pair.server.arrive(at(1000 + after), &frame.masked(key).encode());
    }
    pair.run_for(Duration::from_secs(1));
    assert_eq!(pair.server.messages(), [Message::text("ab\u{e9}cd")]);
    let told = pair.client.transcript.told.last();
    assert_eq!(told, Some(&Told::Pong(b"there?".to_vec())));
}

/// Asks at steps of half a second.
fn asking() -> Config {
    Config::default().keep_alive(Some(Duration::from_secs(32)))
}

#[test]
fn a_silent_peer_is_asked_and_answers() {
    let mut pair = opened(Network::default(), silent(), asking());
    // The request came after 10 ms, so the ping goes out at the step after 32.010 s, and its answer
    // comes 20 ms later.
    assert_eq!(pair.server.machine.poll_timeout(), Some(at(32_500)));
    pair.run_until(at(32_499));
    assert_eq!(pair.server.transcript.told, []);
    pair.run_until(at(32_519));
    assert_eq!(pair.server.machine.poll_timeout(), Some(at(62_500)));
    pair.run_until(at(32_520));
    assert_eq!(pair.server.transcript.told, [Told::Pong(Vec::new())]);
    assert_eq!(pair.server.machine.poll_timeout(), Some(at(65_000)));
    // And so on for ten minutes.
    pair.run_until(at(600_000));
    assert_eq!(pair.server.transcript.told.len(), 18);
    assert!(pair.server.machine.is_open() && pair.client.machine.is_open());
}

#[test]
fn a_peer_that_speaks_is_not_asked() {
    let mut pair = opened(Network::default(), silent(), Config::default());
    for _ in 0..20 {
        pair.client.machine.send(Message::text("tick")).unwrap();
        pair.run_for(Duration::from_secs(29));
    }
    assert_eq!(pair.server.messages().len(), 20);
    assert_eq!(pair.client.transcript.told.len(), 1, "{:?}", pair.client.transcript.told);
}

#[test]
fn a_peer_that_is_gone_is_noticed() {
    for role in [Role::Server, Role::Client] {
        let (client, server) = match role {
            Role::Server => (silent(), asking()),
            Role::Client => (asking(), silent()),
        };
        let mut pair = opened(Network::default(), client, server);
        pair.client.unplugged = true;
        pair.run_until(at(100_000));
        // The server was last told something at 10 ms, the client at 20 ms, so both ask at 32.5 s.
        let watcher = match role {
            Role::Server => &pair.server,
            Role::Client => &pair.client,
        };
        assert_eq!(watcher.closed_at, Some(at(62_500)));
        assert!(matches!(watcher.transcript.closed, Some(CloseReason::KeepAliveTimeout)));
        assert!(watcher.machine.is_done());
    }
}

#[test]
fn back_pressure() {
    let server = silent().outgoing_limit(1000);
    let mut pair = opened(Network::default(), silent(), server);
    pair.server.stalled = true;
    let machine = &mut pair.server.machine;
    let message = Message::binary(vec![7; 100]);
    let results: Vec<_> = (0..100).map(|_| machine.send(message.clone())).collect();
    let sent = results.iter().take_while(|result| result.is_ok()).count();
    let error = results[sent].clone().unwrap_err();
    assert_eq!((error.refusal, error.message), (Refusal::Full, message.clone()));
    assert!(machine.outgoing_len() <= 1000);
    assert!(machine.wants_read(), "not all that may wait does");

    // One that is larger than the limit is taken if it is alone.
    pair.server.stalled = false;
    pair.run_for(Duration::from_millis(100));
    pair.server.stalled = true;
    let large = Message::binary(vec![8; 5000]);
    pair.server.machine.send(large.clone()).unwrap();
    assert_eq!(pair.server.machine.ping(b"").unwrap_err(), Refusal::Full);

    // What the client says meanwhile is read: it may be waiting for that.
    pair.client.machine.send(Message::text("hello")).unwrap();
    pair.run_for(Duration::from_secs(1));
    assert_eq!(pair.server.messages(), [Message::text("hello")]);
    pair.server.stalled = false;
    pair.run_for(Duration::from_secs(1));
    let received = pair.client.messages();
    assert_eq!((received.len(), received.last()), (sent + 1, Some(&large)));
}

#[test]
fn pings_that_are_not_read_back_do_not_pile_up() {
    let mut pair = opened(Network::default(), silent(), silent().outgoing_limit(500));
    pair.server.stalled = true;
    for _ in 0..100 {
        pair.client.machine.ping(&[7; 50]).unwrap();
    }
    pair.run_for(Duration::from_secs(1));
    assert!(pair.server.machine.outgoing_len() < 600);
    pair.server.stalled = false;
    pair.run_for(Duration::from_secs(1));
    // The pings after the limit came in one piece with those before it.
    let written = &pair.server.transcript.written;
    let head = written.windows(4).position(|bytes| bytes == b"\r\n\r\n").unwrap() + 4;
    let pongs = decode_all(&written[head..]).0;
    assert!(pongs.iter().all(|frame| *frame == Frame::new(opcode::PONG, &[7; 50])));
    assert!((9..=11).contains(&pongs.len()), "{}", pongs.len());
}

/// A server that has much to say, to a peer that takes `each` bytes a second and says nothing.
fn drip(each: usize, patience: Duration) -> (Machine, Option<Event<'static>>) {
    let now = Instant::START;
    let mut machine = Machine::upgraded(
        now,
        Role::Server,
        Config::default().outgoing_limit(1000).into(),
        Seed::from([0; 16]),
    );
    machine.send(Message::binary(vec![0; 100_000])).unwrap();
    let mut elapsed = Duration::ZERO;
    let mut told = None;
    while elapsed < patience && told.is_none() {
        elapsed += Duration::from_secs(1);
        machine.outgoing().advance(each);
        machine.handle_timeout(Instant::at(elapsed));
        told = machine.poll(Instant::at(elapsed));
    }
    (machine, told)
}

#[test]
fn a_peer_that_takes_its_time_is_alive() {
    // The ping stands behind what it is still reading.
    let (machine, told) = drip(200, Duration::from_secs(400));
    assert!(told.is_none(), "{told:?}");
    assert!(machine.is_open() && machine.outgoing_len() > 0);
    // One that takes nothing is cut, and one that took all and does not answer.
    for each in [0, 50_000] {
        let (machine, told) = drip(each, Duration::from_secs(61));
        assert!(
            matches!(told, Some(Event::Closed(CloseReason::KeepAliveTimeout))),
            "{each}: {told:?}"
        );
        assert!(machine.is_done());
    }
}

/// All that was queued has gone, and more has come since: what went still counts.
#[test]
fn a_peer_that_has_taken_all_that_there_was_is_alive() {
    let mut machine = Machine::upgraded(
        Instant::START,
        Role::Server,
        Config::default().into(),
        Seed::from([0; 16]),
    );
    let asked = machine.poll_timeout().unwrap();
    machine.handle_timeout(asked);
    let len = machine.outgoing_len();
    machine.outgoing().advance(len);
    machine.send(Message::text("more")).unwrap();
    let over = machine.poll_timeout().unwrap();
    machine.handle_timeout(over);
    assert!(machine.is_open());
    // Of that it takes nothing.
    let over = machine.poll_timeout().unwrap();
    machine.handle_timeout(over);
    let told = machine.poll(over);
    assert!(matches!(told, Some(Event::Closed(CloseReason::KeepAliveTimeout))), "{told:?}");
}

#[test]
fn two_that_say_much_at_once_do_not_wait_for_each_other() {
    let config = || Config::default().message_limit(1 << 20).outgoing_limit(1000);
    let mut pair = opened(Network::default(), config(), config());
    let message = Message::binary(vec![5; 1 << 20]);
    pair.client.machine.send(message.clone()).unwrap();
    pair.server.machine.send(message.clone()).unwrap();
    assert!(pair.client.machine.wants_read() && pair.server.machine.wants_read());
    pair.run_for(Duration::from_secs(1));
    assert_eq!(
        (pair.client.messages(), pair.server.messages()),
        (vec![message.clone()], vec![message])
    );
}
