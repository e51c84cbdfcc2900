//! Mail becomes tickets: once, whole, whatever it looks like.

use std::io::Read;

use super::world::{World, at, mail, outcomes};
use crate::{ContactSearch, EventKind, Log, Outcome, State, TicketQuery};

#[tokio::test]
async fn promise_1_a_mail_that_was_received_stands_there_as_a_ticket() {
    let world = World::new().await;
    let raw = mail("Bia <bia@customer.example>", "1@customer.example", "Fire", "");
    let arrival = world.arrival(&raw, &[&world.support]);
    let received = outcomes(world.desk.receive(&arrival).await.unwrap());
    assert_eq!(received, [Outcome::Created { ticket: 1 }]);

    let actor = world.admin();
    let ticket = world.desk.ticket(&actor, 1).unwrap().ticket;
    assert_eq!(ticket.record.subject, "Fire");
    assert_eq!(ticket.record.state, State::New);
    let messages = world.desk.messages(&actor, 1, None, 50).unwrap().items;
    assert_eq!(messages.len(), 1);
    let mut bytes = Vec::new();
    world.desk.raw(&actor, &messages[0]).unwrap().read_to_end(&mut bytes).unwrap();
    assert_eq!(bytes, raw.replace('\n', "\r\n").as_bytes(), "the raw mail is what came");
    let texts = world.desk.texts(&actor, &messages[0]).unwrap();
    assert!(texts.text.contains("the printer"), "{texts:?}");
}

#[tokio::test]
async fn numbers_count_from_one_in_each_organisation() {
    let world = World::new().await;
    for n in 1..=3 {
        let raw = mail("bia@customer.example", &format!("{n}@customer.example"), "Hello", "");
        assert_eq!(world.receive(&raw, &[&world.support]).await, [Outcome::Created { ticket: n }]);
    }
    let raw = mail("bia@customer.example", "4@customer.example", "Hello", "");
    assert_eq!(world.receive(&raw, &[&world.elsewhere]).await, [Outcome::Created { ticket: 1 }]);
}

#[tokio::test]
async fn one_transaction_to_two_organisations_is_one_ticket_each() {
    let world = World::new().await;
    let raw = mail("bia@customer.example", "1@customer.example", "Both", "");
    let received = world.receive(&raw, &[&world.elsewhere, &world.support]).await;
    assert_eq!(received, [Outcome::Created { ticket: 1 }, Outcome::Created { ticket: 1 }]);
}

/// freescout#480, osTicket#866: one mail to two teams; each sees its own ticket, and that there is another.
#[tokio::test]
async fn case_8_one_mail_to_two_teams_is_a_ticket_for_each_and_they_are_linked() {
    let world = World::new().await;
    let raw = mail("bia@customer.example", "1@customer.example", "Invoice", "");
    let received = world.receive(&raw, &[&world.support, &world.billing]).await;
    assert_eq!(received, [Outcome::Created { ticket: 1 }, Outcome::Created { ticket: 2 }]);
    assert_eq!(world.desk.ticket(&world.admin(), 1).unwrap().linked, [2]);
    let agent = world.billing_agent().await;
    let seen = world.desk.tickets(&agent, &TicketQuery { limit: 50, ..TicketQuery::default() }).unwrap();
    assert_eq!(seen.items.iter().map(|ticket| ticket.number).collect::<Vec<_>>(), [2]);
    assert!(world.desk.ticket(&agent, 2).unwrap().linked.is_empty(), "no word of what they may not see");
}

#[tokio::test]
async fn promise_1_a_mail_that_comes_again_is_recognised() {
    let world = World::new().await;
    let raw = mail("bia@customer.example", "1@customer.example", "Fire", "");
    world.receive(&raw, &[&world.support]).await;
    assert_eq!(world.receive(&raw, &[&world.support]).await, [Outcome::Duplicate { ticket: Some(1) }]);
    let relayed = format!("Received: from elsewhere by relay.example\n{raw}");
    assert_eq!(world.receive(&relayed, &[&world.support]).await, [Outcome::Duplicate { ticket: Some(1) }]);
    assert_eq!(world.desk.messages(&world.admin(), 1, None, 50).unwrap().items.len(), 1);
    assert_eq!(
        world.receive(&raw, &[&world.billing]).await,
        [Outcome::Created { ticket: 2 }],
        "another channel has not had it yet"
    );
}

/// freescout#5591: a parcel service uses one Message-ID for all its mails.
#[tokio::test]
async fn case_6_one_message_id_on_different_mails_loses_none() {
    let world = World::new().await;
    let first = mail("dhl@customer.example", "same@customer.example", "Parcel 1", "");
    let second = mail("dhl@customer.example", "same@customer.example", "Parcel 2", "");
    assert_eq!(world.receive(&first, &[&world.support]).await, [Outcome::Created { ticket: 1 }]);
    assert_eq!(world.receive(&second, &[&world.support]).await, [Outcome::Created { ticket: 2 }]);
}

