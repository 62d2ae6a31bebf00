//! The program as a user starts it, and a native client.

#![expect(clippy::unwrap_used, reason = "a test may end at once")]

use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Output, Stdio},
    sync::Arc,
    time::Duration,
};

use futures_util::{SinkExt, StreamExt};
use socker_core::{CloseCode, CloseReason, Config, Message, handshake::Request};
use socker_tokio::{Connection, Error};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

/// The example of a player, whose script is the page's side of the scene.
#[path = "../../socker-tokio/examples/player.rs"]
#[expect(dead_code, unreachable_pub, reason = "its program is not run here")]
mod player;

const SOCKER: &str = env!("CARGO_BIN_EXE_socker");

/// Longer than anything here takes, so that a mistake ends a test instead of hanging it.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running program, ended with the test.
struct Server {
    child: Child,
    address: String,
}

impl Server {
    fn start() -> Self {
        Self::start_with(&[])
    }

    fn start_with(arguments: &[&str]) -> Self {
        let mut child = Command::new(SOCKER)
            .args(["serve", "--listen", "127.0.0.1:0"])
            .args(arguments)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.split_once("http://").unwrap().1.split_once('/').unwrap().0.to_owned();
        Self { child, address }
    }

    async fn connect(&self, path: &str) -> Connection<TcpStream> {
        let config = Config::default().message_limit(64 << 20).outgoing_limit(64 << 20);
        let stream = TcpStream::connect(&self.address).await.unwrap();
        let request = Request::get(&format!("ws://{}{path}", self.address)).unwrap();
        socker_tokio::client(stream, &request, Arc::new(config)).await.unwrap()
    }

    /// Sends bytes and reads until the server ends the connection.
    async fn raw(&self, bytes: &[u8]) -> String {
        let mut stream = TcpStream::connect(&self.address).await.unwrap();
        stream.write_all(bytes).await.unwrap();
        let mut answer = Vec::new();
        timeout(PATIENCE, stream.read_to_end(&mut answer)).await.unwrap().unwrap();
        String::from_utf8_lossy(&answer).into_owned()
    }

