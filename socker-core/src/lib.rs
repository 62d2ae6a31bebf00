//! WebSocket connections as pure state machines.
//!
//! A [`Machine`] is one connection, client or server. It has no socket, clock, thread, lock or
//! random source: bytes and a time go in, events and bytes to write come out. So it runs the same in
//! a game's tick, on tokio, in a simulation with a clock of its own, and under a fuzzer.
//!
//! ```text
//!                        .---------------------------.
//!   bytes from the peer  |          Machine          |  bytes to the peer
//!  ----- read() -------->|                           |------ outgoing() ----->
//!  ----- read_eof() ---->|  handshake   Receiver     |
//!                        |       \      /            |  events
//!  the time              |        Phase    Queue     |------ read(), poll() -->
//!  -- handle_timeout() ->|                           |
//!                        |                           |  when to call next
//!  ----- send(), ------->|                           |------ poll_timeout() -->
//!        close()         '---------------------------'
//! ```
//!
//! The loop is always this one, here between a client and a server in memory:
//!
//! ```
//! use bytes::Buf;
//! use socker_core::handshake::{Acceptance, Request};
//! use socker_core::{Config, Event, Instant, Machine, Message, Seed};
//! use std::sync::Arc;
//!
//! let now = Instant::START; // since whenever you like
//! let config = Arc::new(Config::default());
//! let request = Request::get("ws://localhost/echo")?;
//! let seed = Seed::from([7; 16]); // from the operating system, outside of examples
//! let mut client = Machine::client(now, config.clone(), seed, &request);
//! let mut server = Machine::server(now, config);
//! let mut echoed = None;
//!
//! while echoed.is_none() {
//!     // What the client writes, the server reads.
//!     let mut buffer = carry(&mut client);
//!     let mut input = &mut buffer[..];
//!     while let Some(event) = server.read(now, &mut input) {
//!         match event {
//!             Event::Incoming(request) => server.accept(now, request, Acceptance::default())?,
//!             Event::Message(message) => server.send(message).expect("nothing else waits"),
//!             _ => {}
//!         }
//!     }
//!     // And the other way.
//!     let mut buffer = carry(&mut server);
//!     let mut input = &mut buffer[..];
//!     while let Some(event) = client.read(now, &mut input) {
//!         match event {
//!             Event::Opened(_) => client.send(Message::text("hello"))?,
//!             Event::Message(message) => echoed = Some(message.into_owned()),
//!             _ => {}
//!         }
//!     }
//! }
//! assert_eq!(echoed, Some(Message::text("hello")));
//!
//! /// A network that is always ready.
//! fn carry(from: &mut Machine) -> Vec<u8> {
//!     let mut outgoing = from.outgoing();
//!     outgoing.copy_to_bytes(outgoing.remaining()).into()
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Map
//!
//! - [`Machine`] takes [`Config`] and tells [`Event`]s, the last of which has a [`CloseReason`].
//! - [`handshake`] is the HTTP part: [`handshake::Request`] and its answers.
//! - [`script`] is a chain of named stages through which a connection moves.
//! - [`service`] is the logic of many connections, and what hosts it.
//! - `directory` is a service in which browsers find game servers (feature `directory`).
//! - `rooms` is a service in which one owner drives many members (feature `rooms`).
//! - [`wire`] is bytes to frames and back, for whoever needs no more than that.
//!
//! # Laws
//!
//! 1. What the peer or the clock does is an event. An `Err` means that the caller can do better, and
//!    a refused message is given back.
//! 2. No order of calls is wrong, and nothing panics.
//! 3. Any split of the same bytes gives the same events, and a violation is told at the first byte
//!    that proves it.
//! 4. Every buffer has a finite limit, and memory is reserved for what has come, never for what is
//!    announced. An idle machine owns no heap.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod config;
#[cfg(feature = "directory")]
pub mod directory;
mod error;
mod event;
pub mod handshake;
mod machine;
mod message;
#[cfg(feature = "rooms")]
pub mod rooms;
pub mod script;
mod seed;
pub mod service;
mod time;
pub mod wire;

pub use http;
pub use tungstenite::protocol::frame::coding::CloseCode;

pub use self::{
    config::Config,
    error::{AnswerError, Refusal, SendError},
    event::{CloseReason, Event, Oversized},
    machine::{Machine, Outgoing, Role},
    message::{Message, MessageKind, Payload},
    seed::Seed,
    time::Instant,
};
