//! `service::{Context, Commands, Command}`: what a service wants done, as data.

use bytes::Bytes;
use socker_core::script::Outbox;
use socker_core::service::{Command, Commands, Context, Delivery, PeerId};
use socker_core::wire::Frame;
use socker_core::{CloseCode, Instant, Message, Payload};

const A: PeerId = PeerId::new(0, 0);
const B: PeerId = PeerId::new(7, 3);

fn send(to: PeerId, message: Message<'_>, delivery: Delivery) -> Command<'_> {
    Command::Send { to, message, delivery }
}

fn close(peer: PeerId, code: CloseCode, reason: &str) -> Command<'_> {
    Command::Close { peer, code, reason: reason.into() }
}

#[test]
fn in_order() {
    let mut commands = Commands::default();
    let mut cx = Context::new(Instant::MAX, &mut commands);
    assert_eq!(cx.now(), Instant::MAX);
    cx.send(A, Message::text("one"));
    cx.send(B, Message::binary(&[2]));
    cx.send_droppable(A, Message::text(""));
    cx.send_droppable(A, Message::binary(&[]));
    cx.broadcast([B, A, B], Frame::text("three"));
    cx.close(B, CloseCode::Away, "bye");
    cx.broadcast_droppable([A], Frame::binary(&[4]));
    cx.send(B, Message::text("five"));
    let (three, four) = (Frame::text("three"), Frame::binary(&[4]));
    let expected = [
        send(A, Message::text("one"), Delivery::Reliable),
        send(B, Message::binary(&[2]), Delivery::Reliable),
        send(A, Message::text(""), Delivery::Droppable),
        send(A, Message::binary(&[]), Delivery::Droppable),
        Command::Broadcast { to: &[B, A, B], frame: three, delivery: Delivery::Reliable },
        close(B, CloseCode::Away, "bye"),
        Command::Broadcast { to: &[A], frame: four, delivery: Delivery::Droppable },
        send(B, Message::text("five"), Delivery::Reliable),
    ];
    assert_eq!((commands.len(), commands.is_empty()), (8, false));
    for begin in 0..10 {
        let rest = &expected[begin.min(8)..];
        assert_eq!(commands.iter_from(begin).collect::<Vec<_>>(), rest);
    }
    assert_eq!(commands.drain().collect::<Vec<_>>(), expected);
    assert_eq!((commands.len(), commands.is_empty()), (0, true));
    assert!(commands.drain().next().is_none());
}

#[test]
fn the_next_commands_are_others() {
    let mut commands = Commands::default();
    for round in 0..5 {
        let text = round.to_string();
        let mut cx = Context::new(Instant::START, &mut commands);
        cx.send(A, Message::text(&text));
        cx.send(A, Message::binary(text.as_bytes()));
        cx.broadcast([A, PeerId::new(round, 0)], Frame::text(&text));
        let frame = Frame::text(&text);
        let expected = [
            send(A, Message::text(&text), Delivery::Reliable),
            send(A, Message::binary(text.as_bytes()), Delivery::Reliable),
            Command::Broadcast {
                to: &[A, PeerId::new(round, 0)],
                frame,
                delivery: Delivery::Reliable,
            },
        ];
        // Those that are not looked at are dropped with the others.
        let looked_at = [3, 1, 0][round as usize % 3];
        let drained: Vec<_> = commands.drain().take(looked_at).collect();
        assert_eq!(drained, expected[..looked_at]);
        assert!(commands.is_empty());
    }
}

/// Small ones are copied into memory that is there already; a large one is kept as it is.
#[test]
fn memory_is_used_again() {
    let mut commands = Commands::default();
    let frame = Frame::text("to all");
    let large = Bytes::from(vec![1; 4096]);
    let mut round = || {
        let mut cx = Context::new(Instant::START, &mut commands);
        for _ in 0..50 {
            cx.send(A, Message::text("text"));
            cx.send_droppable(A, Message::binary(&[0; 1000]));
            cx.broadcast([A, B], frame.clone());
            cx.send(A, Message::binary(large.clone()));
        }
        commands.drain().count()
    };
    assert_eq!(round(), 200);
    let used = allocation_counter::measure(|| {
        for _ in 0..10 {
            assert_eq!(round(), 200);
        }
    });
    assert_eq!(used.count_total, 0);
}

#[test]
fn what_one_large_call_took_is_given_back() {
    let mut commands = Commands::default();
    let used = allocation_counter::measure(|| {
        let mut cx = Context::new(Instant::START, &mut commands);
        for _ in 0..10_000 {
            cx.send(A, Message::binary(&[0; 1000]));
        }
        commands.drain().for_each(drop);
        Context::new(Instant::START, &mut commands).send(A, Message::text("next"));
    });
    assert!(used.bytes_max > 10_000_000);
    // What is left: the payloads' part that is kept, and the list of commands.
    assert!(used.bytes_current < 2_000_000, "{}", used.bytes_current);
}

#[test]
fn large_messages_are_not_copied() {
    for len in [4095, 4096, 1 << 20] {
        let mut commands = Commands::default();
        let payload = Bytes::from(vec![5; len]);
        let text = "a".repeat(len);
        let mut cx = Context::new(Instant::START, &mut commands);
        cx.send(A, Message::binary(payload.clone()));
        cx.send(A, Message::text(&text));
        cx.send(A, Message::binary(&payload[..]));
        let all: Vec<_> = commands.drain().collect();
        assert_eq!(all[0], send(A, Message::binary(payload.clone()), Delivery::Reliable));
        assert_eq!(all[1], send(A, Message::text(&text), Delivery::Reliable));
        assert_eq!(all[2], all[0]);
        let Command::Send { message: Message::Binary(kept), .. } = &all[0] else { unreachable!() };
        assert_eq!(kept.as_ptr() == payload.as_ptr(), len >= 4096);
        assert_eq!(matches!(kept, Payload::Owned(_)), len >= 4096);
    }
}

#[test]
fn a_broadcast_to_nobody_is_none() {
    let mut commands = Commands::default();
    let mut cx = Context::new(Instant::START, &mut commands);
    cx.broadcast([], Frame::text("anybody?"));
    cx.broadcast_droppable([], Frame::text("anybody?"));
    assert!(commands.is_empty());
}

#[test]
fn an_outbox_is_the_way_to_one_peer() {
    let mut commands = Commands::default();
    let mut cx = Context::new(Instant::START, &mut commands);
    let mut outbox = cx.outbox(B);
    assert_eq!(outbox.send(Message::text("one")), Ok(()));
    assert_eq!(outbox.send_frame(&Frame::text("two")), Ok(()));
    outbox.close(Instant::MAX, CloseCode::Policy, "no");
    let two = Frame::text("two");
    let expected = [
        send(B, Message::text("one"), Delivery::Reliable),
        Command::Broadcast { to: &[B], frame: two, delivery: Delivery::Reliable },
        close(B, CloseCode::Policy, "no"),
    ];
    assert_eq!(commands.drain().collect::<Vec<_>>(), expected);
}
