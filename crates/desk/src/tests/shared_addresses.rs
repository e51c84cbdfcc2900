//! One address, several contacts: of teams that don't know of each other.

use guichet_accounts::{Actor, Sight, TeamId};

use super::address_book::{BIA, JOE, all_of, two};
use super::world::{World, at, mail};
use super::writing_letters::{address_of, new_mail};
use crate::{Contact, ContactChange, ContactId, Error, NewContact, NewRequester};

/// Somebody with this address.
fn contact_with(address: &str) -> NewContact {
    NewContact { addresses: vec![address_of(address)], ..NewContact::default() }
}

/// The contacts that the actor finds by the beginning of an address.
fn found_by(world: &World, actor: &Actor, beginning: &str) -> Vec<u64> {
    let page = world.desk.contacts_by_address(actor, beginning, None, 9).unwrap();
    page.items.iter().map(|one| one.id.0).collect()
}

#[tokio::test]
async fn promise_7_who_names_somebody_learns_nothing_of_what_others_know_of_them() {
    let world = two().await;
    let admin = world.admin();
    let secret = ContactChange {
        name: Some(Some("Joseph Doe".to_owned())),
        addresses: Some(vec![address_of("joe@private.example"), address_of("joe@secret.example")]),
        note: Some("owes us money".to_owned()),
        ..ContactChange::default()
    };
    world.change_contact(JOE, secret).await.unwrap();
    let agent = world.billing_agent().await;
    let joe = world.desk.create_contact(&agent, &contact_with("joe@private.example"), at(1)).await.unwrap();
    let new = world.desk.create_contact(&agent, &contact_with("new@private.example"), at(1)).await.unwrap();
    assert_eq!(joe.record, Contact { address: joe.record.address.clone(), ..new.record.clone() });
    assert_eq!((joe.id.0, new.id.0), (3, 4), "the number tells nothing either");
    assert!(matches!(world.desk.contact(&agent, JOE), Err(Error::NotFound(_))));
    assert_eq!((found_by(&world, &agent, "joe@"), found_by(&world, &admin, "joe@")), (vec![3], vec![2, 3]));
    let again = world.desk.create_contact(&agent, &contact_with("joe@private.example"), at(2)).await;
    assert!(matches!(again, Err(Error::Invalid(rule)) if rule.contains("contact 3")));
    let moved = ContactChange {
        addresses: Some(vec![address_of("new@private.example"), address_of("joe@secret.example")]),
        ..ContactChange::default()
    };
    let moved = world.desk.change_contact(&agent, new.id, &moved, None).await.unwrap();
    assert_eq!(all_of(&moved.record), ["new@private.example", "joe@secret.example"]);

    // His mail is his who had the address first; whom it comes to knows him from then on.
    let ticket = |id: &str| mail("joe@secret.example", id, "Hello", "");
    world.receive(&ticket("9@private.example"), &[&world.support]).await;
    assert_eq!(world.tickets_of(&admin, JOE).unwrap(), [3, 2]);
    assert!(matches!(world.desk.contact(&agent, JOE), Err(Error::NotFound(_))));
    world.receive(&ticket("10@private.example"), &[&world.billing]).await;
    assert_eq!(world.desk.contact(&agent, JOE).unwrap().record.note, "owes us money");
}

#[tokio::test]
async fn promise_7_who_writes_to_somebody_learns_nothing_of_what_others_know_of_them() {
    let world = two().await;
    let note = ContactChange { note: Some("owes us money".to_owned()), ..ContactChange::default() };
    world.change_contact(JOE, note).await.unwrap();
    let agent = world.billing_agent().await;
    let billing = world.channel_id("billing@acme.example");
    let mut requesters = Vec::new();
    for second in [5, 6] {
        let writing = new_mail(billing, &["joe@private.example"]);
        let written = world.desk.write(&agent, writing, None, None, at(second)).await.unwrap();
        requesters.push(world.desk.ticket(&agent, written.ticket).unwrap().ticket.requester);
    }
    assert_eq!(requesters, [3, 3], "one contact of their own");
    let own = world.desk.contact(&agent, ContactId(3)).unwrap().record;
    assert_eq!(
        (all_of(&own).as_slice(), own.note.as_str()),
        (["joe@private.example".to_owned()].as_slice(), "")
    );
    let asked = NewRequester::Address(guichet_mail::Address {
        name: None,
        address: Some(address_of("joe@private.example")),
        raw: None,
    });
    let given = world.desk.set_requester(&agent, 1, &asked, false, at(7)).await.unwrap();
    assert_eq!(given.requester, 3);
    let by_admin = world.write(new_mail(billing, &["joe@private.example"]), 8).await;
    assert_eq!(world.desk.ticket(&world.admin(), by_admin.ticket).unwrap().ticket.requester, JOE.0);
}