    /// As Ctrl-C does.
    fn interrupt(&self) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

async fn next(connection: &mut Connection<TcpStream>) -> Vec<u8> {
    let message = timeout(PATIENCE, connection.recv()).await.unwrap().unwrap().unwrap();
    message.as_bytes().to_vec()
}

/// The end of a connection, and whatever came before it dropped.
async fn end(connection: &mut Connection<TcpStream>) -> CloseReason {
    while timeout(PATIENCE, connection.recv()).await.unwrap().is_some() {}
    connection.close_reason().unwrap().clone()
}

fn run(arguments: &[&str]) -> Output {
    Command::new(SOCKER).args(arguments).output().unwrap()
}

#[tokio::test]
async fn what_can_not_be_served_is_one_line_and_exit_code_2() {
    let server = Server::start();
    let (directory, long) = (format!("ws://{}", server.address), "x".repeat(100_000));
    for (arguments, says) in [
        (&["serve", "--listen", server.address.as_str()][..], "is in use by another program"),
        (&["serve", "--listen", "203.0.113.7:80"], "is not an address of this machine"),
        (&["serve", "--listen", "nonsense"], "is not an address"),
        (&["serve", "--listen", "127.0.0.1:99999"], "is not an address"),
        (&["serve", "--lissten", "x"], "unexpected argument '--lissten'"),
        (&["serve", "--announce", "1.2.3.4:5", "--no-arena"], "cannot be used with"),
        (&["arena", "--directory", "ws://127.0.0.1:1"], "choose another with --directory"),
        (&["arena", "--directory", "http://127.0.0.1"], "must begin with ws://"),
        (&["arena", "--directory", directory.as_str(), "--bind", "203.0.113.7:1"], "with --bind"),
        (
            &["arena", "--directory", directory.as_str(), "--announce", "0.0.0.0:1"],
            "with --announce",
        ),
        (&["arena", "--directory", directory.as_str(), "--name", long.as_str()], "another --name"),
        (&["arena", "--directory", directory.as_str(), "--name", &long[..2_000]], "refuses it: "),
        (&["arena", "--announce", "here"], "invalid value 'here'"),
        (&["dance"], "unrecognized subcommand 'dance'"),
    ] {
        let Output { status, stdout, stderr } = run(arguments);
        let stderr = String::from_utf8(stderr).unwrap();
        assert_eq!(status.code(), Some(2), "{arguments:?}: {stderr}");
        assert!(stderr.starts_with("socker: ") && stderr.contains(says), "{stderr}");
        assert_eq!(stderr.lines().count(), 1, "{stderr}");
        assert!(stdout.is_empty());
    }
    let help = run(&["--help"]);
    assert!(help.status.success() && String::from_utf8(help.stdout).unwrap().contains("serve"));
}

#[tokio::test]
async fn echo_sends_back_messages_of_any_kind_up_to_its_limit() {
    let server = Server::start();
    let mut client = server.connect("/echo").await;
    for message in [
        Message::text(""),
        Message::text("grüße ✓"),
        Message::binary(vec![7; 70_000]),
        Message::binary(vec![8; 64 << 20]),
    ] {
        let (mut sink, mut stream) = (&mut client).split();
        let both = async { tokio::join!(sink.send(message.clone()), stream.next()) };
        let (sent, received) = timeout(PATIENCE, both).await.unwrap();
        sent.unwrap();
        assert!(received.unwrap().unwrap() == message, "{} bytes", message.len());
    }
    // One byte more is refused at the frame's header; what follows it may not even go out.
    let (mut sink, mut stream) = (&mut client).split();
    let both =
        async { tokio::join!(sink.send(Message::binary(vec![9; (64 << 20) + 1])), stream.next()) };
    let _ = timeout(PATIENCE, both).await.unwrap();
    drop((sink, stream));
    let reason = end(&mut client).await;
    assert_eq!(reason.code(), CloseCode::Size, "{reason}");
}

#[tokio::test]
async fn the_scene_moves_through_its_stages() {
    let server = Server::start();
    let mut first = server.connect("/play").await;
    assert_eq!(next(&mut first).await[0], 1, "the server speaks first: the scene");
    first.send(Message::binary(&[2])).await.unwrap();
    let play = next(&mut first).await;
    assert_eq!((play[0], play.len()), (3, 5));
    let snapshot = next(&mut first).await;
    assert_eq!((snapshot[0], &snapshot[5..7], &snapshot[7..9]), (4, &[0, 1][..], &play[1..3]));

    let mut second = server.connect("/play").await;
    next(&mut second).await;
    second.send(Message::binary(&[2])).await.unwrap();
    let id = next(&mut second).await[1..3].to_vec();
    second.send(Message::binary(&[5, 2, 3, 1, 4])).await.unwrap();
    loop {
        let snapshot = next(&mut first).await;
        let marker = snapshot[7..].chunks(8).find(|marker| marker[..2] == id);
        if marker.is_some_and(|marker| marker[2..6] == [2, 3, 1, 4]) {
            break;
        }
    }
    drop(second);
    while next(&mut first).await[5..7] != [0, 1] {}
}

#[tokio::test]
async fn a_native_player_walks_the_script_of_the_page() {
    let server = Server::start();
    let mut watcher = server.connect("/play").await;
    watcher.send(Message::binary(&[2])).await.unwrap();
    let mut connection = server.connect("/play").await;
    let mut stages = Vec::new();
    let moved = async {
        // A marker that is not where it began.
        let mut first = None;
        loop {
            let message = next(&mut watcher).await;
            let snapshot = if message[0] == 4 { &message[7..] } else { &[] };
            if snapshot.len() == 16 && first.get_or_insert(snapshot.to_vec()) != snapshot {
                break;
            }
        }
    };
    let entered = |stage, _: &player::Player| stages.push(stage);
    let playing = player::play(&mut connection, entered, moved);
    let player = timeout(PATIENCE, playing).await.unwrap().unwrap();
    assert_eq!(stages, ["ready", "play"]);
    assert_eq!((player.size, player.markers), ((1600, 900), 2));
}

#[tokio::test]
async fn a_recording_of_the_scene_replays() {
    let folder = std::env::temp_dir().join(format!("socker-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join("scene.tsv");
    let mut server = Server::start_with(&["--record", file.to_str().unwrap()]);
    let mut client = server.connect("/play").await;
    next(&mut client).await;
    client.send(Message::binary(&[2])).await.unwrap();
    while next(&mut client).await[0] != 4 {}
    client.send(Message::binary(&[99])).await.unwrap();
    end(&mut client).await;
    server.interrupt();
    tokio::task::spawn_blocking(move || server.child.wait()).await.unwrap().unwrap();

    let file = file.to_str().unwrap();
    let replayed = run(&["replay", file]);
    let says = String::from_utf8(replayed.stdout).unwrap();
    assert!(replayed.status.success() && says.contains("answered the same"), "{says}");

    // A player who is told another number is a difference, and where it is.
    let text = std::fs::read_to_string(file).unwrap();
    let (line, play) =
        (1..).zip(text.lines()).find(|(_, line)| line.contains("binary\t\\x03")).unwrap();
    let other = play.replace("\\x03\\x00\\x01", "\\x03\\x00\\x02");
    assert_ne!(play, other);
    std::fs::write(file, text.replace(play, &other)).unwrap();
    let replayed = run(&["replay", file]);
    let says = String::from_utf8(replayed.stderr).unwrap();
    assert_eq!(replayed.status.code(), Some(1), "{says}");
    assert!(says.contains(&format!("line {}: ", line - 1)), "{says}");

    std::fs::write(file, "nonsense").unwrap();
    let replayed = run(&["replay", file]);
    assert_eq!(replayed.status.code(), Some(2));
    std::fs::remove_dir_all(&folder).unwrap();
}

#[tokio::test]
async fn the_scene_refuses_what_it_does_not_expect() {
    let server = Server::start();
    for (message, code) in [
        (Message::text("ready"), CloseCode::Unsupported),
        (Message::binary(&[99]), CloseCode::Policy),
        (Message::binary(vec![5; 2000]), CloseCode::Size),
    ] {
        let mut client = server.connect("/play").await;
        client.send(message).await.unwrap();
        let reason = end(&mut client).await;
        assert_eq!(reason.code(), code, "{reason}");
    }
}

#[tokio::test]
async fn rooms_are_where_old_pages_look_and_where_new_ones_do() {
    let server = Server::start();
    let said = |status: u8, room: &str, key: &str| {
        Message::text(format!(
            "{{\"uuid\":\"{room}\",\"status\":{{\"value\":{status},\"text\":\"\"}},\"funcKey\":\"{key}\",\
             \"funcParams\":[\"a\"],\"stateMessage\":true}}"
        ))
    };
    let mut owner = server.connect("/broadcast").await;
    owner.send(said(1, "", "")).await.unwrap();
    let answer = String::from_utf8(next(&mut owner).await).unwrap();
    let room = answer.split('"').nth(3).unwrap();
    owner.send(said(3, room, "state")).await.unwrap();
    let mut members = Vec::new();
    for path in ["/rooms", "/broadcasting", "/broadcast"] {
        let mut member = server.connect(path).await;
        member.send(said(2, room, "")).await.unwrap();
        assert!(String::from_utf8(next(&mut member).await).unwrap().contains(room), "{path}");
        assert_eq!(next(&mut member).await, said(3, room, "state").as_bytes(), "{path}");
        // Bad input of any size is answered.
        let long_key = format!("{{\"funcKey\":\"{}\"}}", "k".repeat(1 << 20));
        for wrong in ["[".repeat(10 << 20), long_key] {
            member.send(Message::text(wrong)).await.unwrap();
            let answer = String::from_utf8(next(&mut member).await).unwrap();
            assert!(answer.contains("\"error\":\"message-too-long\""), "{answer}");
        }
        members.push(member);
    }
    owner.send(said(3, room, "next")).await.unwrap();
    owner.send(said(4, room, "")).await.unwrap();
    for member in &mut members {
        assert_eq!(next(member).await, said(3, room, "next").as_bytes());
        let told = String::from_utf8(next(member).await).unwrap();
        assert!(told.contains("the room was closed by its owner"), "{told}");
        assert_eq!(end(member).await.code(), CloseCode::Normal);
    }
}

#[tokio::test]
async fn a_directory_is_where_old_servers_and_pages_look_and_where_new_ones_do() {
    let server = Server::start_with(&["--no-arena"]);
    for (servers, clients) in [
        ("/directory/servers", "/directory/clients"),
        ("/enslavism/slaves", "/enslavism/clients"),
        ("/directory/servers", "/enslavism/clients"),
    ] {
        let mut game = server.connect(servers).await;
        game.send(Message::binary(b"\0{\"name\":\"arena\"}")).await.unwrap();
        let registered = next(&mut game).await;
        assert_eq!((registered[0], registered.len()), (16, 5));
        let id = &registered[1..];
        let mut client = server.connect(clients).await;
        // What is listed within the tick comes a little later.
        let mut list = next(&mut client).await;
        while list.len() == 1 {
            list = next(&mut client).await;
        }
        assert_eq!(list, [&[1], id, &[0, 16], &b"{\"name\":\"arena\"}"[..]].concat());
        client.send(Message::binary([&[3], id, b"offer"].concat())).await.unwrap();
        let offer = next(&mut game).await;
        assert_eq!((offer[0], &offer[5..]), (4, &b"offer"[..]));
        game.send(Message::binary([&[5], &offer[1..5], b"answer"].concat())).await.unwrap();
        assert_eq!(next(&mut client).await, [&[6], id, b"answer"].concat());
        drop(game);
        let removed = next(&mut client).await;
        assert_eq!(removed[0], 2);
    }
}

/// What a directory says of one server: its id, and its metadata.
fn listed(list: &[u8]) -> Option<(&[u8], &str)> {
    let (_, rest) = list.split_first()?;
    let (id, rest) = rest.split_at_checked(4)?;
    Some((id, std::str::from_utf8(rest.get(2..)?).unwrap()))
}

#[tokio::test]
async fn an_arena_is_in_the_directory_of_its_process_and_one_of_another_process_beside_it() {
    let server = Server::start();
    let mut client = server.connect("/directory/clients").await;
    let home = loop {
        let list = next(&mut client).await;
        if let Some((_, metadata)) = listed(&list) {
            break metadata.to_owned();
        }
    };
    assert!(home.contains(r#""name":"home""#) && home.contains(r#""players":0"#), "{home}");

    let directory = format!("ws://{}", server.address);
    let mut other = Command::new(SOCKER)
        .args(["arena", "--directory", &directory, "--name", "a \"second\" one"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(other.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let added = next(&mut client).await;
    let (id, metadata) = listed(&added).unwrap();
    let name = r#""name":"a \"second\" one""#;
    assert!(line.contains("127.0.0.1:") && metadata.contains(name), "{line}{metadata}");

    let nonsense = [&[3], id, b"no offer"].concat();
    client.send(Message::binary(nonsense)).await.unwrap();
    assert_eq!(next(&mut client).await, [&[12], id].concat(), "it is rejected");

    // As Ctrl-C does.
    assert!(
        Command::new("kill").args(["-INT", &other.id().to_string()]).status().unwrap().success()
    );
    assert_eq!(next(&mut client).await[0], 2, "it is gone");
    let status = tokio::task::spawn_blocking(move || other.wait()).await.unwrap().unwrap();
    assert_eq!(status.code(), Some(0));
}

#[tokio::test]
async fn a_bad_opening_gets_its_status() {
    let server = Server::start();
    let upgrade =
        "GET /echo HTTP/1.1\r\nHost: x\r\nConnection: close, Upgrade\r\nUpgrade: websocket\r\n";
    let key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    for (request, status) in [
        (format!("{upgrade}{key}Sec-WebSocket-Version: 8\r\n\r\n"), "426 "),
        (format!("{upgrade}Sec-WebSocket-Version: 13\r\n\r\n"), "400 "),
        ("GET /echo HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".to_owned(), "400 "),
        ("GET /nowhere HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".to_owned(), "404 "),
        (format!("{upgrade}Filler: {}\r\n\r\n", "x".repeat(17 << 10)), "431 "),
        ("nonsense\r\n\r\n".to_owned(), "400 "),
    ] {
        let answer = server.raw(request.as_bytes()).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{request:.80}: {answer:.200}");
        if status == "426 " {
            assert!(answer.contains("sec-websocket-version: 13\r\n"), "{answer}");
        }
    }
}

#[tokio::test]
async fn ctrl_c_closes_everyone_with_1001_and_ends() {
    let mut server = Server::start();
    let mut echo = server.connect("/echo").await;
    let mut play = server.connect("/play").await;
    let mut rooms = server.connect("/rooms").await;
    // A client that never reads, with the server's echo stuck on its way.
    let mut stalled = server.connect("/echo").await;
    let stuck = timeout(PATIENCE, async {
        for _ in 0..32 {
            stalled.send(Message::binary(vec![0; 1 << 20])).await?;
        }
        Ok::<(), Error>(())
    });
    // It goes out as long as the server has room for it.
    stuck.await.unwrap().unwrap();

    server.interrupt();
    for client in [&mut echo, &mut play, &mut rooms] {
        let reason = end(client).await;
        assert!(
            matches!(&reason, CloseReason::Peer { code: CloseCode::Away, reason } if reason == "the server is going away"),
            "{reason}"
        );
    }
    let status = tokio::task::spawn_blocking(move || server.child.wait()).await.unwrap().unwrap();
    assert_eq!(status.code(), Some(0));
}
