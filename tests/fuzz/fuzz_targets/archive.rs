//! Containers give their members within the limits, whatever they claim.
#![no_main]

use std::ops::ControlFlow;
use zapys_formats::Limits;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let limits = Limits { max_members: 1000, max_member_bytes: 1 << 22, max_total_bytes: 1 << 23, ..Limits::default() };
    for format in ["zip", "tar", "tar-gz", "gzip"] {
        let mut total = 0;
        let _ = zapys_formats::members(&bytes, format, limits, &mut |member, body| {
            assert!(!member.name.reveal().starts_with('/') && !member.name.reveal().split('/').any(|p| p == ".."));
            let mut buf = [0; 8192];
            while let Ok(n @ 1..) = body.read(&mut buf) {
                total += n as u64;
            }
            ControlFlow::Continue(())
        });
        assert!(total <= limits.max_total_bytes);
    }
});
