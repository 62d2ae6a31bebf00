//! Echo servers.

mod fastwebsockets;
mod floor;
mod messages;
mod tokio_tungstenite;
mod tokio_websockets;

use crate::servers::{Contender, Standing};

pub use messages::{Messages, PAYLOAD};

/// The packages of the peers, whose versions the benches state.
pub const PACKAGES: [&str; 4] =
    ["fastwebsockets", "tokio-websockets", "tokio-tungstenite", "tokio"];

const PEER: Standing = Standing::Peer;
const TUNED: Standing = Standing::Tuned;

pub static ECHOES: [Contender; 9] = [
    Contender::here("floor", Standing::Floor, floor::serve),
    Contender::ours("socker-mio", "echo"),
    Contender::ours("socker-tokio", "echo"),
    Contender::here("fastwebsockets", PEER, fastwebsockets::serve),
    Contender::here("fastwebsockets-batched", TUNED, fastwebsockets::serve_batched),
    Contender::here("tokio-websockets", PEER, tokio_websockets::serve),
    Contender::here("tokio-websockets-batched", TUNED, tokio_websockets::serve_batched),
    Contender::here("tokio-tungstenite", PEER, tokio_tungstenite::serve),
    Contender::here("tokio-tungstenite-tuned", TUNED, tokio_tungstenite::serve_tuned),
];
