use std::{borrow::Cow, fmt, time::Duration};

use super::Context;
use crate::{CloseCode, message::Message, message::MessageKind};

/// What a handler wants next.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Step {
    /// Hand the next message to the same stage.
    Stay,
    /// Enter the next stage.
    Next,
    /// Close the connection.
    Close {
        /// Why.
        code: CloseCode,
        /// Why, in words; 123 bytes are sent at the most.
        reason: Cow<'static, str>,
    },
}

impl Step {
    /// Close the connection.
    pub fn close(code: CloseCode, reason: impl Into<Cow<'static, str>>) -> Self {
        Self::Close { code, reason: reason.into() }
    }
}

/// Which kind of message a stage takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expects {
    /// Either kind.
    Any,
    /// Text alone; binary is refused with 1003.
    Text,
    /// Binary alone; text is refused with 1003.
    Binary,
}

impl Expects {
    pub(super) fn takes(self, kind: MessageKind) -> bool {
        match self {
            Self::Any => true,
            Self::Text => kind == MessageKind::Text,
            Self::Binary => kind == MessageKind::Binary,
        }
    }
}

impl fmt::Display for Expects {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Any => "any message",
            Self::Text => "text",
            Self::Binary => "binary",
        })
    }
}

type Handler<S> = dyn Fn(&mut S, &mut Context<'_>, Message<'_>) -> Step + Send + Sync;
type Enter<S> = dyn Fn(&mut S, &mut Context<'_>) -> Step + Send + Sync;

/// A named stage of a [`Script`](super::Script).
pub struct Stage<S> {
    pub(super) name: &'static str,
    pub(super) expects: Expects,
    pub(super) deadline: Option<Duration>,
    pub(super) enter: Option<Box<Enter<S>>>,
    pub(super) handler: Box<Handler<S>>,
}

impl<S> Stage<S> {
    /// A stage that handles either kind of message, without a deadline.
    pub fn new(
        name: &'static str,
        handler: impl Fn(&mut S, &mut Context<'_>, Message<'_>) -> Step + Send + Sync + 'static,
    ) -> Self {
        let handler = Box::new(handler);
        Self { name, expects: Expects::Any, deadline: None, enter: None, handler }
    }

    /// Refuses messages of another kind.
    #[must_use]
    pub fn expects(self, expects: Expects) -> Self {
        Self { expects, ..self }
    }

    /// Closes the connection with 1008 if the stage lasts longer.
    #[must_use]
    pub fn deadline(self, deadline: Duration) -> Self {
        Self { deadline: Some(deadline), ..self }
    }

    /// Runs when a connection enters the stage, so that this side can speak first.
    #[must_use]
    pub fn on_enter(
        self,
        enter: impl Fn(&mut S, &mut Context<'_>) -> Step + Send + Sync + 'static,
    ) -> Self {
        Self { enter: Some(Box::new(enter)), ..self }
    }
}

impl<S> fmt::Debug for Stage<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stage")
            .field("name", &self.name)
            .field("expects", &self.expects)
            .field("deadline", &self.deadline)
            .finish_non_exhaustive()
    }
}
