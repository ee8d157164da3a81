//! The html reader takes any bytes without falling over.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = zapys_formats::html::read(&bytes);
});
