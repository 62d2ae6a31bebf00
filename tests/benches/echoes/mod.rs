//! Echo servers.

mod fastwebsockets;
mod floor;
mod listen;
mod messages;
mod tokio_tungstenite;
mod tokio_websockets;

use crate::servers::{Contender, Standing};

pub use messages::{Messages, PAYLOAD};

/// The packages of the peers, whose versions the benches state.
pub const PACKAGES: [&str; 4] =
    ["fastwebsockets", "tokio-websockets", "tokio-tungstenite", "tokio"];

pub static ECHOES: [Contender; 9] = [
    Contender::here("floor", Standing::Floor, floor::serve),
    Contender::ours("socker-mio", "echo"),
    Contender::ours("socker-tokio", "echo"),
    Contender::here("fastwebsockets", Standing::Peer, fastwebsockets::serve),
    Contender::here("fastwebsockets-batched", Standing::Tuned, fastwebsockets::serve_batched),
    Contender::here("tokio-websockets", Standing::Peer, tokio_websockets::serve),
    Contender::here("tokio-websockets-batched", Standing::Tuned, tokio_websockets::serve_batched),
    Contender::here("tokio-tungstenite", Standing::Peer, tokio_tungstenite::serve),
    Contender::here("tokio-tungstenite-tuned", Standing::Tuned, tokio_tungstenite::serve_tuned),
];
