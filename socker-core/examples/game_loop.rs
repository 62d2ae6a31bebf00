//! A game's loop with the core alone: `cargo run -p socker-core --example game_loop -- 127.0.0.1:9000`
//!
//! Sixty times a second: read what the players have sent, step the game, send a snapshot of it, write
//! all that is to be written, sleep. There is one thread and one read buffer, and no call waits for a
//! player. Enter ends the game.

// Those are for the core itself, whose owner has the sockets and the clock.
#![allow(clippy::disallowed_methods, clippy::disallowed_types)]

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::mpsc::{self, Receiver};
use std::time::{self, Duration};
use std::{env, thread};

use bytes::Buf;
use socker_core::service::{Budget, Context, Host, PeerId, Peers, Service};
use socker_core::wire::Frame;
use socker_core::{CloseReason, Config, Instant, Message};

const TICK: Duration = Duration::from_nanos(1_000_000_000 / 60);

/// Bytes that one player gets read in a tick, at the most, so that nobody delays the others.
const READ: usize = 1 << 20;

/// Dots that run to where their players want.
#[derive(Default)]
struct Game {
    dots: Peers<Dot>,
}

#[derive(Default)]
struct Dot {
    place: [i16; 2],
    speed: [i8; 2],
}

impl Service for Game {
    fn opened(&mut self, _: &mut Context<'_>, peer: PeerId) {
        self.dots.insert(peer, Dot::default());
    }

    fn message(&mut self, _: &mut Context<'_>, peer: PeerId, message: Message<'_>) {
        if let (Some(dot), [x, y]) = (self.dots.get_mut(peer), message.as_bytes()) {
            dot.speed = [x.cast_signed(), y.cast_signed()];
        }
    }

    fn closed(&mut self, _: &mut Context<'_>, peer: PeerId, _: &CloseReason) {
        self.dots.remove(peer);
    }
}

impl Game {
    /// Moves all, and tells all. Who is too slow for sixty snapshots a second misses some.
    fn step(&mut self, cx: &mut Context<'_>) {
        let mut snapshot = Vec::new();
        for (_, dot) in self.dots.iter_mut() {
            for (place, speed) in dot.place.iter_mut().zip(dot.speed) {
                *place = place.wrapping_add(speed.into());
                snapshot.extend(place.to_be_bytes());
            }
        }
        cx.broadcast_droppable(self.dots.ids(), Frame::binary(&snapshot));
    }
}

fn main() -> io::Result<()> {
    let address = env::args().nth(1).unwrap_or_else(|| "127.0.0.1:9000".to_owned());
    let listener = TcpListener::bind(address)?;
    println!("playing on ws://{}, until you press enter", listener.local_addr()?);
    let (end, ended) = mpsc::channel();
    thread::spawn(move || {
        let read = io::stdin().read_line(&mut String::new());
        read.map(|_| end.send((Duration::from_secs(3), "the game is over".to_owned())))
    });
    // A player sends two bytes at a time, and some dozens a second.
    let config = Config::default().message_limit(16).outgoing_limit(256 << 10);
    let budget = Budget::default().connections(200).message_rate(120);
    run(listener, Host::with(Game::default(), config.into(), budget), &ended, Game::step)
}

/// Runs a service on a listener, until it is told to end: in how much time, and with which words.
pub fn run<S: Service>(
    listener: TcpListener,
    mut host: Host<S>,
    ended: &Receiver<(Duration, String)>,
    mut step: impl FnMut(&mut S, &mut Context<'_>),
) -> io::Result<()> {
    listener.set_nonblocking(true)?;
    let begin = time::Instant::now();
    let mut listener = Some(listener);
    let mut sockets: Peers<TcpStream> = Peers::default();
    let mut buffer = vec![0; 64 << 10];
    // Those for which something was left at the last tick.
    let mut blocked: Vec<PeerId> = Vec::new();
    while !host.is_drained() {
        let now = Instant::at(begin.elapsed());

        while let Some((socket, address)) = listener.as_ref().and_then(|on| on.accept().ok()) {
            // `None` drops the socket: there are far too many.
            if socket.set_nonblocking(true).and(socket.set_nodelay(true)).is_ok()
                && let Some(peer) = host.accept(now, Some(address.ip()))
            {
                sockets.insert(peer, socket);
            }
        }
        for (peer, socket) in sockets.iter() {
            read(now, &mut host, peer, socket, &mut buffer);
        }

        host.handle_timeout(now);
        host.run(now, &mut step);
        if let Ok((time, words)) = ended.try_recv() {
            listener = None;
            host.drain(now, now + time, &words);
        }

        let mut due = std::mem::take(&mut blocked);
        due.extend(std::iter::from_fn(|| host.next_changed()));
        for peer in due {
            let Some(socket) = sockets.get(peer) else { continue };
            if write(&mut host, peer, socket).is_err() {
                host.broken(now, peer);
            }
            if host.is_done(peer) {
                host.remove(now, peer);
                sockets.remove(peer);
            } else if host.is_write_finished(peer) {
                // It may be gone already. What it still says is read until it ends as well.
                let _ = socket.shutdown(Shutdown::Write);
            } else if host.outgoing(peer).is_some_and(|outgoing| outgoing.has_remaining()) {
                blocked.push(peer);
            }
        }

        // After a tick that took too long the next one begins at once.
        let rest = TICK.saturating_sub(begin.elapsed() - now.since(Instant::START));
        thread::sleep(rest);
    }
    Ok(())
}

/// Reads what has come from a player.
fn read<S: Service>(
    now: Instant,
    host: &mut Host<S>,
    peer: PeerId,
    mut socket: &TcpStream,
    buffer: &mut [u8],
) {
    for _ in 0..READ / buffer.len() {
        if !host.wants_read(peer) {
            return;
        }
        match socket.read(buffer) {
            Ok(0) => host.read_eof(now, peer),
            Ok(len) => host.read(now, peer, &mut buffer[..len]),
            Err(error) if error.kind() == ErrorKind::WouldBlock => return,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(_) => host.broken(now, peer),
        }
    }
}

/// Writes as much as a player takes now.
fn write<S: Service>(host: &mut Host<S>, peer: PeerId, mut socket: &TcpStream) -> io::Result<()> {
    let Some(mut outgoing) = host.outgoing(peer) else { return Ok(()) };
    while outgoing.has_remaining() {
        match socket.write(outgoing.chunk()) {
            Ok(len) => outgoing.advance(len),
            Err(error) if error.kind() == ErrorKind::WouldBlock => break,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
