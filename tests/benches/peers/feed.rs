//! What the contenders get to read and to send, prepared in advance.

use bytes::Bytes;

/// The most that one read delivers.
pub const READ: usize = 16 * 1024;

/// A stream is about this long, to stay in the cache as fresh socket data would...
const STREAM: usize = 256 * 1024;

/// ...but has at least this many messages, so that large ones also share a read with the next.
const STREAM_MESSAGES: usize = 2;

/// A batch of messages to send is about this long.
const BATCH: usize = 16 * 1024;

/// The longest header of a frame.
const HEADER: usize = 14;

/// A cache line.
pub const ALIGNMENT: usize = 64;

const BINARY: u8 = 0x82;
const TEXT: u8 = 0x81;
const CONTINUATION: u8 = 0;
const FIN: u8 = 0x80;

#[derive(Clone, Copy, PartialEq)]
pub enum Kind {
    Binary,
    Ascii,
    Multibyte,
}

impl Kind {
    fn first_byte(self) -> u8 {
        if self == Self::Binary { BINARY } else { TEXT }
    }

    fn payload(self, len: usize, random: &mut Random) -> Vec<u8> {
        match self {
            Self::Binary => (0..len).map(|_| random.byte()).collect(),
            Self::Ascii => (0..len).map(|_| b' ' + random.byte() % 95).collect(),
            Self::Multibyte => multibyte(len).into_bytes(),
        }
    }
}

/// Letters of two and three bytes, and some emoji of four, filled up with dots to `len` bytes.
fn multibyte(len: usize) -> String {
    let mut text = String::with_capacity(len);
    for letter in "Żółta łódź, быстрая река, 東京の朝ごはん 🦀🌊 ".chars().cycle()
    {
        if text.len() + letter.len_utf8() > len {
            break;
        }
        text.push(letter);
    }
    text.extend(std::iter::repeat_n('.', len - text.len()));
    text
}

/// What came out of a run.
#[derive(Clone, Copy, Debug, Default)]
pub struct Count {
    pub messages: u64,
    pub bytes: u64,
    /// The sum of the last bytes of the payloads: wrong if they were left masked.
    pub check: u64,
    /// The writes into the sink, each of which would be a system call on a socket.
    pub writes: u64,
}

impl Count {
    /// What has to be as expected. How many writes it takes is up to the contender.
    pub fn delivered(self) -> [u64; 3] {
        [self.messages, self.bytes, self.check]
    }

    /// Touches a received payload as an application would at the very least.
    #[inline(always)]
    pub fn received(&mut self, payload: &[u8]) {
        self.messages += 1;
        self.bytes += payload.len() as u64;
        self.check += u64::from(payload.last().copied().unwrap_or(0));
        std::hint::black_box(payload);
    }

    pub fn times(self, passes: usize) -> Self {
        let passes = passes as u64;
        Self {
            messages: self.messages * passes,
            bytes: self.bytes * passes,
            check: self.check * passes,
            writes: self.writes * passes,
        }
    }
}

/// Masked frames back to back, as a server would receive them, read over and over.
pub struct Stream {
    buffer: Vec<u8>,
    /// Aligned, lest the luck of the allocation makes a case faster or slower.
    start: usize,
    /// What one pass over the stream delivers.
    pub count: Count,
    /// Set if each read returns exactly one frame, all of which have this length.
    pub frame_per_read: Option<usize>,
}

impl Stream {
    pub fn new(kind: Kind, payload: usize) -> Self {
        Self::fragmented(kind, payload, 1)
    }

    /// Each message in that many frames of the same length.
    pub fn fragmented(kind: Kind, payload: usize, fragments: usize) -> Self {
        let mut random = Random::new();
        let messages = (STREAM / payload).max(STREAM_MESSAGES);
        let headers = messages * fragments * HEADER;
        let mut bytes: Vec<u8> = Vec::with_capacity(messages * payload + headers + ALIGNMENT);
        let start = bytes.as_ptr().align_offset(ALIGNMENT);
        bytes.resize(start, 0);
        let mut count = Count::default();
        for _ in 0..messages {
            let payload = kind.payload(payload, &mut random);
            count.received(&payload);
            let mut first = kind.first_byte() & !FIN;
            for (number, fragment) in payload.chunks(payload.len() / fragments).enumerate() {
                first |= if number + 1 == fragments { FIN } else { 0 };
                let mask = [(); 4].map(|()| random.byte());
                header(&mut bytes, first, fragment.len(), Some(mask));
                bytes.extend(fragment.iter().zip(mask.iter().cycle()).map(|(p, m)| p ^ m));
                first = CONTINUATION;
            }
        }
        Self { buffer: bytes, start, count, frame_per_read: None }
    }

