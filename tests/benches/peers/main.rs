//! Compares the core with its peers, in memory: `cargo bench -p socker-tests --bench peers [-- case...]`.
//!
//! A case is `work/payload`; arguments select those that contain one of them. `BENCH_ROUNDS`
//! sets how many times each contender runs in each case.
//!
//! The bench profile of the workspace has to have `lto = "fat"` and `codegen-units = 1`, as whoever
//! cares for speed has: with calls across crates instead, short messages take up to twice as long.

#![expect(
    clippy::cast_possible_truncation,
    clippy::expect_used,
    clippy::panic,
    unreachable_pub,
    reason = "a program that nobody embeds, and which may end at once"
)]

#[path = "../common/mod.rs"]
mod common;
mod contender;
mod exchange;
mod fastwebsockets;
mod feed;
mod floor;
mod measure;
mod memory;
mod report;
mod socker;
mod sockudo_ws;
mod tokio_websockets;
mod tungstenite;

use std::env;

use contender::Contender;
use exchange::REQUEST;
use feed::{Batch, Count, Kind, Stream};
use measure::{Entrant, Measured, measure};
use report::{Column, PACKAGES, Row};

const ROUNDS: usize = 11;

const PAYLOADS: [usize; 5] = [16, 125, 1 << 10, 16 << 10, 1 << 20];

/// The payload of a broadcast, and for how many connections it is.
const BROADCAST: (usize, usize) = (200, 1_000);

/// Frames of a message that comes in several.
const FRAGMENTS: usize = 4;

enum Direction {
    Receive,
    ReceiveOnePerRead,
    ReceiveFragmented,
    Send,
    SendMasked,
    /// With a system call for each write.
    Write,
    Broadcast,
    BroadcastAtOnce,
    Open,
}

use Direction::{
    Broadcast, BroadcastAtOnce, Open, Receive, ReceiveFragmented, ReceiveOnePerRead, Send,
    SendMasked, Write,
};

const WORKS: [(&str, Direction, Kind, &[usize]); 12] = [
    ("receive-binary", Receive, Kind::Binary, &PAYLOADS),
    ("receive-text", Receive, Kind::Ascii, &PAYLOADS),
    ("receive-multibyte", Receive, Kind::Multibyte, &[1 << 10]),
    ("receive-one-per-read", ReceiveOnePerRead, Kind::Binary, &[125]),
    ("receive-fragmented", ReceiveFragmented, Kind::Binary, &[1 << 10]),
    ("send-binary", Send, Kind::Binary, &PAYLOADS),
    ("send-text", Send, Kind::Ascii, &PAYLOADS),
    ("send-masked", SendMasked, Kind::Binary, &[125, 16 << 10]),
    ("write", Write, Kind::Binary, &[16, 125, 1 << 10]),
    ("broadcast", Broadcast, Kind::Binary, &[BROADCAST.0]),
    ("broadcast-at-once", BroadcastAtOnce, Kind::Binary, &[BROADCAST.0]),
    ("open", Open, Kind::Binary, &[REQUEST.len()]),
];

fn contenders() -> Vec<Box<dyn Contender>> {
    vec![
        Box::new(floor::Copy),
        Box::new(floor::CopyAndMask),
        Box::new(floor::CopyMaskAndKeep),
        Box::new(socker::Socker),
        Box::new(tungstenite::Tungstenite),
        Box::new(tungstenite::Tuned),
        Box::new(fastwebsockets::Fastwebsockets),
        Box::new(tokio_websockets::TokioWebsockets),
        Box::new(sockudo_ws::SockudoWs),
        Box::new(sockudo_ws::Tuned),
    ]
}

fn main() {
    // `--bench` comes from cargo, and `--case` may precede what is wanted.
    let wanted: Vec<_> =
        env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    let rounds = env::var("BENCH_ROUNDS")
        .map_or(ROUNDS, |rounds| rounds.parse().expect("BENCH_ROUNDS is a number"))
        .max(1);

    let contenders = contenders();
    let columns: Vec<_> = contenders
        .iter()
        .map(|contender| Column { name: contender.name(), standing: contender.standing() })
        .collect();
    let mut rows = Vec::new();
    for (work, direction, kind, payloads) in &WORKS {
        for &payload in *payloads {
            let case = format!("{work}/{payload}");
            if wanted.is_empty() || wanted.iter().any(|wanted| case.contains(wanted)) {
                eprintln!("{case}");
                let samples = run(&contenders, direction, *kind, payload, rounds);
                rows.push(Row { work, payload, samples });
            }
        }
    }

    assert!(!rows.is_empty(), "no case matches {wanted:?}");
    let environment = common::environment(&PACKAGES);
    println!("{environment}\n{}", report::table(&columns, &rows));
    let results = report::results(&columns, &rows, rounds, environment);
    let path = results.write().expect("write the medians");
    eprintln!("medians in {}", path.display());
}

/// One case: a sample for each contender, or `None` if it sits out.
fn run(
    contenders: &[Box<dyn Contender>],
    direction: &Direction,
    kind: Kind,
    payload: usize,
    rounds: usize,
) -> Vec<Option<Measured>> {
    let stream = match direction {
        Receive => Some(Stream::new(kind, payload)),
        ReceiveOnePerRead => Some(Stream::new(kind, payload).frame_per_read()),
        ReceiveFragmented => Some(Stream::fragmented(kind, payload, FRAGMENTS)),
        Send | SendMasked | Write | Broadcast | BroadcastAtOnce | Open => None,
    };
    let batch = match direction {
        Broadcast => Batch::to_many(kind, payload, BROADCAST.1, false),
        BroadcastAtOnce => Batch::to_many(kind, payload, BROADCAST.1, true),
        Write => Batch::new(kind, payload, false).with_system_calls(),
        _ => Batch::new(kind, payload, matches!(direction, SendMasked)),
    };
    let expected = match (&stream, direction) {
        (Some(stream), _) => stream.count,
        (None, Open) => Count { messages: 1, ..Count::default() },
        (None, _) => batch.count,
    };

    let mut entrants = Vec::new();
    let mut takes_part = Vec::new();
    for contender in contenders {
        let run = match (&stream, direction) {
            (Some(stream), _) => contender.receiver(stream),
            (None, Open) => contender.opener(),
            (None, Broadcast | BroadcastAtOnce) => contender.broadcaster(&batch),
            (None, _) => contender.sender(&batch),
        };
        takes_part.push(run.is_some());
        entrants.extend(run.map(|run| Entrant { run, expected }));
    }
    let mut samples = measure(entrants, rounds).into_iter();
    takes_part
        .into_iter()
        .map(|takes_part| if takes_part { samples.next() } else { None })
        .collect()
}
