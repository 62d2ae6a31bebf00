//! A process that has no descriptors left. It is a test, and a file, of its own: the limit is that of
//! the whole process.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test may end at once")]

mod support;

use std::{
    fs::File,
    net::TcpStream,
    os::fd::AsRawFd,
    thread,
    time::{Duration, Instant},
};

use rustix::{
    process::{Resource, Rlimit, getrlimit, setrlimit},
    time::{ClockId, clock_gettime},
};
use socker_mio::core::Config;
use support::{Echo, PATIENCE, answered, ask, listening, says_hello};

/// Descriptors that are left for the server.
const LEFT: u32 = 4;

/// The processor's time that the process has used.
fn used() -> Duration {
    clock_gettime(ClockId::ProcessCPUTime).try_into().unwrap()
}

#[test]
fn without_descriptors_the_loop_waits_and_recovers() {
    let (mut events, address) = listening(Echo, Config::default());
    let handle = events.handle();
    // The system takes them before the server does.
    let sockets: Vec<TcpStream> = (0..2 * LEFT)
        .map(|_| {
            let mut socket = TcpStream::connect(address).unwrap();
            socket.set_read_timeout(Some(Duration::from_millis(500))).unwrap();
            ask(&mut socket);
            socket
        })
        .collect();
    let next = File::open("/dev/null").unwrap().as_raw_fd();
    let limit = u64::try_from(next).unwrap() + u64::from(LEFT);
    let before = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: Some(limit), ..before }).unwrap();

    let server = thread::spawn(move || events.run());
    let (mut open, mut waiting) = (Vec::new(), Vec::new());
    for mut socket in sockets {
        match answered(&mut socket) {
            Ok(()) => open.push(socket),
            Err(_) => waiting.push(socket),
        }
    }
    assert_eq!((open.len(), waiting.len()), (LEFT as usize, LEFT as usize));

    // Those that are there go on, and nothing spins while the others wait.
    let (begin, before) = (Instant::now(), used());
    while begin.elapsed() < Duration::from_secs(1) {
        open.iter_mut().for_each(says_hello);
        thread::sleep(Duration::from_millis(50));
    }
    let used = used().saturating_sub(before);
    assert!(used < Duration::from_millis(300), "{used:?} of {:?}", begin.elapsed());

    // When descriptors come back, it goes on by itself.
    drop(open);
    for mut socket in waiting {
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        answered(&mut socket).unwrap();
        says_hello(&mut socket);
    }
    handle.drain(PATIENCE, "");
    server.join().unwrap().unwrap();
}
