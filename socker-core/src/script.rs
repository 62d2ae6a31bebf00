//! Socker's chain of handlers: named stages through which a connection moves.
//!
//! A [`Script`] is immutable and shared by every connection; a [`Cursor`] is one connection's place
//! in it. The same script runs on a server or a client, in a game's tick or in a task: whoever calls
//! it decides on which thread its handlers run. It sends through an [`Outbox`], which a
//! [`Machine`] is.
//!
//! ```
//! use socker_core::{Config, Instant, Machine, Message, Role, Seed};
//! use socker_core::script::{Context, Expects, Progress, Script, Stage, Step};
//! use std::time::Duration;
//!
//! #[derive(Default)]
//! struct Player {
//!     moves: usize,
//! }
//!
//! let script = Script::new([
//!     Stage::new("scene", |_: &mut Player, _, message| {
//!         if message.as_bytes() == b"ready" { Step::Next } else { Step::Stay }
//!     })
//!     .on_enter(|_, cx| {
//!         // The server speaks first. A full queue would close the connection.
//!         match cx.send(Message::binary(b"two trees and a lake")) {
//!             Ok(()) => Step::Stay,
//!             Err(_) => Step::close(socker_core::CloseCode::Again, "too slow"),
//!         }
//!     })
//!     .deadline(Duration::from_secs(10)),
//!     Stage::new("play", |player: &mut Player, _, _| {
//!         player.moves += 1;
//!         Step::Stay
//!     })
//!     .expects(Expects::Binary),
//! ]);
//!
//! let now = Instant::START;
//! let mut machine =
//!     Machine::upgraded(now, Role::Server, Config::default().into(), Seed::from([0; 16]));
//! let mut player = Player::default();
//! let mut cursor = script.start(&mut player, &mut Context::new(now, &mut machine))?;
//! assert_eq!(script.stage(&cursor), Some("scene"));
//!
//! let mut cx = Context::new(now, &mut machine);
//! let progress = script.message(&mut cursor, &mut player, &mut cx, Message::text("ready"))?;
//! assert_eq!(progress, Progress::Entered("play"));
//! script.message(&mut cursor, &mut player, &mut cx, Message::binary(&[1, 2]))?;
//! assert_eq!(player.moves, 1);
//! # Ok::<(), socker_core::script::ScriptError>(())
//! ```

mod outbox;
mod stage;

use std::{error, fmt};

pub use self::{
    outbox::{Context, Outbox},
    stage::{Expects, Stage, Step},
};
use crate::{CloseCode, machine::Machine, message::Message, message::MessageKind, time::Instant};

/// An immutable chain of named stages, for connections with a state of type `S`.
pub struct Script<S> {
    stages: Box<[Stage<S>]>,
}

/// One connection's place in a [`Script`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// The number of stages that are behind, or [`ENDED`].
    stage: u32,
    /// When the stage must be over; [`Instant::MAX`] is never.
    deadline: Instant,
}

/// The script has closed the connection.
const ENDED: u32 = u32::MAX;

/// What a call to a script has brought about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Progress {
    /// The stage is the same.
    Stayed,
    /// The connection moved to this stage, perhaps through others.
    Entered(&'static str),
    /// A handler closed the connection.
    Closed {
        /// The stage that closed it.
        stage: &'static str,
        /// The code that it gave.
        code: CloseCode,
    },
    /// The stage's time was over; the connection was closed with 1008.
    Expired {
        /// The stage that was not completed.
        stage: &'static str,
    },
    /// The message was not of the kind that the stage expects; the connection was closed with 1003.
    Refused {
        /// The stage that refused it.
        stage: &'static str,
        /// What came.
        kind: MessageKind,
    },
}

/// A script that is wrong, or was called wrongly. The cursor is as it was, but what handlers and
/// hooks did before the error is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ScriptError {
    /// The script has no stage.
    Empty,
    /// The last stage said [`Step::Next`]: let it stay or close.
    PastEnd {
        /// The last stage.
        stage: &'static str,
    },
    /// The script has closed this connection.
    Ended,
}

impl fmt::Display for ScriptError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("the script has no stage"),
            Self::PastEnd { stage } => {
                write!(f, "stage {stage:?} is the last, and stepped on: let it stay or close")
            }
            Self::Ended => f.write_str("the script has closed this connection"),
        }
    }
}

impl error::Error for ScriptError {}

impl<S> Script<S> {
    /// A script of these stages, in order.
    #[must_use]
    pub fn new(stages: impl IntoIterator<Item = Stage<S>>) -> Self {
        Self { stages: stages.into_iter().collect() }
    }

