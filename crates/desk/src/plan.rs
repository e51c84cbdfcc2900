//! What becomes of a mail in one organisation: decided from one snapshot, written as one batch.

use std::cell::OnceCell;

use guichet_accounts::{AutoReply, ChannelId};
use guichet_store::{Batch, Snapshot};

use crate::automatic::{Answer, Answering};
use crate::contact::Sender;
use crate::copies::{Copies, Standing};
use crate::disposition::Disposition;
use crate::groups::{Group, Incoming};
use crate::identity::{Identities, Known};
use crate::keys::Number;
use crate::manner::{Manner, Part};
use crate::queue::DueRows;
use crate::receive::Planned;
use crate::rows::{Aside, Target, Writer};
use crate::stored::{self, StoredMessage};
use crate::success::Notice;
use crate::tells::Tells;
use crate::threading::{References, Role, Thread, is_answerable};
use crate::{Desk, Error};

/// Mails of our own that go with it: made once, however often the plan is made anew.
#[derive(Default)]
pub(crate) struct Prepared {
    pub(crate) answer: OnceCell<Option<Answer>>,
    pub(crate) notice: OnceCell<Option<Notice>>,
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

    /// Whether anything of it is more than a report.
    fn has_mail(&self) -> bool {
        self.targets.iter().any(|target| target.manner.reports_on.is_none())
    }

    /// Whether anything of it is kept, in a ticket or aside.
    pub(crate) fn has_mail_or_asides(&self) -> bool {
        self.has_mail() || !self.asides.is_empty()
    }

    fn is_empty(&self) -> bool {
        self.targets.is_empty() && self.asides.is_empty()
    }
}

/// What a mail became, before its rows are written.
struct Decided<'a> {
    copies: &'a Copies,
    sender: &'a Sender<'a>,
    /// What it names and no mail carries.
    unseen: &'a [Known],
    places: Places<'a>,
    /// What it tells the admins.
    tells: Tells,
}

impl Desk {
    /// Decides, from what is so now, and writes a batch that holds if it still is.
    pub(crate) fn plan(
        &self,
        mail: Incoming<'_>,
        disposition: &Disposition,
        prepared: &Prepared,
        due: &mut DueRows,
    ) -> Result<(Batch, Vec<Planned>), Error> {
        let mut snapshot = self.store.of(mail.organisation).snapshot()?;
        let content = &mail.arrival.reading.content;
        let copies = Copies::of(&mut snapshot, content, mail.arrival.reading.digest)?;
        let claims = self.claims(&mut snapshot, mail)?;
        let why = match disposition {
            Disposition::Quarantine(why) | Disposition::Reject(why) => Some(why),
            Disposition::Accept => claims.forged.as_ref(),
        };
        let why = why.filter(|_| claims.probe.is_none());
        let without_ticket = claims.without_ticket(mail.arrival);
        let aside = why.or(without_ticket.as_ref());
        let standing = match aside {
            Some(_) => Standing::Quarantined,
            None if mail.arrival.proven_author().is_some() => Standing::Proven,
            None => Standing::Unproven,
        };
        let (mut plans, groups) = self.new_groups(mail, &claims, &copies, standing)?;
        let mut places = Places::default();
        let suspect = why.filter(|_| !mail.arrival.is_return());
        self.place_returns(&mut snapshot, mail, (&copies, suspect), &mut places, &mut plans)?;
        if groups.is_empty() && places.is_empty() {
            return Ok((snapshot.batch(), plans));
        }
        let sender = &Sender::of(&mut snapshot, content)?;
        let mut unseen = Vec::new();
        if let Some(why) = aside {
            places.asides.extend(groups.into_iter().map(|group| group.aside(why.clone())));
        } else if !groups.is_empty() {
            let references = References::read(&mut snapshot, mail.arrival, &copies, &claims.named)?;
            for group in groups {
                self.place(&mut snapshot, mail, group, (&references, sender), &mut places)?;
            }
            unseen = references.unseen;
        }
        let tells = self.tells(&mut snapshot, mail, claims.probe, &places)?;
        let decided = Decided { copies: &copies, sender, unseen: &unseen, places, tells };
        let (batch, planned) = self.write_decided(snapshot, mail, decided, prepared, due)?;
        plans.extend(planned);
        Ok((batch, plans))
    }

