//! What admins do with forwards: enter, look, probe again, remove.

use guichet_accounts::{Actor, ChannelId, Sight};
use guichet_mail::MailAddress;
use guichet_store::{Batch, CommitError, Direction, OrganisationId, Snapshot, record};
use jiff::Timestamp;

use super::{FORWARDS_MAX, Forward, ForwardId, ProbeSent, StoredForward};
use crate::queue::Addressee;
use crate::stored::last_number;
use crate::system_mail::Letter;
use crate::{Desk, Error, RecipientField, SystemMail, SystemMailKind, keys};

/// How often a change is tried again when others were quicker.
const ATTEMPTS_MAX: usize = 16;

/// The subject of a probe; its token follows.
const SUBJECT: &str = "Forwarding test";

/// What a probe says. It goes to an address that an admin named, so it holds nothing that they could choose.
const TEXT: &str = "This is a test: it shows whether mail to this address is forwarded to a help desk. It was asked for \
                    by an admin there. Nothing needs to be done with it; if you don't know of a help desk, nothing \
                    will follow.";

impl Desk {
    /// The forwards of a channel, the oldest first; none for who does not see everything of the organisation.
    pub fn forwards(
        &self,
        actor: &Actor,
        channel: ChannelId,
        now: Timestamp,
    ) -> Result<Vec<StoredForward>, Error> {
        self.accounts.channel(actor.organisation, channel)?;
        if actor.sight != Sight::All {
            return Ok(Vec::new());
        }
        let snapshot = self.store.of(actor.organisation).snapshot()?;
        let all = all(&snapshot)?.into_iter().filter(|(_, forward)| forward.channel == channel);
        all.map(|(id, forward)| StoredForward::of(&snapshot, id, forward, now)).collect()
    }

    /// Enters a forward and sends its first probe. One that is there already is probed again.
    pub async fn add_forward(
        &self,
        actor: &Actor,
        channel: ChannelId,
        address: &MailAddress,
        now: Timestamp,
    ) -> Result<StoredForward, Error> {
        self.admins_channel(actor, channel)?;
        if self.accounts.is_hosted(address.domain())? {
            return Err(Error::Invalid(format!(
                "mail to {address} comes to this server already, so nothing forwards it"
            )));
        }
        self.forget_channelless(actor.organisation).await?;
        self.probe(actor, address, now, |snapshot| {
            snapshot.read(&keys::last_forward())?;
            let all = all(snapshot)?;
            let same =
                |(_, one): &&(ForwardId, Forward)| one.channel == channel && one.address.is_same(address);
            if let Some((id, forward)) = all.iter().find(same) {
                return Ok((*id, Some(forward.clone()), channel));
            }
            if all.len() >= FORWARDS_MAX {
                return Err(Error::Invalid(format!("an organisation has at most {FORWARDS_MAX} forwards")));
            }
            Ok((ForwardId(self.new_delivery_id(now).0), None, channel))
        })
        .await
    }

    /// Sends another probe.
    pub async fn probe_forward(
        &self,
        actor: &Actor,
        (channel, id): (ChannelId, ForwardId),
        now: Timestamp,
    ) -> Result<StoredForward, Error> {
        self.admins_channel(actor, channel)?;
        let snapshot = self.store.of(actor.organisation).snapshot()?;
        let address = one(snapshot.peek(&keys::forward(id))?, channel)?.address;
        self.probe(actor, &address, now, |snapshot| {
            let forward = one(snapshot.read(&keys::forward(id))?, channel)?;
            Ok((id, Some(forward), channel))
        })
        .await
    }

