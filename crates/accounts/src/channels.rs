//! Channels: the addresses through which mail comes in, with their aliases.

use guichet_mail::{DomainName, MailAddress};
use guichet_store::{Batch, OrganisationId, Snapshot};

use crate::audit::Deed;
use crate::organisations::check_name;
use crate::proof::Proof;
use crate::records::{AutoReply, Channel, Domain};
use crate::routing::BOUNCE;
use crate::stored::{self, change};
use crate::{Accounts, ChannelId, Error, TeamId, keys};

/// How many further addresses one channel may have.
const ALIASES_MAX: usize = 100;
/// An automatic answer is a note, not a letter; and every mail that comes in reads the record that holds it.
const AUTO_REPLY_CHARS_MAX: usize = 10_000;
/// A subject that fits into a line of a list of mails, several times over.
const AUTO_SUBJECT_CHARS_MAX: usize = 200;

/// A channel to be made.
#[derive(Debug, Clone)]
pub struct NewChannel {
    /// Its main address, in a domain of the organisation that is no alias.
    pub address: MailAddress,
    /// Its name as customers would see it.
    pub name: String,
    /// Which team's tickets its mail becomes.
    pub team: Option<TeamId>,
}

/// What may be changed of a channel; `None` leaves it as it is.
#[derive(Debug, Clone, Default)]
pub struct ChannelChange {
    /// Its name as customers see it.
    pub name: Option<String>,
    /// What a new ticket's sender is told at once; `Some(None)` is nothing.
    pub auto_reply: Option<Option<AutoReply>>,
    /// Which team's tickets its mail becomes; `Some(None)` is no team's.
    pub team: Option<Option<TeamId>>,
    /// Whether mail comes in and goes out.
    pub active: Option<bool>,
    /// All further addresses; those that it had and that are not here are free again.
    pub aliases: Option<Vec<MailAddress>>,
}

impl Accounts {
    /// Makes a hosted channel.
    pub async fn create_channel(
        &self,
        organisation: OrganisationId,
        wanted: NewChannel,
    ) -> Result<Channel, Error> {
        let name = check_name(&wanted.name)?;
        change(&self.store, || {
            let mut operator = self.store.operator().snapshot()?;
            let mut space = self.store.of(organisation).snapshot()?;
            owned_domain(&mut space, wanted.address.domain())?;
            let named = stored::read_teams(&mut space, wanted.team.as_slice())?;
            let number = stored::next_number(&mut space)?;
            stored::check_room(&space, "channels", keys::CHANNELS)?;
            let id = ChannelId(number);
            let taken = take_address(&mut operator, &wanted.address)?;
            let first = operator.read(&keys::postmaster())?.is_none();
            let channel = Channel::named(id, wanted.address.clone(), name.clone());
            let channel = Channel { team: wanted.team, ..channel };
            let mut routing = operator.batch();
            routing.put(taken, stored::owner_bytes(organisation, id));
            if first {
                routing.put(keys::postmaster(), stored::owner_bytes(organisation, id));
            }
            let mut settings = space.batch();
            stored::put_number(&mut settings, number);
            stored::put_rows(&mut settings, named);
            put_channel(&mut settings, &channel);
            self.record(&mut settings, Deed::ChannelCreated, &channel.address);
            Ok((vec![routing, settings], channel))
        })
        .await
    }

    /// Changes a channel; its address stays, since the world knows it.
    pub async fn change_channel(
        &self,
        organisation: OrganisationId,
        id: ChannelId,
        wanted: ChannelChange,
    ) -> Result<Channel, Error> {
        let name = wanted.name.as_deref().map(check_name).transpose()?;
        let auto_reply =
            wanted.auto_reply.map(|reply| reply.map(check_auto_reply).transpose()).transpose()?;
        change(&self.store, || {
            let mut space = self.store.of(organisation).snapshot()?;
            let mut channel = read_channel(&mut space, id)?;
            let named = stored::read_teams(&mut space, wanted.team.flatten().as_slice())?;
            channel.name = name.clone().unwrap_or(channel.name);
            channel.auto_reply = auto_reply.clone().unwrap_or(channel.auto_reply);
            channel.team = wanted.team.unwrap_or(channel.team);
            channel.active = wanted.active.or(channel.active);
            let routing = match &wanted.aliases {
                Some(aliases) => {
                    Some(self.replace_aliases(&mut space, &mut channel, organisation, aliases)?)
                }
                None => None,
            };
            let mut batch = space.batch();
            stored::put_rows(&mut batch, named);
            put_channel(&mut batch, &channel);
            self.record(&mut batch, Deed::ChannelChanged, &channel.address);
            Ok((routing.into_iter().chain([batch]).collect(), channel))
        })
        .await
    }

