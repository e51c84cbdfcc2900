//! Whether an address forwards to a channel, found out by a probe.

use guichet_accounts::{Actor, ChannelId};
use guichet_mail::verdict::{ArcVerdict, DkimVerdict, DmarcAlignment, DmarcVerdict, SpfVerdict};
use guichet_mail::{AuthResult, DmarcPolicy, Verdicts};

use super::queue_world::{address, due, send};
use super::system_mail::{field, raw};
use super::world::{World, at, mail, outcomes};
use crate::{
    Arrival, Error, Fate, ForwardId, ForwardState, NoticeKind, Outcome, Recipient, Retry, StoredForward,
};

const FROM: &str = "loja@shop.example";

fn support(world: &World) -> ChannelId {
    world.support.channel().unwrap()
}

async fn entered(world: &World) -> StoredForward {
    world.desk.add_forward(&world.admin(), support(world), &address(FROM), at(0)).await.unwrap()
}

fn seen(world: &World, second: i64) -> StoredForward {
    world.desk.forwards(&world.admin(), support(world), at(second)).unwrap().remove(0)
}

/// The probe as it comes back, with what was found of our own domain.
fn coming_back(world: &World, forward: &StoredForward, to: &Recipient, dkim: AuthResult) -> Arrival {
    let raw = raw(world, forward.record.probe.delivery);
    let from = field(&raw, "From");
    let domain = from.rsplit_once('@').unwrap().1.trim_end_matches('>').to_owned();
    let mut arrival = world.arrival(&raw.replace("\r\n", "\n"), &[to]);
    arrival.received = at(60);
    arrival.reverse_path = format!("bounce@{domain}");
    let passes = dkim.is_pass();
    arrival.verdicts = Verdicts {
        spf_mail_from: SpfVerdict { result: AuthResult::Fail, domain: Some(domain.clone()), reason: None },
        dkim: vec![DkimVerdict { result: dkim, domain: Some(domain.clone()), ..DkimVerdict::default() }],
        dmarc: DmarcVerdict {
            result: if passes { AuthResult::Pass } else { AuthResult::Fail },
            domain: Some(domain),
            policy: Some(DmarcPolicy::Reject),
            aligned_by: passes.then_some(DmarcAlignment::Dkim),
            reason: None,
        },
        ..Verdicts::default()
    };
    arrival
}

#[tokio::test]
async fn a_probe_that_comes_back_verifies_the_forward_and_makes_no_ticket() {
    let world = World::new().await;
    let forward = entered(&world).await;
    assert_eq!(
        (&forward.state, due(&world).as_slice()),
        (&ForwardState::Waiting, &[forward.record.probe.delivery][..])
    );
    let arrival = coming_back(&world, &forward, &world.support, AuthResult::Pass);
    let became = outcomes(world.desk.receive(&arrival).await.unwrap());
    let [Outcome::Quarantined { message }] = became[..] else { panic!("{became:?}") };
    let kept = world.desk.quarantined(&world.admin(), message).unwrap().record.quarantine.unwrap();
    assert!(kept.contains("a test of a forward"), "{kept}");
    let verified = seen(&world, 100_000);
    assert_eq!(verified.state, ForwardState::Verified);
    let report = verified.record.returned.unwrap().report();
    assert!(report.spf.contains("SPF breaks (fail)") && report.spf.contains("normal"), "{report:?}");
    assert!(report.dkim.contains("DKIM survives"), "{report:?}");
    assert_eq!(report.dmarc, "DMARC passes, by DKIM alone.");
    assert!(report.arc.contains("no chain") && report.carries_strict_senders, "{report:?}");
    let notices = world.desk.notices(&world.admin(), false, None, 10).unwrap().items;
    let kind = NoticeKind::Forward { channel: support(&world), address: address(FROM) };
    assert_eq!(notices[0].record.kind, kind);
}

/// A sender who did not hear our answer sends again.
#[tokio::test]
async fn a_probe_that_comes_twice_is_kept_once() {
    let world = World::new().await;
    let forward = entered(&world).await;
    let arrival = coming_back(&world, &forward, &world.support, AuthResult::Pass);
    outcomes(world.desk.receive(&arrival).await.unwrap());
    let again = outcomes(world.desk.receive(&arrival).await.unwrap());
    assert_eq!(again, [Outcome::Duplicate { ticket: None }]);
}

