//! The notation of bytes in `vectors/frames.txt`.
//!
//! ```text
//! 81 05 "hello"        hex bytes and ASCII text
//! 00*300               a byte, 300 times
//! m05                  a length byte, with the mask bit where a client sends it
//! key( "hello" )       where a client sends it: a key, and what it masks
//! ^FF                  the byte that proves the violation
//! ```
//!
//! So a vector with `m` and `key` is one for both roles. The words are separated by spaces.

use socker_core::wire::apply_mask;

/// Any key that is not its own rotation.
pub const KEY: [u8; 4] = [0x37, 0xFA, 0x21, 0x3D];

/// Bytes, and the index of the one that was marked with `^`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Marked {
    /// The bytes.
    pub bytes: Vec<u8>,
    /// The index of the byte that proves the violation.
    pub mark: Option<usize>,
}

/// Reads the notation; `masked` is what a client sends.
#[must_use]
pub fn parse(text: &str, masked: bool) -> Marked {
    let mut marked = Marked::default();
    let mut key_at = None;
    for word in words(text) {
        let word = match word.strip_prefix('^') {
            Some(word) => {
                assert_eq!(marked.mark.replace(marked.bytes.len()), None, "two marks in {text:?}");
                word
            }
            None => &word,
        };
        match word {
            "key(" if masked => {
                marked.bytes.extend(KEY);
                key_at = Some(marked.bytes.len());
            }
            "key(" => {}
            ")" => {
                if let Some(begin) = key_at.take() {
                    apply_mask(KEY, &mut marked.bytes[begin..]);
                }
            }
            _ => marked.bytes.extend(bytes(word, masked)),
        }
    }
    assert!(key_at.is_none(), "no end of the mask in {text:?}");
    marked
}

/// Words end at spaces outside of quotes.
fn words(text: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quoted = false;
    for char in text.chars() {
        quoted ^= char == '"';
        match words.last_mut() {
            Some(word) if quoted || !char.is_whitespace() => word.push(char),
            _ => words.push(String::new()),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

fn bytes(word: &str, masked: bool) -> Vec<u8> {
    if let Some((byte, times)) = word.split_once('*') {
        return bytes(byte, masked).repeat(times.parse().expect("how many times"));
    }
    if let Some(text) = word.strip_prefix('"') {
        return text.strip_suffix('"').expect("the end of a quote").as_bytes().to_vec();
    }
    if let Some(length) = word.strip_prefix('m') {
        let length = u8::from_str_radix(length, 16).expect("a length byte");
        return vec![length | u8::from(masked) << 7];
    }
    let digits = word.as_bytes();
    assert_eq!(digits.len() % 2, 0, "not hex bytes: {word:?}");
    let pairs = digits.chunks(2).map(|pair| str::from_utf8(pair).expect("ASCII"));
    pairs.map(|pair| u8::from_str_radix(pair, 16).expect("a hex byte")).collect()
}

#[cfg(test)]
mod tests {
    use super::{KEY, parse};

    #[test]
    fn notation_is_read_for_both_roles() {
        let text = r#"81 m03 key( "a b"  ) 00*2 ^ff"#;
        let plain = parse(text, false);
        assert_eq!((&plain.bytes[..], plain.mark), (&b"\x81\x03a b\0\0\xFF"[..], Some(7)));
        let masked = parse(text, true);
        assert_eq!(&masked.bytes[..6], [0x81, 0x83, KEY[0], KEY[1], KEY[2], KEY[3]]);
        assert_eq!(masked.bytes[6], b'a' ^ KEY[0]);
        assert_eq!((&masked.bytes[9..], masked.mark), (&[0, 0, 0xFF][..], Some(11)));
    }
}
