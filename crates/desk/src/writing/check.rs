//! What is wrong with a writing in itself, before anything is read.

use jiff::{SignedDuration, Timestamp};

use super::{HOLD_DAYS_MAX, Hold, Target, UNDO_SECONDS_MAX, Writing, WritingKind};
use crate::Error;

/// How much text one message has, in octets: a long book.
pub(crate) const TEXT_BYTES_MAX: usize = 1 << 20;

/// How many files one message has.
pub(crate) const ATTACHMENTS_MAX: usize = 100;

/// The longest subject, in characters: what is read of one.
pub(crate) const SUBJECT_CHARS_MAX: usize = 500;

impl Writing {
    pub(super) fn is_note(&self) -> bool {
        matches!(self.target, Target::Ticket { kind: WritingKind::Note, .. })
    }

    pub(super) fn is_forward(&self) -> bool {
        matches!(self.target, Target::Ticket { kind: WritingKind::Forward, .. })
    }

    /// # Errors
    /// [`Error::Invalid`] with a sentence that says what would be right.
    pub(super) fn check(&self, now: Timestamp) -> Result<(), Error> {
        // Control characters are in no mail.
        let is_blank = self.text.chars().all(|c| c.is_whitespace() || c.is_control());
        if is_blank && self.attachments.is_empty() && !self.is_forward() {
            return invalid("there is nothing to say: give a text or an attachment");
        }
        if self.text.len() > TEXT_BYTES_MAX {
            return invalid(format!("a text has at most {} KiB; attach a longer one", TEXT_BYTES_MAX >> 10));
        }
        if self.attachments.len() > ATTACHMENTS_MAX {
            return invalid(format!("a message has at most {ATTACHMENTS_MAX} attachments"));
        }
        if let Target::New { subject, .. } = &self.target
            && subject.trim().is_empty()
        {
            return invalid("a new mail needs a subject");
        }
        let subjects = [self.subject.as_ref(), self.target.subject()];
        if subjects.into_iter().flatten().any(|subject| subject.chars().count() > SUBJECT_CHARS_MAX) {
            return invalid(format!("a subject has at most {SUBJECT_CHARS_MAX} characters"));
        }
        if self.is_note() && self.hold != Hold::None {
            return invalid("a note is never sent, so it can't be held");
        }
        self.hold.check(now)
    }
}

impl Target {
    fn subject(&self) -> Option<&String> {
        match self {
            Target::New { subject, .. } => Some(subject),
            Target::Ticket { .. } => None,
        }
    }
}

impl Hold {
    fn check(self, now: Timestamp) -> Result<(), Error> {
        let latest = now.saturating_add(SignedDuration::from_hours(24 * i64::from(HOLD_DAYS_MAX)));
        match self {
            Hold::Undo(seconds) if seconds > UNDO_SECONDS_MAX => invalid(format!(
                "a mail can be taken back for at most {UNDO_SECONDS_MAX} seconds; give a time to send it later"
            )),
            Hold::Until(at) if at < now => invalid("the time to send it is past; give one to come, or none"),
            Hold::Until(at) if latest.is_ok_and(|latest| at > latest) => {
                invalid(format!("a mail is sent at most {HOLD_DAYS_MAX} days later"))
            }
            Hold::None | Hold::Undo(_) | Hold::Until(_) => Ok(()),
        }
    }

    /// When a mail that is written now goes out.
    pub(super) fn end(self, now: Timestamp) -> Timestamp {
        match self {
            Hold::None => now,
            Hold::Undo(seconds) => {
                now.saturating_add(SignedDuration::from_secs(seconds.into())).unwrap_or(Timestamp::MAX)
            }
            Hold::Until(at) => at,
        }
    }
}

pub(super) fn invalid<T>(sentence: impl Into<String>) -> Result<T, Error> {
    Err(Error::Invalid(sentence.into()))
}