#[tokio::test]
async fn a_forwarder_that_breaks_our_signature_is_told_of_though_the_policy_refuses_such_mail() {
    let world = World::new().await;
    let refuses = guichet_accounts::VerdictPolicy::Reject;
    world.desk.accounts().set_policy(world.acme, refuses, Vec::new()).await.unwrap();
    let forward = entered(&world).await;
    let mut arrival = coming_back(&world, &forward, &world.support, AuthResult::Fail);
    arrival.verdicts.arc = ArcVerdict {
        result: AuthResult::Pass,
        chain_length: 1,
        sealer: Some("forwarder.example".to_owned()),
        reason: None,
    };
    outcomes(world.desk.receive(&arrival).await.unwrap());
    let verified = seen(&world, 70);
    assert_eq!(verified.state, ForwardState::Verified);
    let report = verified.record.returned.unwrap().report();
    assert!(report.dkim.contains("DKIM breaks") && report.dmarc.contains("DMARC fails"), "{report:?}");
    assert!(report.advice.contains("add forwarder.example to the sealers"), "{report:?}");
    assert!(!report.carries_strict_senders);
}

#[tokio::test]
async fn a_probe_that_does_not_come_back_within_an_hour_failed_and_may_still_come() {
    let world = World::new().await;
    let forward = entered(&world).await;
    send(&world, forward.record.probe.delivery, 1, Fate::Delivered, "2.0.0").await;
    assert_eq!(seen(&world, 3_599).state, ForwardState::Waiting);
    let ForwardState::Failed(why) = seen(&world, 3_600).state else { panic!() };
    assert!(why.contains("within an hour"), "{why}");
    outcomes(
        world.desk.receive(&coming_back(&world, &forward, &world.support, AuthResult::Pass)).await.unwrap(),
    );
    assert_eq!(seen(&world, 9_999).state, ForwardState::Verified);
}

#[tokio::test]
async fn a_probe_that_bounces_says_so_at_once() {
    let world = World::new().await;
    let forward = entered(&world).await;
    send(&world, forward.record.probe.delivery, 1, Fate::Refused, "5.1.1").await;
    let ForwardState::Failed(why) = seen(&world, 2).state else { panic!() };
    assert!(why.contains("the remote's words"), "{why}");
    let again = world.desk.probe_forward(&world.admin(), (support(&world), forward.id), at(3)).await;
    assert!(matches!(again, Err(Error::Invalid(_))), "the address is on the suppression list now: {again:?}");
}

#[tokio::test]
async fn a_probe_that_the_address_has_not_taken_yet_says_so() {
    let world = World::new().await;
    let forward = entered(&world).await;
    send(&world, forward.record.probe.delivery, 1, Fate::Deferred(Retry::AsScheduled), "4.7.1").await;
    assert_eq!(seen(&world, 3_599).state, ForwardState::Waiting);
    let ForwardState::Failed(why) = seen(&world, 3_600).state else { panic!() };
    assert!(why.contains("not been taken yet") && why.contains("the remote's words"), "{why}");
}

#[tokio::test]
async fn a_probe_through_another_channel_verifies_nothing() {
    let world = World::new().await;
    let forward = entered(&world).await;
    outcomes(
        world.desk.receive(&coming_back(&world, &forward, &world.billing, AuthResult::Pass)).await.unwrap(),
    );
    let ForwardState::Failed(why) = seen(&world, 70).state else { panic!() };
    assert!(why.contains("another channel"), "{why}");
}

#[tokio::test]
async fn a_copy_of_the_probe_through_another_channel_takes_nothing_back() {
    let world = World::new().await;
    let forward = entered(&world).await;
    for channel in [&world.support, &world.billing] {
        let probe = coming_back(&world, &forward, channel, AuthResult::Pass);
        outcomes(world.desk.receive(&probe).await.unwrap());
        assert_eq!(seen(&world, 70).state, ForwardState::Verified);
    }
    let notices = world.desk.notices(&world.admin(), false, None, 10).unwrap().items;
    assert!(notices[0].record.subject.ends_with("forwards to this help desk"), "{notices:?}");
}

