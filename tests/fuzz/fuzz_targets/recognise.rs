//! Any bytes are recognised as something, under any name.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = zapys_formats::examine(&bytes, None);
    for name in ["call.gsm", "call.wav", "table.csv", "page.html"] {
        let _ = zapys_formats::recognise(&bytes, Some(name));
    }
});
