//! A WebSocket route beside others in an axum server.
//!
//! `cargo run -p socker-tokio --features axum --example axum` listens on 127.0.0.1:8080.

use axum::{Router, response::Response, routing::get};
use socker_tokio::axum::Upgrade;

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
    let app: Router = Router::new()
        .route("/", get(|| async { "A WebSocket that echoes is at /echo.\n" }))
        .route("/echo", get(echo));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:8080").await?;
    axum::serve(listener, app).await
}
