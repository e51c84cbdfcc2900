//! What becomes of the ticket when somebody writes.

use guichet_accounts::{TeamId, Who};
use guichet_store::{Options, Store};

use super::world::{World, at, mail};
use super::writing_letters::{address_of, asked, into_ticket, new_mail, people, reply};
use crate::{
    ContactId, Error, EventKind, Log, LoggedEvent, MessageKind, State, Target, Ticket, TicketChange,
    TicketFilter, TicketQuery, Writing, WritingKind,
};

fn ticket(world: &World, number: u64) -> Ticket {
    world.desk.ticket(&world.admin(), number).unwrap().ticket.record
}

fn last_event(world: &World) -> LoggedEvent {
    match world.desk.events(&world.admin(), 0).unwrap() {
        Log::Events { mut events, .. } => events.pop().unwrap(),
        Log::Resync { .. } => panic!("nothing was trimmed"),
    }
}

#[tokio::test]
async fn an_answer_leaves_the_ticket_waiting_and_brings_its_recipients_in() {
    let world = asked("").await;
    let cc = Some(people(&["eva@partner.example", "billing@acme.example"]));
    let written = world.write(Writing { cc, ..reply() }, 7).await;
    let record = ticket(&world, 1);
    assert_eq!((record.state, record.message_count, record.updated), (State::Pending, 2, at(7)));
    assert_eq!(world.participants(1), ["bia@customer.example", "eva@partner.example"]);
    let event = last_event(&world);
    assert_eq!(
        (event.event.kind, event.ticket, event.message),
        (EventKind::MessageSent, Some(1), Some(written.message))
    );
    assert_eq!((event.sequence, event.event.who), (written.activity, Who::System));
    let listed =
        world.desk.tickets(&world.admin(), &TicketQuery { limit: 9, ..TicketQuery::default() }).unwrap();
    assert_eq!(listed.items.len(), 1, "one row in each list");
}

#[tokio::test]
async fn the_state_can_be_given_and_a_forward_leaves_it() {
    let world = asked("").await;
    let forward =
        Writing { to: Some(people(&["eva@partner.example"])), ..into_ticket(1, WritingKind::Forward) };
    world.write(forward, 1).await;
    assert_eq!(ticket(&world, 1).state, State::New);
    world.write(Writing { state: Some(State::Solved), ..reply() }, 2).await;
    assert_eq!(ticket(&world, 1).state, State::Solved);
}

#[tokio::test]
async fn a_note_is_kept_with_its_files_and_never_sent() {
    let world = asked("").await;
    let agent = world.billing_agent().await;
    let agent = guichet_accounts::Actor { sight: guichet_accounts::Sight::All, ..agent };
    let note = Writing { text: "*Careful*, she is angry.".to_owned(), ..into_ticket(1, WritingKind::Note) };
    let written = world.desk.write(&agent, note, None, None, at(1)).await.unwrap();
    let message = world.stored(written.message);
    assert_eq!((message.record.kind(), written.deliveries.len()), (MessageKind::Note, 0));
    assert_eq!(message.record.written.as_ref().unwrap().author, agent.who);
    assert_eq!(message.record.content.from[0].name.as_deref(), Some("Ana"));
    let texts = world.desk.texts(&world.admin(), &message).unwrap();
    assert_eq!((texts.text.trim_end(), texts.html), ("*Careful*, she is angry.", None));
    assert_eq!((ticket(&world, 1).state, last_event(&world).event.kind), (State::New, EventKind::NoteAdded));
    assert!(world.desk.due(None, at(9_999), 9).unwrap().is_empty());
    assert_eq!(world.participants(1), ["bia@customer.example"]);
}

#[tokio::test]
async fn a_new_mail_is_a_ticket_whose_requester_is_whom_it_goes_to() {
    let world = World::new().await;
    let channel = world.channel_id("billing@acme.example");
    let mail = new_mail(channel, &["Eva Lind <Eva@customer.example>", "joe@customer.example"]);
    let written = world.write(mail.clone(), 1).await;
    let stored = world.desk.ticket(&world.admin(), written.ticket).unwrap().ticket;
    assert_eq!((stored.record.state, stored.record.team), (State::Pending, Some(world.billing_team)));
    assert_eq!((stored.record.subject.as_str(), stored.activity), ("Your order", written.activity));
    assert_eq!(world.participants(written.ticket), ["eva@customer.example", "joe@customer.example"]);
    let contact = world.desk.contact(&world.admin(), ContactId(stored.requester)).unwrap().record;
    assert_eq!(
        (contact.address.to_string().as_str(), contact.name.as_deref()),
        ("Eva@customer.example", Some("Eva Lind"))
    );
    assert_eq!(last_event(&world).event.kind, EventKind::TicketCreated);
    let again = world.write(mail, 2).await;
    let again = world.desk.ticket(&world.admin(), again.ticket).unwrap().ticket;
    assert_eq!((again.number, again.requester), (written.ticket + 1, stored.requester), "one contact");
}

