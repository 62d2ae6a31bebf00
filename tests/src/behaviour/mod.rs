//! How a service behaves, on any host: each function is a test of one.
//!
//! What services note goes to a log that the test shares with them, as they may run elsewhere.
// A rejection is large, and is made once for a connection.
#![allow(clippy::result_large_err)]

mod services;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use socker_core::directory::codec::{Listing, Message as Said, Sender};
use socker_core::directory::{self, Directory};
use socker_core::handshake::{Request, Response};
use socker_core::rooms::{Limits, Rooms};
use socker_core::service::{Budget, Recorder, Router, Service};
use socker_core::wire::Violation;
use socker_core::{CloseCode, CloseReason, Config, Message, Seed};

use self::services::{
    Alarm, Bouncer, Closer, Crowd, Echo, Flood, Log, Patient, Snapshots, echo_again, staged,
};
use crate::frames::{Frame, opcode};
use crate::hosts::{Happened, PATIENCE, World};
use crate::rooms::message as room_message;
use crate::sim::replay;

fn start<W: World>(service: impl Service + Send + 'static) -> W {
    W::start(service, Config::default(), Budget::default())
}

fn request(path: &str) -> Request {
    Request::get(&format!("ws://127.0.0.1{path}")).unwrap()
}

fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn next<W: World>(world: &mut W, client: usize) -> Happened {
    let happened = world.next_in(client, PATIENCE);
    happened.unwrap_or_else(|| panic!("nothing happens to client {client}"))
}

fn opened<W: World>(world: &mut W, path: &str) -> usize {
    let client = world.connect(&request(path));
    match next(world, client) {
        Happened::Opened(_) => client,
        other => panic!("client {client} is not open: {other:?}"),
    }
}

fn message<W: World>(world: &mut W, client: usize) -> Message<'static> {
    match next(world, client) {
        Happened::Message(message) => message,
        other => panic!("no message for client {client}: {other:?}"),
    }
}

fn text<W: World>(world: &mut W, client: usize) -> String {
    message(world, client).as_text().expect("it is text").to_owned()
}

/// The end, before which there is nothing.
fn closed<W: World>(world: &mut W, client: usize) -> CloseReason {
    match next(world, client) {
        Happened::Closed(reason) => reason,
        other => panic!("client {client} is not closed: {other:?}"),
    }
}

fn closed_by_peer<W: World>(world: &mut W, client: usize) -> (u16, String) {
    match closed(world, client) {
        CloseReason::Peer { code, reason } => (code.into(), reason),
        other => panic!("client {client} was not closed by the host: {other}"),
    }
}

fn refused<W: World>(world: &mut W, request: &Request) -> Response {
    let client = world.connect(request);
    match closed(world, client) {
        CloseReason::Refused(response) => response,
        other => panic!("client {client} was not refused: {other}"),
    }
}

/// Waits until the service has noted something.
fn noted<W: World>(world: &mut W, log: &Log, line: &str) {
    let noted = world.wait_until(PATIENCE, || log.has(line));
    assert!(noted, "{line:?} is not among {:?}", log.lines());
}

fn end<W: World>(mut world: W) {
    world.drain(millis(500), "the end");
    world.join();
}

/// Messages of any size come back in order.
pub fn echo<W: World>() {
    // Who sends all at once has to find room for all of it.
    let config = Config::default().outgoing_limit(16 << 20);
    let mut world = W::start(Echo, config, Budget::default());
    let client = opened(&mut world, "/");
    let mut sent = vec![Message::text(""), Message::binary(vec![])];
    sent.extend((0..100).map(|number| Message::text(number.to_string())));
    for len in [125, 126, 65_535, 65_536, 1 << 20] {
        sent.push(Message::binary((0..=250).cycle().take(len).collect::<Vec<u8>>()));
        sent.push(Message::text("é".repeat(len / 2)));
    }
    sent.push(Message::text("last"));
    for message in &sent {
        world.send(client, message.clone());
    }
    for expected in &sent {
        let got = message(&mut world, client);
        assert_eq!((got.kind(), got.len()), (expected.kind(), expected.len()));
        assert!(got == *expected);
    }
    world.close(client, CloseCode::Normal, "");
    assert!(matches!(closed(&mut world, client), CloseReason::Local { .. }));
    end(world);
}

