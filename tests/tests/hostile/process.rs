//! The server's process: it serves, and answers the test's commands.
//!
//! Commands are lines of its input, answers lines of its output. It ends when the input does, so none
//! is left when a test has gone.

use std::{
    env,
    io::{self, Write},
    net::TcpListener,
    process,
    sync::mpsc::{self, Receiver},
    thread,
    time::Duration,
};

use rustix::{
    net::{listen, sockopt::set_socket_send_buffer_size},
    process::{Resource, Rlimit, getrlimit, setrlimit},
    time::{ClockId, clock_gettime},
};
use socker_core::{Config, service::Budget};
use socker_tests::hosts::{Running, Runs};

use crate::{
    ALLOCATOR,
    hosts::{Mio, TokioThreads, TokioTick},
    service::{Counts, Tally},
};

/// The environment's variable that says what to serve: see [`Setup`](crate::server::Setup).
pub(crate) const SETUP: &str = "SOCKER_HOSTILE_SERVER";
/// What an answer begins with, as the test's harness writes lines too.
pub(crate) const ANSWER: &str = "server: ";

/// Most connections, and most of one address.
pub(crate) const CONNECTIONS: usize = 300;
pub(crate) const PER_ADDRESS: usize = 200;
/// Most bytes that wait for all: for those who are to be stuffed at once, and few more.
const OUTGOING: usize = 24 << 20;
/// For a peer to answer a Close.
pub(crate) const CLOSE_TIMEOUT: Duration = Duration::from_millis(500);

/// Connections that wait to be accepted: a flood is to reach the server, not to wait for the system.
const BACKLOG: i32 = 1024;
/// Small, so that a large message takes many short writes.
const SEND_BUFFER: usize = 16 << 10;

/// Serves until it is told to end.
pub(crate) fn serve() {
    // Somebody runs all tests that are ignored.
    let Ok(setup) = env::var(SETUP) else { return };
    let words: Vec<&str> = setup.split(' ').collect();
    let [host, opening, keep_alive] = words[..] else { panic!("{setup:?}") };
    let millis = |text: &str| Duration::from_millis(text.parse().unwrap());

    let config = Config::default()
        .opening_timeout(Some(millis(opening)))
        .keep_alive(Some(millis(keep_alive)))
        .keep_alive_timeout(millis(keep_alive))
        .close_timeout(CLOSE_TIMEOUT);
    let budget = Budget::default()
        .connections(CONNECTIONS)
        .per_address(PER_ADDRESS)
        .outgoing(OUTGOING)
        .message_rate(u32::MAX)
        .message_burst(u32::MAX);

    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listen(&listener, BACKLOG).unwrap();
    set_socket_send_buffer_size(&listener, SEND_BUFFER).unwrap();
    let address = listener.local_addr().unwrap();
    let tally = Tally::default();
    let running = match host {
        "mio" => Mio::run(listener, tally.clone(), config.into(), budget),
        "tokio_threads" => TokioThreads::run(listener, tally.clone(), config.into(), budget),
        "tokio_tick" => TokioTick::run(listener, tally.clone(), config.into(), budget),
        other => panic!("no host is called {other}"),
    };
    let commands = commands();
    answer(&format!("address={address} pid={}", process::id()));
    obey(&commands, running, &tally);
}

/// The lines of the input.
fn commands() -> Receiver<String> {
    let (give, take) = mpsc::channel();
    thread::spawn(move || {
        for line in io::stdin().lines().map_while(Result::ok) {
            give.send(line).unwrap();
        }
        // The test has gone.
        process::exit(1);
    });
    take
}

fn obey(commands: &Receiver<String>, mut running: Running, tally: &Tally) {
    for command in commands {
        match command.split(' ').collect::<Vec<_>>()[..] {
            ["report"] => answer(&report(&tally.lock())),
            ["descriptors", limit] => {
                limit_descriptors(limit.parse().unwrap());
                answer("");
            }
            ["end"] => break,
            _ => panic!("{command:?} is no command"),
        }
    }
    (running.drain)(Duration::from_secs(5), "the test ends");
    running.thread.join().unwrap().unwrap();
    answer(&report(&tally.lock()));
}

/// The number from which on the process gets no descriptors.
fn limit_descriptors(limit: u64) {
    let before = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: Some(limit), ..before }).unwrap();
}

/// All counts, by name.
fn report(counts: &Counts) -> String {
    let memory = ALLOCATOR.stats();
    let cpu: Duration = clock_gettime(ClockId::ProcessCPUTime).try_into().unwrap();
    let numbers = [
        ("blocks", (memory.allocations - memory.deallocations) as u64),
        ("bytes", (memory.bytes_allocated - memory.bytes_deallocated) as u64),
        ("cpu", u64::try_from(cpu.as_millis()).unwrap()),
        ("present", counts.present() as u64),
        ("accepted", counts.accepted),
        ("closed", counts.ends.values().sum()),
        ("messages", counts.messages),
        ("wrong", counts.wrong),
    ];
    let ends = counts.ends.iter().map(|(reason, number)| (*reason, *number));
    let words = numbers.into_iter().chain(ends).map(|(name, number)| format!("{name}={number}"));
    words.collect::<Vec<_>>().join(" ")
}

fn answer(words: &str) {
    // The harness may be in the middle of a line.
    let mut out = io::stdout().lock();
    writeln!(out, "\n{ANSWER}{words}").unwrap();
    out.flush().unwrap();
}
