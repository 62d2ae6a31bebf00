//! A server with many connections, each over a stream of its own kind.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use socker_core::{
    CloseCode, CloseReason, Config, Message,
    handshake::Request,
    service::{Context, PeerId, Peers, Service, Verdict},
    wire::Frame,
};
use socker_tests::{
    draw::Draw,
    sim::{Arrived, SharedLedger},
};
use socker_tokio::{Server, service::Handle};
use tokio::{
    io::{DuplexStream, duplex},
    task::AbortHandle,
    time::{self, sleep},
};

use crate::{
    faulty::{Faults, Faulty},
    for_seeds, soon,
};

const CLIENTS: usize = 5;
/// Calls that fail, of a thousand.
const FAILURES: [usize; 3] = [2, 30, 300];

/// Says all to whom it is from, who must hear it, and to the others, who may miss it.
#[derive(Default)]
struct Crowd {
    here: Peers<()>,
    paths: Paths,
}

/// Which peer has asked for a path.
type Paths = Arc<Mutex<BTreeMap<String, PeerId>>>;

impl Service for Crowd {
    fn request(&mut self, _: &mut Context<'_>, peer: PeerId, request: &Request) -> Verdict {
        self.paths.lock().unwrap().insert(request.uri().path().to_owned(), peer);
        Verdict::accept()
    }

    fn opened(&mut self, _: &mut Context<'_>, peer: PeerId) {
        self.here.insert(peer, ());
    }

    fn message(&mut self, cx: &mut Context<'_>, peer: PeerId, message: Message<'_>) {
        let frame = Frame::text(message.as_text().unwrap());
        cx.send(peer, message);
        cx.broadcast_droppable(self.here.ids().filter(|other| *other != peer), frame);
    }

    fn closed(&mut self, _: &mut Context<'_>, peer: PeerId, _: &CloseReason) {
        self.here.remove(peer);
    }
}

/// What came of a client.
#[derive(Debug, Default)]
struct Visit {
    sent: Vec<Message<'static>>,
    received: Vec<Message<'static>>,
    /// It has closed the connection when all of its echoes had come, and the server has as well.
    complete: bool,
    /// It has gone, or went silent, by its own choice.
    left: bool,
}

#[test]
fn nothing_is_lost_while_nothing_fails() {
    for_seeds("service::nothing", |draw| {
        run(draw, 0, |visits| {
            assert!(visits.iter().all(|visit| visit.complete || visit.left), "{visits:?}");
        })
    });
}

#[test]
fn each_end_is_told_once_whatever_fails() {
    for_seeds("service::each", |mut draw| {
        let failures = FAILURES[draw.below(3)];
        run(draw, failures, |_| {})
    });
}

/// Runs clients of one server, of which the first has a good stream and the others fail so often.
async fn run(mut draw: Draw, failures: usize, check: impl Fn(&[Visit])) {
    let paths = Paths::default();
    let crowd = Crowd { paths: Arc::clone(&paths), ..Crowd::default() };
    let ledger = SharedLedger::new(crowd);
    let ticked = draw.below(3) == 0;
    let server = Server::new(ledger.clone()).config(Config::default().into());
    let handle = if ticked {
        let (handle, mut tick) = server.start_ticked();
        tokio::spawn(async move {
            while !tick.is_drained() {
                tick.poll();
                sleep(Duration::from_millis(25)).await;
            }
            tick.poll();
        });
        handle
    } else {
        server.start()
    };
    let clients: Vec<_> = (0..CLIENTS)
        .map(|number| {
            let mut own = Draw::new(draw.number());
            let failures = if number == 0 { 0 } else { failures };
            let faults = if number == 0 { Faults::NONE } else { Faults::draw(&mut own, failures) };
            let (near, far) = duplex(64 + own.below(5000));
            let far = Faulty::new(far, faults, Draw::new(own.number()));
            let server = handle.clone();
            let served = tokio::spawn(async move { server.serve_connection(far, None).await });
            if failures > 0 && own.below(4) == 0 {
                abort(served.abort_handle(), Duration::from_millis(own.below(200) as u64));
            }
            let visit = tokio::spawn(visit(near, number, own));
            async move {
                let visit = visit.await.unwrap();
                assert!(!served.await.is_err_and(|error| error.is_panic()));
                visit
            }
        })
        .collect();
    let mut visits = Vec::new();
    for client in clients {
        visits.push(soon(client).await);
    }
    assert!(visits[0].complete, "the one with the good stream is not disturbed: {:?}", visits[0]);
    check(&visits);
    end(&handle).await;
    judge(&ledger, &paths.lock().unwrap(), &visits);
}

