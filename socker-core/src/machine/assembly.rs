use std::mem;

use crate::{
    message::{Message, MessageKind, Payload},
    wire::{Opcode, Utf8Decoder, Violation, apply_mask},
};

/// What is reserved at first for a message, unless it is announced to be smaller: no more than
/// allocators have at hand.
const FIRST: usize = 1 << 10;

/// A message that arrives in pieces. Its memory grows with what has come, never with what is
/// announced.
#[derive(Debug)]
pub(super) struct Assembly {
    /// Its bytes, and those that its current frame has announced.
    pub(super) assembled: u64,
    gathered: Gathered,
}

#[derive(Debug)]
enum Gathered {
    Text {
        text: String,
        decoder: Utf8Decoder,
    },
    Binary(Vec<u8>),
    /// It is too long, and nothing of it is kept.
    Discarded,
}

impl Assembly {
    pub(super) fn new(opcode: Opcode) -> Self {
        let gathered = if opcode == Opcode::Text {
            Gathered::Text { text: String::new(), decoder: Utf8Decoder::default() }
        } else {
            Gathered::Binary(Vec::new())
        };
        Self { assembled: 0, gathered }
    }

    /// Drops what has come and what will come of it; tells once which kind of message it is.
    pub(super) fn discard(&mut self) -> Option<MessageKind> {
        match mem::replace(&mut self.gathered, Gathered::Discarded) {
            Gathered::Text { .. } => Some(MessageKind::Text),
            Gathered::Binary(_) => Some(MessageKind::Binary),
            Gathered::Discarded => None,
        }
    }

    /// Unmasks a piece and appends it. At most `announced` bytes are still to come after it.
    pub(super) fn push(
        &mut self,
        mask: [u8; 4],
        piece: &mut [u8],
        announced: u64,
    ) -> Result<(), Violation> {
        match &mut self.gathered {
            Gathered::Text { text, decoder } => {
                apply_mask(mask, piece);
                let more = growth(text.len(), text.capacity(), piece.len(), announced);
                text.reserve_exact(more);
                decoder.decode(piece, text).map_err(|_| Violation::InvalidUtf8)?;
                // Too little is left for the code point that has begun.
                if decoder.missing() as u64 > announced {
                    return Err(Violation::InvalidUtf8);
                }
                Ok(())
            }
            Gathered::Binary(bytes) => {
                let begin = bytes.len();
                bytes.reserve_exact(growth(begin, bytes.capacity(), piece.len(), announced));
                apply_mask(mask, piece);
                bytes.extend_from_slice(piece);
                Ok(())
            }
            Gathered::Discarded => Ok(()),
        }
    }

    /// The message, after a piece that nothing follows; `None` if it was discarded.
    pub(super) fn finish(self) -> Option<Message<'static>> {
        match self.gathered {
            Gathered::Text { text, .. } => Some(Message::Text(text.into())),
            Gathered::Binary(bytes) => Some(Message::Binary(Payload::Owned(bytes.into()))),
            Gathered::Discarded => None,
        }
    }
}

/// How much to reserve beyond `len` for a piece: twice what has come, but no more than what is
/// announced, so that a message which fits its announcement ends without slack.
fn growth(len: usize, capacity: usize, piece: usize, announced: u64) -> usize {
    if capacity - len >= piece {
        return 0;
    }
    let have = len + piece;
    let announced = usize::try_from(announced).unwrap_or(usize::MAX);
    piece + have.max(FIRST.saturating_sub(have)).min(announced)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A message of one frame ends in memory of exactly its size, however it came; what has not come
    /// takes none.
    #[test]
    fn memory_follows_what_has_come() {
        for (len, piece) in [(100_000, 16 << 10), (16 << 10, 1_000), (3_000, 7), (5_000, 4_999)] {
            let mut assembly = Assembly::new(Opcode::Binary);
            let mut bytes = vec![7; len];
            let mut left = len;
            for piece in bytes.chunks_mut(piece) {
                left -= piece.len();
                assembly.push([1, 2, 3, 4], piece, left as u64).unwrap();
                let Gathered::Binary(gathered) = &assembly.gathered else { panic!("{assembly:?}") };
                let most = (2 * gathered.len()).max(FIRST).min(len);
                assert!(gathered.capacity() <= most, "{} of {most}", gathered.capacity());
            }
            let Gathered::Binary(gathered) = &assembly.gathered else { panic!("{assembly:?}") };
            assert_eq!((gathered.len(), gathered.capacity()), (len, len));
        }
    }
}
