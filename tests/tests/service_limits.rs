//! `service::Host`: limits on connections, messages and bytes, and the pace of peers.

// Outside of a `#[test]` too, a test that can't go on should stop.
#![allow(clippy::unwrap_used)]

use bytes::Buf;
use socker_core::service::host::{Entry, Excess, Roster};
use socker_core::service::{Budget, Host, PeerId};
use socker_core::wire::{Frame, MAX_HEADER};
use socker_core::{Config, Instant, Message};
use socker_tests::at;
use socker_tests::frames::{self, opcode};
use socker_tests::notes::{
    Notes, address, ask, codes, frames, host, open, say, send, send_droppable, status, told,
    written,
};

const NOW: Instant = Instant::START;

/// Writes so many bytes to a peer.
fn write(host: &mut Host<Notes>, peer: PeerId, len: usize) {
    host.outgoing(peer).unwrap().advance(len);
}

#[test]
fn too_many_connections() {
    let mut host = host(Config::default(), Budget::default().connections(2));
    open(&mut host, NOW);
    let second = open(&mut host, NOW);
    told(&mut host);
    let third = ask(&mut host, NOW, Some(address("10.0.0.1")));
    assert_eq!(host.len(), 2);
    let answer = written(&mut host, third);
    assert_eq!(status(&answer), ("503".to_owned(), Some("10".to_owned())));
    assert!(answer.ends_with(b"too many connections; try again later\n"));
    assert_eq!(told(&mut host), [] as [&str; 0], "the service does not know it");
    host.read_eof(NOW, third);
    host.remove(NOW, third);
    // There is room again.
    host.remove(NOW, second);
    let next = open(&mut host, NOW);
    assert_eq!(next, PeerId::new(1, 1));
}

#[test]
fn too_many_connections_from_one_address() {
    let budget = Budget::default().per_address(2);
    for (same, other) in [
        (["10.0.0.1", "10.0.0.1", "10.0.0.1"], "10.0.0.2"),
        (["10.0.0.1", "::ffff:10.0.0.1", "::ffff:a00:1"], "::ffff:10.0.0.2"),
        (["2001:db8:1:2::1", "2001:db8:1:2::2", "2001:db8:1:2:ffff::"], "2001:db8:1:3::1"),
        (["::ffff:0:10.0.0.1", "::ffff:0:10.0.0.2", "::1"], "0:0:0:1::1"),
    ] {
        let mut host = host(Config::default(), budget.clone());
        let welcome = same[..2].iter().map(|from| ask(&mut host, NOW, Some(address(from))));
        let welcome: Vec<_> = welcome.collect();
        for peer in &welcome {
            assert_eq!(status(&written(&mut host, *peer)).0, "101", "{same:?}");
        }
        let third = ask(&mut host, NOW, Some(address(same[2])));
        let answer = written(&mut host, third);
        assert_eq!(status(&answer), ("429".to_owned(), Some("10".to_owned())), "{same:?}");
        for from in [Some(address(other)), None, None, None] {
            let peer = ask(&mut host, NOW, from);
            assert_eq!(status(&written(&mut host, peer)).0, "101", "{other}");
        }
        // Who is turned away is not counted, and who leaves makes room.
        host.remove(NOW, third);
        let fourth = ask(&mut host, NOW, Some(address(same[2])));
        assert_eq!(status(&written(&mut host, fourth)).0, "429");
        host.remove(NOW, welcome[0]);
        let fifth = ask(&mut host, NOW, Some(address(same[2])));
        assert_eq!(status(&written(&mut host, fifth)).0, "101");
    }
}

#[test]
fn only_so_many_are_told_that_they_are_too_many() {
    let mut host = host(Config::default(), Budget::default().connections(1));
    open(&mut host, NOW);
    let turned_away: Vec<_> = (0..64).map(|_| host.accept(NOW, None).unwrap()).collect();
    assert_eq!(host.accept(NOW, None), None);
    assert_eq!(host.len(), 1);
    host.remove(NOW, turned_away[3]);
    assert_eq!(host.accept(NOW, None), Some(PeerId::new(4, 1)));
    assert_eq!(host.accept(NOW, None), None);
}

