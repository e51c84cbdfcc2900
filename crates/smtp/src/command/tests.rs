use super::*;

#[test]
fn a_chunk_head_is_read_to_the_letter() {
    let head = |size, place| Ok(Command::Chunk(ChunkHead { size, place }));
    assert_eq!(parse(b"BDAT 5"), head(5, ChunkPlace::Inner));
    assert_eq!(parse(b"bdat  0  last "), head(0, ChunkPlace::Last));
    assert_eq!(parse(b"BDAT 18446744073709551615 LAST"), head(u64::MAX, ChunkPlace::Last));
    for line in [
        "BDAT",
        "BDAT ",
        "BDAT x",
        "BDAT +5",
        "BDAT 5x",
        "BDAT 5 LAST LAST",
        "BDAT 5 MORE",
        "BDAT 18446744073709551616",
        "BDAT\t5",
        "BDAT-5",
    ] {
        assert_eq!(parse(line.as_bytes()), Ok(Command::UnboundedChunk), "{line}");
    }
    assert_eq!(parse(b"BDATA 5"), Err(replies::unknown_command()));
}

#[test]
fn brackets_in_quotes_belong_to_the_address() {
    assert_eq!(path_and_parameters("TO:", r#"TO:<"a>b"@x> P"#), Some((r#""a>b"@x"#, " P")));
    assert_eq!(path_and_parameters("TO:", r#"TO:<"a\">b"@x> P"#), Some((r#""a\">b"@x"#, " P")));
    assert_eq!(
        path_and_parameters("TO:", r#"TO:<"a\\">b"#),
        None,
        "the quote ends behind an escaped backslash"
    );
    assert_eq!(path_and_parameters("TO:", r#"TO:<"a>"#), None);
}

#[test]
fn a_name_is_graphic_ascii_within_its_length() {
    let longest = "x".repeat(255);
    assert!(
        matches!(parse(format!("HELO {longest}").as_bytes()), Ok(Command::Hello(hello)) if hello.name == longest)
    );
    for name in ["", &format!("{longest}x"), "two words", "andr\u{e9}"] {
        assert_eq!(parse(format!("EHLO {name}").as_bytes()), Err(replies::bad_hello()), "{name}");
    }
}

#[test]
fn a_name_is_made_harmless_for_header_fields() {
    let Ok(Command::Hello(hello)) = parse(b"EHLO x(y);by\"z\",[IPv6:2001:db8::1]") else { panic!("a hello") };
    assert_eq!(hello.trace_name(), "x?y??by?z??[IPv6:2001:db8::1]");
}
