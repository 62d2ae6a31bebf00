//! Writes `corpus/`: a few of the vectors, and some noise for the targets that are made of calls.
//!
//! `cargo run -p socker-fuzz --example seeds`

use std::{fs, io, path::Path};

use socker_core::handshake::Request;
use socker_core::{Config, Instant, Machine, Seed};
use socker_tests::{draw::Draw, feed::take_outgoing, notation, vectors::load};
use tungstenite::handshake::derive_accept_key;

fn main() -> io::Result<()> {
    let accept = accept().unwrap_or_default();
    let requests = load("requests.txt").into_iter().step_by(5);
    let responses = load("responses.txt").into_iter().step_by(6);
    let heads = requests.chain(responses).map(|vector| vector.head(&accept).0);
    save("handshake", heads)?;

    let all = load("frames.txt");
    let masked = all.iter().step_by(10).map(|vector| (0x0E, true, vector));
    let plain = all.iter().skip(5).step_by(13).map(|vector| (0x0F, false, vector));
    save(
        "frames",
        masked.chain(plain).map(|(first, masked, vector)| {
            let bytes = notation::parse(vector.get("in").unwrap_or_default(), masked).bytes;
            [&[first], &bytes[..]].concat()
        }),
    )?;

    save("machine", (0..15).map(noise))?;
    for target in ["host", "interop", "script"] {
        save(target, (0..15).map(noise))?;
    }

    let recordings = CALLS.map(|calls| format!("socker-recording\t1\n{calls}").into_bytes());
    save("recording", recordings.into_iter())?;
    save("request", REQUESTS.into_iter().map(<[u8]>::to_vec))?;

    let messages = load("directory.txt").into_iter().step_by(3);
    let messages =
        messages.map(|vector| notation::parse(vector.get("in").unwrap_or_default(), false).bytes);
    save("directory", messages.chain((0..8).map(noise)))?;

    let relayed = load("directory.txt").into_iter().skip(1).step_by(6);
    let relayed =
        relayed.map(|vector| notation::parse(vector.get("in").unwrap_or_default(), false).bytes);
    let heard = relayed.map(|bytes| [b"\0", &bytes[..]].concat()).take(10);
    save("registration", heard.chain((1..10).map(noise)))?;

    // All texts that the vectors' peers say, and steps: an odd first byte.
    let vectors = load("rooms.txt");
    let said =
        vectors.iter().flat_map(|vector| vector.fields()).filter(|(key, _)| key.ends_with('>'));
    let texts = said.step_by(9).map(|(_, text)| [b"\0", text.as_bytes()].concat());
    save("rooms", texts.take(12).chain((0..8).map(|seed| noise(2 * seed + 1))))?;

    // Offers and a candidate as texts, a browser that joins, and steps: an odd first byte.
    let texts = socker_fuzz::OFFERS.into_iter().chain([CANDIDATE]);
    let texts = texts.map(|text| [b"\0", text.as_bytes()].concat());
    let joined = JOINED.into_iter().map(|then| [&JOIN, then].concat());
    let noise = (0..9).map(|seed| noise(2 * seed + 1));
    save("rtc_signalling", texts.chain(joined).chain(noise))
}

/// Calls of recordings, and answers.
const CALLS: [&str; 6] = [
    "1\trequest\t0.0\t127.0.0.1\t/play\thost: localhost\n>\taccept\n1\topened\t0.0\nend\n",
    "20\trequest\t1.0\t-\t/?no\torigin: http://a\tcookie: a=b\n>\treject\t403\n",
    "5\topened\t0.0\n5\tmessage\t0.0\ttext\thello\\n\n6\tmessage\t0.0\tbinary\t!\\x01\nend\n",
    "5\toversized\t0.0\ttext\n7\tgap\t0.0\t3\n50000005\ttimeout\nend\n",
    "1\tclosed\t0.0\tpeer\t1000\tdone\n2\tclosed\t1.3\tlocal\t4000\t4000\t\n3\tclosed\t2.0\teof\n",
    "1\tclosed\t0.0\tviolation\tunmasked\n1\tclosed\t0.1\trejected\t403\n",
];

/// Texts as the target takes them, the URI first.
const REQUESTS: [&[u8]; 4] = [
    b"ws://user@a.example:80/x?y=z&a\0chat\0superchat",
    b"wss://[::1]:8080?key=7\0cookie:a=b; c=d\0Origin:http://a\0cookie:e=f",
    b"ws://a/b%20c\0content-length:5\0x-empty:",
    b"ws://a\0host:b\0x: a \0\xC3\xA9:\xC3\xA9\0two words\0x:a\r\nb",
];

const CANDIDATE: &str = "candidate:1 1 udp 2122260223 198.51.100.7 50000 typ host generation 0";

/// A browser's offer, and what connects it: 23 rounds, in which all datagrams up to the 255th arrive.
const JOIN: [u8; 13] = [1, 11, 0, 12, 0, 23, 255, 0, 12, 0, 23, 255, 0];

/// What happens then: it sends and is sent to, offers again, opens a channel, closes, is kicked; a
/// datagram of its is damaged.
const JOINED: [&[u8]; 6] = [
    &[30, 4, 1, 0, 4, 19, 0, 0, 200, 0, 1, 12, 0, 9, 255, 0],
    &[30, 3, 12, 0, 9, 255, 0],
    &[16, 0, 1, 12, 0, 9, 255, 0, 18, 0, 0, 12, 0, 9, 255, 0],
    &[30, 0, 12, 0, 9, 255, 0],
    &[22, 0, 12, 0, 9, 255, 0],
    &[30, 4, 1, 0, 16, 12, 0, 9, 0, 3, 20, 0, 255],
];

/// For the targets that are made of calls. It begins with the seed.
fn noise(seed: u8) -> Vec<u8> {
    let mut draw = Draw::new(seed.into());
    let noise = (0..400).map(|_| draw.number().to_le_bytes()[0]);
    [seed].into_iter().chain(noise).collect()
}

/// Numbered files of what is small, twenty at the most.
fn save(target: &str, inputs: impl Iterator<Item = Vec<u8>>) -> io::Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target);
    fs::create_dir_all(&folder)?;
    let small = inputs.filter(|input| input.len() < 1000).take(20);
    small.enumerate().try_for_each(|(at, input)| fs::write(folder.join(format!("{at:02}")), input))
}

/// The accept key that belongs to the request of the target's client.
fn accept() -> Option<String> {
    let request = Request::get("ws://a/").ok()?;
    let seed = Seed::from([7; 16]);
    let mut client = Machine::client(Instant::START, Config::default().into(), seed, &request);
    let request = String::from_utf8(take_outgoing(&mut client)).ok()?;
    let key = request.lines().find_map(|line| line.strip_prefix("Sec-WebSocket-Key: "))?;
    Some(derive_accept_key(key.as_bytes()))
}
