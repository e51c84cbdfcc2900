//! What people write in these tests, and how it is looked at afterwards.

use std::io::Read;

use guichet_accounts::{Actor, ChannelId};
use guichet_mail::MailAddress;
use guichet_mail::compose::Mailbox;

use super::world::{World, at, mail};
use crate::{Error, Hold, StoredDelivery, StoredMessage, Target, Writing, WritingKind, WrittenMessage};

/// A desk with ticket 1: *Bia* asks support about an invoice.
pub(super) async fn asked(more: &str) -> World {
    let world = World::new().await;
    let raw = mail("Bia Souza <bia@customer.example>", "1@customer.example", "Invoice", more);
    world.receive(&raw, &[&world.support]).await;
    world
}

pub(super) fn into_ticket(number: u64, kind: WritingKind) -> Writing {
    Writing {
        target: Target::Ticket { number, kind, answers: None },
        to: None,
        cc: None,
        bcc: None,
        subject: None,
        text: "It is **out**.".to_owned(),
        quote: false,
        attachments: Vec::new(),
        include_attachments: true,
        channel: None,
        state: None,
        hold: Hold::None,
        contacts: Vec::new(),
        company: None,
        mentions: Vec::new(),
    }
}

pub(super) fn reply() -> Writing {
    into_ticket(1, WritingKind::Reply)
}

pub(super) fn new_mail(channel: ChannelId, to: &[&str]) -> Writing {
    let target = Target::New { channel, subject: "Your order".to_owned(), team: None };
    Writing { target, to: Some(people(to)), ..reply() }
}

/// `Bia <bia@customer.example>` or the address alone.
pub(super) fn people(each: &[&str]) -> Vec<Mailbox> {
    let read = |text: &&str| match text.split_once(" <") {
        Some((name, address)) => {
            Mailbox { name: Some(name.to_owned()), address: address_of(address.trim_end_matches('>')) }
        }
        None => Mailbox { name: None, address: address_of(text) },
    };
    each.iter().map(read).collect()
}

pub(super) fn address_of(text: &str) -> MailAddress {
    MailAddress::parse(text).unwrap()
}

impl World {
    pub(super) fn channel_id(&self, address: &str) -> ChannelId {
        let channels = self.desk.accounts().channels(self.acme).unwrap();
        channels.into_iter().find(|channel| channel.address.to_string() == address).unwrap().id
    }

    pub(super) async fn try_write(&self, writing: Writing, second: i64) -> Result<WrittenMessage, Error> {
        self.desk.write(&self.admin(), writing, None, None, at(second)).await
    }

    pub(super) async fn write(&self, writing: Writing, second: i64) -> WrittenMessage {
        self.try_write(writing, second).await.unwrap()
    }

    /// What the person is told who asks for what makes no sense.
    pub(super) async fn refused(&self, writing: Writing) -> String {
        match self.try_write(writing, 90).await {
            Err(Error::Invalid(sentence)) => sentence,
            other => panic!("{other:?}"),
        }
    }

    pub(super) fn stored(&self, number: u64) -> StoredMessage {
        self.desk.message(&self.admin(), number).unwrap()
    }

    /// The octets of a message, as text.
    pub(super) fn raw(&self, number: u64) -> String {
        let mut raw = String::new();
        self.desk.raw(&self.admin(), &self.stored(number)).unwrap().read_to_string(&mut raw).unwrap();
        raw
    }

    /// A header field of a message, unfolded.
    pub(super) fn field(&self, number: u64, name: &str) -> Option<String> {
        let raw = self.raw(number);
        let header = raw.split("\r\n\r\n").next().unwrap().replace("\r\n ", " ");
        let found = header.lines().find_map(|line| line.strip_prefix(&format!("{name}: ")));
        found.map(str::to_owned)
    }

    /// To, Cc and Bcc of a message, as addresses.
    pub(super) fn addressed(&self, number: u64) -> [Vec<String>; 3] {
        let message = self.stored(number).record;
        let each = |field: &[guichet_mail::Address]| -> Vec<String> {
            field.iter().map(|one| one.address.as_ref().unwrap().to_string()).collect()
        };
        let bcc = message.written.map(|written| written.bcc).unwrap_or_default();
        [each(&message.content.to), each(&message.content.cc), bcc.iter().map(ToString::to_string).collect()]
    }

    pub(super) fn deliveries(&self, number: u64) -> Vec<StoredDelivery> {
        self.desk.message_deliveries(&self.admin(), number, None, 200).unwrap().items
    }

    /// The addresses to which a message is delivered.
    pub(super) fn delivered_to(&self, number: u64) -> Vec<String> {
        self.deliveries(number).into_iter().map(|delivery| delivery.record.recipient.to_string()).collect()
    }

    pub(super) fn participants(&self, ticket: u64) -> Vec<String> {
        let ticket = self.desk.ticket(&self.admin(), ticket).unwrap().ticket;
        ticket.record.participants.into_iter().collect()
    }

    /// An admin who is a person, named by a number that nobody has.
    pub(super) fn somebody(&self, number: u64) -> Actor {
        Actor { who: guichet_accounts::Who::Person(guichet_accounts::PersonId(number)), ..self.admin() }
    }
}
