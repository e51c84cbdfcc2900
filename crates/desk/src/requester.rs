//! The requester of a ticket: whom a forwarded mail proposes, and whom an agent makes it.
//!
//! An agent who forwards a customer's mail in is not the customer (zammad#1596): the author of the mail within is
//! proposed, and becomes the requester once somebody agrees.
//!
//! *Security*: only the mail of a person of the organisation, proven to be theirs, proposes anybody; else whoever writes
//! `From:` into a text would open tickets in another's name. A proposal changes nothing by itself.

use guichet_accounts::Actor;
use guichet_mail::{Address, MailAddress};
use guichet_store::{CommitError, Direction, Snapshot};
use jiff::Timestamp;

use crate::change::rewrite;
use crate::contact::Sender;
use crate::event::EventKind;
use crate::groups::Incoming;
use crate::keys::{self, Number};
use crate::participants::PARTICIPANTS_MAX;
use crate::stored::{self, StoredTicket, last_number};
use crate::{ContactId, Desk, Error};

/// How often a change is tried again when mail for the ticket was quicker.
const ATTEMPTS_MAX: usize = 16;

/// Whom a ticket is from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NewRequester {
    /// Whoever has this address; a contact who is new is made.
    Address(Address),
    /// A contact that the actor knows.
    Contact(ContactId),
    /// As it is: the proposal is declined.
    Unchanged,
}

impl Desk {
    /// Whose mail a colleague passes on.
    pub(crate) fn proposed_requester(&self, mail: Incoming<'_>) -> Result<Option<Address>, Error> {
        let arrival = mail.arrival;
        let Some(inner) = &arrival.reading.forwarded else { return Ok(None) };
        let Some(address) = &inner.address else { return Ok(None) };
        if !arrival.automatic().is_human() || !self.is_colleague(mail)? {
            return Ok(None);
        }
        let is_own = self.accounts.is_ours(mail.organisation, address)? || self.is_person(mail, address)?;
        Ok((!is_own).then(|| inner.clone()))
    }

    fn is_person(&self, mail: Incoming<'_>, address: &MailAddress) -> Result<bool, Error> {
        Ok(self.accounts.people(mail.organisation)?.iter().any(|person| person.address.is_same(address)))
    }

    /// Makes somebody the requester of a ticket that the actor sees, or declines who was proposed. The new requester
    /// takes part from now on; whoever forwarded the mail does no more, unless `keeps_forwarder`.
    ///
    /// # Errors
    /// [`Error::Invalid`] where the address is the organisation's own.
    pub async fn set_requester(
        &self,
        actor: &Actor,
        number: u64,
        new: &NewRequester,
        keeps_forwarder: bool,
        now: Timestamp,
    ) -> Result<StoredTicket, Error> {
        for _ in 0..ATTEMPTS_MAX {
            let mut snapshot = self.store.of(actor.organisation).snapshot()?;
            let ticket = stored::ticket_checked(&mut snapshot, number)?
                .filter(|ticket| actor.sight.sees(ticket.record.team))
                .ok_or(Error::NotFound("ticket"))?;
            ticket.check_unmerged()?;
            let found = self.found(actor, &mut snapshot, new)?;
            let mut changed = ticket.clone();
            changed.record.proposed_requester = None;
            if let Some(found) = &found {
                if !keeps_forwarder {
                    self.dismiss_forwarder(actor, &snapshot, &mut changed)?;
                }
                found.address().into_iter().for_each(|address| admit(&mut changed, address));
            }
            let is_same = found.as_ref().is_none_or(|found| found.known().contains(&ticket.requester));
            if changed == ticket && is_same {
                return Ok(ticket);
            }
            changed.record.updated = now;
            let (mut batch, mut due) = (snapshot.batch(), self.due_rows());
            let entered = found.as_ref().map(|found| found.enter(&mut batch, now));
            let requester = entered.unwrap_or(Number::Known(ticket.requester));
            let (after, kind) = ((&changed.record, requester), EventKind::TicketChanged);
            let activity = rewrite((&mut batch, &mut due), (actor, now), &ticket, after, kind);
            match self.commit_queued(batch, due).await {
                Ok(receipt) => {
                    let (activity, requester) = (activity.of(&receipt), requester.of(&receipt));
                    return Ok(StoredTicket { activity, requester, ..changed });
                }
                Err(CommitError::Conflict) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(Error::Unavailable("too much happens to this ticket at once".to_owned()))
    }

    /// Finds who it shall be; none where the requester stays.
    fn found<'a>(
        &self,
        actor: &Actor,
        snapshot: &mut Snapshot,
        new: &'a NewRequester,
    ) -> Result<Option<Sender<'a>>, Error> {
        let found = match new {
            NewRequester::Unchanged => return Ok(None),
            NewRequester::Contact(id) => Sender::numbered(snapshot, actor, *id)?,
            NewRequester::Address(entry) => Sender::named_by(snapshot, actor, std::slice::from_ref(entry))?,
        };
        let Some(address) = found.address() else {
            return Err(Error::Invalid("a requester needs an address".to_owned()));
        };
        if self.accounts.is_ours(actor.organisation, address)? {
            return Err(Error::Invalid(format!(
                "{address} is an address of this help desk, so nobody's request is from it"
            )));
        }
        Ok(Some(found))
    }

    /// Takes the colleague out of the participants who wrote the ticket's first mail.
    fn dismiss_forwarder(
        &self,
        actor: &Actor,
        snapshot: &Snapshot,
        ticket: &mut StoredTicket,
    ) -> Result<(), Error> {
        let first = snapshot.scan(&keys::ticket_messages(ticket.number), Direction::Forward, None)?.next();
        let Some((key, _)) = first.transpose()? else { return Ok(()) };
        let Some(message) = stored::message(snapshot, last_number(&key)?)? else { return Ok(()) };
        let Some(author) = message.record.content.sole_author() else { return Ok(()) };
        let people = self.accounts.people(actor.organisation)?;
        if people.iter().any(|person| person.address.is_same(author)) {
            ticket.record.participants.remove(&author.normalised());
        }
        Ok(())
    }
}

/// Lets the new requester take part. Who they are matters more than the last of a hundred.
fn admit(ticket: &mut StoredTicket, address: &MailAddress) {
    let participants = &mut ticket.record.participants;
    if participants.len() >= PARTICIPANTS_MAX && !participants.contains(&address.normalised()) {
        participants.pop_last();
    }
    participants.insert(address.normalised());
}
