//! See [`socker_fuzz::interop`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| socker_fuzz::interop(data));
