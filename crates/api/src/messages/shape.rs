//! A message as JSON, so far as it is known without opening its mail.

use guichet_accounts::{Actor, Who};
use guichet_desk::{Desk, MessageKind, StoredMessage};
use guichet_mail::{Automatic, MailAddress, MessageId};
use guichet_web::page::LIMIT_MAX;
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::attachment::{Attachment, attachments};
use super::defects::MailDefect;
use super::verdicts::SenderVerdicts;
use crate::deliveries::Brief;
use crate::failure::Failure;

/// An entry of an address header.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Correspondent {
    /// What they call themselves.
    #[schema(required, example = "Ana Lima")]
    name: Option<String>,
    /// The address; null where what stands there is none.
    #[schema(required, example = "ana@customer.example")]
    address: Option<String>,
    /// What stands there instead of an address.
    #[schema(required, example = "undisclosed recipients")]
    raw: Option<String>,
}

impl From<&guichet_mail::Address> for Correspondent {
    fn from(address: &guichet_mail::Address) -> Self {
        Self {
            name: address.name.clone(),
            address: address.address.as_ref().map(ToString::to_string),
            raw: address.raw.clone(),
        }
    }
}

/// How a mail came.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Envelope {
    /// `MAIL FROM`; empty for the null sender.
    #[schema(example = "ana@customer.example")]
    mail_from: String,
    /// `RCPT TO`, of this organisation.
    #[schema(example = json!(["support@demo.desk.example"]))]
    recipients: Vec<String>,
    /// The client's IP address.
    #[schema(example = "192.0.2.7")]
    client: String,
    /// What the client called itself.
    #[schema(example = "mx.customer.example")]
    helo: String,
    /// Protocol version and cipher; null when it came in the clear.
    #[schema(required, example = "TLSv1.3 TLS13_AES_256_GCM_SHA384")]
    tls: Option<String>,
    /// The header fields that this server put before the mail; lines end in CRLF.
    #[schema(example = "Return-Path: <ana@customer.example>\r\n")]
    trace: String,
}

/// A message without its texts.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Summary {
    /// Its number.
    #[schema(example = 7)]
    id: u64,
    /// Its ticket; null while it is in quarantine.
    #[schema(required, example = 1042)]
    ticket: Option<u64>,
    /// What it is: `inbound`, `outbound`, `note`, `automatic` (a first answer that the channel gave by itself), `report` (what
    /// another server said of a mail of ours).
    #[schema(example = "inbound")]
    kind: &'static str,
    /// The person who wrote it; null of a mail that came in, and where the server itself wrote it.
    #[schema(required, example = 2)]
    author: Option<u64>,
    /// The channels that it was addressed to, or the one that it leaves through.
    #[schema(example = json!([1]))]
    channels: Vec<u64>,
    /// When its last octet was received, or when it was written. Messages are in this order.
    #[schema(example = "2026-03-01T09:30:00Z")]
    received: Timestamp,
    /// `Date`, where it makes sense.
    #[schema(required, example = "2026-03-01T09:29:58Z")]
    date: Option<Timestamp>,
    /// `From`.
    from: Vec<Correspondent>,
    /// `Reply-To`.
    reply_to: Vec<Correspondent>,
    /// `To`.
    to: Vec<Correspondent>,
    /// `Cc`.
    cc: Vec<Correspondent>,
    /// Who gets it without being named in it.
    #[schema(example = json!(["archive@demo.example"]))]
    bcc: Vec<String>,
    /// The decoded subject.
    #[schema(example = "Invoice 7 is wrong")]
    subject: String,
    /// The beginning of the text.
    #[schema(example = "Dear all, invoice 7 says 70 instead of 7")]
    preview: String,
    /// `Message-ID` without brackets.
    #[schema(required, example = "1a2b@customer.example")]
    message_id: Option<String>,
    /// `In-Reply-To` without brackets.
    #[schema(example = json!(["0f@demo.desk.example"]))]
    in_reply_to: Vec<String>,
    /// `References` without brackets.
    #[schema(example = json!(["0f@demo.desk.example"]))]
    references: Vec<String>,
    /// What kind of machine wrote it; `no` for a person: `no`, `reply`, `generated`, `bounce`, `list`, `bulk`.
    #[schema(value_type = String, example = "no")]
    automatic: Automatic,
    /// Files and pictures.
    attachments: Vec<Attachment>,
    /// What was found out about the sender; null of what was written here.
    #[schema(required)]
    verdicts: Option<SenderVerdicts>,
    /// How it came; null of what was written here.
    #[schema(required)]
    envelope: Option<Envelope>,
    /// What became of it for each recipient, at most the first 200; empty unless it goes out.
    deliveries: Vec<Brief>,
    /// You have not read it.
    #[schema(example = true)]
    unread: bool,
    /// It came by a genuine reply address from somebody who takes no part in the ticket.
    #[schema(example = false)]
    marked: bool,
    /// The delivery that it reports on.
    #[schema(required, example = "agnhy6kqaaaaa")]
    reports_on: Option<String>,
    /// What is wrong with the mail.
    defects: Vec<MailDefect>,
    /// Its structure can't be read: only the raw mail is complete.
    #[schema(example = false)]
    unparsed: bool,
    /// Why it is, or was, in quarantine.
    #[schema(required, example = "DMARC failed: customer.example does not stand behind this mail")]
    quarantine: Option<String>,
}

