//! Reading companies: all, one, its contacts, its tickets, its messages.

use guichet_accounts::Actor;
use guichet_store::{Snapshot, record};

use super::members::belonging;
use super::{Company, CompanyId};
use crate::contact;
use crate::list::TicketQuery;
use crate::page::Page;
use crate::read::numbered_page;
use crate::stored::{StoredMessage, StoredTicket};
use crate::{Desk, Error, State, StoredContact, TicketFilter, keys};

/// A company with what stands beside its record.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredCompany {
    /// Its number.
    pub id: CompanyId,
    /// Changes with every change of it.
    pub version: u64,
    /// The rest.
    pub record: Company,
}

/// The company that this number names: itself, or the one that it was merged into.
pub(crate) fn resolve(snapshot: &Snapshot, id: CompanyId) -> Result<Option<(CompanyId, Company)>, Error> {
    let Some(company) = at(snapshot, id.0)? else { return Ok(None) };
    let Some(into) = company.merged_into else { return Ok(Some((id, company))) };
    Ok(at(snapshot, into)?.map(|company| (CompanyId(into), company)))
}

fn at(snapshot: &Snapshot, number: u64) -> Result<Option<Company>, Error> {
    snapshot.peek(&keys::company(number))?.map(|bytes| decoded(&bytes)).transpose()
}

pub(super) fn decoded(bytes: &[u8]) -> Result<Company, Error> {
    record::decode(bytes).map_err(|_| Error::Damaged("company"))
}

/// Every number under which a company is named.
pub(crate) fn numbers_of(id: CompanyId, company: &Company) -> impl Iterator<Item = u64> {
    std::iter::once(id.0).chain(company.absorbed.iter().copied())
}

pub(super) fn found(snapshot: &Snapshot, id: CompanyId) -> Result<(CompanyId, Company), Error> {
    resolve(snapshot, id)?.ok_or(Error::NotFound("company"))
}

/// The number under which a ticket names a company.
pub(crate) fn linked(snapshot: &Snapshot, wanted: Option<CompanyId>) -> Result<Option<CompanyId>, Error> {
    let Some(id) = wanted else { return Ok(None) };
    let found = resolve(snapshot, id)?;
    found.map(|(id, _)| Some(id)).ok_or_else(|| Error::Invalid(format!("there is no company {}", id.0)))
}

fn stored(snapshot: &Snapshot, id: CompanyId, record: Company) -> Result<StoredCompany, Error> {
    let version = snapshot.peek_version(&keys::company(id.0))?.map_or(0, |(version, _)| version);
    Ok(StoredCompany { id, version, record })
}

impl Desk {
    /// A page of the companies, oldest first; with `name` those of which it begins like this, in whatever case.
    pub fn companies(
        &self,
        actor: &Actor,
        name: Option<&str>,
        cursor: Option<u64>,
        limit: usize,
    ) -> Result<Page<StoredCompany>, Error> {
        let snapshot = self.store.of(actor.organisation).snapshot()?;
        let wanted = name.unwrap_or_default().to_lowercase();
        numbered_page(&snapshot, &keys::companies(), cursor, limit, |number, value| {
            let company = decoded(value)?;
            let is_shown = company.merged_into.is_none() && company.name.to_lowercase().starts_with(&wanted);
            if is_shown { stored(&snapshot, CompanyId(number), company).map(Some) } else { Ok(None) }
        })
    }

    /// One company, by whichever of its numbers.
    pub fn company(&self, actor: &Actor, id: CompanyId) -> Result<StoredCompany, Error> {
        let snapshot = self.store.of(actor.organisation).snapshot()?;
        let (id, company) = found(&snapshot, id)?;
        stored(&snapshot, id, company)
    }

    /// A page of the contacts of a company that the actor knows, by their numbers.
    pub fn company_contacts(
        &self,
        actor: &Actor,
        id: CompanyId,
        cursor: Option<u64>,
        limit: usize,
    ) -> Result<Page<StoredContact>, Error> {
        let snapshot = self.store.of(actor.organisation).snapshot()?;
        let (id, company) = found(&snapshot, id)?;
        let contacts = belonging(&snapshot, id, &company)?.contacts;
        let rows = contacts.into_iter().filter(|number| cursor.is_none_or(|cursor| *number > cursor));
        Page::read(rows.map(|number| Ok((number, number))), limit, |_, number| {
            let Some((number, record)) = contact::resolve(&snapshot, number)? else { return Ok(None) };
            if !contact::is_listed(&snapshot, actor, number, &record)? {
                return Ok(None);
            }
            contact::shown(&snapshot, number, record).map(Some)
        })
    }

    /// A page of the tickets of a company in all states, what was touched last first; as far as the actor sees them.
    pub fn company_tickets(
        &self,
        actor: &Actor,
        id: CompanyId,
        cursor: Option<u64>,
        limit: usize,
    ) -> Result<Page<StoredTicket>, Error> {
        let company = self.company(actor, id)?.id;
        let filter =
            TicketFilter { company: Some(company), states: State::ALL.to_vec(), ..TicketFilter::default() };
        self.tickets(actor, &TicketQuery { filter, cursor, limit, ..TicketQuery::default() })
    }

    /// A page of the messages in the tickets of a company, the newest first; as far as the actor sees the tickets. Of more
    /// than 1,000 tickets only the newest count.
    pub fn company_messages(
        &self,
        actor: &Actor,
        id: CompanyId,
        cursor: Option<u64>,
        limit: usize,
    ) -> Result<Page<StoredMessage>, Error> {
        let snapshot = self.store.of(actor.organisation).snapshot()?;
        let (id, company) = found(&snapshot, id)?;
        let all = belonging(&snapshot, id, &company)?;
        let is_meant = |ticket: &StoredTicket| all.has(&snapshot, ticket);
        contact::messages_in(&snapshot, actor, (all.lists().into_iter(), is_meant), cursor, limit)
    }
}
