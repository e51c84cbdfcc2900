//! Reports: what other servers say became of a mail of ours. They make no ticket and no mail (freescout#4806).
//!
//! *Security*: what comes to a bounce address, or names it as `ENVID`, knows the token of the envelope. Only the servers
//! on the way and the recipient do, so a report is believed; whatever else comes there is marked like a stranger's at a
//! reply address. What comes to a channel and returns a Message-ID of ours may be from anybody who got the mail: it has
//! to name one of its recipients, is shown, and puts nobody on the suppression list (itop#218). A report about no
//! delivery of ours is kept aside.
//!
//! *Standards*: RFC 3464; RFC 3834 (out-of-office answers go to the envelope sender, so they come here too).

use guichet_accounts::ChannelId;
use guichet_mail::MailAddress;
use guichet_mail::report::{DeliveryReport, RecipientReport, Report};
use guichet_store::{Direction, OrganisationId, Snapshot};

use crate::arrival::{Destination, Recipient};
use crate::claims::message_of_reference;
use crate::copies::Copies;
use crate::groups::{Group, Incoming};
use crate::manner::Manner;
use crate::plan::Places;
use crate::queue::{Act, Change, StoredDelivery, Trust};
use crate::receive::{Outcome, Planned};
use crate::rows::{Aside, Target};
use crate::stored::{self, StoredMessage, StoredTicket, last_number};
use crate::threading::Thread;
use crate::token::{Claim, is_token};
use crate::{DeliveryId, Desk, Error, keys};

/// How many deliveries of one message are looked through for a recipient.
const DELIVERIES_MAX: usize = 500;

/// What a report tells of a delivery of ours.
struct Told<'a> {
    delivery: StoredDelivery,
    said: Option<&'a RecipientReport>,
    trust: Trust,
}

/// Where a return came to.
struct Place<'a> {
    channels: Vec<ChannelId>,
    recipients: Vec<&'a Recipient>,
}

impl<'a> Place<'a> {
    fn joining(self, ticket: StoredTicket, manner: Manner) -> Target<'a> {
        let thread = Thread { joins: Some(ticket), refers_to: Vec::new() };
        let Place { channels, recipients } = self;
        Target { team: None, channels, recipients, thread, manner, answering: None }
    }

    /// What is about a mail that has no ticket.
    fn of_a_notice(self, change: Option<(StoredDelivery, Change)>) -> Aside<'a> {
        let why = "it came back from a notice that this server sent by itself; nothing needs to be done";
        Aside { channels: self.channels, recipients: self.recipients, why: why.to_owned(), change }
    }
}

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
            // A person's mail that is suspect no more is not kept out by its copy in quarantine.
            let counts = |ticket: &u64| *ticket != 0 || suspect.is_some() || mail.arrival.is_return();
            if let Some(ticket) = copies.at(recipient).filter(counts) {
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
        let recipients = vec![recipient];
        let Some(delivery) = delivery else {
            let why = "it came back from a mail of ours that is not known any more".to_owned();
            places.asides.push(Aside { channels: Vec::new(), recipients, why, change: None });
            return Ok(());
        };
        let message = stored::message(snapshot, delivery.message)?;
        let channels = message.map_or_else(Vec::new, |message| message.record.channels);
        let at = Place { channels, recipients };
        if let Some(report) = &mail.arrival.reading.report {
            let told = Told { said: about(report, &delivery), delivery, trust: Trust::Envelope };
            return self.place_told(snapshot, mail, told, at, places);
        }
        match stored::ticket_checked(snapshot, delivery.ticket)? {
            Some(ticket) => {
                let manner = self.manner_by_token(mail, &ticket.record)?;
                places.add(at.joining(ticket, manner));
            }
            None => places.asides.push(at.of_a_notice(None)),
        }
        Ok(())
    }

    /// Places a report that came to a channel; what is none, or a person's to read, comes back.
    pub(crate) fn place_report<'a>(
        &self,
        snapshot: &mut Snapshot,
        mail: Incoming<'_>,
        group: Group<'a>,
        places: &mut Places<'a>,
    ) -> Result<Option<Group<'a>>, Error> {
        let Incoming { arrival, organisation } = mail;
        let is_from_nobody = arrival.reverse_path.is_empty();
        // Some servers send reports in their postmaster's name; then only what is labelled as one counts.
        let is_report = |report: &&Report| is_from_nobody || matches!(report, Report::DeliveryStatus(_));
        let Some(report) = arrival.reading.report.as_ref().filter(is_report) else { return Ok(Some(group)) };
        if let Some(told) = self.told(snapshot, organisation, report)? {
            let at = Place { channels: group.channels(), recipients: group.recipients };
            self.place_told(snapshot, mail, told, at, places)?;
            return Ok(None);
        }
        if group.answers.is_some() || !is_from_nobody {
            return Ok(Some(group));
        }
        places.asides.push(group.aside("a bounce of no mail that was sent from here".to_owned()));
        Ok(None)
    }

    /// Puts a report beside the mail that it is about.
    fn place_told<'a>(
        &self,
        snapshot: &mut Snapshot,
        mail: Incoming<'_>,
        Told { delivery, said, trust }: Told<'_>,
        at: Place<'a>,
        places: &mut Places<'a>,
    ) -> Result<(), Error> {
        let act = Act::of_system(mail.organisation, mail.arrival.received);
        let change = match said {
            Some(said) => self.reported(snapshot, act, &delivery, (said, trust))?,
            None => None,
        };
        match stored::ticket_checked(snapshot, delivery.ticket)? {
            Some(ticket) => places.add(at.joining(ticket, Manner::report(&delivery, change))),
            None => places.asides.push(at.of_a_notice(change.map(|change| (delivery, change)))),
        }
        Ok(())
    }

    /// The delivery of ours that a report at a channel is about: by its `ENVID`, which only the servers on the way know,
    /// or by the mail that it returns and the recipient that it names.
    fn told<'a>(
        &self,
        snapshot: &mut Snapshot,
        organisation: OrganisationId,
        report: &'a Report,
    ) -> Result<Option<Told<'a>>, Error> {
        let envelope_id = inside(report).envelope_id.as_deref().filter(|id| is_token(id));
        if let Some(id) = envelope_id
            && let Claim::Genuine(id) = self.tokens()?.read_bounce(organisation, id)
            && let Some(delivery) = StoredDelivery::read(snapshot, id)?
        {
            return Ok(Some(Told { said: about(report, &delivery), delivery, trust: Trust::Envelope }));
        }
        if let Some(found) = self.told_of_system_mail(snapshot, organisation, report)? {
            return Ok(Some(found));
        }
        let Some(message) = self.returned(snapshot, organisation, inside(report))? else { return Ok(None) };
        let found = delivery_of(snapshot, message.number, inside(report))?;
        Ok(found.map(|(delivery, said)| Told { delivery, said: Some(said), trust: Trust::Message }))
    }

    /// The mail of the server's own that a report returns, if it names whom that went to.
    fn told_of_system_mail<'a>(
        &self,
        snapshot: &mut Snapshot,
        organisation: OrganisationId,
        report: &'a Report,
    ) -> Result<Option<Told<'a>>, Error> {
        let Some(id) = &inside(report).returned_message_id else { return Ok(None) };
        let Some(id) = self.system_mail_of(organisation, id)? else { return Ok(None) };
        let Some(delivery) = StoredDelivery::read(snapshot, id)? else { return Ok(None) };
        let said = inside(report).recipients.iter().find(|said| names(said, &delivery.record.recipient));
        Ok(said.map(|said| Told { delivery, said: Some(said), trust: Trust::Message }))
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
