//! The suppression list, and who obeys it: everybody.

use guichet_accounts::{By, Deed, PersonId, Who};
use guichet_mail::report::{Action, RecipientReport};
use jiff::Timestamp;

use super::queue_world::{address, due, lease_by, post, record, send, stored, ticket, world};
use super::world::{World, at, by_system};
use crate::queue::{Act, Trust};
use crate::{DeliveryId, DeliveryState, Error, Fate, NewSuppression, State};

const DAY: i64 = 24 * 3600;

async fn suppress(world: &World, who: &str, expires: Option<Timestamp>) {
    let entry = NewSuppression { address: address(who), reason: "they asked".to_owned(), expires };
    world.desk.suppress(&world.admin(), entry, &by_system(at(0))).await.unwrap();
}

fn listed(world: &World, second: i64) -> Vec<String> {
    let page = world.desk.suppressions(&world.admin(), None, 50, at(second)).unwrap();
    page.items.into_iter().map(|entry| entry.address.to_string()).collect()
}

/// zammad#1131, #5428: some paths did not know the list.
#[tokio::test]
async fn case_13_a_suppressed_address_gets_nothing_by_any_path() {
    let world = world().await;
    let waiting = post(&world, 1, "bia@customer.example", at(0)).await;
    suppress(&world, "BIA@customer.example", None).await;

    let new = post(&world, 1, "bia@customer.example", at(0)).await;
    let note = "not sent, because BIA@customer.example is on the suppression list: they asked";
    let made = record(&world, new);
    assert_eq!((made.state, made.note.as_deref()), (DeliveryState::Suppressed, Some(note)));

    assert!(lease_by(&world.desk, &world, waiting, 1).await.is_none());
    let passed = record(&world, waiting);
    assert_eq!((passed.state, passed.note.as_deref()), (DeliveryState::Suppressed, Some(note)));
    assert_eq!(due(&world), []);
    assert!(ticket(&world, 1).record.attention, "an agent thinks it was sent");

    let retried = world.desk.retry_delivery(&world.admin(), new, at(2)).await;
    assert!(matches!(&retried, Err(Error::Invalid(why)) if why.contains("remove it there first")));
    world.desk.unsuppress(&world.admin(), &address("bia@customer.example"), &by_system(at(0))).await.unwrap();
    world.desk.retry_delivery(&world.admin(), new, at(2)).await.unwrap();
    assert_eq!(due(&world), [new]);
}

/// The list is read as a check of the same commit.
#[tokio::test]
async fn case_13_an_entry_that_comes_while_a_mail_is_made_is_obeyed() {
    use crate::RecipientField;
    use crate::queue::Addressee;
    let world = world().await;
    let to = address("bia@customer.example");
    let mut snapshot = world.store.of(world.acme).snapshot().unwrap();
    Addressee::look_up(&mut snapshot, &to, RecipientField::To, at(0)).unwrap();
    let batch = snapshot.batch();
    suppress(&world, "bia@customer.example", None).await;
    let committed = world.desk.commit_queued(batch, world.desk.due_rows()).await;
    assert_eq!(committed.unwrap_err(), guichet_store::CommitError::Conflict);
}

#[tokio::test]
async fn only_a_mailbox_that_does_not_exist_is_suppressed_and_for_thirty_days() {
    let world = world().await;
    for (n, status) in ["5.7.1", "5.3.4", "5.1.2", "5.2.2", "5.0.0"].into_iter().enumerate() {
        let id = post(&world, 1, &format!("r{n}@customer.example"), at(0)).await;
        send(&world, id, 1, Fate::Refused, status).await;
    }
    assert_eq!(listed(&world, 2), [""; 0]);
    for (n, status) in ["5.1.1", "5.1.3", "5.1.6", "5.1.10", "5.2.1"].into_iter().enumerate() {
        let id = post(&world, 1, &format!("u{n}@customer.example"), at(0)).await;
        send(&world, id, 1, Fate::Refused, status).await;
    }
    assert_eq!(listed(&world, 30 * DAY).len(), 5);
    assert_eq!(listed(&world, 30 * DAY + 1), [""; 0]);
    let page = world.desk.suppressions(&world.admin(), None, 50, at(2)).unwrap();
    assert_eq!(page.items[0].reason, "a mail bounced, 5.1.1: the remote's words");
}

#[tokio::test]
async fn an_entry_that_has_expired_does_not_count() {
    let world = world().await;
    suppress(&world, "bia@customer.example", Some(at(5))).await;
    let id = post(&world, 1, "bia@customer.example", at(0)).await;
    assert_eq!(record(&world, id).state, DeliveryState::Suppressed);
    assert!(world.desk.retry_delivery(&world.admin(), id, at(4)).await.is_err());
    world.desk.retry_delivery(&world.admin(), id, at(5)).await.unwrap();
    assert!(lease_by(&world.desk, &world, id, 5).await.is_some());
}

