//! As its example has it, and with one write for all that has come at once.

use std::net::SocketAddr;

use ::tokio_websockets::ServerBuilder;
use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;

use crate::listen::listen;
use crate::servers::Failure;

/// As many messages are answered together.
const BATCH: usize = 16;

pub fn serve(address: SocketAddr) -> Result<(), Failure> {
    listen(address, echo)
}

pub fn serve_batched(address: SocketAddr) -> Result<(), Failure> {
    listen(address, echo_batched)
}

async fn echo(stream: TcpStream) -> Result<(), Failure> {
    let (_, mut socket) = ServerBuilder::new().accept(stream).await?;
    while let Some(message) = socket.next().await {
        let message = message?;
        if message.is_text() || message.is_binary() {
            socket.send(message).await?;
        }
    }
    Ok(())
}

/// Sending flushes, and so does receiving, which `forward` is made of. Taking all that is ready
/// before the first answer is what makes one write of them.
async fn echo_batched(stream: TcpStream) -> Result<(), Failure> {
    let (_, socket) = ServerBuilder::new().accept(stream).await?;
    let mut batches = socket.ready_chunks(BATCH);
    while let Some(batch) = batches.next().await {
        for message in batch {
            let message = message?;
            if message.is_text() || message.is_binary() {
                batches.feed(message).await?;
            }
        }
        batches.flush().await?;
    }
    Ok(())
}
