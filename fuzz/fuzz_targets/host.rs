//! See [`socker_fuzz::host`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| socker_fuzz::host(data));
