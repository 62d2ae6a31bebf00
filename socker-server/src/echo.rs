//! Sends every message back.

use std::sync::{Arc, LazyLock};

use socker_core::{CloseCode, Config};
use socker_tokio::{Connection, axum::Stream};
use tokio_util::sync::CancellationToken;
use tracing::debug;

/// Most bytes of a message, and of messages that wait to be sent back.
const LIMIT: usize = 64 << 20;

pub(crate) fn config() -> Arc<Config> {
    static CONFIG: LazyLock<Arc<Config>> =
        LazyLock::new(|| Arc::new(Config::default().message_limit(LIMIT).outgoing_limit(LIMIT)));
    Arc::clone(&CONFIG)
}

pub(crate) async fn run(mut connection: Connection<Stream>, ending: CancellationToken) {
    loop {
        let received = tokio::select! {
            received = connection.recv() => received,
            () = ending.cancelled() => {
                connection.close(CloseCode::Away, "the server is going away").await;
                break;
            }
        };
        let sent = match received {
            None => break,
            Some(Ok(message)) => tokio::select! {
                sent = connection.send(message) => sent,
                // The peer does not read; the end of the server does not wait for it.
                () = ending.cancelled() => continue,
            },
            Some(Err(error)) => Err(error),
        };
        if let Err(error) = sent {
            debug!(%error, "echo ended");
            break;
        }
    }
}