    /// Gives a channel these further addresses and no others.
    fn replace_aliases(
        &self,
        space: &mut Snapshot,
        channel: &mut Channel,
        organisation: OrganisationId,
        wanted: &[MailAddress],
    ) -> Result<Batch, Error> {
        let mut operator = self.store.operator().snapshot()?;
        let mut kept: Vec<MailAddress> = Vec::new();
        let mut taken = Vec::new();
        for alias in wanted {
            if kept.iter().any(|other| other.is_same(alias)) {
                continue;
            }
            if !channel.aliases.iter().any(|other| other.is_same(alias)) {
                owned_domain(space, alias.domain())?;
                taken.push(take_address(&mut operator, alias)?);
            }
            kept.push(alias.clone());
        }
        if kept.len() > ALIASES_MAX {
            return Err(Error::Invalid(format!("a channel has at most {ALIASES_MAX} aliases")));
        }
        let mut routing = operator.batch();
        for gone in channel.aliases.iter().filter(|had| !kept.iter().any(|alias| alias.is_same(had))) {
            routing.delete(keys::address_owner(&gone.normalised()));
        }
        for row in taken {
            routing.put(row, stored::owner_bytes(organisation, channel.id));
        }
        channel.aliases = kept;
        Ok(routing)
    }

    /// Adds a further address to a channel.
    pub async fn add_alias(
        &self,
        organisation: OrganisationId,
        id: ChannelId,
        alias: &MailAddress,
    ) -> Result<Channel, Error> {
        change(&self.store, || {
            let mut operator = self.store.operator().snapshot()?;
            let mut space = self.store.of(organisation).snapshot()?;
            owned_domain(&mut space, alias.domain())?;
            let taken = take_address(&mut operator, alias)?;
            let mut channel = read_channel(&mut space, id)?;
            if channel.aliases.len() >= ALIASES_MAX {
                return Err(Error::Invalid(format!("a channel has at most {ALIASES_MAX} aliases")));
            }
            channel.aliases.push(alias.clone());
            let mut routing = operator.batch();
            routing.put(taken, stored::owner_bytes(organisation, id));
            let mut settings = space.batch();
            put_channel(&mut settings, &channel);
            self.record(&mut settings, Deed::AliasAdded, alias);
            Ok((vec![routing, settings], channel))
        })
        .await
    }

    /// Takes a further address from a channel; mail to it finds nobody from now on.
    pub async fn remove_alias(
        &self,
        organisation: OrganisationId,
        id: ChannelId,
        alias: &MailAddress,
    ) -> Result<Channel, Error> {
        change(&self.store, || {
            let mut space = self.store.of(organisation).snapshot()?;
            let mut channel = read_channel(&mut space, id)?;
            let at = channel.aliases.iter().position(|address| address.is_same(alias));
            let removed = channel.aliases.remove(at.ok_or_else(|| Error::not_found("alias", alias))?);
            let mut routing = Batch::new(&self.store.operator());
            routing.delete(keys::address_owner(&removed.normalised()));
            let mut settings = space.batch();
            put_channel(&mut settings, &channel);
            self.record(&mut settings, Deed::AliasRemoved, &removed);
            Ok((vec![routing, settings], channel))
        })
        .await
    }

    /// Deletes a channel that is switched off; its addresses are free again. What hangs on it (tickets) is for the
    /// caller to look at first: no mail comes to a channel that is off.
    pub async fn delete_channel(&self, organisation: OrganisationId, id: ChannelId) -> Result<(), Error> {
        change(&self.store, || {
            let mut operator = self.store.operator().snapshot()?;
            let mut space = self.store.of(organisation).snapshot()?;
            let channel = read_channel(&mut space, id)?;
            let postmaster = operator.read(&keys::postmaster())?;
            let reads = postmaster == Some(stored::owner_bytes(organisation, id));
            self.check_unused(organisation, &channel, reads)?;
            let mut routing = operator.batch();
            for address in std::iter::once(&channel.address).chain(&channel.aliases) {
                routing.delete(keys::address_owner(&address.normalised()));
            }
            let mut settings = space.batch();
            settings.delete(keys::channel(id));
            self.record(&mut settings, Deed::ChannelRemoved, &channel.address);
            Ok((vec![routing, settings], ()))
        })
        .await
    }

    /// A sentence where a channel can't be deleted yet.
    fn check_unused(
        &self,
        organisation: OrganisationId,
        channel: &Channel,
        reads_postmaster: bool,
    ) -> Result<(), Error> {
        let address = &channel.address;
        if channel.is_active() {
            let text = format!("`{address}` takes mail: switch it off before it is deleted");
            return Err(Error::Invalid(text));
        }
        if reads_postmaster {
            return Err(Error::Invalid(format!(
                "`{address}` reads the mail to the server's postmaster: the operator gives that to another channel first"
            )));
        }
        let uses = |domain: &Domain| [domain.catch_all, domain.role_channel].contains(&Some(channel.id));
        match self.domains(organisation)?.into_iter().find(uses) {
            Some(domain) => Err(Error::Invalid(format!(
                "`{address}` takes the mail to unknown addresses of `{0}`, or to its postmaster and abuse: give that to \
                 another channel first",
                domain.name
            ))),
            None => Ok(()),
        }
    }

