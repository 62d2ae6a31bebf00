//! The demo page, which is part of the program.

use axum::{
    Router,
    http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS},
    response::IntoResponse,
    routing::get,
};

const POLICY: &str = "default-src 'self'; connect-src 'self' ws: wss:; img-src 'self' data:";

pub(crate) fn routes<S: Clone + Send + Sync + 'static>() -> Router<S> {
    const HTML: &str = "text/html; charset=utf-8";
    const CSS: &str = "text/css; charset=utf-8";
    const JS: &str = "text/javascript; charset=utf-8";
    Router::new()
        .route("/", file(HTML, include_str!("../assets/index.html")))
        .route("/page.css", file(CSS, include_str!("../assets/page.css")))
        .route("/page.js", file(JS, include_str!("../assets/page.js")))
        .route("/servers.css", file(CSS, include_str!("../assets/servers.css")))
        .route("/link.js", file(JS, include_str!("../assets/link.js")))
        .route("/wire.js", file(JS, include_str!("../assets/wire.js")))
        .route("/world.js", file(JS, include_str!("../assets/world.js")))
        .route("/scene.js", file(JS, include_str!("../assets/scene.js")))
        .route("/steer.js", file(JS, include_str!("../assets/steer.js")))
        .route("/stages.js", file(JS, include_str!("../assets/stages.js")))
        .route("/closed.js", file(JS, include_str!("../assets/closed.js")))
        .route("/arena.js", file(JS, include_str!("../assets/arena.js")))
        .route("/lobby.js", file(JS, include_str!("../assets/lobby.js")))
        .route("/servers.js", file(JS, include_str!("../assets/servers.js")))
        .route("/probe.js", file(JS, include_str!("../assets/probe.js")))
        .route("/reasons.js", file(JS, include_str!("../assets/reasons.js")))
        .route("/status.js", file(JS, include_str!("../assets/status.js")))
        .route("/round-trips.js", file(JS, include_str!("../assets/round-trips.js")))
        .route("/pings.js", file(JS, include_str!("../assets/pings.js")))
        .route("/plot.js", file(JS, include_str!("../assets/plot.js")))
        .route("/copying.js", file(JS, include_str!("../assets/copying.js")))
        .route("/echo.js", file(JS, include_str!("../assets/echo.js")))
        .route("/board.css", file(CSS, include_str!("../assets/board.css")))
        .route("/board.js", file(JS, include_str!("../assets/board.js")))
        .route("/board-words.js", file(JS, include_str!("../assets/board-words.js")))
        .route("/picture.js", file(JS, include_str!("../assets/picture.js")))
        .route("/paper.js", file(JS, include_str!("../assets/paper.js")))
        .route("/pen.js", file(JS, include_str!("../assets/pen.js")))
        .route("/strokes.js", file(JS, include_str!("../assets/strokes.js")))
        .route("/invitation.js", file(JS, include_str!("../assets/invitation.js")))
}

fn file<S: Clone + Send + Sync + 'static>(
    content_type: &'static str,
    content: &'static str,
) -> axum::routing::MethodRouter<S> {
    get(move || async move {
        let headers = [
            (CONTENT_TYPE, content_type),
            (CONTENT_SECURITY_POLICY, POLICY),
            (X_CONTENT_TYPE_OPTIONS, "nosniff"),
            // The page and the server change together.
            (CACHE_CONTROL, "no-cache"),
        ];
        (headers, content).into_response()
    })
}
