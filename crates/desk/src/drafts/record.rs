//! A draft, as it is typed and as it is stored.

use std::fmt;
use std::str::FromStr;

use data_encoding::BASE32_NOPAD;
use guichet_accounts::{ChannelId, PersonId, TeamId};
use guichet_store::{Snapshot, record};
use jiff::Timestamp;
use minicbor::{Decode, Encode};

use crate::writing::{ATTACHMENTS_MAX, SUBJECT_CHARS_MAX, TEXT_BYTES_MAX};
use crate::{CompanyId, ContactId, Error, State, UploadId, WritingKind, keys, numbers};

/// How many recipients a draft names in each of `to`, `cc` and `bcc`.
const RECIPIENTS_MAX: usize = 100;

/// How much of a recipient is kept as it is typed, in characters: a long name and the longest address.
const RECIPIENT_CHARS_MAX: usize = 600;

/// The number of a draft: as a [`DeliveryId`](crate::DeliveryId), made of the time and chance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DraftId(pub u64);

impl fmt::Display for DraftId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&BASE32_NOPAD.encode(&self.0.to_be_bytes()).to_ascii_lowercase())
    }
}

/// A text that is no number of a draft.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no draft; it has 13 letters and digits")]
pub struct BadDraftId(String);

impl FromStr for DraftId {
    type Err = BadDraftId;

    fn from_str(text: &str) -> Result<Self, BadDraftId> {
        let octets = BASE32_NOPAD.decode(text.to_ascii_uppercase().as_bytes()).ok();
        let octets = octets.and_then(|octets| octets.as_slice().try_into().ok());
        octets.map(|octets| Self(u64::from_be_bytes(octets))).ok_or_else(|| BadDraftId(text.to_owned()))
    }
}

/// What a person has typed so far: everything that a [`Writing`](crate::Writing) has.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode)]
pub struct Draft {
    /// What it will be in its ticket, a reply where nothing is said; of no meaning in a new mail.
    #[n(0)]
    pub kind: Option<WritingKind>,
    /// Which message of the ticket it answers or forwards.
    #[n(1)]
    pub answers: Option<u64>,
    /// Whom it is to, as typed.
    #[n(2)]
    pub to: Option<Vec<String>>,
    /// Who gets a copy, as typed.
    #[n(3)]
    pub cc: Option<Vec<String>>,
    /// Who gets a copy that the others don't see, as typed.
    #[n(4)]
    pub bcc: Option<Vec<String>>,
    /// Its subject.
    #[n(5)]
    pub subject: Option<String>,
    /// Markdown.
    #[n(6)]
    pub text: String,
    /// Whether an answer quotes what it answers; it does where nothing is said.
    #[n(7)]
    pub quote: Option<bool>,
    /// Files that were uploaded before.
    #[n(8)]
    pub attachments: Vec<UploadId>,
    /// Whether a forward takes the files of the original along.
    #[cbor(n(9), default)]
    pub include_attachments: bool,
    /// Through which channel it goes.
    #[n(10)]
    pub channel: Option<ChannelId>,
    /// Whose ticket a new mail becomes.
    #[n(11)]
    pub team: Option<TeamId>,
    /// The ticket's state afterwards.
    #[n(12)]
    pub state: Option<State>,
    /// For how many seconds it can be taken back once it is sent.
    #[n(13)]
    pub undo_seconds: Option<u32>,
    /// When it shall leave.
    #[cbor(n(14), with = "crate::time::optional", has_nil)]
    pub send_at: Option<Timestamp>,
    /// Contacts whom it is to.
    #[cbor(n(15), default)]
    pub contacts: Vec<ContactId>,
    /// The company that a new ticket is linked to.
    #[n(16)]
    pub company: Option<CompanyId>,
    /// People of the organisation whom it names.
    #[cbor(n(17), default)]
    pub mentions: Vec<PersonId>,
}

