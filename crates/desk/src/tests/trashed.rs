//! Spam and trash, and the way back.

use super::world::{at, mail};
use super::writing_letters::asked;
use crate::{State, StoredTicket, TicketChange};

async fn put(world: &super::world::World, state: State, second: i64) -> StoredTicket {
    let change = TicketChange { state: Some(state), ..TicketChange::default() };
    world.desk.change_ticket(&world.admin(), 1, &change, None, at(second)).await.unwrap()
}

#[tokio::test]
async fn a_ticket_comes_back_from_where_it_was_put_to_what_it_was() {
    for before in State::SHOWN {
        let world = asked("").await;
        let admin = world.admin();
        put(&world, before, 1).await;
        assert_eq!(put(&world, State::Trash, 2).await.record.state_before, Some(before));
        let same = world.desk.not_spam(&admin, 1, at(3)).await.unwrap();
        assert_eq!(same.record.state, State::Trash, "it is no spam");
        let back = world.desk.restore_ticket(&admin, 1, at(4)).await.unwrap().record;
        assert_eq!((back.state, back.state_before), (before, None));
        put(&world, State::Spam, 5).await;
        let back = world.desk.not_spam(&admin, 1, at(6)).await.unwrap();
        assert_eq!(back.record.state, before);
        let again = world.desk.not_spam(&admin, 1, at(7)).await.unwrap();
        assert_eq!(again.activity, back.activity, "once is enough");
    }
}

#[tokio::test]
async fn spam_that_was_thrown_away_comes_back_as_what_it_was_before() {
    let world = asked("").await;
    put(&world, State::Pending, 1).await;
    put(&world, State::Spam, 2).await;
    put(&world, State::Trash, 3).await;
    let back = world.desk.restore_ticket(&world.admin(), 1, at(4)).await.unwrap();
    assert_eq!(back.record.state, State::Pending);
}

#[tokio::test]
async fn mail_to_what_was_put_away_stays_there_asks_for_a_look_and_opens_what_comes_back() {
    for away in [State::Spam, State::Trash] {
        let world = asked("").await;
        put(&world, State::Solved, 1).await;
        put(&world, away, 2).await;
        let raw = mail(
            "bia@customer.example",
            "2@customer.example",
            "Re: Invoice",
            "In-Reply-To: <1@customer.example>\n",
        );
        world.receive(&raw, &[&world.support]).await;
        let ticket = world.desk.ticket(&world.admin(), 1).unwrap().ticket.record;
        assert_eq!((ticket.state, ticket.attention, ticket.message_count), (away, true, 2));
        let admin = world.admin();
        let back = match away {
            State::Spam => world.desk.not_spam(&admin, 1, at(4)).await,
            _ => world.desk.restore_ticket(&admin, 1, at(4)).await,
        };
        assert_eq!(back.unwrap().record.state, State::Open, "{away:?}");
    }
}

#[tokio::test]
async fn what_is_taken_out_by_hand_forgets_where_it_was() {
    let world = asked("").await;
    put(&world, State::Trash, 1).await;
    let open = put(&world, State::Open, 2).await.record;
    assert_eq!((open.state, open.state_before), (State::Open, None));
}
