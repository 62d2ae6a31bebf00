use fearless_simd::{Level, dispatch, prelude::*};

/// From here on the widest vectors of the processor pay for finding out which there are.
const WIDE_FROM: usize = 128;

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
    match data.len() {
        0..4 => mask_bytes(mask, data),
        4..8 => mask_ends::<4>(mask, data),
        8..16 => mask_ends::<8>(mask, data),
        16..32 => mask_ends::<16>(mask, data),
        32..WIDE_FROM => mask_blocks::<16>(mask, data),
        WIDE_FROM.. => mask_wide(mask, data),
    }
}

/// The mask that continues a payload of which `done` bytes are unmasked.
#[inline]
#[must_use]
pub fn rotate_mask(mask: [u8; 4], done: usize) -> [u8; 4] {
    // As a slice it would be moved in memory.
    #[expect(clippy::cast_possible_truncation)]
    let bits = 8 * (done % 4) as u32;
    u32::from_le_bytes(mask).rotate_right(bits).to_le_bytes()
}

#[inline(never)]
fn mask_wide(mask: [u8; 4], data: &mut [u8]) {
    dispatch!(Level::new(), simd => mask_vectors(simd, mask, data));
}

/// In vectors of the processor's own width, which do not cross cache lines but at the ends.
#[inline(always)]
fn mask_vectors<S: Simd>(simd: S, mask: [u8; 4], data: &mut [u8]) {
    let width = S::u8s::LEN;
    let pattern = |begin: usize| {
        let pattern = [rotate_mask(mask, begin); 16];
        S::u8s::from_slice(simd, &pattern.as_flattened()[..width])
    };
    let (before, last) = (data.as_ptr().align_offset(width).min(width), data.len() - width);
    // The ends overlap with what lies between them, so they are read before and written after it.
    let head = S::u8s::from_slice(simd, &data[..width]) ^ pattern(0);
    let tail = S::u8s::from_slice(simd, &data[last..]) ^ pattern(last);
    let between = pattern(before);
    for vector in data[before..].chunks_exact_mut(width) {
        (S::u8s::from_slice(simd, vector) ^ between).store_slice(vector);
    }
    head.store_slice(&mut data[..width]);
    tail.store_slice(&mut data[last..]);
}

/// In two blocks, which overlap unless `data` is twice as long as one; compiled, these are vectors
/// that every processor of the target has.
#[inline(always)]
fn mask_ends<const N: usize>(mask: [u8; 4], data: &mut [u8]) {
    let begin = data.len() - N;
    // Both are read before either is written.
    let (Some(first), Some(last)) = (data.first_chunk::<N>(), data.last_chunk::<N>()) else {
        return;
    };
    let (first, last) = (mask_block(mask, *first), mask_block(rotate_mask(mask, begin), *last));
    data[..N].copy_from_slice(&first);
    data[begin..].copy_from_slice(&last);
}

/// In blocks, of which `data` has at least one.
#[inline(always)]
fn mask_blocks<const N: usize>(mask: [u8; 4], data: &mut [u8]) {
    let Some(last) = data.last_chunk::<N>() else { return };
    // It overlaps with the block before, so it is read first and written last.
    let last = mask_block(rotate_mask(mask, data.len() - N), *last);
    for block in data.as_chunks_mut::<N>().0 {
        *block = mask_block(mask, *block);
    }
    if let Some(end) = data.last_chunk_mut::<N>() {
        *end = last;
    }
}

/// A multiple of the mask's length.
#[inline(always)]
fn mask_block<const N: usize>(mask: [u8; 4], mut block: [u8; N]) -> [u8; N] {
    for word in block.as_chunks_mut::<4>().0 {
        *word = (u32::from_ne_bytes(*word) ^ u32::from_ne_bytes(mask)).to_ne_bytes();
    }
    block
}

#[inline(always)]
fn mask_bytes(mask: [u8; 4], data: &mut [u8]) {
    for (byte, mask) in data.iter_mut().zip(mask) {
        *byte ^= mask;
    }
}