/// What is stored of a draft, but for its version in front of it.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub(crate) struct DraftRecord {
    #[n(0)]
    pub(crate) draft: Draft,
    /// Its ticket; 0 of a new mail.
    #[n(1)]
    pub(crate) ticket: u64,
    #[cbor(n(2), with = "crate::time")]
    pub(crate) created: Timestamp,
    #[cbor(n(3), with = "crate::time")]
    pub(crate) updated: Timestamp,
    /// What it counts for in its writer's bound, files included.
    #[n(4)]
    pub(crate) bytes: u64,
}

/// What a list of tickets needs of a draft: the rest of [`DraftRecord`] is passed over, however long it is.
#[derive(Debug, Decode)]
struct DraftPlace {
    #[n(1)]
    ticket: u64,
}

/// The ticket of a stored draft; none of a new mail.
pub(super) fn ticket_of(stored: &[u8]) -> Result<Option<u64>, Error> {
    let (_, rest) = numbers::<1>(stored)?;
    let DraftPlace { ticket } = record::decode(rest).map_err(|_| Error::Damaged("draft"))?;
    Ok((ticket != 0).then_some(ticket))
}

/// A draft with what stands around it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredDraft {
    /// Its number.
    pub id: DraftId,
    /// The event that changed it last; never 0.
    pub version: u64,
    /// Its ticket; none of a new mail.
    pub ticket: Option<u64>,
    /// When it was begun.
    pub created: Timestamp,
    /// When it was changed last.
    pub updated: Timestamp,
    /// What it says.
    pub draft: Draft,
    pub(super) bytes: u64,
}

impl StoredDraft {
    pub(crate) fn of(id: DraftId, stored: &[u8]) -> Result<Self, Error> {
        let ([version], rest) = numbers::<1>(stored)?;
        let DraftRecord { draft, ticket, created, updated, bytes } =
            record::decode(rest).map_err(|_| Error::Damaged("draft"))?;
        let ticket = (ticket != 0).then_some(ticket);
        Ok(Self { id, version, ticket, created, updated, draft, bytes })
    }

    /// Reads one as a check of the batch.
    pub(super) fn read(
        snapshot: &mut Snapshot,
        person: PersonId,
        id: DraftId,
    ) -> Result<Option<Self>, Error> {
        snapshot.read(&keys::draft(person, id.0))?.map(|stored| Self::of(id, &stored)).transpose()
    }

    pub(super) fn ticket_number(&self) -> u64 {
        self.ticket.unwrap_or_default()
    }
}

impl Draft {
    /// # Errors
    /// [`Error::Invalid`] for what is too large to be kept; what can't be sent like this is said when it is sent.
    pub(super) fn check(&self) -> Result<(), Error> {
        let invalid = |sentence: String| Err(Error::Invalid(sentence));
        if self.text.len() > TEXT_BYTES_MAX {
            return invalid(format!("a text has at most {} KiB; attach a longer one", TEXT_BYTES_MAX >> 10));
        }
        if self.attachments.len() > ATTACHMENTS_MAX {
            return invalid(format!("a message has at most {ATTACHMENTS_MAX} attachments"));
        }
        if self.contacts.len() > RECIPIENTS_MAX || self.mentions.len() > RECIPIENTS_MAX {
            return invalid(format!("at most {RECIPIENTS_MAX} contacts and people are named"));
        }
        if self.subject.as_ref().is_some_and(|subject| subject.chars().count() > SUBJECT_CHARS_MAX) {
            return invalid(format!("a subject has at most {SUBJECT_CHARS_MAX} characters"));
        }
        // Of the last second of the calendar only the beginning can be read back.
        if self.send_at.is_some_and(|at| Timestamp::from_microsecond(at.as_microsecond()).is_err()) {
            return invalid("nothing is sent as late as that: give a time within a year".to_owned());
        }
        for list in [&self.to, &self.cc, &self.bcc].into_iter().flatten() {
            if list.len() > RECIPIENTS_MAX {
                return invalid(format!("a mail goes to at most {RECIPIENTS_MAX} people"));
            }
            if list.iter().any(|typed| typed.chars().count() > RECIPIENT_CHARS_MAX) {
                return invalid(format!("a recipient has at most {RECIPIENT_CHARS_MAX} characters"));
            }
        }
        Ok(())
    }
}
