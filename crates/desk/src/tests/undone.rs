//! What becomes of a ticket when the answer to it is taken back.

use super::world::{World, at, mail};
use super::writing_letters::{asked, into_ticket, people, reply};
use crate::{Hold, State, Ticket, TicketChange, TicketFilter, TicketQuery, Writing, WritingKind};

fn held() -> Writing {
    Writing { hold: Hold::Undo(60), ..reply() }
}

fn ticket(world: &World) -> Ticket {
    world.desk.ticket(&world.admin(), 1).unwrap().ticket.record
}

async fn change(world: &World, change: TicketChange) {
    world.desk.change_ticket(&world.admin(), 1, &change, None, at(1)).await.unwrap();
}

fn listed(world: &World, state: State) -> usize {
    let filter = TicketFilter { states: vec![state], ..TicketFilter::default() };
    let query = TicketQuery { filter, limit: 9, ..TicketQuery::default() };
    world.desk.tickets(&world.admin(), &query).unwrap().items.len()
}

async fn undo(world: &World, message: u64) -> usize {
    world.desk.cancel_held(&world.admin(), message, at(9)).await.unwrap()
}

async fn customer_writes(world: &World, id: &str) {
    let raw =
        mail("Bia Souza <bia@customer.example>", id, "Invoice", "In-Reply-To: <1@customer.example>\r\n");
    world.receive(&raw, &[&world.support]).await;
    assert_eq!(world.desk.ticket(&world.admin(), 1).unwrap().ticket.record.subject, "Invoice");
}

#[tokio::test]
async fn a_ticket_whose_answer_is_taken_back_stands_as_before() {
    for state in [State::New, State::Open, State::Solved, State::Spam] {
        let world = asked("").await;
        change(&world, TicketChange { state: Some(state), attention: Some(true), ..Default::default() })
            .await;
        let before = ticket(&world);
        let cc = Some(people(&["eva@partner.example"]));
        let written = world.write(Writing { cc, ..held() }, 2).await;
        assert_eq!((ticket(&world).state, ticket(&world).attention), (State::Pending, false));
        assert_eq!(undo(&world, written.message).await, 2);
        let after = ticket(&world);
        let of = |ticket: &Ticket| (ticket.state, ticket.state_before, ticket.attention);
        assert_eq!(of(&after), of(&before));
        assert_eq!(listed(&world, state), 1, "in the list where it was");
    }
}

#[tokio::test]
async fn it_is_snoozed_again_unless_its_time_came() {
    for (until, expected) in [(at(100), Some(at(100))), (at(8), None)] {
        let world = asked("").await;
        world.desk.snooze(&world.admin(), 1, until, at(1)).await.unwrap();
        let written = world.write(held(), 2).await;
        assert_eq!(ticket(&world).snoozed_until, None);
        undo(&world, written.message).await;
        assert_eq!(ticket(&world).snoozed_until, expected);
        assert_eq!(world.desk.next_timer().unwrap(), expected);
    }
}

#[tokio::test]
async fn only_the_last_delivery_that_is_taken_back_counts() {
    let world = asked("").await;
    let cc = Some(people(&["eva@partner.example"]));
    let written = world.write(Writing { cc, ..held() }, 2).await;
    let [first, second] = written.deliveries.as_slice() else { panic!("two") };
    world.desk.cancel_delivery(&world.admin(), *second, at(3)).await.unwrap();
    assert_eq!(ticket(&world).state, State::Pending);
    world.desk.cancel_delivery(&world.admin(), *first, at(3)).await.unwrap();
    assert_eq!(ticket(&world).state, State::New);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_two_that_are_taken_back_at_once_one_is_the_last() {
    for _ in 0..20 {
        let world = asked("").await;
        let cc = Some(people(&["eva@partner.example"]));
        let written = world.write(Writing { cc, ..held() }, 2).await;
        let cancel = async |id| world.desk.cancel_delivery(&world.admin(), id, at(3)).await.unwrap();
        tokio::join!(cancel(written.deliveries[0]), cancel(written.deliveries[1]));
        assert_eq!(ticket(&world).state, State::New);
    }
}

#[tokio::test]
async fn what_happened_since_stays() {
    let world = asked("").await;
    let written = world.write(held(), 2).await;
    change(&world, TicketChange { state: Some(State::Closed), ..Default::default() }).await;
    undo(&world, written.message).await;
    assert_eq!(ticket(&world).state, State::Closed, "somebody closed it");

    let written = world.write(Writing { state: Some(State::Open), ..held() }, 3).await;
    customer_writes(&world, "2@customer.example").await;
    undo(&world, written.message).await;
    assert_eq!(ticket(&world).state, State::Open, "the customer wrote");

    let first = world.write(held(), 4).await;
    world.write(reply(), 5).await;
    undo(&world, first.message).await;
    assert_eq!(ticket(&world).state, State::Pending, "another answer is under way");
}

#[tokio::test]
async fn a_note_or_an_answer_taken_back_since_is_nothing() {
    let world = asked("").await;
    let first = world.write(held(), 2).await;
    world.write(into_ticket(1, WritingKind::Note), 3).await;
    let second = world.write(held(), 4).await;
    undo(&world, second.message).await;
    undo(&world, first.message).await;
    assert_eq!(ticket(&world).state, State::New);
}

#[tokio::test]
async fn of_two_answers_that_are_both_taken_back_the_order_does_not_matter() {
    let world = asked("").await;
    world.desk.snooze(&world.admin(), 1, at(100), at(1)).await.unwrap();
    let first = world.write(held(), 2).await;
    world.write(into_ticket(1, WritingKind::Note), 3).await;
    let second = world.write(held(), 4).await;
    undo(&world, first.message).await;
    assert_eq!(ticket(&world).state, State::Pending, "the other is under way");
    undo(&world, second.message).await;
    assert_eq!((ticket(&world).state, ticket(&world).snoozed_until), (State::New, Some(at(100))));
}
