//! Scripts: stages, hooks, deadlines and errors, with a machine, with another outbox, and on both
//! sides of a connection.

use std::time::Duration;

use socker_core::script::ScriptError;
use socker_core::script::{Context, Cursor, Expects, Outbox, Progress, Script, Stage, Step};
use socker_core::wire::Frame;
use socker_core::{
    CloseCode, Config, Instant, Machine, Message, MessageKind, Refusal, Role, Seed, SendError,
};
use socker_tests::feed::take_outgoing;
use socker_tests::frames::decode_all;

const NOW: Instant = Instant::START;

/// Keeps what it is given.
#[derive(Debug, Default)]
struct Log {
    sent: Vec<Message<'static>>,
    closed: Option<(Instant, CloseCode, String)>,
    full: bool,
}

impl Outbox for Log {
    fn send<'m>(&mut self, message: Message<'m>) -> Result<(), SendError<'m>> {
        if self.full {
            return Err(SendError { refusal: Refusal::Full, message });
        }
        self.sent.push(message.into_owned());
        Ok(())
    }

    fn send_frame(&mut self, frame: &Frame) -> Result<(), Refusal> {
        self.sent.push(Message::binary(frame.payload().to_vec()));
        Ok(())
    }

    fn close(&mut self, now: Instant, code: CloseCode, reason: &str) {
        self.closed.get_or_insert_with(|| (now, code, reason.to_owned()));
    }
}

/// Each handler notes its stage, and does what the message says.
fn obey(name: &'static str) -> Stage<Vec<&'static str>> {
    Stage::new(name, move |seen: &mut Vec<&'static str>, _, message| {
        seen.push(name);
        match message.as_bytes() {
            b"next" => Step::Next,
            b"close" => Step::close(CloseCode::Library(4001), "as asked"),
            _ => Step::Stay,
        }
    })
}

fn say(text: &'static str) -> Message<'static> {
    Message::text(text)
}

#[test]
fn stages_come_in_order() {
    let script = Script::new([obey("one"), obey("two"), obey("three")]);
    assert_eq!(script.stages().collect::<Vec<_>>(), ["one", "two", "three"]);
    let (mut log, mut seen) = (Log::default(), Vec::new());
    let mut cx = Context::new(NOW, &mut log);
    let mut cursor = script.start(&mut seen, &mut cx).unwrap();
    for (message, stage, expected) in [
        ("stay", "one", Ok(Progress::Stayed)),
        ("next", "two", Ok(Progress::Entered("two"))),
        ("stay", "two", Ok(Progress::Stayed)),
        ("next", "three", Ok(Progress::Entered("three"))),
        ("next", "three", Err(ScriptError::PastEnd { stage: "three" })),
        ("stay", "three", Ok(Progress::Stayed)),
        ("next", "three", Err(ScriptError::PastEnd { stage: "three" })),
    ] {
        let progress = script.message(&mut cursor, &mut seen, &mut cx, say(message));
        assert_eq!((progress, script.stage(&cursor)), (expected, Some(stage)));
    }
    assert_eq!(seen, ["one", "one", "two", "two", "three", "three", "three"]);
    let close = script.message(&mut cursor, &mut seen, &mut cx, say("close"));
    let code = CloseCode::Library(4001);
    assert_eq!(close, Ok(Progress::Closed { stage: "three", code }));
    assert!(cursor.is_ended());
    assert_eq!((script.stage(&cursor), cursor.poll_timeout()), (None, None));
    let late = script.message(&mut cursor, &mut seen, &mut cx, say("next"));
    assert_eq!(late, Err(ScriptError::Ended));
    assert_eq!(script.handle_timeout(&mut cursor, &mut cx), Err(ScriptError::Ended));
    assert_eq!(log.closed, Some((NOW, code, "as asked".to_owned())));
}

#[test]
fn an_empty_script() {
    let script = Script::<()>::new([]);
    let mut log = Log::default();
    let start = script.start(&mut (), &mut Context::new(NOW, &mut log));
    assert_eq!(start, Err(ScriptError::Empty));
}

#[test]
fn entering_speaks_first_and_goes_through_several_stages() {
    let through = |name: &'static str| {
        obey(name).on_enter(move |seen: &mut Vec<&'static str>, cx| {
            seen.push("enter");
            cx.send(Message::text(name))
                .map_or(Step::close(CloseCode::Again, "full"), |()| Step::Next)
        })
    };
    let script = Script::new([through("a"), through("b"), obey("c"), through("d"), obey("e")]);
    let (mut log, mut seen) = (Log::default(), Vec::new());
    let mut cx = Context::new(NOW, &mut log);
    let mut cursor = script.start(&mut seen, &mut cx).unwrap();
    assert_eq!(script.stage(&cursor), Some("c"));
    let progress = script.message(&mut cursor, &mut seen, &mut cx, say("next"));
    assert_eq!(progress, Ok(Progress::Entered("e")));
    assert_eq!(log.sent, ["a", "b", "d"].map(Message::text));

    // A full outbox gives the message back to the hook, which closes here.
    let mut full = Log { full: true, ..Log::default() };
    let cursor = script.start(&mut seen, &mut Context::new(NOW, &mut full)).unwrap();
    assert!(cursor.is_ended());
    assert_eq!(full.closed, Some((NOW, CloseCode::Again, "full".to_owned())));
}