    /// Forgets a forward. What the address forwards still comes in.
    pub async fn delete_forward(
        &self,
        actor: &Actor,
        (channel, id): (ChannelId, ForwardId),
    ) -> Result<(), Error> {
        self.admins_channel(actor, channel)?;
        for _ in 0..ATTEMPTS_MAX {
            let mut snapshot = self.store.of(actor.organisation).snapshot()?;
            let forward = one(snapshot.read(&keys::forward(id))?, channel)?;
            let mut batch = snapshot.batch();
            batch.delete(keys::forward(id));
            batch.delete(keys::forward_of_probe(forward.probe.delivery));
            match self.store.commit(vec![batch]).await {
                Ok(_) => return Ok(()),
                Err(CommitError::Conflict) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(too_much())
    }

    /// Forgets the forwards to channels that were deleted: nobody can name them any more.
    async fn forget_channelless(&self, organisation: OrganisationId) -> Result<(), Error> {
        let mut gone = all(&self.store.of(organisation).snapshot()?)?;
        // Looked up after them: one that is made meanwhile has none that are gone.
        let channels = self.accounts.channels(organisation)?;
        gone.retain(|(_, forward)| channels.iter().all(|channel| channel.id != forward.channel));
        if gone.is_empty() {
            return Ok(());
        }
        let mut batch = self.store.of(organisation).batch();
        for (id, forward) in gone {
            batch.delete(keys::forward(id));
            batch.delete(keys::forward_of_probe(forward.probe.delivery));
        }
        self.store.commit(vec![batch]).await?;
        Ok(())
    }

    /// Sends a probe and writes the forward that it is of, which `find` names: its number, and what it was.
    async fn probe(
        &self,
        actor: &Actor,
        address: &MailAddress,
        now: Timestamp,
        find: impl Fn(&mut Snapshot) -> Result<(ForwardId, Option<Forward>, ChannelId), Error>,
    ) -> Result<StoredForward, Error> {
        let organisation = actor.organisation;
        let letter = self.probe_letter(organisation, address, now)?;
        for _ in 0..ATTEMPTS_MAX {
            let mut snapshot = self.store.of(organisation).snapshot()?;
            let (id, before, channel) = find(&mut snapshot)?;
            let addressee = Addressee::look_up(&mut snapshot, address, RecipientField::To, now)?;
            addressee.refuse_suppressed()?;
            let probe = ProbeSent { delivery: letter.id, at: now };
            snapshot.read(&keys::forward(id))?;
            let (mut batch, mut due) = (snapshot.batch(), self.due_rows());
            let forward = if let Some(before) = before {
                batch.delete(keys::forward_of_probe(before.probe.delivery));
                Forward { probe, ..before }
            } else {
                batch.put(keys::last_forward(), id.0.to_be_bytes().to_vec());
                Forward { channel, address: address.clone(), created: now, probe, returned: None }
            };
            put(&mut batch, id, &forward);
            batch.put(keys::forward_of_probe(letter.id), id.0.to_be_bytes().to_vec());
            letter.enter(&mut batch, &mut due, organisation, &addressee, now);
            match self.commit_queued(batch, due).await {
                Ok(_) => {
                    let snapshot = self.store.of(organisation).snapshot()?;
                    return StoredForward::of(&snapshot, id, forward, now);
                }
                Err(CommitError::Conflict) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(too_much())
    }

    fn probe_letter(
        &self,
        organisation: OrganisationId,
        address: &MailAddress,
        now: Timestamp,
    ) -> Result<Letter, Error> {
        let mut snapshot = self.store.of(organisation).snapshot()?;
        Addressee::look_up(&mut snapshot, address, RecipientField::To, now)?.refuse_suppressed()?;
        self.take_system_cap(organisation, (address, SystemMailKind::Probe), now)?;
        let mail = SystemMail {
            to: address.clone(),
            to_name: None,
            subject: SUBJECT.to_owned(),
            text: TEXT.to_owned(),
            kind: SystemMailKind::Probe,
        };
        self.system_letter(organisation, &mail, now)
    }

    /// Forwards are the admins' business; the channel has to be there.
    fn admins_channel(&self, actor: &Actor, channel: ChannelId) -> Result<(), Error> {
        if actor.sight != Sight::All {
            return Err(Error::NotFound("channel"));
        }
        self.accounts.channel(actor.organisation, channel)?;
        Ok(())
    }
}

/// Every forward of the organisation.
fn all(snapshot: &Snapshot) -> Result<Vec<(ForwardId, Forward)>, Error> {
    let mut all = Vec::new();
    for row in snapshot.scan(&keys::forwards(), Direction::Forward, None)?.take(FORWARDS_MAX) {
        let (key, value) = row?;
        all.push((ForwardId(last_number(&key)?), Forward::decode(&value)?));
    }
    Ok(all)
}

/// The forward in a row, if it is one of this channel.
fn one(bytes: Option<Vec<u8>>, channel: ChannelId) -> Result<Forward, Error> {
    let forward = bytes.map(|bytes| Forward::decode(&bytes)).transpose()?;
    forward.filter(|forward| forward.channel == channel).ok_or(Error::NotFound("forward"))
}

pub(super) fn put(batch: &mut Batch, id: ForwardId, forward: &Forward) {
    batch.put(keys::forward(id), record::encode(forward));
}

fn too_much() -> Error {
    Error::Unavailable("too much happens to this forward at once".to_owned())
}
