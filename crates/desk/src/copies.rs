//! Copies: what came before of this very mail.
//!
//! A copy has the same Message-ID and the same digest. One that was sent to the same channel makes a mail a duplicate,
//! but only where the copy stands at least as well: a forger who is quicker than the mail itself, or a forwarder who
//! broke its signature, must not keep the proven mail out. Such a mail goes to the ticket of the weaker copy.

use guichet_mail::digest::MailDigest;
use guichet_store::Snapshot;

use crate::Error;
use crate::arrival::Recipient;
use crate::identity::{Identity, Known};
use crate::message::Content;
use crate::receive::Outcome;
use crate::stored::{self, StoredMessage};

/// How far a mail is to be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Standing {
    /// It is kept aside.
    Quarantined,
    /// It is in a ticket; nobody stands behind its author.
    Unproven,
    /// It is in a ticket, and its author is proven.
    Proven,
}

/// The copies of a mail that are here already.
pub(crate) struct Copies {
    /// The identity of the mail, which holds them.
    pub(crate) identity: Known,
    messages: Vec<StoredMessage>,
}

impl Copies {
    /// Reads the identity as a check of the batch: of two copies at once, one sees the other.
    pub(crate) fn of(snapshot: &mut Snapshot, content: &Content, digest: MailDigest) -> Result<Self, Error> {
        let identity = Identity::of_mail(content.message_id.as_ref(), *digest.as_bytes());
        let identity = Known::read(snapshot, identity)?;
        let mut messages = Vec::new();
        for entry in identity.entries() {
            let entry = entry?;
            if entry.is_own
                && let Some(message) = stored::message(snapshot, entry.message)?
                && message.record.digest == digest
                && (message.ticket == 0 || stored::is_in_ticket(snapshot, &message)?)
            {
                messages.push(message);
            }
        }
        Ok(Copies { identity, messages })
    }

    /// What the mail is, if one of these channels has a copy that stands at least as well. At a reply address that leads
    /// `into` a ticket, only a copy that is there already counts: some servers make a transaction for each recipient, and
    /// that of the plain address may come first.
    pub(crate) fn duplicate(
        &self,
        recipients: &[&Recipient],
        standing: Standing,
        into: Option<u64>,
    ) -> Option<Outcome> {
        let is_there =
            |copy: &StoredMessage| copy.ticket == 0 || into.is_none_or(|ticket| copy.ticket == ticket);
        let copies = self.messages.iter().filter(|copy| copy.came_to(recipients) && is_there(copy));
        let best = copies.max_by_key(|copy| copy.standing())?;
        let ticket = (best.ticket != 0).then_some(best.ticket);
        (best.standing() >= standing).then_some(Outcome::Duplicate { ticket })
    }

    /// The ticket of the copy that came to this very address; 0 while all such are kept aside.
    pub(crate) fn at(&self, recipient: &Recipient) -> Option<u64> {
        let came = |copy: &&StoredMessage| {
            let envelope = copy.record.envelope.as_ref();
            envelope.is_some_and(|envelope| envelope.recipients.contains(&recipient.address))
        };
        self.messages.iter().filter(came).map(|copy| copy.ticket).max()
    }

    /// The copies that are in tickets.
    pub(crate) fn in_tickets(&self) -> impl Iterator<Item = &StoredMessage> {
        self.messages.iter().filter(|copy| copy.ticket != 0)
    }
}

impl StoredMessage {
    /// Whether it was sent to one of the channels of these recipients.
    pub(crate) fn came_to(&self, recipients: &[&Recipient]) -> bool {
        let mut channels = recipients.iter().filter_map(|recipient| recipient.channel());
        channels.any(|channel| self.record.channels.contains(&channel))
    }

    /// How far it is to be trusted.
    pub(crate) fn standing(&self) -> Standing {
        let verdicts = self.record.verdicts.as_ref();
        let is_proven = match verdicts.map(|verdicts| self.record.content.proven_author(verdicts)) {
            Some(author) => author.is_some(),
            // It was written here.
            None => true,
        };
        match is_proven {
            _ if self.ticket == 0 => Standing::Quarantined,
            true => Standing::Proven,
            false => Standing::Unproven,
        }
    }
}
