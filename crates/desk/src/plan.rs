//! What becomes of a mail in one organisation: decided from one snapshot, written as one batch.

use std::collections::BTreeMap;

use guichet_accounts::{AutoReply, ChannelId, TeamId};
use guichet_store::{Batch, OrganisationId, Snapshot};

use crate::arrival::{Arrival, Recipient};
use crate::automatic::{Answer, Answering};
use crate::claims::Claims;
use crate::contact::Sender;
use crate::copies::{Copies, Standing};
use crate::disposition::Disposition;
use crate::identity::Identities;
use crate::keys::Number;
use crate::manner::Manner;
use crate::queue::DueRows;
use crate::receive::Planned;
use crate::rows::{Aside, Target, Writer};
use crate::stored::{self, StoredMessage};
use crate::success::Notice;
use crate::threading::{REPLY_AGE, References, Role, Thread};
use crate::{Desk, Error};

/// Mails of our own that go with it: made once, however often the plan is made anew.
#[derive(Default)]
pub(crate) struct Prepared {
    pub(crate) answer: Option<Option<Answer>>,
    pub(crate) notice: Option<Option<Notice>>,
}

/// Recipients for whom the mail is one message.
pub(crate) struct Group<'a> {
    pub(crate) recipients: Vec<&'a Recipient>,
    /// The teams whose tickets their channels feed.
    teams: Vec<Option<TeamId>>,
    /// The message of ours at whose reply address it came.
    answers: Option<StoredMessage>,
    /// What the first channel that answers by itself says.
    auto_reply: Option<(ChannelId, AutoReply)>,
}

impl<'a> Group<'a> {
    fn new(team: Option<TeamId>, answers: Option<StoredMessage>) -> Self {
        Self { recipients: Vec::new(), teams: vec![team], answers, auto_reply: None }
    }

    pub(crate) fn channels(&self) -> Vec<ChannelId> {
        self.recipients.iter().filter_map(|recipient| recipient.channel()).collect()
    }

    pub(crate) fn aside(self, why: String) -> Aside<'a> {
        Aside { channels: self.channels(), recipients: self.recipients, why, change: None }
    }

    pub(crate) fn target(self, thread: Thread, manner: Manner) -> Target<'a> {
        let team = self.teams.first().copied().flatten();
        let channels = self.channels();
        Target { team, channels, recipients: self.recipients, thread, manner, answering: None }
    }
}

/// What becomes of the mail: messages in tickets, and what is kept aside.
#[derive(Default)]
pub(crate) struct Places<'a> {
    pub(crate) targets: Vec<Target<'a>>,
    pub(crate) asides: Vec<Aside<'a>>,
    /// The first target that is answered at once, and what with.
    auto_reply: Option<(usize, ChannelId, AutoReply)>,
}

impl<'a> Places<'a> {
    /// Adds a target. Two that join one ticket are one: a ticket is written once in a batch.
    pub(crate) fn add(&mut self, target: Target<'a>) {
        let number = |target: &Target<'_>| target.thread.joins.as_ref().map(|ticket| ticket.number);
        let joined = number(&target);
        match self.targets.iter_mut().find(|one| joined.is_some() && number(one) == joined) {
            Some(one) => {
                one.recipients.extend(target.recipients);
                one.channels.extend(target.channels);
                one.manner.merge(target.manner);
            }
            None => self.targets.push(target),
        }
    }

    fn is_empty(&self) -> bool {
        self.targets.is_empty() && self.asides.is_empty()
    }
}

impl Desk {
    /// Decides, from what is so now, and writes a batch that holds if it still is.
    pub(crate) fn plan(
        &self,
        arrival: &Arrival,
        organisation: OrganisationId,
        disposition: &Disposition,
        prepared: &mut Prepared,
        due: &mut DueRows,
    ) -> Result<(Batch, Vec<Planned>), Error> {
        let mut snapshot = self.store.of(organisation).snapshot()?;
        let copies = Copies::of(&mut snapshot, &arrival.reading.content, arrival.reading.digest)?;
        let claims = self.claims(&mut snapshot, arrival, organisation)?;
        let why = match disposition {
            Disposition::Quarantine(why) | Disposition::Reject(why) => Some(why),
            Disposition::Accept => claims.forged.as_ref(),
        };
        let standing = match why {
            Some(_) => Standing::Quarantined,
            None if arrival.proven_author().is_some() => Standing::Proven,
            None => Standing::Unproven,
        };
        let (mut plans, mut groups) = (Vec::new(), Vec::new());
        for group in self.groups(arrival, organisation, &claims)? {
            match copies.duplicate(&group.recipients, standing) {
                Some(duplicate) => plans.push(Planned::Settled(duplicate)),
                None => groups.push(group),
            }
        }
        let mut places = Places::default();
        self.place_returns(&mut snapshot, arrival, organisation, &copies, &mut places, &mut plans)?;
        if groups.is_empty() && places.is_empty() {
            return Ok((snapshot.batch(), plans));
        }
        let sender = Sender::of(&mut snapshot, &arrival.reading.content)?;
        let mut unseen = Vec::new();
        if let Some(why) = why {
            places.asides.extend(groups.into_iter().map(|group| group.aside(why.clone())));
        } else if !groups.is_empty() {
            let references = References::read(&mut snapshot, arrival, &copies, &claims.named)?;
            for group in groups {
                let requester = sender.known();
                self.place(&mut snapshot, arrival, organisation, group, (&references, requester), &mut places)?;
            }
            unseen = references.unseen;
        }
        let brings = self.brought_in(organisation, &arrival.reading.content, &arrival.verdicts)?;
        let answering = match places.auto_reply.take() {
            Some((target, channel, auto_reply)) => {
                let places = (organisation, channel);
                let rows = self.answer_rows(&mut snapshot, arrival, places, &auto_reply, &mut prepared.answer)?;
                rows.map(|rows| (target, rows))
            }
            None => None,
        };
        let is_accepted = places.targets.iter().any(|target| target.manner.reports_on.is_none());
        let notice = if is_accepted {
            self.notice_rows(&mut snapshot, arrival, organisation, &mut prepared.notice)?
        } else {
            None
        };
        let mut batch = snapshot.batch();
        if let (Some(rows), Some(Some(notice))) = (notice, &prepared.notice) {
            notice.write(&mut batch, due, organisation, &rows, arrival.received);
        }
        if let (Some((target, rows)), Some(Some(answer))) = (&answering, &prepared.answer)
            && let Some(target) = places.targets.get_mut(*target)
        {
            target.answering = Some(Answering { organisation, answer, rows, now: arrival.received });
        }
        let is_kept_aside = places.targets.is_empty();
        let requester =
            if is_kept_aside { Number::Known(0) } else { sender.enter(&mut batch, arrival.received) };
        let raw = batch.blob(&arrival.raw);
        let (own, unseen, identities) = (&copies.identity, unseen.as_slice(), Identities::default());
        let writer =
            Writer { organisation, arrival, batch, due, raw, requester, brings, own, unseen, identities };
        let (batch, planned) = writer.write(places.targets, places.asides);
        plans.extend(planned);
        Ok((batch, plans))
    }

