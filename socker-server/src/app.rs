//! What is where.

use axum::Router;
use socker_tokio::axum::mount;

use crate::{client, page, server::Services};

pub(crate) fn routes(services: &Services) -> Router {
    Router::new()
        .route("/echo", mount(services.echo.clone()))
        .route("/play", mount(services.game.clone()))
        .route("/rooms", mount(services.rooms.clone()))
        .route("/directory/servers", mount(services.directory.clone()))
        .route("/directory/clients", mount(services.directory.clone()))
        // Where servers and pages made for Enslavism look.
        .route("/enslavism/slaves", mount(services.directory.clone()))
        .route("/enslavism/clients", mount(services.directory.clone()))
        // Where pages made for rtbroadcaster look.
        .route("/broadcast", mount(services.rooms.clone()))
        .route("/broadcasting", mount(services.rooms.clone()))
        .merge(page::routes())
        .merge(client::routes())
}
