//! The automatic first answer of a channel to a mail that begins a ticket.
//!
//! Promise 5: it is marked, capped, obeys the suppression list, goes only to the proven author of a mail that a person
//! wrote, never to an address of this server or a person of the organisation, and quotes nothing of a stranger's text:
//! not even their name, their subject, or a Message-ID that is more than one. Its envelope sender is empty, so that
//! nothing answers it.
//!
//! It is composed before the commit and joins the mail's own batch: the same commit that makes the ticket makes the
//! answer, once. Where it can't be composed, the mail is received all the same.
//!
//! *Standards*: RFC 3834; RFC 5230, section 4.6.

use std::cell::OnceCell;

use guichet_accounts::{AutoReply, ChannelId, Sending, TeamId, Who};
use guichet_mail::compose::{AutoSubmitted, Mailbox, Outgoing, TextBody, compose, needs_smtputf8};
use guichet_mail::{DomainName, MailAddress, MessageId};
use guichet_store::{Batch, Counter, OrganisationId, PendingBlob, Snapshot, record};
use jiff::{SignedDuration, Timestamp};
use minicbor::{Decode, Encode};

use crate::arrival::{Arrival, Reading};
use crate::event::{self, Event, EventKind};
use crate::groups::Incoming;
use crate::identity::{Identities, Identity, Known};
use crate::keys::{self, Number};
use crate::message::{Message, MessageKind, Written};
use crate::queue::{Addressee, DueRows, Posting, enqueue};
use crate::rows::put_message;
use crate::{DeliveryId, Desk, Error, RecipientField, ReversePath};

/// How long an address that was answered is not answered again (chatwoot#5131).
const ANSWERED_FOR: SignedDuration = SignedDuration::from_hours(24);

/// The subject where the channel has none of its own.
const SUBJECT: &str = "We have received your message";

/// A longer Message-ID, or one with unusual characters, may be a text; it is not repeated.
const MESSAGE_ID_BYTES_MAX: usize = 128;

/// What a local part has, read as words with a hyphen before each, where no person reads the answer (RFC 5230, section
/// 4.6, and custom).
const NOBODY: [&str; 8] = [
    "-noreply",
    "-no-reply",
    "-donotreply",
    "-do-not-reply",
    "-mailerdaemon",
    "-mailer-daemon",
    "-listserv",
    "-majordomo",
];

/// That an address was answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub(crate) struct Answered {
    /// When, most lately.
    #[cbor(n(0), with = "crate::time")]
    at: Timestamp,
}

impl Answered {
    #[cfg(test)]
    pub(crate) fn now(at: Timestamp) -> Self {
        Self { at }
    }

    /// Whether it was before this time; never of what can't be read.
    pub(crate) fn is_before(bytes: &[u8], before: Timestamp) -> bool {
        record::decode(bytes).is_ok_and(|last: Self| last.at < before)
    }

    /// Whether it is too early for another answer. What can't be read counts: better one too few.
    fn is_fresh(bytes: &[u8], now: Timestamp) -> bool {
        record::decode(bytes).map_or(true, |last: Self| last.at + ANSWERED_FOR > now)
    }
}

/// An answer, composed.
pub(crate) struct Answer {
    raw: PendingBlob,
    reading: Reading,
    reference: u64,
    channel: ChannelId,
    to: MailAddress,
    from_domain: DomainName,
    smtputf8: bool,
}

/// What the commit of an answer rests on.
pub(crate) struct AnswerRows {
    own: Known,
    by_reference: Known,
    addressee: Addressee,
    delivery: DeliveryId,
}

/// An answer that is about to be written into a new ticket.
pub(crate) struct Answering<'a> {
    pub(crate) organisation: OrganisationId,
    pub(crate) answer: &'a Answer,
    pub(crate) rows: &'a AnswerRows,
    pub(crate) now: Timestamp,
}

impl Desk {
    /// Reads, as checks, what an answer rests on, and composes it where that was not done yet. None where there shall be
    /// none.
    pub(crate) fn answer_rows(
        &self,
        snapshot: &mut Snapshot,
        mail: Incoming<'_>,
        (channel, auto_reply): (ChannelId, &AutoReply),
        answer: &OnceCell<Option<Answer>>,
    ) -> Result<Option<AnswerRows>, Error> {
        let Incoming { arrival, organisation } = mail;
        let Some(author) = self.may_be_answered(mail)? else { return Ok(None) };
        let last = snapshot.read(&keys::answered(&author.normalised()))?;
        if last.is_some_and(|bytes| Answered::is_fresh(&bytes, arrival.received)) {
            return Ok(None);
        }
        let addressee = Addressee::look_up(snapshot, author, RecipientField::To, arrival.received)?;
        if addressee.is_suppressed() {
            return Ok(None);
        }
        let answer = answer.get_or_init(|| self.answer(arrival, (organisation, channel), auto_reply, author));
        let Some(answer) = answer else { return Ok(None) };
        let content = &answer.reading.content;
        let own = Identity::of_mail(content.message_id.as_ref(), *answer.reading.digest.as_bytes());
        Ok(Some(AnswerRows {
            own: Known::read(snapshot, own)?,
            by_reference: Known::read(snapshot, Identity::of_reference(answer.reference))?,
            addressee,
            delivery: self.new_delivery_id(arrival.received),
        }))
    }

