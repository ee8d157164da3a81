//! Tests of recognising kinds by content.

use super::*;
use ItemKind::{Article, CallRecords, ChatExport, Document, Other, Photo, Recording, Video, WebArchive};

fn check(bytes: &[u8], name: Option<&str>, kind: ItemKind, media_type: &str, format: &str) {
    let got = recognise(&bytes, name);
    assert_eq!(
        (got.kind, got.media_type.as_str(), got.format.as_str()),
        (kind, media_type, format),
        "{name:?} {:?}",
        &bytes[..bytes.len().min(24)]
    );
}
fn bx(kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
    [&(body.len() as u32 + 8).to_be_bytes(), kind.as_slice(), body].concat()
}
fn movie(brand: &[u8; 4], handlers: &[&[u8; 4]], late: bool) -> Vec<u8> {
    let ftyp = bx(b"ftyp", &[brand.as_slice(), b"\0\0\0\0isom"].concat());
    let tracks: Vec<u8> = handlers
        .iter()
        .flat_map(|h| {
            bx(
                b"trak",
                &[bx(b"tkhd", &[0; 20]), bx(b"mdia", &bx(b"hdlr", &[b"\0\0\0\0\0\0\0\0", h.as_slice(), &[0; 12]].concat()))]
                    .concat(),
            )
        })
        .collect();
    let moov = bx(b"moov", &[bx(b"mvhd", &[0; 100]), tracks].concat());
    let mdat = bx(b"mdat", &[7; 5000]);
    if late { [ftyp, mdat, moov].concat() } else { [ftyp, moov, mdat].concat() }
}
fn mp3(n: usize) -> Vec<u8> {
    // MPEG 1 layer III, 128 kbit/s, 44.1 kHz: 417 bytes a frame.
    (0..n).flat_map(|_| [vec![0xff, 0xfb, 0x90, 0x64], vec![0x55; 413]].concat()).collect()
}
fn ogg(packet: &[u8]) -> Vec<u8> {
    [b"OggS\0\x02".as_slice(), &[0; 20], &[1, packet.len() as u8], packet].concat()
}

#[test]
fn sound() {
    check(b"RIFF\x24\0\0\0WAVEfmt ", None, Recording, "audio/wav", "wav");
    check(b"RF64\xff\xff\xff\xffWAVEds64", None, Recording, "audio/wav", "rf64");
    check(b"#!AMR\n\x04", None, Recording, "audio/amr", "amr");
    check(b"#!AMR-WB\n\x04", None, Recording, "audio/amr-wb", "amr-wb");
    check(&ogg(b"OpusHead\x01"), None, Recording, "audio/ogg", "ogg-opus");
    check(&ogg(b"\x01vorbis"), None, Recording, "audio/ogg", "ogg-vorbis");
    check(&ogg(b"\x7fFLAC"), None, Recording, "audio/ogg", "ogg-flac");
    check(&[ogg(b"\x80theora"), ogg(b"\x01vorbis")].concat(), None, Video, "video/ogg", "ogg-theora");
    check(&[ogg(b"\x01vorbis"), ogg(b"\x80theora")].concat(), None, Video, "video/ogg", "ogg-theora");
    check(b"OggS", None, Recording, "audio/ogg", "ogg");
    check(b"fLaC\0\0\0\x22", None, Recording, "audio/flac", "flac");
    check(b"caff\0\x01\0\0", None, Recording, "audio/x-caf", "caf");
    check(&mp3(4), None, Recording, "audio/mpeg", "mp3");
    check(&[b"ID3\x04\0\0\0\0\0\x0a".as_slice(), &[0; 10], &mp3(3)].concat(), None, Recording, "audio/mpeg", "mp3");
    check(&[b"ID3\x04\0\0\0\0\x7f\x7f".as_slice(), &[0; 100]].concat(), None, Recording, "audio/mpeg", "mp3");
    check(b"\xff\xfb\x90\x64 but no frames follow here\0", None, Other, "application/octet-stream", "unknown");
    let adts: Vec<u8> = (0..4).flat_map(|_| [vec![0xff, 0xf1, 0x50, 0x80, 0x04, 0x1f, 0xfc], vec![1; 25]].concat()).collect();
    check(&adts, None, Recording, "audio/aac", "aac");
}

