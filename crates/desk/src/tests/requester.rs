//! Case 40: an agent forwards a customer's mail in.

use guichet_mail::{Address, MailAddress};

use super::queue_world::due;
use super::world::{World, at, mail};
use super::writing_letters::{into_ticket, reply};
use crate::{
    ContactId, Error, NewRequester, Outcome, StoredTicket, TicketChange, TicketFilter, TicketQuery, Writing,
    WritingKind,
};

const FORWARD: &str = "From: Ana <ana@acme.example>\nTo: support@acme.example\nSubject: Fwd: Broken\n\
                       Message-ID: <1@acme.example>\n\nPlease help.\n\n---------- Forwarded message ---------\n\
                       From: Bia <bia@customer.example>\nDate: Mon, 1 Jan 2025\nSubject: Broken\n\nIt broke.\n";

fn bia() -> Address {
    let address = Some(MailAddress::parse("bia@customer.example").unwrap());
    Address { name: Some("Bia".to_owned()), address, raw: None }
}

async fn forwarded(world: &World, raw: &str) -> StoredTicket {
    let outcomes = world.receive(raw, &[&world.support]).await;
    let [Outcome::Created { ticket }] = outcomes[..] else { panic!("{outcomes:?}") };
    world.desk.ticket(&world.admin(), ticket).unwrap().ticket
}

async fn confirm(world: &World, number: u64, new: NewRequester) -> StoredTicket {
    world.desk.set_requester(&world.admin(), number, &new, false, at(1)).await.unwrap()
}

fn participants(ticket: &StoredTicket) -> Vec<&str> {
    ticket.record.participants.iter().map(String::as_str).collect()
}

#[tokio::test]
async fn a_colleague_who_forwards_proposes_the_customer_and_gets_no_answer() {
    let world = World::new().await;
    world.billing_agent().await;
    let ticket = forwarded(&world, FORWARD).await;
    assert_eq!(ticket.record.proposed_requester, Some(bia()));
    assert_eq!(due(&world), []);
}

#[tokio::test]
async fn a_proposal_that_is_agreed_to_makes_the_customer_the_requester() {
    let world = World::new().await;
    world.billing_agent().await;
    let before = forwarded(&world, FORWARD).await;
    let after = confirm(&world, before.number, NewRequester::Address(bia())).await;
    assert_ne!(after.requester, before.requester);
    assert_eq!(
        (after.record.proposed_requester.clone(), participants(&after)),
        (None, vec!["bia@customer.example"])
    );
    let by = |requester| {
        let filter = TicketFilter { requester: Some(requester), ..TicketFilter::default() };
        let query = TicketQuery { filter, limit: 10, ..TicketQuery::default() };
        world.desk.tickets(&world.admin(), &query).unwrap().items.len()
    };
    assert_eq!((by(ContactId(before.requester)), by(ContactId(after.requester))), (0, 1));
    // What the customer writes from now on joins by its references.
    let more = "From: bia@customer.example\nSubject: Re: Broken\nMessage-ID: <2@customer.example>\n\
                In-Reply-To: <1@acme.example>\n\nMore.\n";
    let outcomes = world.receive(more, &[&world.support]).await;
    assert_eq!(outcomes, [Outcome::Joined { ticket: before.number }]);
    // The same once more changes nothing.
    let again = world.desk.ticket(&world.admin(), before.number).unwrap().ticket;
    assert_eq!(confirm(&world, before.number, NewRequester::Address(bia())).await, again);
}

#[tokio::test]
async fn a_proposal_that_is_declined_leaves_the_requester() {
    let world = World::new().await;
    world.billing_agent().await;
    let before = forwarded(&world, FORWARD).await;
    let after = confirm(&world, before.number, NewRequester::Unchanged).await;
    assert_eq!((after.requester, after.record.proposed_requester), (before.requester, None));
    assert_eq!(after.record.participants, before.record.participants);
}

#[tokio::test]
async fn promise_4_nobody_but_a_proven_colleague_proposes_anybody() {
    let world = World::new().await;
    let stranger = FORWARD.replace("ana@acme.example", "eve@evil.example");
    world.billing_agent().await;
    assert_eq!(forwarded(&world, &stranger).await.record.proposed_requester, None);
    let unproven = FORWARD.replace("<1@", "<3@");
    let outcomes = world.receive_unproven(&unproven, &[&world.support]).await;
    let [Outcome::Created { ticket }] = outcomes[..] else { panic!("{outcomes:?}") };
    assert_eq!(world.desk.ticket(&world.admin(), ticket).unwrap().ticket.record.proposed_requester, None);
    let machine =
        FORWARD.replace("<1@", "<4@").replace("Subject: Fwd", "Auto-Submitted: auto-generated\nSubject: Fwd");
    assert_eq!(forwarded(&world, &machine).await.record.proposed_requester, None);
    let own = FORWARD.replace("<1@", "<5@").replace("bia@customer.example", "billing@acme.example");
    assert_eq!(forwarded(&world, &own).await.record.proposed_requester, None);
}

