//! Whom an answer goes to.

use super::world::{World, mail};
use super::writing_letters::{asked, into_ticket, new_mail, people, reply};
use crate::{Target, Writing, WritingKind};

fn reply_all() -> Writing {
    into_ticket(1, WritingKind::ReplyAll)
}

#[tokio::test]
async fn an_answer_goes_to_the_author_by_name() {
    let world = asked("Cc: joe@customer.example\n").await;
    let written = world.write(reply(), 1).await;
    assert_eq!(world.addressed(written.message), [vec!["bia@customer.example".to_owned()], vec![], vec![]]);
    assert_eq!(world.field(written.message, "To").unwrap(), "Bia Souza <bia@customer.example>");
    assert_eq!(world.field(written.message, "From").unwrap(), "x <support@acme.example>");
    assert_eq!(world.delivered_to(written.message), ["bia@customer.example"]);
}

#[tokio::test]
async fn an_answer_goes_where_the_author_wants_answers() {
    let world = asked("Reply-To: Desk of Bia <desk@customer.example>, other@customer.example\n").await;
    let written = world.write(reply(), 1).await;
    assert_eq!(world.addressed(written.message)[0], ["desk@customer.example", "other@customer.example"]);
}

#[tokio::test]
async fn a_reply_to_that_names_ourselves_is_passed_over() {
    let world = asked("Reply-To: Support <support+tag@acme.example>\n").await;
    let written = world.write(reply(), 1).await;
    assert_eq!(world.addressed(written.message)[0], ["bia@customer.example"]);
}

/// cases.md, "Reply-all with our address in Cc".
#[tokio::test]
async fn an_answer_to_all_leaves_our_own_addresses_and_doubles_out() {
    let world = World::new().await;
    let raw = "From: Bia <bia@customer.example>\n\
               To: Support@acme.example, Joe <joe@customer.example>, BIA@customer.example\n\
               Cc: billing+x@acme.example, Eva <eva@customer.example>, joe@customer.example, broken@\n\
               Subject: Invoice\nMessage-ID: <1@customer.example>\n\nHello.\n";
    world.receive(raw, &[&world.support]).await;
    let written = world.write(reply_all(), 1).await;
    let [to, cc, _] = world.addressed(written.message);
    assert_eq!(to, ["bia@customer.example", "joe@customer.example"]);
    assert_eq!(cc, ["eva@customer.example"]);
    assert_eq!(written.deliveries.len(), 3);
    assert_eq!(world.field(written.message, "Cc").unwrap(), "Eva <eva@customer.example>");
}

#[tokio::test]
async fn who_is_named_goes_before_who_is_suggested_and_nobody_gets_a_mail_twice() {
    let world = asked("Cc: joe@customer.example\n").await;
    let named = Writing {
        to: Some(people(&["eva@customer.example", "Eva@customer.example"])),
        bcc: Some(people(&["JOE@customer.example", "boss@acme.example"])),
        ..reply_all()
    };
    let written = world.write(named, 1).await;
    let [to, cc, bcc] = world.addressed(written.message);
    assert_eq!((to, cc), (vec!["eva@customer.example".to_owned()], vec!["joe@customer.example".to_owned()]));
    assert_eq!(bcc, ["boss@acme.example"]);
}

#[tokio::test]
async fn who_is_named_by_address_alone_keeps_the_name_that_the_ticket_knows() {
    let world = asked("Cc: Joe Doe <joe@customer.example>\n").await;
    let to = Some(people(&["BIA@customer.example", "joe@customer.example", "eva@customer.example"]));
    let written = world.write(Writing { to, ..reply() }, 1).await;
    let to = world.field(written.message, "To").unwrap();
    assert_eq!(to, "Bia Souza <BIA@customer.example>, Joe Doe <joe@customer.example>, eva@customer.example");
}

#[tokio::test]
async fn without_a_mail_that_came_in_an_answer_goes_where_ours_went() {
    let world = World::new().await;
    let channel = world.channel_id("support@acme.example");
    let first = world.write(new_mail(channel, &["Bia <bia@customer.example>"]), 1).await;
    let second = world.write(into_ticket(first.ticket, WritingKind::Reply), 2).await;
    assert_eq!(world.field(second.message, "To").unwrap(), "Bia <bia@customer.example>");
}

#[tokio::test]
async fn the_newest_mail_that_came_in_is_answered_unless_another_is_named() {
    let world = asked("").await;
    let more = "In-Reply-To: <1@customer.example>\nReply-To: later@customer.example\n";
    world
        .receive(&mail("bia@customer.example", "2@customer.example", "Re: Invoice", more), &[&world.support])
        .await;
    let newest = world.write(reply(), 1).await;
    assert_eq!(world.addressed(newest.message)[0], ["later@customer.example"]);
    let target = Target::Ticket { number: 1, kind: WritingKind::Reply, answers: Some(1) };
    let named = world.write(Writing { target, ..reply() }, 2).await;
    assert_eq!(world.addressed(named.message)[0], ["bia@customer.example"]);
    assert_eq!(world.field(named.message, "In-Reply-To").unwrap(), "<1@customer.example>");
}

