//! See [`socker_fuzz::machine`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| socker_fuzz::machine(data));