#[tokio::test]
async fn mail_without_a_message_id_is_never_taken_for_another_nor_kept_twice() {
    let world = World::new().await;
    let one = "From: a@customer.example\nSubject: x\n\none\n";
    let two = "From: a@customer.example\nSubject: x\nMessage-ID: <>\n\ntwo\n";
    assert_eq!(world.receive(one, &[&world.support]).await, [Outcome::Created { ticket: 1 }]);
    assert_eq!(world.receive(two, &[&world.support]).await, [Outcome::Created { ticket: 2 }]);
    assert_eq!(world.receive(one, &[&world.support]).await, [Outcome::Duplicate { ticket: Some(1) }]);
    let case = mail("a@customer.example", "Id@customer.example", "x", "");
    let other_case = mail("a@customer.example", "iD@customer.example", "x", "");
    assert_eq!(world.receive(&case, &[&world.support]).await, [Outcome::Created { ticket: 3 }]);
    assert_eq!(world.receive(&other_case, &[&world.support]).await, [Outcome::Created { ticket: 4 }]);
}

/// zammad#3066, zammad#811: senders that are no addresses.
#[tokio::test]
async fn case_24_a_mail_with_an_absurd_sender_is_a_ticket_without_a_requester() {
    let world = World::new().await;
    for (n, from) in ["From: Fabian <a@b", "From: <\"\"@x.br>", "From:", "X-Nothing: here", "From: \u{1}"]
        .iter()
        .enumerate()
    {
        let raw = format!("{from}\nSubject: {n}\n\nhello\n");
        let received = world.receive(&raw, &[&world.support]).await;
        let [Outcome::Created { ticket }] = received[..] else { panic!("{from}: {received:?}") };
        let detail = world.desk.ticket(&world.admin(), ticket).unwrap();
        assert_eq!(detail.ticket.requester, 0, "{from}");
    }
}

/// zammad#2754 and its kin: what cannot be parsed is kept, and the next mail is served.
#[tokio::test]
async fn case_21_what_does_not_parse_is_a_ticket_with_its_raw_octets() {
    let world = World::new().await;
    let broken = "\u{0}\u{1}\u{2} this is no mail at all";
    let received = world.receive(broken, &[&world.support]).await;
    assert_eq!(received, [Outcome::Created { ticket: 1 }]);
    let message = world.desk.messages(&world.admin(), 1, None, 1).unwrap().items.remove(0);
    let mut bytes = Vec::new();
    world.desk.raw(&world.admin(), &message).unwrap().read_to_end(&mut bytes).unwrap();
    assert_eq!(bytes, broken.as_bytes());
    assert_eq!(
        world.receive("", &[&world.support]).await,
        [Outcome::Created { ticket: 2 }],
        "nor an empty one"
    );
}

#[tokio::test]
async fn what_happened_is_in_the_log_in_ids_alone() {
    let world = World::new().await;
    let raw = mail("bia@customer.example", "1@customer.example", "Secret subject", "");
    world.receive(&raw, &[&world.billing]).await;
    let Log::Events { events, cursor } = world.desk.events(&world.admin(), 0).unwrap() else {
        panic!("resync")
    };
    assert_eq!(cursor, 1);
    assert_eq!((events[0].ticket, events[0].message), (Some(1), Some(1)));
    assert_eq!(events[0].event.kind, EventKind::TicketCreated);
    assert_eq!(events[0].event.team, Some(world.billing_team));
    assert_eq!(events[0].event.at, at(0));
    let stored = world.store.of(world.acme).events(0, 10).unwrap().remove(0).value;
    assert!(!String::from_utf8_lossy(&stored).contains("Secret"));
}

#[tokio::test]
async fn many_mails_at_once_are_each_one_ticket() {
    let world = World::new().await;
    let mut raws = Vec::new();
    for n in 0..40 {
        // Half of them copies: a sender that lost its 250.
        let id = format!("{}@customer.example", n / 2);
        raws.push(mail("bia@customer.example", &id, "Hello", ""));
    }
    let arrivals: Vec<_> = raws.iter().map(|raw| world.arrival(raw, &[&world.support])).collect();
    let mut tasks = tokio::task::JoinSet::new();
    for arrival in arrivals {
        let desk = world.desk.clone();
        tasks.spawn(async move { outcomes(desk.receive(&arrival).await.unwrap()) });
    }
    let received: Vec<Outcome> = tasks.join_all().await.into_iter().flatten().collect();
    let created = received.iter().filter(|outcome| matches!(outcome, Outcome::Created { .. })).count();
    assert_eq!((created, received.len()), (20, 40));
    let page = world.desk.tickets(&world.admin(), &TicketQuery { limit: 100, ..TicketQuery::default() });
    let mut numbers: Vec<u64> = page.unwrap().items.iter().map(|ticket| ticket.number).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=20).collect::<Vec<_>>(), "no number is skipped or given twice");
    assert_eq!(
        world.desk.contacts(&world.admin(), &ContactSearch::default(), None, 50).unwrap().items.len(),
        1,
        "one sender, one contact"
    );
}

/// A large mail may have many texts; whoever looks at it gets the beginning, and the rest is in the raw mail.
#[tokio::test]
async fn promise_9_the_texts_of_a_message_are_bounded_all_together() {
    let world = World::new().await;
    let part = format!("--b\nContent-Type: text/plain\n\n{}\n", "1234567\n".repeat(100_000));
    let head = "From: bia@customer.example\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n";
    let raw = format!("{head}{}--b--\n", part.repeat(4));
    world.receive(&raw, &[&world.support]).await;
    let message = world.desk.message(&world.admin(), 1).unwrap();
    assert_eq!(message.record.content.body.text_parts.len(), 4);
    let text = world.desk.texts(&world.admin(), &message).unwrap().text;
    let (beginning, bound) = (1 << 20, (2 << 20) + "between the parts".len());
    assert!((beginning..bound).contains(&text.len()), "{}", text.len());
}
