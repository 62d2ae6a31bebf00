//! One player of the load: a stand-in for a browser, or no more than a socket.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Instant;

use mio::net::UdpSocket;
use str0m::channel::ChannelId;

use crate::browser::{Browser, unreliable};
use crate::link::Datagram;
use crate::message::{ACKNOWLEDGEMENT, DATAGRAM, SIZE, decode, encode};
use crate::servers::Failure;

pub struct Player {
    pub socket: UdpSocket,
    side: Side,
    pub tally: Tally,
}

enum Side {
    /// Boxed, as it is large.
    Browser {
        browser: Box<Browser>,
        channel: ChannelId,
    },
    Socket {
        server: SocketAddr,
    },
}

/// What a player has counted.
#[derive(Clone, Copy, Default)]
pub struct Tally {
    pub sent: u32,
    /// As the server last said.
    pub heard: u32,
    pub answers: u32,
    pub datagrams: Datagrams,
}

#[derive(Clone, Copy, Default)]
pub struct Datagrams {
    pub sent: u32,
    pub received: u32,
    pub bytes: u64,
}

impl Player {
    /// A browser that has not offered yet, and its offer.
    pub fn browser() -> io::Result<(Self, String)> {
        let (socket, address) = bind()?;
        let mut browser = Box::new(Browser::new(Instant::now(), address));
        let (offer, channel) = browser.offer(unreliable("moves"));
        let side = Side::Browser { browser, channel };
        Ok((Self { socket, side, tally: Tally::default() }, offer))
    }

    pub fn socket(server: SocketAddr) -> io::Result<Self> {
        let (socket, _) = bind()?;
        Ok(Self { socket, side: Side::Socket { server }, tally: Tally::default() })
    }

    pub fn answered(&mut self, answer: &str) -> io::Result<()> {
        if let Side::Browser { browser, .. } = &mut self.side {
            browser.answered(answer);
        }
        self.flush()
    }

    pub fn is_open(&mut self) -> bool {
        match &mut self.side {
            Side::Browser { browser, channel } => browser.is_open(*channel),
            Side::Socket { .. } => true,
        }
    }

    /// Sends a message.
    pub fn say(&mut self, rate: u32) -> io::Result<()> {
        let is_sent = match &mut self.side {
            Side::Browser { browser, channel } => {
                browser.send(*channel, true, &encode::<SIZE>(rate))
            }
            Side::Socket { server } => {
                let (server, datagram) = (*server, encode::<DATAGRAM>(rate));
                self.send(server, &datagram)?;
                true
            }
        };
        self.tally.sent += u32::from(is_sent);
        self.flush()
    }

    /// Reads all that has come.
    pub fn read(&mut self, buffer: &mut [u8]) -> io::Result<()> {
        loop {
            let (len, from) = match self.socket.recv_from(buffer) {
                Ok(received) => received,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            };
            self.tally.datagrams.received += 1;
            self.tally.datagrams.bytes += len as u64;
            match &mut self.side {
                Side::Browser { browser, .. } => {
                    let (to, payload) = (browser.address, buffer[..len].to_vec());
                    browser.receive(Instant::now(), &Datagram { from, to, payload });
                    self.flush()?;
                }
                // What is for the one who had this port before comes from another server.
                Side::Socket { server } if *server != from || len == ACKNOWLEDGEMENT => {}
                Side::Socket { server } => {
                    let server = *server;
                    self.tally.answer(&buffer[..len]);
                    if self.tally.answers.is_multiple_of(2) {
                        self.send(server, &encode::<ACKNOWLEDGEMENT>(0))?;
                    }
                }
            }
        }
    }

    /// Tells it the time, if that is what it wants.
    pub fn tick(&mut self, now: Instant) -> io::Result<()> {
        match &mut self.side {
            Side::Browser { browser, .. } if browser.timeout.is_some_and(|at| at <= now) => {
                browser.tick(now);
                self.flush()
            }
            _ => Ok(()),
        }
    }

    /// Says goodbye, so that the server does not wait for it.
    pub fn leave(&mut self) -> Result<(), Failure> {
        match &mut self.side {
            Side::Browser { browser, .. } => {
                browser.rtc.close()?;
                Ok(self.flush()?)
            }
            Side::Socket { server } => {
                let server = *server;
                Ok(self.send(server, &[])?)
            }
        }
    }

    /// Sends what a browser has to send, and takes what it was told.
    fn flush(&mut self) -> io::Result<()> {
        let Side::Browser { browser, channel } = &mut self.side else { return Ok(()) };
        let datagrams = browser.drain();
        for (_, message) in browser.take_messages(*channel) {
            self.tally.answer(&message);
        }
        datagrams.iter().try_for_each(|datagram| self.send(datagram.to, &datagram.payload))
    }

    fn send(&mut self, to: SocketAddr, datagram: &[u8]) -> io::Result<()> {
        self.tally.datagrams.sent += 1;
        self.tally.datagrams.bytes += datagram.len() as u64;
        self.socket.send_to(datagram, to)?;
        Ok(())
    }
}

impl Tally {
    /// They may come in any order.
    fn answer(&mut self, message: &[u8]) {
        self.answers += 1;
        self.heard = self.heard.max(decode(message).unwrap_or(0));
    }
}

fn bind() -> io::Result<(UdpSocket, SocketAddr)> {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0).into())?;
    let address = socket.local_addr()?;
    Ok((socket, address))
}
