//! The messages of the directory's protocol: bytes to [`Message`] and back.
//!
//! ```
//! use socker_core::directory::codec::{Message, Sender};
//!
//! let offer = Message::Offer { id: 7, sdp: "v=0".into() };
//! let bytes = offer.encode(Sender::Client)?;
//! assert_eq!(bytes, b"\x03\0\0\0\x07v=0");
//! assert_eq!(Message::decode(Sender::Client, &bytes), Ok(offer));
//! # Ok::<(), socker_core::directory::codec::EncodeError>(())
//! ```

use std::{borrow::Cow, error, fmt, str};

/// Most bytes of a server's metadata on the wire: its length has 16 bits.
pub const METADATA_LIMIT: usize = 0xFFFF;

/// Bytes before the texts of what is relayed: type, id, and of a candidate two lengths.
const HEAD: usize = 8;

/// Who says a message. The same message has another type, and its `id` means another end, depending
/// on who says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Sender {
    /// A game server, to the directory. An id is that of a client.
    Server,
    /// A client, to the directory. An id is that of a server.
    Client,
    /// The directory, to a game server. An id is that of a client.
    DirectoryToServer,
    /// The directory, to a client. An id is that of a server.
    DirectoryToClient,
}

/// A message, borrowed where it can be.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Message<'m> {
    /// A server asks to be listed (type 0). The metadata is JSON of any shape.
    Register {
        /// What clients see of it.
        metadata: Cow<'m, str>,
    },
    /// Servers that are new (type 1).
    ServersAdded(Vec<Listing<'m>>),
    /// Servers that are gone (type 2).
    ServersRemoved(Vec<u32>),
    /// An offer (types 3 and 4).
    Offer {
        /// The other end.
        id: u32,
        /// The session description (RFC 8866).
        sdp: Cow<'m, str>,
    },
    /// An answer to an offer (types 5 and 6).
    Answer {
        /// The other end.
        id: u32,
        /// The session description (RFC 8866).
        sdp: Cow<'m, str>,
    },
    /// A candidate (types 7 to 10).
    Candidate {
        /// The other end.
        id: u32,
        /// `None`: there are no more.
        candidate: Option<Candidate<'m>>,
    },
    /// An offer is not taken (types 11 and 12).
    Reject {
        /// The other end.
        id: u32,
    },
    /// A server's metadata is another now (type 13).
    Update {
        /// What clients see of it from now on.
        metadata: Cow<'m, str>,
    },
    /// Servers whose metadata are others now (type 14).
    ServersChanged(Vec<Listing<'m>>),
    /// A message was wrong, and did nothing (type 15).
    Problem {
        /// What is wrong, for programs.
        code: u16,
        /// What is wrong, for people.
        text: Cow<'m, str>,
    },
    /// A server is listed, under this id (type 16).
    Registered {
        /// Its own.
        id: u32,
    },
    /// A server does not want to be listed any more (type 17). Its connection stays.
    Deregister,
}

/// A server in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing<'m> {
    /// By which it is named.
    pub id: u32,
    /// JSON of any shape, of at most [`METADATA_LIMIT`] bytes.
    pub metadata: Cow<'m, str>,
}

/// An ICE candidate, as browsers have it (`RTCIceCandidateInit`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate<'m> {
    /// Which media section it is for, by name: 1 to 255 bytes.
    pub mid: Cow<'m, str>,
    /// Which media section it is for, by number.
    pub m_line_index: u16,
    /// The candidate's attribute (RFC 8839, section 5.1).
    pub candidate: Cow<'m, str>,
}

/// Why bytes are no message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DecodeError {
    /// There are none.
    Empty,
    /// A type that is not known, or that this side does not say.
    UnknownType(u8),
    /// The message ends before it should.
    Truncated,
    /// A text is not UTF-8.
    InvalidUtf8,
    /// The list of removed servers is not a JSON array of numbers.
    InvalidList,
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("the message is empty"),
            Self::UnknownType(number) => {
                write!(f, "messages of type {number} are not expected here")
            }
            Self::Truncated => f.write_str("the message ends before it should"),
            Self::InvalidUtf8 => f.write_str("a text in the message is not UTF-8"),
            Self::InvalidList => {
                f.write_str("the list of servers is not an array of their numbers")
            }
        }
    }
}

impl error::Error for DecodeError {}

/// Why a message can't be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EncodeError {
    /// This sender does not say it.
    NotSaid,
    /// Metadata over [`METADATA_LIMIT`], or a mid over 255 bytes.
    TooLong,
    /// A candidate needs a mid: without one it would mean that there are no more.
    EmptyMid,
}

impl fmt::Display for EncodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotSaid => "this message is not said by this side",
            Self::TooLong => "the metadata or the mid is too long for its place in the message",
            Self::EmptyMid => "a candidate needs a mid",
        })
    }
}

impl error::Error for EncodeError {}

