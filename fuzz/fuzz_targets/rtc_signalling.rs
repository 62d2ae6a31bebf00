//! See [`socker_fuzz::rtc_signalling`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| socker_fuzz::rtc_signalling(data));
