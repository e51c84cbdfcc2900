//! The DKIM keys of domains: the private part sealed, the public part as the record to be published.
//!
//! A domain of an organisation has keys of its own, or signs with those of the nearest domain above it, or, at and
//! below the base domain, with the server's: DMARC's relaxed alignment (RFC 9989) accepts all three, and the operator
//! publishes one record for every organisation.
//!
//! A key is published before it signs and stays published while mail that it signed may still be verified: its state
//! says how far it is, see `rotation`.
//!
//! *Must hold*: an organisation's keys lie in its own space, the base domain's in the operator's; a selector names one
//! key for ever, since receivers keep records for as long as they like.
//!
//! *Standards*: RFC 6376 3.1 (selectors), 3.6.2 (where a record stands).

mod rotation;

use guichet_mail::DomainName;
use guichet_store::{Direction, Key, OrganisationId, Snapshot, Space};
use jiff::Timestamp;
use minicbor::{Decode, Encode};

use crate::audit::Deed;
use crate::proof::parent;
use crate::records::Domain;
use crate::sealed::{SealedKind, SecretBytes};
use crate::stored::{self, change};
use crate::{Accounts, Error, keys};

pub use rotation::RETIRING_DAYS;
pub(crate) use rotation::ended;

/// Keys of a domain that are not retired. Each signs every mail; a change of keys needs two pairs for a while.
const KEYS_MAX: usize = 4;
/// A record is a handful of TXT strings (RFC 6376 3.6.2.2); an RSA key of 4096 bits needs some 750 characters.
const RECORD_BYTES_MAX: usize = 2_000;

/// Whose keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DkimScope {
    /// The server's own, for its base domain and every domain below it.
    Base,
    /// Of a domain of an organisation.
    Domain(OrganisationId, DomainName),
}

/// How a key signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum DkimAlgorithm {
    /// RFC 6376 3.3.1.
    #[n(0)]
    RsaSha256,
    /// RFC 8463.
    #[n(1)]
    Ed25519Sha256,
}

impl DkimAlgorithm {
    /// The word of `a=`.
    pub fn as_str(self) -> &'static str {
        match self {
            DkimAlgorithm::RsaSha256 => "rsa-sha256",
            DkimAlgorithm::Ed25519Sha256 => "ed25519-sha256",
        }
    }
}

/// How far a key is on its way through a change of keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Encode, Decode)]
#[cbor(index_only)]
pub enum DkimState {
    /// It signs; its record must be published. What was stored before there were states.
    #[n(0)]
    #[default]
    Signing,
    /// It will sign once its record is seen; the record must be published.
    #[n(1)]
    Pending,
    /// It signs no more; mail that it signed is on its way, so the record must stay.
    #[n(2)]
    Retiring,
    /// Its private part is deleted; the record may be removed.
    #[n(3)]
    Retired,
}

impl DkimState {
    /// The word for people and for the API.
    pub fn as_str(self) -> &'static str {
        match self {
            DkimState::Signing => "signing",
            DkimState::Pending => "pending",
            DkimState::Retiring => "retiring",
            DkimState::Retired => "retired",
        }
    }

    /// Whether its record has to be in the DNS.
    pub fn is_to_be_published(self) -> bool {
        self != DkimState::Retired
    }
}

/// A key to be kept.
#[derive(Debug, Clone)]
pub struct NewDkimKey {
    /// One or more DNS labels, unused so far.
    pub selector: String,
    /// How it signs.
    pub algorithm: DkimAlgorithm,
    /// The private key, PKCS#8 (RFC 5958) in DER.
    pub pkcs8: SecretBytes,
    /// The text of the TXT record that publishes it: `v=DKIM1; …`.
    pub record: String,
}

/// A key to sign with.
#[derive(Debug, Clone)]
pub struct DkimKey {
    /// `d=`.
    pub domain: DomainName,
    /// `s=`; with `domain` it names this key and never another.
    pub selector: String,
    /// How it signs.
    pub algorithm: DkimAlgorithm,
    /// The private key, PKCS#8 in DER.
    pub pkcs8: SecretBytes,
}

/// What of a key is public, and how far it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DkimRecord {
    /// The domain that it signs for.
    pub domain: DomainName,
    /// Its selector.
    pub selector: String,
    /// How it signs.
    pub algorithm: DkimAlgorithm,
    /// The text of the TXT record.
    pub text: String,
    /// Whether it has to be published, and why.
    pub state: DkimState,
    /// Since when it is in this state, where that was noted.
    pub since: Option<Timestamp>,
}

