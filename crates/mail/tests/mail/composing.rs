//! Short ways to a composed mail.

use guichet_mail::compose::{Attachment, Mailbox, Outgoing, TextBody, compose};
use guichet_mail::{MailAddress, MessageId};
use jiff::Timestamp;

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
