//! As whom a channel writes: the addresses of a mail that goes out, from what its domain can do.
//!
//! A domain that *sends* publishes our DKIM keys; one that *receives* has its MX here. Where it only sends, answers
//! and bounces would never come here, so both go to an address of the organisation that receives; DMARC passes by
//! DKIM.

use guichet_mail::{DomainName, MailAddress};
use guichet_store::OrganisationId;

use crate::records::{Channel, Domain};
use crate::{Accounts, ChannelId, Error};

/// The addresses with which a channel writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sending {
    /// `From`: the channel's address.
    pub from: MailAddress,
    /// The name before it: the channel's.
    pub name: String,
    /// Where answers go; a plus-tag is put into it.
    pub reply_to: MailAddress,
    /// The domain of the envelope sender, `bounce+TOKEN@` it.
    pub envelope_domain: DomainName,
    /// The right side of the Message-ID: the channel's domain.
    pub message_id_domain: DomainName,
}

impl Accounts {
    /// As whom a channel writes; an error that says what to do where its domain doesn't send.
    pub fn sending(&self, organisation: OrganisationId, channel: ChannelId) -> Result<Sending, Error> {
        let channel = self.channel(organisation, channel)?;
        if !channel.is_active() {
            return Err(Error::Invalid(format!(
                "`{}` is switched off, so nothing can be written from it: switch it on, or write from another channel",
                channel.address
            )));
        }
        let domain = self.domain_settings(organisation, channel.address.domain())?;
        if !self.sends(&domain) {
            return Err(Error::Invalid(format!(
                "`{0}` does not send yet, so nothing can be written from `{1}`: publish the DKIM records of `{0}`, \
                 then switch its sending on",
                domain.name, channel.address
            )));
        }
        let home =
            if domain.receives() { channel.address.clone() } else { self.home(organisation, &domain)? };
        Ok(Sending {
            message_id_domain: domain.name,
            envelope_domain: home.domain().clone(),
            reply_to: home,
            from: channel.address,
            name: channel.name,
        })
    }

    /// Whether mail may go out from this domain: as it was set, else at and below the base domain. Never before it is
    /// proven.
    pub fn sends(&self, domain: &Domain) -> bool {
        domain.is_verified() && domain.sends.unwrap_or_else(|| domain.name.is_within(self.base_domain()))
    }

    /// The organisation's address that surely receives: its first channel on a domain that does, at or below the base
    /// domain if there is one.
    fn home(&self, organisation: OrganisationId, sender: &Domain) -> Result<MailAddress, Error> {
        let domains = self.domains(organisation)?;
        let receives = |address: &MailAddress| {
            domains
                .iter()
                .any(|domain| domain.name == *address.domain() && domain.is_verified() && domain.receives())
        };
        let channels = self.channels(organisation)?;
        let active = channels.iter().filter(|channel| channel.is_active());
        let mut homes = active.map(|Channel { address, .. }| address).filter(|at| receives(at));
        let first = homes.clone().next();
        let base = homes.find(|address| address.domain().is_within(self.base_domain()));
        base.or(first).cloned().ok_or_else(|| {
            Error::Invalid(format!(
                "`{0}` does not receive here, and no channel of the organisation does, so answers would be lost: add a \
                 channel on a domain that receives, or point the MX of `{0}` here and switch its receiving on",
                sender.name
            ))
        })
    }
}
