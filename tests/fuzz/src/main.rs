//! One program for all targets: `ZAPYS_FUZZ_TARGET` names the one that is fuzzed.
#![no_main]

mod targets;

use std::sync::OnceLock;

fn target() -> fn(&[u8]) {
    static TARGET: OnceLock<fn(&[u8])> = OnceLock::new();
    *TARGET.get_or_init(|| {
        let name = std::env::var("ZAPYS_FUZZ_TARGET").unwrap_or_default();
        let found = targets::TARGETS.iter().find(|t| t.0 == name);
        found.unwrap_or_else(|| panic!("ZAPYS_FUZZ_TARGET names no target")).1
    })
}

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| target()(bytes));
