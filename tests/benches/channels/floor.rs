//! The system calls of a game server, and nothing else: one for each datagram that comes, and one for
//! each that goes. Datagrams are as many and as long as with data channels, so every second one that comes
//! is acknowledged.

use std::collections::BTreeMap;
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Mutex, PoisonError};
use std::thread::{self, sleep};
use std::time::Instant;

use crate::message::{ACKNOWLEDGEMENT, DATAGRAM, decode, encode};
use crate::servers::Failure;
use crate::ticks::Ticks;

/// How many datagrams each player has sent.
static HEARD: Mutex<BTreeMap<SocketAddr, u32>> = Mutex::new(BTreeMap::new());

pub fn serve(address: SocketAddr) -> Result<(), Failure> {
    let socket = UdpSocket::bind(address)?;
    // By which the bench sees that it has begun.
    let _listener = TcpListener::bind(address)?;
    let answering = socket.try_clone()?;
    let (told, rate) = channel();
    thread::spawn(move || answer(&answering, &rate));
    let mut buffer = [0; 2 * DATAGRAM];
    loop {
        let (len, player) = socket.recv_from(&mut buffer)?;
        if len == ACKNOWLEDGEMENT {
            continue;
        }
        let heard = with_heard(|heard| match decode(&buffer[..len]) {
            Some(rate) => {
                if heard.is_empty() {
                    // Fails only if the other thread has ended, which shows.
                    let _ = told.send(rate);
                }
                let count = heard.entry(player).or_default();
                *count += 1;
                *count
            }
            // An empty one says goodbye.
            None => {
                heard.remove(&player);
                1
            }
        });
        if heard % 2 == 0 {
            socket.send_to(&encode::<ACKNOWLEDGEMENT>(heard), player)?;
        }
    }
}

/// Waits for players, and tells each of them in each tick how many datagrams it has sent.
fn answer(socket: &UdpSocket, rate: &Receiver<u32>) {
    while let Ok(rate) = rate.recv() {
        let mut ticks = Ticks::begin(rate);
        loop {
            sleep(ticks.next().saturating_duration_since(Instant::now()));
            if !ticks.take() {
                continue;
            }
            let players: Vec<_> = with_heard(|heard| heard.clone().into_iter().collect());
            if players.is_empty() {
                break;
            }
            for (player, heard) in players {
                // One that has gone may be told as an error.
                let _ = socket.send_to(&encode::<DATAGRAM>(heard), player);
            }
        }
    }
}

fn with_heard<R>(act: impl FnOnce(&mut BTreeMap<SocketAddr, u32>) -> R) -> R {
    act(&mut HEARD.lock().unwrap_or_else(PoisonError::into_inner))
}