/// What one says, all hear, and in one order.
pub fn broadcast<W: World>() {
    let mut world: W = start(Crowd::default());
    let clients: Vec<_> = (0..30).map(|_| opened(&mut world, "/")).collect();
    for (number, client) in clients[..10].iter().enumerate() {
        world.send(*client, Message::text(format!("from {number}")));
    }
    let first: Vec<_> = (0..10).map(|_| text(&mut world, clients[0])).collect();
    let mut sorted = first.clone();
    sorted.sort();
    assert_eq!(sorted, (0..10).map(|number| format!("from {number}")).collect::<Vec<_>>());
    for client in &clients[1..] {
        for expected in &first {
            assert_eq!(&text(&mut world, *client), expected);
        }
    }
    end(world);
}

/// A request is refused with a status, headers and words.
pub fn rejection<W: World>() {
    let log = Log::default();
    let mut world: W = start(Bouncer(log.clone()));
    let response = refused(&mut world, &request("/no"));
    assert_eq!(response.status().as_u16(), 401);
    assert_eq!(response.header("www-authenticate"), Some("Cookie"));
    assert_eq!(&response.body()[..], b"log in first");
    // It chooses a subprotocol that was not offered.
    let response = refused(&mut world, &request("/unoffered"));
    assert_eq!(response.status().as_u16(), 500);
    noted(&mut world, &log, "closed: rejected with 500 Internal Server Error");
    assert!(!log.lines().iter().any(|line| line.starts_with("opened /no")));
    end(world);
}

/// A service sees the request: path, query, headers, cookies, subprotocols and address.
pub fn what_is_requested<W: World>() {
    let log = Log::default();
    let mut world: W = start(Bouncer(log.clone()));
    let request = request("/play?team=red")
        .with_header("Cookie", "name=Ada; other=1")
        .and_then(|request| request.with_header("X-Test", "seen"))
        .and_then(|request| request.with_subprotocol("first"))
        .and_then(|request| request.with_subprotocol("second"))
        .unwrap();
    let client = world.connect(&request);
    let Happened::Opened(response) = next(&mut world, client) else { panic!("not open") };
    assert_eq!(response.subprotocol(), Some("second"));
    assert_eq!(response.header("x-answer"), Some("yes"));
    for line in [
        "path /play",
        "query team=red",
        "cookie Ada",
        "header seen",
        "subprotocols first second",
        "address 127.0.0.1",
    ] {
        noted(&mut world, &log, line);
    }
    end(world);
}

/// A script's server speaks first; each client is in a stage of its own; a deadline closes.
pub fn script<W: World>() {
    let mut world: W = start(staged(millis(4000)));
    let slow = opened(&mut world, "/");
    let (ada, bob) = (opened(&mut world, "/"), opened(&mut world, "/"));
    for client in [slow, ada, bob] {
        assert_eq!(text(&mut world, client), "who are you?");
    }
    world.send(ada, Message::text("Ada"));
    assert_eq!(text(&mut world, ada), "hello Ada");
    world.send(bob, Message::text("Bob"));
    assert_eq!(text(&mut world, bob), "hello Bob");
    world.send(ada, Message::text("nice"));
    assert_eq!(text(&mut world, ada), "Ada said nice");
    let late = (1008, "stage \"name\" took too long".to_owned());
    assert_eq!(closed_by_peer(&mut world, slow), late);
    world.send(bob, Message::text("bye"));
    assert_eq!(closed_by_peer(&mut world, bob), (4001, "see you".to_owned()));
    assert!(world.next_in(ada, millis(100)).is_none(), "she is in time");
    end(world);
}

/// Services by path.
pub fn router<W: World>() {
    let crowd = Crowd::default();
    let mut world: W =
        start(Router::default().mount("/echo", Echo).mount("/crowd", crowd).mount("/no", Closer));
    let echo = opened(&mut world, "/echo");
    let (first, second) = (opened(&mut world, "/crowd"), opened(&mut world, "/crowd/2"));
    world.send(echo, Message::text("to myself"));
    assert_eq!(text(&mut world, echo), "to myself");
    world.send(second, Message::text("to all"));
    for client in [first, second] {
        assert_eq!(text(&mut world, client), "to all");
    }
    assert_eq!(refused(&mut world, &request("/nothing")).status().as_u16(), 404);
    assert!(world.next_in(echo, millis(50)).is_none());
    end(world);
}

