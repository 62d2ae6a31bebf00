use bytes::{Bytes, BytesMut};

use super::{Header, MAX_HEADER, Opcode};
use crate::message::MessageKind;

/// A message encoded once, to be sent to many.
///
/// A server's connections share the bytes; a client's copy and mask them.
///
/// ```
/// use socker_core::wire::Frame;
///
/// let frame = Frame::text("tick");
/// assert_eq!(frame.as_bytes(), b"\x81\x04tick");
/// assert_eq!(frame.payload(), b"tick");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Header and payload, without a mask.
    bytes: Bytes,
    header_len: u8,
}

impl Frame {
    /// A text message.
    #[must_use]
    pub fn text(text: &str) -> Self {
        Self::encode(Opcode::Text, text.as_bytes())
    }

    /// A binary message.
    #[must_use]
    pub fn binary(payload: &[u8]) -> Self {
        Self::encode(Opcode::Binary, payload)
    }

    fn encode(opcode: Opcode, payload: &[u8]) -> Self {
        let mut header = [0; MAX_HEADER];
        let len = payload.len() as u64;
        let used = Header { fin: true, opcode, mask: None, len }.encode(&mut header);
        let mut bytes = BytesMut::with_capacity(used + payload.len());
        bytes.extend_from_slice(&header[..used]);
        bytes.extend_from_slice(payload);
        // At most `MAX_HEADER`.
        #[expect(clippy::cast_possible_truncation)]
        Self { bytes: bytes.freeze(), header_len: used as u8 }
    }

    /// Header and payload as a server sends them.
    #[inline]
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The payload alone.
    #[inline]
    #[must_use]
    pub fn payload(&self) -> &[u8] {
        &self.bytes[usize::from(self.header_len)..]
    }

    /// Text or binary.
    #[must_use]
    pub fn kind(&self) -> MessageKind {
        if self.opcode() == Opcode::Text { MessageKind::Text } else { MessageKind::Binary }
    }

    #[inline]
    pub(crate) fn shared(&self) -> &Bytes {
        &self.bytes
    }

    #[inline]
    pub(crate) fn opcode(&self) -> Opcode {
        if self.bytes[0] & 0x0F == Opcode::Text as u8 { Opcode::Text } else { Opcode::Binary }
    }
}
