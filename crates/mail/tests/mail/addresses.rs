//! Addresses: what may be written to, and what is only shown.

use guichet_mail::{Address, DomainName, DomainNameError, MailAddress, MailAddressError};

use crate::reading::read;

fn from(value: &str) -> Vec<Address> {
    read(&format!("From: {value}\n\nhello\n")).from
}

/// Name, address and raw text of each entry, `-` for what is absent.
fn shown(value: &str) -> String {
    let or_dash = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
    let line = |entry: &Address| {
        let address = entry.address.as_ref().map(ToString::to_string);
        format!("{} | {} | {}", or_dash(&entry.name), or_dash(&address), or_dash(&entry.raw))
    };
    from(value).iter().map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn addresses_as_real_headers_have_them() {
    let table = [
        ("anna@shop.example", "- | anna@shop.example | -"),
        ("Anna <anna@shop.example>", "Anna | anna@shop.example | -"),
        ("\"Lima, Anna\" <anna@shop.example>", "Lima, Anna | anna@shop.example | -"),
        ("anna@shop.example (Anna Lima)", "Anna Lima | anna@shop.example | -"),
        ("(Anna) <anna@shop.example>", "Anna | anna@shop.example | -"),
        ("a@x.example, B <b@y.example>", "- | a@x.example | -\nB | b@y.example | -"),
        ("Team: a@x.example, b@y.example;", "- | a@x.example | -\n- | b@y.example | -"),
        ("undisclosed-recipients:;", ""),
        ("<@relay.example,@two.example:anna@shop.example>", "- | anna@shop.example | -"),
        ("<anna . lima @ shop.example>", "- | anna.lima@shop.example | -"),
        ("\"anna lima\"@shop.example", "- | \"anna lima\"@shop.example | -"),
        ("\"anna\"@shop.example", "- | anna@shop.example | -"),
        ("=?utf-8?q?J=C3=B6rg?= <j@x.example>", "Jörg | j@x.example | -"),
        ("=?utf-8?q?Lima,_Anna?= <a@x.example>", "Lima, Anna | a@x.example | -"),
        ("\"=?utf-8?q?J=C3=B6rg?=\" <j@x.example>", "Jörg | j@x.example | -"),
        ("\"Say \\\"hi\\\"\" <a@x.example>", "Say \"hi\" | a@x.example | -"),
        ("a@x.example; b@y.example", "- | a@x.example | -\n- | b@y.example | -"),
        ("Anna <ANNA@SHOP.Example>", "Anna | ANNA@shop.example | -"),
        ("a@b@c.example", "- | - | a@b@c.example"),
        ("Anna Lima", "- | - | Anna Lima"),
        ("root@localhost", "- | root@localhost | -"),
        ("a@[192.0.2.1]", "- | - | a@[192.0.2.1]"),
    ];
    for (header, expected) in table {
        assert_eq!(shown(header), expected, "{header}");
    }
}

// zammad/zammad#3066, #811, #2372, #3303; freescout#1999
#[test]
fn case_24_absurd_senders_are_shown_and_never_answered() {
    assert_eq!(shown("Fabian <a@b.ug"), "Fabian | - | Fabian <a@b.ug");
    assert_eq!(shown("<\"\"@x.br>"), "- | - | <\"\"@x.br>");
    assert_eq!(shown("Müller <müller@straße.example>"), "Müller | müller@xn--strae-oqa.example | -");
    assert_eq!(shown("<>"), "- | - | <>");
    assert_eq!(shown(""), "");
}

#[test]
fn an_encoded_word_smuggles_no_address_in() {
    assert_eq!(
        shown("=?utf-8?q?boss=40bank.example=2C?= <a@x.example>"),
        "boss@bank.example, | a@x.example | -"
    );
    assert_eq!(shown("=?utf-8?q?Boss_=3Cboss=40bank.example=3E?="), "- | - | Boss <boss@bank.example>");
}

#[test]
fn an_address_says_what_is_wrong_with_it() {
    let long_local = format!("{}@x.example", "a".repeat(65));
    let long_domain = format!("a@{}", "abcdefgh.".repeat(40));
    let table = [
        ("anna", MailAddressError::NoAt),
        ("@x.example", MailAddressError::EmptyLocal),
        ("\"\"@x.example", MailAddressError::EmptyLocal),
        ("an na@x.example", MailAddressError::BadLocal),
        ("a\u{202E}b@x.example", MailAddressError::BadLocal),
        ("\"a\nb\"@x.example", MailAddressError::BadLocal),
        ("...@x.example", MailAddressError::BadLocal),
        (&long_local, MailAddressError::TooLong),
        ("a@", MailAddressError::BadDomain(DomainNameError::Empty)),
        ("a@x..example", MailAddressError::BadDomain(DomainNameError::BadLabel)),
        ("a@x.example\r\nBcc: b", MailAddressError::BadDomain(DomainNameError::BadLabel)),
        ("a@127.0.0.1", MailAddressError::BadDomain(DomainNameError::IpAddress)),
        (&long_domain, MailAddressError::BadDomain(DomainNameError::TooLong)),
    ];
    for (text, error) in table {
        assert_eq!(MailAddress::parse(text), Err(error), "{text:?}");
    }
}

#[test]
fn one_correspondent_has_one_key() {
    let key = |text: &str| MailAddress::parse(text).unwrap().normalised();
    assert_eq!(key("Anna.Lima@Shop.Example"), "anna.lima@shop.example");
    assert_eq!(key("\"ANNA\"@shop.example."), "anna@shop.example");
    assert_eq!(key("JÖRG@BÜCHER.example"), "jörg@xn--bcher-kva.example");
}

#[test]
fn domains_have_one_spelling() {
    let read = |text: &str| DomainName::parse(text).map(|domain| domain.as_str().to_owned());
    assert_eq!(read("Desk.Example."), Ok("desk.example".to_owned()));
    assert_eq!(read("bücher.example"), Ok("xn--bcher-kva.example".to_owned()));
    assert_eq!(read("[192.0.2.1]"), Err(DomainNameError::IpAddress));
    assert_eq!(read("::1"), Err(DomainNameError::IpAddress));
    assert_eq!(read("127.1"), Err(DomainNameError::IpAddress));
    assert_eq!(read("-a.example"), Err(DomainNameError::BadLabel));
    assert_eq!(read(&"a.".repeat(127)), Ok("a.".repeat(127).trim_end_matches('.').to_owned()));
    assert_eq!(read(&format!("{}.example", "a".repeat(64))), Err(DomainNameError::TooLong));
    assert!(
        DomainName::parse("a.desk.example").unwrap().is_within(&DomainName::parse("desk.example").unwrap())
    );
    assert!(
        !DomainName::parse("mydesk.example").unwrap().is_within(&DomainName::parse("desk.example").unwrap())
    );
}
