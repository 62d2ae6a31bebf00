//! `service::Scripted`: a script for each connection, on a host and on the other side.

// Outside of a `#[test]` too, a test that can't go on should stop. A rejection is large, and is made
// once for a connection.
#![allow(clippy::unwrap_used, clippy::result_large_err)]

use std::{sync::Arc, sync::Mutex, time::Duration};

use socker_core::handshake::{Rejection, Request};
use socker_core::http::StatusCode;
use socker_core::script::{Expects, Progress, Script, ScriptError, Stage, Step};
use socker_core::service::{Host, PeerId, Scripted, Service};
use socker_core::{CloseCode, CloseReason, Config, Instant, Message};
use socker_tests::sim::{Cut, Join, Net, Sim};

fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// A greeting that has to be answered in time, then a talk that ends with "bye".
fn script() -> Script<Vec<String>> {
    Script::new([
        Stage::new("greeting", |said: &mut Vec<String>, _, message| {
            said.push(message.as_text().unwrap().to_owned());
            Step::Next
        })
        .on_enter(|_, cx| {
            cx.send(Message::text("who are you?")).unwrap();
            Step::Stay
        })
        .deadline(millis(500))
        .expects(Expects::Text),
        Stage::new("talk", |said: &mut Vec<String>, cx, message| match message.as_text() {
            Some("bye") => Step::close(CloseCode::Normal, "see you"),
            Some("wrong") => Step::Next,
            Some(text) => {
                said.push(text.to_owned());
                cx.send(Message::text(format!("{text}, {}", said[0]))).unwrap();
                Step::Stay
            }
            None => Step::Stay,
        })
        .on_enter(|said, cx| {
            cx.send(Message::text(format!("hello {}", said[0]))).unwrap();
            Step::Stay
        }),
    ])
}

type Followed = Arc<Mutex<Vec<(Instant, PeerId, Result<Progress, ScriptError>)>>>;

fn begin(_: PeerId, request: Option<&Request>) -> Result<Vec<String>, Rejection> {
    match request.map(Request::path) {
        Some("/no") => Err(Rejection::new(StatusCode::PAYMENT_REQUIRED).with_text("pay first")),
        _ => Ok(Vec::new()),
    }
}

fn world() -> (Sim<Scripted<Vec<String>>>, Followed) {
    let followed = Followed::default();
    let follow = Arc::clone(&followed);
    let scripted = Scripted::new(script(), begin).on_progress(move |now, peer, progress| {
        follow.lock().unwrap().push((now, peer, *progress));
    });
    (Sim::new(1, Host::new(scripted)), followed)
}

fn progress(followed: &Followed) -> Vec<Result<Progress, ScriptError>> {
    followed.lock().unwrap().drain(..).map(|(_, _, progress)| progress).collect()
}

#[test]
fn stages() {
    let (mut sim, followed) = world();
    let ada = sim.connect("/");
    sim.run_for(millis(100));
    let peer = sim[ada].peer().unwrap();
    assert_eq!(sim.host.service().stage(peer), Some("greeting"));
    for text in ["Ada", "nice"] {
        sim.send(ada, Message::text(text));
    }
    sim.run_for(millis(100));
    let service = sim.host.service();
    assert_eq!(service.stage(peer), Some("talk"));
    let said = vec!["Ada".to_owned(), "nice".to_owned()];
    assert_eq!(service.get(peer), Some(&said));
    assert_eq!(service.iter().collect::<Vec<_>>(), [(peer, &said)]);
    sim.run_service(|service, _| service.get_mut(peer).unwrap()[0] = "Grace".to_owned());
    for text in ["again", "bye", "too late"] {
        sim.send(ada, Message::text(text));
    }
    sim.run_for(millis(100));
    let texts: Vec<_> = sim[ada].texts().collect();
    assert_eq!(texts, ["who are you?", "hello Ada", "nice, Ada", "again, Grace"]);
    assert_eq!(sim[ada].closed_by_peer(), Some((1000, "see you")));
    let service = sim.host.service();
    assert_eq!((service.stage(peer), service.get(peer), service.iter().count()), (None, None, 0));
    let closed = Progress::Closed { stage: "talk", code: CloseCode::Normal };
    let expected = [Progress::Entered("greeting"), Progress::Entered("talk"), closed];
    assert_eq!(progress(&followed), expected.map(Ok));
    // Its deadline is over without having come.
    assert_eq!(service.poll_timeout(), None);
}

#[test]
fn deadlines() {
    let (mut sim, followed) = world();
    let slow = sim.connect("/");
    sim.run_for(millis(100));
    let late = sim.connect("/");
    let gone = sim.connect("/");
    sim.run_for(millis(100));
    sim.cut(gone, Cut::Eof);
    let times = [slow, late].map(|client| sim[client].opened().unwrap().0);
    // Accepted 10 ms before the answer came.
    assert_eq!(sim.host.service().poll_timeout(), Some(times[0] + millis(490)));
    sim.run_for(millis(100));
    sim.send(late, Message::text("in time"));
    sim.run_for(Duration::from_secs(5));
    assert_eq!(sim[slow].closed_by_peer(), Some((1008, "stage \"greeting\" took too long")));
    assert_eq!(sim[slow].closed().unwrap().0, times[0] + millis(500));
    assert!(sim[late].closed().is_none());
    assert_eq!(sim.host.service().poll_timeout(), None);
    let expired = progress(&followed)
        .into_iter()
        .filter(|progress| matches!(progress, Ok(Progress::Expired { stage: "greeting" })));
    assert_eq!(expired.count(), 1);
}

