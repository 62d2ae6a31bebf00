use crate::{
    message::{Message, Payload},
    wire::{Opcode, Utf8Decoder, Violation},
};

/// A message that arrives in pieces. Its memory grows with what has come, never with what is
/// announced.
#[derive(Debug)]
pub(super) enum Assembly {
    Text { text: String, decoder: Utf8Decoder },
    Binary(Vec<u8>),
}

impl Assembly {
    pub(super) fn new(opcode: Opcode) -> Self {
        if opcode == Opcode::Text {
            Self::Text { text: String::new(), decoder: Utf8Decoder::default() }
        } else {
            Self::Binary(Vec::new())
        }
    }

    /// Bytes so far; for text those of complete code points and the begun one.
    pub(super) fn push(&mut self, piece: &[u8]) -> Result<(), Violation> {
        match self {
            Self::Text { text, decoder } => {
                decoder.decode(piece, text).map_err(|_| Violation::InvalidUtf8)
            }
            Self::Binary(bytes) => {
                bytes.extend_from_slice(piece);
                Ok(())
            }
        }
    }

    pub(super) fn finish(self) -> Result<Message<'static>, Violation> {
        match self {
            Self::Text { text, decoder } => {
                decoder.finish().map_err(|_| Violation::InvalidUtf8)?;
                Ok(Message::Text(text.into()))
            }
            Self::Binary(bytes) => Ok(Message::Binary(Payload::Owned(bytes.into()))),
        }
    }
}
