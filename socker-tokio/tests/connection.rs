//! Connections over pipes in memory, on a clock that moves only when all tasks wait.

#![expect(clippy::unwrap_used, reason = "a test may end at once")]

use std::{sync::Arc, time::Duration};

use futures_util::{SinkExt, StreamExt};
use socker_core::{
    CloseCode, CloseReason, Config, Message, Refusal, Role,
    handshake::{Acceptance, Rejection, Request},
    http::StatusCode,
    wire::{Frame, Violation},
};
use socker_tokio::{Connection, Error};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex},
    time::{self, timeout},
};

/// Bytes that a pipe holds.
const PIPE: usize = 4 << 10;

/// A client and a server that are open.
fn pair(config: Config) -> (Connection<DuplexStream>, Connection<DuplexStream>) {
    let (near, far) = duplex(PIPE);
    let config = Arc::new(config);
    let client = Connection::upgraded(near, Role::Client, Arc::clone(&config)).unwrap();
    let server = Connection::upgraded(far, Role::Server, config).unwrap();
    (client, server)
}

/// Sends everything back until the end, and tells how that was.
async fn echo(mut connection: Connection<DuplexStream>) -> Result<CloseReason, Error> {
    while let Some(message) = connection.recv().await {
        connection.send(message?).await?;
    }
    Ok(connection.close_reason().unwrap().clone())
}

#[tokio::test(start_paused = true)]
async fn opens_echoes_and_closes_on_both_sides() {
    let (near, far) = duplex(PIPE);
    let server = tokio::spawn(async move {
        let incoming = socker_tokio::incoming(far, Arc::default()).await.unwrap();
        assert_eq!(incoming.request().path(), "/arena");
        assert_eq!(incoming.request().cookie("name"), Some("Ada"));
        let acceptance = Acceptance::default().with_subprotocol("b");
        echo(incoming.accept(acceptance).await.unwrap()).await.unwrap()
    });
    let request = Request::get("ws://localhost/arena").unwrap();
    let request = request.with_header("Cookie", "name=Ada").unwrap();
    let request = request.with_subprotocol("a").unwrap().with_subprotocol("b").unwrap();
    let mut client = socker_tokio::client(near, &request, Arc::default()).await.unwrap();
    assert_eq!(client.response().unwrap().subprotocol(), Some("b"));

    for message in [Message::text("grüße"), Message::binary(&[]), Message::binary(vec![7; 100_000])]
    {
        // Larger than the pipe: the echo comes back while it is being sent.
        let received = {
            let (mut sink, mut stream) = (&mut client).split();
            let (sent, received) = tokio::join!(sink.send(message.clone()), stream.next());
            sent.unwrap();
            received.unwrap().unwrap()
        };
        assert_eq!(received, message);
    }
    let reason = client.close(CloseCode::Library(4001), "enough").await;
    assert!(
        matches!(reason, CloseReason::Local { code: CloseCode::Library(4001), .. }),
        "{reason}"
    );
    let reason = server.await.unwrap();
    assert!(
        matches!(&reason, CloseReason::Peer { code: CloseCode::Library(4001), reason } if reason == "enough")
    );
    assert!(client.recv().await.is_none());
    assert!(matches!(client.send(Message::text("late")).await, Err(Error::Closed(_))));
}

