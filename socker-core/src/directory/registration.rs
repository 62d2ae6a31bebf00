use std::{collections::VecDeque, error, fmt};

use serde::de::IgnoredAny;

use super::{
    codec::{Candidate, DecodeError, METADATA_LIMIT, Message, Sender},
    problem::Problem,
};

/// A game server's side of its connection to a directory, without IO.
///
/// Whoever has the connection tells it when that is open ([`Registration::opened`], each time again),
/// gives it the binary messages that come, and sends those that it has to say.
///
/// ```
/// use socker_core::directory::{Registration, RegistrationEvent};
///
/// let mut registration = Registration::new(r#"{"name":"arena"}"#)?;
/// registration.opened();
/// assert_eq!(registration.poll_message(), Some(b"\0{\"name\":\"arena\"}".to_vec()));
///
/// // The directory has listed it, and relays an offer of client 7.
/// registration.read(b"\x10\0\0\0\x02");
/// registration.read(b"\x04\0\0\0\x07v=0");
/// assert_eq!(registration.poll_event(), Some(RegistrationEvent::Registered { id: 2 }));
/// let offer = RegistrationEvent::Offer { client: 7, sdp: "v=0".to_owned() };
/// assert_eq!(registration.poll_event(), Some(offer));
/// registration.answer(7, "v=0");
/// assert_eq!(registration.poll_message(), Some(b"\x05\0\0\0\x07v=0".to_vec()));
/// # Ok::<(), socker_core::directory::MetadataError>(())
/// ```
#[derive(Debug)]
pub struct Registration {
    metadata: String,
    /// It is to be listed.
    wanted: bool,
    open: bool,
    id: Option<u32>,
    messages: VecDeque<Vec<u8>>,
    events: VecDeque<RegistrationEvent>,
}

/// What a directory has told a game server.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RegistrationEvent {
    /// It is listed.
    Registered {
        /// By which clients name it, until the connection ends.
        id: u32,
    },
    /// A client makes an offer: answer or reject it.
    Offer {
        /// The client.
        client: u32,
        /// The session description (RFC 8866).
        sdp: String,
    },
    /// A client has a candidate.
    Candidate {
        /// The client.
        client: u32,
        /// `None`: it has no more.
        candidate: Option<Candidate<'static>>,
    },
    /// Something that was said was refused.
    Problem {
        /// The code, as in the table of the [module](super).
        code: u16,
        /// In words.
        text: String,
    },
    /// The directory says what this side does not understand; nothing came of it.
    NotUnderstood(DecodeError),
}

/// A text that can't be metadata.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MetadataError {
    /// It is not JSON.
    NotJson,
    /// It is over 65,535 bytes.
    TooLong,
}

impl fmt::Display for MetadataError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotJson => "metadata has to be JSON",
            Self::TooLong => "metadata has 65,535 bytes at the most",
        })
    }
}

impl error::Error for MetadataError {}

impl Registration {
    /// A server with these metadata, JSON of any shape. It registers once a connection is open.
    ///
    /// # Errors
    /// They are not JSON, or too long.
    pub fn new(metadata: &str) -> Result<Self, MetadataError> {
        Ok(Self {
            metadata: check(metadata)?,
            wanted: true,
            open: false,
            id: None,
            messages: VecDeque::new(),
            events: VecDeque::new(),
        })
    }

    /// Its id, while it is listed.
    #[must_use]
    pub fn id(&self) -> Option<u32> {
        self.id
    }

    /// A connection to the directory is open.
    pub fn opened(&mut self) {
        self.closed();
        self.open = true;
        if self.wanted {
            let metadata = self.metadata.clone().into();
            self.say(&Message::Register { metadata });
        }
    }

    /// The connection has ended. What was to be said over it is forgotten, and what was told of its
    /// clients and not polled yet: a next connection may know others by the same ids.
    pub fn closed(&mut self) {
        self.open = false;
        self.id = None;
        self.messages.clear();
        self.events.retain(|event| {
            use RegistrationEvent::{Candidate, Offer, Registered};
            !matches!(event, Registered { .. } | Offer { .. } | Candidate { .. })
        });
    }

