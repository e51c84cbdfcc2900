//! Groups: the recipients of a mail in one organisation, by what will be one message.

use std::collections::BTreeMap;

use guichet_accounts::{AutoReply, Channel, ChannelId, TeamId};
use guichet_store::OrganisationId;

use crate::arrival::{Arrival, Recipient};
use crate::claims::Claims;
use crate::copies::{Copies, Standing};
use crate::manner::Manner;
use crate::receive::Planned;
use crate::rows::{Aside, Target};
use crate::stored::StoredMessage;
use crate::threading::{Thread, is_answerable};
use crate::{Desk, Error};

/// A mail, and the organisation for which it is looked at.
#[derive(Clone, Copy)]
pub(crate) struct Incoming<'a> {
    pub(crate) arrival: &'a Arrival,
    pub(crate) organisation: OrganisationId,
}

impl<'a> Incoming<'a> {
    /// The recipients of this organisation.
    pub(crate) fn recipients(self) -> impl Iterator<Item = &'a Recipient> {
        self.arrival.recipients.iter().filter(move |one| one.organisation == self.organisation)
    }
}

/// Recipients for whom the mail is one message.
pub(crate) struct Group<'a> {
    pub(crate) recipients: Vec<&'a Recipient>,
    /// The teams whose tickets their channels feed.
    teams: Vec<Option<TeamId>>,
    /// The message of ours at whose reply address it came.
    pub(crate) answers: Option<StoredMessage>,
    /// What the first channel that answers by itself says.
    pub(crate) auto_reply: Option<(ChannelId, AutoReply)>,
}

impl<'a> Group<'a> {
    fn new(answers: Option<StoredMessage>) -> Self {
        Self { recipients: Vec::new(), teams: Vec::new(), answers, auto_reply: None }
    }

    fn add(&mut self, recipient: &'a Recipient, channel: Channel) {
        self.recipients.push(recipient);
        self.teams.push(channel.team);
        if let (None, Some(auto_reply)) = (&self.auto_reply, channel.auto_reply) {
            self.auto_reply = Some((channel.id, auto_reply));
        }
    }

    /// The ticket that its reply address leads into, if it is not too old.
    fn leads_into(&self, arrival: &Arrival) -> Option<u64> {
        let young = self.answers.as_ref().filter(|message| is_answerable(message, arrival));
        young.map(|message| message.ticket)
    }

    fn answers_in(&self, ticket: u64) -> bool {
        self.answers.as_ref().is_some_and(|message| message.ticket == ticket)
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

impl Desk {
    /// The recipients by what will be one message; what they have already is settled.
    pub(crate) fn new_groups<'a>(
        &self,
        mail: Incoming<'a>,
        claims: &Claims,
        copies: &Copies,
        standing: Standing,
    ) -> Result<(Vec<Planned>, Vec<Group<'a>>), Error> {
        let (mut plans, mut groups) = (Vec::new(), Vec::new());
        for group in self.groups(mail, claims)? {
            match copies.duplicate(&group.recipients, standing, group.leads_into(mail.arrival)) {
                Some(duplicate) => plans.push(Planned::Settled(duplicate)),
                None => groups.push(group),
            }
        }
        Ok((plans, groups))
    }

    /// The channels' recipients: together those at the reply addresses of one ticket, with whoever else feeds the same
    /// team; the others by the team whose tickets their channels feed.
    fn groups<'a>(&self, mail: Incoming<'a>, claims: &Claims) -> Result<Vec<Group<'a>>, Error> {
        let mut answers: Vec<Group<'a>> = Vec::new();
        let mut others = BTreeMap::<Option<TeamId>, Group<'a>>::new();
        for recipient in mail.recipients() {
            let Some(channel) = recipient.channel() else { continue };
            let channel = self.accounts.channel(mail.organisation, channel)?;
            let Some(message) = claims.answered_at(recipient) else {
                let group = others.entry(channel.team).or_insert_with(|| Group::new(None));
                group.add(recipient, channel);
                continue;
            };
            if let Some(group) = answers.iter_mut().find(|group| group.answers_in(message.ticket)) {
                group.add(recipient, channel);
            } else {
                let mut group = Group::new(Some(message.clone()));
                group.add(recipient, channel);
                answers.push(group);
            }
        }
        let mut groups = answers;
        for (team, group) in others {
            let of_team = |one: &&mut Group<'_>| one.answers.is_some() && one.teams.contains(&team);
            match groups.iter_mut().find(of_team) {
                Some(one) => one.recipients.extend(group.recipients),
                None => groups.push(group),
            }
        }
        Ok(groups)
    }
}
