//! Case 43: confirmations of forwarding, and mails that only look like one.

use guichet_mail::{ForwardingConfirmation, ParseLimits, forwarding_confirmation, parse};

fn confirmation(raw: &[u8]) -> Option<ForwardingConfirmation> {
    forwarding_confirmation(raw, &parse(raw, &ParseLimits::default()))
}

fn of(from: &str, subject: &str, text: &str) -> Option<ForwardingConfirmation> {
    confirmation(format!("From: {from}\r\nSubject: {subject}\r\n\r\n{text}\r\n").as_bytes())
}

#[test]
fn gmails_question_is_read_in_another_language() {
    let found = confirmation(include_bytes!("../data/forwarding_gmail.eml")).unwrap();
    assert_eq!(found.provider, "Gmail");
    assert_eq!(found.address.unwrap().to_string(), "loja@gmail.example");
    assert_eq!(found.code.as_deref(), Some("123456789"));
    assert_eq!(
        found.link.as_deref(),
        Some("https://mail-settings.google.com/mail/vf-%5BANGjdJ8_one%5D-two_three"),
        "the one that agrees, not the one that declines"
    );
}

#[test]
fn microsofts_question_is_read_out_of_its_html() {
    let found = confirmation(include_bytes!("../data/forwarding_microsoft.eml")).unwrap();
    assert_eq!((found.provider, found.code.as_deref()), ("Microsoft", Some("0427")));
    assert_eq!(found.link.as_deref(), Some("https://account.live.com/proofs/Verify?a=1&b=2"));
}

#[test]
fn gmails_question_counts_even_without_code_and_link() {
    let found = of("forwarding-noreply@google.com", "(Gmail) Weiterleitung", "Bitte lesen.").unwrap();
    assert_eq!((found.code, found.link, found.address), (None, None, None));
}

#[test]
fn what_others_write_is_no_question_of_a_provider() {
    let text = "code: 123456 https://account.live.com/x";
    assert!(of("noreply@microsoft.com", "Verify", text).is_some());
    assert!(of("noreply@microsoft.com", "News of the month", text).is_none());
    assert!(of("noreply@microsoft.com", "Verify", "nothing").is_none());
    for from in [
        "noreply@outlook.com",
        "noreply@evilmicrosoft.com",
        "bill@microsoft.com",
        "forwarding-noreply@google.com.evil.example",
        "forwarding-noreply@gmail.com",
        "forwarding-noreply@google.com, eve@evil.example",
    ] {
        assert!(of(from, "(#123456789) Verify", text).is_none(), "{from}");
    }
}