/// A service's own times come, and not too early.
pub fn timeouts<W: World>() {
    let mut world: W = start(Alarm::default());
    let client = opened(&mut world, "/");
    // A host that stood still may have read nothing yet.
    assert!(world.next_in(client, millis(100)).is_none());
    for delay in [60, 0, 20] {
        let before = world.elapsed();
        world.send(client, Message::text(delay.to_string()));
        assert_eq!(text(&mut world, client), format!("{delay} are over"));
        // A host may take the time some moments before it reads what has come.
        assert!(world.elapsed() - before + millis(20) >= millis(delay));
    }
    end(world);
}

/// A service closes, and hears no more of that peer than its end.
pub fn the_service_closes<W: World>() {
    let log = Log::default();
    let mut world: W = start(echo_again(log.clone()));
    let client = opened(&mut world, "/");
    for said in ["one", "close", "two", "three"] {
        world.send(client, Message::text(said));
    }
    assert_eq!(text(&mut world, client), "one");
    assert_eq!(closed_by_peer(&mut world, client), (4007, "as asked".to_owned()));
    noted(&mut world, &log, "closed: closed by this side with code 4007");
    let heard: Vec<_> = log.lines().into_iter().filter(|line| line.starts_with("heard")).collect();
    assert_eq!(heard, ["heard one", "heard close"]);
    end(world);
}

/// A peer closes, or is gone without a word.
pub fn the_peer_closes<W: World>() {
    let log = Log::default();
    let mut world: W = start(echo_again(log.clone()));
    let polite = opened(&mut world, "/");
    world.send(polite, Message::text("almost"));
    assert_eq!(text(&mut world, polite), "almost");
    // The answer to this one may come too late.
    world.send(polite, Message::text("last words"));
    world.close(polite, CloseCode::Library(4321), "good night");
    noted(&mut world, &log, "heard last words");
    noted(&mut world, &log, "closed: closed by the peer with 4321: good night");
    let mut last = next(&mut world, polite);
    if let Happened::Message(message) = &last {
        assert_eq!(message.as_text(), Some("last words"));
        last = next(&mut world, polite);
    }
    assert!(matches!(last, Happened::Closed(CloseReason::Local { .. })), "{last:?}");
    let rude = opened(&mut world, "/");
    world.cut(rude);
    noted(&mut world, &log, "closed: the connection ended without a close");
    end(world);
}

/// Who breaks the protocol or a limit is told so, and the others go on.
pub fn violations<W: World>() {
    let log = Log::default();
    let config = Config::default().message_limit(1000);
    let mut world = W::start(echo_again(log.clone()), config, Budget::default());
    let good = opened(&mut world, "/");
    let masked = |frame: Frame| frame.masked([1, 2, 3, 4]).encode();
    for (bytes, violation, code) in [
        (b"\x81\x02hi".to_vec(), Violation::Unmasked, 1002),
        (masked(Frame::new(opcode::TEXT, b"\xFF")), Violation::InvalidUtf8, 1007),
        (masked(Frame::new(opcode::BINARY, &[0; 1001])), Violation::MessageTooLarge, 1009),
    ] {
        let client = opened(&mut world, "/");
        world.send(client, Message::text("fine"));
        assert_eq!(text(&mut world, client), "fine");
        world.send_bytes(client, &bytes);
        assert_eq!(closed_by_peer(&mut world, client), (code, violation.reason().to_owned()));
        noted(&mut world, &log, &format!("closed: {}", CloseReason::Violation(violation)));
    }
    world.send(good, Message::text("still here"));
    assert_eq!(text(&mut world, good), "still here");
    end(world);
}

