//! Threading: which ticket a mail belongs to.
//!
//! A mail joins a ticket by its token: it came to the reply address of a mail of ours, which only whoever got that mail
//! knows. Else it joins only by a reference from an authenticated participant: `In-Reply-To` or `References` name a
//! message of the ticket, a check that is aligned with the domain in `From` passed, and that address takes part in the
//! ticket, or is that of a person of the organisation, who answered from another program. Anything less makes a new
//! ticket, linked to the one it refers to, so that an agent sees both and nobody enters by knowing a Message-ID; so does
//! a message that is half a year old. A number in a subject never counts.
//!
//! Two mails may also name a third that never came here (we were put in copy late): with the same participants and the
//! same subject they are one conversation.
//!
//! *Security*: a Message-ID belongs to nobody, so a stranger may have used or named it too, with the sender in copy.
//! A mail of ours goes before any other, since only we make its Message-ID; then a ticket that the sender began before
//! one that they were brought into, a message whose author is proven before one whose is not, an older before a newer;
//! and by the name of an unseen mail alone nobody joins a ticket one of whose participants they did not write to.
//! What is left: before our first answer, an authenticated stranger who uses as his own the Message-ID of a mail that
//! never came here, with somebody in copy, may draw a later mail of theirs, which names it and comes to us alone, into
//! his ticket. To refuse that would refuse a colleague in copy who answers to us alone, whose mail looks the same.

use guichet_mail::MailAddress;
use guichet_store::Snapshot;
use jiff::SignedDuration;

use crate::Error;
use crate::arrival::{Arrival, Recipient};
use crate::copies::{Copies, Standing};
use crate::identity::{ENTRIES_MAX, Identity, Known};
use crate::stored::{self, StoredMessage, StoredTicket};

/// How long a reply address or a reference leads into its ticket; then it begins a new one, linked. People look half a
/// year back for a mail to answer to; whoever comes later has another matter.
const REPLY_AGE: SignedDuration = SignedDuration::from_hours(180 * 24);

/// How many messages a mail's references are followed to: all that one identity remembers.
const CANDIDATES_MAX: usize = ENTRIES_MAX;

/// How many of the identities that a mail names are looked at: the newest, which are the nearest.
const NAMED_MAX: usize = 20;

/// How many tickets one mail is linked to.
const LINKS_MAX: usize = 16;

/// Whether this message still leads into its ticket.
pub(crate) fn is_answerable(message: &StoredMessage, arrival: &Arrival) -> bool {
    arrival.received <= message.record.received + REPLY_AGE
}

/// Where a mail belongs.
#[derive(Debug, Default)]
pub(crate) struct Thread {
    /// The ticket that it joins.
    pub(crate) joins: Option<StoredTicket>,
    /// Tickets that it refers to without a right to enter.
    pub(crate) refers_to: Vec<u64>,
}

impl Thread {
    /// Links a new ticket to this one as well.
    pub(crate) fn refer_to(&mut self, ticket: Option<u64>) {
        let is_new = self.joins.is_none();
        self.refers_to.extend(ticket.filter(|ticket| is_new && !self.refers_to.contains(ticket)));
    }
}

/// What its author is to the organisation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// Somebody from outside, who has to take part in a ticket to enter it.
    Outsider,
    /// One of its people, proven.
    Colleague,
}

/// What a mail refers to: the same for all its recipients in one organisation.
pub(crate) struct References {
    /// The identities that no mail of ours carries yet: one that may yet come, or never will.
    pub(crate) unseen: Vec<Known>,
    candidates: Vec<Candidate>,
}

/// A message that a mail refers to.
struct Candidate {
    message: StoredMessage,
    ticket: StoredTicket,
    /// Whether it is what the mail names; if not, it names the same.
    is_named: bool,
}

impl References {
    /// Follows the references of a mail, nearest first; the identities are read as checks of the batch.
    pub(crate) fn read(
        snapshot: &mut Snapshot,
        arrival: &Arrival,
        copies: &Copies,
        named: &[Identity],
    ) -> Result<Self, Error> {
        let mut references = References { unseen: Vec::new(), candidates: Vec::new() };
        for copy in copies.in_tickets() {
            references.follow(snapshot, copy.clone(), true)?;
        }
        let is_proven = arrival.proven_author().is_some();
        let mut left = CANDIDATES_MAX;
        for identity in named.iter().take(NAMED_MAX) {
            let known = Known::read(snapshot, *identity)?;
            for entry in known.entries().take(left) {
                let entry = entry?;
                left -= 1;
                if let Some(message) = stored::message(snapshot, entry.message)? {
                    references.follow(snapshot, message, entry.is_own)?;
                }
            }
            if is_proven && known.is_unseen()? {
                references.unseen.push(known);
            }
        }
        Ok(references)
    }

    fn follow(&mut self, snapshot: &Snapshot, message: StoredMessage, is_named: bool) -> Result<(), Error> {
        // What was deleted for good is as if it had never been.
        if message.ticket != 0
            && let Some(ticket) = stored::ticket(snapshot, message.ticket)?
        {
            self.candidates.push(Candidate { message, ticket, is_named });
        }
        Ok(())
    }

    /// Whether there is anything that the mail may belong to.
    pub(crate) fn is_empty(&self) -> bool {
        self.candidates.is_empty()
    }

    /// Finds the ticket, among those of the channels that the mail was sent to. `requester` is the sender's contact, under
    /// each of its numbers.
    pub(crate) fn thread(
        &self,
        arrival: &Arrival,
        recipients: &[&Recipient],
        requester: &[u64],
        role: Role,
    ) -> Thread {
        let mut best: Option<(_, &Candidate)> = None;
        for candidate in &self.candidates {
            let is_ours = candidate.is_named && candidate.message.record.written.is_some();
            let is_senders = requester.contains(&candidate.ticket.requester);
            let rank = (is_ours, is_senders, candidate.message.standing() == Standing::Proven);
            if candidate.admits(arrival, recipients, role) && best.is_none_or(|(highest, _)| rank > highest) {
                best = Some((rank, candidate));
            }
        }
        if let Some((_, candidate)) = best {
            return Thread { joins: Some(candidate.ticket.clone()), refers_to: Vec::new() };
        }
        let mut refers_to = Vec::new();
        for candidate in self.candidates.iter().filter(|candidate| candidate.is_named) {
            let ticket = candidate.ticket.number;
            if refers_to.len() < LINKS_MAX && !refers_to.contains(&ticket) {
                refers_to.push(ticket);
            }
        }
        Thread { joins: None, refers_to }
    }
}

impl Candidate {
    /// Whether the sender may enter. The same mail to another address of ours is that address's own conversation.
    fn admits(&self, arrival: &Arrival, recipients: &[&Recipient], role: Role) -> bool {
        let participants = &self.ticket.record.participants;
        let takes_part = arrival
            .proven_author()
            .is_some_and(|author| role == Role::Colleague || participants.contains(&author.normalised()));
        takes_part
            && is_answerable(&self.message, arrival)
            && self.message.came_to(recipients)
            && (self.is_named || self.is_same_matter(arrival))
    }

    fn is_same_matter(&self, arrival: &Arrival) -> bool {
        let people: Vec<String> = arrival.reading.content.people().map(MailAddress::normalised).collect();
        let ticket = &self.ticket.record;
        ticket.base_subject.to_lowercase() == arrival.reading.base_subject.to_lowercase()
            && ticket.participants.iter().all(|participant| people.contains(participant))
    }
}
