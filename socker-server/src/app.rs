//! What is where.

use axum::{Router, extract, response::Response, routing::get};
use socker_tokio::axum::Upgrade;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{echo, game::Game, page, play};

/// What the routes share.
#[derive(Clone)]
pub(crate) struct State {
    pub(crate) game: Game,
    /// Cancelled when the server ends.
    pub(crate) ending: CancellationToken,
    /// Every connection's task.
    pub(crate) tasks: TaskTracker,
}

pub(crate) fn routes(state: State) -> Router {
    Router::new()
        .route("/echo", get(open_echo))
        .route("/play", get(open_play))
        .merge(page::routes())
        .with_state(state)
}

async fn open_echo(extract::State(state): extract::State<State>, upgrade: Upgrade) -> Response {
    let State { ending, tasks, .. } = state;
    upgrade
        .config(echo::config())
        .on_open(move |connection| tasks.track_future(echo::run(connection, ending)))
}

async fn open_play(extract::State(state): extract::State<State>, upgrade: Upgrade) -> Response {
    let State { game, ending, tasks } = state;
    upgrade
        .config(play::config())
        .on_open(move |connection| tasks.track_future(play::run(connection, game, ending)))
}