#[tokio::test]
async fn a_forwarder_that_writes_the_mail_anew_is_known_by_the_subject() {
    let world = World::new().await;
    let forward = entered(&world).await;
    let subject = field(&raw(&world, forward.record.probe.delivery), "Subject");
    let subjects = [format!("Fwd: {subject}"), format!("[EXT] {subject} [Shop]")];
    for (n, subject) in subjects.iter().enumerate() {
        let became =
            world.receive(&mail(FROM, &format!("{n}@a.example"), subject, ""), &[&world.support]).await;
        assert!(matches!(became[..], [Outcome::Quarantined { .. }]), "{became:?}");
    }
    let verified = seen(&world, 70);
    assert_eq!(verified.state, ForwardState::Verified);
    assert!(!verified.record.returned.unwrap().report().carries_strict_senders);
    // An answer to the probe is no probe.
    let answer = format!(
        "From: {FROM}\nSubject: Re: {subject}\nIn-Reply-To: <x@y.example>\nMessage-ID: <2@shop.example>\n\nx\n"
    );
    let became = world.receive(&answer, &[&world.support]).await;
    assert!(matches!(became[..], [Outcome::Created { .. }]), "{became:?}");
}

/// Whoever gets the probe may ask what it is; some programs name no mail that they answer.
#[tokio::test]
async fn a_person_who_answers_a_probe_is_no_forward_that_works() {
    let world = World::new().await;
    let forward = entered(&world).await;
    let raw = raw(&world, forward.record.probe.delivery);
    let (subject, reply_to) = (field(&raw, "Subject"), field(&raw, "Reply-To"));
    let (local, domain) = reply_to.split_once('@').unwrap();
    let route = world.desk.accounts().route(local, domain).unwrap();
    let reply_address = world.desk.recipient(route, reply_to.clone()).unwrap().unwrap();
    let to_channel = mail(FROM, "1@shop.example", &format!("AW: {subject}"), "");
    let to_reply_address = mail(FROM, "2@shop.example", &subject, "");
    for (answer, to) in [(to_channel, &world.support), (to_reply_address, &reply_address)] {
        let became = world.receive(&answer, &[to]).await;
        assert!(matches!(became[..], [Outcome::Created { .. }]), "{became:?}");
        assert_eq!(seen(&world, 70).state, ForwardState::Waiting);
    }
}

#[tokio::test]
async fn two_who_enter_the_same_forward_at_once_enter_one() {
    let world = World::new().await;
    let (one, other) = tokio::join!(entered(&world), entered(&world));
    assert_eq!(one.id, other.id);
    assert_eq!(world.desk.forwards(&world.admin(), support(&world), at(1)).unwrap().len(), 1);
}

/// Who signs up names the organisation, and a probe goes wherever they say.
#[tokio::test]
async fn promise_5_a_probe_holds_no_word_of_anybody() {
    let world = World::new().await;
    let forward = entered(&world).await;
    assert!(!raw(&world, forward.record.probe.delivery).contains("Acme"));
}

#[tokio::test]
async fn a_second_probe_overtakes_the_first_and_a_removed_forward_stays_gone() {
    let world = World::new().await;
    let first = entered(&world).await;
    let again = entered(&world).await;
    assert_eq!(again.id, first.id);
    assert_ne!(again.record.probe.delivery, first.record.probe.delivery);
    outcomes(
        world.desk.receive(&coming_back(&world, &first, &world.support, AuthResult::Pass)).await.unwrap(),
    );
    assert_eq!(seen(&world, 70).state, ForwardState::Waiting);
    let probe = coming_back(&world, &again, &world.support, AuthResult::Pass);
    world.desk.delete_forward(&world.admin(), (support(&world), again.id)).await.unwrap();
    let became = outcomes(world.desk.receive(&probe).await.unwrap());
    assert!(matches!(became[..], [Outcome::Quarantined { .. }]), "{became:?}");
    assert_eq!(world.desk.forwards(&world.admin(), support(&world), at(80)).unwrap(), []);
}