#[tokio::test]
async fn promise_7_a_requester_is_changed_by_those_who_see_the_ticket() {
    let world = World::new().await;
    let agent = world.billing_agent().await;
    let ticket = forwarded(&world, FORWARD).await;
    let new = NewRequester::Address(bia());
    let refused = world.desk.set_requester(&agent, ticket.number, &new, false, at(1)).await;
    assert!(matches!(refused, Err(Error::NotFound("ticket"))), "{refused:?}");
    let own = MailAddress::parse("billing@acme.example").unwrap();
    let own = NewRequester::Address(Address { name: None, address: Some(own), raw: None });
    let refused = world.desk.set_requester(&world.admin(), ticket.number, &own, false, at(1)).await;
    assert!(matches!(refused, Err(Error::Invalid(_))), "{refused:?}");
}

#[tokio::test]
async fn two_who_confirm_at_once_make_one_contact() {
    let world = World::new().await;
    world.billing_agent().await;
    let ticket = forwarded(&world, FORWARD).await;
    let (one, other) = tokio::join!(
        confirm(&world, ticket.number, NewRequester::Address(bia())),
        confirm(&world, ticket.number, NewRequester::Address(bia())),
    );
    assert_eq!(one.requester, other.requester);
}

#[tokio::test]
async fn an_answer_goes_to_the_customer_behind_a_forwarded_mail_and_quotes_nothing_of_the_colleague() {
    let world = World::new().await;
    world.billing_agent().await;
    let ticket = forwarded(&world, FORWARD).await;
    let before = world.write(Writing { quote: true, ..reply() }, 1).await;
    assert_eq!(
        world.field(before.message, "To").unwrap(),
        "Ana <ana@acme.example>",
        "nobody confirmed anything"
    );
    assert!(world.raw(before.message).contains("Please help"));
    confirm(&world, ticket.number, NewRequester::Address(bia())).await;
    for kind in [WritingKind::Reply, WritingKind::ReplyAll] {
        let answered = crate::Target::Ticket { number: 1, kind, answers: Some(1) };
        let sent = world.write(Writing { quote: true, target: answered, ..into_ticket(1, kind) }, 2).await;
        assert_eq!(world.field(sent.message, "To").unwrap(), "Bia <bia@customer.example>");
        assert!(!world.raw(sent.message).contains("Please help"), "what the colleague wrote is not for them");
    }
    // What the colleague writes later is theirs.
    let more =
        mail("Ana <ana@acme.example>", "9@acme.example", "Re: Broken", "In-Reply-To: <1@acme.example>\n");
    assert_eq!(world.receive(&more, &[&world.support]).await, [Outcome::Joined { ticket: 1 }]);
    let sent = world.write(reply(), 3).await;
    assert_eq!(world.field(sent.message, "To").unwrap(), "Ana <ana@acme.example>");
}

#[tokio::test]
async fn whoever_says_otherwise_whose_a_ticket_is_answers_the_proposal() {
    let world = World::new().await;
    world.billing_agent().await;
    world.receive(&mail("rui@partner.example", "7@partner.example", "Mine", ""), &[&world.support]).await;
    let rui = world.desk.ticket(&world.admin(), 1).unwrap().ticket.requester;
    let ticket = forwarded(&world, FORWARD).await;
    let change = TicketChange { requester: Some(Some(ContactId(rui))), ..TicketChange::default() };
    let after = world.desk.change_ticket(&world.admin(), ticket.number, &change, None, at(1)).await.unwrap();
    assert_eq!((after.requester, after.record.proposed_requester), (rui, None));
}

#[tokio::test]
async fn a_merged_ticket_keeps_its_requester() {
    let world = World::new().await;
    world.receive(&mail("rui@partner.example", "7@partner.example", "One", ""), &[&world.support]).await;
    world.receive(&mail("rui@partner.example", "8@partner.example", "Two", ""), &[&world.support]).await;
    world.desk.merge_ticket(&world.admin(), (1, 2), None, at(1)).await.unwrap();
    let refused =
        world.desk.set_requester(&world.admin(), 1, &NewRequester::Address(bia()), false, at(2)).await;
    assert!(matches!(refused, Err(Error::Invalid(_))), "{refused:?}");
}
