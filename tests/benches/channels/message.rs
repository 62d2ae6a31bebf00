//! What players and servers say: messages of a fixed size, which begin with a number.

/// Bytes of each, both ways.
pub const SIZE: usize = 100;

/// Of a datagram beside what it is for: SCTP's header (RFC 9260, section 3.1), and the record of DTLS 1.2
/// with AES-GCM (RFC 6347, section 4.1; RFC 5288, section 3).
const HEADERS: usize = 12 + 13 + 8 + 16;

/// A datagram with a message (RFC 9260, section 3.3.1).
pub const DATAGRAM: usize = SIZE + 16 + HEADERS;

/// One that acknowledges (section 3.3.4), as every second message is at once (section 6.2).
pub const ACKNOWLEDGEMENT: usize = 16 + HEADERS;

/// A player says how many messages a second it wants, a server how many it has heard from that player.
pub fn encode<const N: usize>(number: u32) -> [u8; N] {
    let mut message = [b'x'; N];
    message[..4].copy_from_slice(&number.to_be_bytes());
    message
}

pub fn decode(message: &[u8]) -> Option<u32> {
    message.first_chunk().map(|number| u32::from_be_bytes(*number))
}