#[test]
fn a_message_that_was_not_expected() {
    let (mut sim, followed) = world();
    let client = sim.connect("/");
    sim.send(client, Message::binary(b"Ada"));
    sim.run_for(millis(100));
    let reason = "stage \"greeting\" expects text, not binary";
    assert_eq!(sim[client].closed_by_peer(), Some((1003, reason)));
    assert!(matches!(progress(&followed)[1], Ok(Progress::Refused { stage: "greeting", .. })));
}

#[test]
fn a_script_that_is_wrong() {
    let (mut sim, followed) = world();
    let client = sim.connect("/");
    for text in ["Ada", "wrong", "more"] {
        sim.send(client, Message::text(text));
    }
    sim.run_for(millis(100));
    assert_eq!(sim[client].closed_by_peer(), Some((1011, "the server's script is wrong")));
    assert_eq!(progress(&followed)[2..], [Err(ScriptError::PastEnd { stage: "talk" })]);

    let empty = Scripted::new(Script::<()>::new([]), |_, _| Ok(()));
    let mut sim = Sim::new(1, Host::new(empty));
    let client = sim.connect("/");
    sim.send(client, Message::text("hello"));
    sim.run_for(millis(100));
    assert_eq!(sim[client].closed_by_peer(), Some((1011, "the server's script is wrong")));
    assert!(sim.host.is_empty() && sim.host.service().iter().count() == 0);
}

#[test]
fn a_script_that_ends_as_it_begins() {
    let close = Stage::new("full", |(): &mut (), _, _| Step::Stay)
        .on_enter(|(), _| Step::close(CloseCode::Again, "come back later"))
        .deadline(millis(1));
    let scripted = Scripted::new(Script::new([close]), |_, _| Ok(()));
    let mut sim = Sim::new(1, Host::new(scripted));
    let client = sim.connect("/");
    sim.run_for(millis(100));
    assert_eq!(sim[client].closed_by_peer(), Some((1013, "come back later")));
    assert!(sim.host.is_empty());
}

#[test]
fn a_request_that_is_refused() {
    let (mut sim, followed) = world();
    let client = sim.join(&Join::to("/no"));
    sim.run_for(millis(100));
    let response = sim[client].refused().unwrap();
    assert_eq!(response.status(), StatusCode::PAYMENT_REQUIRED);
    assert_eq!(&response.body()[..], b"pay first");
    assert!(progress(&followed).is_empty() && sim.host.service().iter().count() == 0);
}

/// The same kind of script runs a client.
#[test]
fn the_other_side() {
    let script = Script::new([Stage::new("asked", |asked: &mut u32, cx, message| {
        *asked += 1;
        let _ = cx.send(message);
        if *asked < 3 { Step::Stay } else { Step::close(CloseCode::Normal, "enough") }
    })
    .on_enter(|_, cx| {
        let _ = cx.send(Message::text("I am here"));
        Step::Stay
    })]);
    let scripted = Scripted::new(script, |_, request| match request {
        None => Ok(0),
        Some(_) => Err(Rejection::new(StatusCode::FORBIDDEN)),
    });
    let mut sim = Sim::new(1, Host::new(scripted));
    let request = Request::get("ws://elsewhere/").unwrap();
    let server = sim.dial(&request, Arc::new(Config::default()), Net::default()).unwrap();
    for text in ["one", "two", "three", "four"] {
        sim.send(server, Message::text(text));
    }
    sim.run_for(millis(200));
    assert_eq!(sim[server].texts().collect::<Vec<_>>(), ["I am here", "one", "two", "three"]);
    assert_eq!(sim[server].closed_by_peer(), Some((1000, "enough")));
    assert!(sim.host.is_empty());
    // A server at the same time: it wants nobody.
    let client = sim.connect("/");
    sim.run_for(millis(100));
    assert_eq!(sim[client].refused().unwrap().status(), StatusCode::FORBIDDEN);
}

#[test]
fn the_other_side_is_refused_by_its_own() {
    let script = Script::new([Stage::new("never", |(): &mut (), _, _| Step::Stay)]);
    let scripted = Scripted::new(script, |_, _| Err(Rejection::new(StatusCode::TOO_MANY_REQUESTS)));
    let mut sim = Sim::new(1, Host::new(scripted));
    let request = Request::get("ws://elsewhere/").unwrap();
    let server = sim.dial(&request, Arc::new(Config::default()), Net::default()).unwrap();
    sim.run_for(millis(200));
    assert_eq!(sim[server].closed_by_peer(), Some((1008, "Too Many Requests")));
    assert!(matches!(sim[server].closed(), Some((_, CloseReason::Peer { .. }))));
    assert!(sim.host.is_empty() && sim.host.service().iter().count() == 0);
}
