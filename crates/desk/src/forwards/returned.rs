//! A probe that comes back.

use guichet_mail::{Automatic, SubjectPrefix, base_subject};
use guichet_store::{Batch, Snapshot};

use super::{Forward, ForwardId, Returned, act};
use crate::groups::Incoming;
use crate::keys::{self, Number};
use crate::notices::{self, NoticePut};
use crate::queue::StoredDelivery;
use crate::token::is_token;
use crate::{DeliveryId, Desk, Error, NewNotice, NoticeKind, StoredNotice, numbers};

/// A probe that is recognised in a mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ProbeReturn {
    delivery: DeliveryId,
    was_rewritten: bool,
}

/// What a probe that came back changes.
pub(crate) struct ForwardVerified {
    id: ForwardId,
    forward: Forward,
    notice: NoticePut,
    /// The provider's questions about it, which are answered.
    answered: Vec<StoredNotice>,
}

impl Desk {
    /// The probe that this mail is: by its Message-ID or, where a forwarder wrote it anew, by the token in its subject.
    pub(crate) fn probe_of(&self, mail: Incoming<'_>) -> Result<Option<ProbeReturn>, Error> {
        let Incoming { arrival, organisation } = mail;
        let content = &arrival.reading.content;
        if let Some(id) = &content.message_id
            && let Some(token) = self.own_token(organisation, id)?
            && let Some(delivery) = self.tokens()?.read_probe(organisation, token)
        {
            return Ok(Some(ProbeReturn { delivery, was_rewritten: false }));
        }
        let Some(token) = token_in_subject(mail) else { return Ok(None) };
        let delivery = self.tokens()?.read_probe(organisation, token);
        Ok(delivery.map(|delivery| ProbeReturn { delivery, was_rewritten: true }))
    }

    /// What a probe changes that came back; read as checks. None where it was overtaken by another, or its forward is
    /// gone.
    pub(crate) fn forward_verified(
        &self,
        snapshot: &mut Snapshot,
        mail: Incoming<'_>,
        probe: ProbeReturn,
    ) -> Result<Option<ForwardVerified>, Error> {
        let Some(bytes) = snapshot.read(&keys::forward_of_probe(probe.delivery))? else { return Ok(None) };
        let ([id], _) = numbers::<1>(&bytes)?;
        let Some(bytes) = snapshot.read(&keys::forward(ForwardId(id)))? else { return Ok(None) };
        let mut forward = Forward::decode(&bytes)?;
        let arrival = mail.arrival;
        let is_here = mail.recipients().any(|one| one.channel() == Some(forward.channel));
        let is_verified = forward.has_arrived()
            && forward.returned.as_ref().is_some_and(|returned| returned.delivery == probe.delivery);
        if is_verified && !is_here {
            // A copy that also came elsewhere takes nothing back.
            return Ok(None);
        }
        let Some(delivery) = StoredDelivery::peek(snapshot, probe.delivery)? else { return Ok(None) };
        forward.returned = Some(Returned {
            delivery: probe.delivery,
            at: arrival.received,
            channels: mail.recipients().filter_map(crate::Recipient::channel).collect(),
            verdicts: arrival.verdicts.clone(),
            from_domain: delivery.record.from_domain,
            was_rewritten: probe.was_rewritten,
        });
        let new = notice(&forward);
        let notice = NoticePut::read(snapshot, new, self.new_notice_id(arrival.received), arrival.received)?;
        let is_answer = |kind: &NoticeKind| forward.has_arrived() && forward.is_asked_for_by(kind);
        let answered = notices::open_of(snapshot, is_answer)?;
        Ok(Some(ForwardVerified { id: ForwardId(id), forward, notice, answered }))
    }
}

impl ForwardVerified {
    /// Writes what is known now.
    pub(crate) fn write(&self, batch: &mut Batch) {
        act::put(batch, self.id, &self.forward);
        for question in &self.answered {
            notices::settle(batch, question, self.notice.after.updated);
        }
        self.notice.write(batch, Number::Known(0));
    }
}

impl Forward {
    /// Whether the probe that came back last came through the channel.
    fn has_arrived(&self) -> bool {
        self.returned.as_ref().is_some_and(|returned| returned.channels.contains(&self.channel))
    }

    /// Whether a notice is a provider's question about this very forward.
    fn is_asked_for_by(&self, kind: &NoticeKind) -> bool {
        let NoticeKind::ForwardingConfirmation(asked) = kind else { return false };
        let is_same = asked.address.as_ref().is_some_and(|address| address.is_same(&self.address));
        asked.channel == self.channel && is_same
    }
}

fn notice(forward: &Forward) -> NewNotice {
    let Forward { channel, address, returned, .. } = forward;
    let subject = if forward.has_arrived() {
        format!("{address} forwards to this help desk")
    } else {
        format!("{address} forwards to another channel than it should")
    };
    let text = returned.as_ref().map(|returned| returned.report().sentences().join("\n")).unwrap_or_default();
    NewNotice { kind: NoticeKind::Forward { channel: *channel, address: address.clone() }, subject, text }
}

/// What may be the token of a probe in the subject of a mail that answers nothing.
fn token_in_subject(mail: Incoming<'_>) -> Option<&str> {
    // Lists and gateways put brackets of their own before it, and behind.
    let brackets = mail.arrival.reading.content.subject.split('[').filter_map(|rest| rest.split_once(']'));
    brackets.map(|(within, _)| within).find(|token| is_token(token)).filter(|_| !is_answer(mail))
}

/// Whether a mail says in any way that it answers one: what a forwarder writes anew does not.
fn is_answer(mail: Incoming<'_>) -> bool {
    let arrival = mail.arrival;
    let content = &arrival.reading.content;
    !content.in_reply_to.is_empty()
        || arrival.reverse_path.is_empty()
        || matches!(content.automatic, Automatic::Reply | Automatic::Bounce)
        || base_subject(&content.subject).prefix == SubjectPrefix::Reply
        || mail.recipients().any(|one| one.tag().is_some_and(is_token))
}
