//! The client for pages, which is the npm package in `client/`, and the one that pages made for
//! Enslavism include.

use axum::{
    Router,
    http::header::{
        ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS,
    },
    response::IntoResponse,
    routing::{MethodRouter, get},
};

pub(crate) fn routes<S: Clone + Send + Sync + 'static>() -> Router<S> {
    macro_rules! modules {
        ($($path:literal)*) => {
            Router::new()
                .route("/enslavism/client.js", script(include_str!("../assets/enslavism.js")))
                $(.route($path, script(include_str!(concat!("../client", $path)))))*
        };
    }
    modules! {
        "/socker.js"
        "/socker/address.js"
        "/socker/backoff.js"
        "/socker/connection.js"
        "/socker/deferred.js"
        "/socker/directory-error.js"
        "/socker/directory-event.js"
        "/socker/directory-message.js"
        "/socker/directory-options.js"
        "/socker/directory.js"
        "/socker/error.js"
        "/socker/event.js"
        "/socker/handlers.js"
        "/socker/message.js"
        "/socker/options.js"
        "/socker/outbox.js"
        "/socker/pace.js"
        "/socker/peer.js"
        "/socker/room.js"
        "/socker/script-error.js"
        "/socker/script-run.js"
        "/socker/script-step.js"
        "/socker/script.js"
        "/socker/sender.js"
        "/socker/server-event.js"
        "/socker/server.js"
        "/socker/state.js"
    }
}

fn script<S: Clone + Send + Sync + 'static>(content: &'static str) -> MethodRouter<S> {
    get(move || async move {
        let headers = [
            (CONTENT_TYPE, "text/javascript; charset=utf-8"),
            (X_CONTENT_TYPE_OPTIONS, "nosniff"),
            // Pages from elsewhere may take it from here, which browsers ask of modules.
            (ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
            // The client and the server change together.
            (CACHE_CONTROL, "no-cache"),
        ];
        (headers, content).into_response()
    })
}
