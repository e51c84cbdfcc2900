//! Records of every release decode for ever: the octets of each stand in `records/`, in hex.

use guichet_accounts::Who;
use guichet_store::{Key, record};

use super::world::{World, at, mail};
use crate::idempotency::FirstAnswer;
use crate::stored::{message_of, ticket_of};
use crate::{Contact, Event, EventKind, MessageKind, Priority, State, TicketChange, Upload, keys};

pub(super) fn octets(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = hex.bytes().filter(u8::is_ascii_hexdigit).collect();
    digits.chunks(2).map(|pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

pub(super) fn hex(octets: &[u8]) -> String {
    octets.iter().fold(String::new(), |hex, octet| hex + &format!("{octet:02x}"))
}

#[test]
fn a_ticket_of_the_first_release_is_read() {
    let ticket = ticket_of(1, &octets(include_str!("records/ticket-1.hex"))).unwrap();
    assert_eq!((ticket.activity, ticket.requester), (2, 1));
    assert_eq!((ticket.record.state, ticket.record.priority), (State::Open, Priority::High));
    assert_eq!((ticket.record.subject.as_str(), ticket.record.created), ("Re: Fire #7", at(0)));
    assert_eq!(ticket.record.base_subject, "Fire #7");
    assert!(ticket.record.participants.contains("bia@customer.example"));
    assert!(ticket.record.tags.contains("vip"));
    assert_eq!((ticket.record.mentions.as_slice(), ticket.record.message_count), (&[7][..], 1));
}

#[test]
fn a_message_of_the_first_release_is_read() {
    let message = message_of(1, &octets(include_str!("records/message-1.hex"))).unwrap();
    assert_eq!(message.ticket, 1);
    let content = &message.record.content;
    assert_eq!(content.message_id.as_ref().map(guichet_mail::MessageId::as_str), Some("1@customer.example"));
    assert_eq!(content.from[0].name.as_deref(), Some("Bia"));
    assert_eq!(content.parts.len(), 1);
    assert_eq!(message.record.envelope.unwrap().recipients, ["support@acme.example"]);
    assert!(message.record.verdicts.unwrap().dmarc.result.is_pass());
    assert!(message.record.raw.bytes_len() > 100);
    assert_eq!(message.record.received, at(0));
}

#[test]
fn a_contact_and_an_event_of_the_first_release_are_read() {
    let contact: Contact = record::decode(&octets(include_str!("records/contact-1.hex"))).unwrap();
    assert_eq!(
        (contact.address.to_string().as_str(), contact.name.as_deref()),
        ("bia@customer.example", Some("Bia"))
    );
    let stored = octets(include_str!("records/event-1.hex"));
    let (numbers, event) = record::decode_numbered::<2, Event>(&stored).unwrap();
    assert_eq!((numbers, event.kind, event.at), ([1, 1], EventKind::TicketCreated, at(0)));
}

#[test]
fn a_ticket_that_needs_attention_is_read() {
    let ticket = ticket_of(1, &octets(include_str!("records/ticket-2.hex"))).unwrap();
    assert_eq!((ticket.activity, ticket.record.state), (2, State::Open));
    assert!(ticket.record.attention);
    assert!(!ticket_of(1, &octets(include_str!("records/ticket-1.hex"))).unwrap().record.attention);
}

#[test]
fn a_message_that_was_written_here_is_read() {
    let stored = octets(include_str!("records/message-3.hex"));
    let message = message_of(2, &stored).unwrap();
    let written = message.record.written.clone().unwrap();
    assert_eq!((message.record.kind(), written.author), (MessageKind::Outbound, Who::System));
    assert_ne!(written.reference, 0);
    assert_eq!(written.bcc.iter().map(ToString::to_string).collect::<Vec<_>>(), ["eva@partner.example"]);
    assert_eq!((message.ticket, &message.record.envelope, &message.record.verdicts), (1, &None, &None));
    assert_eq!(stored[8..], record::encode(&message.record), "and written as it was");
    let before = message_of(1, &octets(include_str!("records/message-1.hex"))).unwrap().record;
    assert_eq!((before.kind(), before.marked, before.written), (MessageKind::Inbound, false, None));
}

#[test]
fn an_event_of_a_mail_of_ours_is_read() {
    let stored = octets(include_str!("records/event-2.hex"));
    let (numbers, event) = record::decode_numbered::<2, Event>(&stored).unwrap();
    assert_eq!((numbers, event.kind, event.delivery), ([1, 2], EventKind::MessageSent, None));
    assert_eq!(stored[16..], record::encode(&event), "and written as it was");
}

#[test]
fn the_list_of_kinds_of_events_is_whole_and_in_the_order_of_their_numbers() {
    let kinds: Vec<EventKind> = (0..24).map_while(|number: u8| record::decode(&[number]).ok()).collect();
    assert_eq!(kinds, EventKind::ALL);
}

#[test]
fn an_upload_and_an_idempotency_key_are_read() {
    let stored = octets(include_str!("records/upload-1.hex"));
    let upload: Upload = record::decode(&stored).unwrap();
    assert_eq!((upload.name.as_str(), upload.content_type.as_str()), ("a.txt", "text/plain"));
    assert_eq!((upload.uploader, upload.created, upload.content.bytes_len()), (Who::System, at(2), 4));
    assert_eq!(stored, record::encode(&upload), "and written as it was");
    let stored = octets(include_str!("records/idempotency-1.hex"));
    let (numbers, first) = record::decode_numbered::<3, FirstAnswer>(&stored).unwrap();
    assert_eq!(numbers, [1, 2, 3]);
    assert_eq!(stored[24..], record::encode(&first), "and written as it was");
}

/// What is written today is what the newest kept octets say; a difference needs a new file beside the old ones.
#[tokio::test]
async fn records_are_written_as_the_newest_release_wrote_them() {
    let world = World::new().await;
    let raw = mail("Bia <bia@customer.example>", "1@customer.example", "Re: Fire #7", "");
    world.receive(&raw, &[&world.support]).await;
    let change = TicketChange {
        state: Some(State::Open),
        priority: Some(Priority::High),
        tags: Some(["vip".to_owned()].into()),
        attention: Some(true),
        ..TicketChange::default()
    };
    world.desk.change_ticket(&world.admin(), 1, &change, None, at(1)).await.unwrap();
    let space = world.store.of(world.acme);
    let value = |key: &Key| space.snapshot().unwrap().peek(key).unwrap().unwrap();
    let written = [
        ("ticket", value(&keys::ticket(1)), include_str!("records/ticket-3.hex")),
        ("message", value(&keys::message(1)), include_str!("records/message-2.hex")),
        ("contact", value(&keys::contact(1)), include_str!("records/contact-2.hex")),
        ("event", space.events(0, 1).unwrap().remove(0).value, include_str!("records/event-1.hex")),
    ];
    for (what, octets, kept) in written {
        assert_eq!(hex(&octets), kept.trim(), "{what}");
    }
}