#[test]
fn a_roster_gives_numbers_again() {
    let (mut roster, budget) = (Roster::default(), Budget::default().connections(2).per_address(1));
    let home = Some(address("10.0.0.1"));
    assert_eq!(roster.enter(&budget, home), Entry::Welcome(PeerId::new(0, 0)));
    assert_eq!(
        roster.enter(&budget, home),
        Entry::TurnedAway(PeerId::new(1, 0), Excess::PerAddress)
    );
    assert_eq!(roster.enter(&budget, None), Entry::Welcome(PeerId::new(2, 0)));
    assert_eq!(
        roster.enter(&budget, home),
        Entry::TurnedAway(PeerId::new(3, 0), Excess::Connections)
    );
    for stale in [PeerId::new(0, 1), PeerId::new(4, 0), PeerId::new(u32::MAX, 0)] {
        roster.leave(stale);
        assert_eq!(roster.len(), 2);
    }
    roster.leave(PeerId::new(0, 0));
    roster.leave(PeerId::new(0, 0));
    assert_eq!(roster.len(), 1);
    assert_eq!(roster.enter(&budget, home), Entry::Welcome(PeerId::new(0, 1)));
    for peer in [PeerId::new(0, 1), PeerId::new(1, 0), PeerId::new(2, 0)] {
        roster.leave(peer);
    }
    assert_eq!((roster.is_empty(), roster.len()), (false, 0));
    roster.leave(PeerId::new(3, 0));
    assert!(roster.is_empty());
}

#[test]
fn too_many_messages_a_second() {
    let budget = Budget::default().message_rate(10).message_burst(3);
    let mut host = host(Config::default(), budget);
    let client = open(&mut host, NOW);
    // Three at once, and one for which the rate has time.
    for message in ["1", "2", "3"] {
        say(&mut host, NOW, client, message);
    }
    say(&mut host, at(100), client, "4");
    told(&mut host);
    assert!(frames(&mut host, client).is_empty());
    say(&mut host, at(199), client, "5");
    say(&mut host, at(1000), client, "6");
    assert_eq!(told(&mut host), [] as [&str; 0]);
    let sent = frames(&mut host, client);
    assert_eq!(codes(&sent), [1008]);
    assert_eq!(&sent[0].payload[2..], b"too many messages a second");
    send(&mut host, client, 5);
    assert!(frames(&mut host, client).is_empty());
    let close = frames::Frame::new(opcode::CLOSE, &1008_u16.to_be_bytes()).masked([0; 4]);
    host.read(at(1000), client, &mut close.encode());
    assert_eq!(told(&mut host), ["closed 0.0 closed by this side with code 1008"]);
}

#[test]
fn a_message_rate_that_is_kept() {
    let budget = Budget::default().message_rate(10).message_burst(1);
    let mut host = host(Config::default(), budget);
    let client = open(&mut host, NOW);
    for tenth in 0..100 {
        say(&mut host, at(tenth * 100), client, "tick");
    }
    assert_eq!(told(&mut host).len(), 102);
    assert!(frames(&mut host, client).is_empty());
}

#[test]
fn a_slow_peer_is_closed() {
    let mut host = host(Config::default().outgoing_limit(1000), Budget::default());
    let (slow, other) = (open(&mut host, NOW), open(&mut host, NOW));
    told(&mut host);
    send(&mut host, slow, 400);
    send(&mut host, slow, 400);
    send(&mut host, slow, 400);
    host.run(NOW, |_, cx| cx.broadcast([slow, other], Frame::text("all")));
    say(&mut host, NOW, slow, "wait");
    let sent = frames(&mut host, slow);
    assert_eq!(sent.iter().map(|frame| frame.payload.len()).collect::<Vec<_>>()[..2], [400, 400]);
    assert_eq!((sent.len(), codes(&sent)), (3, vec![1013]));
    assert_eq!(frames(&mut host, other).len(), 1);
    assert_eq!(told(&mut host), [] as [&str; 0], "it is told no more than the end");
    host.handle_timeout(at(5_000));
    // It took something since.
    host.handle_timeout(at(10_000));
    assert_eq!(told(&mut host), ["closed 0.0 the peer did not answer a close"]);
    assert!(host.is_done(slow));
}

/// A peer that is closed for being too slow is not heard any more.
#[test]
fn what_a_peer_that_was_too_slow_says() {
    let mut host = host(Config::default().outgoing_limit(1000), Budget::default());
    let peer = open(&mut host, NOW);
    send(&mut host, peer, 900);
    send(&mut host, peer, 900);
    told(&mut host);
    say(&mut host, NOW, peer, "not heard any more");
    assert_eq!(told(&mut host), [] as [&str; 0]);
}

#[test]
fn one_message_may_be_larger_than_the_limits() {
    let budget = Budget::default().outgoing(1000).droppable(0);
    let mut host = host(Config::default().outgoing_limit(1000), budget);
    let client = open(&mut host, NOW);
    send(&mut host, client, 5000);
    assert_eq!(frames(&mut host, client)[0].payload.len(), 5000);
    send_droppable(&mut host, client, 5000);
    assert_eq!(frames(&mut host, client)[0].payload.len(), 5000);
}

