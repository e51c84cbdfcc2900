//! Many at once: each decision rests on what is still so when it is committed.

use guichet_accounts::VerdictPolicy;
use guichet_mail::DmarcPolicy;
use tokio::task::JoinSet;

use super::world::{World, at, forged, mail, outcomes};
use crate::{Error, Outcome, State, TicketChange, TicketFilter, TicketQuery};

fn answer(n: usize, named: &str) -> String {
    let more = format!("In-Reply-To: <{named}@customer.example>\n");
    mail("bia@customer.example", &format!("r{n}@customer.example"), "Re: Hello", &more)
}

#[tokio::test(flavor = "multi_thread")]
async fn replies_and_changes_of_one_ticket_at_once_lose_nothing() {
    let world = World::new().await;
    world.receive(&mail("bia@customer.example", "1@customer.example", "Hello", ""), &[&world.support]).await;
    let mut tasks = JoinSet::new();
    // Fewer than the attempts of a change, each of which another may win.
    for n in 0..6 {
        let (desk, arrival) = (world.desk.clone(), world.arrival(&answer(n, "1"), &[&world.support]));
        tasks.spawn(async move {
            assert_eq!(outcomes(desk.receive(&arrival).await.unwrap()), [Outcome::Joined { ticket: 1 }]);
        });
        let (desk, admin) = (world.desk.clone(), world.admin());
        let state = if n % 2 == 0 { State::Pending } else { State::Solved };
        let tags = Some([format!("tag {n}")].into());
        let change = TicketChange { state: Some(state), tags, ..TicketChange::default() };
        tasks.spawn(async move {
            desk.change_ticket(&admin, 1, &change, None, at(1)).await.unwrap();
        });
    }
    tasks.join_all().await;
    let ticket = world.desk.ticket(&world.admin(), 1).unwrap().ticket;
    assert_eq!(ticket.record.message_count, 7);
    assert_eq!(world.desk.messages(&world.admin(), 1, None, 50).unwrap().items.len(), 7);
    for state in State::ALL {
        let filter = TicketFilter { states: vec![state], ..TicketFilter::default() };
        let query = TicketQuery { filter, limit: 50, ..TicketQuery::default() };
        let expected = usize::from(state == ticket.record.state);
        assert_eq!(world.desk.tickets(&world.admin(), &query).unwrap().items.len(), expected, "{state:?}");
    }
}

/// zammad#5716 at its worst: all who name the unseen mail come at the same moment.
#[tokio::test(flavor = "multi_thread")]
async fn case_3_mails_that_name_one_unseen_mail_at_once_are_one_ticket() {
    let world = World::new().await;
    let mut tasks = JoinSet::new();
    for n in 0..12 {
        let (desk, arrival) = (world.desk.clone(), world.arrival(&answer(n, "unseen"), &[&world.support]));
        tasks.spawn(async move { outcomes(desk.receive(&arrival).await.unwrap()) });
    }
    let mut received: Vec<Outcome> = tasks.join_all().await.into_iter().flatten().collect();
    received.retain(|outcome| *outcome != Outcome::Joined { ticket: 1 });
    assert_eq!(received, [Outcome::Created { ticket: 1 }]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_in_quarantine_is_released_once_whoever_tries() {
    let world = World::new().await;
    world.desk.accounts().set_policy(world.acme, VerdictPolicy::Quarantine, Vec::new()).await.unwrap();
    let raw = mail("bia@customer.example", "1@customer.example", "Hello", "");
    let mut arrival = world.arrival(&raw, &[&world.support]);
    arrival.verdicts = forged("customer.example", DmarcPolicy::None);
    world.desk.receive(&arrival).await.unwrap();
    let mut tasks = JoinSet::new();
    for n in 0..8 {
        let (desk, admin) = (world.desk.clone(), world.admin());
        tasks.spawn(async move { desk.release(&admin, 1, at(n)).await });
    }
    let results = tasks.join_all().await;
    assert_eq!(results.iter().filter(|result| matches!(result, Ok(1))).count(), 1, "{results:?}");
    assert_eq!(results.iter().filter(|result| matches!(result, Err(Error::NotFound(_)))).count(), 7);
}
