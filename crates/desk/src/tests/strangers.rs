//! What strangers try: to enter a ticket, to draw others into theirs, to make an identity useless.

use super::world::{World, at, forged, mail, outcomes};
use crate::{Outcome, Recipient};
use guichet_accounts::{DomainChange, VerdictPolicy};
use guichet_mail::{DmarcPolicy, DomainName};

const BIA: &str = "Bia <bia@customer.example>";
const EVE: &str = "Eve <eve@evil.example>";

async fn created(world: &World, raw: &str) -> u64 {
    let received = world.receive(raw, &[&world.support]).await;
    let [Outcome::Created { ticket }] = received[..] else { panic!("{raw}: {received:?}") };
    ticket
}

async fn joined(world: &World, raw: &str) -> u64 {
    let received = world.receive(raw, &[&world.support]).await;
    let [Outcome::Joined { ticket }] = received[..] else { panic!("{raw}: {received:?}") };
    ticket
}

/// A forger writes in somebody's name, puts an own address in copy, and would then answer as a participant.
#[tokio::test]
async fn promise_4_a_copy_line_that_nobody_stands_behind_lets_nobody_in() {
    let world = World::new().await;
    for from in [BIA.to_owned(), format!("{BIA}, {EVE}"), format!("{BIA}\nFrom: {EVE}")] {
        let id = format!("{}@customer.example", from.len());
        let raw = mail(&from, &id, "Fire", "Cc: eve@evil.example\n");
        let received = world.receive_unproven(&raw, &[&world.support]).await;
        let [Outcome::Created { ticket }] = received[..] else { panic!("{received:?}") };
        let more = format!("In-Reply-To: <{id}>\n");
        let foot = mail(EVE, &format!("eve-{id}"), "Re: Fire", &more);
        let own = created(&world, &foot).await;
        assert_eq!(world.desk.ticket(&world.admin(), own).unwrap().linked, [ticket], "{from}");
    }
}

#[tokio::test]
async fn whoever_wrote_unproven_enters_their_ticket_once_they_are_proven() {
    let world = World::new().await;
    let raw = mail(BIA, "1@customer.example", "Fire", "");
    world.receive_unproven(&raw, &[&world.support]).await;
    let reply = mail(BIA, "2@customer.example", "Re: Fire", "In-Reply-To: <1@customer.example>\n");
    assert_eq!(joined(&world, &reply).await, 1);
}

/// Somebody who has a mail in copy sends others under its Message-ID.
#[tokio::test]
async fn promise_4_a_message_id_used_again_draws_nobody_out_of_their_ticket() {
    let world = World::new().await;
    let first = mail(BIA, "1@customer.example", "Fire", "Cc: eve@evil.example\n");
    assert_eq!(created(&world, &first).await, 1);
    let lure = mail(EVE, "1@customer.example", "Fire", "Cc: bia@customer.example\n");
    created(&world, &lure).await;
    let mask = mail(BIA, "1@customer.example", "Fire", "X: 1\n\nmasked");
    world.receive_unproven(&mask, &[&world.support]).await;
    let reply = mail(BIA, "2@customer.example", "Re: Fire", "In-Reply-To: <1@customer.example>\n");
    assert_eq!(joined(&world, &reply).await, 1);
}

/// The same by one who was quicker than the mail itself.
#[tokio::test]
async fn promise_4_a_message_id_used_in_advance_draws_nobody_out_of_their_ticket() {
    let world = World::new().await;
    let lure = mail(EVE, "1@customer.example", "Fire", "Cc: bia@customer.example\n");
    created(&world, &lure).await;
    let mask = mail(BIA, "1@customer.example", "Fire", "X: 1\n\nmasked");
    world.receive_unproven(&mask, &[&world.support]).await;
    let first = mail(BIA, "1@customer.example", "Fire", "Cc: eve@evil.example, joe@customer.example\n");
    assert_eq!(created(&world, &first).await, 3);
    let reply = mail(BIA, "2@customer.example", "Re: Fire", "In-Reply-To: <1@customer.example>\n");
    assert_eq!(joined(&world, &reply).await, 3);
}

#[tokio::test]
async fn promise_4_a_flood_under_one_message_id_hides_no_ticket() {
    let world = World::new().await;
    let first = mail(BIA, "1@customer.example", "Fire", "");
    assert_eq!(created(&world, &first).await, 1);
    for n in 0..70 {
        created(&world, &mail(EVE, "1@customer.example", &n.to_string(), "")).await;
    }
    let reply = mail(BIA, "2@customer.example", "Re: Fire", "In-Reply-To: <1@customer.example>\n");
    assert_eq!(joined(&world, &reply).await, 1);
}