/// Up to the last byte, a message for which there is room is not lost, however it is sent.
#[test]
fn at_the_limit() {
    for len in [1, 125, 126, 4000, 65_536] {
        for spare in 0..20 {
            let limit = 100 + len + spare;
            let mut host = host(Config::default().outgoing_limit(limit), Budget::default());
            let all: Vec<_> = (0..3).map(|_| open(&mut host, NOW)).collect();
            for client in &all {
                send(&mut host, *client, 98);
            }
            host.run(NOW, |_, cx| {
                let bytes = vec![8; len];
                cx.broadcast([all[0]], Frame::binary(&bytes));
                cx.broadcast_droppable([all[1]], Frame::binary(&bytes));
                cx.send(all[2], Message::binary(bytes));
            });
            let fits = spare >= MAX_HEADER;
            let sent: Vec<_> = all.iter().map(|client| frames(&mut host, *client)).collect();
            assert_eq!(sent[1].len(), if fits { 2 } else { 1 }, "{len} and {spare}");
            for reliable in [&sent[0], &sent[2]] {
                assert_eq!(codes(reliable).is_empty(), fits, "{len} and {spare}");
                assert_eq!(reliable.len(), 2, "{len} and {spare}");
            }
        }
    }
}

#[test]
fn all_peers_together_have_a_limit() {
    let budget = Budget::default().outgoing(2000);
    let mut host = host(Config::default(), budget);
    let (first, second, third) = (open(&mut host, NOW), open(&mut host, NOW), open(&mut host, NOW));
    told(&mut host);
    send(&mut host, first, 900);
    send(&mut host, second, 900);
    assert_eq!(host.outgoing_len(), 2 * 904);
    // Nothing waits for the third, so it gets one message.
    send(&mut host, third, 900);
    assert_eq!(host.outgoing_len(), 3 * 904);
    send_droppable(&mut host, second, 10);
    send(&mut host, first, 10);
    assert_eq!(codes(&frames(&mut host, first)), [1013]);
    // What is gone makes room: here by breaking, there by being written.
    host.broken(NOW, third);
    assert_eq!(host.outgoing_len(), 904);
    host.remove(NOW, third);
    send(&mut host, second, 900);
    assert_eq!(frames(&mut host, second).len(), 2);
    host.remove(NOW, second);
    assert_eq!(host.outgoing_len(), 0);
}

/// At the limit of all together, to the byte.
#[test]
fn all_peers_together_at_the_limit() {
    for (len, fits) in [(100, true), (101, false)] {
        let budget = Budget::default().outgoing(204 + 100 + MAX_HEADER);
        let mut host = host(Config::default(), budget);
        let peer = open(&mut host, NOW);
        send(&mut host, peer, 200);
        assert_eq!(host.outgoing_len(), 204);
        send(&mut host, peer, len);
        assert_eq!(codes(&frames(&mut host, peer)).is_empty(), fits, "{len}");
    }
}

#[test]
fn a_gap_is_told() {
    let mut host = host(Config::default(), Budget::default().droppable(1000));
    let client = open(&mut host, NOW);
    told(&mut host);
    for _ in 0..5 {
        // 404 with its header: the third finds 808 waiting, and the fourth too much.
        send_droppable(&mut host, client, 400);
    }
    assert_eq!(host.outgoing_len(), 3 * 404);
    // What must arrive does.
    send(&mut host, client, 10);
    write(&mut host, client, 404);
    host.handle_timeout(NOW);
    send_droppable(&mut host, client, 1);
    assert_eq!(told(&mut host), [] as [&str; 0], "more than half of the room is taken");
    write(&mut host, client, 404);
    assert!(host.poll_timeout().is_some_and(|timeout| timeout <= NOW));
    // Until the service knows, nothing comes after the gap.
    send_droppable(&mut host, client, 1);
    host.handle_timeout(NOW);
    assert_eq!(told(&mut host), ["gap 0.0 4"]);
    send_droppable(&mut host, client, 2);
    let lens: Vec<_> = frames(&mut host, client).iter().map(|frame| frame.payload.len()).collect();
    assert_eq!(lens, [400, 10, 2]);
    host.handle_timeout(NOW);
    assert_eq!(told(&mut host), [] as [&str; 0], "a gap is told once");
}

/// It would be told that what it sends now comes after the gap, and nothing comes any more.
#[test]
fn a_gap_before_the_end_is_not_told() {
    let budget = Budget::default().droppable(100).message_rate(1).message_burst(0);
    let mut host = host(Config::default(), budget);
    let client = open(&mut host, NOW);
    send(&mut host, client, 200);
    send_droppable(&mut host, client, 1);
    say(&mut host, NOW, client, "one");
    say(&mut host, NOW, client, "too many");
    told(&mut host);
    assert_eq!(codes(&frames(&mut host, client)), [1008]);
    host.handle_timeout(NOW);
    assert_eq!(told(&mut host), [] as [&str; 0]);
}
