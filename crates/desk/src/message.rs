//! A message: one entry in a ticket, with everything that belongs to it but the mail itself, which is a blob.
//!
//! A mail that came in has an envelope and verdicts; what was written here (a mail that goes out, a note) has an
//! author instead. Both are stored as raw mail, so that text, parts and attachments are read alike.

use std::net::IpAddr;

use guichet_accounts::{ChannelId, Who};
use guichet_mail::digest::MailDigest;
use guichet_mail::parse::ListHeaders;
use guichet_mail::{Address, Automatic, Body, Defect, MailAddress, MessageId, Part, Verdicts};
use guichet_store::BlobRef;
use jiff::Timestamp;
use minicbor::{Decode, Encode};

use crate::DeliveryId;
use crate::queue::Displaced;

/// What is stored of a message, but for the ticket's number in front of it and the number in its key.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
pub struct Message {
    /// When its last octet was received; of what was written here, when it was written.
    #[cbor(n(0), with = "crate::time")]
    pub received: Timestamp,
    /// Which channels it was addressed to, or which one it leaves through.
    #[n(1)]
    pub channels: Vec<ChannelId>,
    /// How it came; none of what was written here.
    #[n(2)]
    pub envelope: Option<Envelope>,
    /// What was found out about the sender; none of what was written here.
    #[n(3)]
    pub verdicts: Option<Verdicts>,
    /// The mail as it came after `DATA`, or as it was composed.
    #[n(4)]
    pub raw: BlobRef,
    /// Digest of the mail without its trace headers: what makes two copies the same mail.
    #[n(5)]
    pub digest: MailDigest,
    /// What the mail says of itself.
    #[n(6)]
    pub content: Content,
    /// Why it is or was held in quarantine.
    #[n(7)]
    pub quarantine: Option<String>,
    /// Of what was written here: by whom, and what it is.
    #[n(8)]
    pub written: Option<Written>,
    /// It came by a genuine reply address from somebody who takes no part in the ticket.
    #[cbor(n(9), default)]
    pub marked: bool,
    /// It reports what became of this delivery of ours.
    #[n(10)]
    pub reports_on: Option<DeliveryId>,
}

impl Message {
    /// What it is.
    pub fn kind(&self) -> MessageKind {
        match &self.written {
            Some(written) => written.kind,
            None if self.reports_on.is_some() => MessageKind::Report,
            None => MessageKind::Inbound,
        }
    }
}

/// What a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum MessageKind {
    /// A mail that came in.
    #[n(0)]
    Inbound,
    /// A mail that somebody of the organisation wrote.
    #[n(1)]
    Outbound,
    /// For the organisation's own people; never sent.
    #[n(2)]
    Note,
    /// A first answer that the channel gave by itself.
    #[n(3)]
    Automatic,
    /// What another server said of a mail of ours: a bounce, a delay.
    #[n(4)]
    Report,
}

impl MessageKind {
    /// The word for people and for the API.
    pub fn as_str(self) -> &'static str {
        match self {
            MessageKind::Inbound => "inbound",
            MessageKind::Outbound => "outbound",
            MessageKind::Note => "note",
            MessageKind::Automatic => "automatic",
            MessageKind::Report => "report",
        }
    }
}

/// What is known of a message because it was written here.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Written {
    /// Outbound, note or automatic.
    #[n(0)]
    pub kind: MessageKind,
    /// By whom.
    #[n(1)]
    pub author: Who,
    /// What its tokens name; see [`crate::token`]. 0 in a note, which has none.
    #[n(2)]
    pub reference: u64,
    /// Who gets it without being named in it.
    #[n(3)]
    pub bcc: Vec<MailAddress>,
    /// What its ticket was before it, of a mail that changed one.
    #[n(4)]
    pub displaced: Option<Displaced>,
}

