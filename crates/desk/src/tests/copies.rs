//! Copies of one mail: recognised, but never in the way of a better one.

use guichet_accounts::VerdictPolicy;
use guichet_mail::{DmarcPolicy, Verdicts};

use super::world::{World, at, forged, mail, outcomes};
use crate::{Arrival, Outcome, Recipient};

fn fire() -> String {
    mail("Bia <bia@customer.example>", "1@customer.example", "Fire", "")
}

/// A copy that somebody made of Bia's mail, whose domain disowns it.
fn copy(world: &World, recipients: &[&Recipient]) -> Arrival {
    let mut arrival = world.arrival(&fire(), recipients);
    arrival.verdicts = forged("customer.example", DmarcPolicy::Reject);
    arrival
}

async fn receive(world: &World, arrival: &Arrival) -> Vec<Outcome> {
    outcomes(world.desk.receive(arrival).await.unwrap())
}

async fn quarantine(world: &World) {
    world.desk.accounts().set_policy(world.acme, VerdictPolicy::Quarantine, Vec::new()).await.unwrap();
}

#[tokio::test]
async fn promise_1_a_forged_copy_in_quarantine_does_not_swallow_the_genuine_mail() {
    let world = World::new().await;
    quarantine(&world).await;
    let copy = copy(&world, &[&world.support]);
    assert_eq!(receive(&world, &copy).await, [Outcome::Quarantined { message: 1 }]);
    assert_eq!(world.receive(&fire(), &[&world.support]).await, [Outcome::Created { ticket: 1 }]);
    assert_eq!(world.receive(&fire(), &[&world.support]).await, [Outcome::Duplicate { ticket: Some(1) }]);
    assert_eq!(receive(&world, &copy).await, [Outcome::Duplicate { ticket: Some(1) }]);
}

/// The digest leaves out fields that a relay may add, so a forger's copy may say more than the mail, and prove less.
#[tokio::test]
async fn promise_1_a_copy_that_proves_nothing_does_not_swallow_the_proven_mail() {
    let world = World::new().await;
    let mut early = world.arrival(&fire(), &[&world.support]);
    early.verdicts = Verdicts::default();
    assert_eq!(receive(&world, &early).await, [Outcome::Created { ticket: 1 }]);
    assert_eq!(receive(&world, &early).await, [Outcome::Duplicate { ticket: Some(1) }]);
    assert_eq!(world.receive(&fire(), &[&world.support]).await, [Outcome::Joined { ticket: 1 }]);
    assert_eq!(world.receive(&fire(), &[&world.support]).await, [Outcome::Duplicate { ticket: Some(1) }]);
    let messages = world.desk.messages(&world.admin(), 1, None, 9).unwrap().items;
    let proven: Vec<bool> =
        messages.iter().map(|one| one.record.verdicts.as_ref().unwrap().dmarc.result.is_pass()).collect();
    assert_eq!(proven, [false, true]);
}

/// freescout#480 again, where each team's copy lies in quarantine.
#[tokio::test]
async fn case_8_each_team_has_its_own_copy_in_quarantine() {
    let world = World::new().await;
    quarantine(&world).await;
    let copy = copy(&world, &[&world.support, &world.billing]);
    let quarantined = [Outcome::Quarantined { message: 1 }, Outcome::Quarantined { message: 2 }];
    assert_eq!(receive(&world, &copy).await, quarantined);
    let twice = Outcome::Duplicate { ticket: None };
    assert_eq!(receive(&world, &copy).await, [twice, twice]);
    let mut teams = Vec::new();
    for message in [1, 2] {
        let ticket = world.desk.release(&world.admin(), message, at(1)).await.unwrap();
        teams.push(world.desk.ticket(&world.admin(), ticket).unwrap().ticket.record.team);
    }
    assert_eq!(teams, [None, Some(world.billing_team)]);
    assert_eq!(world.desk.ticket(&world.admin(), 1).unwrap().linked, [2]);
}

#[tokio::test]
async fn promise_2_a_copy_in_quarantine_for_one_team_does_not_swallow_that_of_another() {
    let world = World::new().await;
    quarantine(&world).await;
    receive(&world, &copy(&world, &[&world.support])).await;
    let both = receive(&world, &copy(&world, &[&world.support, &world.billing])).await;
    assert_eq!(both, [Outcome::Duplicate { ticket: None }, Outcome::Quarantined { message: 2 }]);
}

/// Many senders send one copy for each recipient.
#[tokio::test]
async fn case_8_tickets_of_one_mail_are_linked_though_it_came_in_two_transactions() {
    let world = World::new().await;
    world.receive(&fire(), &[&world.support]).await;
    assert_eq!(world.receive(&fire(), &[&world.billing]).await, [Outcome::Created { ticket: 2 }]);
    assert_eq!(world.desk.ticket(&world.admin(), 1).unwrap().linked, [2]);
}

/// freescout#5591: all mail of a sender under one Message-ID, and a connection that broke before its `250`.
#[tokio::test]
async fn case_6_a_sender_of_one_message_id_is_recognised_when_it_comes_again_however_often_it_wrote() {
    let world = World::new().await;
    for n in 1..=100 {
        let raw = mail("track@parcels.example", "same@parcels.example", &n.to_string(), "");
        assert_eq!(world.receive(&raw, &[&world.support]).await, [Outcome::Created { ticket: n }]);
        assert_eq!(world.receive(&raw, &[&world.support]).await, [Outcome::Duplicate { ticket: Some(n) }]);
    }
}

/// One team, two addresses: the ticket came through both, and a reply to either is part of it.
#[tokio::test]
async fn a_reply_to_either_of_two_addresses_of_one_team_joins() {
    let world = World::new().await;
    let sales = world.channel("sales@acme.example", None).await;
    assert_eq!(world.receive(&fire(), &[&world.support, &sales]).await, [Outcome::Created { ticket: 1 }]);
    for (n, to) in [&sales, &world.support].into_iter().enumerate() {
        let id = format!("r{n}@customer.example");
        let reply = mail("bia@customer.example", &id, "Re: Fire", "In-Reply-To: <1@customer.example>\n");
        assert_eq!(world.receive(&reply, &[to]).await, [Outcome::Joined { ticket: 1 }]);
    }
}
