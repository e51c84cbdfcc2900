//! Log-in names: who logs in with which address, in which organisation.
//!
//! *Must hold*: an address is one person's in each organisation.

use guichet_mail::MailAddress;
use guichet_store::{Batch, Direction, OrganisationId, Snapshot};

use crate::records::PersonStatus;
use crate::{Accounts, Error, PersonId, keys, stored};

/// Organisations in which one address is looked for.
const ORGANISATIONS_MAX: usize = 50;

/// Refuses an address that somebody of this organisation has.
pub(crate) fn check_free(
    operator: &mut Snapshot,
    address: &MailAddress,
    organisation: OrganisationId,
) -> Result<(), Error> {
    match operator.read(&keys::log_in_name(address, organisation))? {
        Some(_) => Err(Error::taken("address", address)),
        None => Ok(()),
    }
}

pub(crate) fn put(batch: &mut Batch, address: &MailAddress, organisation: OrganisationId, person: PersonId) {
    batch.put(keys::log_in_name(address, organisation), person.0.to_be_bytes().to_vec());
}

impl Accounts {
    /// Who has this address: in one organisation, or in all of them.
    pub(crate) fn named(
        &self,
        address: &MailAddress,
        organisation: Option<OrganisationId>,
    ) -> Result<Vec<(OrganisationId, PersonId)>, Error> {
        let operator = self.store.operator().snapshot()?;
        let as_person = |bytes: &[u8]| match bytes.try_into() {
            Ok(number) => Ok(PersonId(u64::from_be_bytes(number))),
            Err(_) => Err(Error::Damaged("log-in name")),
        };
        if let Some(organisation) = organisation {
            let found = operator.peek(&keys::log_in_name(address, organisation))?;
            return found.into_iter().map(|person| Ok((organisation, as_person(&person)?))).collect();
        }
        let rows = operator.scan(&keys::log_in_names(address), Direction::Forward, None)?;
        let mut found = Vec::new();
        for row in rows.take(ORGANISATIONS_MAX) {
            let (key, value) = row?;
            let damaged = || Error::Damaged("log-in name");
            let (_, number) = key.split_last_chunk().ok_or_else(damaged)?;
            let number = u32::try_from(u64::from_be_bytes(*number)).ok();
            let owner = number.and_then(OrganisationId::new).ok_or_else(damaged)?;
            found.push((owner, as_person(&value)?));
        }
        Ok(found)
    }

    /// Gives everybody a log-in name who was here before there were any; does nothing the second time.
    pub async fn ensure_log_in_names(&self) -> Result<(), Error> {
        let operator = self.store.operator();
        if operator.snapshot()?.peek(&keys::log_in_names_mark())?.is_some() {
            return Ok(());
        }
        for organisation in self.organisations()? {
            stored::change(&self.store, || {
                let mut snapshot = operator.snapshot()?;
                let mut missing = Vec::new();
                for person in self.people(organisation.id)? {
                    let key = keys::log_in_name(&person.address, organisation.id);
                    // Where two have one address, the elder has it as their log-in name.
                    let is_new = !missing.iter().any(|(other, _)| *other == key);
                    if is_new && person.status != PersonStatus::Disabled && snapshot.read(&key)?.is_none() {
                        missing.push((key, person.id));
                    }
                }
                let mut batch = snapshot.batch();
                for (key, person) in missing {
                    batch.put(key, person.0.to_be_bytes().to_vec());
                }
                Ok((vec![batch], ()))
            })
            .await?;
        }
        let mut batch = operator.batch();
        batch.put(keys::log_in_names_mark(), Vec::new());
        self.store.commit(vec![batch]).await?;
        Ok(())
    }
}
