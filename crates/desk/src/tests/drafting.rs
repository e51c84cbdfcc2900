//! Drafts: kept as they are typed, sent as they are, once.

use guichet_accounts::{Actor, Sight, TeamId};
use tokio::task::JoinSet;

use super::world::{World, at, mail};
use super::writing_letters::asked;
use crate::{
    DRAFTS_MAX, Draft, DraftId, Error, EventKind, Hold, Log, State, StoredUpload, TicketChange, TicketFilter,
    TicketQuery, WritingKind, WrittenMessage,
};

fn text(text: &str) -> Draft {
    Draft { text: text.to_owned(), ..Draft::default() }
}

async fn upload(world: &World, actor: &Actor, octets: &[u8], second: i64) -> StoredUpload {
    let mut writer = world.desk.upload_writer().unwrap();
    writer.write(octets).unwrap();
    let blob = writer.finish().unwrap();
    world.desk.finish_upload(actor, blob, "list.txt", "text/plain", at(second)).await.unwrap()
}

/// Sends a draft as it is now.
async fn send(world: &World, actor: &Actor, id: DraftId, second: i64) -> Result<WrittenMessage, Error> {
    let version = world.desk.draft(actor, id).map_or(0, |draft| draft.version);
    world.desk.send_draft(actor, id, (version, 0), at(second)).await
}

fn drafts(world: &World, actor: &Actor) -> Vec<DraftId> {
    world.desk.drafts(actor, None, 200).unwrap().items.iter().map(|draft| draft.id).collect()
}

#[tokio::test]
async fn a_draft_of_an_answer_is_one_for_each_ticket_and_person() {
    let world = asked("").await;
    let (one, other) = (world.somebody(7), world.somebody(8));
    let missing = world.desk.ticket_draft(&one, 1);
    assert!(matches!(missing, Err(Error::NotFound("draft"))));
    let first = world.desk.save_ticket_draft(&one, 1, &text("Dear"), None, at(1)).await.unwrap();
    let second = world.desk.save_ticket_draft(&one, 1, &text("Dear Bia"), None, at(2)).await.unwrap();
    assert_eq!((second.id, second.created, second.updated), (first.id, at(1), at(2)));
    assert!(second.version > first.version);
    assert_eq!(world.desk.ticket_draft(&one, 1).unwrap(), second);
    assert_eq!(world.desk.draft(&one, first.id).unwrap(), second);
    assert!(drafts(&world, &other).is_empty() && drafts(&world, &world.admin()).is_empty());
    assert!(matches!(world.desk.draft(&other, first.id), Err(Error::NotFound(_))));
    let with_draft = TicketFilter { drafted: Some(true), ..TicketFilter::default() };
    let query = TicketQuery { filter: with_draft, limit: 9, ..TicketQuery::default() };
    assert_eq!(world.desk.tickets(&one, &query).unwrap().items.len(), 1);
    assert_eq!(world.desk.tickets(&other, &query).unwrap().items.len(), 0);
}

#[tokio::test]
async fn of_two_tabs_the_second_is_told_that_there_is_another_version() {
    let world = asked("").await;
    let one = world.somebody(7);
    let read = world.desk.save_ticket_draft(&one, 1, &text("a"), Some(0), at(1)).await.unwrap();
    let again = world.desk.save_ticket_draft(&one, 1, &text("b"), Some(0), at(1)).await;
    assert!(matches!(again, Err(Error::Changed("draft"))), "there is one by now");
    world.desk.save_draft(&one, read.id, &text("c"), Some(read.version), at(2)).await.unwrap();
    for stale in [
        world.desk.save_draft(&one, read.id, &text("d"), Some(read.version), at(3)).await.map(drop),
        world.desk.delete_draft(&one, read.id, Some(read.version), at(3)).await,
        world.desk.send_draft(&one, read.id, (read.version, 0), at(3)).await.map(drop),
    ] {
        assert!(matches!(stale, Err(Error::Changed("draft"))), "{stale:?}");
    }
    assert_eq!(world.desk.draft(&one, read.id).unwrap().draft.text, "c");
    world.desk.delete_draft(&one, read.id, None, at(4)).await.unwrap();
    assert!(drafts(&world, &one).is_empty());
    assert!(matches!(world.desk.ticket_draft(&one, 1), Err(Error::NotFound("draft"))));
    assert!(matches!(world.desk.delete_draft(&one, read.id, None, at(5)).await, Err(Error::NotFound(_))));
}