#[tokio::test(start_paused = true)]
async fn a_rejection_reaches_the_client_whole() {
    let (near, far) = duplex(PIPE);
    let server = tokio::spawn(async move {
        let incoming = socker_tokio::incoming(far, Arc::default()).await.unwrap();
        let rejection = Rejection::new(StatusCode::UNAUTHORIZED).with_text("log in first");
        incoming.reject(&rejection).await.unwrap();
    });
    let request = Request::get("ws://localhost/").unwrap();
    let refused = socker_tokio::client(near, &request, Arc::default()).await;
    let Err(Error::Closed(CloseReason::Refused(response))) = refused else { panic!("{refused:?}") };
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(&response.body()[..], b"log in first");
    server.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_request_that_is_none_gets_400_and_a_reason() {
    let (mut near, far) = duplex(PIPE);
    let server = tokio::spawn(socker_tokio::accept(far));
    near.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    near.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 400 Bad Request\r\n"), "{answer}");
    drop(near);
    assert!(matches!(server.await.unwrap(), Err(Error::Closed(CloseReason::Handshake(_)))));
}

#[tokio::test(start_paused = true)]
async fn a_request_that_does_not_end_gets_408_in_time() {
    let (mut near, far) = duplex(PIPE);
    let server = tokio::spawn(socker_tokio::accept(far));
    near.write_all(b"GET / HTTP/1.1\r\nHost: ").await.unwrap();
    let begin = time::Instant::now();
    let mut answer = String::new();
    near.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 408 Request Timeout\r\n"), "{answer}");
    assert_eq!(begin.elapsed().as_secs(), 10);
    // The peer never ends its side; the server does after the close time.
    assert!(matches!(server.await.unwrap(), Err(Error::Closed(CloseReason::OpeningTimeout))));
    assert_eq!(begin.elapsed().as_secs(), 15);
}

#[tokio::test(start_paused = true)]
async fn a_violation_is_answered_with_its_code_and_told() {
    let (mut near, far) = duplex(PIPE);
    let mut server = Connection::upgraded(far, Role::Server, Arc::default()).unwrap();
    near.write_all(&[0xC2, 0x80, 0, 0, 0, 0]).await.unwrap();
    let read = tokio::spawn(async move {
        let mut answer = Vec::new();
        near.read_to_end(&mut answer).await.unwrap();
        answer
    });
    let error = server.recv().await.unwrap().unwrap_err();
    assert!(matches!(error, Error::Closed(CloseReason::Violation(Violation::ReservedBits))));
    assert!(server.recv().await.is_none());
    let answer = read.await.unwrap();
    assert_eq!(answer[0], 0x88);
    assert_eq!(answer[2..4], 1002u16.to_be_bytes());
}

#[tokio::test(start_paused = true)]
async fn a_silent_peer_is_cut_and_a_living_one_is_kept() {
    let config = || Config::default().keep_alive(Some(Duration::from_secs(7)));
    let (client, mut server) = pair(config());
    let living = tokio::spawn(echo(client));
    assert!(timeout(Duration::from_secs(3600), server.recv()).await.is_err(), "it was kept");
    drop(server);
    living.await.unwrap().unwrap_err();

    let (near, far) = duplex(PIPE);
    let mut server = Connection::upgraded(far, Role::Server, Arc::new(config())).unwrap();
    let begin = time::Instant::now();
    let error = server.recv().await.unwrap().unwrap_err();
    assert!(matches!(error, Error::Closed(CloseReason::KeepAliveTimeout)), "{error}");
    assert_eq!(begin.elapsed().as_secs(), 37);
    drop(near);
}

#[tokio::test(start_paused = true)]
async fn sending_to_a_peer_that_never_reads_ends() {
    let (near, far) = duplex(PIPE);
    let mut server = Connection::upgraded(far, Role::Server, Arc::default()).unwrap();
    let begin = time::Instant::now();
    let error = loop {
        if let Err(error) = server.send(Message::binary(vec![0; 1000])).await {
            break error;
        }
    };
    assert!(matches!(error, Error::Closed(CloseReason::KeepAliveTimeout)), "{error}");
    assert_eq!(begin.elapsed().as_secs(), 60);
    drop(near);
}

#[tokio::test(start_paused = true)]
async fn sending_alone_keeps_a_peer_that_answers() {
    let (client, mut server) = pair(Config::default());
    let client = tokio::spawn(echo_nothing(client));
    for _ in 0..100 {
        server.send(Message::text("tick")).await.unwrap();
        time::sleep(Duration::from_secs(20)).await;
    }
    server.close(CloseCode::Normal, "").await;
    assert_eq!(client.await.unwrap(), 100);
}

async fn echo_nothing(mut connection: Connection<DuplexStream>) -> usize {
    let mut count = 0;
    while let Some(Ok(_)) = connection.recv().await {
        count += 1;
    }
    count
}

#[tokio::test(start_paused = true)]
async fn a_full_queue_gives_the_message_back() {
    let (mut client, server) = pair(Config::default().outgoing_limit(1000));
    let message = Message::binary(vec![1; 600]);
    client.try_send(message.clone()).unwrap();
    let error = client.try_send(message.clone()).unwrap_err();
    assert_eq!((error.refusal, error.message), (Refusal::Full, message));
    assert_eq!(client.try_send_frame(&Frame::binary(&[1; 600])), Err(Refusal::Full));
    client.flush().await.unwrap();
    client.send_frame(&Frame::binary(&[1; 600])).await.unwrap();
    drop(server);
}

#[tokio::test(start_paused = true)]
async fn cancelled_calls_lose_nothing() {
    let (mut client, server) = pair(Config::default());
    let server = tokio::spawn(echo(server));
    let mut received = Vec::new();
    let mut sent = 0u32;
    while received.len() < 1000 {
        // Both are dropped again and again, at whatever point they have come to.
        tokio::select! {
            biased;
            message = client.recv() => received.push(message.unwrap().unwrap()),
            () = tokio::task::yield_now() => {}
        }
        if sent < 1000 {
            // A message is queued before the first wait, or there is no room for it.
            let message = Message::binary(sent.to_be_bytes().repeat(100));
            tokio::select! {
                biased;
                result = client.send(message) => result.unwrap(),
                () = std::future::ready(()) => {}
            }
            sent += 1;
        }
    }
    for (number, message) in (0u32..).zip(&received) {
        assert_eq!(message.as_bytes(), number.to_be_bytes().repeat(100), "message {number}");
    }
    client.close(CloseCode::Normal, "").await;
    server.await.unwrap().unwrap();
}

#[tokio::test]
async fn halves_of_a_split_connection_work_in_two_tasks() {
    let (client, server) = pair(Config::default().outgoing_limit(2 << 10));
    let server = tokio::spawn(echo(server));
    let (mut sink, mut stream) = client.split();
    let sender = tokio::spawn(async move {
        for number in 0..2000u32 {
            sink.feed(Message::binary(number.to_be_bytes().repeat(64))).await.unwrap();
        }
        sink.flush().await.unwrap();
        sink
    });
    for number in 0..2000u32 {
        let next = timeout(Duration::from_secs(20), stream.next()).await;
        let message = next.expect("nobody is forgotten").unwrap().unwrap();
        assert_eq!(message.as_bytes(), number.to_be_bytes().repeat(64));
    }
    let mut sink = sender.await.unwrap();
    // The sink waits for the end, which the stream may see first.
    let (closed, rest) = tokio::join!(sink.close(), stream.next());
    closed.unwrap();
    assert!(rest.is_none(), "{rest:?}");
    server.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_ends_without_a_close_is_told() {
    let (client, mut server) = pair(Config::default());
    drop(client);
    let error = server.recv().await.unwrap().unwrap_err();
    assert!(matches!(error, Error::Closed(CloseReason::Eof)), "{error}");
    assert!(server.recv().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn both_sides_may_close_at_once() {
    let (mut client, mut server) = pair(Config::default());
    let (a, b) = tokio::join!(
        client.close(CloseCode::Normal, ""),
        server.close(CloseCode::Away, "restart"),
    );
    assert!(a.is_clean() && b.is_clean(), "{a}; {b}");
}

#[tokio::test]
async fn connect_tells_what_is_wrong() {
    assert!(matches!(socker_tokio::connect("http://localhost/").await, Err(Error::Request(_))));
    assert!(matches!(socker_tokio::connect("wss://localhost/").await, Err(Error::Tls)));
    // A port that was free a moment ago.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    assert!(matches!(socker_tokio::connect(&format!("ws://{address}/")).await, Err(Error::Io(_))));
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_is_stuck_does_not_hold_the_end() {
    // A stream with a buffer of its own passes nothing on, and nobody reads.
    let (near, far) = duplex(16);
    let far = tokio::io::BufStream::new(far);
    let mut server = Connection::upgraded(far, Role::Server, Arc::default()).unwrap();
    server.try_send(Message::binary(vec![0; 4000])).unwrap();
    let begin = time::Instant::now();
    let ended = timeout(Duration::from_secs(3600), server.recv()).await.expect("it ends");
    assert!(matches!(ended, Some(Err(Error::Closed(CloseReason::KeepAliveTimeout)))), "{ended:?}");
    assert_eq!(begin.elapsed().as_secs(), 65);
    drop(near);
}

#[tokio::test(start_paused = true)]
async fn what_came_in_time_counts_even_if_it_is_read_late() {
    let (mut near, far) = duplex(PIPE);
    let mut server = Connection::upgraded(far, Role::Server, Arc::default()).unwrap();
    // The ping goes out, and the owner is busy from then on.
    assert!(timeout(Duration::from_secs(31), server.recv()).await.is_err());
    near.write_all(b"\x8A\x80\0\0\0\0\x81\x82\0\0\0\0hi").await.unwrap();
    time::sleep(Duration::from_secs(31)).await;
    assert_eq!(server.recv().await.unwrap().unwrap(), Message::text("hi"));
}

#[tokio::test(start_paused = true)]
async fn closing_sends_what_the_sink_has_taken() {
    let (mut client, mut server) = pair(Config::default().outgoing_limit(40));
    client.feed(Message::binary(vec![1; 30])).await.unwrap();
    client.feed(Message::binary(vec![2; 30])).await.unwrap();
    let refused = client.try_send(Message::text("x")).unwrap_err();
    assert_eq!(refused.refusal, Refusal::Full, "it would overtake the second");
    let closed = tokio::spawn(async move { client.close(CloseCode::Normal, "").await });
    for byte in [1, 2] {
        assert_eq!(server.recv().await.unwrap().unwrap(), Message::binary(vec![byte; 30]));
    }
    assert!(server.recv().await.is_none());
    assert!(closed.await.unwrap().is_clean());
}

#[tokio::test(start_paused = true)]
async fn a_close_can_be_begun_and_flushed() {
    let (mut client, server) = pair(Config::default());
    let server = tokio::spawn(echo(server));
    client.start_close(CloseCode::Normal, "");
    client.flush().await.unwrap();
    assert!(matches!(client.send(Message::text("late")).await, Err(Error::Closing)));
    assert!(client.recv().await.is_none());
    server.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_broken_stream_is_told_with_its_reason() {
    let (client, mut server) = pair(Config::default());
    drop(client);
    time::sleep(Duration::from_secs(1)).await;
    assert!(matches!(server.send(Message::text("x")).await, Err(Error::Io(_))));
    assert!(matches!(server.send(Message::text("x")).await, Err(Error::Closed(CloseReason::Eof))));
    assert!(matches!(server.close_reason(), Some(CloseReason::Eof)));
    assert!(matches!(server.recv().await, Some(Err(Error::Closed(CloseReason::Eof)))));
    assert!(server.recv().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn closing_a_sink_waits_without_turning() {
    let (near, far) = duplex(PIPE);
    let client = Connection::upgraded(near, Role::Client, Arc::default()).unwrap();
    let (mut sink, mut stream) = client.split();
    let mut polls = 0;
    let mut both = Box::pin(async { tokio::join!(sink.close(), stream.next()) });
    let counted = std::future::poll_fn(|cx| {
        polls += 1;
        both.as_mut().poll(cx)
    });
    // Nobody answers: the close time ends it.
    timeout(Duration::from_secs(60), counted).await.expect("it ends").0.unwrap();
    assert!(polls < 20, "{polls} polls");
    drop(far);
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_send_is_finished_by_who_receives() {
    let (mut near, far) = duplex(64);
    let server = Connection::upgraded(far, Role::Server, Arc::default()).unwrap();
    let (mut sink, mut stream) = server.split();
    let receiver = tokio::spawn(async move { stream.next().await });
    tokio::task::yield_now().await;
    // The pipe is full, and this task was the last that the stream was to wake.
    let sent = timeout(Duration::from_millis(1), sink.send(Message::binary(vec![7; 1000]))).await;
    assert!(sent.is_err());
    let mut frame = vec![0; 1004];
    let read = timeout(Duration::from_secs(1), near.read_exact(&mut frame)).await;
    read.expect("the receiver is woken").unwrap();
    assert_eq!(frame[..4], [0x82, 126, 3, 0xE8]);
    receiver.abort();
}
