//! Answers what has come at once with one write.

use std::net::SocketAddr;

use ::tokio_websockets::ServerBuilder;
use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;

use super::{Failure, listen::listen};

/// As many messages are answered together.
const BATCH: usize = 16;

pub fn serve(address: SocketAddr) -> Result<(), Failure> {
    listen(address, echo)
}

/// Its examples send each message by itself, which is a write each; and as receiving flushes too, so
/// does `forward`. Taking all that is ready before the first answer is what makes one write of them.
async fn echo(stream: TcpStream) -> Result<(), Failure> {
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