/// How a mail came: the SMTP envelope and what we noted about the connection.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
pub struct Envelope {
    /// `MAIL FROM`, empty for the null sender.
    #[n(0)]
    pub reverse_path: String,
    /// The recipients of this organisation, as they were given.
    #[n(1)]
    pub recipients: Vec<String>,
    /// The client's address.
    #[cbor(n(2), with = "ip")]
    pub client: IpAddr,
    /// What it called itself.
    #[n(3)]
    pub helo: String,
    /// Protocol version and cipher; absent when the mail came in the clear.
    #[n(4)]
    pub tls: Option<String>,
    /// The header fields that we put before it: Return-Path, Authentication-Results, Received; lines end in CRLF.
    #[n(5)]
    pub trace: String,
    /// What the sender asked to be told, RFC 3461.
    #[n(6)]
    pub notification: Option<Notification>,
}

/// The DSN parameters of a mail that came in, as far as its sender gave any (RFC 3461, section 4).
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
pub struct Notification {
    /// `ENVID`, decoded.
    #[n(0)]
    pub envelope_id: Option<String>,
    /// The recipients for whom `NOTIFY=SUCCESS` stood, with `ORCPT` as `type;address`, decoded.
    #[n(1)]
    pub on_success: Vec<NotifiedRecipient>,
}

/// A recipient whose delivery is to be confirmed.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct NotifiedRecipient {
    /// As it stood in `RCPT TO`.
    #[n(0)]
    pub address: String,
    /// `ORCPT`, as `type;address`.
    #[n(1)]
    pub original: Option<String>,
}

/// What a mail says of itself, as far as it is needed without opening the mail again.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
pub struct Content {
    /// `From`.
    #[n(0)]
    pub from: Vec<Address>,
    /// `Sender`.
    #[n(1)]
    pub sender: Option<Address>,
    /// `Reply-To`.
    #[n(2)]
    pub reply_to: Vec<Address>,
    /// `To`.
    #[n(3)]
    pub to: Vec<Address>,
    /// `Cc`.
    #[n(4)]
    pub cc: Vec<Address>,
    /// The decoded subject.
    #[n(5)]
    pub subject: String,
    /// `Date`, where it makes sense.
    #[cbor(n(6), with = "crate::time::optional", has_nil)]
    pub date: Option<Timestamp>,
    /// `Message-ID`.
    #[n(7)]
    pub message_id: Option<MessageId>,
    /// `In-Reply-To`.
    #[n(8)]
    pub in_reply_to: Vec<MessageId>,
    /// `References`.
    #[n(9)]
    pub references: Vec<MessageId>,
    /// The headers of a mailing list.
    #[n(10)]
    pub list: ListHeaders,
    /// Whether a machine wrote it.
    #[n(11)]
    pub automatic: Automatic,
    /// The leaves of its MIME tree.
    #[n(12)]
    pub parts: Vec<Part>,
    /// Which of them are the text.
    #[n(13)]
    pub body: Body,
    /// The beginning of the text.
    #[n(14)]
    pub preview: String,
    /// What is wrong with it.
    #[n(15)]
    pub defects: Vec<Defect>,
    /// Its structure could not be read; only the raw mail is complete.
    #[n(16)]
    pub unparsed: bool,
}

/// An IP address as CBOR bytes: 4 or 16.
mod ip {
    use std::net::IpAddr;

    use minicbor::decode::{Decoder, Error as DecodeError};
    use minicbor::encode::{Encoder, Error as EncodeError, Write};

    pub(super) fn encode<C, W: Write>(
        address: &IpAddr,
        encoder: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), EncodeError<W::Error>> {
        match address {
            IpAddr::V4(v4) => encoder.bytes(&v4.octets())?.ok(),
            IpAddr::V6(v6) => encoder.bytes(&v6.octets())?.ok(),
        }
    }

    pub(super) fn decode<C>(decoder: &mut Decoder<'_>, _: &mut C) -> Result<IpAddr, DecodeError> {
        let bytes = decoder.bytes()?;
        if let Ok(v4) = <[u8; 4]>::try_from(bytes) {
            return Ok(v4.into());
        }
        let v6 = <[u8; 16]>::try_from(bytes);
        v6.map(IpAddr::from).map_err(|_| DecodeError::message("an address of odd length"))
    }
}
