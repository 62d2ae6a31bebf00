//! Connections that come and go as fast as they can, and more of them than there may be.

use std::{
    io::{self, ErrorKind, Read},
    net::SocketAddr,
    thread,
};

use socker_tests::{draw::Draw, frames::opcode};

use crate::{
    honest::Honest,
    peer::Peer,
    process::{CONNECTIONS, PER_ADDRESS},
    server::{Server, Setup, until},
};

const THREADS: u8 = 8;
/// Connections of each thread in a round.
const VISITS: u32 = 75;
/// As `socker-core` has it: so many above the budget are served, to be told so.
const TURNED_AWAY: usize = 64;

pub(crate) fn flood(host: &'static str) {
    let mut server = Setup::new(host).start();
    let honest = Honest::start(server.address);
    let mut seed = 0;
    server.rounds(1, |server| {
        seed += 1;
        come_and_go(server.address, seed);
        // Nobody has a place any more of whom the service has not heard.
        server.come_to_rest();
        crowd(server);
    });
    honest.end();
    server.end();
}

/// Several threads, each with one connection after another.
fn come_and_go(server: SocketAddr, seed: u64) {
    let threads: Vec<_> = (0..THREADS)
        .map(|thread| {
            let mut draw = Draw::new(seed << 8 | u64::from(thread));
            thread::spawn(move || {
                (0..VISITS).for_each(|_| visit(server, 2 + thread, &mut draw).unwrap());
            })
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
}

/// Goes at any point, in any way.
fn visit(server: SocketAddr, host: u8, draw: &mut Draw) -> io::Result<()> {
    let last = draw.below(6);
    let mut peer = Peer::connect(server, host)?;
    if last > 0 {
        peer.ask("/")?;
    }
    if last > 1 {
        assert_eq!(peer.answered()?, 101);
    }
    if last > 2 {
        peer.echo("hello")?;
    }
    match last {
        3 => peer.send(opcode::CLOSE, &[])?,
        4 => return peer.close(),
        _ => {}
    }
    if draw.below(2) == 0 {
        peer.reset();
    }
    Ok(())
}

/// More than there may be, of one address and of all: each is told so, or closed.
fn crowd(server: &mut Server) {
    let (mut first, refused) = arrive(server.address, 2, PER_ADDRESS + 50);
    assert_eq!(first.len(), PER_ADDRESS);
    assert!(refused.iter().any(Option::is_some), "somebody is told");
    assert!(refused.iter().flatten().all(|status| *status == 429), "{refused:?}");

    // All that may be there are this many, with the honest one.
    let rest = CONNECTIONS - PER_ADDRESS - 1;
    let (mut second, refused) = arrive(server.address, 3, rest + 50);
    assert_eq!(second.len(), rest);
    assert!(refused.iter().any(Option::is_some), "somebody is told");
    assert!(refused.iter().flatten().all(|status| *status == 503), "{refused:?}");

    // Who says nothing can't be told, and too many of these are closed at once.
    let silent: Vec<_> =
        (0..TURNED_AWAY + 50).map(|_| Peer::connect(server.address, 4).unwrap()).collect();
    until(|| match silent.iter().filter(|peer| has_ended(peer)).count() {
        50.. => Ok(()),
        ended => Err(format!("only {ended} have ended")),
    });
    drop(silent);
    // Nobody who was there first has noticed.
    first.iter_mut().chain(&mut second).for_each(|peer| peer.echo("still here").unwrap());
}

/// Those who are welcome, and what the others were told, if anything.
fn arrive(server: SocketAddr, host: u8, peers: usize) -> (Vec<Peer>, Vec<Option<u16>>) {
    let (mut welcome, mut refused) = (Vec::new(), Vec::new());
    let asked: Vec<_> = (0..peers)
        .map(|_| {
            let mut peer = Peer::connect(server, host).unwrap();
            // It may be closed already.
            let _ = peer.ask("/");
            peer
        })
        .collect();
    for mut peer in asked {
        match peer.answered() {
            Ok(101) => welcome.push(peer),
            Ok(status) => refused.push(Some(status)),
            Err(error) => {
                assert!(error.kind() != ErrorKind::WouldBlock, "neither told nor closed");
                refused.push(None);
            }
        }
    }
    (welcome, refused)
}

/// Whether the server has closed it. Nothing was sent to it.
fn has_ended(peer: &Peer) -> bool {
    peer.0.set_nonblocking(true).unwrap();
    match (&peer.0).read(&mut [0]) {
        Ok(len) => len == 0,
        Err(error) => error.kind() != ErrorKind::WouldBlock,
    }
}