/// Case 24: zammad#3066, freescout#1999.
#[tokio::test]
async fn case_24_nothing_is_answered_to_an_address_that_is_none() {
    for from in ["Fabian <a@b..ug>", "\"\"@x.example", "(nobody)"] {
        let world = World::new().await;
        world.receive_unproven(&mail(from, "1@x.example", "Hello", ""), &[&world.support]).await;
        for kind in [WritingKind::Reply, WritingKind::ReplyAll] {
            let sentence = world.refused(into_ticket(1, kind)).await;
            assert!(sentence.contains("give `to`"), "{from}: {sentence}");
        }
        let named = Writing { to: Some(people(&["fabian@b.ug"])), ..reply() };
        assert_eq!(world.delivered_to(world.write(named, 1).await.message), ["fabian@b.ug"]);
    }
}

/// cases.md, "two From headers": nobody knows who wrote, so nobody is answered unasked.
#[tokio::test]
async fn a_mail_with_two_from_fields_is_answered_to_whom_an_agent_names() {
    let world = World::new().await;
    let raw = mail("bia@customer.example", "1@x.example", "Hello", "From: eve@evil.example\n");
    world.receive_unproven(&raw, &[&world.support]).await;
    assert!(world.refused(reply()).await.contains("give `to`"));
}

#[tokio::test]
async fn a_mail_to_nobody_is_refused_with_a_sentence() {
    let world = asked("").await;
    let channel = world.channel_id("support@acme.example");
    let crowd: Vec<String> = (0..101).map(|n| format!("p{n}@customer.example")).collect();
    let crowd: Vec<&str> = crowd.iter().map(String::as_str).collect();
    let wrong = [
        (into_ticket(1, WritingKind::Forward), "give `to`"),
        (Writing { to: Some(Vec::new()), ..reply() }, "at least one recipient"),
        (new_mail(channel, &[]), "give `to`"),
        (Writing { to: Some(people(&crowd)), ..reply() }, "at most 100"),
        (Writing { to: Some(people(&["a@b.example"])), ..into_ticket(1, WritingKind::Note) }, "never sent"),
    ];
    for (writing, expected) in wrong {
        let sentence = world.refused(writing).await;
        assert!(sentence.contains(expected), "{sentence}");
    }
    assert_eq!(world.desk.messages(&world.admin(), 1, None, 50).unwrap().items.len(), 1);
}

/// cases.md, "Mail from one channel of ours to another": its author is one of us, and is answered all the same.
#[tokio::test]
async fn another_channel_of_ours_is_answered_like_anybody() {
    let world = World::new().await;
    let raw = mail("billing@acme.example", "1@acme.example", "A question", "");
    world.receive(&raw, &[&world.support]).await;
    let written = world.write(reply(), 1).await;
    assert_eq!(world.delivered_to(written.message), ["billing@acme.example"]);
    assert!(!world.participants(1).contains(&"support@acme.example".to_owned()));
}

#[tokio::test]
async fn contacts_get_an_answer_beside_whom_it_is_to_anyway() {
    let world = asked("Cc: joe@customer.example\n").await;
    world
        .receive(&mail("Rui <rui@partner.example>", "2@partner.example", "Two", ""), &[&world.support])
        .await;
    let rui = crate::ContactId(world.desk.ticket(&world.admin(), 2).unwrap().ticket.requester);
    let (bia, rui_says) = ("bia@customer.example".to_owned(), "rui@partner.example".to_owned());
    for answer in [reply(), reply_all()] {
        let is_to_all = answer == reply_all();
        let written = world.write(Writing { contacts: vec![rui], ..answer }, 1).await;
        let [to, cc, _] = world.addressed(written.message);
        assert_eq!(to, [bia.clone(), rui_says.clone()]);
        assert_eq!(cc.len(), usize::from(is_to_all));
    }
    let alone = Writing { contacts: vec![rui], to: Some(Vec::new()), ..reply() };
    let alone = world.write(alone, 2).await;
    assert_eq!(world.addressed(alone.message)[0], std::slice::from_ref(&rui_says));
    let forward = Writing { contacts: vec![rui], ..into_ticket(1, WritingKind::Forward) };
    let forward = world.write(forward, 3).await;
    assert_eq!(world.addressed(forward.message)[0], [rui_says]);
    let note = Writing { contacts: vec![rui], ..into_ticket(1, WritingKind::Note) };
    assert!(world.refused(note).await.contains("never sent"));
}