    /// The directory has sent a binary message. While there is no connection it is dropped.
    pub fn read(&mut self, message: &[u8]) {
        if !self.open {
            return;
        }
        let event = match Message::decode(Sender::DirectoryToServer, message) {
            // It was on its way when the server said that it is not to be listed.
            Ok(Message::Registered { .. }) if !self.wanted => return,
            Ok(Message::Registered { id }) => {
                self.id = Some(id);
                RegistrationEvent::Registered { id }
            }
            Ok(Message::Offer { id: client, sdp }) => {
                RegistrationEvent::Offer { client, sdp: sdp.into_owned() }
            }
            Ok(Message::Candidate { id: client, candidate }) => {
                let candidate = candidate.map(Candidate::into_owned);
                RegistrationEvent::Candidate { client, candidate }
            }
            Ok(Message::Problem { code, text }) => {
                // What it was listed by before it deregistered may have come late.
                if Problem::is_unlisted(code) {
                    self.id = None;
                }
                RegistrationEvent::Problem { code, text: text.into_owned() }
            }
            // A later directory may say more.
            Err(DecodeError::UnknownType(_)) | Ok(_) => return,
            Err(error) => RegistrationEvent::NotUnderstood(error),
        };
        self.events.push_back(event);
    }

    /// What the directory has told, in order. All of it waits here until it is polled, without a limit:
    /// poll after each [`Registration::read`].
    pub fn poll_event(&mut self) -> Option<RegistrationEvent> {
        self.events.pop_front()
    }

    /// The next binary message to send.
    pub fn poll_message(&mut self) -> Option<Vec<u8>> {
        self.messages.pop_front()
    }

    /// Answers an offer. While there is no connection this and all that follows is dropped: the
    /// directory has rejected the offer by then.
    pub fn answer(&mut self, client: u32, sdp: &str) {
        self.say(&Message::Answer { id: client, sdp: sdp.into() });
    }

    /// Tells a client a candidate; `None` is that there are no more. One without a mid is dropped.
    pub fn candidate(&mut self, client: u32, candidate: Option<Candidate<'_>>) {
        self.say(&Message::Candidate { id: client, candidate });
    }

    /// Does not take an offer.
    pub fn reject(&mut self, client: u32) {
        self.say(&Message::Reject { id: client });
    }

    /// Changes the metadata, now and for each connection to come.
    ///
    /// # Errors
    /// They are not JSON, or too long; they stay as they were.
    pub fn update(&mut self, metadata: &str) -> Result<(), MetadataError> {
        self.metadata = check(metadata)?;
        if self.wanted {
            // Before it was listed, that is the same.
            let metadata = self.metadata.clone().into();
            self.say(&Message::Register { metadata });
        }
        Ok(())
    }

    /// Is not to be listed any more. The connection may stay.
    pub fn deregister(&mut self) {
        if std::mem::replace(&mut self.wanted, false) {
            self.id = None;
            self.say(&Message::Deregister);
        }
    }

    /// Is to be listed again, after [`Registration::deregister`].
    pub fn register(&mut self) {
        if !std::mem::replace(&mut self.wanted, true) {
            let metadata = self.metadata.clone().into();
            self.say(&Message::Register { metadata });
        }
    }

    fn say(&mut self, message: &Message<'_>) {
        if self.open
            && let Ok(bytes) = message.encode(Sender::Server)
        {
            self.messages.push_back(bytes);
        }
    }
}

fn check(metadata: &str) -> Result<String, MetadataError> {
    if metadata.len() > METADATA_LIMIT {
        return Err(MetadataError::TooLong);
    }
    let _: IgnoredAny = serde_json::from_str(metadata).map_err(|_| MetadataError::NotJson)?;
    Ok(metadata.to_owned())
}
