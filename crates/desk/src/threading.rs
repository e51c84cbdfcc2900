//! Threading: which ticket a mail belongs to.
//!
//! A mail joins a ticket only by a reference from an authenticated participant: `In-Reply-To` or `References` name a
//! message of the ticket, a check that is aligned with the domain in `From` passed, and that address takes part in the
//! ticket. Anything less makes a new ticket, linked to the one it refers to, so that an agent sees both and nobody
//! enters by knowing a Message-ID. A number in a subject never counts.
//!
//! Two mails may also name a third that never came here (we were put in copy late): with the same participant and the
//! same subject they are one conversation.

use guichet_mail::MailAddress;
use guichet_store::Snapshot;

use crate::Error;
use crate::arrival::{Arrival, Recipient};
use crate::identity::{Entry, Identity, Known};
use crate::stored::{self, StoredTicket};

/// How many tickets a mail's references are followed to.
const CANDIDATES_MAX: usize = 16;

/// How many of the identities that a mail names are looked at: the newest, which are the nearest.
const NAMED_MAX: usize = 20;

/// Where a mail belongs.
#[derive(Debug, Default)]
pub(crate) struct Thread {
    /// The ticket that it joins.
    pub(crate) joins: Option<StoredTicket>,
    /// Tickets that it refers to without a right to enter.
    pub(crate) refers_to: Vec<u64>,
}

/// The identities that a mail names, read as checks of the batch.
pub(crate) fn named(snapshot: &mut Snapshot, arrival: &Arrival) -> Result<Vec<Known>, Error> {
    let content = &arrival.reading.content;
    let mut identities: Vec<Identity> = Vec::new();
    for id in content.in_reply_to.iter().chain(content.references.iter().rev()) {
        let identity = Identity::of_id(id);
        if identities.len() < NAMED_MAX && !identities.contains(&identity) {
            identities.push(identity);
        }
    }
    identities.into_iter().map(|identity| Known::read(snapshot, identity)).collect()
}

/// Finds the ticket, among those of the channels that the mail was sent to.
pub(crate) fn find(
    snapshot: &Snapshot,
    arrival: &Arrival,
    recipients: &[&Recipient],
    named: &[Known],
) -> Result<Thread, Error> {
    let sender = arrival.reading.sole_author().filter(|from| arrival.verdicts.is_authenticated(from));
    let mut thread = Thread::default();
    let mut seen = Vec::new();
    for entry in named.iter().flat_map(Known::entries) {
        let entry = entry?;
        if entry.ticket == 0 || seen.contains(&entry.ticket) || seen.len() >= CANDIDATES_MAX {
            continue;
        }
        seen.push(entry.ticket);
        let Some(ticket) = stored::ticket(snapshot, entry.ticket)? else {
            continue;
        };
        if !recipients.iter().any(|recipient| recipient.channel == ticket.record.channel) {
            // The same mail to another address of ours is that address's own conversation.
            continue;
        }
        if is_admitted(&ticket, &entry, arrival, sender) {
            thread.joins = Some(ticket);
            return Ok(thread);
        }
        if entry.is_own {
            thread.refers_to.push(entry.ticket);
        }
    }
    Ok(thread)
}

fn is_admitted(
    ticket: &StoredTicket,
    entry: &Entry,
    arrival: &Arrival,
    sender: Option<&MailAddress>,
) -> bool {
    let takes_part = sender.is_some_and(|from| ticket.record.participants.contains(&from.normalised()));
    takes_part
        && (entry.is_own
            || ticket.record.base_subject.to_lowercase() == arrival.reading.base_subject.to_lowercase())
}
