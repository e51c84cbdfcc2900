//! Two companies become one: domains and contacts of the one are the other's from now on. The number that goes leads to
//! the one that stays.

use guichet_accounts::{Actor, By, Deed};
use guichet_store::{Batch, record};

use super::change::{DOMAINS_MAX, NOTE_CHARS_MAX, checked, named, put};
use super::read::{numbers_of, resolve};
use super::{Company, CompanyId, StoredCompany};
use crate::keys::{self, Number};
use crate::{Desk, Error};

/// How many numbers one company answers to besides its own.
const ABSORBED_MAX: usize = 100;

impl Desk {
    /// Merges a company into another. `expected` is the version of the one that goes, as the actor read it.
    ///
    /// # Errors
    /// [`Error::Invalid`] with a sentence, where they are one already or would be too much.
    pub async fn merge_companies(
        &self,
        actor: &Actor,
        (from, into): (CompanyId, CompanyId),
        expected: Option<u64>,
        by: &By,
    ) -> Result<StoredCompany, Error> {
        self.edit_company(actor, from, expected, |snapshot, goes, from| {
            let (stays, _) = resolve(snapshot, into)?
                .ok_or_else(|| Error::Invalid(format!("there is no company {}", into.0)))?;
            if goes == stays {
                return Err(Error::Invalid("the two are one company already".to_owned()));
            }
            let one = united(&checked(snapshot, stays)?, goes, &from)?;
            let mut left = Vec::new();
            for number in from.absorbed.iter().copied().map(CompanyId) {
                left.push((number, checked(snapshot, number)?));
            }
            let subject = format!("{} into {}", named(goes, &from), named(stays, &one));
            left.push((goes, from));
            Ok(move |batch: &mut Batch| {
                for (number, company) in left {
                    let gone = Company {
                        domains: std::collections::BTreeSet::new(),
                        absorbed: Vec::new(),
                        merged_into: Some(stays.0),
                        ..company
                    };
                    batch.put(keys::company(number.0), record::encode(&gone));
                }
                put(batch, Number::Known(stays.0), &one);
                self.accounts.audit_row(batch, by, Deed::CompaniesMerged, subject);
            })
        })
        .await?;
        self.company(actor, into)
    }
}

/// What the company that stays becomes.
fn united(into: &Company, goes: CompanyId, from: &Company) -> Result<Company, Error> {
    let mut one = into.clone();
    one.domains.extend(from.domains.iter().cloned());
    one.absorbed.extend(numbers_of(goes, from));
    one.created = one.created.min(from.created);
    let notes = [one.note.as_str(), from.note.as_str()];
    one.note = notes.into_iter().filter(|note| !note.is_empty()).collect::<Vec<_>>().join("\n");
    if one.domains.len() > DOMAINS_MAX || one.absorbed.len() > ABSORBED_MAX {
        return Err(Error::Invalid(format!(
            "the company would have more than {DOMAINS_MAX} domains, or be more than {ABSORBED_MAX} in one"
        )));
    }
    if one.note.chars().count() > NOTE_CHARS_MAX {
        return Err(Error::Invalid(format!(
            "the two notes together have more than {NOTE_CHARS_MAX} characters: shorten one first"
        )));
    }
    Ok(one)
}