#[tokio::test]
async fn the_answer_to_a_mail_of_ours_joins_its_ticket() {
    let world = World::new().await;
    let channel = world.channel_id("support@acme.example");
    let written = world.write(new_mail(channel, &["bia@customer.example"]), 1).await;
    let id = world.field(written.message, "Message-ID").unwrap();
    let raw =
        mail("bia@customer.example", "1@customer.example", "Re: Your order", &format!("References: {id}\n"));
    let outcomes = world.receive(&raw, &[&world.support]).await;
    assert_eq!(outcomes, [crate::Outcome::Joined { ticket: written.ticket }]);
    assert_eq!(ticket(&world, written.ticket).state, State::Open);
}

/// Promise 7: who does not see a ticket can't write into it, nor use a channel, team or message that is not theirs.
#[tokio::test]
async fn promise_7_nobody_writes_where_they_see_nothing() {
    let world = asked("").await;
    let agent = world.billing_agent().await;
    let support = world.channel_id("support@acme.example");
    let other_team = world.desk.accounts().create_team(world.acme, "Law").await.unwrap().id;
    let law = guichet_accounts::NewChannel {
        address: address_of("law@acme.example"),
        name: "Law".to_owned(),
        team: Some(other_team),
    };
    let law = world.desk.accounts().create_channel(world.acme, law).await.unwrap().id;
    let to_law = |team: Option<TeamId>| Target::New { channel: law, subject: "x".to_owned(), team };
    let hidden = [
        reply(),
        into_ticket(1, WritingKind::Note),
        Writing { target: to_law(None), ..new_mail(law, &["a@b.example"]) },
        Writing { target: to_law(Some(world.billing_team)), ..new_mail(law, &["a@b.example"]) },
        Writing {
            target: Target::New { channel: support, subject: "x".to_owned(), team: Some(other_team) },
            ..new_mail(support, &["a@b.example"])
        },
    ];
    for writing in hidden {
        let refused = world.desk.write(&agent, writing, None, None, at(1)).await;
        assert!(matches!(refused, Err(Error::NotFound(_))), "{refused:?}");
    }
    let unseen = world.desk.write(&agent, new_mail(support, &["a@b.example"]), None, None, at(1)).await;
    assert!(matches!(unseen, Err(Error::Invalid(_))), "of no team, so nobody but an admin would see it");
    let target = Target::New { channel: support, subject: "x".to_owned(), team: Some(world.billing_team) };
    let own = Writing { target, ..new_mail(support, &["a@b.example"]) };
    assert!(world.desk.write(&agent, own, None, None, at(1)).await.is_ok());

    let elsewhere = guichet_accounts::Actor::system(world.other);
    let foreign = world.desk.write(&elsewhere, reply(), None, None, at(2)).await;
    assert!(matches!(foreign, Err(Error::NotFound(_))));
    let target = Target::Ticket { number: 2, kind: WritingKind::Reply, answers: Some(1) };
    let of_another = world.desk.write(&agent, Writing { target, ..reply() }, None, None, at(2)).await;
    assert!(matches!(of_another, Err(Error::NotFound("message"))), "a message of another ticket");
}

#[tokio::test]
async fn a_ticket_that_moved_to_another_team_is_answered_from_where_it_was_written_to() {
    let world = World::new().await;
    let law = world.desk.accounts().create_team(world.acme, "Law").await.unwrap().id;
    let recipient = world.channel("law@acme.example", Some(law)).await;
    world.receive(&mail("bia@customer.example", "1@customer.example", "Hi", ""), &[&recipient]).await;
    let moved = TicketChange { team: Some(Some(world.billing_team)), ..TicketChange::default() };
    world.desk.change_ticket(&world.admin(), 1, &moved, None, at(1)).await.unwrap();
    let agent = world.billing_agent().await;
    let written = world.desk.write(&agent, reply(), None, None, at(2)).await.unwrap();
    assert!(world.field(written.message, "From").unwrap().ends_with("<law@acme.example>"));
}

