//! An arrival: one mail with all that is known of how it came, before anything is decided.

use std::net::IpAddr;

use guichet_accounts::ChannelId;
use guichet_mail::digest::{MailDigest, digest};
use guichet_mail::parse::{ParseLimits, Parsed, parse};
use guichet_mail::{MailAddress, Verdicts};
use guichet_store::{OrganisationId, PendingBlob};
use jiff::Timestamp;

use crate::message::Content;

/// One mail for one or more recipients, in one or more organisations.
#[derive(Debug, Clone)]
pub struct Arrival {
    /// When its last octet was received.
    pub received: Timestamp,
    /// `MAIL FROM`, empty for the null sender.
    pub reverse_path: String,
    /// Whom it is for: at least one.
    pub recipients: Vec<Recipient>,
    /// The client's address.
    pub client: IpAddr,
    /// What it called itself.
    pub helo: String,
    /// Protocol version and cipher, if TLS was on.
    pub tls: Option<String>,
    /// The header fields that we put before the mail, `Return-Path` first; lines end in CRLF.
    pub trace: String,
    /// What was found out about the sender.
    pub verdicts: Verdicts,
    /// The mail as it came after `DATA`.
    pub raw: PendingBlob,
    /// What the mail says of itself.
    pub reading: Reading,
}

impl Arrival {
    /// Who wrote it, if the domain in `From` stands behind it.
    pub(crate) fn proven_author(&self) -> Option<&MailAddress> {
        self.reading.content.proven_author(&self.verdicts)
    }
}

/// One recipient of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipient {
    /// Whose.
    pub organisation: OrganisationId,
    /// Through which channel.
    pub channel: ChannelId,
    /// The address as it was given.
    pub address: String,
}

/// A mail that was read: cheap for a small one, up to a second of processor for one of the largest, so the caller
/// chooses the thread.
#[derive(Debug, Clone)]
pub struct Reading {
    pub(crate) content: Content,
    pub(crate) base_subject: String,
    pub(crate) digest: MailDigest,
}

impl Reading {
    /// Reads a mail. Never fails: what can't be read becomes a defect of the message.
    pub fn of(raw: &[u8]) -> Self {
        let limits = ParseLimits::default();
        let parsed = parse(raw, &limits);
        let digest = digest(raw, limits.header());
        Self { base_subject: parsed.base_subject.clone(), content: content(parsed), digest }
    }
}

fn content(parsed: Parsed) -> Content {
    Content {
        from: parsed.from,
        sender: parsed.sender,
        reply_to: parsed.reply_to,
        to: parsed.to,
        cc: parsed.cc,
        subject: parsed.subject,
        date: parsed.date,
        message_id: parsed.message_id,
        in_reply_to: parsed.in_reply_to,
        references: parsed.references,
        list: parsed.list,
        automatic: parsed.automatic,
        parts: parsed.parts,
        body: parsed.body,
        preview: parsed.preview,
        defects: parsed.defects,
        unparsed: parsed.unparsed,
    }
}
