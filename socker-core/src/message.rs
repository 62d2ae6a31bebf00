//! What peers say to each other.

use std::{borrow::Cow, fmt, ops::Deref};

use bytes::Bytes;

/// A binary message's bytes: borrowed from a read buffer, or owned.
#[derive(Clone)]
pub enum Payload<'b> {
    /// In a buffer of the caller.
    Borrowed(&'b [u8]),
    /// Shared; cloning it copies nothing.
    Owned(Bytes),
}

impl Payload<'_> {
    /// The bytes as shared ones; copies what is borrowed.
    #[must_use]
    pub fn into_bytes(self) -> Bytes {
        match self {
            Self::Borrowed(bytes) => Bytes::copy_from_slice(bytes),
            Self::Owned(bytes) => bytes,
        }
    }
}

impl Deref for Payload<'_> {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        match self {
            Self::Borrowed(bytes) => bytes,
            Self::Owned(bytes) => bytes,
        }
    }
}

impl AsRef<[u8]> for Payload<'_> {
    #[inline]
    fn as_ref(&self) -> &[u8] {
        self
    }
}

impl fmt::Debug for Payload<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl PartialEq for Payload<'_> {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for Payload<'_> {}

impl<'b> From<&'b [u8]> for Payload<'b> {
    #[inline]
    fn from(bytes: &'b [u8]) -> Self {
        Self::Borrowed(bytes)
    }
}

impl<'b, const N: usize> From<&'b [u8; N]> for Payload<'b> {
    #[inline]
    fn from(bytes: &'b [u8; N]) -> Self {
        Self::Borrowed(bytes)
    }
}

impl<'b> From<&'b Vec<u8>> for Payload<'b> {
    #[inline]
    fn from(bytes: &'b Vec<u8>) -> Self {
        Self::Borrowed(bytes)
    }
}

impl From<Vec<u8>> for Payload<'_> {
    #[inline]
    fn from(bytes: Vec<u8>) -> Self {
        Self::Owned(bytes.into())
    }
}

impl From<Bytes> for Payload<'_> {
    #[inline]
    fn from(bytes: Bytes) -> Self {
        Self::Owned(bytes)
    }
}

/// Which kind of message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MessageKind {
    /// UTF-8.
    Text,
    /// Any bytes.
    Binary,
}

impl fmt::Display for MessageKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Text => "text",
            Self::Binary => "binary",
        })
    }
}

/// A WebSocket message (RFC 6455, section 1.2).
///
/// A received message borrows from the read buffer where it came in one piece, and owns its bytes
/// where it was rebuilt; [`Message::into_owned`] and [`Message::into_bytes`] free it from the
/// buffer. Holding one message never keeps another's memory.
///
/// ```
/// use socker_core::Message;
///
/// let text = Message::text("ready");
/// let binary = Message::binary(&[1, 2, 3]);
/// assert_eq!((text.as_text(), text.len()), (Some("ready"), 5));
/// assert_eq!(&binary.into_bytes()[..], &[1, 2, 3]);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message<'b> {
    /// UTF-8.
    Text(Cow<'b, str>),
    /// Any bytes.
    Binary(Payload<'b>),
}

impl<'b> Message<'b> {
    /// A text message.
    #[inline]
    pub fn text(text: impl Into<Cow<'b, str>>) -> Self {
        Self::Text(text.into())
    }

    /// A binary message.
    #[inline]
    pub fn binary(payload: impl Into<Payload<'b>>) -> Self {
        Self::Binary(payload.into())
    }

    /// Text or binary.
    #[must_use]
    pub fn kind(&self) -> MessageKind {
        match self {
            Self::Text(_) => MessageKind::Text,
            Self::Binary(_) => MessageKind::Binary,
        }
    }

    /// The bytes of either kind.
    #[inline]
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Text(text) => text.as_bytes(),
            Self::Binary(payload) => payload,
        }
    }

    /// The text of a text message.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Binary(_) => None,
        }
    }

    /// Bytes of payload.
    #[inline]
    #[must_use]
    pub fn len(&self) -> usize {
        self.as_bytes().len()
    }

    /// Whether there is no payload.
    #[inline]
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.as_bytes().is_empty()
    }

    /// The bytes of either kind as shared ones; copies what is borrowed.
    #[must_use]
    pub fn into_bytes(self) -> Bytes {
        match self {
            Self::Text(Cow::Borrowed(text)) => Bytes::copy_from_slice(text.as_bytes()),
            Self::Text(Cow::Owned(text)) => text.into(),
            Self::Binary(payload) => payload.into_bytes(),
        }
    }

    /// The same message without a borrow; copies what is borrowed.
    #[must_use]
    pub fn into_owned(self) -> Message<'static> {
        match self {
            Self::Text(text) => Message::Text(Cow::Owned(text.into_owned())),
            Self::Binary(payload) => Message::Binary(Payload::Owned(payload.into_bytes())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payload_is_its_bytes() {
        let shared = Payload::Owned(Bytes::from_static(b"ab"));
        assert_eq!(shared, Payload::Borrowed(b"ab"));
        assert_ne!(shared, Payload::Borrowed(b"ac"));
        assert_eq!(shared.as_ref(), b"ab");
        assert!(Message::text("").is_empty() && !Message::binary(b"ab").is_empty());
    }
}
