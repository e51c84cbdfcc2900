//! A message: one entry in a ticket, with everything that came with it but the mail itself, which is a blob.

use std::net::IpAddr;

use guichet_accounts::ChannelId;
use guichet_mail::digest::MailDigest;
use guichet_mail::parse::ListHeaders;
use guichet_mail::{Address, Automatic, Body, Defect, MessageId, Part, Verdicts};
use guichet_store::BlobRef;
use jiff::Timestamp;
use minicbor::{Decode, Encode};

/// What is stored of an inbound mail, but for the ticket's number in front of it and the number in its key.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
pub struct Message {
    /// When its last octet was received.
    #[cbor(n(0), with = "crate::time")]
    pub received: Timestamp,
    /// Which channels it was addressed to.
    #[n(1)]
    pub channels: Vec<ChannelId>,
    /// How it came.
    #[n(2)]
    pub envelope: Envelope,
    /// What was found out about the sender.
    #[n(3)]
    pub verdicts: Verdicts,
    /// The mail as it came after `DATA`.
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
