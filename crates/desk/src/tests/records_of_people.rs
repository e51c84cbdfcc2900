//! Contacts, companies, saved views and what tickets hold of people: the octets of each decode for ever.

use std::collections::BTreeSet;

use guichet_accounts::{ChannelId, PersonId, TeamId, Who};
use guichet_store::record;
use minicbor::{Decode, Encode};

use super::records::{hex, octets};
use super::world::at;
use super::writing_letters::address_of;
use crate::stored::ticket_of;
use crate::views::SavedView;
use crate::{
    Assignee, Belongs, Company, CompanyId, Contact, ContactId, Order, Priority, SortKey, State, TicketFilter,
};

/// Whether the octets say this, and this is written as the octets.
fn kept<T>(what: &T, octets_kept: &str)
where
    T: Encode<()> + for<'b> Decode<'b, ()> + PartialEq + std::fmt::Debug,
{
    assert_eq!(hex(&record::encode(what)), octets_kept.trim());
    assert_eq!(&record::decode::<T>(&octets(octets_kept)).unwrap(), what);
}

#[test]
fn a_contact_of_the_second_release_is_read() {
    let contact = Contact {
        name: Some("Bia".to_owned()),
        further: vec![address_of("bia@private.example")],
        belongs: Some(Belongs::To(CompanyId(4))),
        note: "Telephone".to_owned(),
        spam: true,
        named_by: Some(Who::Person(PersonId(2))),
        teams: [TeamId(3)].into(),
        absorbed: vec![7],
        merged_into: Some(9),
        ..Contact::heard_of(address_of("bia@customer.example"), at(0))
    };
    kept(&contact, include_str!("records/contact-3.hex"));
    let before: Contact = record::decode(&octets(include_str!("records/contact-1.hex"))).unwrap();
    assert_eq!(
        before,
        Contact { name: Some("Bia".to_owned()), ..Contact::heard_of(before.address.clone(), at(0)) }
    );
}

#[test]
fn a_company_is_read() {
    let company = Company {
        name: "Customer Ltd".to_owned(),
        domains: ["customer.example".to_owned()].into(),
        note: "Pays in May".to_owned(),
        created: at(0),
        absorbed: vec![3],
        merged_into: Some(5),
    };
    kept(&company, include_str!("records/company-1.hex"));
}

#[test]
fn a_saved_view_is_read() {
    let filter = TicketFilter {
        states: vec![State::New, State::Open],
        teams: vec![None, Some(TeamId(3))],
        assignees: vec![Assignee::Me, Assignee::Nobody, Assignee::Person(PersonId(2))],
        requester: Some(ContactId(12)),
        company: Some(CompanyId(4)),
        tags: vec!["vip".to_owned()],
        priorities: vec![Priority::Urgent],
        attention: Some(true),
        channel: Some(ChannelId(1)),
        watching: Some(true),
        starred: Some(false),
        unread: Some(true),
        snoozed: Some(false),
        sent: Some(true),
        drafted: Some(false),
    };
    let view = SavedView {
        name: "Urgent".to_owned(),
        owner: Some(PersonId(2)),
        teams: BTreeSet::new(),
        filter,
        sort: SortKey::Created,
        order: Order::Ascending,
    };
    kept(&view, include_str!("records/view-1.hex"));
}

#[test]
fn a_ticket_with_watchers_writers_and_a_company_is_read() {
    let stored = octets(include_str!("records/ticket-4.hex"));
    let ticket = ticket_of(1, &stored).unwrap();
    assert_eq!((ticket.record.watchers.len(), ticket.record.writers.len()), (1, 1));
    assert_eq!(ticket.record.company, Some(CompanyId(4)));
    assert_eq!(stored[16..], record::encode(&ticket.record), "and written as it was");
    let before = ticket_of(1, &octets(include_str!("records/ticket-2.hex"))).unwrap().record;
    assert_eq!((before.writers.len(), before.company), (0, None));
}