#[tokio::test]
async fn a_forward_that_works_settles_the_providers_question_about_it_and_no_other() {
    let world = World::new().await;
    let question = super::confirmations::question("1", "123456789");
    world.receive(&question, &[&world.support]).await;
    world
        .receive(&question.replace("<1@", "<2@").replace(FROM, "other@shop.example"), &[&world.support])
        .await;
    world.receive(&question.replace("<1@", "<3@"), &[&world.billing]).await;
    let forward = entered(&world).await;
    let open = || {
        let open = world.desk.notices(&world.admin(), false, None, 10).unwrap().items;
        let asked = |notice: crate::StoredNotice| match notice.record.kind {
            NoticeKind::ForwardingConfirmation(asked) => {
                Some((asked.channel, asked.address.unwrap().to_string()))
            }
            _ => None,
        };
        open.into_iter().filter_map(asked).collect::<Vec<_>>()
    };
    outcomes(
        world.desk.receive(&coming_back(&world, &forward, &world.billing, AuthResult::Pass)).await.unwrap(),
    );
    assert_eq!(open().len(), 3, "it came through another channel");
    let forward = entered(&world).await;
    outcomes(
        world.desk.receive(&coming_back(&world, &forward, &world.support, AuthResult::Pass)).await.unwrap(),
    );
    let billing = world.billing.channel().unwrap();
    assert_eq!(open(), [(billing, FROM.to_owned()), (support(&world), "other@shop.example".to_owned())]);
    let all = world.desk.notices(&world.admin(), true, None, 10).unwrap().items;
    assert_eq!(all.iter().filter(|notice| notice.record.settled == Some(at(60))).count(), 1);
}

#[tokio::test]
async fn promise_5_probes_are_capped_and_go_to_no_address_of_ours() {
    let world = World::new().await;
    let own = world
        .desk
        .add_forward(&world.admin(), support(&world), &address("billing@acme.example"), at(0))
        .await;
    assert!(matches!(own, Err(Error::Invalid(_))), "{own:?}");
    for _ in 0..10 {
        entered(&world).await;
    }
    let again = world.desk.add_forward(&world.admin(), support(&world), &address(FROM), at(0)).await;
    assert!(matches!(again, Err(Error::Invalid(_))), "{again:?}");
}

#[tokio::test]
async fn promise_7_forwards_are_the_admins_of_one_organisation() {
    let world = World::new().await;
    let forward = entered(&world).await;
    let agent = world.billing_agent().await;
    let at_support = (support(&world), forward.id);
    for actor in [agent, Actor::system(world.other)] {
        // Another organisation may have a channel of that number, with no forwards.
        let seen = world.desk.forwards(&actor, support(&world), at(1)).unwrap_or_default();
        assert_eq!(seen, []);
        assert!(matches!(world.desk.probe_forward(&actor, at_support, at(1)).await, Err(Error::NotFound(_))));
        assert!(matches!(world.desk.delete_forward(&actor, at_support).await, Err(Error::NotFound(_))));
    }
    let unknown = (world.billing.channel().unwrap(), ForwardId(1));
    assert!(matches!(
        world.desk.probe_forward(&world.admin(), unknown, at(1)).await,
        Err(Error::NotFound(_))
    ));
}

#[tokio::test]
async fn forwards_to_a_channel_that_was_deleted_are_forgotten_with_the_next_one() {
    let world = World::new().await;
    let accounts = world.desk.accounts();
    let wanted = guichet_accounts::NewChannel {
        address: address("shop@acme.example"),
        name: "Shop".to_owned(),
        team: None,
    };
    let gone = accounts.create_channel(world.acme, wanted).await.unwrap().id;
    let forward = world.desk.add_forward(&world.admin(), gone, &address(FROM), at(0)).await.unwrap();
    let off = guichet_accounts::ChannelChange { active: Some(false), ..Default::default() };
    accounts.change_channel(world.acme, gone, off).await.unwrap();
    accounts.delete_channel(world.acme, gone).await.unwrap();
    world.desk.add_forward(&world.admin(), support(&world), &address("b@shop.example"), at(1)).await.unwrap();
    let snapshot = world.store.of(world.acme).snapshot().unwrap();
    assert!(snapshot.peek(&crate::keys::forward(forward.id)).unwrap().is_none());
    let probe = crate::keys::forward_of_probe(forward.record.probe.delivery);
    assert!(snapshot.peek(&probe).unwrap().is_none());
    assert_eq!(world.desk.forwards(&world.admin(), support(&world), at(2)).unwrap().len(), 1);
}
