//! The plain-text reader takes any bytes without falling over, and quotations point at what they quote.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Ok(read) = zapys_formats::text_file::read(&bytes) {
        let joined: Vec<char> =
            read.value.blocks.iter().map(|b| b.text.as_str()).collect::<Vec<_>>().join("\n").chars().collect();
        for quote in &read.value.quotes {
            assert_eq!(joined[quote.start..quote.end].iter().collect::<String>(), quote.text);
        }
    }
});
