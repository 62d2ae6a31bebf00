//! Which event is whose.

use mio::Token;
use socker_core::service::PeerId;

#[cfg(not(target_pointer_width = "64"))]
compile_error!("a token is as wide as a pointer, and a peer's number and generation need 64 bits");

/// No peer has this number: there are fewer sockets than that.
const NOBODY: u32 = u32::MAX;

/// No listener has this number.
const ALARM: u32 = u32::MAX - 1;

/// Nor this one.
#[cfg(feature = "rtc")]
const HELD: u32 = u32::MAX - 2;

/// What an event is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// A handle has something for the loop.
    Handle,
    /// The loop's alarm has rung.
    Alarm,
    /// A socket that the loop holds for somebody else.
    #[cfg(feature = "rtc")]
    Held,
    /// The listener of this number.
    Listener(usize),
    /// A peer. With its generation in the token, what comes too late reaches nobody.
    Peer(PeerId),
}

impl From<Source> for Token {
    fn from(source: Source) -> Self {
        let (high, low) = match source {
            Source::Handle => (u32::MAX as usize, NOBODY),
            Source::Alarm => (ALARM as usize, NOBODY),
            #[cfg(feature = "rtc")]
            Source::Held => (HELD as usize, NOBODY),
            Source::Listener(number) => (number, NOBODY),
            Source::Peer(peer) => (peer.generation() as usize, peer.index()),
        };
        Self(high << 32 | low as usize)
    }
}

impl From<Token> for Source {
    #[inline]
    fn from(Token(token): Token) -> Self {
        // The two halves.
        #[expect(clippy::cast_possible_truncation)]
        let (high, low) = ((token >> 32) as u32, token as u32);
        match (high, low) {
            (u32::MAX, NOBODY) => Self::Handle,
            (ALARM, NOBODY) => Self::Alarm,
            #[cfg(feature = "rtc")]
            (HELD, NOBODY) => Self::Held,
            (number, NOBODY) => Self::Listener(number as usize),
            (generation, index) => Self::Peer(PeerId::new(index, generation)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_names_its_source() {
        let sources = [
            Source::Handle,
            Source::Alarm,
            #[cfg(feature = "rtc")]
            Source::Held,
            Source::Listener(0),
            Source::Listener(7),
            Source::Peer(PeerId::new(0, 0)),
            Source::Peer(PeerId::new(7, u32::MAX)),
            Source::Peer(PeerId::new(u32::MAX - 1, 7)),
        ];
        for source in sources {
            assert_eq!(Source::from(Token::from(source)), source);
        }
    }
}
