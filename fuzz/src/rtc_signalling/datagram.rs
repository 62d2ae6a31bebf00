use arbitrary::{Arbitrary, Result, Unstructured};
use str0m::{
    crypto::from_feature_flags,
    ice::{StunMessage, TransId},
};

/// What a browser needs for a check that is taken (RFC 8445, section 7.2.2).
pub(super) struct Credentials {
    /// Both sides' names, with a colon between them.
    pub(super) names: String,
    pub(super) password: String,
}

/// Something like STUN, something like DTLS, or any bytes.
pub(super) fn any(data: &mut Unstructured<'_>, known: Option<&Credentials>) -> Result<Vec<u8>> {
    let bytes = match (u8::arbitrary(data)? % 8, known) {
        (0..3, Some(known)) => {
            let check = check(known, bool::arbitrary(data)?).unwrap_or_default();
            return damaged(data, check);
        }
        (0..4, _) => stun(data)?,
        (4..7, _) => dtls(data)?,
        _ => Vec::arbitrary(data)?,
    };
    Ok(bytes)
}

/// A check that the peer takes, if its name is short enough to be written.
pub(super) fn check(known: &Credentials, nominates: bool) -> Option<Vec<u8>> {
    let sha1 = from_feature_flags().sha1_hmac_provider;
    let hmac = |key: &[u8], parts: &[&[u8]]| sha1.sha1_hmac(key, parts);
    let id = TransId::new();
    let request = StunMessage::binding_request(&known.names, id, true, 1, 1, nominates);
    let mut bytes = vec![0; 512];
    let length = request.to_bytes(Some(known.password.as_bytes()), &mut bytes, hmac).ok()?;
    bytes.truncate(length);
    Some(bytes)
}

fn damaged(data: &mut Unstructured<'_>, mut bytes: Vec<u8>) -> Result<Vec<u8>> {
    if data.ratio(1, 4)? {
        let place = usize::from(u16::arbitrary(data)?) % bytes.len().max(1);
        let bits = u8::arbitrary(data)?;
        bytes.iter_mut().skip(place).take(1).for_each(|byte| *byte ^= bits);
    }
    Ok(bytes)
}

/// A header (RFC 8489, section 5), whose length may be right, and attributes.
fn stun(data: &mut Unstructured<'_>) -> Result<Vec<u8>> {
    let kind: u16 = *data.choose(&[0x0001, 0x0101, 0x0111, 0x0011, 0x0003, 0x3FFF])?;
    let mut attributes = Vec::new();
    for _ in 0..data.int_in_range(0..=4)? {
        let attribute: u16 =
            *data.choose(&[0x06, 0x08, 0x09, 0x20, 0x24, 0x25, 0x8028, 0x8029, 0x802A, 0xC057])?;
        let value = Vec::<u8>::arbitrary(data)?;
        let length = if data.ratio(1, 8)? { u16::arbitrary(data)? } else { length(&value) };
        attributes.extend(attribute.to_be_bytes());
        attributes.extend(length.to_be_bytes());
        attributes.extend(&value);
        attributes.resize(attributes.len().next_multiple_of(4), 0);
    }
    let length = if data.ratio(1, 8)? { u16::arbitrary(data)? } else { length(&attributes) };
    let mut bytes = Vec::new();
    bytes.extend(kind.to_be_bytes());
    bytes.extend(length.to_be_bytes());
    bytes.extend([0x21, 0x12, 0xA4, 0x42]);
    bytes.extend([u8::arbitrary(data)?; 12]);
    bytes.extend(attributes);
    Ok(bytes)
}

/// Records (RFC 6347, section 4.1), in them mostly pieces of a handshake (section 4.2.2).
fn dtls(data: &mut Unstructured<'_>) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    for _ in 0..data.int_in_range(1..=3)? {
        let kind = *data.choose(&[22, 22, 22, 20, 21, 23, 25, 26, 32, 63])?;
        let body = Vec::<u8>::arbitrary(data)?;
        let mut content = Vec::new();
        if kind == 22 && data.ratio(7, 8)? {
            let [.., high, middle, low] = (body.len() as u64).to_be_bytes();
            let message = *data.choose(&[1, 1, 1, 2, 3, 11, 15, 16, 20, 0])?;
            content.extend([message, high, middle, low, 0, u8::arbitrary(data)? % 3]);
            content.extend([0, 0, 0, high, middle, low]);
        }
        content.extend(body);
        let epoch = u8::from(data.ratio(1, 4)?);
        let length = if data.ratio(1, 8)? { u16::arbitrary(data)? } else { length(&content) };
        bytes.extend([kind, 254, *data.choose(&[253, 255, 252])?, 0, epoch]);
        bytes.extend([0, 0, 0, 0, 0, u8::arbitrary(data)?]);
        bytes.extend(length.to_be_bytes());
        bytes.extend(content);
    }
    Ok(bytes)
}

fn length(bytes: &[u8]) -> u16 {
    u16::try_from(bytes.len()).unwrap_or(u16::MAX)
}
