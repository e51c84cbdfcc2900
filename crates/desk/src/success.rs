//! The notice of success that a sender asked for (`NOTIFY=SUCCESS`). There is never one of failure: what is refused is
//! refused while its sender waits.
//!
//! *Security*: it goes to the envelope sender, so only where SPF says that this is theirs to use; it is capped, obeys
//! the suppression list, and quotes nothing of a stranger's text: of the header it returns the Message-ID alone
//! (promise 5).
//!
//! *Standards*: RFC 3461, sections 4.1 and 5.2; RFC 3464. It is no message of a ticket: system mail.

use std::cell::OnceCell;

use guichet_accounts::ChannelId;
use guichet_mail::report::{Action, SuccessDsn, SuccessRecipient, compose_success_dsn};
use guichet_mail::{DomainName, MailAddress};
use guichet_store::{Batch, OrganisationId, PendingBlob, Snapshot};
use jiff::Timestamp;

use crate::arrival::{Arrival, Recipient};
use crate::automatic::is_mere_identifier;
use crate::groups::Incoming;
use crate::keys::Number;
use crate::queue::{Addressee, DueRows, Posting, enqueue};
use crate::{DeliveryId, Desk, Error, RecipientField, ReversePath};

/// Who sends the notice, before the channel's domain.
const DAEMON: &str = "mailer-daemon";

/// A notice, composed.
pub(crate) struct Notice {
    raw: PendingBlob,
    from_domain: DomainName,
}

/// What the commit of a notice rests on.
pub(crate) struct NoticeRows {
    addressee: Addressee,
    delivery: DeliveryId,
}

impl Desk {
    /// Reads, as checks, what a notice rests on, and composes it where that was not done yet. None where there shall be
    /// none, which is nearly always and costs nothing.
    pub(crate) fn notice_rows(
        &self,
        snapshot: &mut Snapshot,
        mail: Incoming<'_>,
        notice: &OnceCell<Option<Notice>>,
    ) -> Result<Option<NoticeRows>, Error> {
        let Incoming { arrival, organisation } = mail;
        if arrival.notification.on_success.is_empty() || !arrival.verdicts.spf_mail_from.result.is_pass() {
            return Ok(None);
        }
        let Ok(sender) = MailAddress::parse(&arrival.reverse_path) else { return Ok(None) };
        let addressee = Addressee::look_up(snapshot, &sender, RecipientField::To, arrival.received)?;
        if addressee.is_suppressed() {
            return Ok(None);
        }
        let notice = notice.get_or_init(|| self.success_notice(arrival, organisation, &sender));
        let delivery = self.new_delivery_id(arrival.received);
        Ok(notice.is_some().then_some(NoticeRows { addressee, delivery }))
    }

    /// Composes a notice, if somebody here is to be told of and the caps let one more go.
    fn success_notice(
        &self,
        arrival: &Arrival,
        organisation: OrganisationId,
        sender: &MailAddress,
    ) -> Option<Notice> {
        let (channel, recipients) = asked_for(arrival, organisation);
        let sending = self.accounts.sending(organisation, channel?).ok()?;
        let domain = sending.message_id_domain;
        let id = arrival.reading.content.message_id.as_ref().filter(|id| is_mere_identifier(id));
        let reference = self.new_reference();
        let octets = compose_success_dsn(&SuccessDsn {
            from: MailAddress::parse(&format!("{DAEMON}@{domain}")).ok()?,
            to: sender.clone(),
            message_id: self.tokens().ok()?.message_id(organisation, reference, &domain).ok()?,
            date: arrival.received,
            reporting_mta: domain.as_str(),
            envelope_id: arrival.notification.envelope_id.as_deref(),
            arrival: arrival.received,
            recipients,
            returned_message_id: id,
        });
        let mut writer = self.store.blobs().writer();
        writer.write(&octets).ok()?;
        let raw = writer.finish().ok()?;
        let may = self.caps.take(organisation, channel?, sender.domain(), arrival.received);
        may.then_some(Notice { raw, from_domain: domain })
    }
}

/// The recipients of this organisation for whom success shall be told, and the channel of the first.
fn asked_for(
    arrival: &Arrival,
    organisation: OrganisationId,
) -> (Option<ChannelId>, Vec<SuccessRecipient<'_>>) {
    let mut channel = None;
    let mut recipients = Vec::new();
    for notified in &arrival.notification.on_success {
        let mut own = arrival.recipients.iter().filter(|one| one.organisation == organisation);
        let found = own.find(|one| one.address == notified.address).and_then(Recipient::channel);
        let (Some(found), Ok(address)) = (found, MailAddress::parse(&notified.address)) else { continue };
        channel = channel.or(Some(found));
        recipients.push(SuccessRecipient {
            original_recipient: notified.original.as_deref().filter(|original| names_address(original)),
            final_recipient: address,
            action: Action::Delivered,
        });
    }
    (channel, recipients)
}

/// Whether an `ORCPT` is an address, and no text that a stranger wants to be read.
fn names_address(original: &str) -> bool {
    original.split_once(';').is_some_and(|(_, address)| MailAddress::parse(address).is_ok())
}

impl Notice {
    /// Writes the notice into the queue.
    pub(crate) fn write(
        &self,
        batch: &mut Batch,
        due: &mut DueRows,
        organisation: OrganisationId,
        rows: &NoticeRows,
        now: Timestamp,
    ) {
        let posting = Posting {
            raw: batch.blob(&self.raw),
            from_domain: self.from_domain.clone(),
            reverse_path: ReversePath::Null,
            smtputf8: false,
            now,
            due: now,
            system: None,
        };
        let of_nothing = (Number::Known(0), Number::Known(0));
        enqueue(batch, due, organisation, of_nothing, rows.delivery, &rows.addressee, &posting);
    }
}
