//! System calls that fail: strace makes some of them do so.

use std::{
    io,
    net::SocketAddr,
    process::{Command, Stdio},
    thread,
};

use socker_tests::draw::Draw;

use crate::{
    peer::Peer,
    server::{Server, Setup},
};

const THREADS: u8 = 4;
/// Connections of each thread in a round.
const VISITS: u32 = 12;
/// Messages of a connection, one after another.
const MESSAGES: usize = 20;

/// Of the calls of each thread, every so many-th fails. What a socket reads or writes fails one time
/// in a hundred. An error that the system would only give together with a later event, EAGAIN, is not
/// among them, nor a short write, which would be a lie: the small buffers of the server's sockets make
/// true ones.
const FAULTS: [(&str, &str); 6] = [
    ("sendto,sendmsg,writev", "ECONNRESET:when=100+100"),
    ("recvfrom,readv,recvmsg", "ECONNRESET:when=150+100"),
    ("accept4", "ENFILE:when=40+40"),
    ("epoll_wait", "EINTR:when=10+10"),
    ("setsockopt", "EINVAL:when=10+10"),
    ("shutdown", "ENOTCONN:when=10+10"),
];

/// How visits ended.
#[derive(Clone, Copy, Debug, Default)]
struct Ended {
    clean: u32,
    broken: u32,
    /// Echoes that came back.
    echoes: u32,
}

/// Calls that a signal interrupts, which is nobody's end. (Tokio does not retry them: the systems' sockets
/// that do not block are never interrupted.)
const INTERRUPTIONS: [(&str, &str); 2] =
    [("sendto,sendmsg,writev,recvfrom,readv,recvmsg,accept4", "EINTR:when=3+3"), FAULTS[3]];

/// The system has no room to watch a socket. (Tokio forgets its own part of one that it could not
/// unwatch, which no system refuses; mio's are unwatched by being closed.)
const UNWATCHED: [(&str, &str); 1] = [("epoll_ctl", "ENOSPC:when=10+10")];

/// Some connections break, and nothing else does.
pub(crate) fn faults(host: &'static str) {
    if let Some(ended) = run(host, &FAULTS) {
        let Ended { clean, broken, .. } = ended;
        assert!(clean > 20 && broken > 20, "{clean} ended well, {broken} did not");
    }
}

/// The same for those that can't be watched.
pub(crate) fn unwatched(host: &'static str) {
    if let Some(ended) = run(host, &UNWATCHED) {
        let Ended { clean, broken, .. } = ended;
        assert!(clean > 20 && broken > 5, "{clean} ended well, {broken} did not");
    }
}

/// Nothing breaks.
pub(crate) fn interruptions(host: &'static str) {
    if let Some(ended) = run(host, &INTERRUPTIONS) {
        assert_eq!(ended.broken, 0);
    }
}

fn run(host: &'static str, faults: &[(&str, &str)]) -> Option<Ended> {
    if !has_strace() {
        eprintln!("left out: there is no strace, or it may not trace");
        return None;
    }
    let mut ended = Ended::default();
    let mut server = start(host, faults);
    server.rounds(0, |server| {
        ended = visits(server.address, ended);
        let report = server.wait_present(0);
        assert!(report.get("messages") >= i64::from(ended.echoes), "{report:?}");
    });
    server.end();
    eprintln!("{ended:?}");
    Some(ended)
}

fn has_strace() -> bool {
    let mut strace = Command::new("strace");
    strace.args(["-qqq", "-o", "/dev/null", "true"]).stdout(Stdio::null()).stderr(Stdio::null());
    strace.status().is_ok_and(|status| status.success())
}

fn start(host: &'static str, faults: &[(&str, &str)]) -> Server {
    let calls: Vec<&str> = faults.iter().map(|(calls, _)| *calls).collect();
    let traced = format!("trace={}", calls.join(","));
    let injected: Vec<String> =
        faults.iter().map(|(calls, fault)| format!("inject={calls}:error={fault}")).collect();
    let mut command = vec!["strace", "-f", "-qqq", "--seccomp-bpf", "-o", "/dev/null"];
    command.extend(["-e", &traced]);
    command.extend(injected.iter().flat_map(|injected| ["-e", injected]));
    Setup::new(host).start_under(&command)
}

/// Several threads, each with one connection after another.
fn visits(server: SocketAddr, mut ended: Ended) -> Ended {
    let threads: Vec<_> = (0..THREADS)
        .map(|thread| {
            thread::spawn(move || {
                let mut draw = Draw::new(thread.into());
                let mut ended = Ended::default();
                for _ in 0..VISITS {
                    match visit(server, 2 + thread, &mut draw, &mut ended.echoes) {
                        Ok(()) => ended.clean += 1,
                        Err(_) => ended.broken += 1,
                    }
                }
                ended
            })
        })
        .collect();
    for thread in threads {
        let more = thread.join().unwrap();
        ended.clean += more.clean;
        ended.broken += more.broken;
        ended.echoes += more.echoes;
    }
    ended
}

/// Each echo is the right one, for as long as they come.
fn visit(server: SocketAddr, host: u8, draw: &mut Draw, echoes: &mut u32) -> io::Result<()> {
    let mut peer = Peer::connect(server, host)?;
    peer.ask("/")?;
    assert_eq!(peer.answered()?, 101);
    for number in 0..MESSAGES {
        // Now and then a large one.
        let len = if draw.below(10) == 0 { 100_000 } else { draw.below(200) };
        peer.echo(&format!("{number} {}", "x".repeat(len)))?;
        *echoes += 1;
    }
    peer.close()
}
