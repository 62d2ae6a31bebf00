//! A script of any stages, done to one connection in any order, and to its model.

mod model;

use std::time::Duration;

use socker_core::script::{self, Context, Cursor, Expects, Script, Stage};
use socker_core::{CloseCode, Config, Instant, Machine, Message, MessageKind, Role, Seed};

pub use self::model::Model;
use crate::at;
use crate::feed::take_outgoing;
use crate::frames::{Frame, decode_all};

/// The stages' names; there are no more stages than these.
pub const NAMES: [&str; 5] = ["a", "b", "c", "d", "e"];

/// With what a stage closes.
const CODE: u16 = 4001;
const WORDS: &str = "as told";

const HOUR: u64 = 3_600_000;

/// What a stage is.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Which messages it takes.
    pub expects: Expects,
    /// Milliseconds.
    pub deadline: Option<u16>,
    /// Says its name when it is entered, before it answers.
    pub greets: bool,
    /// What it answers when it is entered.
    pub enter: Answer,
}

/// What a stage answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Answer {
    Stay,
    Next,
    Close,
}

/// Something that is done.
#[derive(Clone, Debug)]
pub enum Step {
    /// A message comes; the stage says that it was heard, and then answers this.
    Message(MessageKind, Answer),
    /// The script is told the time, which may be too early, just right, or far too late.
    Timeout,
    /// So many milliseconds pass, and nobody is told.
    Wait(u16),
    /// The clock jumps to the stage's deadline, or to the millisecond before it.
    Deadline {
        /// Before it.
        before: bool,
    },
    /// The clock jumps by an hour.
    Hour,
    /// The peer's connection breaks. The script does not know, and goes on.
    Gone,
}

/// Runs a script of these stages ([`NAMES`] of them at the most) on a machine, does all of this to
/// it, and compares with the model after each step: what the call returns, the stage, its deadline,
/// and each frame that the peer is sent.
///
/// # Panics
/// The script does something else than the model.
pub fn run(plans: &[Plan], steps: impl IntoIterator<Item = Step>) {
    let plans = &plans[..plans.len().min(NAMES.len())];
    let script = script(plans);
    let mut walk = Walk { machine: machine(), model: Model::new(plans), now: 0 };
    let mut state = Answer::Stay;
    let started = script.start(&mut state, &mut Context::new(at(0), &mut walk.machine));
    assert_eq!(started.map(drop), walk.model.start(0));
    walk.compare_sent();
    let Ok(mut cursor) = started else { return };
    walk.compare(&script, &cursor);
    for step in steps {
        walk.step(&script, &mut cursor, &step);
        walk.compare(&script, &cursor);
    }
}

struct Walk<'p> {
    machine: Machine,
    model: Model<'p>,
    /// In milliseconds.
    now: u64,
}

impl Walk<'_> {
    fn step(&mut self, script: &Script<Answer>, cursor: &mut Cursor, step: &Step) {
        let before = *cursor;
        let mut cx = Context::new(at(self.now), &mut self.machine);
        let (progress, expected) = match *step {
            Step::Timeout => (script.handle_timeout(cursor, &mut cx), self.model.timeout(self.now)),
            Step::Message(kind, answer) => {
                let message = match kind {
                    MessageKind::Text => Message::text("x"),
                    MessageKind::Binary => Message::binary(b"x"),
                };
                let progress = script.message(cursor, &mut { answer }, &mut cx, message);
                (progress, self.model.message(self.now, kind, answer))
            }
            Step::Wait(millis) => return self.now += u64::from(millis),
            Step::Hour => return self.now += HOUR,
            Step::Deadline { before } => {
                let deadline = self.model.deadline().unwrap_or_default();
                return self.now = self.now.max(deadline.saturating_sub(before.into()));
            }
            Step::Gone => {
                self.machine.read_eof(at(self.now));
                return self.model.gone();
            }
        };
        assert_eq!(progress, expected, "{step:?}");
        assert!(progress.is_ok() || *cursor == before, "an error moves the cursor");
    }

    /// The place is the model's, and so is what the peer was sent.
    fn compare(&mut self, script: &Script<Answer>, cursor: &Cursor) {
        assert_eq!(script.stage(cursor), self.model.stage());
        assert_eq!(cursor.is_ended(), self.model.stage().is_none());
        assert_eq!(cursor.poll_timeout(), self.model.deadline().map(at));
        self.compare_sent();
    }

    fn compare_sent(&mut self) {
        let bytes = take_outgoing(&mut self.machine);
        let (sent, used): (Vec<Frame>, _) = decode_all(&bytes);
        assert_eq!(used, bytes.len(), "half a frame");
        assert_eq!(sent, self.model.sent());
        assert_eq!(self.machine.is_open(), self.model.is_open());
    }
}

/// The state is what the stage that gets a message answers.
fn script(plans: &[Plan]) -> Script<Answer> {
    Script::new(plans.iter().zip(NAMES).map(|(plan, name)| {
        let Plan { greets, enter, .. } = *plan;
        let stage = Stage::new(name, |answer: &mut Answer, cx, _| {
            // Refused once the peer is gone.
            let _ = cx.send(Message::binary(b"heard"));
            step(*answer)
        });
        let stage = stage.expects(plan.expects).on_enter(move |_, cx| {
            if greets {
                let _ = cx.send(Message::text(name));
            }
            step(enter)
        });
        match plan.deadline {
            Some(millis) => stage.deadline(Duration::from_millis(millis.into())),
            None => stage,
        }
    }))
}

fn step(answer: Answer) -> script::Step {
    match answer {
        Answer::Stay => script::Step::Stay,
        Answer::Next => script::Step::Next,
        Answer::Close => script::Step::close(CloseCode::from(CODE), WORDS),
    }
}

fn machine() -> Machine {
    let seed = Seed::from([0; 16]);
    Machine::upgraded(Instant::START, Role::Server, Config::default().into(), seed)
}
