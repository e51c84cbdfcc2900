//! Reports: what other servers say became of a mail of ours. They make no ticket and no mail (freescout#4806).
//!
//! *Security*: what comes to a bounce address knows the token of the envelope, which only the servers on the way do, and
//! is believed. What comes to a channel from the null sender and returns a Message-ID of ours may be from anybody who
//! got the mail: it is shown, and puts nobody on the suppression list (itop#218). A report about no mail of ours is
//! kept aside.
//!
//! *Standards*: RFC 3464; RFC 3834 (out-of-office answers go to the envelope sender, so they come here too).

use guichet_mail::MailAddress;
use guichet_mail::report::{DeliveryReport, RecipientReport, Report};
use guichet_store::{Direction, OrganisationId, Snapshot};

use crate::arrival::{Destination, Recipient};
use crate::claims::message_of_reference;
use crate::copies::Copies;
use crate::groups::{Group, Incoming};
use crate::manner::{Manner, Part, is_machines_answer};
use crate::plan::Places;
use crate::queue::{Act, StoredDelivery, Trust};
use crate::receive::{Outcome, Planned};
use crate::rows::{Aside, Target};
use crate::stored::{self, StoredMessage, last_number};
use crate::threading::Thread;
use crate::token::Claim;
use crate::{DeliveryId, Desk, Error, keys};

/// How many deliveries of one message are looked through for a recipient.
const DELIVERIES_MAX: usize = 500;

impl Desk {
    /// Places what came to bounce addresses. `suspect` says why a mail of a person is kept aside.
    pub(crate) fn place_returns<'a>(
        &self,
        snapshot: &mut Snapshot,
        mail: Incoming<'a>,
        (copies, suspect): (&Copies, Option<&String>),
        places: &mut Places<'a>,
        plans: &mut Vec<Planned>,
    ) -> Result<(), Error> {
        for recipient in mail.recipients() {
            let Destination::Bounce(id) = recipient.destination else { continue };
            if let Some(ticket) = copies.at(recipient) {
                let ticket = (ticket != 0).then_some(ticket);
                plans.push(Planned::Settled(Outcome::Duplicate { ticket }));
                continue;
            }
            if let Some(why) = suspect {
                let (channels, recipients, why) = (Vec::new(), vec![recipient], why.clone());
                places.asides.push(Aside { channels, recipients, why, change: None });
                continue;
            }
            let delivery = StoredDelivery::read(snapshot, id)?;
            self.place_return(snapshot, mail, (recipient, delivery), places)?;
        }
        Ok(())
    }

    fn place_return<'a>(
        &self,
        snapshot: &mut Snapshot,
        mail: Incoming<'a>,
        (recipient, delivery): (&'a Recipient, Option<StoredDelivery>),
        places: &mut Places<'a>,
    ) -> Result<(), Error> {
        let aside = |why: &str, change| {
            let (channels, recipients) = (Vec::new(), vec![recipient]);
            Aside { channels, recipients, why: why.to_owned(), change }
        };
        let Some(delivery) = delivery else {
            places.asides.push(aside("it came back from a mail of ours that is not known any more", None));
            return Ok(());
        };
        let arrival = mail.arrival;
        let said = arrival.reading.report.as_ref().map(|report| about(report, &delivery));
        let act = Act::of_system(mail.organisation, arrival.received);
        let change = match said.flatten() {
            Some(said) => self.reported(snapshot, act, &delivery, (said, Trust::Envelope))?,
            None => None,
        };
        let Some(ticket) = stored::ticket_checked(snapshot, delivery.ticket)? else {
            let why = "it came back from a notice that this server sent by itself; nothing needs to be done";
            places.asides.push(aside(why, change.map(|change| (delivery, change))));
            return Ok(());
        };
        let manner = if arrival.reading.report.is_some() {
            Manner::report(&delivery, change)
        } else if is_machines_answer(arrival) {
            Manner::of(Part::Machine)
        } else {
            self.manner_by_token(mail, &ticket.record)?
        };
        let message = stored::message(snapshot, delivery.message)?;
        let channels = message.map_or_else(|| vec![ticket.record.channel], |message| message.record.channels);
        let thread = Thread { joins: Some(ticket), refers_to: Vec::new() };
        let recipients = vec![recipient];
        places.add(Target { team: None, channels, recipients, thread, manner, answering: None });
        Ok(())
    }

    /// Places a report that came to a channel; what is none comes back.
    pub(crate) fn place_report<'a>(
        &self,
        snapshot: &mut Snapshot,
        mail: Incoming<'_>,
        group: Group<'a>,
        places: &mut Places<'a>,
    ) -> Result<Option<Group<'a>>, Error> {
        let Incoming { arrival, organisation } = mail;
        let Some(report) = &arrival.reading.report else { return Ok(Some(group)) };
        if !arrival.reverse_path.is_empty() {
            return Ok(Some(group));
        }
        let Some(message) = self.returned(snapshot, organisation, inside(report))? else {
            places.asides.push(group.aside("a bounce of a mail that is not ours".to_owned()));
            return Ok(None);
        };
        let ticket = stored::ticket_checked(snapshot, message.ticket)?.ok_or(Error::Damaged("ticket"))?;
        let manner = match delivery_of(snapshot, message.number, inside(report))? {
            Some((delivery, said)) => {
                let act = Act::of_system(organisation, arrival.received);
                let change = self.reported(snapshot, act, &delivery, (said, Trust::Message))?;
                Manner::report(&delivery, change)
            }
            None => Manner::of(Part::Machine),
        };
        places.add(group.target(Thread { joins: Some(ticket), refers_to: Vec::new() }, manner));
        Ok(None)
    }

    /// The message of ours that a report returns.
    fn returned(
        &self,
        snapshot: &mut Snapshot,
        organisation: OrganisationId,
        report: &DeliveryReport,
    ) -> Result<Option<StoredMessage>, Error> {
        let Some(id) = &report.returned_message_id else { return Ok(None) };
        match self.claim_of(organisation, id)? {
            Claim::Genuine(reference) => message_of_reference(snapshot, reference),
            Claim::None | Claim::Forged => Ok(None),
        }
    }
}

