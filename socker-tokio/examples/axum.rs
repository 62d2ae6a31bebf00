//! WebSocket routes beside others in an axum server: services for all connections of a route, and a
//! handler for each.
//!
//! `cargo run -p socker-tokio --features axum --example axum` listens on 127.0.0.1:8080.

use std::net::SocketAddr;

use axum::{Router, response::Response, routing::get};
use socker_core::{
    CloseReason, Message,
    directory::{self, Directory},
    rooms::{self, Rooms},
    service::{Context, PeerId, Peers, Service},
    wire::Frame,
};
use socker_tokio::{
    Server,
    axum::{Upgrade, mount},
    random_seed,
};

/// Everybody gets what anybody says.
#[derive(Default)]
struct Chat {
    here: Peers<()>,
}

impl Service for Chat {
    fn opened(&mut self, _: &mut Context<'_>, peer: PeerId) {
        self.here.insert(peer, ());
    }

    fn message(&mut self, cx: &mut Context<'_>, _: PeerId, message: Message<'_>) {
        if let Some(text) = message.as_text() {
            cx.broadcast(self.here.ids(), Frame::text(text));
        }
    }

    fn closed(&mut self, _: &mut Context<'_>, peer: PeerId, _: &CloseReason) {
        self.here.remove(peer);
    }
}

async fn echo(upgrade: Upgrade) -> Response {
    upgrade.on_open(|mut connection| async move {
        while let Some(Ok(message)) = connection.recv().await {
            if connection.send(message).await.is_err() {
                break;
            }
        }
    })
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::io::Result<()> {
    let chat = Server::new(Chat::default()).start();
    let config = rooms::Limits::default().config();
    let rooms = Server::new(Rooms::new(random_seed()?)).config(config.into()).start();
    let config = directory::Limits::default().config();
    let directory = Server::new(Directory::new(random_seed()?)).config(config.into()).start();
    let app = Router::new()
        .route("/", get(|| async { "/chat, /rooms, /echo, and a directory of game servers\n" }))
        .route("/chat", mount(chat))
        .route("/rooms", mount(rooms))
        // Game servers register at /directory/servers, and clients look at /directory/clients.
        .route("/directory/{role}", mount(directory))
        .route("/echo", get(echo));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:8080").await?;
    axum::serve(listener, app.into_make_service_with_connect_info::<SocketAddr>()).await
}
