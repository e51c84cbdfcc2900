//! How an organisation proves that a domain is theirs: a code in a TXT record that only the domain's owner can publish.
//!
//! Several organisations may try for one domain; the first whose code is seen has it, and an unproven one blocks nobody:
//! only the proof writes the row that finds a domain's owner.
//!
//! *Must hold*: a domain never changes hands here. Who has proven it keeps it until they give it up.
//!
//! *Security*: the code is random and the organisation's own, so the record of one proves nothing for another.

use std::fmt;

use data_encoding::BASE32_NOPAD;
use guichet_mail::DomainName;
use guichet_store::{OrganisationId, Snapshot};
use jiff::Timestamp;
use minicbor::{Decode, Encode};

use crate::audit::Deed;
use crate::records::Domain;
use crate::stored::{self, change};
use crate::{Accounts, Error, keys};

/// Domains of one organisation that wait for their proof: each is looked up again and again.
const UNPROVEN_MAX: usize = 20;
/// Domains of one organisation that its admins may add: each is looked at daily, for as long as it lasts.
const DOMAINS_MAX: usize = 200;
/// The label before the domain, with an underscore (RFC 8552) so that it is no host's.
const LABEL: &str = "_guichet";
/// What the text of the record begins with.
const PREFIX: &str = "guichet-domain=";

/// The code that the owner of a domain publishes.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(transparent)]
pub struct ProofCode(#[n(0)] String);

impl ProofCode {
    /// From 20 bytes of the system's randomness.
    pub fn from_random(bytes: [u8; 20]) -> Self {
        Self(BASE32_NOPAD.encode(&bytes).to_ascii_lowercase())
    }
}

impl fmt::Display for ProofCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What is known of the proof of a domain.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Proof {
    /// The code that has to be seen.
    #[n(0)]
    pub code: ProofCode,
    /// Since when it is waited for.
    #[cbor(n(1), with = "guichet_store::time")]
    pub begun: Timestamp,
    /// When it was seen.
    #[cbor(n(2), with = "guichet_store::time::optional", has_nil)]
    pub proven: Option<Timestamp>,
}

impl Proof {
    /// The name of the TXT record: `_guichet.<domain>`.
    pub fn record_name(domain: &DomainName) -> String {
        format!("{LABEL}.{domain}")
    }

    /// The text of the TXT record: `guichet-domain=<code>`.
    pub fn record_text(&self) -> String {
        format!("{PREFIX}{}", self.code)
    }
}

impl Accounts {
    /// Notes that an organisation wants to have a domain of its own. It owns nothing until [`Accounts::prove_domain`].
    pub async fn begin_domain(
        &self,
        organisation: OrganisationId,
        name: &DomainName,
        code: ProofCode,
        now: Timestamp,
    ) -> Result<Domain, Error> {
        let proof = Proof { code, begun: now, proven: None };
        // Answers to what it sends one day go home until its MX is seen to be ours.
        let domain = Domain { proof: Some(proof), receives: Some(false), ..Domain::named(name.clone()) };
        change(&self.store, || {
            let mut operator = self.store.operator().snapshot()?;
            self.check_free(&mut operator, organisation, name)?;
            let mut space = self.store.of(organisation).snapshot()?;
            let key = keys::domain(name);
            if space.read(&key)?.is_some() {
                return Err(Error::taken("domain", name));
            }
            check_room(&self.domains(organisation)?)?;
            let mut batch = space.batch();
            batch.put(key, stored::encode(&domain));
            self.record(&mut batch, Deed::DomainAdded, name);
            Ok((vec![operator.batch(), batch], domain.clone()))
        })
        .await
    }

    /// Gives a domain to the organisation whose code was seen in its record just now. The first who comes has it:
    /// [`Error::Taken`] for all who come later. What is proven already stays as it is.
    pub async fn prove_domain(
        &self,
        organisation: OrganisationId,
        name: &DomainName,
        now: Timestamp,
    ) -> Result<Domain, Error> {
        change(&self.store, || {
            let mut space = self.store.of(organisation).snapshot()?;
            let key = keys::domain(name);
            let bytes = space.read(&key)?.ok_or_else(|| Error::not_found("domain", name))?;
            let mut domain: Domain = stored::decode("domain", &bytes)?;
            let Some(proof) = domain.proof.as_mut().filter(|proof| proof.proven.is_none()) else {
                return Ok((Vec::new(), domain));
            };
            proof.proven = Some(now);
            let mut operator = self.store.operator().snapshot()?;
            self.check_free(&mut operator, organisation, name)?;
            let mut routing = operator.batch();
            routing.put(keys::domain_owner(name), organisation.get().to_be_bytes().to_vec());
            let mut batch = space.batch();
            batch.put(key, stored::encode(&domain));
            self.record(&mut batch, Deed::DomainProven, name);
            Ok((vec![routing, batch], domain))
        })
        .await
    }

    /// Whether an organisation may have this domain: nobody has it, it is not below the base domain, where names are
    /// claimed, and not below a domain of another organisation, who decides about all names below its own.
    fn check_free(
        &self,
        operator: &mut Snapshot,
        organisation: OrganisationId,
        name: &DomainName,
    ) -> Result<(), Error> {
        if name.is_within(self.base_domain()) || self.base_domain().is_within(name) {
            return Err(Error::Invalid(format!(
                "`{name}` can't be added: names of the base domain `{}` are claimed, and the operator approves them",
                self.base_domain()
            )));
        }
        let mut above = Some(name.clone());
        while let Some(at) = above {
            let owner = operator.read(&keys::domain_owner(&at))?;
            let owner = owner.map(|bytes| stored::read_owner(&bytes)).transpose()?;
            if owner.is_some_and(|owner| at == *name || owner != organisation) {
                return Err(Error::Taken { what: "domain", name: name.to_string() });
            }
            above = parent(&at);
        }
        match parent(name) {
            Some(_) => Ok(()),
            None => Err(Error::Invalid(format!("`{name}` is a top-level domain, which nobody can prove"))),
        }
    }
}

fn check_room(domains: &[Domain]) -> Result<(), Error> {
    if domains.iter().filter(|domain| !domain.is_verified()).count() >= UNPROVEN_MAX {
        return Err(Error::Invalid(format!(
            "{UNPROVEN_MAX} domains wait for their proof already; prove or remove one first"
        )));
    }
    if domains.len() >= DOMAINS_MAX {
        return Err(Error::Invalid(format!(
            "an organisation has at most {DOMAINS_MAX} domains; remove one first, or ask the operator to add it"
        )));
    }
    Ok(())
}

/// The domain above, down to a top-level domain.
pub(crate) fn parent(name: &DomainName) -> Option<DomainName> {
    let (_, above) = name.as_str().split_once('.')?;
    DomainName::parse(above).ok()
}
