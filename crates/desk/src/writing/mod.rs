//! Writing: what people of the organisation say in a ticket, as a mail that goes out or a note that does not.
//!
//! *Invariant:* when [`Desk::write`] returns `Ok`, the mail as it was composed, the message, its deliveries and what
//! became of the ticket are on disk, all in one commit; on `Err` nothing of it is kept and nothing is sent.
//!
//! The octets are finished before the commit, so that the order is: what is asked for, to whom, composed into a
//! blob, then planned and committed, the plan anew whenever somebody else was quicker.

use guichet_accounts::{Actor, ChannelId, TeamId};
use guichet_mail::MailAddress;
use guichet_mail::compose::Mailbox;
use jiff::Timestamp;

use crate::{DeliveryId, Desk, Error, Idempotency, State, UploadId};

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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum WritingKind {
    /// An answer to whoever wrote.
    Reply,
    /// An answer to everybody whom the message was from or to.
    ReplyAll,
    /// The message handed on to somebody else.
    Forward,
    /// For the organisation's own people; never sent.
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
        let _ = (actor, writing, expected, idempotency, now);
        Err(Error::Unavailable("writing is not here yet".to_owned()))
    }

    /// Lets somebody take part in a ticket: their answers join it from now on. Answers the ticket's activity number.
    pub async fn agree(
        &self,
        actor: &Actor,
        ticket: u64,
        address: &MailAddress,
        now: Timestamp,
    ) -> Result<u64, Error> {
        let _ = (actor, ticket, address, now);
        Err(Error::Unavailable("agreeing is not here yet".to_owned()))
    }
}