/// One that does not read is closed with 1013, and the others are served meanwhile.
pub fn a_slow_reader<W: World>() {
    let log = Log::default();
    let config = Config::default().close_timeout(PATIENCE);
    // The fast one speaks as often as it is answered.
    let budget = Budget::default().message_rate(u32::MAX).message_burst(u32::MAX);
    let mut world = W::start(Flood::new(log.clone()), config, budget);
    let slow = opened(&mut world, "/");
    let fast = opened(&mut world, "/echo");
    world.stall(slow);
    world.send(slow, Message::text("flood"));
    // Waiting for the slow one would take as long as that may.
    while !log.has("the flood is over") {
        let before = world.elapsed();
        world.send(fast, Message::text("there?"));
        assert_eq!(text(&mut world, fast), "there?");
        let took = world.elapsed() - before;
        assert!(took < PATIENCE / 2, "{took:?}");
    }
    world.resume(slow);
    let mut got = 0;
    loop {
        match next(&mut world, slow) {
            Happened::Message(message) => {
                assert_eq!(message.as_bytes()[0], got, "in order, up to the end");
                got += 1;
            }
            Happened::Closed(CloseReason::Peer { code, .. }) => {
                assert_eq!(u16::from(code), 1013);
                break;
            }
            other => panic!("{other:?}"),
        }
    }
    assert!(got < Flood::MESSAGES, "it took all of {got} messages");
    noted(&mut world, &log, "closed: closed by this side with code 1013");
    end(world);
}

/// What is dropped is counted: snapshots and gaps together are all that there were.
pub fn droppable<W: World>() {
    let log = Log::default();
    let mut world: W = start(Snapshots::new(log.clone()));
    let slow = opened(&mut world, "/");
    let fast = opened(&mut world, "/");
    world.stall(slow);
    world.send(fast, Message::text("begin"));
    noted(&mut world, &log, "all were sent");
    world.resume(slow);
    for (client, must_miss) in [(slow, true), (fast, false)] {
        let (mut got, mut missed, mut last) = (0, 0, None);
        while got + missed < Snapshots::COUNT {
            match message(&mut world, client) {
                Message::Text(words) => {
                    missed += words.strip_prefix("missed ").unwrap().parse::<u32>().unwrap();
                }
                Message::Binary(snapshot) => {
                    let number = u32::from_be_bytes(*snapshot.first_chunk().unwrap());
                    assert!(last < Some(number), "in order");
                    last = Some(number);
                    got += 1;
                }
            }
        }
        assert_eq!(got + missed, Snapshots::COUNT);
        assert!(got > 0 && (!must_miss || missed > 0), "{got} came, {missed} did not");
        assert!(world.next_in(client, millis(50)).is_none(), "that was all");
    }
    end(world);
}

/// Too many connections, from one address and from all.
pub fn too_many<W: World>() {
    let status = |response: &Response| {
        (response.status().as_u16(), response.header("retry-after").map(str::to_owned))
    };
    for (budget, code) in
        [(Budget::default().per_address(2), 429), (Budget::default().connections(2), 503)]
    {
        let log = Log::default();
        let mut world = W::start(echo_again(log.clone()), Config::default(), budget);
        let first = opened(&mut world, "/");
        let second = opened(&mut world, "/");
        let response = refused(&mut world, &request("/"));
        assert_eq!(status(&response), (code, Some("10".to_owned())));
        world.close(first, CloseCode::Normal, "making room");
        closed(&mut world, first);
        // The host has noticed the end of the socket too some time after this.
        noted(&mut world, &log, "closed: closed by the peer with 1000: making room");
        let mut third = None;
        let came = (0..100).any(|_| {
            let client = world.connect(&request("/"));
            let open = matches!(next(&mut world, client), Happened::Opened(_));
            third = Some(client);
            open || world.next_in(second, millis(20)).is_some()
        });
        assert!(came, "there is room again");
        for client in third.into_iter().chain([second]) {
            world.send(client, Message::text("here"));
            assert_eq!(text(&mut world, client), "here");
        }
        end(world);
    }
}

/// Messages that are too long are dropped as they come, and their senders are answered; who sends
/// even more is closed, and so is everybody of whom the service does not want to know.
pub fn oversized<W: World>() {
    let config = Config::default().message_limit(1000).discard_limit(3 << 20);
    let service = Router::default().mount("/patient", Patient).mount("/echo", Echo);
    let mut world = W::start(service, config, Budget::default());
    let client = opened(&mut world, "/patient");
    world.send(client, Message::text("first"));
    world.send(client, Message::text("é".repeat(1 << 20)));
    world.send(client, Message::binary(vec![0; 1001]));
    world.send(client, Message::binary(vec![0; 1000]));
    world.send(client, Message::text("last"));
    assert_eq!(text(&mut world, client), "first");
    assert_eq!(text(&mut world, client), "too long a text");
    assert_eq!(text(&mut world, client), "too long a binary");
    assert_eq!(message(&mut world, client).len(), 1000);
    assert_eq!(text(&mut world, client), "last");

    let greedy = opened(&mut world, "/patient");
    let plain = opened(&mut world, "/echo");
    // The header alone proves it.
    world.send_bytes(greedy, &[0x82, 0xFF, 0, 0, 0, 0, 0, 0x30, 0, 1]);
    world.send(plain, Message::binary(vec![0; 1001]));
    for client in [greedy, plain] {
        let reason = (1009, "message over the size limit".to_owned());
        assert_eq!(closed_by_peer(&mut world, client), reason);
    }
    end(world);
}

