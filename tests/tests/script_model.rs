//! A script does what a naive model does: a list of stages, a number, and a time.

use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;
use socker_core::script::{Context, Expects, Outbox, Progress, Script, ScriptError, Stage, Step};
use socker_core::wire::Frame;
use socker_core::{CloseCode, Instant, Message, MessageKind, Refusal, SendError};
use socker_tests::cases::cases;

const NAMES: [&str; 5] = ["a", "b", "c", "d", "e"];
const CODE: CloseCode = CloseCode::Normal;

/// What a stage is.
#[derive(Clone, Debug)]
struct Plan {
    expects: Expects,
    deadline: Option<u64>,
    enter: Step,
}

/// What is done to the script.
#[derive(Clone, Debug)]
enum Act {
    Message(MessageKind, Step),
    Timeout,
    Wait(u64),
}

#[derive(Debug, Default)]
struct Closes(Vec<u16>);

impl Outbox for Closes {
    fn send<'m>(&mut self, _: Message<'m>) -> Result<(), SendError<'m>> {
        Ok(())
    }

    fn send_frame(&mut self, _: &Frame) -> Result<(), Refusal> {
        Ok(())
    }

    fn close(&mut self, _: Instant, code: CloseCode, _: &str) {
        self.0.push(code.into());
    }
}

struct Model<'p> {
    plans: &'p [Plan],
    /// `None` once it has ended.
    place: Option<usize>,
    deadline: Option<u64>,
    closes: Vec<u16>,
}

impl Model<'_> {
    fn enter(&mut self, mut place: usize, now: u64) -> Result<Progress, ScriptError> {
        loop {
            let Some(plan) = self.plans.get(place) else {
                return Err(ScriptError::PastEnd { stage: NAMES[self.plans.len() - 1] });
            };
            match &plan.enter {
                Step::Next => place += 1,
                Step::Stay => {
                    self.place = Some(place);
                    self.deadline = plan.deadline.map(|deadline| now + deadline);
                    return Ok(Progress::Entered(NAMES[place]));
                }
                _ => {
                    self.end(1000);
                    return Ok(Progress::Closed { stage: NAMES[place], code: CODE });
                }
            }
        }
    }

    fn end(&mut self, code: u16) {
        self.closes.push(code);
        self.place = None;
        self.deadline = None;
    }

    fn message(
        &mut self,
        now: u64,
        kind: MessageKind,
        step: &Step,
    ) -> Result<Progress, ScriptError> {
        match self.timeout(now)? {
            Progress::Stayed => {}
            expired => return Ok(expired),
        }
        let Some(place) = self.place else { return Err(ScriptError::Ended) };
        match (self.plans[place].expects, kind) {
            (Expects::Text, MessageKind::Binary) | (Expects::Binary, MessageKind::Text) => {
                self.end(1003);
                return Ok(Progress::Refused { stage: NAMES[place], kind });
            }
            _ => {}
        }
        match step {
            Step::Stay => Ok(Progress::Stayed),
            Step::Next => self.enter(place + 1, now),
            _ => {
                self.end(1000);
                Ok(Progress::Closed { stage: NAMES[place], code: CODE })
            }
        }
    }

    fn timeout(&mut self, now: u64) -> Result<Progress, ScriptError> {
        let Some(place) = self.place else { return Err(ScriptError::Ended) };
        if self.deadline.is_none_or(|deadline| now < deadline) {
            return Ok(Progress::Stayed);
        }
        self.end(1008);
        Ok(Progress::Expired { stage: NAMES[place] })
    }
}

/// The handlers do what the state says.
fn script(plans: &[Plan]) -> Script<Step> {
    Script::new(plans.iter().zip(NAMES).map(|(plan, name)| {
        let enter = plan.enter.clone();
        let stage = Stage::new(name, |step: &mut Step, _, _| step.clone()).expects(plan.expects);
        let stage = stage.on_enter(move |_, _| enter.clone());
        match plan.deadline {
            Some(millis) => stage.deadline(Duration::from_millis(millis)),
            None => stage,
        }
    }))
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![4 => Just(Step::Stay), 4 => Just(Step::Next), 1 => Just(Step::close(CODE, ""))]
}

fn plan() -> impl Strategy<Value = Plan> {
    let expects =
        prop::sample::select(vec![Expects::Any, Expects::Any, Expects::Text, Expects::Binary]);
    let enter = prop_oneof![6 => Just(Step::Stay), 2 => Just(Step::Next), 1 => step()];
    (expects, prop::option::of(0..100_u64), enter).prop_map(|(expects, deadline, enter)| Plan {
        expects,
        deadline,
        enter,
    })
}

fn act() -> impl Strategy<Value = Act> {
    let kind = prop_oneof![Just(MessageKind::Text), Just(MessageKind::Binary)];
    prop_oneof![
        5 => (kind, step()).prop_map(|(kind, step)| Act::Message(kind, step)),
        2 => Just(Act::Timeout),
        2 => (0..40_u64).prop_map(Act::Wait),
    ]
}

fn at(millis: u64) -> Instant {
    Instant::at(Duration::from_millis(millis))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases(2000)))]

    #[test]
    fn a_script_does_what_the_model_does(plans in vec(plan(), 1..5), acts in vec(act(), 0..30)) {
        let script = script(&plans);
        let mut model = Model { plans: &plans, place: None, deadline: None, closes: Vec::new() };
        let mut closes = Closes::default();
        let (mut now, mut state) = (0, Step::Stay);
        let start = script.start(&mut state, &mut Context::new(at(now), &mut closes));
        let expected = model.enter(0, now);
        prop_assert_eq!(start.is_ok(), expected.is_ok());
        let Ok(mut cursor) = start else { return Ok(()) };

        for act in acts {
            let mut cx = Context::new(at(now), &mut closes);
            let (progress, expected) = match act {
                Act::Wait(millis) => {
                    now += millis;
                    continue;
                }
                Act::Timeout => (script.handle_timeout(&mut cursor, &mut cx), model.timeout(now)),
                Act::Message(kind, step) => {
                    let message = match kind {
                        MessageKind::Text => Message::text("x"),
                        MessageKind::Binary => Message::binary(b"x"),
                    };
                    state = step.clone();
                    let progress = script.message(&mut cursor, &mut state, &mut cx, message);
                    (progress, model.message(now, kind, &step))
                }
            };
            prop_assert_eq!(progress, expected);
            prop_assert_eq!(script.stage(&cursor), model.place.map(|place| NAMES[place]));
            prop_assert_eq!(cursor.poll_timeout(), model.deadline.map(at));
            prop_assert_eq!(cursor.is_ended(), model.place.is_none());
        }
        prop_assert_eq!(closes.0, model.closes);
    }
}