#[tokio::test]
async fn the_list_is_read_page_by_page_and_kept_by_hand() {
    let world = world().await;
    for who in ["c@x.example", "a@x.example", "b@x.example"] {
        suppress(&world, who, None).await;
    }
    let page = world.desk.suppressions(&world.admin(), None, 2, at(0)).unwrap();
    assert_eq!(page.next.as_deref(), Some("b@x.example"));
    let page = world.desk.suppressions(&world.admin(), page.next.as_deref(), 2, at(0)).unwrap();
    assert_eq!((page.items[0].address.clone(), page.next), (address("c@x.example"), None));
    world.desk.unsuppress(&world.admin(), &address("A@x.example"), &by_system(at(0))).await.unwrap();
    assert_eq!(listed(&world, 0), ["b@x.example", "c@x.example"]);
    let again = world.desk.unsuppress(&world.admin(), &address("a@x.example"), &by_system(at(0))).await;
    assert!(matches!(again, Err(Error::NotFound(_))));
    let bad = NewSuppression { address: address("d@x.example"), reason: " ".to_owned(), expires: None };
    let refused = world.desk.suppress(&world.admin(), bad, &by_system(at(0))).await;
    assert!(matches!(refused, Err(Error::Invalid(_))));
}

#[tokio::test]
async fn promise_7_an_agent_sees_and_removes_the_entries_of_their_teams_bounces_alone() {
    let world = world().await;
    let theirs = post(&world, 1, "theirs@customer.example", at(0)).await;
    let ours = post(&world, 2, "ours@customer.example", at(0)).await;
    for id in [theirs, ours] {
        send(&world, id, 1, Fate::Refused, "5.1.1").await;
    }
    suppress(&world, "hand@customer.example", None).await;
    let agent = world.billing_agent().await;
    let shown = world.desk.suppressions(&agent, None, 50, at(1)).unwrap().items;
    assert_eq!(shown.into_iter().map(|entry| entry.delivery).collect::<Vec<_>>(), [Some(ours)]);
    for hidden in ["theirs@customer.example", "hand@customer.example"] {
        let answer = world.desk.unsuppress(&agent, &address(hidden), &by_system(at(0))).await;
        assert!(matches!(answer, Err(Error::NotFound(_))), "{hidden}");
    }
    world.desk.unsuppress(&agent, &address("ours@customer.example"), &by_system(at(0))).await.unwrap();
    let entry = NewSuppression { address: address("x@x.example"), reason: "x".to_owned(), expires: None };
    let refused = world.desk.suppress(&agent, entry, &by_system(at(1))).await;
    assert!(matches!(refused, Err(Error::Invalid(_))));
}

fn report(action: Action, status: &str) -> RecipientReport {
    RecipientReport {
        original_recipient: None,
        final_recipient: None,
        action,
        status: Some(status.to_owned()),
        diagnostic: Some("550 no such user".to_owned()),
        remote_mta: Some("mx.customer.example".to_owned()),
    }
}

/// Commits what a report says of a delivery; `false` where it says nothing.
async fn report_on(world: &World, id: DeliveryId, report: &RecipientReport, trust: Trust) -> bool {
    let act = Act::of_system(world.acme, at(9));
    let before = stored(world, id);
    let mut snapshot = world.store.of(world.acme).snapshot().unwrap();
    let Some(change) = world.desk.reported(&mut snapshot, act, &before, (report, trust)).unwrap() else {
        return false;
    };
    let (mut batch, mut rows) = (snapshot.batch(), world.desk.due_rows());
    let ticket = ticket(world, before.ticket);
    change.write_with_ticket(&mut batch, &mut rows, act, &before, Some(&ticket));
    world.desk.commit_queued(batch, rows).await.unwrap();
    true
}

/// chatwoot#11873; itop#218: forged reports put real people on the list.
#[tokio::test]
async fn case_17_a_report_of_failure_turns_delivered_into_bounced_and_only_a_trusted_one_suppresses() {
    let world = world().await;
    for (trust, suppressed) in [(Trust::Message, 0), (Trust::Envelope, 1)] {
        let id = post(&world, 1, "bia@customer.example", at(0)).await;
        send(&world, id, 1, Fate::Delivered, "2.0.0").await;
        super::queue_world::set_state(&world, 1, State::Closed).await;
        assert!(report_on(&world, id, &report(Action::Failed, "5.1.1"), trust).await);
        let record = record(&world, id);
        assert_eq!(record.state, DeliveryState::Bounced);
        assert_eq!(
            record.note.as_deref(),
            Some("mx.customer.example reported: it could not be delivered (5.1.1 550 no such user)")
        );
        assert_eq!(ticket(&world, 1).record.state, State::Open);
        assert_eq!(listed(&world, 9).len(), suppressed);
    }
}

#[tokio::test]
async fn a_report_of_delay_asks_for_attention_and_one_of_arrival_is_noted() {
    let world = world().await;
    let id = post(&world, 1, "bia@customer.example", at(0)).await;
    send(&world, id, 1, Fate::Delivered, "2.0.0").await;
    assert!(report_on(&world, id, &report(Action::Relayed, "2.0.0"), Trust::Envelope).await);
    assert!(!ticket(&world, 1).record.attention);
    assert!(report_on(&world, id, &report(Action::Delayed, "4.0.0"), Trust::Envelope).await);
    assert!(ticket(&world, 1).record.attention);
    let record = record(&world, id);
    assert_eq!((record.state, record.delay_told), (DeliveryState::Delivered, true));
}

