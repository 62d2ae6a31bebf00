use std::fmt;

use super::codec::{self, DecodeError};

/// What is wrong with a peer's message, which did nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Problem {
    /// Code 1.
    Text,
    /// Code 2.
    Malformed(DecodeError),
    /// Code 3.
    TooLong { limit: usize },
    /// Code 4.
    Metadata,
    /// Code 5.
    NotRegistered,
    /// Code 6.
    TooManyServers,
    /// Code 7.
    NoOffer,
    /// Code 8.
    TooManyCandidates,
    /// Code 9.
    TooManyOffers,
    /// Code 10.
    Oversized,
}

impl Problem {
    /// As it goes to the peer; the list in the module's documentation explains each.
    fn code(&self) -> u16 {
        match self {
            Self::Text => 1,
            Self::Malformed(_) => 2,
            Self::TooLong { .. } => 3,
            Self::Metadata => 4,
            Self::NotRegistered => 5,
            Self::TooManyServers => 6,
            Self::NoOffer => 7,
            Self::TooManyCandidates => 8,
            Self::TooManyOffers => 9,
            Self::Oversized => 10,
        }
    }

    /// Whether a server that is told this code is not listed.
    pub(super) fn is_unlisted(code: u16) -> bool {
        [Self::NotRegistered, Self::TooManyServers].iter().any(|problem| problem.code() == code)
    }

    pub(super) fn to_message(&self) -> codec::Message<'static> {
        codec::Message::Problem { code: self.code(), text: self.to_string().into() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text => f.write_str("a binary message was expected, not text"),
            Self::Malformed(error) => error.fmt(f),
            Self::TooLong { limit } => {
                write!(f, "the metadata, offer, answer or candidate is longer than {limit} bytes")
            }
            Self::Metadata => f.write_str("the metadata is not JSON"),
            Self::NotRegistered => f.write_str("this server is not registered"),
            Self::TooManyServers => f.write_str("there are too many servers; try again later"),
            Self::NoOffer => f.write_str("there is no such offer; it may be over"),
            Self::TooManyCandidates => f.write_str("there were too many candidates for this offer"),
            Self::TooManyOffers => {
                f.write_str("there were too many offers; wait for their answers")
            }
            Self::Oversized => f.write_str("the message is too long"),
        }
    }
}
