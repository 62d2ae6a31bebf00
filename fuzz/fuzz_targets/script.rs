//! See [`socker_fuzz::script`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| socker_fuzz::script(data));