    /// The channels' recipients: together those at the reply addresses of one ticket, with whoever else feeds the same
    /// team; the others by the team whose tickets their channels feed.
    fn groups<'a>(
        &self,
        arrival: &'a Arrival,
        organisation: OrganisationId,
        claims: &Claims,
    ) -> Result<Vec<Group<'a>>, Error> {
        let mut answers: Vec<Group<'a>> = Vec::new();
        let mut others = BTreeMap::<Option<TeamId>, Group<'a>>::new();
        for recipient in arrival.recipients.iter().filter(|one| one.organisation == organisation) {
            let Some(channel) = recipient.channel() else { continue };
            let channel = self.accounts.channel(organisation, channel)?;
            let message = claims.answered_at(recipient);
            let group = if let Some(message) = message {
                let is_same =
                    |group: &Group<'_>| group.answers.as_ref().is_some_and(|one| one.ticket == message.ticket);
                let at = answers.iter().position(is_same).unwrap_or_else(|| {
                    answers.push(Group::new(channel.team, Some(message.clone())));
                    answers.len() - 1
                });
                answers.get_mut(at)
            } else {
                Some(others.entry(channel.team).or_insert_with(|| Group::new(channel.team, None)))
            };
            let Some(group) = group else { continue };
            group.recipients.push(recipient);
            group.teams.push(channel.team);
            if let (None, Some(auto_reply)) = (&group.auto_reply, channel.auto_reply) {
                group.auto_reply = Some((channel.id, auto_reply));
            }
        }
        for (team, group) in others {
            match answers.iter_mut().find(|one| one.answers.is_some() && one.teams.contains(&team)) {
                Some(one) => one.recipients.extend(group.recipients),
                None => answers.push(group),
            }
        }
        Ok(answers)
    }

    /// Finds where one group's mail belongs.
    fn place<'a>(
        &self,
        snapshot: &mut Snapshot,
        arrival: &'a Arrival,
        organisation: OrganisationId,
        mut group: Group<'a>,
        (references, requester): (&References, Option<u64>),
        places: &mut Places<'a>,
    ) -> Result<(), Error> {
        let Some(group_left) = self.place_report(snapshot, arrival, organisation, group, places)? else {
            return Ok(());
        };
        group = group_left;
        let (mut thread, mut manner) = match group.answers.take() {
            Some(message) if message.record.received + REPLY_AGE < arrival.received => {
                (Thread { joins: None, refers_to: vec![message.ticket] }, Manner::answer())
            }
            Some(message) => {
                let ticket = stored::ticket(snapshot, message.ticket)?.ok_or(Error::Damaged("ticket"))?;
                let manner = self.manner_by_token(organisation, arrival, &ticket.record)?;
                (Thread { joins: Some(ticket), refers_to: Vec::new() }, manner)
            }
            None => self.by_references(organisation, arrival, &group, references, requester)?,
        };
        if let Some(joins) = &mut thread.joins {
            // Read again as a check: what the ticket becomes rests on what it is.
            let checked = stored::ticket_checked(snapshot, joins.number)?;
            *joins = checked.ok_or(Error::Damaged("ticket"))?;
            manner = manner.into_ticket(&joins.record, arrival);
        } else if let (None, Some((channel, auto_reply))) = (&places.auto_reply, group.auto_reply.take()) {
            places.auto_reply = Some((places.targets.len(), channel, auto_reply));
        }
        places.add(group.target(thread, manner));
        Ok(())
    }

    fn by_references(
        &self,
        organisation: OrganisationId,
        arrival: &Arrival,
        group: &Group<'_>,
        references: &References,
        requester: Option<u64>,
    ) -> Result<(Thread, Manner), Error> {
        let thread = references.thread(arrival, &group.recipients, requester, Role::Outsider);
        if thread.joins.is_some() || references.is_empty() || !self.is_colleague(organisation, arrival)? {
            return Ok((thread, Manner::answer()));
        }
        let thread = references.thread(arrival, &group.recipients, requester, Role::Colleague);
        Ok((thread, Manner { opens: false, ..Manner::answer() }))
    }
}