    /// Begins a connection: enters the first stage.
    ///
    /// # Errors
    /// There is no stage, or entering the last one stepped on.
    pub fn start(&self, state: &mut S, cx: &mut Context<'_>) -> Result<Cursor, ScriptError> {
        if self.stages.is_empty() {
            return Err(ScriptError::Empty);
        }
        let mut cursor = Cursor { stage: 0, deadline: Instant::MAX };
        self.enter(&mut cursor, 0, state, cx)?;
        Ok(cursor)
    }

    /// Hands a message to the current stage, unless its time is over.
    ///
    /// # Errors
    /// The last stage stepped on, or the script has closed the connection.
    pub fn message(
        &self,
        cursor: &mut Cursor,
        state: &mut S,
        cx: &mut Context<'_>,
        message: Message<'_>,
    ) -> Result<Progress, ScriptError> {
        // The message may come before the host has looked at the time.
        match self.handle_timeout(cursor, cx)? {
            Progress::Stayed => {}
            expired => return Ok(expired),
        }
        let stage = self.current(cursor)?;
        let kind = message.kind();
        if !stage.expects.takes(kind) {
            let reason = format!("stage {:?} expects {}, not {kind}", stage.name, stage.expects);
            end(cursor, cx, CloseCode::Unsupported, &reason);
            return Ok(Progress::Refused { stage: stage.name, kind });
        }
        match (stage.handler)(state, cx, message) {
            Step::Stay => Ok(Progress::Stayed),
            Step::Next => self.enter(cursor, cursor.stage + 1, state, cx),
            Step::Close { code, reason } => {
                end(cursor, cx, code, &reason);
                Ok(Progress::Closed { stage: stage.name, code })
            }
        }
    }

    /// The context's time has come: closes the connection if the stage's is over. A call too early
    /// does nothing.
    ///
    /// # Errors
    /// The script has closed the connection.
    pub fn handle_timeout(
        &self,
        cursor: &mut Cursor,
        cx: &mut Context<'_>,
    ) -> Result<Progress, ScriptError> {
        let stage = self.current(cursor)?;
        if cx.now() < cursor.deadline || cursor.deadline == Instant::MAX {
            return Ok(Progress::Stayed);
        }
        end(cursor, cx, CloseCode::Policy, &format!("stage {:?} took too long", stage.name));
        Ok(Progress::Expired { stage: stage.name })
    }

    /// The name of the current stage; `None` once the script has closed the connection.
    #[must_use]
    pub fn stage(&self, cursor: &Cursor) -> Option<&'static str> {
        Some(self.current(cursor).ok()?.name)
    }

    /// The names of all stages, in order.
    pub fn stages(&self) -> impl Iterator<Item = &'static str> {
        self.stages.iter().map(|stage| stage.name)
    }

    fn current(&self, cursor: &Cursor) -> Result<&Stage<S>, ScriptError> {
        self.stages.get(cursor.stage as usize).ok_or(ScriptError::Ended)
    }

    /// Enters the stage at `number`, and those after it as long as entering steps on. An error
    /// leaves the cursor where it was.
    fn enter(
        &self,
        cursor: &mut Cursor,
        mut number: u32,
        state: &mut S,
        cx: &mut Context<'_>,
    ) -> Result<Progress, ScriptError> {
        loop {
            let Some(stage) = self.stages.get(number as usize) else {
                let stage = self.stages.last().map_or("", |stage| stage.name);
                return Err(ScriptError::PastEnd { stage });
            };
            match stage.enter.as_ref().map_or(Step::Stay, |enter| enter(state, cx)) {
                Step::Next => number += 1,
                Step::Stay => {
                    let deadline = stage.deadline.map_or(Instant::MAX, |time| cx.now() + time);
                    *cursor = Cursor { stage: number, deadline };
                    return Ok(Progress::Entered(stage.name));
                }
                Step::Close { code, reason } => {
                    end(cursor, cx, code, &reason);
                    return Ok(Progress::Closed { stage: stage.name, code });
                }
            }
        }
    }
}

impl<S> fmt::Debug for Script<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.stages()).finish()
    }
}

impl Cursor {
    /// When to call [`Script::handle_timeout`]; `None` if there is no such time.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        (self.deadline < Instant::MAX).then_some(self.deadline)
    }

    /// Whether the script has closed the connection.
    #[must_use]
    pub fn is_ended(&self) -> bool {
        self.stage == ENDED
    }
}

fn end(cursor: &mut Cursor, cx: &mut Context<'_>, code: CloseCode, reason: &str) {
    *cursor = Cursor { stage: ENDED, deadline: Instant::MAX };
    cx.close(code, reason);
}
