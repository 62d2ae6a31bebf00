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
//! A host around a socket is a loop; only its first and last lines wait:
//!
//! ```no_run
//! use socker_rtc::{Config, Delivery, Endpoint, Event, Instant};
//! use std::{io, net::UdpSocket, time::Duration};
//!
//! // Bound wherever the host likes; announced as browsers reach it.
//! let socket = UdpSocket::bind("0.0.0.0:9000")?;
//! let announced = "203.0.113.5:9000".parse()?;
//! let start = std::time::Instant::now();
//! let mut endpoint = Endpoint::new(start, Config::default().candidate(announced))?;
//! # let offers: std::sync::mpsc::Receiver<(String, Box<dyn Fn(String)>)> = todo!();
//! let mut buffer = [0; 2_048];
//!
//! loop {
//!     let now = Instant::at(start.elapsed());
//!     for (offer, reply) in offers.try_iter() {
//!         // Of a refused offer there is nothing to clean up.
//!         if let Ok((_peer, answer)) = endpoint.accept(now, &offer) {
//!             reply(answer);
//!         }
//!     }
//!     endpoint.handle_timeout(now);
//!     while let Some((peer, event)) = endpoint.poll_event() {
//!         match event {
//!             Event::Opened { config, .. } => println!("{peer} has opened {}", config.label),
//!             Event::Message { channel, message } => {
//!                 // An echo that falls behind leaves messages out.
//!                 let _ = endpoint.send(peer, channel, message, Delivery::Droppable);
//!             }
//!             Event::Disconnected { reason } => println!("{peer} is gone: {reason}"),
//!             _ => {}
//!         }
//!     }
//!     while let Some(transmit) = endpoint.poll_transmit() {
//!         // What the network does not take is sent again, as what it loses.
//!         let _ = socket.send_to(&transmit.payload, transmit.destination);
//!     }
//!     let wait = endpoint.poll_timeout().map_or(Duration::MAX, |at| at.since(now));
//!     socket.set_read_timeout(Some(wait.clamp(Duration::from_millis(1), Duration::from_millis(10))))?;
//!     if let Ok((length, source)) = socket.recv_from(&mut buffer) {
//!         let now = Instant::at(start.elapsed());
//!         endpoint.receive(now, source, announced, &buffer[..length]);
//!     }
//! }
//! # #[allow(unreachable_code)]
//! # Ok::<(), Box<dyn std::error::Error>>(())
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
//! Beneath is [`str0m`], which does ICE (RFC 8445), DTLS (RFC 6347), SCTP (RFC 8831) and the channels'
//! opening (RFC 8832). It draws its keys and credentials itself, so two runs of the same calls differ
//! in those, and in no event.
//!
//! [`str0m`]: https://docs.rs/str0m

mod channel;
mod clock;
mod config;
mod endpoint;
mod error;
mod event;
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
