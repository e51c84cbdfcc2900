//! Writing: what people of the organisation say in a ticket, as a mail that goes out or a note that does not.
//!
//! *Invariant:* when [`Desk::write`] returns `Ok`, the mail as it was composed, the message, its deliveries and what
//! became of the ticket are on disk, all in one commit; on `Err` nothing of it is kept and nothing is sent.
//!
//! The octets are finished before the commit, so that the order is: what is asked for, to whom, composed into a
//! blob, then planned and committed, the plan anew whenever somebody else was quicker.

mod agree;
mod check;
mod compose;
mod contacts;
mod letter;
mod matter;
mod passed_on;
mod post;
mod recipients;
mod since;

use std::collections::BTreeSet;
use std::sync::Arc;

use guichet_accounts::{Actor, ChannelId, PersonId, TeamId};
use guichet_mail::MailAddress;
use guichet_mail::compose::Mailbox;
use jiff::Timestamp;
use minicbor::{Decode, Encode};

pub(crate) use self::check::{ATTACHMENTS_MAX, SUBJECT_CHARS_MAX, TEXT_BYTES_MAX};
use self::letter::Letter;
use self::post::Post;
use crate::drafts::Sending;
use crate::{CompanyId, ContactId, DeliveryId, Desk, Error, Idempotency, State, UploadId};

/// What a person writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Writing {
    /// Where it belongs.
    pub target: Target,
    /// Whom it is to; without it whoever the kind of answer suggests.
    pub to: Option<Vec<Mailbox>>,
    /// Who gets a copy; without it whoever the kind of answer suggests.
    pub cc: Option<Vec<Mailbox>>,
    /// Who gets a copy that the others don't see.
    pub bcc: Option<Vec<Mailbox>>,
    /// The subject of an answer; without it that of the message answered, with `Re:` or `Fwd:`.
    pub subject: Option<String>,
    /// Markdown.
    pub text: String,
    /// Whether an answer quotes what it answers. A forward always carries what it forwards.
    pub quote: bool,
    /// Files that were uploaded before.
    pub attachments: Vec<UploadId>,
    /// Whether a forward takes the files of the original along.
    pub include_attachments: bool,
    /// Through which channel it goes; without it the ticket's, or that of a new mail.
    pub channel: Option<ChannelId>,
    /// The ticket's state afterwards; without it pending after a mail, unchanged after a forward or a note.
    pub state: Option<State>,
    /// How long it can still be taken back.
    pub hold: Hold,
    /// Contacts whom it is to, beside those in `to`; the first of them is the requester of a new ticket.
    pub contacts: Vec<ContactId>,
    /// The company that a new ticket is linked to.
    pub company: Option<CompanyId>,
    /// People of the organisation whom it names: they watch the ticket from now on, and an event tells each.
    pub mentions: Vec<PersonId>,
}

/// Where a writing belongs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// Into this ticket.
    Ticket {
        /// The ticket's number.
        number: u64,
        /// As what.
        kind: WritingKind,
        /// Which message of the ticket it answers or forwards; without it the newest that came in.
        answers: Option<u64>,
    },
    /// Into a ticket of its own, whose requester is the first recipient.
    New {
        /// Through which channel it goes.
        channel: ChannelId,
        /// Its subject.
        subject: String,
        /// Whose ticket it becomes; without it that of the channel's team.
        team: Option<TeamId>,
    },
}

/// What is written into a ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum WritingKind {
    /// An answer to whoever wrote.
    #[n(0)]
    Reply,
    /// An answer to everybody whom the message was from or to.
    #[n(1)]
    ReplyAll,
    /// The message handed on to somebody else.
    #[n(2)]
    Forward,
    /// For the organisation's own people; never sent.
    #[n(3)]
    Note,
}

/// How long a mail waits before it goes out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Hold {
    /// Not at all.
    #[default]
    None,
    /// So many seconds, in which it can be taken back; at most [`UNDO_SECONDS_MAX`].
    Undo(u32),
    /// Until this time, at most [`HOLD_DAYS_MAX`] days ahead.
    Until(Timestamp),
}

