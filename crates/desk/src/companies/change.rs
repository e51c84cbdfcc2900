//! Companies that people make, change and delete.

use std::collections::BTreeSet;

use guichet_accounts::{Actor, By, Deed};
use guichet_mail::DomainName;
use guichet_store::{Batch, CommitError, Counter, Snapshot, Template, record};
use jiff::Timestamp;

use super::read::{decoded, found, numbers_of};
use super::{Company, CompanyId, StoredCompany, is_free_mail};
use crate::keys::{self, Number};
use crate::{Desk, Error, numbers};

/// How often it is tried again when somebody else was quicker.
pub(super) const ATTEMPTS_MAX: usize = 16;
/// How many domains one company has.
pub(super) const DOMAINS_MAX: usize = 50;
const NAME_CHARS_MAX: usize = 200;
/// The longest note, in characters: a page.
pub(super) const NOTE_CHARS_MAX: usize = 4_000;

/// A company to be made.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NewCompany {
    /// Its name.
    pub name: String,
    /// The domains of its people's addresses.
    pub domains: Vec<DomainName>,
    /// What people should know of it.
    pub note: String,
}

/// A change; what is `None` stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CompanyChange {
    /// The name.
    pub name: Option<String>,
    /// All domains that it shall have.
    pub domains: Option<Vec<DomainName>>,
    /// The note.
    pub note: Option<String>,
}

