//! Case 40: whose mail was forwarded, as the programs of the world write it down.

use guichet_mail::{ParseLimits, forwarded_author, parse};
use proptest::prelude::*;

fn author(raw: &[u8]) -> Option<(Option<String>, String)> {
    let author = forwarded_author(raw, &parse(raw, &ParseLimits::default()))?;
    Some((author.name, author.address?.to_string()))
}

/// The author of what is forwarded with this subject and text.
fn of(subject: &str, text: &str) -> Option<(Option<String>, String)> {
    let head = "From: ana@acme.example\r\nContent-Type: text/plain; charset=utf-8\r\n";
    author(format!("{head}Subject: {subject}\r\n\r\n{}", text.replace('\n', "\r\n")).as_bytes())
}

#[test]
fn an_attached_mail_says_it_best() {
    let found = author(include_bytes!("../data/forwarded.eml")).unwrap();
    assert_eq!(found, (Some("Customer".to_owned()), "customer@home.example".to_owned()));
}

#[test]
fn an_attached_mail_is_preferred_to_what_the_text_says() {
    let raw = b"From: a@acme.example\r\nSubject: Fwd: x\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n\
                --b\r\n\r\nFrom: wrong@x.example\r\nSent: now\r\nSubject: x\r\n--b\r\n\
                Content-Type: message/rfc822\r\n\r\nFrom: right@x.example\r\nSubject: x\r\n\r\nHi\r\n--b--\r\n";
    assert_eq!(author(raw).unwrap().1, "right@x.example");
}

#[test]
fn attached_mails_of_different_people_propose_nobody() {
    let part = |from: &str| format!("--b\r\nContent-Type: message/rfc822\r\n\r\nFrom: {from}\r\n\r\nHi\r\n");
    let mail = |one: &str, other: &str| {
        let head = "From: a@acme.example\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n";
        author(format!("{head}{}{}--b--\r\n", part(one), part(other)).as_bytes())
    };
    assert_eq!(mail("a@x.example", "b@x.example"), None);
    assert_eq!(mail("a@x.example, b@x.example", "a@x.example"), None);
    assert_eq!(mail("a@x.example", "A <a@X.example>").unwrap().1, "a@x.example");
}

#[test]
fn every_programs_block_is_read_in_every_language() {
    let blocks = [
        (
            "Fwd: x",
            "see\n\n---------- Forwarded message ---------\nFrom: Bia <bia@x.example>\nDate: Mon, 1 Jan\nSubject: x\nTo: <us@acme.example>\n",
        ),
        (
            "Fwd: x",
            "---------- Mensagem encaminhada ---------\nDe: Bia <bia@x.example>\nData: seg.\nAssunto: x\n",
        ),
        ("WG: x", "Bitte.\n\nVon: Bia [mailto:bia@x.example]\nGesendet: Montag\nAn: Wir\nBetreff: x\n"),
        ("TR : x", "De : Bia <bia@x.example>\nEnvoyé : lundi\nÀ : Nous\nObjet : x\n"),
        ("RV: x", "De: Bia <bia@x.example>\nEnviado el: lunes\nPara: Nosotros\nAsunto: x\n"),
        ("ENC: x", "De: Bia <bia@x.example>\nEnviada em: segunda-feira\nPara: Nos\nAssunto: x\n"),
        (
            "FW: x",
            "*From:* Bia <bia@x.example<mailto:bia@x.example>>\n*Sent:* Monday\n*To:* Us\n*Subject:* x\n",
        ),
        (
            "Fwd: x",
            "> Begin forwarded message:\n> \n> From: Bia <bia@x.example>\n> Subject: x\n> Date: today\n",
        ),
        (
            "Fwd: x",
            "Anfang der weitergeleiteten Nachricht:\n\n> Von: \"Bia\" <bia@x.example>\n> Betreff: x\n",
        ),
        ("Fwd: x", "Début du message réexpédié :\n\n> De: Bia <bia@x.example>\n> Objet: x\n"),
        ("x", "---------- Mensaje reenviado ---------\nDe: Bia <bia@x.example>\nFecha: lun\n"),
    ];
    for (subject, text) in blocks {
        assert_eq!(of(subject, text), Some((Some("Bia".to_owned()), "bia@x.example".to_owned())), "{text}");
    }
}

#[test]
fn a_block_in_html_is_read() {
    let raw = "From: a@acme.example\r\nSubject: FW: x\r\nContent-Type: text/html\r\n\r\n<p>see</p><div><b>From:</b> Bia \
               &lt;bia@x.example&gt;<br><b>Sent:</b> Monday<br><b>To:</b> Us<br><b>Subject:</b> x</div>";
    assert_eq!(author(raw.as_bytes()).unwrap().1, "bia@x.example");
}

#[test]
fn an_answer_that_quotes_is_no_forward() {
    assert_eq!(of("Re: x", "Yes.\n\nFrom: Bia <bia@x.example>\nSent: Monday\nTo: Us\nSubject: x\n"), None);
    assert_eq!(of("x", "I sent you a forwarded message. From: nowhere\n"), None);
    assert_eq!(of("Fwd: x", "From: not an address\nDate: x\nSubject: y\n"), None);
}

proptest! {
    #[test]
    fn whatever_stands_there_an_author_is_an_address_or_nobody(
        lines in proptest::collection::vec("(From|De|Von|Sent|Date|Subject|To|À)? ?:? ?[\\PC]{0,30}(<a@b.example>)?", 0..30),
        subject in "(Fwd: |Re: )?[a-z]{0,5}",
    ) {
        if let Some((name, address)) = of(&subject, &lines.join("\n")) {
            prop_assert!(guichet_mail::MailAddress::parse(&address).is_ok());
            prop_assert!(name.is_none_or(|name| name.chars().count() <= 200 && !name.chars().any(char::is_control)));
        }
    }

    #[test]
    fn any_octets_are_read_without_harm(octets in proptest::collection::vec(any::<u8>(), 0..600)) {
        let raw = [&b"From: forwarding-noreply@google.com\r\nSubject: Fwd: #1\r\n"[..], &octets].concat();
        let parsed = parse(&raw, &ParseLimits::default());
        let _ = forwarded_author(&raw, &parsed);
        if let Some(found) = guichet_mail::forwarding_confirmation(&raw, &parsed) {
            prop_assert!(found.link.is_none_or(|link| link.starts_with("https://")));
        }
    }
}