/// Rooms: an owner's burst reaches all members in order, a late one gets the state, and what is far
/// too long is answered.
pub fn rooms<W: World>() {
    let limits = Limits::default();
    let config = limits.config();
    let service = Rooms::new(Seed::from([7; 16])).limits(limits);
    let mut world = W::start(service, config, Budget::default());
    let owner = opened(&mut world, "/");
    world.send(owner, Message::text(room_message(1, "", "", &[], false)));
    let answer = text(&mut world, owner);
    let room = answer.split('"').nth(3).expect("its number").to_owned();
    let join = |world: &mut W| {
        let member = opened(world, "/");
        world.send(member, Message::text(room_message(2, &room, "", &[], false)));
        assert!(text(world, member).contains("connected"));
        member
    };
    let members: Vec<_> = (0..20).map(|_| join(&mut world)).collect();
    let actions: Vec<_> = (0..50)
        .map(|number: i32| room_message(3, &room, "draw", &[&number.to_string()], number == 7))
        .collect();
    for action in &actions {
        world.send(owner, Message::text(action.clone()));
    }
    for member in &members {
        for action in &actions {
            assert_eq!(&text(&mut world, *member), action);
        }
    }
    let late = join(&mut world);
    assert_eq!(text(&mut world, late), actions[7]);

    world.send(late, Message::text("[".repeat(10 << 20)));
    assert!(text(&mut world, late).contains("message-too-long"));
    world.cut(owner);
    world.send(late, Message::text(room_message(3, &room, "draw", &[], false)));
    assert!(text(&mut world, late).contains("not-owner"));
    end(world);
}

/// A directory: a server is listed, an offer goes there and an answer back, and who is gone leaves
/// the list.
pub fn directory<W: World>() {
    let limits = directory::Limits::default();
    let config = limits.config();
    let mut world =
        W::start(Directory::new(Seed::from([7; 16])).limits(limits), config, Budget::default());
    let server = opened(&mut world, "/directory/servers");
    let client = opened(&mut world, "/directory/clients");
    let say = |world: &mut W, peer, sender, message: &Said<'_>| {
        world.send(peer, Message::binary(message.encode(sender).unwrap()));
    };
    assert_eq!(message(&mut world, client).as_bytes(), [1], "no server is there yet");
    let register = Said::Register { metadata: "{}".into() };
    say(&mut world, server, Sender::Server, &register);
    let registered = message(&mut world, server).into_bytes();
    let Ok(Said::Registered { id }) = Said::decode(Sender::DirectoryToServer, &registered) else {
        panic!("{registered:?}");
    };
    let listing = Listing { id, metadata: "{}".into() };
    let listed = Said::ServersAdded(vec![listing]).encode(Sender::DirectoryToClient).unwrap();
    assert_eq!(message(&mut world, client).as_bytes(), listed);
    say(&mut world, client, Sender::Client, &Said::Offer { id, sdp: "offer".into() });
    let offer = message(&mut world, server).into_bytes();
    let Ok(Said::Offer { id: from, sdp }) = Said::decode(Sender::DirectoryToServer, &offer) else {
        panic!("{offer:?}");
    };
    assert_eq!(sdp, "offer");
    say(&mut world, server, Sender::Server, &Said::Answer { id: from, sdp: "answer".into() });
    let answer = Said::Answer { id, sdp: "answer".into() };
    let answer = answer.encode(Sender::DirectoryToClient).unwrap();
    assert_eq!(message(&mut world, client).as_bytes(), answer);
    world.send(client, Message::text("text"));
    assert_eq!(message(&mut world, client).as_bytes()[..3], [15, 0, 1]);
    say(&mut world, client, Sender::Client, &Said::Offer { id, sdp: "again".into() });
    assert_eq!(message(&mut world, server).as_bytes()[0], 4);
    world.cut(server);
    let rejected = Said::Reject { id }.encode(Sender::DirectoryToClient).unwrap();
    assert_eq!(message(&mut world, client).as_bytes(), rejected);
    let removed = Said::ServersRemoved(vec![id]).encode(Sender::DirectoryToClient).unwrap();
    assert_eq!(message(&mut world, client).as_bytes(), removed);
    end(world);
}