#[test]
fn tracks_decide_between_sound_and_video() {
    for late in [false, true] {
        check(&movie(b"M4A ", &[b"soun"], late), None, Recording, "audio/mp4", "m4a");
        check(&movie(b"isom", &[b"soun"], late), Some("x.mp4"), Recording, "audio/mp4", "m4a");
        check(&movie(b"M4A ", &[b"soun", b"vide"], late), None, Video, "video/mp4", "mp4");
        check(&movie(b"isom", &[b"vide"], late), Some("x.m4a"), Video, "video/mp4", "mp4");
        check(&movie(b"3gp5", &[b"soun"], late), None, Recording, "audio/3gpp", "3gp");
        check(&movie(b"3gp5", &[b"soun", b"vide"], late), None, Video, "video/3gpp", "3gp");
        check(&movie(b"qt  ", &[b"vide"], late), None, Video, "video/quicktime", "mov");
    }
    check(&bx(b"ftyp", b"M4A \0\0\0\0"), None, Recording, "audio/mp4", "m4a");
    check(&bx(b"ftyp", b"isom\0\0\0\0"), None, Video, "video/mp4", "mp4");
    check(&bx(b"ftyp", b"heic\0\0\0\0mif1"), None, Photo, "image/heic", "heic");
    check(&bx(b"ftyp", b"avif\0\0\0\0mif1"), None, Photo, "image/avif", "avif");
    // Lengths that lie: a box of 2^63 bytes, boxes of no bytes.
    check(
        &[bx(b"ftyp", b"isom\0\0\0\0"), b"\0\0\0\x01moov\x7f\xff\xff\xff\xff\xff\xff\xff".to_vec()].concat(),
        None,
        Video,
        "video/mp4",
        "mp4",
    );
    check(&[bx(b"ftyp", b"isom\0\0\0\0"), b"\0\0\0\x02moov".to_vec()].concat(), None, Video, "video/mp4", "mp4");
    let track = |kind: u8| [b"\xae\x83\x83\x81".as_slice(), &[kind]].concat();
    let mkv = |tracks: &[u8]| {
        [
            b"\x1a\x45\xdf\xa3\x84\x42\x82\x81m\x18\x53\x80\x67\x01\xff\xff\xff\xff\xff\xff\xff\x16\x54\xae\x6b".as_slice(),
            &[0x80 | tracks.len() as u8],
            tracks,
        ]
        .concat()
    };
    check(&mkv(&track(2)), None, Recording, "audio/matroska", "matroska");
    check(&mkv(&[track(2), track(1)].concat()), None, Video, "video/matroska", "matroska");
    check(b"RIFF\0\0\0\0AVI LIST", None, Video, "video/x-msvideo", "avi");
}

#[test]
fn headerless_telephone_codecs_need_frames_or_a_name() {
    let gsm: Vec<u8> = (0..20_u8).flat_map(|i| [vec![0xd0 | i & 15], vec![0x80 | i; 32]].concat()).collect();
    check(&gsm, None, Recording, "audio/gsm", "gsm");
    check(&gsm[..99], Some("x.gsm"), Recording, "audio/gsm", "gsm");
    // Eleven bytes again and again, and cut off within a letter wherever the first look ends.
    check("слово ".repeat(60_000).as_bytes(), Some("x.txt"), Document, "text/plain", "text");
    check(&gsm[..99], None, Other, "application/octet-stream", "unknown");
    check(&[0xfa; 640], Some("call.g722"), Recording, "audio/G722", "g722");
    check(b"RIFF\x24\0\0\0WAVEfmt ", Some("x.gsm"), Recording, "audio/wav", "wav");
}

#[test]
fn content_wins_over_names() {
    check(b"#!AMR\n\x04", Some("photo.jpg"), Recording, "audio/amr", "amr");
    check(b"%PDF-1.4\n", Some("call.wav"), Document, "application/pdf", "pdf");
    check("Просто текст.".as_bytes(), Some("x.mp3"), Document, "text/plain", "text");
    check(b"", Some("x.wav"), Other, "application/x-empty", "empty");
    let s = examine(&b"#!AMR\n\x04".as_slice(), Some("photo.jpg")).unwrap();
    assert_eq!(s.findings.iter().map(|f| f.code.as_str()).collect::<Vec<_>>(), ["name-says-otherwise"]);
    assert!(examine(&b"#!AMR\n\x04".as_slice(), Some("a.b.AMR")).unwrap().findings.is_empty());
    let polyglot = [b"%PDF-1.4\n".as_slice(), b"PK\x05\x06", &[0; 18]].concat();
    assert_eq!(examine(&polyglot.as_slice(), Some("x.pdf")).unwrap().findings[0].code, "also-an-archive");
}

