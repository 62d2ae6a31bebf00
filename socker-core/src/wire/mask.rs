/// Masks `data`, or unmasks it: the two are the same (RFC 6455, section 5.3).
///
/// ```
/// use socker_core::wire::apply_mask;
///
/// let mut data = *b"scene";
/// apply_mask([1, 2, 3, 4], &mut data);
/// assert_ne!(&data, b"scene");
/// apply_mask([1, 2, 3, 4], &mut data);
/// assert_eq!(&data, b"scene");
/// ```
#[inline]
pub fn apply_mask(mask: [u8; 4], data: &mut [u8]) {
    let word = u32::from_ne_bytes(mask);
    let wide = u64::from(word) << 32 | u64::from(word);
    // Blocks of 32 bytes become vector instructions; the tail takes at most three steps more.
    let (blocks, tail) = data.as_chunks_mut::<32>();
    for block in blocks {
        for lane in block.as_chunks_mut::<8>().0 {
            *lane = (u64::from_ne_bytes(*lane) ^ wide).to_ne_bytes();
        }
    }
    let (lanes, tail) = tail.as_chunks_mut::<8>();
    for lane in lanes {
        *lane = (u64::from_ne_bytes(*lane) ^ wide).to_ne_bytes();
    }
    let (words, tail) = tail.as_chunks_mut::<4>();
    for bytes in words {
        *bytes = (u32::from_ne_bytes(*bytes) ^ word).to_ne_bytes();
    }
    for (byte, mask) in tail.iter_mut().zip(mask) {
        *byte ^= mask;
    }
}

/// The mask that continues a payload of which `done` bytes are unmasked.
#[inline]
#[must_use]
pub fn rotate_mask(mut mask: [u8; 4], done: usize) -> [u8; 4] {
    mask.rotate_left(done % 4);
    mask
}