/// More messages a second than the budget has.
pub fn message_rate<W: World>() {
    let log = Log::default();
    let budget = Budget::default().message_rate(1).message_burst(20);
    let mut world = W::start(echo_again(log.clone()), Config::default(), budget);
    let client = opened(&mut world, "/");
    let modest = opened(&mut world, "/");
    for number in 0..200 {
        world.send(client, Message::text(number.to_string()));
    }
    let mut got = 0;
    let reason = loop {
        match next(&mut world, client) {
            Happened::Message(message) => {
                assert_eq!(message.as_text(), Some(&*got.to_string()));
                got += 1;
            }
            Happened::Closed(reason) => break reason,
            other @ Happened::Opened(_) => panic!("{other:?}"),
        }
    };
    noted(&mut world, &log, "closed: closed by this side with code 1008");
    // Where the service runs apart, answers may come too late; it has heard all that was allowed.
    let heard = log.lines().iter().filter(|line| line.starts_with("heard")).count();
    assert!((20..40).contains(&heard) && got <= heard, "{heard} were heard, {got} answered");
    let CloseReason::Peer { code, reason } = reason else { panic!("{reason}") };
    assert_eq!((u16::from(code), &*reason), (1008, "too many messages a second"));
    world.send(modest, Message::text("hello"));
    assert_eq!(text(&mut world, modest), "hello");
    end(world);
}

/// All are closed with 1001; who does not answer is cut in time, and nobody comes in any more.
pub fn draining<W: World>() {
    let log = Log::default();
    // What cuts the silent one is the drain.
    let config = Config::default().close_timeout(PATIENCE);
    let mut world = W::start(echo_again(log.clone()), config, Budget::default());
    let client = opened(&mut world, "/");
    let silent = opened(&mut world, "/");
    world.send(silent, Message::text("hello"));
    assert_eq!(text(&mut world, silent), "hello");
    world.stall(silent);
    let before = world.elapsed();
    world.drain(millis(3000), "new version");
    assert_eq!(closed_by_peer(&mut world, client), (1001, "new version".to_owned()));
    noted(&mut world, &log, "closed: closed by this side with code 1001");
    let late = world.connect(&request("/"));
    assert!(matches!(closed(&mut world, late), CloseReason::Eof | CloseReason::Refused(_)));
    noted(&mut world, &log, "closed: the connection ended without a close");
    let took = world.elapsed() - before;
    assert!(took >= millis(2500) && took < PATIENCE / 2, "{took:?}");
    world.join();
}

/// What a host's service was told and answered is replayed from what was recorded.
pub fn recording<W: World>() {
    let lines = Arc::new(Mutex::new(String::new()));
    let write = Arc::clone(&lines);
    let recorder = Recorder::new(staged(millis(3000)), move |line: &str| {
        let mut lines = write.lock().unwrap();
        lines.push_str(line);
        lines.push('\n');
    });
    let mut world: W = start(recorder);
    let (ada, slow) = (opened(&mut world, "/a?b=c"), opened(&mut world, "/"));
    for (said, answer) in [("Ada\t", "hello Ada\t"), ("\n\\", "Ada\t said \n\\")] {
        text(&mut world, ada);
        world.send(ada, Message::text(said));
        assert!(world.wait_until(PATIENCE, || {
            lines.lock().unwrap().contains(&answer.escape_default().to_string())
        }));
    }
    text(&mut world, slow);
    assert_eq!(closed_by_peer(&mut world, slow).0, 1008);
    end(world);
    let text = lines.lock().unwrap();
    for part in ["\trequest\t", "\tmessage\t", "\ttimeout\n", "\tclosed\t"] {
        assert!(text.contains(part), "{text}");
    }
    replay(&text, &mut staged(millis(3000))).unwrap();
    // Another deadline, another service.
    assert!(replay(&text, &mut staged(PATIENCE)).is_err());
}
