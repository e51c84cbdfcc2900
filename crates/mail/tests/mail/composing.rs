//! Short ways to a composed mail.

use guichet_mail::compose::{Attachment, Mailbox, Original, Outgoing, Quoted, TextBody, compose};
use guichet_mail::{MailAddress, MessageId};
use jiff::Timestamp;

use crate::reading::{read_octets, text_of};

/// Sat, 21 Nov 2026 09:30:00 UTC.
pub(crate) fn noon() -> Timestamp {
    Timestamp::from_second(1_795_253_400).unwrap()
}

pub(crate) fn address(text: &str) -> MailAddress {
    MailAddress::parse(text).unwrap()
}

pub(crate) fn mailbox(name: &str, text: &str) -> Mailbox {
    Mailbox { name: Some(name.to_owned()).filter(|name| !name.is_empty()), address: address(text) }
}

pub(crate) fn identifier(text: &str) -> MessageId {
    MessageId::parse(text).unwrap()
}

/// A mail from the support of a shop to a customer.
pub(crate) fn outgoing<'a>(text: TextBody) -> Outgoing<'a> {
    Outgoing {
        from: mailbox("Shop support", "support@shop.example"),
        reply_to: None,
        to: vec![mailbox("Anna Kowalska", "anna@customer.example")],
        cc: Vec::new(),
        subject: "Re: Where is my parcel?".to_owned(),
        date: noon(),
        message_id: identifier("mfrggzdfmztwq2lknnwg23tpobyhe@shop.example"),
        in_reply_to: None,
        references: Vec::new(),
        auto_submitted: None,
        text,
        quoted: None,
        attachments: Vec::new(),
    }
}

pub(crate) fn file<'a>(name: &str, content_type: &str, content: &'a [u8]) -> Attachment<'a> {
    Attachment {
        name: name.to_owned(),
        content_type: content_type.to_owned(),
        content_id: None,
        content: Box::new(content),
    }
}

pub(crate) fn octets(mail: Outgoing<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    compose(mail, &mut out).unwrap();
    out
}

/// The composed mail with bare line feeds, for reading.
pub(crate) fn shown(mail: Outgoing<'_>) -> String {
    String::from_utf8(octets(mail)).unwrap().replace("\r\n", "\n")
}

/// A customer's question.
pub(crate) fn original() -> Original {
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

/// The decoded text and HTML of a mail with this text and this quotation.
pub(crate) fn texts(
    body: TextBody,
    quoted: Option<Quoted>,
    attachments: Vec<Attachment<'_>>,
) -> (String, String) {
    let mut mail = outgoing(body);
    mail.quoted = quoted;
    mail.attachments = attachments;
    let raw = octets(mail);
    let parsed = read_octets(&raw);
    let text = |index: Option<&u32>| {
        index.map(|index| text_of(&raw, &parsed, *index).replace("\r\n", "\n")).unwrap_or_default()
    };
    (text(parsed.body.text_parts.first()), text(parsed.body.html_parts.first()))
}
