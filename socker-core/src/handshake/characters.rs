//! Which bytes may stand where in a head.

/// A byte of a request's target, which has no fragment (RFC 9112, section 3.2).
pub(super) fn is_target(byte: u8) -> bool {
    byte.is_ascii_graphic() && byte != b'#'
}

/// A byte of a header's value, or of a status phrase (RFC 9110, section 5.5).
pub(super) fn is_text(byte: u8) -> bool {
    byte == b'\t' || (byte >= 0x20 && byte != 0x7F)
}

/// A `tchar` (RFC 9110, section 5.6.2).
pub(super) fn is_token(byte: u8) -> bool {
    TOKENS[usize::from(byte)]
}

const TOKENS: [bool; 256] = {
    let mut tokens = [false; 256];
    let mut byte = 0_u8;
    while byte < 128 {
        tokens[byte as usize] = byte.is_ascii_alphanumeric();
        byte += 1;
    }
    let others = b"!#$%&'*+-.^_`|~";
    let mut at = 0;
    while at < others.len() {
        tokens[others[at] as usize] = true;
        at += 1;
    }
    tokens
};

/// How many bytes at the front are of a target.
pub(super) fn target_run(bytes: &[u8]) -> usize {
    bytes.iter().take_while(|&&byte| is_target(byte)).count()
}

/// How many bytes at the front are of a token.
pub(super) fn token_run(bytes: &[u8]) -> usize {
    bytes.iter().take_while(|&&byte| is_token(byte)).count()
}

/// How many bytes at the front are text: looked at eight at a time, as most of a head is this.
pub(super) fn text_run(bytes: &[u8]) -> usize {
    let (words, rest) = bytes.as_chunks();
    let mut len = 0;
    for &word in words {
        let others = not_text(u64::from_le_bytes(word));
        if others != 0 {
            return len + others.trailing_zeros() as usize / 8;
        }
        len += 8;
    }
    len + rest.iter().take_while(|&&byte| is_text(byte)).count()
}

/// The highest bit of each byte that is not text. No sum of two bytes is carried into the next.
fn not_text(word: u64) -> u64 {
    const EACH: u64 = u64::MAX / 0xFF;
    let low = |word: u64| word & (0x7F * EACH);
    let tab = word ^ (u64::from(b'\t') * EACH);
    let no_tab = (low(tab) + 0x7F * EACH) | tab;
    let control = !(low(word) + 0x60 * EACH) | (low(word) + EACH);
    control & !word & no_tab & (0x80 * EACH)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_of_text_ends_where_text_ends() {
        let text = *b"\t ~\x80\xFF!a\tb \t cdefghi";
        for byte in 0..=u8::MAX {
            for at in 0..text.len() {
                let mut bytes = text;
                bytes[at] = byte;
                let end = bytes.iter().position(|&byte| !is_text(byte)).unwrap_or(bytes.len());
                assert_eq!(text_run(&bytes), end, "{byte} at {at}");
            }
        }
    }
}