#[tokio::test]
async fn a_draft_is_sent_as_it_is_and_is_gone_and_sending_it_again_is_nothing_new() {
    let world = asked("").await;
    let one = world.somebody(7);
    let typed = Draft {
        to: Some(vec!["Bia Souza <bia@customer.example>".to_owned(), " ".to_owned()]),
        cc: Some(vec!["rui@partner.example".to_owned()]),
        subject: Some("About 7".to_owned()),
        state: Some(State::Solved),
        ..text("It is **7**.")
    };
    let draft = world.desk.save_ticket_draft(&one, 1, &typed, None, at(1)).await.unwrap();
    let sent = world.desk.send_draft(&one, draft.id, (draft.version, 30), at(2)).await.unwrap();
    assert_eq!((sent.ticket, sent.deliveries.len(), sent.replayed), (1, 2, false));
    assert_eq!(world.field(sent.message, "Subject").unwrap(), "About 7");
    assert_eq!(world.desk.due(None, at(31), 9).unwrap().len(), 0, "it can be taken back");
    assert_eq!(world.desk.due(None, at(32), 9).unwrap().len(), 2);
    assert_eq!(world.desk.ticket(&one, 1).unwrap().ticket.record.state, State::Solved);
    assert!(drafts(&world, &one).is_empty());
    let again = world.desk.send_draft(&one, draft.id, (draft.version, 30), at(3)).await.unwrap();
    assert_eq!((again.message, again.replayed), (sent.message, true));
    assert_eq!(world.desk.messages(&one, 1, None, 9).unwrap().items.len(), 2);
}

