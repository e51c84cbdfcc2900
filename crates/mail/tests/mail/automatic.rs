//! Machines and people.

use guichet_mail::Automatic;

use crate::reading::read;

fn classified(headers: &str) -> Automatic {
    read(&format!("From: a@x.example\n{headers}\n\nhello\n")).automatic
}

// zammad#5113: answers of Gmail have no Microsoft headers
#[test]
fn case_14_out_of_office_by_rfc_3834_first() {
    assert_eq!(
        classified("Subject: Urlaub\nAuto-Submitted: auto-replied\nPrecedence: bulk"),
        Automatic::Reply
    );
    assert_eq!(classified("Auto-Submitted: auto-generated"), Automatic::Generated);
    assert_eq!(classified("Auto-Submitted: auto-replied; owner-email=\"x\""), Automatic::Reply);
    assert_eq!(classified("X-Autoreply: yes"), Automatic::Reply);
    assert_eq!(classified("X-Autorespond: Away"), Automatic::Reply);
    assert_eq!(classified("Precedence: bulk\nSubject: Out of Office: Re: My order"), Automatic::Reply);
    assert_eq!(classified("Precedence: auto_reply"), Automatic::Reply);
}

/// Exchange labels what it says for people who are away as generated.
#[test]
fn case_14_an_out_of_office_answer_of_exchange_is_an_answer() {
    let exchange = "Auto-Submitted: auto-generated\nX-Auto-Response-Suppress: All\nSubject: Automatic reply: Re: My order";
    assert_eq!(classified(exchange), Automatic::Reply);
    assert_eq!(classified("Auto-Submitted: auto-generated\nSubject: Abwesenheit: Re: x"), Automatic::Reply);
}

// osTicket#726, #5320
#[test]
fn case_15_suppress_header_alone_is_no_machine() {
    assert_eq!(classified("X-Auto-Response-Suppress: All"), Automatic::No);
    assert_eq!(classified("X-Auto-Response-Suppress: DR, OOF, AutoReply\nSubject: My order"), Automatic::No);
    assert_eq!(classified("X-Auto-Response-Suppress: None\nSubject: Automatic reply: x"), Automatic::No);
    assert_eq!(classified("Auto-Submitted: no\nX-Auto-Response-Suppress: All"), Automatic::No);
    assert_eq!(classified("X-Auto-Response-Suppress: All\nSubject: Automatic reply: x"), Automatic::Reply);
    assert_eq!(
        classified("X-Auto-Response-Suppress: All\nAuto-Submitted: auto-generated"),
        Automatic::Generated
    );
    assert_eq!(classified("Subject: Out of office furniture"), Automatic::No);
}

#[test]
fn reports_are_bounces_unless_they_say_otherwise() {
    let report =
        |kind: &str| classified(&format!("Content-Type: multipart/report; report-type={kind}; boundary=b"));
    assert_eq!(report("delivery-status"), Automatic::Bounce);
    assert_eq!(report("disposition-notification"), Automatic::Reply);
    assert_eq!(report("feedback-report"), Automatic::Generated);
    assert_eq!(classified("X-Failed-Recipients: b@y.example"), Automatic::Bounce);
    assert_eq!(read("From: MAILER-DAEMON@x.example\n\nno such user\n").automatic, Automatic::Bounce);
}

#[test]
fn lists_and_mass_mail() {
    assert_eq!(classified("List-Id: News <news.x.example>\nPrecedence: bulk"), Automatic::List);
    assert_eq!(classified("Precedence: list"), Automatic::List);
    assert_eq!(classified("Auto-Submitted: no\nList-Id: <news.x.example>"), Automatic::List);
    assert_eq!(classified("List-Unsubscribe: <https://x.example/u>"), Automatic::Bulk);
    assert_eq!(classified("Precedence: bulk"), Automatic::Bulk);
    assert!(classified("Precedence: first-class").is_human());
}

#[test]
fn nobody_writes_with_an_empty_envelope_sender() {
    for kind in [Automatic::No, Automatic::Generated, Automatic::Bulk, Automatic::List] {
        assert_eq!(kind.with_null_sender(), Automatic::Reply);
    }
    assert_eq!(Automatic::Bounce.with_null_sender(), Automatic::Bounce);
}

#[test]
fn list_headers_are_kept() {
    let list = read(
        "From: a@x.example\nList-Id: The News <news.x.example>\nList-Post: <mailto:news@x.example>\n\
         List-Unsubscribe: <https://x.example/u>\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\n\nhello\n",
    )
    .list;
    assert_eq!(list.id.as_deref(), Some("news.x.example"));
    assert_eq!(list.post.as_deref(), Some("<mailto:news@x.example>"));
    assert!(list.one_click);
}