/// The types that only one side says. Those that are relayed have two, see [`Sender`].
mod kind {
    pub(super) const REGISTER: u8 = 0;
    pub(super) const SERVERS_ADDED: u8 = 1;
    pub(super) const SERVERS_REMOVED: u8 = 2;
    pub(super) const UPDATE: u8 = 13;
    pub(super) const SERVERS_CHANGED: u8 = 14;
    pub(super) const PROBLEM: u8 = 15;
    pub(super) const REGISTERED: u8 = 16;
    pub(super) const DEREGISTER: u8 = 17;
}

/// What is sent in either direction comes as two types: to the directory, and from it.
impl Sender {
    fn offer(self) -> Option<u8> {
        match self {
            Self::Client => Some(3),
            Self::DirectoryToServer => Some(4),
            Self::Server | Self::DirectoryToClient => None,
        }
    }

    fn answer(self) -> Option<u8> {
        match self {
            Self::Server => Some(5),
            Self::DirectoryToClient => Some(6),
            Self::Client | Self::DirectoryToServer => None,
        }
    }

    fn candidate(self) -> u8 {
        match self {
            Self::Client => 7,
            Self::DirectoryToServer => 8,
            Self::Server => 9,
            Self::DirectoryToClient => 10,
        }
    }

    fn reject(self) -> Option<u8> {
        match self {
            Self::Server => Some(11),
            Self::DirectoryToClient => Some(12),
            Self::Client | Self::DirectoryToServer => None,
        }
    }
}

impl<'m> Message<'m> {
    /// Reads what this sender says.
    ///
    /// # Errors
    /// It is no message of this sender's.
    pub fn decode(sender: Sender, bytes: &'m [u8]) -> Result<Self, DecodeError> {
        let (&kind, body) = bytes.split_first().ok_or(DecodeError::Empty)?;
        let is = |expected: Option<u8>| expected == Some(kind);
        let to_client = sender == Sender::DirectoryToClient;
        Ok(match (kind, sender) {
            (kind::REGISTER, Sender::Server) => Self::Register { metadata: text(body)? },
            (kind::UPDATE, Sender::Server) => Self::Update { metadata: text(body)? },
            (kind::DEREGISTER, Sender::Server) => Self::Deregister,
            (kind::SERVERS_ADDED, _) if to_client => Self::ServersAdded(listings(body)?),
            (kind::SERVERS_CHANGED, _) if to_client => Self::ServersChanged(listings(body)?),
            (kind::SERVERS_REMOVED, _) if to_client => {
                let list = serde_json::from_slice(body).map_err(|_| DecodeError::InvalidList)?;
                Self::ServersRemoved(list)
            }
            (kind::PROBLEM, Sender::DirectoryToServer | Sender::DirectoryToClient) => {
                let (code, rest) = body.split_first_chunk().ok_or(DecodeError::Truncated)?;
                Self::Problem { code: u16::from_be_bytes(*code), text: text(rest)? }
            }
            (kind::REGISTERED, Sender::DirectoryToServer) => Self::Registered { id: id(body)?.0 },
            (_, _) if is(sender.offer()) => {
                let (id, sdp) = id(body)?;
                Self::Offer { id, sdp: text(sdp)? }
            }
            (_, _) if is(sender.answer()) => {
                let (id, sdp) = id(body)?;
                Self::Answer { id, sdp: text(sdp)? }
            }
            (_, _) if is(sender.reject()) => Self::Reject { id: id(body)?.0 },
            (_, _) if kind == sender.candidate() => {
                let (id, rest) = id(body)?;
                Self::Candidate { id, candidate: Candidate::decode(rest)? }
            }
            _ => return Err(DecodeError::UnknownType(kind)),
        })
    }

    /// Writes it as this sender says it.
    ///
    /// # Errors
    /// The sender does not say it, or a part is too long for its place.
    pub fn encode(&self, sender: Sender) -> Result<Vec<u8>, EncodeError> {
        let kind = self.kind(sender).ok_or(EncodeError::NotSaid)?;
        // What is relayed is allocated once, and not as it grows.
        let mut bytes = Vec::with_capacity(self.text_len() + HEAD);
        bytes.push(kind);
        match self {
            Self::Register { metadata } | Self::Update { metadata } => {
                bytes.extend_from_slice(metadata.as_bytes());
            }
            Self::ServersAdded(listings) | Self::ServersChanged(listings) => {
                for listing in listings {
                    listing.encode(&mut bytes)?;
                }
            }
            Self::ServersRemoved(ids) => {
                let list: Vec<_> = ids.iter().map(u32::to_string).collect();
                bytes.extend_from_slice(format!("[{}]", list.join(",")).as_bytes());
            }
            Self::Offer { id, sdp } | Self::Answer { id, sdp } => {
                bytes.extend_from_slice(&id.to_be_bytes());
                bytes.extend_from_slice(sdp.as_bytes());
            }
            Self::Candidate { id, candidate } => {
                bytes.extend_from_slice(&id.to_be_bytes());
                match candidate {
                    Some(candidate) => candidate.encode(&mut bytes)?,
                    None => bytes.push(0),
                }
            }
            Self::Reject { id } | Self::Registered { id } => {
                bytes.extend_from_slice(&id.to_be_bytes());
            }
            Self::Problem { code, text } => {
                bytes.extend_from_slice(&code.to_be_bytes());
                bytes.extend_from_slice(text.as_bytes());
            }
            Self::Deregister => {}
        }
        Ok(bytes)
    }