/// Ends a connection's task in the middle of whatever it does.
fn abort(task: AbortHandle, after: Duration) {
    tokio::spawn(async move {
        sleep(after).await;
        task.abort();
    });
}

/// The server has nothing left.
async fn end(handle: &Handle<SharedLedger>) {
    // A service that is ticked is told with the next tick.
    sleep(Duration::from_millis(100)).await;
    assert_eq!(handle.connections(), 0);
    handle.drain(Duration::ZERO, "");
    soon(handle.drained()).await;
}

/// The service was told of each end, and no client has got what was not sent to it.
fn judge(ledger: &SharedLedger, paths: &BTreeMap<String, PeerId>, visits: &[Visit]) {
    let ledger = ledger.lock();
    for (peer, record) in ledger.records() {
        // That it is told once, the ledger has seen.
        assert!(record.closed.is_some(), "{peer} has no end");
        assert!(record.opened.is_some(), "{peer} was not opened");
    }
    for (number, visit) in visits.iter().enumerate() {
        let peer = paths.get(&format!("/{number}"));
        let Some(record) = peer.and_then(|peer| ledger.record(*peer)) else {
            assert!(visit.sent.is_empty(), "{visit:?}");
            continue;
        };
        assert!(visit.sent.starts_with(&record.heard), "{visit:?}");
        record.judge(&visit.received, Arrived::Some).unwrap();
        assert!(!visit.complete || visit.sent == record.heard, "{visit:?}");
    }
}

/// A client over a good stream.
async fn visit(stream: DuplexStream, number: usize, mut draw: Draw) -> Visit {
    let mut visit = Visit::default();
    let request = Request::get(&format!("ws://localhost/{number}")).unwrap();
    let config = Arc::new(Config::default().keep_alive(None));
    let Ok(mut connection) = socker_tokio::client(stream, &request, config).await else {
        return visit;
    };
    let messages = 1 + draw.below(12);
    // The first one is honest to the end.
    let leaves = if number == 0 { 0 } else { draw.below(4) };
    for message in 0..messages {
        let len = if draw.below(8) == 0 { draw.below(8_000) } else { draw.below(300) };
        let text = format!("{number} {message} {}", "x".repeat(len));
        visit.sent.push(Message::text(text.clone()));
        if connection.send(Message::text(text)).await.is_err() {
            break;
        }
        // Or several on the way.
        if draw.below(3) == 0 && !hear(&mut connection, &mut visit, number).await {
            return visit;
        }
    }
    match leaves {
        1 => visit.left = true,
        // Until the server finds it dead.
        2 => {
            visit.left = true;
            time::sleep(Duration::from_secs(100)).await;
        }
        _ => {
            if hear(&mut connection, &mut visit, number).await {
                visit.complete = connection.close(CloseCode::Normal, "").await.is_clean();
            }
        }
    }
    visit
}

/// Receives until all of its own echoes have come; whether they have.
async fn hear(
    connection: &mut socker_tokio::Connection<DuplexStream>,
    visit: &mut Visit,
    number: usize,
) -> bool {
    let own = format!("{number} ");
    let is_own = |message: &&Message<'_>| message.as_text().unwrap().starts_with(&own);
    while visit.received.iter().filter(is_own).count() < visit.sent.len() {
        match connection.recv().await {
            Some(Ok(message)) => visit.received.push(message),
            Some(Err(_)) | None => return false,
        }
    }
    true
}
