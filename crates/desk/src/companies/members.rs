//! Who belongs to a company, and in which lists its tickets stand.
//!
//! Nothing is written when a company gets a domain: its contacts are found by the domain's rows, and its tickets in
//! the lists of each of them. That bounds how many contacts count.

use std::collections::BTreeSet;

use guichet_store::{Direction, Key, Snapshot};

use super::read::{numbers_of, resolve};
use super::{Company, CompanyId};
use crate::Error;
use crate::contact;
use crate::facet::Facet;
use crate::keys::{self, Number};
use crate::stored::{StoredTicket, last_number};

/// How many contacts of a company are looked at, the newest first: each is a list to be opened for a page of tickets.
const CONTACTS_MAX: usize = 2_000;

/// What is a company's.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Belonging {
    /// The numbers of the company itself.
    companies: BTreeSet<u64>,
    /// The contacts.
    pub(crate) contacts: BTreeSet<u64>,
    /// Every number under which tickets name them.
    requesters: BTreeSet<u64>,
}

impl Belonging {
    /// The lists that hold all tickets of the company.
    pub(crate) fn lists(&self) -> Vec<Facet> {
        let companies = self.companies.iter().map(|company| Facet::Company(CompanyId(*company)));
        let requesters = self.requesters.iter().copied().map(Number::Known).map(Facet::Requester);
        companies.chain(requesters).collect()
    }

    /// Whether a ticket is the company's: linked to it or, where it is linked to none that is still there, of one of its
    /// contacts.
    pub(crate) fn has(&self, snapshot: &Snapshot, ticket: &StoredTicket) -> Result<bool, Error> {
        let linked = ticket.record.company.map(|company| resolve(snapshot, company)).transpose()?.flatten();
        Ok(match linked {
            Some((company, _)) => self.companies.contains(&company.0),
            None => self.requesters.contains(&ticket.requester),
        })
    }
}

/// Finds what is a company's.
pub(crate) fn belonging(snapshot: &Snapshot, id: CompanyId, company: &Company) -> Result<Belonging, Error> {
    let companies: BTreeSet<u64> = numbers_of(id, company).collect();
    let by_hand = companies.iter().map(|number| keys::company_contacts(*number));
    let by_domain = company.domains.iter().map(|domain| keys::domain_contacts(domain));
    let mut belonging = Belonging { companies: companies.clone(), ..Belonging::default() };
    for range in by_hand.chain(by_domain) {
        add_range(snapshot, id, &range, &mut belonging)?;
    }
    Ok(belonging)
}

fn add_range(
    snapshot: &Snapshot,
    id: CompanyId,
    range: &Key,
    belonging: &mut Belonging,
) -> Result<(), Error> {
    for row in snapshot.scan(range, Direction::Backward, None)? {
        if belonging.contacts.len() >= CONTACTS_MAX {
            break;
        }
        let number = last_number(&row?.0)?;
        let Some((found, record)) = contact::resolve(snapshot, number)? else { continue };
        // A row tells where to look, the contact itself whom it belongs to.
        if found == number && contact::company_of(snapshot, &record)? == Some(id) {
            belonging.contacts.insert(number);
            belonging.requesters.extend(contact::numbers_of(number, &record));
        }
    }
    Ok(())
}
