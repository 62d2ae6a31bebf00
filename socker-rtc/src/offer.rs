//! An offer is judged before it costs anything (RFC 8829, RFC 8841).

use str0m::change::SdpOffer;

use crate::{config::Config, error::OfferError};

/// What a peer that does not say takes (RFC 8841, section 6.1).
const DEFAULT_MAX_MESSAGE: usize = 64 << 10;

/// An offer of one section for data channels and no other.
#[derive(Debug)]
pub(crate) struct Offer {
    pub(crate) sdp: SdpOffer,
    /// How many candidates it names.
    pub(crate) candidates: usize,
    /// Most bytes of a message that the peer takes.
    pub(crate) max_message: usize,
}

impl Offer {
    pub(crate) fn parse(text: &str, config: &Config) -> Result<Self, OfferError> {
        if text.len() > config.offer_limit {
            return Err(OfferError::TooLong);
        }
        let (mut sections, mut candidates, mut max_message) = (0, 0, DEFAULT_MAX_MESSAGE);
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
            } else if line.starts_with("a=candidate:") {
                candidates += 1;
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
        if candidates > config.remote_candidates {
            return Err(OfferError::TooManyCandidates);
        }
        Ok(Self { sdp, candidates, max_message })
    }
}
