//! What the first connection says goes to all others, by a channel for each of them, as its own
//! example of a chat server has it. It flushes when nothing more waits.

use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};

use ::tokio_tungstenite::accept_async;
use futures_util::StreamExt;
use futures_util::stream::poll_fn;
use tokio::net::TcpStream;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tungstenite::Message;

use crate::listen::listen;
use crate::servers::Failure;

/// The owner's own way comes first, and nothing is sent by it.
static PEERS: Mutex<Vec<UnboundedSender<Message>>> = Mutex::new(Vec::new());

pub fn serve(address: SocketAddr) -> Result<(), Failure> {
    listen(address, connection)
}

async fn connection(stream: TcpStream) -> Result<(), Failure> {
    let (sink, mut stream) = accept_async(stream).await?.split();
    let (sender, mut receiver) = unbounded_channel();
    let is_owner = with_peers(|peers| {
        peers.push(sender);
        peers.len() == 1
    });
    if !is_owner {
        let waiting = poll_fn(move |cx| receiver.poll_recv(cx));
        return Ok(waiting.map(Ok).forward(sink).await?);
    }
    while let Some(Ok(message)) = stream.next().await {
        with_peers(|peers| {
            for peer in &peers[1..] {
                // It has ended.
                let _ = peer.send(message.clone());
            }
        });
    }
    // The run is over.
    with_peers(Vec::clear);
    Ok(())
}

fn with_peers<R>(act: impl FnOnce(&mut Vec<UnboundedSender<Message>>) -> R) -> R {
    act(&mut PEERS.lock().unwrap_or_else(PoisonError::into_inner))
}