    /// The channels of an organisation, oldest first.
    pub fn channels(&self, organisation: OrganisationId) -> Result<Vec<Channel>, Error> {
        stored::list(&self.store.of(organisation).snapshot()?, "channel", keys::CHANNELS)
    }

    /// One channel of an organisation.
    pub fn channel(&self, organisation: OrganisationId, id: ChannelId) -> Result<Channel, Error> {
        let snapshot = self.store.of(organisation).snapshot()?;
        stored::get(&snapshot, "channel", &keys::channel(id))?.ok_or_else(|| Error::not_found("channel", &id))
    }

    /// Makes this channel the reader of the bare `postmaster` (RFC 5321 4.5.1) of the whole server.
    pub async fn set_postmaster(&self, organisation: OrganisationId, id: ChannelId) -> Result<(), Error> {
        change(&self.store, || {
            // Read, so that it can't be deleted meanwhile.
            let mut space = self.store.of(organisation).snapshot()?;
            let channel = read_channel(&mut space, id)?;
            let mut batch = Batch::new(&self.store.operator());
            batch.put(keys::postmaster(), stored::owner_bytes(organisation, id));
            self.record(&mut batch, Deed::PostmasterSet, &channel.address);
            Ok((vec![space.batch(), batch], ()))
        })
        .await
    }
}

/// A channel that is about to change, as a check of its batch.
fn read_channel(space: &mut Snapshot, id: ChannelId) -> Result<Channel, Error> {
    let bytes = space.read(&keys::channel(id))?.ok_or_else(|| Error::not_found("channel", &id))?;
    stored::decode("channel", &bytes)
}

/// The domain of an address of the organisation: one that is theirs for certain and has addresses of its own. It is
/// read, so that it can't be given up meanwhile.
pub(crate) fn owned_domain(space: &mut Snapshot, name: &DomainName) -> Result<Domain, Error> {
    let bytes = space.read(&keys::domain(name))?.ok_or_else(|| Error::not_found("domain", name))?;
    let domain: Domain = stored::decode("domain", &bytes)?;
    if let Some(target) = &domain.alias_of {
        return Err(Error::Invalid(format!("`{name}` is an alias of `{target}`; say it of that domain")));
    }
    if let Some(proof) = domain.proof.as_ref().filter(|proof| proof.proven.is_none()) {
        return Err(Error::Invalid(format!(
            "`{name}` is not proven to be yours yet: publish the TXT record `{}` with the text `{}`",
            Proof::record_name(name),
            proof.record_text()
        )));
    }
    Ok(domain)
}

/// An address that a channel may have.
pub(crate) fn check_local_part(address: &MailAddress) -> Result<(), Error> {
    if address.local().contains('+') {
        let text = format!("`{address}` has a plus, which marks a tag; take an address without");
        return Err(Error::Invalid(text));
    }
    if address.local().eq_ignore_ascii_case(BOUNCE) {
        let text = format!("`{address}` is kept for mail that could not be delivered; take another address");
        return Err(Error::Invalid(text));
    }
    Ok(())
}

/// The key that a free address will stand under.
pub(crate) fn take_address(
    operator: &mut Snapshot,
    address: &MailAddress,
) -> Result<guichet_store::Key, Error> {
    check_local_part(address)?;
    let key = keys::address_owner(&address.normalised());
    match operator.read(&key)? {
        Some(_) => Err(Error::taken("address", address)),
        None => Ok(key),
    }
}

pub(crate) fn put_channel(batch: &mut Batch, channel: &Channel) {
    batch.put(keys::channel(channel.id), stored::encode(channel));
}

fn check_auto_reply(reply: AutoReply) -> Result<AutoReply, Error> {
    if let Some(subject) = &reply.subject
        && (subject.chars().count() > AUTO_SUBJECT_CHARS_MAX || subject.chars().any(char::is_control))
    {
        return Err(Error::Invalid(format!(
            "the subject of an automatic answer has at most {AUTO_SUBJECT_CHARS_MAX} characters and no control characters"
        )));
    }
    let is_text = |c: char| !c.is_control() || matches!(c, '\n' | '\r' | '\t');
    let fits = (1..=AUTO_REPLY_CHARS_MAX).contains(&reply.text.trim().chars().count());
    if !fits || !reply.text.chars().all(is_text) {
        return Err(Error::Invalid(format!(
            "an automatic answer has 1 to {AUTO_REPLY_CHARS_MAX} characters and no control characters but line breaks"
        )));
    }
    Ok(AutoReply { subject: reply.subject.filter(|subject| !subject.trim().is_empty()), ..reply })
}
