//! Sends every message back.

use std::sync::Arc;

use socker_core::{
    Config, Message,
    service::{Context, PeerId, Service},
};
use socker_tokio::{Server, service::Handle};

/// Most bytes of a message, and of messages that wait to be sent back.
const LIMIT: usize = 64 << 20;

#[derive(Debug)]
pub(crate) struct Echo;

impl Service for Echo {
    fn message(&mut self, cx: &mut Context<'_>, peer: PeerId, message: Message<'_>) {
        cx.send(peer, message);
    }
}

pub(crate) fn start() -> Handle<Echo> {
    let config = Config::default().message_limit(LIMIT).outgoing_limit(LIMIT);
    Server::new(Echo).config(Arc::new(config)).start()
}
