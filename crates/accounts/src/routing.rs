//! Whose address is it: the question behind every `RCPT TO`.
//!
//! Only a domain that is proven, or that the operator vouches for, has an owner here. A bounce address is known by its form, before all else. Any other is looked up as it stands, then without its plus-tag, then as a role of its domain, then by the
//! domain's catch-all. Local parts are compared without regard to case, as every large provider does (RFC 5321 2.4
//! lets the receiving host decide).
//!
//! *Standards*: RFC 5321 4.5.1 and RFC 2142 (`postmaster`, `abuse`), RFC 5233 (plus-tags).

use guichet_mail::{DomainName, MailAddress};
use guichet_store::{OrganisationId, Snapshot};

use crate::records::{Channel, Domain};
use crate::stored::{self, Owner};
use crate::{Accounts, ChannelId, Error, keys};

/// The local part, before the plus, of the addresses to which bounces come; no channel has it.
pub(crate) const BOUNCE: &str = "bounce";
/// How long a token is: 18 bytes in base32 (RFC 4648) without padding.
const TOKEN_CHARS: usize = 29;

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
    /// A bounce address, genuine or forged: whoever made the token knows.
    Bounce {
        /// Whose domain it stands before.
        organisation: OrganisationId,
        /// 29 characters of lower-case base32.
        token: String,
    },
    /// The domain is ours, the address is nobody's.
    UnknownAddress,
    /// The domain is not ours.
    ForeignDomain,
    /// The organisation that it belongs to is suspended: its mail waits with its senders.
    Suspended,
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
        if self.is_suspended(organisation)? {
            return Ok(Route::Suspended);
        }
        if let Some(token) = bounce_token(local_part) {
            return Ok(Route::Bounce { organisation, token });
        }
        let mut settings = self.domain_settings(organisation, &domain)?;
        if let Some(target) = &settings.alias_of {
            settings = self.domain_settings(organisation, target)?;
        }
        self.route_within(&operator, organisation, local_part, &settings)
    }

    /// Whether mail to this address comes to this organisation.
    pub fn is_ours(&self, organisation: OrganisationId, address: &MailAddress) -> Result<bool, Error> {
        let route = self.route(address.local(), address.domain().as_str())?;
        Ok(match route {
            Route::Channel { organisation: owner, .. } | Route::Bounce { organisation: owner, .. } => {
                owner == organisation
            }
            Route::UnknownAddress | Route::ForeignDomain | Route::Suspended => false,
        })
    }

    /// Whether mail to this domain comes here: it is a domain of any organisation, and receives.
    pub fn is_hosted(&self, domain: &DomainName) -> Result<bool, Error> {
        let owner = stored::domain_owner(&self.store.operator().snapshot()?, domain)?;
        owner.map_or(Ok(false), |owner| Ok(self.domain_settings(owner, domain)?.receives()))
    }

    /// Who reads the bare `postmaster` that every SMTP server has to accept (RFC 5321 4.5.1).
    pub fn route_postmaster(&self) -> Result<Route, Error> {
        let operator = self.store.operator().snapshot()?;
        match stored::owner(&operator, &keys::postmaster())? {
            Some(owner) if self.is_suspended(owner.organisation)? => Ok(Route::Suspended),
            Some(owner) => self.to_channel(owner, None),
            None => Ok(Route::UnknownAddress),
        }
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
            return self.to_channel(owner, None);
        }
        // The tag is cut from what was written, since its case may mean something to who made it.
        let tag = local_part.split_once('+').map(|(_, tag)| tag);
        let base = local.split_once('+').map_or(local.as_str(), |(base, _)| base);
        if tag.is_some()
            && let Some(owner) = stored::owner(operator, &keys::address_owner(&address(base, domain)))?
        {
            return self.to_channel(owner, tag);
        }
        let channel = match base {
            "postmaster" | "abuse" => self.role_channel(organisation, domain)?,
            // A broken bounce address: no person ever wrote to it.
            BOUNCE if tag.is_some() => None,
            _ => domain.catch_all,
        };
        let owner = channel.map(|channel| Owner { organisation, channel });
        owner.map_or(Ok(Route::UnknownAddress), |owner| self.to_channel(owner, tag))
    }

    /// A channel that is switched off is nobody's, and its address does not fall to the catch-all.
    fn to_channel(&self, owner: Owner, tag: Option<&str>) -> Result<Route, Error> {
        let Owner { organisation, channel } = owner;
        if self.channel(organisation, channel)?.is_active() {
            let tag = tag.map(str::to_owned);
            return Ok(Route::Channel { organisation, channel, tag });
        }
        Ok(Route::UnknownAddress)
    }

    fn role_channel(
        &self,
        organisation: OrganisationId,
        domain: &Domain,
    ) -> Result<Option<ChannelId>, Error> {
        if domain.role_channel.is_some() {
            return Ok(domain.role_channel);
        }
        let mut active = self.channels(organisation)?.into_iter().filter(Channel::is_active);
        Ok(active.next().map(|channel| channel.id))
    }
}

fn address(local: &str, domain: &Domain) -> String {
    format!("{local}@{}", domain.name)
}

/// The token of a bounce address, in lower case: mail systems on the way may have changed its case.
fn bounce_token(local_part: &str) -> Option<String> {
    let (base, token) = local_part.split_once('+')?;
    let is_base32 = |octet: u8| octet.is_ascii_alphabetic() || matches!(octet, b'2'..=b'7');
    let is_token = token.len() == TOKEN_CHARS && token.bytes().all(is_base32);
    (is_token && base.eq_ignore_ascii_case(BOUNCE)).then(|| token.to_ascii_lowercase())
}
