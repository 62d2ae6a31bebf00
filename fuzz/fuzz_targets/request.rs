//! See [`socker_fuzz::request`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| socker_fuzz::request(data));
