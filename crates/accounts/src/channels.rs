//! Channels: the addresses through which mail comes in, with their aliases.

use guichet_mail::MailAddress;
use guichet_store::{Batch, OrganisationId, Snapshot};

use crate::organisations::check_name;
use crate::records::{AutoReply, Channel};
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
}

impl Accounts {
    /// Makes a hosted channel.
    pub async fn create_channel(
        &self,
        organisation: OrganisationId,
        wanted: NewChannel,
    ) -> Result<Channel, Error> {
        let name = check_name(&wanted.name)?;
        self.addressed_domain(organisation, wanted.address.domain())?;
        if let Some(team) = wanted.team {
            self.team(organisation, team)?;
        }
        change(&self.store, || {
            let mut operator = self.store.operator().snapshot()?;
            let mut space = self.store.of(organisation).snapshot()?;
            let number = stored::next_number(&mut space)?;
            let id = ChannelId(number);
            let taken = take_address(&mut operator, &wanted.address)?;
            let first = operator.read(&keys::postmaster())?.is_none();
            let channel = Channel {
                id,
                address: wanted.address.clone(),
                name: name.clone(),
                team: wanted.team,
                aliases: Vec::new(),
                auto_reply: None,
                active: None,
            };
            let mut routing = operator.batch();
            routing.put(taken, stored::owner_bytes(organisation, id));
            if first {
                routing.put(keys::postmaster(), stored::owner_bytes(organisation, id));
            }
            let mut settings = space.batch();
            stored::put_number(&mut settings, number);
            put_channel(&mut settings, &channel);
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
        if let Some(team) = wanted.team.flatten() {
            self.team(organisation, team)?;
        }
        change(&self.store, || {
            let mut space = self.store.of(organisation).snapshot()?;
            let bytes = space.read(&keys::channel(id))?;
            let bytes = bytes.ok_or_else(|| Error::not_found("channel", &id))?;
            let mut channel: Channel = stored::decode("channel", &bytes)?;
            channel.name = name.clone().unwrap_or(channel.name);
            channel.auto_reply = auto_reply.clone().unwrap_or(channel.auto_reply);
            channel.team = wanted.team.unwrap_or(channel.team);
            let mut batch = space.batch();
            put_channel(&mut batch, &channel);
            Ok((vec![batch], channel))
        })
        .await
    }

    /// Adds a further address to a channel.
    pub async fn add_alias(
        &self,
        organisation: OrganisationId,
        id: ChannelId,
        alias: &MailAddress,
    ) -> Result<Channel, Error> {
        self.addressed_domain(organisation, alias.domain())?;
        change(&self.store, || {
            let mut operator = self.store.operator().snapshot()?;
            let mut space = self.store.of(organisation).snapshot()?;
            let taken = take_address(&mut operator, alias)?;
            let bytes = space.read(&keys::channel(id))?;
            let bytes = bytes.ok_or_else(|| Error::not_found("channel", &id))?;
            let mut channel: Channel = stored::decode("channel", &bytes)?;
            if channel.aliases.len() >= ALIASES_MAX {
                return Err(Error::Invalid(format!("a channel has at most {ALIASES_MAX} aliases")));
            }
            channel.aliases.push(alias.clone());
            let mut routing = operator.batch();
            routing.put(taken, stored::owner_bytes(organisation, id));
            let mut settings = space.batch();
            put_channel(&mut settings, &channel);
            Ok((vec![routing, settings], channel))
        })
        .await
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
        self.channel(organisation, id)?;
        change(&self.store, || {
            let mut batch = self.store.operator().snapshot()?.batch();
            batch.put(keys::postmaster(), stored::owner_bytes(organisation, id));
            Ok((vec![batch], ()))
        })
        .await
    }
}

/// The key that a free address will stand under.
pub(crate) fn take_address(operator: &mut Snapshot, address: &MailAddress) -> Result<guichet_store::Key, Error> {
    if address.local().contains('+') {
        let text = format!("`{address}` has a plus, which marks a tag; take an address without");
        return Err(Error::Invalid(text));
    }
    if address.local().eq_ignore_ascii_case(BOUNCE) {
        let text = format!("`{address}` is kept for mail that could not be delivered; take another address");
        return Err(Error::Invalid(text));
    }
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
