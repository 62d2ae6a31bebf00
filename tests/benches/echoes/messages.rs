//! What is sent, and what has to come back.

use socker_tests::frames::{Frame, opcode};

use crate::servers::Standing;

/// The longest payload whose length fits the short header.
pub const PAYLOAD: usize = 125;

/// Messages that are written at once, and the bytes that answer them.
pub struct Messages {
    pub request: Vec<u8>,
    pub answer: Vec<u8>,
}

impl Messages {
    /// No two of them are alike, so that an answer tells which one it answers.
    pub fn new(count: u8, standing: Standing) -> Self {
        let (mut request, mut answer) = (Vec::new(), Vec::new());
        for number in 0..count {
            let payload: Vec<_> = (number..).take(PAYLOAD).collect();
            let frame = Frame::new(opcode::BINARY, &payload);
            answer.extend(frame.encode());
            request.extend(frame.masked([0x5A, 0xC3, 0x96, number]).encode());
        }
        if standing == Standing::Floor {
            answer.clone_from(&request);
        }
        Self { request, answer }
    }
}
