//! What is where.

use axum::Router;
use socker_tokio::axum::mount;

use crate::{page, server::Services};

pub(crate) fn routes(services: &Services) -> Router {
    Router::new()
        .route("/echo", mount(services.echo.clone()))
        .route("/play", mount(services.game.clone()))
        .merge(page::routes())
}
