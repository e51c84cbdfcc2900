//! Whose address is it: the question behind every `RCPT TO`.
//!
//! An address is looked up as it stands, then without its plus-tag, then as a role of its domain, then by the
//! domain's catch-all. Local parts are compared without regard to case, as every large provider does (RFC 5321 2.4
//! lets the receiving host decide).
//!
//! *Standards*: RFC 5321 4.5.1 and RFC 2142 (`postmaster`, `abuse`), RFC 5233 (plus-tags).

use guichet_mail::{DomainName, MailAddress};
use guichet_store::{OrganisationId, Snapshot};

use crate::records::{Channel, Domain};
use crate::stored::{self, Owner};
use crate::{Accounts, ChannelId, Error, keys};

/// Where a recipient's mail goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Route {
    /// To a channel of ours.
    Channel {
        /// Whose channel.
        organisation: OrganisationId,
        /// Which.
        channel: ChannelId,
        /// What stood behind the plus, as written.
        tag: Option<String>,
    },
    /// The domain is ours, the address is nobody's.
    UnknownAddress,
    /// The domain is not ours.
    ForeignDomain,
}

impl Route {
    fn to(owner: Owner, tag: Option<&str>) -> Self {
        Route::Channel {
            organisation: owner.organisation,
            channel: owner.channel,
            tag: tag.map(str::to_owned),
        }
    }
}

impl Accounts {
    /// Finds the channel behind an envelope address. `domain` is what followed the last `@`, as it came.
    pub fn route(&self, local_part: &str, domain: &str) -> Result<Route, Error> {
        let Ok(domain) = DomainName::parse(domain) else {
            return Ok(Route::ForeignDomain);
        };
        let operator = self.store.operator().snapshot()?;
        let Some(organisation) = stored::domain_owner(&operator, &domain)? else {
            return Ok(Route::ForeignDomain);
        };
        let mut settings = self.domain_settings(organisation, &domain)?;
        if let Some(target) = &settings.alias_of {
            settings = self.domain_settings(organisation, target)?;
        }
        self.route_within(&operator, organisation, local_part, &settings)
    }

    /// Whether mail to this address comes to this organisation.
    pub fn is_ours(&self, organisation: OrganisationId, address: &MailAddress) -> Result<bool, Error> {
        let route = self.route(address.local(), address.domain().as_str())?;
        Ok(matches!(route, Route::Channel { organisation: owner, .. } if owner == organisation))
    }

    /// Who reads the bare `postmaster` that every SMTP server has to accept (RFC 5321 4.5.1).
    pub fn route_postmaster(&self) -> Result<Route, Error> {
        let operator = self.store.operator().snapshot()?;
        let owner = stored::owner(&operator, &keys::postmaster())?;
        Ok(owner.map_or(Route::UnknownAddress, |owner| Route::to(owner, None)))
    }

    fn route_within(
        &self,
        operator: &Snapshot,
        organisation: OrganisationId,
        local_part: &str,
        domain: &Domain,
    ) -> Result<Route, Error> {
        let local = local_part.to_lowercase();
        if let Some(owner) = stored::owner(operator, &keys::address_owner(&address(&local, domain)))? {
            return Ok(Route::to(owner, None));
        }
        // The tag is cut from what was written, since its case may mean something to who made it.
        let tag = local_part.split_once('+').map(|(_, tag)| tag);
        let base = local.split_once('+').map_or(local.as_str(), |(base, _)| base);
        if tag.is_some()
            && let Some(owner) = stored::owner(operator, &keys::address_owner(&address(base, domain)))?
        {
            return Ok(Route::to(owner, tag));
        }
        let channel = match base {
            "postmaster" | "abuse" => self.role_channel(organisation, domain)?,
            _ => domain.catch_all,
        };
        Ok(channel.map_or(Route::UnknownAddress, |channel| Route::to(Owner { organisation, channel }, tag)))
    }

    fn role_channel(
        &self,
        organisation: OrganisationId,
        domain: &Domain,
    ) -> Result<Option<ChannelId>, Error> {
        if domain.role_channel.is_some() {
            return Ok(domain.role_channel);
        }
        Ok(self.channels(organisation)?.first().map(|channel: &Channel| channel.id))
    }
}

fn address(local: &str, domain: &Domain) -> String {
    format!("{local}@{}", domain.name)
}