    /// The author, if a mail like this may be answered by a machine.
    fn may_be_answered<'a>(&self, mail: Incoming<'a>) -> Result<Option<&'a MailAddress>, Error> {
        let Incoming { arrival, organisation } = mail;
        let list = &arrival.reading.content.list;
        let is_to_many = list.id.is_some() || list.post.is_some() || list.unsubscribe.is_some();
        let is_providers = arrival.reading.confirmation.is_some();
        if arrival.reverse_path.is_empty() || !arrival.automatic().is_human() || is_to_many || is_providers {
            return Ok(None);
        }
        let Some(author) = arrival.proven_author() else { return Ok(None) };
        // A colleague who passes a customer's mail on is no customer (zammad#1596).
        let is_ours = self.accounts.is_hosted(author.domain())?
            || self.has_domain(organisation, author.domain())?
            || self.is_colleague(mail)?;
        Ok((!is_ours && !is_nobodys(author.local())).then_some(author))
    }

    /// Composes an answer, if the caps let one more go. A trouble means none: the mail itself matters more.
    fn answer(
        &self,
        arrival: &Arrival,
        (organisation, channel): (OrganisationId, ChannelId),
        auto_reply: &AutoReply,
        author: &MailAddress,
    ) -> Option<Answer> {
        let sending = self.accounts.sending(organisation, channel).ok()?;
        let reference = self.new_reference();
        let mail = self.answer_mail(arrival, (organisation, reference), auto_reply, &sending, author)?;
        let smtputf8 = needs_smtputf8([author, &sending.from, &sending.reply_to]);
        let mut octets = Vec::new();
        compose(mail, &mut octets).ok()?;
        let mut writer = self.store.blobs().writer();
        writer.write(&octets).ok()?;
        let raw = writer.finish().ok()?;
        let may = self.caps.take(organisation, channel, author.domain(), arrival.received);
        may.then(|| Answer {
            raw,
            reading: Reading::of(&octets),
            reference,
            channel,
            to: author.clone(),
            from_domain: sending.from.domain().clone(),
            smtputf8,
        })
    }

    fn answer_mail(
        &self,
        arrival: &Arrival,
        (organisation, reference): (OrganisationId, u64),
        auto_reply: &AutoReply,
        sending: &Sending,
        author: &MailAddress,
    ) -> Option<Outgoing<'static>> {
        let tokens = self.tokens().ok()?;
        let reply_to = tokens.reply_address(organisation, reference, &sending.reply_to);
        let plain = |address| Mailbox { name: None, address };
        let answered = arrival.reading.content.message_id.clone().filter(is_mere_identifier);
        Some(Outgoing {
            from: Mailbox { name: Some(sending.name.clone()), address: sending.from.clone() },
            reply_to: Some(plain(reply_to)),
            to: vec![plain(author.clone())],
            cc: Vec::new(),
            subject: auto_reply.subject.clone().unwrap_or_else(|| SUBJECT.to_owned()),
            date: arrival.received,
            message_id: tokens.message_id(organisation, reference, &sending.message_id_domain).ok()?,
            in_reply_to: answered.clone(),
            references: answered.into_iter().collect(),
            auto_submitted: Some(AutoSubmitted::AutoReplied),
            text: TextBody::Plain(auto_reply.text.clone()),
            quoted: None,
            attachments: Vec::new(),
        })
    }
}

/// Whether the local part says that no person reads what comes there.
fn is_nobodys(local: &str) -> bool {
    let local = format!("-{}", local.to_lowercase().replace(['_', '.'], "-"));
    NOBODY.iter().any(|name| local.contains(name))
        || local.starts_with("-owner-")
        || ["-request", "-bounces"].iter().any(|end| local.ends_with(end))
}

/// Whether it is no text that a stranger wants to be read.
pub(crate) fn is_mere_identifier(id: &MessageId) -> bool {
    let is_usual = |c: char| c.is_ascii_alphanumeric() || "@.-_+=$".contains(c);
    id.as_str().len() <= MESSAGE_ID_BYTES_MAX && id.as_str().chars().all(is_usual)
}

impl<'a> Answering<'a> {
    /// Writes the answer into its ticket and the queue; answers the event that the ticket's activity is.
    pub(crate) fn write(
        self,
        batch: &mut Batch,
        due: &mut DueRows,
        identities: &mut Identities<'a>,
        (ticket, team): (Number, Option<TeamId>),
    ) -> Number {
        let Self { organisation, answer, rows, now } = self;
        let message = Number::Assigned(batch.next(Counter::Message));
        let stored = self.message(batch);
        put_message(batch, ticket, message, &stored);
        batch.put(keys::ticket_message_row(ticket, message), Vec::new());
        batch.put(keys::answered(&answer.to.normalised()), record::encode(&Answered { at: now }));
        identities.carry(&rows.own, message);
        identities.carry(&rows.by_reference, message);
        let posting = Posting {
            raw: stored.raw,
            from_domain: answer.from_domain.clone(),
            reverse_path: ReversePath::Null,
            smtputf8: answer.smtputf8,
            now,
            due: now,
            system: None,
        };
        enqueue(batch, due, organisation, (ticket, message), rows.delivery, &rows.addressee, &posting);
        let (kind, who) = (EventKind::MessageSent, Who::System);
        let event = Event { kind, team_before: team, team, who, at: now, delivery: None, person: None };
        Number::Assigned(event::append(batch, ticket, message, &event))
    }

    fn message(&self, batch: &mut Batch) -> Message {
        let answer = self.answer;
        Message {
            received: self.now,
            channels: vec![answer.channel],
            envelope: None,
            verdicts: None,
            raw: batch.blob(&answer.raw),
            digest: answer.reading.digest,
            content: answer.reading.content.clone(),
            quarantine: None,
            written: Some(Written {
                kind: MessageKind::Automatic,
                author: Who::System,
                reference: answer.reference,
                bcc: Vec::new(),
                displaced: None,
            }),
            marked: false,
            reports_on: None,
        }
    }
}