impl Summary {
    /// What is known of a message, its deliveries included.
    pub(crate) fn read(desk: &Desk, actor: &Actor, message: &StoredMessage) -> Result<Self, Failure> {
        let deliveries = match message.record.kind() {
            MessageKind::Outbound | MessageKind::Automatic => {
                desk.message_deliveries(actor, message.number, None, LIMIT_MAX)?.items
            }
            MessageKind::Inbound | MessageKind::Note | MessageKind::Report => Vec::new(),
        };
        let brief = |delivery| Brief::of(desk, actor, delivery);
        // What is kept aside is in no ticket, so nobody has a mark on it.
        let unread = message.ticket != 0 && !desk.mark(actor, message.ticket)?.has_read(message.number);
        Ok(Self { deliveries: deliveries.iter().map(brief).collect(), unread, ..Self::of(message) })
    }

    /// What is known of a message that has no deliveries.
    pub(crate) fn of(message: &StoredMessage) -> Self {
        let (record, content) = (&message.record, &message.record.content);
        let written = record.written.as_ref();
        let addresses = |list: &[guichet_mail::Address]| list.iter().map(Correspondent::from).collect();
        Self {
            id: message.number,
            ticket: (message.ticket != 0).then_some(message.ticket),
            kind: record.kind().as_str(),
            author: written.and_then(|written| match written.author {
                Who::Person(person) => Some(person.0),
                Who::System | Who::Operator => None,
            }),
            channels: record.channels.iter().map(|channel| channel.0).collect(),
            received: record.received,
            date: content.date,
            from: addresses(&content.from),
            reply_to: addresses(&content.reply_to),
            to: addresses(&content.to),
            cc: addresses(&content.cc),
            bcc: written.map(|written| addresses_of(&written.bcc)).unwrap_or_default(),
            subject: content.subject.clone(),
            preview: content.preview.clone(),
            message_id: content.message_id.as_ref().map(ToString::to_string),
            in_reply_to: identifiers(&content.in_reply_to),
            references: identifiers(&content.references),
            automatic: content.automatic,
            attachments: attachments(message),
            verdicts: record.verdicts.as_ref().map(Into::into),
            envelope: record.envelope.as_ref().map(Into::into),
            deliveries: Vec::new(),
            unread: false,
            marked: record.marked,
            reports_on: record.reports_on.map(|delivery| delivery.to_string()),
            defects: content.defects.iter().copied().map(MailDefect::from).collect(),
            unparsed: content.unparsed,
            quarantine: record.quarantine.clone(),
        }
    }
}

fn addresses_of(list: &[MailAddress]) -> Vec<String> {
    list.iter().map(ToString::to_string).collect()
}

fn identifiers(list: &[MessageId]) -> Vec<String> {
    list.iter().map(ToString::to_string).collect()
}

impl From<&guichet_desk::Envelope> for Envelope {
    fn from(envelope: &guichet_desk::Envelope) -> Self {
        Self {
            mail_from: envelope.reverse_path.clone(),
            recipients: envelope.recipients.clone(),
            client: envelope.client.to_string(),
            helo: envelope.helo.clone(),
            tls: envelope.tls.clone(),
            trace: envelope.trace.clone(),
        }
    }
}
