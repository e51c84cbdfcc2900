//! Which ticket a mail belongs to, and who does not get in.

use guichet_mail::{MailAddress, Verdicts};

use super::world::{World, at, mail, outcomes};
use crate::{Outcome, State, TicketChange};

const BIA: &str = "Bia <bia@customer.example>";
const EVE: &str = "Eve <eve@evil.example>";

async fn first(world: &World) {
    let raw = mail(BIA, "1@customer.example", "Fire", "Cc: joe@customer.example\n");
    assert_eq!(world.receive(&raw, &[&world.support]).await, [Outcome::Created { ticket: 1 }]);
}

#[tokio::test]
async fn a_reply_of_the_same_sender_joins_the_ticket() {
    let world = World::new().await;
    first(&world).await;
    let reply = mail(BIA, "2@customer.example", "Re: Fire", "In-Reply-To: <1@customer.example>\n");
    assert_eq!(world.receive(&reply, &[&world.support]).await, [Outcome::Joined { ticket: 1 }]);
    let further = mail(BIA, "3@customer.example", "Re: Fire", "References: <x@y> <2@customer.example>\n");
    assert_eq!(world.receive(&further, &[&world.support]).await, [Outcome::Joined { ticket: 1 }]);
    let ticket = world.desk.ticket(&world.admin(), 1).unwrap().ticket;
    assert_eq!(ticket.record.message_count, 3);
    assert_eq!(world.desk.messages(&world.admin(), 1, None, 50).unwrap().items.len(), 3);
}

#[tokio::test]
async fn whoever_was_in_copy_takes_part() {
    let world = World::new().await;
    first(&world).await;
    let reply =
        mail("joe@customer.example", "2@customer.example", "Re: Fire", "In-Reply-To: <1@customer.example>\n");
    assert_eq!(world.receive(&reply, &[&world.support]).await, [Outcome::Joined { ticket: 1 }]);
}

/// itop#95, alga-psa#3241: somebody who learned or guessed a Message-ID.
#[tokio::test]
async fn promise_4_a_stranger_with_a_reference_gets_a_ticket_of_their_own() {
    let world = World::new().await;
    first(&world).await;
    let before = world.desk.ticket(&world.admin(), 1).unwrap().ticket;
    let intruder = mail(EVE, "2@evil.example", "Re: Fire", "In-Reply-To: <1@customer.example>\n");
    assert_eq!(world.receive(&intruder, &[&world.support]).await, [Outcome::Created { ticket: 2 }]);
    assert_eq!(world.desk.ticket(&world.admin(), 1).unwrap().ticket, before, "nothing of it changed");
    assert_eq!(world.desk.ticket(&world.admin(), 2).unwrap().linked, [1], "but an agent sees both");
}

#[tokio::test]
async fn promise_4_a_forged_participant_does_not_get_in() {
    let world = World::new().await;
    first(&world).await;
    let forged = mail(BIA, "2@evil.example", "Re: Fire", "In-Reply-To: <1@customer.example>\n");
    let mut arrival = world.arrival(&forged, &[&world.support]);
    arrival.verdicts = Verdicts::default();
    let received = outcomes(world.desk.receive(&arrival).await.unwrap());
    assert_eq!(received, [Outcome::Created { ticket: 2 }]);
    assert_eq!(world.desk.ticket(&world.admin(), 1).unwrap().ticket.record.message_count, 1);
}

/// zammad#5064, zammad#2444: a number in a subject is no key.
#[tokio::test]
async fn case_1_a_number_in_the_subject_never_appends() {
    let world = World::new().await;
    first(&world).await;
    for (n, from) in [BIA, EVE].into_iter().enumerate() {
        let raw = mail(from, &format!("n{n}@x.example"), "Re: [Ticket#1] Fire #1", "");
        let ticket = 2 + n as u64;
        assert_eq!(world.receive(&raw, &[&world.support]).await, [Outcome::Created { ticket }]);
        assert_eq!(world.desk.ticket(&world.admin(), ticket).unwrap().ticket.record.mentions, [1]);
    }
    assert_eq!(world.desk.ticket(&world.admin(), 1).unwrap().ticket.record.message_count, 1);
}