impl DkimRecord {
    /// Where the record stands: `selector._domainkey.domain`.
    pub fn name(&self) -> String {
        format!("{}._domainkey.{}", self.selector, self.domain)
    }
}

/// A key as it is kept.
#[derive(Debug, Encode, Decode)]
pub(crate) struct StoredKey {
    #[n(0)]
    pub(crate) domain: DomainName,
    #[n(1)]
    pub(crate) selector: String,
    #[n(2)]
    pub(crate) algorithm: DkimAlgorithm,
    #[n(3)]
    pub(crate) record: String,
    /// Empty once it is retired.
    #[cbor(n(4), with = "minicbor::bytes")]
    pub(crate) sealed: Vec<u8>,
    /// None is signing: as keys were before they changed.
    #[n(5)]
    state: Option<DkimState>,
    #[cbor(n(6), with = "guichet_store::time::optional", has_nil)]
    since: Option<Timestamp>,
}

impl StoredKey {
    fn state(&self) -> DkimState {
        self.state.unwrap_or_default()
    }
}

impl Accounts {
    /// Keeps keys for a domain beside those that it has. All of them, or none where a selector is taken. Retired ones are
    /// forgotten.
    pub async fn put_dkim_keys(&self, scope: &DkimScope, wanted: Vec<NewDkimKey>) -> Result<(), Error> {
        wanted.iter().try_for_each(check)?;
        let (space, owner, domain) = self.place_of(scope)?;
        change(&self.store, || {
            let mut snapshot = space.snapshot()?;
            let own = own_domain(&mut snapshot, scope)?;
            let kept = rotation::read_all(&mut snapshot, &domain)?;
            let rows = self.new_rows(&mut snapshot, owner, &domain, &kept, &wanted)?;
            let mut batch = snapshot.batch();
            if let Some((key, bytes)) = own {
                batch.put(key, bytes);
            }
            rotation::keep(&mut batch, &kept);
            for (key, row) in rows {
                batch.put(key, stored::encode(&row));
            }
            self.record(&mut batch, Deed::DkimAdded, &domain);
            Ok((vec![batch], ()))
        })
        .await
    }

    /// New keys with the rows that they will stand in; each selector is read, so that nobody else takes it meanwhile.
    fn new_rows(
        &self,
        snapshot: &mut Snapshot,
        owner: Option<OrganisationId>,
        domain: &DomainName,
        kept: &[StoredKey],
        wanted: &[NewDkimKey],
    ) -> Result<Vec<(Key, StoredKey)>, Error> {
        if kept.iter().filter(|key| key.state() != DkimState::Retired).count() + wanted.len() > KEYS_MAX {
            return Err(Error::Invalid(format!("`{domain}` would have more than {KEYS_MAX} DKIM keys")));
        }
        let mut rows: Vec<(Key, StoredKey)> = Vec::with_capacity(wanted.len());
        for new in wanted {
            let key = keys::dkim_key(domain, &new.selector);
            if snapshot.read(&key)?.is_some() || rows.iter().any(|(other, _)| *other == key) {
                return Err(Error::taken("selector", &new.selector));
            }
            let row = self.sealed_key(owner, domain, &key, new);
            rows.push((key, row));
        }
        Ok(rows)
    }

    /// Where the keys of a scope are kept, whose they are, and for which domain.
    fn place_of(&self, scope: &DkimScope) -> Result<(Space, Option<OrganisationId>, DomainName), Error> {
        match scope {
            DkimScope::Base => Ok((self.store.operator(), None, self.base_domain().clone())),
            // One name in DNS holds one key: the server's.
            DkimScope::Domain(_, name) if name == self.base_domain() => Err(Error::Invalid(format!(
                "`{name}` is the base domain, which signs with the server's own keys"
            ))),
            DkimScope::Domain(organisation, name) => {
                let name = self.domain(*organisation, name)?.name;
                Ok((self.store.of(*organisation), Some(*organisation), name))
            }
        }
    }

    /// The keys that sign mail from a domain of this organisation; none where neither it nor what is above it has any.
    pub fn dkim_keys(&self, organisation: OrganisationId, from: &DomainName) -> Result<Vec<DkimKey>, Error> {
        let (owner, found) = self.signing_keys(organisation, from)?;
        let signing = found.into_iter().filter(|key| key.state() == DkimState::Signing);
        signing.map(|key| self.opened_key(owner, key)).collect()
    }

    /// The records of all keys for mail from a domain of this organisation, with what has to become of each.
    pub fn dkim_records(
        &self,
        organisation: OrganisationId,
        from: &DomainName,
    ) -> Result<Vec<DkimRecord>, Error> {
        Ok(self.signing_keys(organisation, from)?.1.into_iter().map(record).collect())
    }

