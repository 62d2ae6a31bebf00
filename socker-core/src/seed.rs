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

/// Numbers drawn from a seed: SipHash-2-4, a keyed pseudorandom function, of a counter. It needs 24
/// bytes where a stream cipher's state needs 300.
#[derive(Debug)]
pub(crate) struct Draw {
    seed: Seed,
    counter: u64,
    /// A draw is two masks, of which the second waits here.
    mask: Option<[u8; 4]>,
}

impl Draw {
    pub(crate) fn new(seed: Seed) -> Self {
        Self { seed, counter: 0, mask: None }
    }

    #[inline]
    fn next(&mut self) -> [u8; 8] {
        let mut hasher = SipHasher24::new_with_key(&self.seed.0);
        hasher.write_u64(self.counter);
        self.counter = self.counter.wrapping_add(1);
        hasher.finish().to_ne_bytes()
    }

    #[inline]
    pub(crate) fn mask(&mut self) -> [u8; 4] {
        if let Some(mask) = self.mask.take() {
            return mask;
        }
        let [a, b, c, d, other @ ..] = self.next();
        self.mask = Some(other);
        [a, b, c, d]
    }

    pub(crate) fn key(&mut self) -> [u8; 16] {
        let mut key = [0; 16];
        for half in key.as_chunks_mut::<8>().0 {
            *half = self.next();
        }
        key
    }
}
