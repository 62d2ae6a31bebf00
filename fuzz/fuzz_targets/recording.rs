//! See [`socker_fuzz::recording`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| socker_fuzz::recording(data));