#[test]
fn entering_past_the_end_leaves_the_cursor() {
    let on = |_: &mut Vec<&'static str>, _: &mut Context<'_>| Step::Next;
    let script = Script::new([obey("a"), obey("b").on_enter(on), obey("c").on_enter(on)]);
    let (mut log, mut seen) = (Log::default(), Vec::new());
    let mut cx = Context::new(NOW, &mut log);
    let mut cursor = script.start(&mut seen, &mut cx).unwrap();
    let before = cursor;
    let progress = script.message(&mut cursor, &mut seen, &mut cx, say("next"));
    assert_eq!(progress, Err(ScriptError::PastEnd { stage: "c" }));
    assert_eq!((cursor, script.stage(&cursor)), (before, Some("a")));
    let only = Script::new([obey("a").on_enter(on)]);
    assert_eq!(only.start(&mut seen, &mut cx), Err(ScriptError::PastEnd { stage: "a" }));
    assert_eq!(log.closed, None);
}

#[test]
fn a_deadline_is_exact_and_each_stages_own() {
    let second = Duration::from_secs(1);
    let script = Script::new([obey("a").deadline(second), obey("b"), obey("c").deadline(second)]);
    let at = |millis| NOW + Duration::from_millis(millis);
    let (mut log, mut seen) = (Log::default(), Vec::new());
    let mut cursor = script.start(&mut seen, &mut Context::new(at(500), &mut log)).unwrap();
    assert_eq!(cursor.poll_timeout(), Some(at(1500)));
    // Staying does not begin the time anew.
    script.message(&mut cursor, &mut seen, &mut Context::new(at(900), &mut log), say("")).unwrap();
    assert_eq!(cursor.poll_timeout(), Some(at(1500)));
    let mut expired = cursor;

    for (now, progress) in
        [(0, Progress::Stayed), (1499, Progress::Stayed), (1500, Progress::Expired { stage: "a" })]
    {
        let mut cx = Context::new(at(now), &mut log);
        assert_eq!(script.handle_timeout(&mut expired, &mut cx), Ok(progress));
    }
    assert!(expired.is_ended());
    let (closed_at, code, _) = log.closed.take().unwrap();
    assert_eq!((closed_at, code), (at(1500), CloseCode::Policy));

    let mut step = |cursor: &mut Cursor, now| {
        let mut cx = Context::new(at(now), &mut log);
        script.message(cursor, &mut seen, &mut cx, say("next")).unwrap();
        cursor.poll_timeout()
    };
    assert_eq!(step(&mut cursor, 1400), None);
    assert_eq!(step(&mut cursor, 5000), Some(at(6000)));
}

#[test]
fn a_message_of_the_wrong_kind_is_refused() {
    for (expects, kind) in
        [(Expects::Binary, MessageKind::Text), (Expects::Text, MessageKind::Binary)]
    {
        let script = Script::new([obey("play").expects(expects)]);
        let mut machine =
            Machine::upgraded(NOW, Role::Server, Config::default().into(), Seed::from([0; 16]));
        let mut seen = Vec::new();
        let mut cx = Context::new(NOW, &mut machine);
        let mut cursor = script.start(&mut seen, &mut cx).unwrap();
        let message = |right| match (kind, right) {
            (MessageKind::Text, false) | (MessageKind::Binary, true) => Message::text("x"),
            _ => Message::binary(b"x"),
        };
        let right = script.message(&mut cursor, &mut seen, &mut cx, message(true));
        assert_eq!(right, Ok(Progress::Stayed));
        let wrong = script.message(&mut cursor, &mut seen, &mut cx, message(false));
        assert_eq!(wrong, Ok(Progress::Refused { stage: "play", kind }));
        assert_eq!(seen, ["play"], "the handler is not asked");
        let (frames, _) = decode_all(&take_outgoing(&mut machine));
        assert_eq!(frames.iter().filter_map(|f| f.close_code()).collect::<Vec<_>>(), [1003]);
    }
}

mod walk {
    //! The original's table: scene, client ready, offer, answer, play. The same kind of script runs
    //! on both sides, and each side's handlers take what the other sends.

    use super::*;
    use socker_core::Event;
    use socker_tests::pair::{Network, Pair};

    type Taken = Vec<Vec<u8>>;