#[tokio::test]
async fn contacts_with_one_address_become_one_and_apart_again() {
    let world = two().await;
    let admin = world.admin();
    let agent = world.billing_agent().await;
    let own =
        world.desk.create_contact(&agent, &contact_with("joe@private.example"), at(1)).await.unwrap().id;
    world.merge_contact(own, JOE).await.unwrap();
    assert_eq!(all_of(&world.book(JOE)), ["joe@private.example"], "each address once");
    assert_eq!(found_by(&world, &admin, "joe@"), [2]);
    assert!(world.desk.contact(&agent, own).is_ok(), "who made the one knows both");

    let addresses = Some(vec![address_of("joe@home.example"), address_of("joe@private.example")]);
    world.change_contact(JOE, ContactChange { addresses, ..ContactChange::default() }).await.unwrap();
    let split = world.desk.split_contact(&admin, JOE, &address_of("joe@private.example"), None, at(3)).await;
    assert_eq!(split.unwrap().id, own);
    assert_eq!((found_by(&world, &admin, "joe@p"), found_by(&world, &admin, "joe@h")), (vec![3], vec![2]));
}

#[tokio::test]
async fn the_next_contact_with_an_address_has_its_mail_when_the_first_gives_it_up() {
    let world = two().await;
    let agent = world.billing_agent().await;
    let own =
        world.desk.create_contact(&agent, &contact_with("joe@private.example"), at(1)).await.unwrap().id;
    let addresses = Some(vec![address_of("joe@home.example")]);
    world.change_contact(JOE, ContactChange { addresses, ..ContactChange::default() }).await.unwrap();
    let raw = mail("joe@private.example", "9@private.example", "Hello", "");
    world.receive(&raw, &[&world.support]).await;
    assert_eq!(world.tickets_of(&world.admin(), own).unwrap(), [3]);
    assert_eq!(found_by(&world, &world.admin(), "joe@private"), [3]);
}

#[tokio::test]
async fn a_page_of_addresses_ends_between_two_contacts_that_share_one() {
    let world = two().await;
    let agent = world.billing_agent().await;
    world.desk.create_contact(&agent, &contact_with("joe@private.example"), at(1)).await.unwrap();
    let (mut shown, mut after) = (Vec::new(), None);
    loop {
        let page = world.desk.contacts_by_address(&world.admin(), "", after.as_ref(), 1).unwrap();
        shown.extend(page.items.iter().map(|one| one.id.0));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(shown, [1, 2, 3]);
}

#[tokio::test]
async fn who_is_in_no_team_makes_no_contact_that_they_would_not_see() {
    let world = two().await;
    let alone = Actor { sight: Sight::Teams(Vec::new()), ..world.billing_agent().await };
    let made = world.desk.create_contact(&alone, &contact_with("eva@partner.example"), at(1)).await;
    assert!(matches!(made, Err(Error::Invalid(rule)) if rule.contains("in no team")));
    assert!(found_by(&world, &world.admin(), "eva").is_empty());
}

#[tokio::test]
async fn whose_ticket_an_agent_sees_is_known_however_much_they_write_to_others() {
    let world = two().await;
    let agent = world.billing_agent().await;
    for n in 10..70 {
        let raw = mail("bia@customer.example", &format!("{n}@customer.example"), "Again", "");
        world.receive(&raw, &[&world.support]).await;
    }
    assert!(world.desk.contact(&agent, BIA).is_ok());
    let again = world.desk.create_contact(&agent, &contact_with("bia@customer.example"), at(1)).await;
    assert!(matches!(again, Err(Error::Invalid(rule)) if rule.contains("contact 1")));
}

#[tokio::test]
async fn who_had_the_mail_of_an_address_brings_it_into_a_merger() {
    let world = two().await;
    let agent = world.billing_agent().await;
    let night = Actor { sight: Sight::Teams(vec![TeamId(77)]), ..agent.clone() };
    for agent in [&agent, &night] {
        world.desk.create_contact(agent, &contact_with("joe@private.example"), at(1)).await.unwrap();
    }
    world.merge_contact(JOE, ContactId(4)).await.unwrap();
    let raw = mail("joe@private.example", "9@private.example", "Hello", "");
    world.receive(&raw, &[&world.support]).await;
    assert_eq!(world.tickets_of(&world.admin(), ContactId(4)).unwrap(), [3, 2]);
    assert_eq!(world.tickets_of(&world.admin(), ContactId(3)).unwrap(), []);
}