#[tokio::test]
async fn a_report_on_a_mail_that_never_left_is_not_believed() {
    let world = world().await;
    let id = post(&world, 1, "bia@customer.example", at(10)).await;
    assert!(!report_on(&world, id, &report(Action::Failed, "5.1.1"), Trust::Envelope).await);
    assert_eq!((due(&world), listed(&world, 9).len()), (vec![id], 0));
}

/// Somebody asked never to be written to again; then a mail that left before comes back.
#[tokio::test]
async fn promise_5_a_bounce_does_not_shorten_what_an_admin_put_on_the_list_for_ever() {
    let world = world().await;
    let id = post(&world, 1, "bia@customer.example", at(0)).await;
    let other = post(&world, 1, "bia@customer.example", at(0)).await;
    send(&world, id, 1, Fate::Delivered, "2.0.0").await;
    let lease = lease_by(&world.desk, &world, other, 1).await.unwrap();
    suppress(&world, "bia@customer.example", None).await;
    let gone = super::queue_world::attempt(2, Fate::Refused, "5.1.1", "gone");
    world.desk.attempted(&lease, &gone).await.unwrap();
    assert!(report_on(&world, id, &report(Action::Failed, "5.1.1"), Trust::Envelope).await);
    let entries = world.desk.suppressions(&world.admin(), None, 9, at(9)).unwrap().items;
    assert_eq!((entries[0].expires, entries[0].reason.as_str()), (None, "they asked"));
}

/// Whoever got the mail knows its Message-ID, so the report may be theirs: what waits for another is not given up for it.
#[tokio::test]
async fn promise_6_a_report_that_anybody_could_have_made_stops_nothing_that_waits() {
    let world = world().await;
    let id = post(&world, 1, "bia@customer.example", at(0)).await;
    send(&world, id, 1, Fate::Deferred(crate::Retry::AsScheduled), "4.0.0").await;
    assert!(report_on(&world, id, &report(Action::Failed, "5.1.1"), Trust::Message).await);
    let record = record(&world, id);
    assert_eq!((record.state, due(&world)), (DeliveryState::Deferred, vec![id]));
    assert!(record.note.unwrap().contains("could not be delivered"));
    assert!(ticket(&world, 1).record.attention);
}

/// The remote took it and sent its report before our commit.
#[tokio::test]
async fn a_bounce_that_overtakes_the_record_of_its_own_attempt_counts() {
    let world = world().await;
    let id = post(&world, 1, "bia@customer.example", at(0)).await;
    let lease = lease_by(&world.desk, &world, id, 1).await.unwrap();
    assert!(report_on(&world, id, &report(Action::Failed, "5.2.2"), Trust::Envelope).await);
    let taken = super::queue_world::attempt(10, Fate::Delivered, "2.0.0", "ok");
    world.desk.attempted(&lease, &taken).await.unwrap();
    let record = record(&world, id);
    assert_eq!((record.state, record.attempts), (DeliveryState::Bounced, 1));
    assert!(record.note.unwrap().contains("no such user"));
    assert_eq!(due(&world), []);
}

#[tokio::test]
async fn promise_7_what_a_server_said_to_another_team_is_not_told_with_the_list() {
    let world = world().await;
    let theirs = post(&world, 1, "gone@customer.example", at(0)).await;
    send(&world, theirs, 1, Fate::Refused, "5.1.1").await;
    let ours = post(&world, 2, "gone@customer.example", at(2)).await;
    let agent = world.billing_agent().await;
    let note = world.desk.delivery(&agent, ours).unwrap().delivery.record.note.unwrap();
    assert_eq!(
        note,
        "not sent, because gone@customer.example is on the suppression list: a mail to it bounced"
    );
    let Err(Error::Invalid(sentence)) = world.desk.retry_delivery(&agent, ours, at(3)).await else {
        panic!("it is suppressed")
    };
    assert!(!sentence.contains("the remote's words"), "{sentence}");
}

#[tokio::test]
async fn who_puts_an_address_on_the_list_or_takes_it_off_is_in_the_audit_log() {
    let world = World::new().await;
    suppress(&world, "bia@customer.example", None).await;
    let by = By { who: Who::Person(PersonId(7)), ..by_system(at(1)) };
    world.desk.unsuppress(&world.admin(), &address("bia@customer.example"), &by).await.unwrap();
    let told: Vec<_> =
        world.noted().into_iter().map(|entry| (entry.deed, entry.who, entry.subject)).collect();
    let expected = [(by.who, "off"), (Who::System, "on")]
        .map(|(who, what)| (Deed::SuppressionChanged, who, format!("bia@customer.example {what} the list")));
    assert_eq!(told, expected);
}
