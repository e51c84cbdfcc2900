use proptest::prelude::*;

use super::*;

fn mailbox(text: &str) -> Mailbox {
    text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}

#[test]
fn quotes_belong_to_the_spelling_not_to_the_address() {
    assert_eq!(mailbox(r#""support"@x.example"#), mailbox("support@x.example"));
    assert_eq!(mailbox(r#""\s\u"@x.example"#).local(), "su");
    assert_eq!(mailbox(r#""a b"@x.example"#).local(), "a b");
    assert_eq!(mailbox(r#""a b"@x.example"#).to_string(), r#""a b"@x.example"#);
    assert_eq!(mailbox(r#""a\"\\@b"@x.example"#).local(), r#"a"\@b"#);
    assert_eq!(mailbox(r#""a\"\\@b"@x.example"#).to_string(), r#""a\"\\@b"@x.example"#);
    assert_eq!(mailbox(r#"""@x.example"#).to_string(), r#"""@x.example"#);
}

#[test]
fn misplaced_dots_are_kept() {
    for text in ["a..b@docomo.example", ".a@x.example", "a.@x.example"] {
        assert_eq!(mailbox(text).to_string(), text);
    }
}

#[test]
fn domains_keep_their_case_and_can_be_compared() {
    let mailbox = mailbox("A@Exa_mple.ORG");
    let domain = mailbox.domain().expect("a domain");
    assert_eq!((domain.as_str(), domain.to_ascii_lowercase().as_str()), ("Exa_mple.ORG", "exa_mple.org"));
}

#[test]
fn literals_are_addresses() {
    assert_eq!(*mailbox("a@[192.0.2.1]").host(), Host::Literal("192.0.2.1".parse().expect("an address")));
    assert_eq!(
        *mailbox("a@[ipv6:2001:DB8::1]").host(),
        Host::Literal("2001:db8::1".parse().expect("an address"))
    );
    assert_eq!(mailbox("a@[IPv6:2001:DB8::1]").to_string(), "a@[IPv6:2001:db8::1]");
    assert_eq!(mailbox("a@[192.0.2.1]").domain(), None);
}

#[test]
fn what_is_no_address_is_refused() {
    let bad = [
        "",
        "a",
        "@",
        "a@",
        "@x.example",
        "a b@x.example",
        "a@b@x.example",
        "a@x..example",
        "a@.x",
        "a@x.",
        "a@-x",
        "a@x-",
        "a@x y",
        "a@[",
        "a@[]",
        "a@[192.0.2.1",
        "a@[192.0.2]",
        "a@[2001:db8::1]",
        "a@[IPv6:192.0.2.1]",
        "a@[tag:x]",
        r#""a@x.example"#,
        r#""a"x@x.example"#,
        r#""a"b"@x.example"#,
        r#""a\"@x.example"#,
        "a\r@x.example",
        "a\n@x.example",
        "a\0@x.example",
        "\"a\r\n\"@x.example",
        "\"a\\\n\"@x.example",
        "\"a\u{85}\"@x.example",
        "a@x\u{2028}y",
        "a\u{a0}@x.example",
        "a<@x.example",
        "a@x>.example",
        "a@ex(comment)ample",
    ];
    for text in bad {
        assert_eq!(text.parse::<Mailbox>(), Err(AddressError::Syntax), "{text:?}");
    }
}

#[test]
fn lengths_are_bounded() {
    let local = "l".repeat(64);
    assert!(ForwardPath::parse(&format!("{local}@x.example")).is_ok());
    assert_eq!(ForwardPath::parse(&format!("{local}l@x.example")), Err(AddressError::TooLong));
    assert!(ReversePath::parse(&format!("{local}l@x.example")).is_ok(), "SRS writes such");
    let label = "d".repeat(63);
    assert_eq!(mailbox(&format!("a@{label}.example")).to_string().len(), 73);
    assert_eq!(format!("a@{label}d.example").parse::<Mailbox>(), Err(AddressError::TooLong));
    let domain = format!("{label}.{label}.{label}.{}", "d".repeat(60));
    assert_eq!(mailbox(&format!("a@{domain}")).to_string().len(), 254);
    assert_eq!(format!("aa@{domain}").parse::<Mailbox>(), Err(AddressError::TooLong));
    assert_eq!(format!("{domain}.dddd").parse::<Domain>(), Err(AddressError::TooLong));
}

#[test]
fn the_two_paths_without_an_address_stay_apart() {
    assert_eq!(ReversePath::parse(""), Ok(ReversePath::Null));
    assert_eq!(ForwardPath::parse(""), Err(AddressError::Syntax));
    assert_eq!(ForwardPath::parse("PostMaster"), Ok(ForwardPath::Postmaster));
    assert_eq!(ReversePath::parse("postmaster"), Err(AddressError::Syntax));
    assert_eq!(ReversePath::parse(r#""""#), Err(AddressError::Syntax));
    assert_eq!(
        (ReversePath::Null.to_string(), ForwardPath::Postmaster.to_string()),
        (String::new(), "postmaster".to_owned())
    );
}

#[test]
fn a_source_route_is_dropped() {
    let plain = ForwardPath::parse("a@x.example");
    assert_eq!(ForwardPath::parse("@r.example:a@x.example"), plain);
    assert_eq!(ForwardPath::parse("@r.example,@s.example:a@x.example"), plain);
    for text in [
        "@r.example",
        "@:a@x.example",
        "@r.example,s.example:a@x.example",
        "@r.example:",
        "@r.example:postmaster",
    ] {
        assert_eq!(ForwardPath::parse(text), Err(AddressError::Syntax), "{text}");
    }
}

#[test]
fn utf8_is_seen() {
    assert!(!mailbox("andr\u{e9}@x.example").is_ascii());
    assert!(!mailbox("a@\u{e9}.example").is_ascii());
    assert!(mailbox("a@[192.0.2.1]").is_ascii());
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_written_can_be_read(local in "[ -~\u{e9}\u{4e2d}]{0,20}", host in "[a-z]{1,9}(\\.[a-z]{1,9})?") {
        let quoted: String = local.chars().flat_map(|c| matches!(c, '"' | '\\').then_some('\\').into_iter().chain([c])).collect();
        let mailbox: Mailbox = format!("\"{quoted}\"@{host}").parse().expect("a quoted local part");
        prop_assert_eq!(mailbox.local(), local);
        prop_assert_eq!(mailbox.to_string().parse::<Mailbox>(), Ok(mailbox));
    }

    #[test]
    fn promise_9_no_text_breaks_the_parsers(data in prop::collection::vec(any::<u8>(), 0..300), text in "\\PC{0,40}@\\PC{0,40}") {
        crate::fuzzing::fuzz_parsers(&data);
        crate::fuzzing::fuzz_parsers(text.as_bytes());
    }
}
