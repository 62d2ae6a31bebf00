use std::{fmt, hash::Hasher};

use siphasher::sip::SipHasher24;

/// Sixteen unpredictable bytes, from which a machine draws its keys and masks.
///
/// A client's masks must not be predictable (RFC 6455, section 10.3), so take a seed from the
/// operating system and use it for one machine only. In a test any will do.
///
/// ```
/// use socker_core::Seed;
///
/// let seed = Seed::from([7; 16]);
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Seed([u8; 16]);

impl From<[u8; 16]> for Seed {
    fn from(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }
}

/// Keeps the bytes secret.
impl fmt::Debug for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seed")
    }
}

/// Numbers drawn from a seed: SipHash-2-4, a keyed pseudorandom function, of a counter. It needs 28
/// bytes where a stream cipher's state needs 300.
#[derive(Debug)]
pub(crate) struct Draw {
    seed: Seed,
    /// How many masks have been drawn. Two are one number, and what is odd has the other half of it.
    /// As bytes, which need no alignment: there are many machines.
    masks: [u8; 8],
    /// The second half of the last number.
    half: [u8; 4],
}

impl Draw {
    pub(crate) fn new(seed: Seed) -> Self {
        Self { seed, masks: [0; 8], half: [0; 4] }
    }

    fn number(&self, masks: u64) -> [u8; 8] {
        let mut hasher = SipHasher24::new_with_key(&self.seed.0);
        hasher.write_u64(masks);
        hasher.finish().to_ne_bytes()
    }

    #[inline]
    pub(crate) fn mask(&mut self) -> [u8; 4] {
        let masks = u64::from_le_bytes(self.masks);
        self.masks = masks.wrapping_add(1).to_le_bytes();
        if masks % 2 == 1 {
            return self.half;
        }
        let [a, b, c, d, half @ ..] = self.number(masks);
        self.half = half;
        [a, b, c, d]
    }

    pub(crate) fn key(&mut self) -> [u8; 16] {
        let mut key = [0; 16];
        for quarter in key.as_chunks_mut::<4>().0 {
            *quarter = self.mask();
        }
        key
    }
}
