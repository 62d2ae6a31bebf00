//! See [`socker_fuzz::rooms`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| socker_fuzz::rooms(data));