/// zammad#5716: two mails answer one that never came here.
#[tokio::test]
async fn case_3_two_mails_that_share_an_unseen_ancestor_are_one_conversation() {
    let world = World::new().await;
    let one = mail(BIA, "1@customer.example", "Re: Offer", "References: <unseen@customer.example>\n");
    assert_eq!(world.receive(&one, &[&world.support]).await, [Outcome::Created { ticket: 1 }]);
    let two = mail(BIA, "2@customer.example", "AW: Offer", "References: <unseen@customer.example>\n");
    assert_eq!(world.receive(&two, &[&world.support]).await, [Outcome::Joined { ticket: 1 }]);
    let stranger = mail(EVE, "3@evil.example", "Re: Offer", "References: <unseen@customer.example>\n");
    assert_eq!(world.receive(&stranger, &[&world.support]).await, [Outcome::Created { ticket: 2 }]);
    let matter = mail(BIA, "4@customer.example", "Lunch", "References: <unseen@customer.example>\n");
    assert_eq!(
        world.receive(&matter, &[&world.support]).await,
        [Outcome::Created { ticket: 3 }],
        "another subject"
    );
}

/// zammad#4965, freescout#4515: forwarded to another address of ours it is that address's own matter.
#[tokio::test]
async fn case_9_a_forward_to_another_channel_is_a_new_ticket() {
    let world = World::new().await;
    first(&world).await;
    let forward = mail(BIA, "2@customer.example", "WG: Fire", "References: <1@customer.example>\n");
    assert_eq!(world.receive(&forward, &[&world.billing]).await, [Outcome::Created { ticket: 2 }]);
}

#[tokio::test]
async fn a_reference_into_another_organisation_leads_nowhere() {
    let world = World::new().await;
    first(&world).await;
    let raw = mail(BIA, "2@customer.example", "Re: Fire", "In-Reply-To: <1@customer.example>\n");
    assert_eq!(world.receive(&raw, &[&world.elsewhere]).await, [Outcome::Created { ticket: 1 }]);
    let other = guichet_accounts::Actor::system(world.other);
    assert!(world.desk.ticket(&other, 1).unwrap().linked.is_empty());
}

#[tokio::test]
async fn a_reply_opens_what_was_finished_and_leaves_spam_where_it_is() {
    let world = World::new().await;
    first(&world).await;
    let expected = [
        (State::New, State::New),
        (State::Open, State::Open),
        (State::Pending, State::Open),
        (State::Solved, State::Open),
        (State::Closed, State::Open),
        (State::Spam, State::Spam),
        (State::Trash, State::Trash),
    ];
    for (n, (before, after)) in expected.into_iter().enumerate() {
        let change = TicketChange { state: Some(before), ..TicketChange::default() };
        world.desk.change_ticket(&world.admin(), 1, &change, None, at(1)).await.unwrap();
        let id = format!("r{n}@customer.example");
        let reply = mail(BIA, &id, "Re: Fire", "In-Reply-To: <1@customer.example>\n");
        assert_eq!(world.receive(&reply, &[&world.support]).await, [Outcome::Joined { ticket: 1 }]);
        assert_eq!(world.desk.ticket(&world.admin(), 1).unwrap().ticket.record.state, after, "{before:?}");
    }
}

/// "Two From headers": a program may check one and show the other.
#[tokio::test]
async fn promise_4_a_mail_with_two_authors_joins_nothing() {
    let world = World::new().await;
    first(&world).await;
    for from in [format!("{BIA}\nFrom: {EVE}"), format!("{BIA}, {EVE}"), format!("{EVE}\nFrom: {BIA}")] {
        let raw =
            mail(&from, "2@evil.example", &from.len().to_string(), "In-Reply-To: <1@customer.example>\n");
        let mut arrival = world.arrival(&raw, &[&world.support]);
        arrival.verdicts = super::world::authenticated(&MailAddress::parse("bia@customer.example").unwrap());
        let received = outcomes(world.desk.receive(&arrival).await.unwrap());
        assert!(matches!(received[..], [Outcome::Created { .. }]), "{from}: {received:?}");
    }
}