    /// The records of the base domain's keys, which the operator publishes.
    pub fn base_dkim_records(&self) -> Result<Vec<DkimRecord>, Error> {
        let found = stored_keys(&self.store.operator(), self.base_domain())?;
        Ok(found.into_iter().map(record).collect())
    }

    /// The keys for mail from a domain, and whose they are: `None` is the operator.
    fn signing_keys(
        &self,
        organisation: OrganisationId,
        from: &DomainName,
    ) -> Result<(Option<OrganisationId>, Vec<StoredKey>), Error> {
        let own = self.store.of(organisation);
        let mut domain = Some(from.clone());
        while let Some(name) = domain {
            let found = stored_keys(&own, &name)?;
            if found.iter().any(|key| key.state() != DkimState::Retired) {
                return Ok((Some(organisation), found));
            }
            domain = parent(&name);
        }
        if !from.is_within(self.base_domain()) {
            return Ok((None, Vec::new()));
        }
        Ok((None, stored_keys(&self.store.operator(), self.base_domain())?))
    }

    /// A sentence where mail from another of these domains is signed with the keys of this one.
    pub(crate) fn check_signs_for_none(
        &self,
        organisation: OrganisationId,
        name: &DomainName,
        domains: &[Domain],
    ) -> Result<(), Error> {
        for below in domains.iter().filter(|other| other.name != *name && other.name.is_within(name)) {
            let (_, signing) = self.signing_keys(organisation, &below.name)?;
            if signing.iter().any(|key| key.domain == *name) {
                return Err(Error::Invalid(format!(
                    "`{}` signs with the DKIM keys of `{name}`: remove it first",
                    below.name
                )));
            }
        }
        Ok(())
    }

    fn sealed_key(
        &self,
        owner: Option<OrganisationId>,
        domain: &DomainName,
        key: &Key,
        new: &NewDkimKey,
    ) -> StoredKey {
        StoredKey {
            domain: domain.clone(),
            selector: new.selector.clone(),
            algorithm: new.algorithm,
            record: new.record.clone(),
            sealed: self.seal(SealedKind::DkimKey, owner, key, new.pkcs8.as_slice()),
            state: None,
            since: None,
        }
    }

    fn opened_key(&self, owner: Option<OrganisationId>, stored: StoredKey) -> Result<DkimKey, Error> {
        let place = keys::dkim_key(&stored.domain, &stored.selector);
        Ok(DkimKey {
            pkcs8: self.open(owner, &place, &stored.sealed)?,
            domain: stored.domain,
            selector: stored.selector,
            algorithm: stored.algorithm,
        })
    }
}

/// The row of the domain whose keys these are, to be written again as it is, so that who gives the domain up at the same
/// moment is in conflict; the base domain has none.
fn own_domain(snapshot: &mut Snapshot, scope: &DkimScope) -> Result<Option<(Key, Vec<u8>)>, Error> {
    let DkimScope::Domain(_, name) = scope else { return Ok(None) };
    let key = keys::domain(name);
    let bytes = snapshot.read(&key)?.ok_or_else(|| Error::not_found("domain", name))?;
    Ok(Some((key, bytes)))
}

fn stored_keys(space: &Space, domain: &DomainName) -> Result<Vec<StoredKey>, Error> {
    keys_of(&space.snapshot()?, domain)
}

fn keys_of(snapshot: &Snapshot, domain: &DomainName) -> Result<Vec<StoredKey>, Error> {
    snapshot
        .scan(&keys::dkim_keys(domain), Direction::Forward, None)?
        .map(|row| row.map_err(Error::from).and_then(|(_, value)| stored::decode("DKIM key", &value)))
        .collect()
}

fn record(key: StoredKey) -> DkimRecord {
    let state = key.state();
    let StoredKey { domain, selector, algorithm, record: text, since, .. } = key;
    DkimRecord { domain, selector, algorithm, text, state, since }
}

fn check(new: &NewDkimKey) -> Result<(), Error> {
    let selector = &new.selector;
    if DomainName::parse(selector).map_or(true, |name| name.as_str() != selector) {
        let text =
            format!("`{selector}` can't be a selector: take lower-case letters, digits and inner hyphens");
        return Err(Error::Invalid(text));
    }
    let text = &new.record;
    let is_printable = text.bytes().all(|octet| (b' '..=b'~').contains(&octet));
    if text.len() > RECORD_BYTES_MAX || !is_printable || !text.starts_with("v=DKIM1;") {
        return Err(Error::Invalid("the record of a DKIM key is `v=DKIM1; …` in ASCII".to_owned()));
    }
    Ok(())
}
