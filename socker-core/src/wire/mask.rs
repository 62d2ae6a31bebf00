use fearless_simd::{Level, dispatch, prelude::*};

/// From here on the widest vectors of the processor pay for finding out which there are.
const WIDE_FROM: usize = 256;

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
    if data.len() < WIDE_FROM {
        mask_words(mask, data);
    } else {
        mask_wide(mask, data);
    }
}

/// The mask that continues a payload of which `done` bytes are unmasked.
#[inline]
#[must_use]
pub fn rotate_mask(mut mask: [u8; 4], done: usize) -> [u8; 4] {
    mask.rotate_left(done % 4);
    mask
}

#[inline(never)]
fn mask_wide(mask: [u8; 4], data: &mut [u8]) {
    dispatch!(Level::new(), simd => mask_vectors(simd, mask, data));
}

/// In vectors of the processor's own width.
#[inline(always)]
fn mask_vectors<S: Simd>(simd: S, mask: [u8; 4], data: &mut [u8]) {
    let before = data.as_ptr().align_offset(64).min(data.len());
    let (head, data) = data.split_at_mut(before);
    mask_words(mask, head);
    let mask = rotate_mask(mask, before);
    let pattern = [mask; 16];
    let pattern = pattern.as_flattened();
    let pattern = S::u8s::from_slice(simd, &pattern[..S::u8s::LEN]);
    let mut vectors = data.chunks_exact_mut(S::u8s::LEN);
    for vector in &mut vectors {
        (S::u8s::from_slice(simd, vector) ^ pattern).store_slice(vector);
    }
    // Every vector's length is a multiple of the mask's.
    mask_words(mask, vectors.into_remainder());
}

/// In words; the first loop becomes vector instructions that every processor of the target has.
#[inline(always)]
fn mask_words(mask: [u8; 4], data: &mut [u8]) {
    let word = u32::from_ne_bytes(mask);
    let wide = u64::from(word) << 32 | u64::from(word);
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
