//! Sending a draft: exactly the version that is stored, and once.
//!
//! The draft goes in the commit that makes the message, and what it became is remembered under its number as under an
//! idempotency key; so a request that is sent again gets the first answer, within a day.

use guichet_accounts::{Actor, PersonId};
use guichet_mail::Address;
use guichet_mail::compose::Mailbox;
use guichet_store::Snapshot;
use jiff::Timestamp;

use super::{Draft, DraftId, Removal, StoredDraft, writer};
use crate::{Desk, Error, Hold, Idempotency, Target, Writing, WritingKind, WrittenMessage};

/// A draft that is being sent.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sending {
    person: PersonId,
    id: DraftId,
    version: u64,
}

impl Sending {
    /// Reads the draft as a check of the commit: it is still what was composed.
    pub(crate) fn read(&self, snapshot: &mut Snapshot, actor: &Actor) -> Result<Removal, Error> {
        Removal::read(snapshot, (actor, self.person), self.id, Some(self.version))
    }
}

impl Desk {
    /// Sends a draft of the actor's in the version that they read; `undo_secs` is for how long it can be taken back where
    /// it does not say.
    ///
    /// # Errors
    /// [`Error::Changed`] where it is another version by now. Else as [`Desk::write`]; what is wrong with the draft itself
    /// is [`Error::Invalid`], and the draft stays.
    pub async fn send_draft(
        &self,
        actor: &Actor,
        id: DraftId,
        (version, undo_secs): (u64, u32),
        now: Timestamp,
    ) -> Result<WrittenMessage, Error> {
        let person = writer(actor)?;
        let idempotency = Idempotency::of_draft(id);
        let mut snapshot = self.store.of(actor.organisation).snapshot()?;
        if let Some(first) = idempotency.first_answer(&mut snapshot, actor, now)? {
            return Ok(first);
        }
        drop(snapshot);
        let stored = self.draft(actor, id)?;
        if stored.version != version {
            return Err(Error::Changed("draft"));
        }
        let sending = Sending { person, id, version };
        let writing = stored.writing(undo_secs)?;
        self.write_draft(actor, writing, (sending, idempotency), now).await
    }
}

impl StoredDraft {
    /// What is written when it is sent.
    fn writing(&self, undo_secs: u32) -> Result<Writing, Error> {
        let draft = &self.draft;
        let kind = draft.kind.unwrap_or(WritingKind::Reply);
        let is_note = self.ticket.is_some() && kind == WritingKind::Note;
        Ok(Writing {
            target: self.target(kind)?,
            to: mailboxes(draft.to.as_deref())?,
            cc: mailboxes(draft.cc.as_deref())?,
            bcc: mailboxes(draft.bcc.as_deref())?,
            subject: draft.subject.clone().filter(|subject| self.ticket.is_some() && !subject.is_empty()),
            text: draft.text.clone(),
            quote: self.ticket.is_some() && draft.quote.unwrap_or(true),
            attachments: draft.attachments.clone(),
            include_attachments: draft.include_attachments,
            channel: draft.channel,
            state: draft.state,
            hold: draft.hold(if is_note { 0 } else { undo_secs }),
            contacts: draft.contacts.clone(),
            company: draft.company,
            mentions: draft.mentions.clone(),
        })
    }

    fn target(&self, kind: WritingKind) -> Result<Target, Error> {
        let draft = &self.draft;
        if let Some(number) = self.ticket {
            return Ok(Target::Ticket { number, kind, answers: draft.answers });
        }
        let channel = draft.channel.ok_or_else(|| {
            Error::Invalid("a new mail needs the channel that it leaves through: give `channel`".to_owned())
        })?;
        Ok(Target::New { channel, subject: draft.subject.clone().unwrap_or_default(), team: draft.team })
    }
}

impl Draft {
    fn hold(&self, undo_secs: u32) -> Hold {
        match (self.send_at, self.undo_seconds.unwrap_or(undo_secs)) {
            (Some(at), _) => Hold::Until(at),
            (None, 0) => Hold::None,
            (None, secs) => Hold::Undo(secs),
        }
    }
}

/// What was typed, as addresses. What is empty was never meant.
fn mailboxes(typed: Option<&[String]>) -> Result<Option<Vec<Mailbox>>, Error> {
    let Some(typed) = typed else { return Ok(None) };
    let typed = typed.iter().filter(|one| !one.trim().is_empty());
    typed.map(|one| mailbox(one)).collect::<Result<_, _>>().map(Some)
}

fn mailbox(typed: &str) -> Result<Mailbox, Error> {
    // Two are looked for, so that a list is not taken for its first entry.
    match Address::parse_list(typed, 2).as_slice() {
        [Address { name, address: Some(address), .. }] if !typed.chars().any(char::is_control) => {
            Ok(Mailbox { name: name.clone(), address: address.clone() })
        }
        _ => {
            let shown: String = typed.chars().filter(|c| !c.is_control()).take(80).collect();
            Err(Error::Invalid(format!("`{shown}` is no mail address: correct it, or take it out")))
        }
    }
}