    pub fn bytes(&self) -> &[u8] {
        &self.buffer[self.start..]
    }

    /// The length of a message's frames; all are of the same.
    pub fn frame(&self) -> usize {
        self.bytes().len() / self.count.messages as usize
    }

    pub fn frame_per_read(mut self) -> Self {
        self.frame_per_read = Some(self.frame());
        self
    }
}

/// The same message to be sent some times, followed by a flush.
pub struct Batch {
    pub payload: Bytes,
    pub text: bool,
    pub client: bool,
    /// Each write is one, on a file that drops what it gets.
    pub system_calls: bool,
    /// To many: each message is flushed when it is queued, instead of after all are.
    pub at_once: bool,
    pub messages: usize,
    /// What a pass, i.e. one batch, writes to the sink.
    pub count: Count,
}

impl Batch {
    pub fn new(kind: Kind, payload: usize, client: bool) -> Self {
        Self::of(kind, payload, client, (BATCH / payload).max(1))
    }

    pub fn with_system_calls(self) -> Self {
        Self { system_calls: true, ..self }
    }

    /// The message is for so many connections of a server.
    pub fn to_many(kind: Kind, payload: usize, connections: usize, at_once: bool) -> Self {
        Self { at_once, ..Self::of(kind, payload, false, connections) }
    }

    /// Queues the message for all connections and flushes each.
    pub fn send_to<C>(
        &self,
        connections: &mut [C],
        mut send: impl FnMut(&mut C),
        mut flush: impl FnMut(&mut C),
    ) {
        if self.at_once {
            connections.iter_mut().for_each(|connection| {
                send(connection);
                flush(connection);
            });
        } else {
            connections.iter_mut().for_each(send);
            connections.iter_mut().for_each(flush);
        }
    }

    fn of(kind: Kind, payload: usize, client: bool, messages: usize) -> Self {
        let mut head = Vec::new();
        header(&mut head, kind.first_byte(), payload, client.then_some([0; 4]));
        Self {
            payload: kind.payload(payload, &mut Random::new()).into(),
            text: kind != Kind::Binary,
            client,
            system_calls: false,
            at_once: false,
            messages,
            count: Count {
                messages: messages as u64,
                bytes: (messages * (head.len() + payload)) as u64,
                ..Count::default()
            },
        }
    }
}

fn header(out: &mut Vec<u8>, first: u8, payload: usize, mask: Option<[u8; 4]>) {
    let masked = if mask.is_some() { 0x80 } else { 0 };
    out.push(first);
    match payload {
        0..126 => out.push(masked | payload as u8),
        126..0x1_0000 => {
            out.push(masked | 126);
            out.extend((payload as u16).to_be_bytes());
        }
        _ => {
            out.push(masked | 127);
            out.extend((payload as u64).to_be_bytes());
        }
    }
    out.extend(mask.iter().flatten());
}

/// Deterministic, so that all runs see the same payloads and masks (xorshift64).
struct Random(u64);

impl Random {
    fn new() -> Self {
        Self(0x9e37_79b9_7f4a_7c15)
    }

    fn byte(&mut self) -> u8 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 32) as u8
    }
}

/// Hands out a stream read by read, from the beginning again after its end.
pub struct Feed<'a> {
    stream: &'a Stream,
    at: usize,
}

impl<'a> Feed<'a> {
    pub fn new(stream: &'a Stream) -> Self {
        Self { stream, at: 0 }
    }

    /// The next read into a buffer with this much `room`.
    pub fn read(&mut self, room: usize) -> &'a [u8] {
        let bytes = self.stream.bytes();
        if self.at == bytes.len() {
            self.at = 0;
        }
        let available = match self.stream.frame_per_read {
            Some(frame) => frame - self.at % frame,
            None => READ.min(bytes.len() - self.at),
        };
        let read = &bytes[self.at..][..available.min(room)];
        self.at += read.len();
        read
    }
}
