//! An offer is judged before it costs anything (RFC 8829, RFC 8841).

use std::{collections::BTreeSet, net::SocketAddr, ops::RangeInclusive};

use str0m::{Candidate, change::SdpOffer, net::Protocol};

use crate::{config::Config, error::OfferError};

/// Characters of a name in ICE. RFC 8839 (section 5.4) allows 256, but both sides' names with a colon
/// between them are the user name of a check, and the library can't write one of more than 128. Browsers
/// take 4 to 16.
const NAME: RangeInclusive<usize> = 4..=64;

/// Characters of a password in ICE (RFC 8839, section 5.4).
const PASSWORD: RangeInclusive<usize> = 22..=256;

/// What a peer that does not say takes (RFC 8841, section 6.1).
const DEFAULT_MAX_MESSAGE: usize = 64 << 10;

/// An offer of one section for data channels and no other.
#[derive(Debug)]
pub(crate) struct Offer {
    pub(crate) sdp: SdpOffer,
    /// The peer's name in ICE, another after a restart (RFC 8839, section 4.4.1.1.1).
    pub(crate) name: String,
    /// Of which connection it is.
    pub(crate) session: Session,
    /// The addresses that it names, of UDP.
    pub(crate) candidates: BTreeSet<SocketAddr>,
    /// Most bytes of a message that the peer takes.
    pub(crate) max_message: usize,
}

/// What all offers of a connection have in common, and those of others have not.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Session {
    /// The user name and number of its first line (RFC 8829, section 5.2.1).
    id: [String; 2],
    /// The digests of its certificates (RFC 8842, section 5.5).
    fingerprints: BTreeSet<String>,
}

impl Offer {
    pub(crate) fn parse(text: &str, config: &Config) -> Result<Self, OfferError> {
        if text.len() > config.offer_limit {
            return Err(OfferError::TooLong);
        }
        let (mut sections, mut max_message) = (0, DEFAULT_MAX_MESSAGE);
        let (mut candidates, mut names) = (BTreeSet::new(), BTreeSet::new());
        let mut session = Session::default();
        for line in text.split(['\r', '\n']) {
            if let Some(section) = line.strip_prefix("m=") {
                if !section.starts_with("application ") {
                    return Err(OfferError::Media);
                }
                // Port 0 is a section that is switched off (RFC 8829, section 5.3.1).
                let live = !section.starts_with("application 0 ");
                sections += u8::from(live && section.contains("webrtc-datachannel"));
                if sections > 1 {
                    return Err(OfferError::NoDataChannel);
                }
            } else if let Some(name) = line.strip_prefix("a=ice-ufrag:") {
                require_ice(name, NAME)?;
                names.insert(name);
            } else if let Some(password) = line.strip_prefix("a=ice-pwd:") {
                require_ice(password, PASSWORD)?;
            } else if let Some(fingerprint) = line.strip_prefix("a=fingerprint:") {
                session.fingerprints.insert(fingerprint.trim().to_ascii_lowercase());
            } else if let Some(origin) = line.strip_prefix("o=") {
                let mut words = origin.split(' ').map(str::to_owned);
                session.id = [(); 2].map(|()| words.next().unwrap_or_default());
            } else if line.starts_with("a=candidate:") {
                candidates.extend(udp_candidate(&line[2..]).map(|candidate| candidate.addr()));
            } else if let Some(bytes) = line.strip_prefix("a=max-message-size:") {
                // Zero is any size.
                max_message = match bytes.trim().parse() {
                    Ok(0) => usize::MAX,
                    Ok(bytes) => bytes,
                    Err(_) => DEFAULT_MAX_MESSAGE,
                };
            } else if line.trim_end() == "a=setup:passive" {
                return Err(OfferError::Setup);
            }
        }
        let sdp = SdpOffer::from_sdp_string(text).map_err(|_| OfferError::NotSdp)?;
        if sections != 1 {
            return Err(OfferError::NoDataChannel);
        }
        if candidates.len() > config.remote_candidates {
            return Err(OfferError::TooManyCandidates);
        }
        let name = names.pop_first().unwrap_or_default().to_owned();
        if !names.is_empty() {
            return Err(OfferError::IceCredentials);
        }
        Ok(Self { sdp, name, session, candidates, max_message })
    }
}

/// Names and passwords are of these characters alone (RFC 8839, section 5.4).
fn require_ice(value: &str, length: RangeInclusive<usize>) -> Result<(), OfferError> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    if length.contains(&value.len()) && value.bytes().all(allowed) {
        return Ok(());
    }
    Err(OfferError::IceCredentials)
}

/// A candidate's line, without `a=`, if it is one of UDP.
fn udp_candidate(line: &str) -> Option<Candidate> {
    let candidate = Candidate::from_sdp_string(line).ok()?;
    (candidate.proto() == Protocol::Udp).then_some(candidate)
}
