//! The client for pages, which is the npm package in `client/`.

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
                $(.route($path, module(include_str!(concat!("../../client", $path)))))*
        };
    }
    modules! {
        "/socker.js"
        "/socker/address.js"
        "/socker/backoff.js"
        "/socker/connection.js"
        "/socker/deferred.js"
        "/socker/error.js"
        "/socker/event.js"
        "/socker/handlers.js"
        "/socker/message.js"
        "/socker/options.js"
        "/socker/outbox.js"
        "/socker/pace.js"
        "/socker/room.js"
        "/socker/sender.js"
        "/socker/state.js"
    }
}

fn module<S: Clone + Send + Sync + 'static>(content: &'static str) -> MethodRouter<S> {
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
