//! WebSocket connections on tokio, over any stream.
//!
//! [`Connection`] runs a [`socker_core::Machine`] on an `AsyncRead + AsyncWrite`: a TCP stream, a
//! TLS stream, a pipe in memory.
//!
//! ```
//! use socker_core::{CloseCode, Message};
//! use tokio::net::TcpListener;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let listener = TcpListener::bind("127.0.0.1:0").await?;
//! let address = listener.local_addr()?;
//!
//! tokio::spawn(async move {
//!     let (stream, _) = listener.accept().await?;
//!     let mut connection = socker_tokio::accept(stream).await?;
//!     while let Some(message) = connection.recv().await {
//!         connection.send(message?).await?;
//!     }
//!     Ok::<(), socker_tokio::Error>(())
//! });
//!
//! let mut connection = socker_tokio::connect(&format!("ws://{address}/echo")).await?;
//! connection.send(Message::text("hello")).await?;
//! assert_eq!(connection.recv().await.transpose()?, Some(Message::text("hello")));
//! connection.close(CloseCode::Normal, "done").await;
//! # Ok(())
//! # }
//! ```
//!
//! # Map
//!
//! - [`accept`] and [`incoming`] open a server's connection, [`connect`], [`connect_with`] and
//!   [`client()`] a client's.
//! - [`serve`] and [`Server`] run a [`Service`](socker_core::service::Service), the logic of many
//!   connections in one place, on a listener or on the thread of a game's loop.
//! - [`Connection`] receives and sends; it is a `Stream` and a `Sink`.
//! - `game_server`, with the feature `rtc`, is a game server that browsers find in a directory and
//!   reach over WebRTC.
//! - [`axum`](mod@axum), with the feature of that name, upgrades requests of an axum server.
//!
//! TLS is a stream of the caller: see the example `tls`.

#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(feature = "axum")]
pub mod axum;
mod connection;
mod driver;
mod error;
#[cfg(feature = "rtc")]
pub mod game_server;
mod open;
mod outbox;
mod seed;
pub mod service;
mod wakers;

pub use socker_core as core;
#[cfg(feature = "rtc")]
pub use socker_rtc as rtc;

pub use self::{
    connection::Connection,
    error::Error,
    open::{Incoming, accept, client, connect, connect_with, incoming},
    seed::random_seed,
    service::{Server, serve},
};
