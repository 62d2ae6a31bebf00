//! See [`socker_fuzz::registration`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| socker_fuzz::registration(data));
