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
    // Held from now on, so that the server's end waits for an upgrade that is on its way.
    let task = tasks.token();
    upgrade.config(echo::config()).on_open(async move |connection| {
        echo::run(connection, ending).await;
        drop(task);
    })
}

async fn open_play(extract::State(state): extract::State<State>, upgrade: Upgrade) -> Response {
    let State { game, ending, tasks } = state;
    let task = tasks.token();
    upgrade.config(play::config()).on_open(async move |connection| {
        play::run(connection, game, ending).await;
        drop(task);
    })
}