/// Promise 4: an answer is no way in for one who got hold of a reply address.
#[tokio::test]
async fn promise_4_a_stranger_whose_mail_is_marked_is_answered_only_when_named() {
    let world = asked("").await;
    let first = world.write(reply(), 1).await.message;
    let reply_to = world.field(first, "Reply-To").unwrap();
    let address = address_of(reply_to.split_once('<').unwrap().1.trim_end_matches('>'));
    let route = world.desk.accounts().route(address.local(), address.domain().as_str()).unwrap();
    let to = world.desk.recipient(route, address.to_string()).unwrap().unwrap();
    let raw = mail("eve@evil.example", "9@evil.example", "Re: Invoice", "");
    world.receive(&raw, &[&to]).await;
    assert!(world.stored(3).record.marked);
    let second = world.write(reply(), 2).await.message;
    assert_eq!(world.delivered_to(second), ["bia@customer.example"]);
    assert!(!world.participants(1).contains(&"eve@evil.example".to_owned()));
    world.desk.agree(&world.admin(), 1, &address_of("eve@evil.example"), at(3)).await.unwrap();
    assert_eq!(world.delivered_to(world.write(reply(), 4).await.message), ["eve@evil.example"]);
}

#[tokio::test]
async fn what_needs_attention_is_listed_until_somebody_answers() {
    let world = asked("").await;
    world.receive(&mail("joe@customer.example", "2@customer.example", "Hi", ""), &[&world.billing]).await;
    let agent = world.billing_agent().await;
    let listed = |actor: &guichet_accounts::Actor, attention: bool| -> Vec<u64> {
        let filter = TicketFilter { attention: Some(attention), ..TicketFilter::default() };
        let page = world.desk.tickets(actor, &TicketQuery { filter, limit: 9, ..TicketQuery::default() });
        page.unwrap().items.into_iter().map(|ticket| ticket.number).collect()
    };
    let look = |attention| TicketChange { attention: Some(attention), ..TicketChange::default() };
    for number in [1, 2] {
        world.desk.change_ticket(&world.admin(), number, &look(true), None, at(1)).await.unwrap();
    }
    assert_eq!((listed(&world.admin(), true), listed(&agent, true)), (vec![2, 1], vec![2]));
    let trash = TicketChange { state: Some(State::Trash), ..TicketChange::default() };
    world.desk.change_ticket(&world.admin(), 2, &trash, None, at(2)).await.unwrap();
    assert_eq!(listed(&agent, true), [2], "in the trash it is seen as well");
    world.desk.change_ticket(&world.admin(), 2, &look(false), None, at(3)).await.unwrap();
    world.write(into_ticket(1, WritingKind::Note), 4).await;
    assert_eq!(listed(&world.admin(), true), [1], "a note answers nobody");
    world.write(reply(), 5).await;
    assert_eq!((listed(&world.admin(), true), listed(&world.admin(), false)), (vec![], vec![1]));
}

#[tokio::test]
async fn an_agent_lets_somebody_take_part() {
    let world = asked("").await;
    let joe = address_of("Joe@customer.example");
    let agreed = world.desk.agree(&world.admin(), 1, &joe, at(1)).await.unwrap();
    assert!(agreed.record.participants.contains("joe@customer.example"));
    let raw = mail(
        "joe@customer.example",
        "9@customer.example",
        "Re: Invoice",
        "References: <1@customer.example>\n",
    );
    assert_eq!(world.receive(&raw, &[&world.support]).await, [crate::Outcome::Joined { ticket: 1 }]);
    let ours = world.desk.agree(&world.admin(), 1, &address_of("billing@acme.example"), at(2)).await;
    assert!(matches!(ours, Err(Error::Invalid(_))));
    let unseen = world.desk.agree(&world.billing_agent().await, 1, &joe, at(3)).await;
    assert!(matches!(unseen, Err(Error::NotFound(_))));
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_1_with_a_full_disk_nothing_is_written_and_nothing_sent() {
    let folder = tempfile::tempdir().unwrap();
    let options = Options { disk_reserve_bytes_min: 0, ..Options::default() };
    let world = World::over(Store::open(folder.path(), &options).unwrap()).await;
    world.receive(&mail("bia@customer.example", "1@customer.example", "Hi", ""), &[&world.support]).await;
    let World { desk, store, acme, .. } = world;
    let head = store.of(acme).events_head().unwrap();
    drop(desk);
    store.close().await;
    drop(store);

    let full = Options { disk_reserve_bytes_min: u64::MAX, ..options };
    let store = Store::open(folder.path(), &full).unwrap();
    let desk = super::world::desk_over(store.clone());
    let admin = guichet_accounts::Actor::system(acme);
    for writing in [reply(), into_ticket(1, WritingKind::Note)] {
        let refused = desk.write(&admin, writing, None, None, at(1)).await;
        assert!(matches!(refused, Err(Error::Full)), "{refused:?}");
    }
    assert!(matches!(desk.upload_writer(), Err(Error::Full)));
    assert_eq!(store.of(acme).events_head().unwrap(), head);
    assert!(desk.due(None, at(9_999), 9).unwrap().is_empty());
}
