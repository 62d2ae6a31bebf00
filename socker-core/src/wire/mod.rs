//! Bytes to frames and back (RFC 6455, section 5). No state above one frame.

mod close;
mod frame;
mod header;
mod mask;
mod utf8;
mod violation;

pub(crate) use self::header::MAX_SHORT;
pub use self::{
    close::Close,
    frame::Frame,
    header::{Expect, Header, MAX_HEADER, Opcode},
    mask::{apply_mask, rotate_mask},
    utf8::{InvalidUtf8, Utf8Decoder},
    violation::Violation,
};