impl Desk {
    /// Makes a company. Whoever writes from its domains belongs to it, but for those whom somebody put elsewhere.
    ///
    /// # Errors
    /// [`Error::Invalid`] with a sentence, as for a domain where anybody gets an address, or another company's.
    pub async fn create_company(
        &self,
        actor: &Actor,
        new: &NewCompany,
        now: Timestamp,
    ) -> Result<StoredCompany, Error> {
        check_name(&new.name)?;
        check_note(&new.note)?;
        let domains = check_domains(&new.domains)?;
        self.ensure_domains_of_contacts(actor.organisation).await?;
        let company = Company {
            name: new.name.clone(),
            domains,
            note: new.note.clone(),
            created: now,
            absorbed: Vec::new(),
            merged_into: None,
        };
        for _ in 0..ATTEMPTS_MAX {
            let mut snapshot = self.store.of(actor.organisation).snapshot()?;
            check_free(&mut snapshot, None, &company.domains)?;
            let mut batch = snapshot.batch();
            let slot = batch.next(Counter::Entity);
            put(&mut batch, Number::Assigned(slot), &company);
            match self.store.commit(vec![batch]).await {
                Ok(receipts) => {
                    let number = receipts.first().map_or(0, |receipt| receipt.number(slot));
                    return self.company(actor, CompanyId(number));
                }
                Err(CommitError::Conflict) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(busy())
    }

    /// Changes a company. With `expected`, the version that the actor read, it fails with [`Error::Changed`] if it was
    /// changed since.
    ///
    /// # Errors
    /// As of [`Desk::create_company`].
    pub async fn change_company(
        &self,
        actor: &Actor,
        id: CompanyId,
        change: &CompanyChange,
        expected: Option<u64>,
    ) -> Result<StoredCompany, Error> {
        change.name.as_deref().map_or(Ok(()), check_name)?;
        check_note(change.note.as_deref().unwrap_or_default())?;
        let domains = change.domains.as_deref().map(check_domains).transpose()?;
        self.ensure_domains_of_contacts(actor.organisation).await?;
        self.edit_company(actor, id, expected, |snapshot, number, before| {
            let mut after = before.clone();
            after.name = change.name.clone().unwrap_or(after.name);
            after.note = change.note.clone().unwrap_or(after.note);
            after.domains = domains.clone().unwrap_or(after.domains);
            check_free(snapshot, Some(number), &after.domains)?;
            Ok(move |batch: &mut Batch| {
                for domain in before.domains.difference(&after.domains) {
                    batch.delete(keys::company_domain(domain));
                }
                put(batch, Number::Known(number.0), &after);
            })
        })
        .await?;
        self.company(actor, id)
    }

    /// Deletes a company. Whoever belonged to it belongs to nobody, or to whom their domain says.
    pub async fn delete_company(
        &self,
        actor: &Actor,
        id: CompanyId,
        expected: Option<u64>,
        by: &By,
    ) -> Result<(), Error> {
        self.edit_company(actor, id, expected, |_, number, company| {
            Ok(move |batch: &mut Batch| {
                let subject = named(number, &company);
                self.accounts.audit_row(batch, by, Deed::CompanyDeleted, subject);
                for domain in &company.domains {
                    batch.delete(keys::company_domain(domain));
                }
                for number in numbers_of(number, &company) {
                    batch.delete(keys::company(number));
                }
            })
        })
        .await
    }

    /// Commits a change of one company, planned anew whenever somebody else was quicker. `plan` reads, as checks, and gives
    /// what writes it.
    pub(super) async fn edit_company<W: FnOnce(&mut Batch)>(
        &self,
        actor: &Actor,
        id: CompanyId,
        expected: Option<u64>,
        plan: impl Fn(&mut Snapshot, CompanyId, Company) -> Result<W, Error>,
    ) -> Result<(), Error> {
        for _ in 0..ATTEMPTS_MAX {
            let mut snapshot = self.store.of(actor.organisation).snapshot()?;
            let (number, _) = found(&snapshot, id)?;
            let company = checked(&mut snapshot, number)?;
            let version = snapshot.peek_version(&keys::company(number.0))?.map(|(version, _)| version);
            if expected.is_some_and(|expected| version != Some(expected)) {
                return Err(Error::Changed("company"));
            }
            let write = plan(&mut snapshot, number, company)?;
            let mut batch = snapshot.batch();
            write(&mut batch);
            match self.store.commit(vec![batch]).await {
                Ok(_) => return Ok(()),
                Err(CommitError::Conflict) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(busy())
    }
}

/// How the audit log names a company.
pub(super) fn named(number: CompanyId, company: &Company) -> String {
    format!("{} (company {})", company.name, number.0)
}

/// A company that was found, as a check of the batch.
pub(super) fn checked(snapshot: &mut Snapshot, id: CompanyId) -> Result<Company, Error> {
    let bytes = snapshot.read(&keys::company(id.0))?.ok_or(Error::NotFound("company"))?;
    decoded(&bytes)
}

/// The record, and its domains.
pub(super) fn put(batch: &mut Batch, number: Number, company: &Company) {
    for domain in &company.domains {
        batch.put(keys::company_domain(domain), number.write(Template::new()));
    }
    batch.put(number.write(Template::from(keys::companies())), record::encode(company));
}

/// That each domain is nobody's, or this company's.
fn check_free(
    snapshot: &mut Snapshot,
    own: Option<CompanyId>,
    domains: &BTreeSet<String>,
) -> Result<(), Error> {
    for domain in domains {
        let Some(bytes) = snapshot.read(&keys::company_domain(domain))? else { continue };
        let ([owner], _) = numbers::<1>(&bytes)?;
        if own != Some(CompanyId(owner)) {
            return Err(Error::Invalid(format!("{domain} is a domain of company {owner} already")));
        }
    }
    Ok(())
}

fn check_domains(domains: &[DomainName]) -> Result<BTreeSet<String>, Error> {
    if let Some(free) = domains.iter().find(|domain| is_free_mail(domain)) {
        return Err(Error::Invalid(format!(
            "anybody gets an address at {free}, so it says nothing of a company; put its people there one by one"
        )));
    }
    let domains: BTreeSet<String> = domains.iter().map(|domain| domain.as_str().to_owned()).collect();
    if domains.len() > DOMAINS_MAX {
        return Err(Error::Invalid(format!("a company has at most {DOMAINS_MAX} domains")));
    }
    Ok(domains)
}

fn check_name(name: &str) -> Result<(), Error> {
    let fits = (1..=NAME_CHARS_MAX).contains(&name.chars().count());
    if fits && !name.chars().any(char::is_control) && name.trim() == name {
        return Ok(());
    }
    let rule =
        format!("a name has 1 to {NAME_CHARS_MAX} characters, no control characters, no space at its ends");
    Err(Error::Invalid(rule))
}

fn check_note(note: &str) -> Result<(), Error> {
    let is_text = |letter: char| !letter.is_control() || matches!(letter, '\n' | '\t');
    if note.chars().count() <= NOTE_CHARS_MAX && note.chars().all(is_text) {
        return Ok(());
    }
    let rule = format!(
        "a note has at most {NOTE_CHARS_MAX} characters, and of control characters only ends of lines and tabs"
    );
    Err(Error::Invalid(rule))
}

pub(super) fn busy() -> Error {
    Error::Unavailable("too much happens to this company at once".to_owned())
}
