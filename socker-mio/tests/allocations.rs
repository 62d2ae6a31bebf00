//! What a turn allocates: nothing, beside the core's outgoing bytes.

#![expect(clippy::unwrap_used, reason = "a test may end at once")]

mod support;

use std::{
    io::{Read, Write},
    thread,
};

use allocation_counter::measure;
use socker_mio::core::{
    Config, Message,
    service::{Context, PeerId, Service},
};
use support::{listening, open};

/// Counts messages, and sends texts back.
#[derive(Default)]
struct Count(usize);

impl Service for Count {
    fn opened(&mut self, _: &mut Context<'_>, _: PeerId) {
        self.0 += 1;
    }

    fn message(&mut self, cx: &mut Context<'_>, peer: PeerId, message: Message<'_>) {
        self.0 += 1;
        if message.as_text().is_some() {
            cx.send(peer, message);
        }
    }
}

#[test]
fn reading_allocates_nothing_and_an_answer_once() {
    let (mut events, address) = listening(Count::default(), Config::default());
    let opener = thread::spawn(move || open(address));
    while events.service().0 == 0 {
        events.poll(None).unwrap();
    }
    let mut socket = opener.join().unwrap();
    let mut rounds = |frame: &[u8], answer: &mut [u8]| {
        for _ in 0..100 {
            let before = events.service().0;
            socket.write_all(frame).unwrap();
            while events.service().0 == before {
                events.poll(None).unwrap();
            }
            socket.read_exact(answer).unwrap();
        }
    };
    let (ignored, text) = (b"\x82\x85\0\0\0\0hello", b"\x81\x85\0\0\0\0hello");
    // Whatever is kept for the next time is there after this.
    rounds(ignored, &mut []);
    rounds(text, &mut [0; 7]);
    assert_eq!(measure(|| rounds(ignored, &mut [])).count_total, 0);
    // An idle machine owns no buffer, so each answer needs one.
    assert_eq!(measure(|| rounds(text, &mut [0; 7])).count_total, 100);
}