/// Somebody who knows the Message-ID of a mail that never came here names it first, with its author in copy.
#[tokio::test]
async fn promise_4_an_unseen_ancestor_named_in_advance_draws_nobody_in() {
    let world = World::new().await;
    let unseen = "References: <unseen@customer.example>\n";
    let lure = mail(EVE, "1@evil.example", "Re: Offer", &format!("Cc: bia@customer.example\n{unseen}"));
    created(&world, &lure).await;
    let mask = mail(BIA, "2@evil.example", "Re: Offer", unseen);
    world.receive_unproven(&mask, &[&world.support]).await;
    let one = mail(BIA, "1@customer.example", "Re: Offer", unseen);
    assert_eq!(created(&world, &one).await, 3);
    let two = mail(BIA, "2@customer.example", "AW: Offer", unseen);
    assert_eq!(joined(&world, &two).await, 3, "and the conversation itself holds together");
}

/// One mail, sent to many: each answers it to us, and each has a conversation of their own.
#[tokio::test]
async fn case_5_many_who_answer_one_unseen_mail_have_a_ticket_each() {
    let world = World::new().await;
    let answer = |reader: usize, n: usize| {
        let from = format!("r{reader}@customer.example");
        mail(&from, &format!("{reader}-{n}@customer.example"), "Re: News", "In-Reply-To: <news@us.example>\n")
    };
    for reader in 0..20 {
        assert_eq!(created(&world, &answer(reader, 0)).await, reader as u64 + 1);
    }
    for reader in 0..20 {
        assert_eq!(joined(&world, &answer(reader, 1)).await, reader as u64 + 1);
    }
}

#[tokio::test]
async fn an_address_of_ours_takes_no_part_however_it_is_written() {
    let world = World::new().await;
    let own = Recipient { address: "Support+Vip@Acme.Example".to_owned(), ..world.support.clone() };
    let raw =
        mail(BIA, "1@customer.example", "Fire", "Cc: support+vip@acme.example, support@other.example\n");
    world.receive(&raw, &[&own, &world.elsewhere]).await;
    let ticket = world.desk.ticket(&world.admin(), 1).unwrap().ticket;
    let participants: Vec<&str> = ticket.record.participants.iter().map(String::as_str).collect();
    assert_eq!(participants, ["bia@customer.example", "support@other.example"]);
}

#[tokio::test]
async fn somebody_of_our_own_domain_who_writes_takes_part() {
    let world = World::new().await;
    let wanted = DomainChange { catch_all: Some(world.billing.channel()), ..DomainChange::default() };
    let domain = DomainName::parse("acme.example").unwrap();
    world.desk.accounts().change_domain(world.acme, &domain, wanted).await.unwrap();
    created(&world, &mail("ana@acme.example", "1@acme.example", "Fire", "")).await;
    let reply = mail("ana@acme.example", "2@acme.example", "Re: Fire", "In-Reply-To: <1@acme.example>\n");
    assert_eq!(joined(&world, &reply).await, 1);
}

#[tokio::test]
async fn a_reply_to_what_was_released_from_quarantine_joins_it() {
    let world = World::new().await;
    world.desk.accounts().set_policy(world.acme, VerdictPolicy::Quarantine, Vec::new()).await.unwrap();
    let raw = mail(BIA, "1@customer.example", "Fire", "");
    let mut arrival = world.arrival(&raw, &[&world.support]);
    arrival.verdicts = forged("customer.example", DmarcPolicy::None);
    assert_eq!(outcomes(world.desk.receive(&arrival).await.unwrap()), [Outcome::Quarantined { message: 1 }]);
    let reply = mail(BIA, "2@customer.example", "Re: Fire", "In-Reply-To: <1@customer.example>\n");
    created(&world, &reply).await;
    assert_eq!(world.desk.release(&world.admin(), 1, at(1)).await.unwrap(), 2);
    let reply = mail(BIA, "3@customer.example", "Re: Fire", "In-Reply-To: <1@customer.example>\n");
    assert_eq!(joined(&world, &reply).await, 2);
}

#[tokio::test]
async fn a_reply_to_another_address_of_ours_is_linked_to_what_it_answers() {
    let world = World::new().await;
    created(&world, &mail(BIA, "1@customer.example", "Fire", "")).await;
    let forward = mail(BIA, "2@customer.example", "WG: Fire", "References: <1@customer.example>\n");
    assert_eq!(world.receive(&forward, &[&world.billing]).await, [Outcome::Created { ticket: 2 }]);
    assert_eq!(world.desk.ticket(&world.admin(), 2).unwrap().linked, [1]);
}
