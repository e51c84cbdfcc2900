//! An arrival: one mail with all that is known of how it came, before anything is decided.

use std::net::IpAddr;

use guichet_accounts::{ChannelId, Route};
use guichet_mail::digest::{MailDigest, digest};
use guichet_mail::parse::{ParseLimits, Parsed, parse};
use guichet_mail::report::{Report, report};
use guichet_mail::{
    Address, Automatic, ForwardingConfirmation, MailAddress, Verdicts, forwarded_author,
    forwarding_confirmation,
};
use guichet_store::{OrganisationId, PendingBlob};
use jiff::Timestamp;

use crate::message::{Content, Notification};
use crate::token::Claim;
use crate::{DeliveryId, Desk, Error};

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
    /// What its sender asked to be told.
    pub notification: Notification,
}

impl Arrival {
    /// Whether a machine wrote it, in the light of its envelope.
    pub(crate) fn automatic(&self) -> Automatic {
        let automatic = self.reading.content.automatic;
        if self.reverse_path.is_empty() { automatic.with_null_sender() } else { automatic }
    }

    /// Whether it is from no person who could be asked who they are: a report, or from the null sender. What such a mail
    /// is at a bounce address the token says, whoever stands behind it.
    pub(crate) fn is_return(&self) -> bool {
        self.reverse_path.is_empty() || self.reading.report.is_some()
    }

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
    /// Where it leads.
    pub destination: Destination,
    /// The address as it was given.
    pub address: String,
}

/// Where an address of ours leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Destination {
    /// To a channel.
    Channel {
        /// Which.
        channel: ChannelId,
        /// What stood behind the plus, as written: perhaps a reply token.
        tag: Option<String>,
    },
    /// Back to this delivery, whose bounce address it is.
    Bounce(DeliveryId),
}

impl Recipient {
    /// The channel that it leads to.
    pub fn channel(&self) -> Option<ChannelId> {
        match self.destination {
            Destination::Channel { channel, .. } => Some(channel),
            Destination::Bounce(_) => None,
        }
    }

    pub(crate) fn tag(&self) -> Option<&str> {
        match &self.destination {
            Destination::Channel { tag, .. } => tag.as_deref(),
            Destination::Bounce(_) => None,
        }
    }
}

impl Desk {
    /// The recipient behind an address that was routed; `address` as it was given. None where nobody is there: no
    /// channel, or a bounce address that we did not make.
    pub fn recipient(&self, route: Route, address: String) -> Result<Option<Recipient>, Error> {
        let (organisation, destination) = match route {
            Route::Channel { organisation, channel, tag } => {
                (organisation, Destination::Channel { channel, tag })
            }
            Route::Bounce { organisation, token } => match self.tokens()?.read_bounce(organisation, &token) {
                Claim::Genuine(delivery) => (organisation, Destination::Bounce(delivery)),
                Claim::None | Claim::Forged => return Ok(None),
            },
            Route::UnknownAddress | Route::ForeignDomain | Route::Suspended => return Ok(None),
        };
        Ok(Some(Recipient { organisation, destination, address }))
    }
}

/// A mail that was read: cheap for a small one, up to a second of processor for one of the largest, so the caller
/// chooses the thread.
#[derive(Debug, Clone)]
pub struct Reading {
    pub(crate) content: Content,
    pub(crate) base_subject: String,
    pub(crate) digest: MailDigest,
    /// What it asks, if a provider asks to confirm a forward.
    pub(crate) confirmation: Option<ForwardingConfirmation>,
    /// Whose mail it passes on, if it passes on one.
    pub(crate) forwarded: Option<Address>,
    /// What it reports of a mail of ours, if it is a report.
    pub(crate) report: Option<Report>,
}

impl Reading {
    /// Reads a mail. Never fails: what can't be read becomes a defect of the message.
    pub fn of(raw: &[u8]) -> Self {
        let limits = ParseLimits::default();
        let parsed = parse(raw, &limits);
        let digest = digest(raw, limits.header());
        let report = if may_be_report(&parsed) { report(raw, &parsed) } else { None };
        let confirmation = forwarding_confirmation(raw, &parsed);
        let forwarded = if parsed.automatic.is_human() { forwarded_author(raw, &parsed) } else { None };
        let base_subject = parsed.base_subject.clone();
        Self { base_subject, content: content(parsed), digest, confirmation, forwarded, report }
    }
}

/// What people write is not looked at for a report: that saves most mails a second reading.
fn may_be_report(parsed: &Parsed) -> bool {
    let is_daemon = |local: &str| {
        let local = local.to_ascii_lowercase();
        ["daemon", "postmaster", "maildelivery"].iter().any(|name| local.contains(name))
    };
    let author = parsed.from.first().and_then(|from| from.address.as_ref());
    !parsed.automatic.is_human() || author.is_some_and(|author| is_daemon(author.local()))
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