/// The largest mail that is composed, in octets: what most servers of the world still take.
pub const MAIL_BYTES_MAX: u64 = 25 << 20;

/// A longer wait is given as a time.
pub const UNDO_SECONDS_MAX: u32 = 3_600;

/// Nobody remembers a mail that goes out later than in a year.
pub const HOLD_DAYS_MAX: u32 = 366;

/// What else a writing depends on.
struct Rest {
    expected: Option<u64>,
    idempotency: Option<Idempotency>,
    draft: Option<Sending>,
}

/// What a writing became.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrittenMessage {
    /// The ticket's number.
    pub ticket: u64,
    /// The message's number.
    pub message: u64,
    /// The activity number of the ticket, which is its version.
    pub activity: u64,
    /// One for each recipient; none of a note.
    pub deliveries: Vec<DeliveryId>,
    /// The recipients to whom nothing is sent, because they are on the suppression list.
    pub suppressed: Vec<MailAddress>,
    /// The same request was here before: this is what it became then.
    pub replayed: bool,
}

impl Desk {
    /// Writes a message. With `expected`, the activity number of the ticket as the actor read it, it fails with
    /// [`Error::Changed`] if a message of somebody else came since; other changes don't matter to an answer.
    ///
    /// # Errors
    /// [`Error::Invalid`] with a sentence that says what to do; [`Error::NotFound`] for a ticket, message, channel,
    /// team or upload that the actor does not see; [`Error::Full`] where the mail finds no room.
    pub async fn write(
        &self,
        actor: &Actor,
        writing: Writing,
        expected: Option<u64>,
        idempotency: Option<Idempotency>,
        now: Timestamp,
    ) -> Result<WrittenMessage, Error> {
        self.write_with(actor, writing, Rest { expected, idempotency, draft: None }, now).await
    }

    /// Writes what a draft says, and takes the draft away in the same commit.
    pub(crate) async fn write_draft(
        &self,
        actor: &Actor,
        writing: Writing,
        (draft, idempotency): (Sending, Idempotency),
        now: Timestamp,
    ) -> Result<WrittenMessage, Error> {
        let rest = Rest { expected: None, idempotency: Some(idempotency), draft: Some(draft) };
        self.write_with(actor, writing, rest, now).await
    }

    async fn write_with(
        &self,
        actor: &Actor,
        writing: Writing,
        Rest { expected, idempotency, draft }: Rest,
        now: Timestamp,
    ) -> Result<WrittenMessage, Error> {
        if let Some(idempotency) = &idempotency {
            let mut snapshot = self.store.of(actor.organisation).snapshot()?;
            if let Some(first) = idempotency.first_answer(&mut snapshot, actor, now)? {
                return Ok(first);
            }
        }
        writing.check(now)?;
        let matter = self.matter(actor, &writing)?;
        self.check_mentions(actor, matter.team, &writing.mentions)?;
        if let (Some(expected), Some(ticket)) = (expected, &matter.ticket) {
            // Looked at again with the commit; here it saves composing what nobody will want.
            self.check_unanswered(actor, ticket, expected)?;
        }
        let letter = Arc::new(self.letter(actor, &writing, &matter)?);
        let brings = self.brought_by(actor, &letter)?;
        let composed = self.compose(actor, letter.clone(), now).await?;
        let (writing, matter) = (&writing, &matter);
        Post { actor, writing, matter, letter, composed, expected, idempotency, draft, now, brings }
            .commit(self)
            .await
    }

    /// Whom a letter brings into its ticket: everybody who gets it, but for ourselves.
    fn brought_by(&self, actor: &Actor, letter: &Letter) -> Result<BTreeSet<String>, Error> {
        let mut brings = BTreeSet::new();
        for (address, _) in letter.recipients.each() {
            if !self.accounts.is_ours(actor.organisation, address)? {
                brings.insert(address.normalised());
            }
        }
        Ok(brings)
    }
}
