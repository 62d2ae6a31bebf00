//! What a script has to do, as plainly as it can be said: a list of stages, a number and a time.

use socker_core::script::{Expects, Progress, ScriptError};
use socker_core::{CloseCode, MessageKind};

use super::{Answer, CODE, NAMES, Plan, WORDS};
use crate::frames::{Frame, opcode};

/// The place of one connection in a script. Times are in milliseconds.
#[derive(Debug)]
pub struct Model<'p> {
    plans: &'p [Plan],
    /// `None` once the script has closed the connection.
    place: Option<usize>,
    deadline: Option<u64>,
    /// The peer, or a stage, has ended the connection: nothing more is sent.
    over: bool,
    /// What the peer has to be sent, since the last call.
    sent: Vec<Frame>,
}

impl<'p> Model<'p> {
    /// At the begin of a script of these stages.
    #[must_use]
    pub fn new(plans: &'p [Plan]) -> Self {
        Self { plans, place: None, deadline: None, over: false, sent: Vec::new() }
    }

    /// The current stage.
    #[must_use]
    pub fn stage(&self) -> Option<&'static str> {
        self.place.map(|place| NAMES[place])
    }

    /// When its time is over.
    #[must_use]
    pub fn deadline(&self) -> Option<u64> {
        self.deadline
    }

    /// Whether the peer can still be told something.
    #[must_use]
    pub fn is_open(&self) -> bool {
        !self.over
    }

    /// What the peer has to be sent, since the last call.
    pub fn sent(&mut self) -> Vec<Frame> {
        std::mem::take(&mut self.sent)
    }

    /// The peer has gone.
    pub(super) fn gone(&mut self) {
        self.over = true;
    }

    /// A peer that is gone is told nothing.
    fn send(&mut self, frame: Frame) {
        if !self.over {
            self.sent.push(frame);
        }
    }

    fn end(&mut self, code: u16, words: &str) {
        let payload = [&code.to_be_bytes()[..], words.as_bytes()].concat();
        self.send(Frame::new(opcode::CLOSE, &payload));
        self.over = true;
        self.place = None;
        self.deadline = None;
    }

    pub(super) fn start(&mut self, now: u64) -> Result<(), ScriptError> {
        match self.plans {
            [] => Err(ScriptError::Empty),
            _ => self.enter(0, now).map(drop),
        }
    }

    fn enter(&mut self, mut place: usize, now: u64) -> Result<Progress, ScriptError> {
        loop {
            let Some(plan) = self.plans.get(place) else {
                return Err(ScriptError::PastEnd { stage: NAMES[self.plans.len() - 1] });
            };
            if plan.greets {
                self.send(Frame::new(opcode::TEXT, NAMES[place].as_bytes()));
            }
            match plan.enter {
                Answer::Next => place += 1,
                Answer::Stay => {
                    self.place = Some(place);
                    self.deadline = plan.deadline.map(|deadline| now + u64::from(deadline));
                    return Ok(Progress::Entered(NAMES[place]));
                }
                Answer::Close => return Ok(self.close(place)),
            }
        }
    }

    fn close(&mut self, place: usize) -> Progress {
        self.end(CODE, WORDS);
        Progress::Closed { stage: NAMES[place], code: CloseCode::from(CODE) }
    }

    pub(super) fn message(
        &mut self,
        now: u64,
        kind: MessageKind,
        answer: Answer,
    ) -> Result<Progress, ScriptError> {
        match self.timeout(now)? {
            Progress::Stayed => {}
            expired => return Ok(expired),
        }
        let Some(place) = self.place else { return Err(ScriptError::Ended) };
        let stage = NAMES[place];
        let wanted = match (self.plans[place].expects, kind) {
            (Expects::Text, MessageKind::Binary) => Some("text, not binary"),
            (Expects::Binary, MessageKind::Text) => Some("binary, not text"),
            _ => None,
        };
        if let Some(wanted) = wanted {
            self.end(1003, &format!("stage \"{stage}\" expects {wanted}"));
            return Ok(Progress::Refused { stage, kind });
        }
        self.send(Frame::new(opcode::BINARY, b"heard"));
        match answer {
            Answer::Stay => Ok(Progress::Stayed),
            Answer::Next => self.enter(place + 1, now),
            Answer::Close => Ok(self.close(place)),
        }
    }

    pub(super) fn timeout(&mut self, now: u64) -> Result<Progress, ScriptError> {
        let Some(place) = self.place else { return Err(ScriptError::Ended) };
        if self.deadline.is_none_or(|deadline| now < deadline) {
            return Ok(Progress::Stayed);
        }
        let stage = NAMES[place];
        self.end(1008, &format!("stage \"{stage}\" took too long"));
        Ok(Progress::Expired { stage })
    }
}
