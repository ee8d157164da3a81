//! Length of a bare AMR file, counted frame by frame.
//!
//! Every frame stands for 20 ms, also the tiny ones that say "silence here", so no bit rate tells the length.
//! Source: RFC 4867, section 5; 3GPP TS 26.101 and TS 26.201 for the frame sizes.

use std::io::{BufRead, BufReader};
use std::path::Path;

/// Bytes after the frame header, by frame type; reserved types have none and cannot be stepped over.
const NARROW: [Option<u64>; 16] = {
    let mut t = [None; 16];
    let sizes = [12, 13, 15, 17, 19, 20, 26, 31, 5, 6, 5, 5];
    let mut i = 0;
    while i < sizes.len() {
        t[i] = Some(sizes[i]);
        i += 1;
    }
    t[15] = Some(0);
    t
};
const WIDE: [Option<u64>; 16] = {
    let mut t = [None; 16];
    let sizes = [17, 23, 32, 36, 40, 46, 50, 58, 60, 5];
    let mut i = 0;
    while i < sizes.len() {
        t[i] = Some(sizes[i]);
        i += 1;
    }
    t[14] = Some(0);
    t[15] = Some(0);
    t
};

/// Milliseconds of sound that the frames stand for; `None` where this is no one-channel AMR file or its frames cannot
/// be walked to the end. A last frame that is cut off counts, since it was there when the file was made.
pub(super) fn duration_ms(path: &Path) -> std::io::Result<Option<u64>> {
    let mut bytes = BufReader::new(std::fs::File::open(path)?);
    let head = bytes.fill_buf()?;
    let (skip, sizes) = if head.starts_with(b"#!AMR\n") {
        (6, &NARROW)
    } else if head.starts_with(b"#!AMR-WB\n") {
        (9, &WIDE)
    } else {
        return Ok(None);
    };
    bytes.consume(skip);
    let mut n_frames = 0u64;
    while let Some(&header) = bytes.fill_buf()?.first() {
        let Some(size) = sizes[usize::from(header >> 3 & 0x0f)] else { return Ok(None) };
        n_frames += 1;
        let mut rest = size + 1;
        while rest > 0 {
            let n = bytes.fill_buf()?.len().min(rest as usize);
            if n == 0 {
                break;
            }
            bytes.consume(n);
            rest -= n as u64;
        }
    }
    Ok(Some(n_frames * 20))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn length_of(bytes: &[u8]) -> Option<u64> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), bytes).unwrap();
        duration_ms(file.path()).unwrap()
    }

    #[test]
    fn frames_are_counted_with_silence_and_a_cut_end() {
        let mut file = b"#!AMR\n".to_vec();
        file.extend([0x3c].iter().chain(&[0; 31])); // mode 7: 12.2 kbit/s
        file.extend([0x44, 0, 0, 0, 0, 0]); // silence descriptor
        file.extend([0x7c; 10]); // ten frames without data
        assert_eq!(length_of(&file), Some(240));
        file.extend([0x3c, 1, 2]);
        assert_eq!(length_of(&file), Some(260));
        assert_eq!(length_of(b"#!AMR-WB\n\x7c\x7c"), Some(40));
    }

    #[test]
    fn what_cannot_be_walked_has_no_length() {
        assert_eq!(length_of(b""), None);
        assert_eq!(length_of(b"RIFF"), None);
        assert_eq!(length_of(b"#!AMR_MC1.0\n"), None);
        assert_eq!(length_of(b"#!AMR\n\x64"), None, "frame type 12 is reserved");
        assert_eq!(length_of(b"#!AMR\n"), Some(0));
    }
}