fn inside(report: &Report) -> &DeliveryReport {
    match report {
        Report::DeliveryStatus(report) | Report::FreeText(report) => report,
    }
}

/// What a report says of a delivery that it is surely about: its recipient's entry, else the first, since a mailbox
/// that forwards is reported on under another name.
fn about<'a>(report: &'a Report, delivery: &StoredDelivery) -> Option<&'a RecipientReport> {
    let all = &inside(report).recipients;
    all.iter().find(|said| names(said, &delivery.record.recipient)).or(all.first())
}

fn names(said: &RecipientReport, address: &MailAddress) -> bool {
    let mut named = said.original_recipient.iter().chain(&said.final_recipient);
    named.any(|named| named.is_same(address))
}

/// The delivery of a message that a report names, as a check of the batch, with what is said of it.
fn delivery_of<'a>(
    snapshot: &mut Snapshot,
    message: u64,
    report: &'a DeliveryReport,
) -> Result<Option<(StoredDelivery, &'a RecipientReport)>, Error> {
    let mut ids = Vec::new();
    let rows = snapshot.scan(&keys::message_deliveries(message), Direction::Forward, None)?;
    for row in rows.take(DELIVERIES_MAX) {
        ids.push(DeliveryId(last_number(&row?.0)?));
    }
    for id in ids {
        let Some(delivery) = StoredDelivery::peek(snapshot, id)? else { continue };
        let said = report.recipients.iter().find(|said| names(said, &delivery.record.recipient));
        if let Some(said) = said {
            return Ok(StoredDelivery::read(snapshot, id)?.map(|delivery| (delivery, said)));
        }
    }
    Ok(None)
}
