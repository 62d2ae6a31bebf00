//! WebSocket services on one thread: one mio loop, and one read buffer for all connections.
//!
//! An [`EventLoop`] runs a [`Service`] with all of its connections, to clients and to servers. There
//! are no tasks and no locks; the service is called on the thread that polls.
//!
//! ```
//! use socker_core::service::{Context, PeerId, Service};
//! use socker_core::{Message, handshake::Request};
//! use socker_mio::EventLoop;
//! use std::{net::TcpListener, thread, time::Duration};
//!
//! struct Echo;
//!
//! impl Service for Echo {
//!     fn message(&mut self, cx: &mut Context<'_>, peer: PeerId, message: Message<'_>) {
//!         cx.send(peer, message);
//!     }
//! }
//!
//! #[derive(Default)]
//! struct Hello {
//!     heard: Option<String>,
//! }
//!
//! impl Service for Hello {
//!     fn opened(&mut self, cx: &mut Context<'_>, peer: PeerId) {
//!         cx.send(peer, Message::text("hello"));
//!     }
//!
//!     fn message(&mut self, _: &mut Context<'_>, _: PeerId, message: Message<'_>) {
//!         self.heard = message.as_text().map(str::to_owned);
//!     }
//! }
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let mut server = EventLoop::new(Echo)?;
//! let address = server.listen(TcpListener::bind("127.0.0.1:0")?)?;
//! let handle = server.handle();
//! let server = thread::spawn(move || server.run());
//!
//! let mut client = EventLoop::new(Hello::default())?;
//! client.connect(&Request::get(&format!("ws://{address}/echo"))?)?;
//! while client.service().heard.is_none() {
//!     client.poll(None)?;
//! }
//! assert_eq!(client.service().heard.as_deref(), Some("hello"));
//!
//! drop(client);
//! handle.drain(Duration::from_secs(5), "the server ends");
//! server.join().expect("it does not panic")?;
//! # Ok(())
//! # }
//! ```
//!
//! # Map
//!
//! - [`EventLoop`] listens, connects and polls. [`serve`] is all of that for who needs no more.
//! - [`Handle`] reaches it from other threads.
//! - [`ConnectError`] tells why a connection to a server was not opened.
//! - `game_server`, with the feature `rtc`, is a game server that browsers find in a directory and
//!   reach over WebRTC.
//!
//! `examples/echo.rs` is a server, `examples/client.rs` a client, `examples/mio_game_server.rs` a game
//! server.
//!
//! # What it costs
//!
//! A turn reads the clock twice and asks the system for events once. A connection that is ready
//! is read until it is empty, four times 64 KiB at the most; all answers of a turn leave in one write.
//! Neither allocates. An idle connection takes less than 300 bytes of memory, 16 of them here
//! (`cargo bench -p socker-tests --bench idle -- socker-mio`).
//!
//! There is no TLS; put a proxy before it, or use `socker-tokio`. Targets of 32 bits are left out.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod alarm;
mod connections;
mod dial;
mod error;
mod event_loop;
#[cfg(feature = "rtc")]
pub mod game_server;
mod handle;
mod heard;
mod listener;
mod seed;
mod socket;
mod token;

use std::{io, net::TcpListener};

pub use socker_core as core;
use socker_core::service::Service;
#[cfg(feature = "rtc")]
pub use socker_rtc as rtc;

pub use self::{
    error::{ConnectError, RunError},
    event_loop::EventLoop,
    handle::Handle,
    seed::random_seed,
};

/// Runs a service on a listener with the default limits, for as long as the program runs.
///
/// To end before, or with other limits, use an [`EventLoop`] and its [`Handle`].
///
/// # Errors
/// The system has no descriptors left, or refuses to tell of events.
pub fn serve(listener: TcpListener, service: impl Service) -> io::Result<()> {
    let mut events = EventLoop::new(service)?;
    events.listen(listener)?;
    events.run()
}