#[tokio::test]
async fn what_is_wrong_is_said_when_it_is_sent_and_the_draft_stays() {
    let world = asked("").await;
    let one = world.somebody(7);
    let typed = Draft { to: Some(vec!["bia@".to_owned()]), ..text("Dear") };
    let draft = world.desk.save_ticket_draft(&one, 1, &typed, None, at(1)).await.unwrap();
    match send(&world, &one, draft.id, 2).await {
        Err(Error::Invalid(sentence)) => assert!(sentence.contains("bia@"), "{sentence}"),
        other => panic!("{other:?}"),
    }
    let mail = world.desk.new_draft(&one, &text("x"), at(3)).await.unwrap();
    for (more, told) in [
        (Draft::default(), "channel"),
        (Draft { channel: Some(world.channel_id("support@acme.example")), ..text("x") }, "subject"),
    ] {
        world.desk.save_draft(&one, mail.id, &more, None, at(4)).await.unwrap();
        match send(&world, &one, mail.id, 5).await {
            Err(Error::Invalid(sentence)) => assert!(sentence.contains(told), "{sentence}"),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(drafts(&world, &one).len(), 2);
    let whole = Draft {
        channel: Some(world.channel_id("support@acme.example")),
        subject: Some("Hello".to_owned()),
        to: Some(vec!["joe@x.example".to_owned()]),
        ..text("x")
    };
    world.desk.save_draft(&one, mail.id, &whole, None, at(6)).await.unwrap();
    let sent = send(&world, &one, mail.id, 7).await.unwrap();
    assert_eq!((sent.ticket, drafts(&world, &one).len()), (2, 1));
}

#[tokio::test]
async fn the_files_of_a_draft_outlive_their_day_and_go_with_it() {
    let world = asked("").await;
    let one = world.somebody(7);
    let file = upload(&world, &one, b"seven", 0).await;
    let other = upload(&world, &one, b"eight", 0).await;
    let draft = Draft { attachments: vec![file.id, other.id], ..text("Dear") };
    let draft = world.desk.save_ticket_draft(&one, 1, &draft, None, at(1)).await.unwrap();
    while world.desk.forget_uploads(world.acme, at(90_000)).await.unwrap() {}
    assert_eq!(world.desk.upload(&one, file.id).unwrap().record, file.record, "the draft keeps it");
    assert!(matches!(world.desk.upload(&world.somebody(8), file.id), Err(Error::NotFound(_))));
    let fewer = Draft { attachments: vec![file.id], ..text("Dear Bia") };
    world.desk.save_draft(&one, draft.id, &fewer, None, at(2)).await.unwrap();
    assert!(matches!(world.desk.upload(&one, other.id), Err(Error::NotFound(_))), "nobody names it now");
    let more = Draft { attachments: vec![file.id, other.id], ..text("Dear Bia") };
    let refused = world.desk.save_draft(&one, draft.id, &more, None, at(3)).await;
    assert!(matches!(refused, Err(Error::NotFound("upload"))), "{refused:?}");
    let sent = send(&world, &one, draft.id, 4).await.unwrap();
    assert!(world.raw(sent.message).contains("list.txt"));
    assert!(matches!(world.desk.upload(&one, file.id), Err(Error::NotFound(_))));
}

#[tokio::test]
async fn promise_7_a_draft_out_of_sight_is_out_of_reach_and_not_lost() {
    let world = World::new().await;
    world.receive(&mail("bia@customer.example", "1@customer.example", "Hi", ""), &[&world.billing]).await;
    let mut agent = world.billing_agent().await;
    let draft = world.desk.save_ticket_draft(&agent, 1, &text("Dear"), None, at(1)).await.unwrap();
    agent.sight = Sight::Teams(vec![TeamId(99)]);
    assert!(drafts(&world, &agent).is_empty());
    for refused in [
        world.desk.draft(&agent, draft.id).map(drop),
        world.desk.ticket_draft(&agent, 1).map(drop),
        world.desk.save_draft(&agent, draft.id, &text("x"), None, at(2)).await.map(drop),
        world.desk.save_ticket_draft(&agent, 1, &text("x"), None, at(2)).await.map(drop),
        world.desk.delete_draft(&agent, draft.id, None, at(2)).await,
        send(&world, &agent, draft.id, 2).await.map(drop),
    ] {
        assert!(matches!(refused, Err(Error::NotFound(_))), "{refused:?}");
    }
    agent.sight = Sight::Teams(vec![world.billing_team]);
    assert_eq!(world.desk.ticket_draft(&agent, 1).unwrap(), draft);
    let Log::Events { events, .. } = world.desk.events(&world.admin(), 0).unwrap() else { panic!("resync") };
    assert!(
        events.iter().all(|one| one.event.kind != EventKind::DraftChanged),
        "it is nobody else's to hear of"
    );
}

#[tokio::test]
async fn drafts_have_a_bound_that_what_goes_makes_room_in() {
    let world = asked("").await;
    let one = world.somebody(7);
    for second in 0..i64::from(DRAFTS_MAX) {
        world.desk.new_draft(&one, &text("x"), at(second)).await.unwrap();
    }
    let refused = world.desk.new_draft(&one, &text("x"), at(900)).await;
    assert!(matches!(refused, Err(Error::Invalid(_))), "{refused:?}");
    let first = drafts(&world, &one)[0];
    world.desk.save_draft(&one, first, &text("y"), None, at(901)).await.unwrap();
    world.desk.delete_draft(&one, first, None, at(902)).await.unwrap();
    world.desk.save_ticket_draft(&one, 1, &text("x"), None, at(903)).await.unwrap();
    for wrong in [
        text(&"x".repeat(2 << 20)),
        Draft { to: Some(vec!["x".to_owned(); 101]), ..text("x") },
        Draft { to: Some(vec!["x".repeat(601)]), ..text("x") },
        Draft { subject: Some("x".repeat(501)), ..text("x") },
        Draft { attachments: vec![crate::UploadId(1); 101], ..text("x") },
    ] {
        assert!(matches!(
            world.desk.save_ticket_draft(&one, 1, &wrong, None, at(904)).await,
            Err(Error::Invalid(_))
        ));
    }
}

#[tokio::test]
async fn a_draft_in_a_ticket_that_was_merged_is_sent_into_the_other() {
    let world = asked("").await;
    world.receive(&mail("rui@partner.example", "7@partner.example", "Same", ""), &[&world.support]).await;
    let one = world.somebody(7);
    let draft = world.desk.save_ticket_draft(&one, 1, &text("Dear"), None, at(1)).await.unwrap();
    world.desk.merge_ticket(&world.admin(), (1, 2), None, at(2)).await.unwrap();
    assert_eq!(drafts(&world, &one), [draft.id]);
    let followed = world.desk.ticket_draft(&one, 2).unwrap();
    assert_eq!((followed.id, followed.ticket, followed.version), (draft.id, Some(2), draft.version));
    let with_draft = TicketFilter { drafted: Some(true), ..TicketFilter::default() };
    let query = TicketQuery { filter: with_draft, limit: 9, ..TicketQuery::default() };
    assert_eq!(world.desk.tickets(&one, &query).unwrap().items[0].number, 2);
    let refused = world.desk.save_ticket_draft(&one, 1, &text("x"), None, at(3)).await;
    assert!(matches!(refused, Err(Error::Invalid(_))), "the source stays as it is");
    let draft = world.desk.save_draft(&one, draft.id, &text("Dear Rui"), None, at(3)).await.unwrap();
    let sent = send(&world, &one, draft.id, 4).await.unwrap();
    assert_eq!((sent.ticket, world.desk.ticket(&one, 2).unwrap().ticket.record.message_count), (2, 3));
    assert!(drafts(&world, &one).is_empty());
}

#[tokio::test]
async fn of_two_drafts_in_tickets_that_become_one_both_stay() {
    let world = asked("").await;
    world.receive(&mail("rui@partner.example", "7@partner.example", "Same", ""), &[&world.support]).await;
    let (one, other) = (world.somebody(7), world.somebody(8));
    let first = world.desk.save_ticket_draft(&one, 1, &text("a"), None, at(1)).await.unwrap();
    let second = world.desk.save_ticket_draft(&one, 2, &text("b"), None, at(1)).await.unwrap();
    let others = world.desk.save_ticket_draft(&other, 1, &text("c"), None, at(1)).await.unwrap();
    world.desk.merge_ticket(&world.admin(), (1, 2), None, at(2)).await.unwrap();
    assert_eq!(world.desk.ticket_draft(&one, 2).unwrap(), second);
    assert_eq!(world.desk.draft(&one, first.id).unwrap(), first);
    assert_eq!(world.desk.ticket_draft(&other, 2).unwrap().id, others.id);
    assert_eq!(drafts(&world, &other), [others.id]);
    let sent = world.desk.send_draft(&one, first.id, (first.version, 0), at(3)).await.unwrap();
    assert_eq!((sent.ticket, drafts(&world, &one)), (2, vec![second.id]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_draft_that_many_send_at_once_is_one_message() {
    let world = asked("").await;
    let one = Actor { sight: Sight::All, ..world.billing_agent().await };
    let note = Draft { kind: Some(WritingKind::Note), ..text("Look") };
    let draft = world.desk.save_ticket_draft(&one, 1, &note, None, at(1)).await.unwrap();
    let mut tasks = JoinSet::new();
    for _ in 0..6 {
        let (desk, one) = (world.desk.clone(), one.clone());
        tasks.spawn(async move { desk.send_draft(&one, draft.id, (draft.version, 10), at(2)).await });
    }
    let results = tasks.join_all().await;
    let new = results.iter().filter(|result| result.as_ref().is_ok_and(|sent| !sent.replayed)).count();
    assert_eq!((new, results.iter().filter(|result| result.is_ok()).count()), (1, 6), "{results:?}");
    assert_eq!(world.desk.messages(&one, 1, None, 9).unwrap().items.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn sending_and_saving_at_once_never_sends_what_was_not_read() {
    for _ in 0..8 {
        let world = asked("").await;
        let one = world.somebody(7);
        let draft = world.desk.save_ticket_draft(&one, 1, &text("first"), None, at(1)).await.unwrap();
        let mut tasks = JoinSet::new();
        let (desk, actor) = (world.desk.clone(), one.clone());
        let version = draft.version;
        tasks.spawn(async move { desk.send_draft(&actor, draft.id, (version, 0), at(2)).await.map(drop) });
        let (desk, actor) = (world.desk.clone(), one.clone());
        tasks.spawn(async move {
            desk.save_draft(&actor, draft.id, &text("second"), Some(version), at(2)).await.map(drop)
        });
        let results = tasks.join_all().await;
        assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1, "{results:?}");
        let messages = world.desk.messages(&one, 1, None, 9).unwrap().items;
        let kept = world.desk.draft(&one, draft.id);
        match messages.get(1) {
            Some(sent) => assert!(world.raw(sent.number).contains("first") && kept.is_err()),
            None => assert_eq!(kept.unwrap().draft.text, "second"),
        }
    }
}

#[tokio::test]
async fn a_hold_is_as_the_draft_says() {
    let world = asked("").await;
    let one = world.somebody(7);
    assert_eq!(Hold::default(), Hold::None);
    for (typed, due) in [
        (Draft { undo_seconds: Some(0), ..text("x") }, 10),
        (Draft { undo_seconds: Some(5), ..text("x") }, 15),
        (Draft { send_at: Some(at(500)), ..text("x") }, 500),
        (text("x"), 40),
    ] {
        let draft = world.desk.save_ticket_draft(&one, 1, &typed, None, at(9)).await.unwrap();
        let sent = world.desk.send_draft(&one, draft.id, (draft.version, 30), at(10)).await.unwrap();
        assert_eq!(world.deliveries(sent.message)[0].record.due, at(due), "{typed:?}");
    }
    let change = TicketChange { state: Some(State::Open), ..TicketChange::default() };
    world.desk.change_ticket(&world.admin(), 1, &change, None, at(11)).await.unwrap();
}

#[tokio::test]
async fn promise_9_a_page_of_drafts_is_bounded_however_long_they_are() {
    let world = asked("").await;
    let one = world.somebody(7);
    let long = text(&"x".repeat(1 << 20));
    for second in 0..40 {
        world.desk.new_draft(&one, &long, at(second)).await.unwrap();
    }
    let (mut seen, mut cursor) = (0, None);
    loop {
        let page = world.desk.drafts(&one, cursor, 200).unwrap();
        let bytes: usize = page.items.iter().map(|one| one.draft.text.len()).sum();
        assert!((1..=32 << 20).contains(&bytes), "{bytes} octets in one page");
        (seen, cursor) = (seen + page.items.len(), page.next);
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(seen, 40);
}

#[tokio::test]
async fn nothing_that_is_typed_into_a_draft_becomes_a_header_field() {
    let world = asked("").await;
    let one = world.somebody(7);
    for typed in [
        Draft { subject: Some("Hi\r\nBcc: spy@evil.example".to_owned()), ..text("x") },
        Draft {
            to: Some(vec!["=?utf-8?q?a=0D=0ABcc:_spy=40evil.example?= <a@x.example>".to_owned()]),
            ..text("x")
        },
        Draft { to: Some(vec!["\"a\u{202e}\u{7f}\" <a@x.example>".to_owned()]), ..text("x") },
        Draft { to: Some(vec!["a@x.example, b@x.example".to_owned()]), ..text("x") },
        Draft { to: Some(vec!["a@x.example\r\nBcc: spy@evil.example".to_owned()]), ..text("x") },
    ] {
        let draft = world.desk.save_ticket_draft(&one, 1, &typed, None, at(1)).await.unwrap();
        match send(&world, &one, draft.id, 2).await {
            Ok(sent) => {
                let raw = world.raw(sent.message);
                let header = raw.split("\r\n\r\n").next().unwrap();
                assert!(!header.lines().any(|line| line.starts_with("Bcc")), "{header}");
                assert!(!header.contains('\u{202e}') && !header.contains('\u{7f}'), "{header}");
                assert_eq!(sent.deliveries.len(), 1);
            }
            Err(Error::Invalid(_)) => {}
            Err(error) => panic!("{error:?} of {typed:?}"),
        }
    }
}

#[tokio::test]
async fn promise_7_a_draft_that_went_out_of_sight_and_is_deleted_there_names_no_ticket() {
    let world = World::new().await;
    world.receive(&mail("bia@customer.example", "1@customer.example", "Hi", ""), &[&world.billing]).await;
    world.receive(&mail("rui@partner.example", "7@partner.example", "Same", ""), &[&world.support]).await;
    let agent = world.billing_agent().await;
    world.desk.save_ticket_draft(&agent, 1, &text("Dear"), None, at(1)).await.unwrap();
    world.desk.merge_ticket(&world.admin(), (1, 2), None, at(2)).await.unwrap();
    super::deleting::throw_and_delete(&world, 2).await;
    let Log::Events { events, .. } = world.desk.events(&agent, 0).unwrap() else { panic!("resync") };
    let of_draft = events.iter().filter(|one| one.event.kind == EventKind::DraftChanged);
    assert_eq!(of_draft.map(|one| one.ticket).collect::<Vec<_>>(), [Some(1), Some(1), None]);
    assert_eq!(world.desk.drafts(&agent, None, 9).unwrap().items, []);
}
