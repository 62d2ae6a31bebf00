//! Socker's table as a script: the server sends the scene, waits for the page to be ready, and then
//! they play.

use std::time::Duration;

use socker_core::{
    CloseCode, Message,
    script::{Context, Expects, Script, Stage, Step},
};

use super::{
    wire::{self, FromPage},
    world::{HEIGHT, Marker, PLANETS, WIDTH},
};

/// How long a page may take to draw the scene.
const READY_TIME: Duration = Duration::from_secs(10);

/// What the script knows of a player.
#[derive(Debug, Default)]
pub(super) struct State {
    /// None until it has a place.
    pub(super) marker: Option<Marker>,
    pub(super) playing: bool,
    /// It plays elsewhere.
    pub(super) away: bool,
}

pub(super) fn script() -> Script<State> {
    let scene = wire::scene(&PLANETS);
    Script::new([
        Stage::new("scene", |_: &mut State, _, message| {
            match FromPage::decode(message.as_bytes()) {
                Some(FromPage::Ready) => Step::Next,
                // A marker may have been moved before the page knew that the connection is new.
                Some(FromPage::Move { .. } | FromPage::Away) => Step::Stay,
                None => unknown(),
            }
        })
        .expects(Expects::Binary)
        .deadline(READY_TIME)
        .on_enter(move |_, cx| send(cx, &scene)),
        Stage::new("play", |state: &mut State, _, message| {
            match FromPage::decode(message.as_bytes()) {
                Some(FromPage::Move { x, y }) => {
                    state.away = false;
                    if let Some(marker) = &mut state.marker {
                        (marker.x, marker.y) = (x.min(WIDTH), y.min(HEIGHT));
                    }
                    Step::Stay
                }
                Some(FromPage::Away) => {
                    state.away = true;
                    Step::Stay
                }
                Some(FromPage::Ready) => Step::Stay,
                None => unknown(),
            }
        })
        .expects(Expects::Binary)
        .on_enter(|state, cx| {
            state.playing = true;
            state.marker.map_or(Step::Stay, |marker| send(cx, &wire::play(marker)))
        }),
    ])
}

fn send(cx: &mut Context<'_>, bytes: &[u8]) -> Step {
    match cx.send(Message::binary(bytes)) {
        Ok(()) => Step::Stay,
        Err(_) => Step::close(CloseCode::Again, "the connection is too slow"),
    }
}

fn unknown() -> Step {
    Step::close(CloseCode::Policy, "not a message of the scene")
}
