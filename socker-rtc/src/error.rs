//! What the caller can do better, or a peer's SDP.

use std::{error, fmt, net::SocketAddr};

use socker_core::Message;

/// A configuration with which no browser could connect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConfigError {
    /// No address is announced.
    NoCandidate,
    /// No datagram can be sent to this address: it has no port, or names no single host.
    Candidate(SocketAddr),
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoCandidate => f.write_str("no address is announced"),
            Self::Candidate(address) => write!(f, "{address} can't be announced"),
        }
    }
}

impl error::Error for ConfigError {}

/// An offer that was not answered, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum OfferError {
    /// The endpoint is closing.
    Closing,
    /// There are [`Config::peers`](crate::Config::peers), some of which may have events that wait to be
    /// polled.
    TooManyPeers,
    /// There are [`Config::pending`](crate::Config::pending) that are not connected.
    TooManyPending,
    /// It is longer than [`Config::offer_limit`](crate::Config::offer_limit).
    TooLong,
    /// It names more addresses than
    /// [`Config::remote_candidates`](crate::Config::remote_candidates).
    TooManyCandidates,
    /// It is not SDP (RFC 8866).
    NotSdp,
    /// It has no section for data channels, or more than one: create a channel before the offer.
    NoDataChannel,
    /// It has audio or video.
    Media,
    /// It wants to be the DTLS server. Offers are `a=setup:actpass` (RFC 8842, section 5.2).
    Setup,
    /// Its ICE name or password is too short, too long, or not of the characters for them (RFC 8839,
    /// section 5.4), or it has two names.
    IceCredentials,
    /// Another offer of a peer has another certificate (RFC 8842, section 5.5) or session (RFC 8829,
    /// section 5.2.2): it is of another connection, for [`Endpoint::accept`](crate::Endpoint::accept).
    AnotherConnection,
    /// What it lacks or has in excess, in the words of the WebRTC library.
    Refused(String),
    /// There is no such peer, or it is leaving. Only for a renegotiation.
    NoPeer,
}

impl fmt::Display for OfferError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Closing => "the endpoint is closing",
            Self::TooManyPeers => "too many peers",
            Self::TooManyPending => "too many peers that are not connected yet",
            Self::TooLong => "the offer is too long",
            Self::TooManyCandidates => "the offer has too many candidates",
            Self::NotSdp => "the offer is not SDP",
            Self::NoDataChannel => "the offer does not have one section for data channels",
            Self::Media => "the offer has audio or video",
            Self::Setup => "the offer wants to be the DTLS server",
            Self::AnotherConnection => "the offer is of another connection",
            Self::IceCredentials => "the offer's ICE name or password is none",
            Self::Refused(why) => return write!(f, "the offer was refused: {why}"),
            Self::NoPeer => "no such peer",
        })
    }
}

impl error::Error for OfferError {}

/// A candidate that was not taken, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CandidateError {
    /// There is no such peer, or it is leaving.
    NoPeer,
    /// It is not a candidate's line (RFC 8839, section 5.1).
    Invalid,
    /// The peer has named [`Config::remote_candidates`](crate::Config::remote_candidates).
    TooMany,
}

impl fmt::Display for CandidateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoPeer => "no such peer",
            Self::Invalid => "not a candidate",
            Self::TooMany => "the peer has named too many candidates",
        })
    }
}

impl error::Error for CandidateError {}

/// A channel that was not opened, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum OpenError {
    /// There is no such peer, or it is leaving.
    NoPeer,
    /// The peer has [`Config::channels`](crate::Config::channels).
    TooMany,
    /// Label and protocol are longer than [`Config::label_limit`](crate::Config::label_limit).
    TooLong,
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoPeer => "no such peer",
            Self::TooMany => "the peer has too many channels",
            Self::TooLong => "label and protocol are too long",
        })
    }
}

impl error::Error for OpenError {}

/// Why a message was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Refusal {
    /// There is no such peer, or it is leaving.
    NoPeer,
    /// The peer has no such channel, or it was closed.
    NoChannel,
    /// The channel has not opened yet: wait for [`Event::Opened`](crate::Event::Opened).
    NotOpen,
    /// Empty messages can't be sent: the library beneath would accept one, send nothing, and hold back
    /// all that follows.
    Empty,
    /// It is longer than the browser takes (RFC 8841, section 6), or than
    /// [`Config::send_limit`](crate::Config::send_limit).
    TooLong,
    /// It does not fit now: wait for [`Event::Writable`](crate::Event::Writable).
    Full,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoPeer => "no such peer",
            Self::NoChannel => "no such channel",
            Self::NotOpen => "the channel is not open yet",
            Self::Empty => "it is empty",
            Self::TooLong => "it is too long",
            Self::Full => "too much waits to be acknowledged",
        })
    }
}

impl error::Error for Refusal {}

/// A message that was not sent, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SendError<'m> {
    /// Why.
    pub refusal: Refusal,
    /// The message, as it was given.
    pub message: Message<'m>,
}

impl fmt::Display for SendError<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "message not sent: {}", self.refusal)
    }
}

impl error::Error for SendError<'_> {}
