use std::{error, fmt, str::FromStr};

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};
use uuid::{Builder, Uuid};

/// What makes these digests others than anybody else's.
const PURPOSE: &[u8] = b"socker room owner";

/// A room: a version 4 UUID (RFC 9562, section 5.4).
///
/// It is a digest of its owner's token, so nobody else can have it, not even after the server was
/// restarted and has forgotten the room.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RoomId(Uuid);

impl RoomId {
    /// The room of this owner.
    pub(super) fn of(token: &OwnerToken) -> Self {
        let digest = Sha256::new().chain_update(PURPOSE).chain_update(token.0).finalize();
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&digest[..16]);
        Self(Builder::from_random_bytes(bytes).into_uuid())
    }
}

/// With hyphens, in lower case.
impl fmt::Display for RoomId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

impl fmt::Debug for RoomId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RoomId({self})")
    }
}

/// A text that is no [`RoomId`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RoomIdError;

impl fmt::Display for RoomIdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a room is a UUID, as in 63ca67e0-69bb-4a16-a71f-86a87acbe0b5")
    }
}

impl error::Error for RoomIdError {}

/// In any form that a UUID is written in.
impl FromStr for RoomId {
    type Err = RoomIdError;

    fn from_str(text: &str) -> Result<Self, RoomIdError> {
        Uuid::try_parse(text).map(Self).map_err(|_| RoomIdError)
    }
}

/// What a room's owner proves itself with when it comes back: 16 secret bytes, as 32 hexadecimal
/// digits.
pub(super) struct OwnerToken([u8; 16]);

impl OwnerToken {
    pub(super) fn new(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// `None` if it is none.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let bytes = HEXLOWER.decode(text.as_bytes()).ok()?;
        Some(Self(bytes.try_into().ok()?))
    }
}

impl fmt::Display for OwnerToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&HEXLOWER.encode(&self.0))
    }
}
