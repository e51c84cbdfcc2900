//! Organisations: made by the operator, found by their short name.

use guichet_mail::{DomainName, is_invisible};
use guichet_store::{OrganisationId, Snapshot};
use jiff::Timestamp;

use crate::audit::Deed;
use crate::records::Organisation;
use crate::stored::{self, change};
use crate::{Accounts, Error, VerdictPolicy, keys};

/// A DNS label is at most 63 octets (RFC 1035 2.3.4), and the short name is one.
const SLUG_OCTETS_MAX: usize = 63;
const NAME_CHARS_MAX: usize = 200;
/// Organisations of one server. What is done for all (a change of the master key, the watch over domains, forgetting) lists
/// them all, at some 200 bytes each.
pub(crate) const ORGANISATIONS_MAX: u32 = 100_000;

impl Accounts {
    /// Makes an organisation without any address: its domains and channels are added by hand.
    /// [`Accounts::found_organisation`] makes one that works at once.
    pub async fn create_organisation(&self, slug: &str, name: &str) -> Result<Organisation, Error> {
        check_slug(slug)?;
        let name = check_name(name)?;
        change(&self.store, || {
            let mut snapshot = self.store.operator().snapshot()?;
            if snapshot.read(&keys::slug(slug))?.is_some() {
                return Err(Error::taken("organisation", slug));
            }
            let (number, id) = next_organisation(&mut snapshot)?;
            let organisation = Organisation {
                id,
                slug: slug.to_owned(),
                name: name.clone(),
                policy: VerdictPolicy::default(),
                trusted_sealers: Vec::new(),
                suspended: None,
                created: None,
            };
            let mut batch = snapshot.batch();
            stored::put_number(&mut batch, number);
            batch.put(keys::organisation(id), stored::encode(&organisation));
            batch.put(keys::slug(slug), id.get().to_be_bytes().to_vec());
            self.record(&mut batch, Deed::OrganisationCreated, slug);
            Ok((vec![batch], organisation))
        })
        .await
    }

    /// Every organisation of this server, oldest first.
    pub fn organisations(&self) -> Result<Vec<Organisation>, Error> {
        let operator = self.store.operator().snapshot()?;
        stored::list_first(&operator, "organisation", keys::ORGANISATIONS, ORGANISATIONS_MAX as usize)
    }

    /// One organisation.
    pub fn organisation(&self, id: OrganisationId) -> Result<Organisation, Error> {
        let snapshot = self.store.operator().snapshot()?;
        stored::get(&snapshot, "organisation", &keys::organisation(id))?
            .ok_or_else(|| Error::not_found("organisation", &id))
    }

    /// The organisation of this short name.
    pub fn organisation_named(&self, slug: &str) -> Result<Organisation, Error> {
        let snapshot = self.store.operator().snapshot()?;
        let number = snapshot.peek(&keys::slug(slug))?;
        let number = number.ok_or_else(|| Error::not_found("organisation", slug))?;
        let number = number.as_slice().try_into().map_err(|_| Error::Damaged("organisation"))?;
        let id = OrganisationId::new(u32::from_be_bytes(number)).ok_or(Error::Damaged("organisation"))?;
        self.organisation(id)
    }

    /// Suspends an organisation, or lets it go on. While it is suspended its mail is answered `450` and waits with its
    /// senders, nobody of it logs in, its tokens open nothing, and nothing of it is deleted.
    pub async fn suspend_organisation(
        &self,
        id: OrganisationId,
        suspended: Option<Timestamp>,
    ) -> Result<Organisation, Error> {
        change(&self.store, || {
            let mut snapshot = self.store.operator().snapshot()?;
            if suspended.is_some() && self.is_house(id)? {
                return Err(Error::Invalid("the operator's own organisation can't be suspended".to_owned()));
            }
            let key = keys::organisation(id);
            let bytes = snapshot.read(&key)?.ok_or_else(|| Error::not_found("organisation", &id))?;
            let mut organisation: Organisation = stored::decode("organisation", &bytes)?;
            if organisation.suspended.is_some() == suspended.is_some() {
                return Ok((Vec::new(), organisation));
            }
            organisation.suspended = suspended;
            let mut batch = snapshot.batch();
            batch.put(key, stored::encode(&organisation));
            let deed = match suspended {
                Some(_) => Deed::OrganisationSuspended,
                None => Deed::OrganisationResumed,
            };
            self.record(&mut batch, deed, &organisation.slug);
            Ok((vec![batch], organisation))
        })
        .await
    }

    /// Whether an organisation is suspended.
    pub fn is_suspended(&self, id: OrganisationId) -> Result<bool, Error> {
        Ok(self.organisation(id)?.suspended.is_some())
    }

    /// Sets what a failed verdict does, and whose ARC seals excuse one.
    pub async fn set_policy(
        &self,
        id: OrganisationId,
        policy: VerdictPolicy,
        trusted_sealers: Vec<DomainName>,
    ) -> Result<Organisation, Error> {
        change(&self.store, || {
            let mut snapshot = self.store.operator().snapshot()?;
            let key = keys::organisation(id);
            let bytes = snapshot.read(&key)?.ok_or_else(|| Error::not_found("organisation", &id))?;
            let mut organisation: Organisation = stored::decode("organisation", &bytes)?;
            organisation.policy = policy;
            organisation.trusted_sealers.clone_from(&trusted_sealers);
            let mut batch = snapshot.batch();
            batch.put(key, stored::encode(&organisation));
            self.record(&mut batch, Deed::OrganisationChanged, &organisation.slug);
            Ok((vec![batch], organisation))
        })
        .await
    }
}

/// The number of the next organisation, as a number and as what it is.
pub(crate) fn next_organisation(operator: &mut Snapshot) -> Result<(u64, OrganisationId), Error> {
    let number = stored::next_number(operator)?;
    let id = u32::try_from(number).ok().filter(|number| *number <= ORGANISATIONS_MAX);
    let full =
        || Error::Invalid(format!("this server has {ORGANISATIONS_MAX} organisations and takes no more"));
    Ok((number, id.and_then(OrganisationId::new).ok_or_else(full)?))
}

pub(crate) fn check_slug(slug: &str) -> Result<(), Error> {
    let label = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let fits = (1..=SLUG_OCTETS_MAX).contains(&slug.len());
    if fits && slug.chars().all(label) && !slug.starts_with('-') && !slug.ends_with('-') {
        return Ok(());
    }
    Err(Error::Invalid(format!(
        "`{slug}` can't be a short name: take 1 to {SLUG_OCTETS_MAX} lower-case letters, digits and inner hyphens"
    )))
}

/// A name as people write it, without what would break a line, turn the text around it or hide.
pub(crate) fn check_name(name: &str) -> Result<String, Error> {
    let name = name.trim();
    let fits = (1..=NAME_CHARS_MAX).contains(&name.chars().count());
    if fits && !name.chars().any(|c| c.is_control() || is_invisible(c)) {
        return Ok(name.to_owned());
    }
    Err(Error::Invalid(format!(
        "a name has 1 to {NAME_CHARS_MAX} characters and no control or invisible ones"
    )))
}