    /// A stage that takes `expected`, answers, and goes on.
    fn takes(name: &'static str, expected: &'static str, answer: &'static str) -> Stage<Taken> {
        Stage::new(name, move |taken: &mut Taken, cx, message| {
            if message.as_bytes() != expected.as_bytes() {
                return Step::close(CloseCode::Policy, "out of turn");
            }
            taken.push(message.as_bytes().to_vec());
            if !answer.is_empty() && cx.send(Message::binary(answer.as_bytes())).is_err() {
                return Step::close(CloseCode::Again, "too slow");
            }
            Step::Next
        })
        .expects(Expects::Binary)
        .deadline(Duration::from_secs(10))
    }

    fn play() -> Stage<Taken> {
        Stage::new("play", |taken: &mut Taken, _, message| {
            taken.push(message.as_bytes().to_vec());
            Step::Stay
        })
    }

    fn server() -> Script<Taken> {
        Script::new([
            takes("ready", "ready", "offer").on_enter(|_, cx| {
                match cx.send(Message::binary(b"scene")) {
                    Ok(()) => Step::Stay,
                    Err(_) => Step::close(CloseCode::Again, "too slow"),
                }
            }),
            takes("answer", "answer", ""),
            play(),
        ])
    }

    fn client() -> Script<Taken> {
        Script::new([takes("scene", "scene", "ready"), takes("offer", "offer", "answer"), play()])
    }

    /// Hands each machine's messages to its script, as a game's tick does.
    #[test]
    fn both_sides_walk_their_scripts() {
        let network = Network { piece: 3, seed: 1, ..Network::default() };
        let mut pair = Pair::upgraded(network, Config::default(), Config::default());
        let scripts = [client(), server()];
        let mut taken = [Taken::new(), Taken::new()];
        let mut handled = [0, 0];
        let mut cursors = [
            scripts[0].start(&mut taken[0], &mut Context::new(NOW, &mut pair.client.machine)),
            scripts[1].start(&mut taken[1], &mut Context::new(NOW, &mut pair.server.machine)),
        ]
        .map(Result::unwrap);
        for tick in 0..30_u8 {
            pair.run_for(Duration::from_millis(16));
            for (side, peer) in [&mut pair.client, &mut pair.server].into_iter().enumerate() {
                let messages = peer.messages();
                for message in messages.into_iter().skip(handled[side]) {
                    handled[side] += 1;
                    let mut cx = Context::new(pair.now, &mut peer.machine);
                    let (script, cursor) = (&scripts[side], &mut cursors[side]);
                    script.message(cursor, &mut taken[side], &mut cx, message).unwrap();
                }
                if scripts[side].stage(&cursors[side]) == Some("play") && tick >= 20 {
                    peer.machine.send(Message::binary(vec![tick])).unwrap();
                }
            }
        }
        let begins = |taken: &Taken, begin: &[&[u8]]| taken.iter().zip(begin).all(|(a, b)| a == b);
        assert!(begins(&taken[0], &[b"scene", b"offer", &[20], &[21]]), "{taken:?}");
        assert!(begins(&taken[1], &[b"ready", b"answer", &[20], &[21]]), "{taken:?}");
        assert!(taken.iter().all(|taken| taken.len() > 4));
        assert!(pair.client.machine.is_open() && pair.server.machine.is_open());
    }

    /// A frame that was encoded once for many.
    #[test]
    fn a_frame_for_many() {
        let script =
            Script::new([Stage::new("play", |(): &mut (), _, _| Step::Stay).on_enter(|(), cx| {
                cx.send_frame(&Frame::text("scene")).unwrap();
                Step::Stay
            })]);
        let mut machine =
            Machine::upgraded(NOW, Role::Server, Config::default().into(), Seed::from([0; 16]));
        script.start(&mut (), &mut Context::new(NOW, &mut machine)).unwrap();
        assert_eq!(take_outgoing(&mut machine), b"\x81\x05scene");
    }

    #[test]
    fn out_of_turn() {
        let script = server();
        let mut machine =
            Machine::upgraded(NOW, Role::Server, Config::default().into(), Seed::from([0; 16]));
        let mut taken = Taken::new();
        let mut cursor = script.start(&mut taken, &mut Context::new(NOW, &mut machine)).unwrap();
        let mut bytes = *b"\x82\x86\0\0\0\0answer";
        let mut input = &mut bytes[..];
        while let Some(Event::Message(message)) = machine.read(NOW, &mut input) {
            let mut cx = Context::new(NOW, &mut machine);
            let progress = script.message(&mut cursor, &mut taken, &mut cx, message).unwrap();
            assert_eq!(progress, Progress::Closed { stage: "ready", code: CloseCode::Policy });
        }
        assert!(!machine.is_open() && cursor.is_ended());
    }
}
