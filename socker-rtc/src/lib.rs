//! WebRTC data channels with many browsers on one UDP port, as a pure state machine.
//!
//! An [`Endpoint`] has no socket, clock, thread or lock: offers, candidates, datagrams and a time go
//! in; answers, events, datagrams to send and the time at which to call next come out. How offers and
//! answers travel between browser and server is up to the caller: a WebSocket, an HTTP request.
//!
//! ```text
//!                             .--------------------------.
//!   a browser's offer         |         Endpoint         |  the answer
//!  --- accept() ------------->|                          |------------------->
//!      candidate() ---------->|   peer   peer   peer ..  |
//!                             |    |                     |
//!   datagrams                 |   ICE, DTLS, SCTP        |  datagrams
//!  --- receive() ------------>|    |                     |--- poll_transmit() -->
//!                             |   channels               |  events
//!   the time                  |                          |--- poll_event() ----->
//!  --- handle_timeout() ----->|                          |
//!                             |                          |  when to call next
//!  --- send(), kick() ------->|                          |--- poll_timeout() --->
//!                             '--------------------------'
//! ```
//!
//! A game has it in its loop, and a host of its own is no more than this:
//!
//! ```no_run
//! use socker_rtc::{ChannelConfig, Config, Delivery, Endpoint, Event, Instant, Message, PeerId};
//! use std::{net::UdpSocket, sync::mpsc, thread, time::Duration};
//!
//! /// What comes by way of the signalling, which is the caller's.
//! enum Said {
//!     Offer(String, Box<dyn FnOnce(PeerId, String) + Send>),
//!     AnotherOffer(PeerId, String, Box<dyn FnOnce(String) + Send>),
//!     Candidate(PeerId, String),
//!     Left(PeerId),
//!     Stop,
//! }
//!
//! fn host(said: mpsc::Receiver<Said>) -> Result<(), Box<dyn std::error::Error>> {
//!     // Bound wherever the host likes; announced as browsers reach it.
//!     let socket = UdpSocket::bind("0.0.0.0:9000")?;
//!     socket.set_nonblocking(true)?;
//!     let announced = "203.0.113.5:9000".parse()?;
//!     let start = std::time::Instant::now();
//!     socker_rtc::warm_up(start);
//!     let mut endpoint = Endpoint::new(start, Config::default().candidate(announced))?;
//!     let mut buffer = [0; 2_048];
//!
//!     while !endpoint.is_done() {
//!         let now = Instant::at(start.elapsed());
//!         // First what has come, so that nobody is found silent because this loop was late.
//!         while let Ok((length, source)) = socket.recv_from(&mut buffer) {
//!             endpoint.receive(now, source, announced, &buffer[..length]);
//!         }
//!         endpoint.handle_timeout(now);
//!         for said in said.try_iter() {
//!             match said {
//!                 Said::Offer(offer, reply) => match endpoint.accept(now, &offer) {
//!                     Ok((peer, answer)) => {
//!                         // The browser's own channels open without this.
//!                         let state = ChannelConfig::new("state").ordered(false);
//!                         endpoint.open_channel(now, peer, state)?;
//!                         reply(peer, answer);
//!                     }
//!                     Err(error) => eprintln!("{error}"),
//!                 },
//!                 Said::AnotherOffer(peer, offer, reply) => {
//!                     endpoint.accept_again(now, peer, &offer).map_or((), reply);
//!                 }
//!                 Said::Candidate(peer, line) => {
//!                     // A candidate that is none leaves the others.
//!                     let _ = endpoint.candidate(now, peer, &line);
//!                 }
//!                 Said::Left(peer) => endpoint.kick(now, peer),
//!                 Said::Stop => endpoint.close(now),
//!             }
//!         }
//!         while let Some((peer, event)) = endpoint.poll_event() {
//!             match event {
//!                 Event::Opened { config, .. } => println!("{peer} has {}", config.label),
//!                 Event::Message { channel, message } if message.as_text() == Some("bye") => {
//!                     endpoint.close_channel(now, peer, channel);
//!                 }
//!                 Event::Message { channel, message } => {
//!                     // A peer that is behind gets what it can, and soon.
//!                     let _ = endpoint.send(peer, channel, message, Delivery::Droppable);
//!                 }
//!                 Event::Writable { channel, skipped } if skipped > 0 => {
//!                     let missed = Message::text(format!("you have missed {skipped}"));
//!                     let _ = endpoint.send(peer, channel, missed, Delivery::Reliable);
//!                 }
//!                 Event::Disconnected { reason } => {
//!                     println!("{peer}: {reason}; {} are left", endpoint.peers());
//!                 }
//!                 _ => {}
//!             }
//!         }
//!         while let Some(transmit) = endpoint.poll_transmit() {
//!             // What the system does not take is lost, and sent again like all that is.
//!             let _ = socket.send_to(&transmit.payload, transmit.destination);
//!         }
//!         // A game sleeps until its next tick. Others wait for the socket, until `poll_timeout`.
//!         thread::sleep(Duration::from_millis(5));
//!     }
//!     println!("{:?}", endpoint.counters());
//!     Ok(())
//! }
//! ```
//!
//! # Laws
//!
//! 1. What a peer or the clock does is an [`Event`]; an `Err` names what the caller can do better, or
//!    what is wrong with an SDP. A refused message is given back.
//! 2. No order of calls is wrong, ids of peers that are gone included, and nothing panics.
//! 3. Every peer that was accepted ends with one [`Event::Disconnected`], its last event.
//! 4. Every queue has a finite limit in [`Config`], and all memory of a peer goes with it.
//!
//! Beneath is [`str0m`], which does ICE (RFC 8445), DTLS 1.2 (RFC 6347), SCTP (RFC 8831) and the
//! opening of channels (RFC 8832). It draws its keys and credentials itself, so two runs of the same
//! calls differ in those.
//!
//! # For pages
//!
//! - A page creates its first channel before it offers; the answer names all addresses, so neither side
//!   needs to send candidates.
//! - When a peer is ended from here its channels close, but the page's `RTCPeerConnection` stays until
//!   the page calls its `close`.
//! - Channels with `negotiated: true`, which both sides have to know beforehand, are not told.
//!
//! With the feature `directory`, `game_server` joins an endpoint and a game server's side of a
//! directory, by which offers and answers travel.
//!
//! [`str0m`]: https://docs.rs/str0m

#![cfg_attr(docsrs, feature(doc_cfg))]

mod channel;
mod clock;
mod config;
mod endpoint;
mod error;
mod event;
#[cfg(feature = "directory")]
pub mod game_server;
mod offer;
mod warm_up;

pub use socker_core::{Instant, Message, MessageKind, Payload};

pub use self::{
    channel::{ChannelConfig, ChannelId, Delivery, Reliability, Sent},
    config::Config,
    endpoint::Endpoint,
    error::{CandidateError, ConfigError, OfferError, OpenError, Refusal, SendError},
    event::{Counters, Event, PeerId, Reason, Transmit, Violation},
    warm_up::warm_up,
};
