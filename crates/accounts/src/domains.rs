//! Domains: which of them receive and send here, and what happens to addresses of theirs that nobody has.

use guichet_mail::DomainName;
use guichet_store::OrganisationId;

use crate::records::Domain;
use crate::stored::{self, change};
use crate::{Accounts, ChannelId, Error, keys};

/// What may be changed of a domain; `None` leaves it as it is.
#[derive(Debug, Clone, Default)]
pub struct DomainChange {
    /// Where mail to unknown addresses goes; `Some(None)` refuses it.
    pub catch_all: Option<Option<ChannelId>>,
    /// Who reads `postmaster@` and `abuse@`.
    pub role_channel: Option<ChannelId>,
    /// Whether its MX is ours, so that answers and bounces come here.
    pub receives: Option<bool>,
    /// Whether mail goes out from it: its DKIM records are published.
    pub sends: Option<bool>,
}

impl Accounts {
    /// Gives a domain to an organisation, `alias_of` another domain of it if all its addresses hold there too. An
    /// alias of an alias is kept as one of the domain that both lead to.
    pub async fn add_domain(
        &self,
        organisation: OrganisationId,
        name: &DomainName,
        alias_of: Option<&DomainName>,
    ) -> Result<Domain, Error> {
        self.organisation(organisation)?;
        let alias_of = match alias_of {
            Some(target) => {
                let target = self.domain(organisation, target)?;
                Some(target.alias_of.unwrap_or(target.name))
            }
            None => None,
        };
        let domain = Domain { alias_of, ..Domain::named(name.clone()) };
        change(&self.store, || {
            let mut operator = self.store.operator().snapshot()?;
            let owner = keys::domain_owner(name);
            if operator.read(&owner)?.is_some() {
                return Err(Error::taken("domain", name));
            }
            let mut routing = operator.batch();
            routing.put(owner, organisation.get().to_be_bytes().to_vec());
            let mut settings = self.store.of(organisation).snapshot()?.batch();
            settings.put(keys::domain(name), stored::encode(&domain));
            Ok((vec![routing, settings], domain.clone()))
        })
        .await
    }

    /// The domains of an organisation, by name.
    pub fn domains(&self, organisation: OrganisationId) -> Result<Vec<Domain>, Error> {
        stored::list(&self.store.of(organisation).snapshot()?, "domain", keys::DOMAINS)
    }

    /// One domain of an organisation.
    pub fn domain(&self, organisation: OrganisationId, name: &DomainName) -> Result<Domain, Error> {
        let snapshot = self.store.of(organisation).snapshot()?;
        stored::get(&snapshot, "domain", &keys::domain(name))?.ok_or_else(|| Error::not_found("domain", name))
    }

    /// A domain that has addresses of its own, which an alias has not.
    pub(crate) fn addressed_domain(
        &self,
        organisation: OrganisationId,
        name: &DomainName,
    ) -> Result<Domain, Error> {
        let domain = self.domain(organisation, name)?;
        match &domain.alias_of {
            Some(target) => {
                Err(Error::Invalid(format!("`{name}` is an alias of `{target}`; say it of that domain")))
            }
            None => Ok(domain),
        }
    }

    pub(crate) fn domain_settings(
        &self,
        organisation: OrganisationId,
        name: &DomainName,
    ) -> Result<Domain, Error> {
        let snapshot = self.store.of(organisation).snapshot()?;
        stored::get(&snapshot, "domain", &keys::domain(name))?.ok_or(Error::Damaged("domain"))
    }

    /// Changes a domain that is no alias.
    pub async fn change_domain(
        &self,
        organisation: OrganisationId,
        name: &DomainName,
        wanted: DomainChange,
    ) -> Result<Domain, Error> {
        self.addressed_domain(organisation, name)?;
        for channel in [wanted.catch_all.flatten(), wanted.role_channel].into_iter().flatten() {
            self.channel(organisation, channel)?;
        }
        change(&self.store, || {
            let mut snapshot = self.store.of(organisation).snapshot()?;
            let key = keys::domain(name);
            let bytes = snapshot.read(&key)?.ok_or_else(|| Error::not_found("domain", name))?;
            let mut domain: Domain = stored::decode("domain", &bytes)?;
            domain.catch_all = wanted.catch_all.unwrap_or(domain.catch_all);
            domain.role_channel = wanted.role_channel.or(domain.role_channel);
            domain.receives = wanted.receives.or(domain.receives);
            domain.sends = wanted.sends.or(domain.sends);
            let mut batch = snapshot.batch();
            batch.put(key, stored::encode(&domain));
            Ok((vec![batch], domain))
        })
        .await
    }
}