    /// Bytes of the texts in what is relayed.
    fn text_len(&self) -> usize {
        match self {
            Self::Offer { sdp, .. } | Self::Answer { sdp, .. } => sdp.len(),
            Self::Candidate { candidate: Some(candidate), .. } => {
                candidate.mid.len() + candidate.candidate.len()
            }
            _ => 0,
        }
    }

    /// The message's type as this sender says it; `None` if it does not.
    fn kind(&self, sender: Sender) -> Option<u8> {
        let said = |by: Sender, kind: u8| (sender == by).then_some(kind);
        match self {
            Self::Register { .. } => said(Sender::Server, kind::REGISTER),
            Self::Update { .. } => said(Sender::Server, kind::UPDATE),
            Self::Deregister => said(Sender::Server, kind::DEREGISTER),
            Self::ServersAdded(_) => said(Sender::DirectoryToClient, kind::SERVERS_ADDED),
            Self::ServersRemoved(_) => said(Sender::DirectoryToClient, kind::SERVERS_REMOVED),
            Self::ServersChanged(_) => said(Sender::DirectoryToClient, kind::SERVERS_CHANGED),
            Self::Registered { .. } => said(Sender::DirectoryToServer, kind::REGISTERED),
            Self::Offer { .. } => sender.offer(),
            Self::Answer { .. } => sender.answer(),
            Self::Candidate { .. } => Some(sender.candidate()),
            Self::Reject { .. } => sender.reject(),
            Self::Problem { .. } => match sender {
                Sender::DirectoryToServer | Sender::DirectoryToClient => Some(kind::PROBLEM),
                Sender::Server | Sender::Client => None,
            },
        }
    }
}

impl Listing<'_> {
    fn encode(&self, bytes: &mut Vec<u8>) -> Result<(), EncodeError> {
        let len = u16::try_from(self.metadata.len()).map_err(|_| EncodeError::TooLong)?;
        bytes.extend_from_slice(&self.id.to_be_bytes());
        bytes.extend_from_slice(&len.to_be_bytes());
        bytes.extend_from_slice(self.metadata.as_bytes());
        Ok(())
    }
}

impl<'m> Candidate<'m> {
    /// The same without a borrow.
    #[must_use]
    pub fn into_owned(self) -> Candidate<'static> {
        let Self { mid, m_line_index, candidate } = self;
        let (mid, candidate) = (mid.into_owned().into(), candidate.into_owned().into());
        Candidate { mid, m_line_index, candidate }
    }

    /// The end of the candidates has no mid; nothing after it is looked at.
    fn decode(bytes: &'m [u8]) -> Result<Option<Self>, DecodeError> {
        let (&len, rest) = bytes.split_first().ok_or(DecodeError::Truncated)?;
        if len == 0 {
            return Ok(None);
        }
        let (mid, rest) = rest.split_at_checked(len.into()).ok_or(DecodeError::Truncated)?;
        let (index, candidate) = rest.split_first_chunk().ok_or(DecodeError::Truncated)?;
        let m_line_index = u16::from_be_bytes(*index);
        Ok(Some(Self { mid: text(mid)?, m_line_index, candidate: text(candidate)? }))
    }

    fn encode(&self, bytes: &mut Vec<u8>) -> Result<(), EncodeError> {
        let len = u8::try_from(self.mid.len()).map_err(|_| EncodeError::TooLong)?;
        if len == 0 {
            return Err(EncodeError::EmptyMid);
        }
        bytes.push(len);
        bytes.extend_from_slice(self.mid.as_bytes());
        bytes.extend_from_slice(&self.m_line_index.to_be_bytes());
        bytes.extend_from_slice(self.candidate.as_bytes());
        Ok(())
    }
}

fn text(bytes: &[u8]) -> Result<Cow<'_, str>, DecodeError> {
    str::from_utf8(bytes).map(Cow::Borrowed).map_err(|_| DecodeError::InvalidUtf8)
}

fn id(bytes: &[u8]) -> Result<(u32, &[u8]), DecodeError> {
    let (id, rest) = bytes.split_first_chunk().ok_or(DecodeError::Truncated)?;
    Ok((u32::from_be_bytes(*id), rest))
}

fn listings(mut bytes: &[u8]) -> Result<Vec<Listing<'_>>, DecodeError> {
    let mut listings = Vec::new();
    while !bytes.is_empty() {
        let (id, rest) = id(bytes)?;
        let (len, rest) = rest.split_first_chunk().ok_or(DecodeError::Truncated)?;
        let len = u16::from_be_bytes(*len).into();
        let (metadata, rest) = rest.split_at_checked(len).ok_or(DecodeError::Truncated)?;
        listings.push(Listing { id, metadata: text(metadata)? });
        bytes = rest;
    }
    Ok(listings)
}