#[test]
fn containers_are_what_they_hold() {
    let zip = |names: &[&str]| {
        use std::io::Write;
        let mut w = ::zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        for n in names {
            let o = ::zip::write::SimpleFileOptions::default().compression_method(::zip::CompressionMethod::Stored);
            w.start_file(*n, o).unwrap();
            w.write_all(if *n == "mimetype" { b"application/vnd.oasis.opendocument.text" } else { b"x" }).unwrap();
        }
        w.finish().unwrap().into_inner()
    };
    check(&zip(&["a.txt"]), Some("x.docx"), Other, "application/zip", "zip");
    check(&zip(&["datapackage.json", "archive/data.warc.gz"]), None, WebArchive, "application/wacz", "wacz");
    check(
        &zip(&["[Content_Types].xml", "word/document.xml"]),
        Some("x.zip"),
        Document,
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "docx",
    );
    check(
        &zip(&["[Content_Types].xml", "xl/workbook.xml"]),
        None,
        Document,
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "xlsx",
    );
    check(&zip(&["mimetype", "content.xml"]), None, Document, "application/vnd.oasis.opendocument.text", "odt");
    check(&zip(&["_chat.txt", "a.opus"]), None, ChatExport, "application/zip", "whatsapp-zip");
    check(&zip(&["WhatsApp Chat with X.txt"]), None, ChatExport, "application/zip", "whatsapp-zip");
    let whole = zip(&["a.txt", "b.txt"]);
    check(&whole[..60], None, Other, "application/zip", "zip");
    check(b"PK\x05\x06\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", None, Other, "application/zip", "zip");
    check(b"7z\xbc\xaf\x27\x1c\0\x04", None, Other, "application/x-7z-compressed", "7z");
    check(b"Rar!\x1a\x07\x01\0", None, Other, "application/vnd.rar", "rar");
    check(b"SQLite format 3\0\x10\0", Some("x.txt"), Other, "application/vnd.sqlite3", "sqlite");
    check(b"WARC/1.0\r\nWARC-Type: warcinfo\r\n", None, WebArchive, "application/warc", "warc");
}

#[test]
fn texts() {
    check(
        br#"{"name":"x","type":"personal_chat","id":1,"messages":[{"id":1,"type":"message","date":"d","text":"t"}]}"#,
        None,
        ChatExport,
        "application/json",
        "telegram-json",
    );
    check(br#"{"a": [1, 2]}"#, Some("result.json"), Other, "application/json", "json");
    check(
        b"<!DOCTYPE html><html><head><meta property='og:type' content='article'></head><body>x",
        None,
        Article,
        "text/html",
        "html",
    );
    check(
        b"<html><head><script type='application/ld+json'>{\"@type\":\"NewsArticle\"}</script></head>",
        None,
        Article,
        "text/html",
        "html",
    );
    check(b"  <!-- c --><html><body><form><input></form></body></html>", Some("x.txt"), Document, "text/html", "html");
    check(b"<?xml version=\"1.0\"?><smses count=\"1\"></smses>", None, ChatExport, "application/xml", "sms-xml");
    check(b"<?xml version=\"1.0\"?><!--c--><calls count=\"1\"></calls>", None, CallRecords, "application/xml", "calls-xml");
    check(b"<svg xmlns='http://www.w3.org/2000/svg'/>", None, Other, "image/svg+xml", "svg");
    check(
        b"MIME-Version: 1.0\r\nSnapshot-Content-Location: https://example.org/\r\n\r\nx",
        None,
        WebArchive,
        "multipart/related",
        "mhtml",
    );
    check(b"From: a@example.org\r\nDate: x\r\nSubject: y\r\n\r\nhello", None, Document, "message/rfc822", "mail");
    check(
        "12.05.2024, 10:00 - Оля: Привіт\n12.05.2024, 10:01 - Іван: Так\n".as_bytes(),
        None,
        ChatExport,
        "text/plain",
        "whatsapp-text",
    );
    check(
        "[12.05.2024, 10:00:00] Оля: Привіт\n\u{200e}[12.05.2024, 10:01:00] Іван: Так\n".as_bytes(),
        None,
        ChatExport,
        "text/plain",
        "whatsapp-text",
    );
    check(
        "Номер А;Номер Б;Дата и время;Длительность\n1;2;14.05.2024 10:00;5\n".as_bytes(),
        Some("x.txt"),
        CallRecords,
        "text/csv",
        "call-csv",
    );
    check(b"Name;Price\nx;5\ny;6\n", None, Document, "text/csv", "csv");
    check(b"one line", Some("x.csv"), Document, "text/csv", "csv");
    check(b"# Title\n\ntext\n", Some("x.md"), Document, "text/markdown", "markdown");
    check("Тихий вечір. Ми вийшли, і дощ почався.\n".as_bytes(), None, Document, "text/plain", "text");
    check(&encoding_rs::WINDOWS_1251.encode("Тихий вечер. Мы вышли, и дождь начался.").0, None, Document, "text/plain", "text");
    check(&[0, 1, 2, 3, 255, 254, 7, 8], None, Other, "application/octet-stream", "unknown");
}

#[test]
fn pictures_by_signature() {
    check(b"GIF89a\x01\0\x01\0", None, Photo, "image/gif", "gif");
    check(b"II*\0\x08\0\0\0", None, Photo, "image/tiff", "tiff");
    check(b"\xff\xd8\xff\xe0", Some("x.png"), Photo, "image/jpeg", "jpeg");
    check(b"\x89PNG\r\n\x1a\n", None, Photo, "image/png", "png");
    check(b"RIFF\0\0\0\0WEBPVP8 ", None, Photo, "image/webp", "webp");
    check(b"BM is how this sentence begins, and it is no picture.", None, Document, "text/plain", "text");
}
