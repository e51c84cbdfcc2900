//! Merge and split by two at once, and with mail and answers that come meanwhile.

use std::sync::Arc;

use tokio::task::JoinSet;

use super::merging::{listed, messages, split_of};
use super::replies::{recipient, reply_address};
use super::world::{World, at, mail, outcomes};
use super::writing_letters::{asked, reply};
use crate::{Error, Outcome, TicketFilter};

const ROUNDS: usize = 8;

/// Ticket 1 with an answer of ours, ticket 2 of somebody else.
async fn two() -> Arc<World> {
    let world = asked("").await;
    world.write(reply(), 1).await;
    world.receive(&mail("rui@partner.example", "7@partner.example", "The same", ""), &[&world.support]).await;
    Arc::new(world)
}

/// Every message is in one ticket, which counts it; every shown ticket is in the list once.
fn check_whole(world: &World, tickets: std::ops::RangeInclusive<u64>, messages_there: usize) {
    let mut seen = Vec::new();
    let mut shown = Vec::new();
    for number in tickets {
        let ticket = world.desk.ticket(&world.admin(), number).unwrap().ticket.record;
        let here = messages(world, number);
        assert_eq!(here.len() as u32, ticket.message_count, "ticket {number}");
        assert_eq!(ticket.merged_into.is_some(), here.is_empty(), "ticket {number}");
        if ticket.merged_into.is_none() {
            shown.push(number);
        }
        for message in here {
            for delivery in world.deliveries(message) {
                assert_eq!(delivery.ticket, number);
            }
            seen.push(message);
        }
    }
    seen.sort_unstable();
    assert_eq!(seen, (1..=messages_there as u64).collect::<Vec<_>>());
    let mut list = listed(world, TicketFilter::default());
    list.sort_unstable();
    assert_eq!(list, shown);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_into_b_and_b_into_a_one_is_refused() {
    for _ in 0..ROUNDS {
        let world = two().await;
        let mut tasks = JoinSet::new();
        for (from, into) in [(1, 2), (2, 1)] {
            let (desk, admin) = (world.desk.clone(), world.admin());
            tasks.spawn(async move { desk.merge_ticket(&admin, (from, into), None, at(5)).await.map(drop) });
        }
        let results = tasks.join_all().await;
        assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1, "{results:?}");
        assert!(results.iter().any(|result| matches!(result, Err(Error::Invalid(_)))), "{results:?}");
        check_whole(&world, 1..=2, 3);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_merge_by_many_is_one() {
    let world = two().await;
    let mut tasks = JoinSet::new();
    for _ in 0..6 {
        let (desk, admin) = (world.desk.clone(), world.admin());
        tasks.spawn(async move { desk.merge_ticket(&admin, (1, 2), None, at(5)).await.map(drop) });
    }
    assert!(tasks.join_all().await.iter().all(Result::is_ok));
    check_whole(&world, 1..=2, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_merge_with_a_customers_mail_and_an_agents_answer_loses_nothing() {
    for _ in 0..ROUNDS {
        let world = two().await;
        let to = recipient(&world, &reply_address(&world, 2));
        let mut tasks = JoinSet::new();
        let (desk, admin) = (world.desk.clone(), world.admin());
        tasks.spawn(async move { drop(desk.merge_ticket(&admin, (1, 2), None, at(5)).await.unwrap()) });
        let arrival = world.arrival(&mail("bia@customer.example", "9@customer.example", "Hm", ""), &[&to]);
        let desk = world.desk.clone();
        tasks.spawn(async move {
            let became = outcomes(desk.receive(&arrival).await.unwrap());
            assert!(matches!(became[..], [Outcome::Joined { ticket: 1 | 2 }]), "{became:?}");
        });
        let (desk, admin) = (world.desk.clone(), world.admin());
        tasks.spawn(async move { drop(desk.write(&admin, reply(), None, None, at(6)).await.unwrap()) });
        tasks.join_all().await;
        check_whole(&world, 1..=2, 5);
        assert_eq!(messages(&world, 2).len(), 5);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_split_with_mail_that_answers_what_goes_and_what_stays_sends_each_to_its_own() {
    for _ in 0..ROUNDS {
        let world = two().await;
        let to = recipient(&world, &reply_address(&world, 2));
        let mut tasks = JoinSet::new();
        let (desk, admin) = (world.desk.clone(), world.admin());
        tasks.spawn(async move {
            assert_eq!(desk.split_ticket(&admin, 1, &split_of(&[2]), None, at(5)).await.unwrap(), 3);
        });
        let by_token = mail("bia@customer.example", "9@customer.example", "Hm", "");
        let by_reference = mail(
            "bia@customer.example",
            "10@customer.example",
            "Re: Invoice",
            "In-Reply-To: <1@customer.example>\n",
        );
        for arrival in [world.arrival(&by_token, &[&to]), world.arrival(&by_reference, &[&world.support])] {
            let desk = world.desk.clone();
            tasks.spawn(async move { drop(desk.receive(&arrival).await.unwrap()) });
        }
        tasks.join_all().await;
        check_whole(&world, 1..=3, 5);
        let of = |id: &str| {
            let all = [1, 3].into_iter().flat_map(|ticket| messages(&world, ticket));
            let named = |number: &u64| world.raw(*number).contains(&format!("Message-ID: <{id}>"));
            let number = all.into_iter().find(named).unwrap();
            world.stored(number).ticket
        };
        assert_eq!(of("10@customer.example"), 1);
        // What came by its token before the split stayed where it was put then.
        assert!([1, 3].contains(&of("9@customer.example")));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_splits_of_one_message_make_one_ticket() {
    for _ in 0..ROUNDS {
        let world = two().await;
        let mut tasks = JoinSet::new();
        for _ in 0..2 {
            let (desk, admin) = (world.desk.clone(), world.admin());
            tasks.spawn(async move { desk.split_ticket(&admin, 1, &split_of(&[2]), None, at(5)).await });
        }
        let results = tasks.join_all().await;
        assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1, "{results:?}");
        check_whole(&world, 1..=3, 3);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_that_changes_while_its_message_moves_is_in_the_right_ticket() {
    for _ in 0..ROUNDS {
        let world = two().await;
        let id = world.deliveries(2)[0].id;
        let mut tasks = JoinSet::new();
        let (desk, admin) = (world.desk.clone(), world.admin());
        tasks.spawn(async move { drop(desk.merge_ticket(&admin, (1, 2), None, at(5)).await.unwrap()) });
        let (desk, admin) = (world.desk.clone(), world.admin());
        let elsewhere = super::writing_letters::address_of("bia@home.example");
        tasks
            .spawn(async move { drop(desk.redirect_delivery(&admin, id, &elsewhere, at(6)).await.unwrap()) });
        tasks.join_all().await;
        assert_eq!(world.deliveries(2).len(), 2);
        check_whole(&world, 1..=2, 3);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn marks_that_are_set_while_their_ticket_is_merged_are_not_lost() {
    for _ in 0..ROUNDS {
        let world = two().await;
        let reader =
            guichet_accounts::Actor { sight: guichet_accounts::Sight::All, ..world.billing_agent().await };
        let mut tasks = JoinSet::new();
        let (desk, admin) = (world.desk.clone(), world.admin());
        tasks.spawn(async move { drop(desk.merge_ticket(&admin, (1, 2), None, at(5)).await.unwrap()) });
        let (desk, actor) = (world.desk.clone(), reader.clone());
        tasks.spawn(async move { desk.read_message(&actor, 1, true, at(6)).await.unwrap() });
        tasks.join_all().await;
        let mark = world.desk.mark(&reader, 2).unwrap();
        assert!(mark.has_read(1) && !mark.has_read(2) && !mark.has_read(3));
    }
}