    fn write_decided(
        &self,
        mut snapshot: Snapshot,
        mail: Incoming<'_>,
        decided: Decided<'_>,
        prepared: &Prepared,
        due: &mut DueRows,
    ) -> Result<(Batch, Vec<Planned>), Error> {
        let Incoming { arrival, organisation } = mail;
        let Decided { copies, sender, unseen, mut places, tells } = decided;
        let proposed = self.proposed_requester(mail)?;
        let brings = self.brought_in(organisation, &arrival.reading.content, &arrival.verdicts)?;
        let auto_reply = places.auto_reply.take();
        let answer = match &auto_reply {
            Some((_, channel, says)) => {
                self.answer_rows(&mut snapshot, mail, (*channel, says), &prepared.answer)?
            }
            None => None,
        };
        let notice =
            if places.has_mail() { self.notice_rows(&mut snapshot, mail, &prepared.notice)? } else { None };
        let mut batch = snapshot.batch();
        if let (Some(rows), Some(Some(notice))) = (notice, prepared.notice.get()) {
            notice.write(&mut batch, due, organisation, &rows, arrival.received);
        }
        if let (Some((at, ..)), Some(rows), Some(Some(answer))) = (auto_reply, &answer, prepared.answer.get())
            && let Some(target) = places.targets.get_mut(at)
        {
            target.answering = Some(Answering { organisation, answer, rows, now: arrival.received });
        }
        let is_heard_of = places.has_mail();
        let requester =
            if is_heard_of { sender.enter(&mut batch, arrival.received) } else { Number::Known(0) };
        let raw = batch.blob(&arrival.raw);
        let (own, identities) = (&copies.identity, Identities::default());
        let is_unwanted = sender.is_unwanted(arrival.proven_author());
        let sender = (requester, is_unwanted);
        let writer = Writer {
            organisation,
            arrival,
            batch,
            due,
            raw,
            sender,
            proposed,
            brings,
            own,
            unseen,
            identities,
        };
        let (mut batch, plans) = writer.write(places.targets, places.asides);
        tells.write(&mut batch, plans.first());
        Ok((batch, plans))
    }

    /// Finds where one group's mail belongs.
    fn place<'a>(
        &self,
        snapshot: &mut Snapshot,
        mail: Incoming<'a>,
        group: Group<'a>,
        (references, sender): (&References, &Sender<'_>),
        places: &mut Places<'a>,
    ) -> Result<(), Error> {
        let Some(mut group) = self.place_report(snapshot, mail, group, places)? else {
            return Ok(());
        };
        let answers = group.answers.take();
        let (mut thread, mut manner) = match answers.as_ref().filter(|one| is_answerable(one, mail.arrival)) {
            Some(message) => self.by_token(snapshot, mail, message)?,
            None => self.by_references(mail, &group, references, &sender.known())?,
        };
        thread.refer_to(answers.as_ref().map(|message| message.ticket));
        if let Some(joins) = &mut thread.joins {
            // Read again as a check: what the ticket becomes rests on what it is.
            let checked = stored::ticket_checked(snapshot, joins.number)?;
            *joins = checked.ok_or(Error::Damaged("ticket"))?;
            manner = manner.into_ticket(&joins.record, mail.arrival);
        } else if let (None, Some((channel, auto_reply)), false) =
            (&places.auto_reply, group.auto_reply.take(), sender.is_unwanted(mail.arrival.proven_author()))
        {
            places.auto_reply = Some((places.targets.len(), channel, auto_reply));
        }
        places.add(group.target(thread, manner));
        Ok(())
    }

    /// It came to the reply address of this message, which leads into its ticket.
    fn by_token(
        &self,
        snapshot: &Snapshot,
        mail: Incoming<'_>,
        message: &StoredMessage,
    ) -> Result<(Thread, Manner), Error> {
        let ticket = stored::ticket(snapshot, message.ticket)?.ok_or(Error::Damaged("ticket"))?;
        let manner = self.manner_by_token(mail, &ticket.record)?;
        Ok((Thread { joins: Some(ticket), refers_to: Vec::new() }, manner))
    }

    fn by_references(
        &self,
        mail: Incoming<'_>,
        group: &Group<'_>,
        references: &References,
        requester: &[u64],
    ) -> Result<(Thread, Manner), Error> {
        let thread = references.thread(mail.arrival, &group.recipients, requester, Role::Outsider);
        if thread.joins.is_some() || references.is_empty() || !self.is_colleague(mail)? {
            return Ok((thread, Manner::of(Part::Participant)));
        }
        let thread = references.thread(mail.arrival, &group.recipients, requester, Role::Colleague);
        Ok((thread, Manner::of(Part::Colleague)))
    }
}
