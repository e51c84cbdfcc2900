//! Answers that meet other messages and each other.

use tokio::task::JoinSet;

use super::world::{World, at, mail};
use super::writing_letters::{asked, into_ticket, reply};
use crate::{Error, State, TicketChange, Writing, WritingKind, WrittenMessage};

async fn write_expecting(world: &World, expected: u64, second: i64) -> Result<WrittenMessage, Error> {
    world.desk.write(&world.admin(), reply(), Some(expected), None, at(second)).await
}

fn activity(world: &World) -> u64 {
    world.desk.ticket(&world.admin(), 1).unwrap().ticket.activity
}

async fn customer_writes(world: &World, id: &str) {
    let raw = mail("bia@customer.example", id, "Re: Invoice", "In-Reply-To: <1@customer.example>\n");
    world.receive(&raw, &[&world.support]).await;
}

#[tokio::test]
async fn an_answer_to_what_was_read_is_written_and_one_that_a_mail_overtook_is_not() {
    let world = asked("").await;
    let read = activity(&world);
    customer_writes(&world, "2@customer.example").await;
    let overtaken = write_expecting(&world, read, 1).await;
    assert!(matches!(overtaken, Err(Error::Changed("ticket"))), "{overtaken:?}");
    assert!(write_expecting(&world, activity(&world), 2).await.is_ok());
}

#[tokio::test]
async fn changes_and_ones_own_messages_do_not_hinder_an_answer() {
    let world = asked("").await;
    let read = activity(&world);
    let change = TicketChange { state: Some(State::Open), ..TicketChange::default() };
    world.desk.change_ticket(&world.somebody(9), 1, &change, None, at(1)).await.unwrap();
    world.write(into_ticket(1, WritingKind::Note), 2).await;
    world.receive(&mail("joe@customer.example", "7@customer.example", "Else", ""), &[&world.support]).await;
    assert!(write_expecting(&world, read, 3).await.is_ok());
}

#[tokio::test]
async fn a_colleagues_answer_hinders_and_a_colleagues_note_too() {
    for (kind, second) in [(WritingKind::Reply, 1), (WritingKind::Note, 2)] {
        let world = asked("").await;
        let read = activity(&world);
        let colleague = world.billing_agent().await;
        let colleague = guichet_accounts::Actor { sight: guichet_accounts::Sight::All, ..colleague };
        world.desk.write(&colleague, into_ticket(1, kind), None, None, at(second)).await.unwrap();
        assert!(matches!(write_expecting(&world, read, 3).await, Err(Error::Changed(_))), "{kind:?}");
    }
}

#[tokio::test]
async fn where_the_log_no_longer_tells_the_ticket_is_to_be_read_again() {
    let world = asked("").await;
    let read = activity(&world);
    let change = TicketChange { state: Some(State::Open), ..TicketChange::default() };
    world.desk.change_ticket(&world.admin(), 1, &change, None, at(1)).await.unwrap();
    let now = activity(&world);
    world.store.of(world.acme).trim_events(now + 1).await.unwrap();
    assert!(matches!(write_expecting(&world, read, 2).await, Err(Error::Changed(_))));
    assert!(
        matches!(write_expecting(&world, now + 1, 2).await, Err(Error::Changed(_))),
        "a version that never was"
    );
    assert!(write_expecting(&world, now, 2).await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_answers_to_one_reading_one_is_written() {
    let world = asked("").await;
    let read = activity(&world);
    let mut tasks = JoinSet::new();
    for person in 1..=6 {
        let (desk, actor) = (world.desk.clone(), world.somebody(person));
        tasks.spawn(async move { desk.write(&actor, reply(), Some(read), None, at(1)).await });
    }
    let results = tasks.join_all().await;
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1, "{results:?}");
    assert!(results.iter().all(|result| matches!(result, Ok(_) | Err(Error::Changed(_)))), "{results:?}");
    assert_eq!(world.desk.due(None, at(9), 99).unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_and_mails_at_once_lose_nothing() {
    let world = asked("").await;
    let mut tasks = JoinSet::new();
    for n in 0..5 {
        let (desk, admin) = (world.desk.clone(), world.admin());
        let writing = Writing { state: Some(State::Solved), ..reply() };
        tasks.spawn(async move { desk.write(&admin, writing, None, None, at(n)).await.map(|_| ()) });
        let raw = mail(
            "bia@customer.example",
            &format!("r{n}@customer.example"),
            "Re: Invoice",
            "In-Reply-To: <1@customer.example>\n",
        );
        let (desk, arrival) = (world.desk.clone(), world.arrival(&raw, &[&world.support]));
        tasks.spawn(async move { desk.receive(&arrival).await.map(|_| ()) });
    }
    assert!(tasks.join_all().await.iter().all(Result::is_ok));
    let ticket = world.desk.ticket(&world.admin(), 1).unwrap().ticket;
    assert_eq!(ticket.record.message_count, 11);
    assert_eq!(world.desk.messages(&world.admin(), 1, None, 50).unwrap().items.len(), 11);
    assert_eq!(world.desk.due(None, at(99), 99).unwrap().len(), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_7_whoever_is_named_while_the_ticket_moves_away_does_not_watch_it_there() {
    for _ in 0..8 {
        let world = asked("").await;
        let agent = world.billing_agent().await;
        let guichet_accounts::Who::Person(named) = agent.who else { panic!("an agent is a person") };
        let move_to = |team| TicketChange { team: Some(team), ..TicketChange::default() };
        let to_billing = move_to(Some(world.billing_team));
        world.desk.change_ticket(&world.admin(), 1, &to_billing, None, at(1)).await.unwrap();
        let mut tasks = JoinSet::new();
        let (desk, admin) = (world.desk.clone(), world.admin());
        let note = Writing { mentions: vec![named], ..into_ticket(1, WritingKind::Note) };
        tasks.spawn(async move { desk.write(&admin, note, None, None, at(2)).await.map(drop) });
        let (desk, admin, away) = (world.desk.clone(), world.admin(), move_to(None));
        tasks.spawn(async move { desk.change_ticket(&admin, 1, &away, None, at(2)).await.map(drop) });
        let results = tasks.join_all().await;
        let refused = |result: &Result<(), Error>| matches!(result, Err(Error::Invalid(_)));
        assert!(results.iter().all(|result| result.is_ok() || refused(result)), "{results:?}");
        let ticket = world.desk.ticket(&world.admin(), 1).unwrap().ticket.record;
        assert_eq!((ticket.team, ticket.watchers.len()), (None, 0));
    }
}
