use super::*;

#[test]
fn xtext_is_decoded() {
    assert_eq!(decode_xtext("a+2Bb+3d").as_deref(), Some("a+b="));
    assert_eq!(decode_xtext("+C3+A9").as_deref(), Some("\u{e9}"));
    for bad in ["+", "+2", "+2G", "++2B", "a=b", "+00", "+0A", "+C3", "+7F"] {
        assert_eq!(decode_xtext(bad), None, "{bad}");
    }
}

#[test]
fn unicode_escapes_are_decoded() {
    assert_eq!(decode_unicode_escapes(r"a\x{E9}b\x{1F600}").as_deref(), Some("a\u{e9}b\u{1f600}"));
    for bad in [r"\x{}", r"\x{E}", r"\x{E9", r"\x{D800}", r"\x{110000}", r"\x{0000E9}0\x{+E9}", r"\x{0A}"] {
        assert_eq!(decode_unicode_escapes(bad), None, "{bad}");
    }
}

#[test]
fn dsn_values_are_bounded() {
    assert_eq!(envelope_id(&"x".repeat(100)).map(|id| id.len()), Some(100));
    assert_eq!(envelope_id(&"x".repeat(101)), None);
    assert!(OriginalRecipient::parse(&format!("rfc822;{}", "x".repeat(493))).is_some());
    assert_eq!(OriginalRecipient::parse(&format!("rfc822;{}", "x".repeat(494))), None);
    assert_eq!(OriginalRecipient::parse("rfc822;"), None);
    assert_eq!(OriginalRecipient::parse(";x"), None);
}
