//! Transfer encodings and charsets.

use guichet_mail::{PartDecoder, TransferEncoding, decode_part, decode_text, decode_text_checked};
use proptest::prelude::*;

fn in_pieces(input: &[u8], encoding: TransferEncoding, piece_bytes: usize) -> Vec<u8> {
    let mut decoder = PartDecoder::new(encoding);
    let mut out = Vec::new();
    for piece in input.chunks(piece_bytes) {
        decoder.push(piece, &mut out);
    }
    decoder.finish(&mut out);
    out
}

#[test]
fn base64_is_read_tolerantly() {
    let decoded = |text: &str| decode_part(text.as_bytes(), TransferEncoding::Base64).into_owned();
    assert_eq!(decoded("aGVsbG8="), b"hello");
    assert_eq!(decoded("aGVs\r\nbG8"), b"hello");
    assert_eq!(decoded("aGVsbG8=aGVsbG8="), b"hellohello");
    assert_eq!(decoded("aG!Vs*bG8="), b"hello");
    assert_eq!(decoded("a"), b"");
    assert_eq!(decoded("===="), b"");
}

#[test]
fn quoted_printable_is_read_tolerantly() {
    let decoded = |text: &str| decode_part(text.as_bytes(), TransferEncoding::QuotedPrintable).into_owned();
    assert_eq!(decoded("caf=C3=A9"), "café".as_bytes());
    assert_eq!(decoded("soft=\r\nbreak"), b"softbreak");
    assert_eq!(decoded("soft= \r\nbreak"), b"softbreak");
    assert_eq!(decoded("trailing  \r\nspace"), b"trailing\r\nspace");
    assert_eq!(decoded("100 =ZZ %"), b"100 =ZZ %");
    assert_eq!(decoded("="), b"");
}

#[test]
fn uuencode_is_read() {
    let text = b"begin 644 x.txt\r\n%:&5L;&\\\r\n`\r\nend\r\n";
    assert_eq!(decode_part(text, TransferEncoding::Uuencode).as_ref(), b"hello");
}

#[test]
fn damage_is_noted() {
    let is_damaged = |text: &[u8], encoding| {
        let mut decoder = PartDecoder::new(encoding);
        decoder.push(text, &mut Vec::new());
        decoder.finish(&mut Vec::new());
        decoder.is_damaged()
    };
    assert!(is_damaged(b"aGVsb", TransferEncoding::Base64));
    assert!(is_damaged(b"a=XXb", TransferEncoding::QuotedPrintable));
    assert!(!is_damaged(b"aGVsbG8", TransferEncoding::Base64));
    assert!(is_damaged(b"begin 644 x\n", TransferEncoding::Uuencode));
}

#[test]
fn an_endless_line_is_decoded_in_bounded_memory() {
    let mut decoder = PartDecoder::new(TransferEncoding::QuotedPrintable);
    let mut out = Vec::new();
    for _ in 0..10_000 {
        decoder.push(b"=41=42=4", &mut out);
        decoder.push(b"3 no line break at all ", &mut out);
    }
    assert!(out.len() > 10_000 * 20, "held back: {}", out.len());
    decoder.finish(&mut out);
    assert_eq!(out, b"ABC no line break at all ".repeat(10_000));
}

// zammad#2722, #2224, #2201, #6054
#[test]
fn case_26_text_is_never_empty_because_of_its_charset() {
    assert_eq!(decode_text(b"caf\xE9", None), "café");
    assert_eq!(decode_text("café".as_bytes(), None), "café");
    assert_eq!(decode_text("café".as_bytes(), Some("us-ascii")), "café");
    assert_eq!(decode_text(b"caf\xE9", Some("utf-8")), "café");
    assert_eq!(decode_text(b"caf\xC3\xA9 \xFF", Some("utf-8")), "café \u{FFFD}");
    assert_eq!(decode_text(b"caf\xE9", Some("no-such-thing")), "café");
    assert_eq!(decode_text(b"caf\xE9", Some("")), "café");
    assert_eq!(decode_text(b"\xEF\xBB\xBFbom", None), "bom");
    assert_eq!(decode_text(b"\xE8\xC4", Some("gb2312")), "枘");
    assert_eq!(decode_text(b"\x1B$B$3$s\x1B(B", Some("ISO-2022-JP")), "こん");
    assert_eq!(decode_text(b"\xBE\xC8\xB3\xE7", Some("ks_c_5601-1987")), "안녕");
    assert_eq!(decode_text(b"\xC0\xE9", Some("cp1258")), "Àé");
    assert_eq!(decode_text(b"Hi +AOk-", Some("utf-7")), "Hi +AOk-");
    assert!(decode_text_checked(b"abc", Some("no-such-thing")).is_damaged);
    assert!(!decode_text_checked(b"abc", Some("us-ascii")).is_damaged);
}

proptest! {
    /// However the octets come in pieces, the same comes out.
    #[test]
    fn pieces_change_nothing(input in "([ -~]|\r\n|=\r\n|=[0-9A-F]{2}|=){0,80}", piece in 1_usize..20) {
        for encoding in [TransferEncoding::Base64, TransferEncoding::QuotedPrintable, TransferEncoding::Uuencode] {
            prop_assert_eq!(in_pieces(input.as_bytes(), encoding, piece), decode_part(input.as_bytes(), encoding).into_owned());
        }
    }
}
