//! Domains: which of them receive and send here, and what happens to addresses of theirs that nobody has.

use guichet_mail::DomainName;
use guichet_store::{OrganisationId, Snapshot};

use crate::audit::Deed;
use crate::channels::owned_domain;
use crate::records::Domain;
use crate::stored::{self, change};
use crate::{Accounts, ChannelId, Error, dkim, keys};

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
            let mut space = self.store.of(organisation).snapshot()?;
            let target =
                domain.alias_of.as_ref().map(|target| owned_domain(&mut space, target)).transpose()?;
            let mut settings = space.batch();
            // Written again as it is, so that who gives the target up at the same moment is in conflict.
            if let Some(target) = target {
                settings.put(keys::domain(&target.name), stored::encode(&target));
            }
            settings.put(keys::domain(name), stored::encode(&domain));
            self.record(&mut settings, Deed::DomainAdded, name);
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
        change(&self.store, || {
            let mut snapshot = self.store.of(organisation).snapshot()?;
            let mut named = Vec::new();
            for channel in [wanted.catch_all.flatten(), wanted.role_channel].into_iter().flatten() {
                let key = keys::channel(channel);
                // Not what was asked for by the address of a request, but what its body names.
                let absent = || Error::Invalid(format!("there is no channel `{channel}`"));
                let bytes = snapshot.read(&key)?.ok_or_else(absent)?;
                named.push((key, bytes));
            }
            let key = keys::domain(name);
            let bytes = snapshot.read(&key)?.ok_or_else(|| Error::not_found("domain", name))?;
            let mut domain: Domain = stored::decode("domain", &bytes)?;
            domain.catch_all = wanted.catch_all.unwrap_or(domain.catch_all);
            domain.role_channel = wanted.role_channel.or(domain.role_channel);
            domain.receives = wanted.receives.or(domain.receives);
            domain.sends = wanted.sends.or(domain.sends);
            let mut batch = snapshot.batch();
            // Written again as they are, so that who deletes one at the same moment is in conflict.
            stored::put_rows(&mut batch, named);
            batch.put(key, stored::encode(&domain));
            self.record(&mut batch, Deed::DomainChanged, name);
            Ok((vec![batch], domain))
        })
        .await
    }

    /// Gives a domain up: mail to it finds nobody from now on, its DKIM keys sign no more, their private parts are deleted,
    /// and anybody may prove it. Refused while something needs it.
    pub async fn remove_domain(&self, organisation: OrganisationId, name: &DomainName) -> Result<(), Error> {
        change(&self.store, || {
            let mut operator = self.store.operator().snapshot()?;
            let mut space = self.store.of(organisation).snapshot()?;
            let key = keys::domain(name);
            let bytes = space.read(&key)?.ok_or_else(|| Error::not_found("domain", name))?;
            let domain: Domain = stored::decode("domain", &bytes)?;
            // Taken by whoever makes a channel, and here: two at once do not remove the last domain that always works.
            let number = stored::next_number(&mut space)?;
            self.check_unneeded(organisation, &mut space, &domain)?;
            let owner = keys::domain_owner(name);
            let holder = operator.read(&owner)?.map(|bytes| stored::read_owner(&bytes)).transpose()?;
            let mut routing = operator.batch();
            if holder == Some(organisation) {
                routing.delete(owner);
            }
            let keys_of_it = dkim::ended(&mut space, name)?;
            let mut settings = space.batch();
            settings.delete(key);
            stored::put_number(&mut settings, number);
            stored::put_rows(&mut settings, keys_of_it);
            self.record(&mut settings, Deed::DomainRemoved, name);
            Ok((vec![routing, settings], ()))
        })
        .await
    }

    /// A sentence that says what still needs a domain. What could come to need it meanwhile (a new channel, an alias) is
    /// read, so that it conflicts.
    fn check_unneeded(
        &self,
        organisation: OrganisationId,
        space: &mut Snapshot,
        domain: &Domain,
    ) -> Result<(), Error> {
        let name = &domain.name;
        for channel in self.channels(organisation)? {
            space.read(&keys::channel(channel.id))?;
            let addresses = || std::iter::once(&channel.address).chain(&channel.aliases);
            if let Some(address) = addresses().find(|address| address.domain() == name) {
                return Err(Error::Invalid(format!(
                    "the channel `{}` has the address `{address}`: take it from the channel, or delete the channel, first",
                    channel.name
                )));
            }
        }
        let domains = self.domains(organisation)?;
        if let Some(alias) = domains.iter().find(|other| other.alias_of.as_ref() == Some(name)) {
            return Err(Error::Invalid(format!("`{}` is an alias of `{name}`: remove it first", alias.name)));
        }
        self.check_signs_for_none(organisation, name, &domains)?;
        let is_base = |domain: &&Domain| domain.name.is_within(self.base_domain());
        if is_base(&domain) && domains.iter().filter(is_base).count() == 1 {
            return Err(Error::Invalid(format!(
                "`{name}` is the only domain of the organisation that always works; it stays"
            )));
        }
        Ok(())
    }
}
