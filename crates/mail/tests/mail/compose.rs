//! Mails of ours, octet by octet.

use guichet_mail::compose::{Attachment, AutoSubmitted, Original, Quoted, TextBody};

use crate::composing::{file, identifier, mailbox, noon, octets, outgoing, shown};

fn original() -> Original {
    Original {
        from: "Anna Kowalska <anna@customer.example>".to_owned(),
        date: Some(noon()),
        subject: "Where is my parcel?".to_owned(),
        to: "support@shop.example".to_owned(),
        cc: String::new(),
        text: "Hello,\n\nit should be here.\n> Your parcel leaves today.\n".to_owned(),
        html: Some("<p>Hello,</p><p>it <b>should</b> be here.<script>alert(1)</script></p>".to_owned()),
    }
}

#[test]
fn a_plain_reply() {
    let mut mail = outgoing(TextBody::Plain("Good morning,\nit is on its way.\n".to_owned()));
    mail.in_reply_to = Some(identifier("q1@customer.example"));
    mail.reply_to = Some(mailbox("", "support+token@shop.example"));
    insta::assert_snapshot!(shown(mail));
}

#[test]
fn a_reply_with_quotation_picture_and_files() {
    let mut mail = outgoing(TextBody::Markdown(
        "Good **morning**,\nsee <https://shop.example/track>:\n\n![map](cid:map@shop)\n".to_owned(),
    ));
    mail.quoted = Some(Quoted::Reply(original()));
    mail.references = vec![identifier("q0@customer.example")];
    mail.in_reply_to = Some(identifier("q1@customer.example"));
    mail.attachments = vec![
        file("Rechnung März.pdf", "application/pdf", b"%PDF-1.7"),
        Attachment { content_id: Some("map@shop".to_owned()), ..file("map.png", "image/png", b"\x89PNG") },
    ];
    insta::assert_snapshot!(shown(mail));
}

#[test]
fn a_forwarded_mail() {
    let mut mail = outgoing(TextBody::Markdown("Can you look?".to_owned()));
    mail.subject = "Fwd: Where is my parcel?".to_owned();
    mail.to = vec![mailbox("Müller, Jörg", "joerg@carrier.example")];
    mail.quoted = Some(Quoted::Forward(original()));
    insta::assert_snapshot!(shown(mail));
}

#[test]
fn an_automatic_answer() {
    let mut mail = outgoing(TextBody::Plain("We got your mail.".to_owned()));
    mail.auto_submitted = Some(AutoSubmitted::AutoReplied);
    insta::assert_snapshot!(shown(mail));
    let _ = octets;
}
