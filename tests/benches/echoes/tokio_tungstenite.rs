//! Forwards what it receives to what it sends, as its own example of an echo server does: that
//! flushes when nothing more has come.

use std::future::ready;
use std::net::SocketAddr;

use ::tokio_tungstenite::accept_async_with_config;
use futures_util::{StreamExt, TryStreamExt};
use tokio::net::TcpStream;
use tungstenite::protocol::WebSocketConfig;

use crate::listen::listen;
use crate::servers::Failure;

/// Holds all that one connection has in flight. The default of 128 KiB is zeroed before each read.
const READ_BUFFER: usize = 4 * 1024;

pub fn serve(address: SocketAddr) -> Result<(), Failure> {
    listen(address, |stream| echo(stream, WebSocketConfig::default()))
}

/// With a read buffer that suits what is read, which its default doesn't.
pub fn serve_tuned(address: SocketAddr) -> Result<(), Failure> {
    listen(address, |stream| echo(stream, WebSocketConfig::default().read_buffer_size(READ_BUFFER)))
}

async fn echo(stream: TcpStream, config: WebSocketConfig) -> Result<(), Failure> {
    let (write, read) = accept_async_with_config(stream, Some(config)).await?.split();
    read.try_filter(|message| ready(message.is_text() || message.is_binary()))
        .forward(write)
        .await?;
    Ok(())
}
