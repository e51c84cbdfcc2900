//! The watch: when it looks, and what follows.

use guichet_accounts::{DkimScope, DkimState, NewClaim, NewOrganisation, ProofCode, RETIRING_DAYS};
use guichet_desk::NoticeKind;
use guichet_store::Key;
use guichet_sys::Clock as _;

use super::world::{World, internet, name, operators, pair, publish};
use crate::{Purpose, State, Watch};

const SOON: i64 = 600;
const DAY: i64 = 86_400;

/// A world whose `acme.example` is proven, complete and watched.
async fn green() -> World {
    let mut world = World::new().await;
    let domain = world.own_domain().await;
    world.serve(world.all_but(&domain, &[]));
    world.after(0).await;
    assert!(world.accounts().domain(world.acme, &domain).unwrap().is_verified(), "the watch saw the proof");
    world.after(SOON).await;
    world
}

fn last_state(world: &World, purpose: Purpose) -> State {
    let records = world.domains.records(world.acme, &name("acme.example")).unwrap();
    records.iter().find(|record| record.expected.purpose == purpose).unwrap().last.as_ref().unwrap().0.state
}

#[tokio::test]
async fn what_breaks_is_told_once_when_it_was_seen_twice_and_settles_when_mended() {
    let mut world = green().await;
    let domain = name("acme.example");
    let whole = world.all_but(&domain, &[]);
    world.serve(world.all_but(&domain, &[Purpose::Mx]));
    world.after(DAY).await;
    assert_eq!(last_state(&world, Purpose::Mx), State::Missing);
    assert!(world.open_notices().is_empty(), "once may be chance");
    world.after(SOON).await;
    let notices = world.open_notices();
    assert_eq!(notices.len(), 1);
    assert_eq!(notices[0].record.kind, NoticeKind::DomainBroken { domain: domain.clone() });
    assert!(notices[0].record.text.contains("MX"), "{}", notices[0].record.text);
    assert_eq!(world.mails(), 1);
    for _ in 0..5 {
        world.after(SOON).await;
    }
    assert_eq!((world.open_notices().len(), world.mails()), (1, 1), "it is told once");
    world.serve(whole);
    world.after(SOON).await;
    assert!(world.open_notices().is_empty());
}

#[tokio::test]
async fn what_breaks_beside_something_broken_is_told_too_with_all_that_is_broken() {
    let mut world = green().await;
    let domain = name("acme.example");
    world.clock.advance_secs(DAY);
    for (broken, mails) in [(&[Purpose::Spf][..], 1), (&[Purpose::Spf, Purpose::Mx], 2)] {
        world.serve(world.all_but(&domain, broken));
        for _ in 0..3 {
            world.after(SOON).await;
        }
        assert_eq!((world.open_notices().len(), world.mails()), (1, mails));
    }
    let notice = &world.open_notices()[0].record;
    assert_eq!(notice.subject, "Records of acme.example are broken: MX, SPF");
    assert!(notice.text.contains("- MX of") && notice.text.contains("- SPF of"), "{}", notice.text);
}

#[tokio::test(start_paused = true)]
async fn silence_neither_breaks_nor_mends() {
    let mut world = green().await;
    let domain = name("acme.example");
    world.serve(internet().silence("acme.example", &[]));
    for _ in 0..5 {
        world.after(DAY).await;
    }
    assert!(world.open_notices().is_empty());
    let without = world.all_but(&domain, &[Purpose::Mx]);
    world.serve(without.clone());
    world.after(DAY).await;
    world.serve(internet().silence("acme.example", &[]));
    world.after(DAY).await;
    world.serve(without);
    world.after(DAY).await;
    assert_eq!(world.open_notices().len(), 1, "two looks in a row, not counting those that nobody answered");
}

#[tokio::test]
async fn what_was_never_fine_is_no_alarm_and_is_looked_at_less_and_less() {
    let mut world = World::new().await;
    world.own_domain().await;
    let looks_of = |world: &World| world.dns.questions();
    world.after(0).await;
    let mut looks = 0;
    for _ in 0..(10 * DAY / SOON) {
        let before = looks_of(&world);
        world.after(SOON).await;
        looks += usize::from(looks_of(&world) > before + 8);
    }
    assert!(world.open_notices().is_empty());
    assert!((60..200).contains(&looks), "{looks} looks in ten days");
}

#[tokio::test]
async fn keys_that_are_seen_sign_and_the_old_ones_end_when_their_mail_is_through() {
    let mut world = green().await;
    let domain = name("acme.example");
    let scope = DkimScope::Domain(world.acme, domain.clone());
    let accounts = world.accounts();
    let acme = world.acme;
    let states =
        || accounts.dkim_records(acme, &domain).unwrap().into_iter().map(|key| key.state).collect::<Vec<_>>();
    accounts.rotate_dkim(&scope, pair(2), world.clock.now()).await.unwrap();
    let (signing, pending) = (DkimState::Signing, DkimState::Pending);
    world.after(DAY).await;
    assert_eq!(states(), [signing, pending, signing, pending], "nothing is published yet");
    assert!(world.open_notices().is_empty());
    world.serve(world.all_but(&domain, &[]));
    world.after(DAY).await;
    let (retiring, retired) = (DkimState::Retiring, DkimState::Retired);
    assert_eq!(states(), [retiring, signing, retiring, signing]);
    for _ in 0..=RETIRING_DAYS {
        world.after(DAY).await;
    }
    assert_eq!(states(), [retired, signing, retired, signing]);
    let records = world.domains.records(world.acme, &domain).unwrap();
    world.after(DAY).await;
    assert!(records.iter().any(|record| record.expected.need == crate::Need::Done));
    let gone = world.expected(&domain).into_iter().filter(|expected| expected.need != crate::Need::Done);
    world.serve(
        gone.fold(world.with_base_keys(operators(internet())), |zone, expected| publish(zone, &expected)),
    );
    world.after(DAY).await;
    assert_eq!(states(), [signing, signing], "what is gone is forgotten");
    assert!(world.open_notices().is_empty());
}

#[tokio::test]
async fn one_key_of_a_pair_is_not_enough() {
    let mut world = green().await;
    let domain = name("acme.example");
    let scope = DkimScope::Domain(world.acme, domain.clone());
    world.accounts().rotate_dkim(&scope, pair(2), world.clock.now()).await.unwrap();
    let half: Vec<_> = world
        .expected(&domain)
        .into_iter()
        .filter(|expected| !expected.name.starts_with("guichet-b-2"))
        .collect();
    world.serve(half.iter().fold(world.with_base_keys(operators(internet())), publish));
    world.after(DAY).await;
    let states: Vec<_> = world
        .accounts()
        .dkim_records(world.acme, &domain)
        .unwrap()
        .into_iter()
        .map(|key| key.state)
        .collect();
    assert_eq!(states.iter().filter(|state| **state == DkimState::Pending).count(), 2);
}

#[tokio::test]
async fn the_base_domains_keys_change_when_the_operator_has_published_them() {
    let mut world = green().await;
    world.accounts().rotate_dkim(&DkimScope::Base, pair(2), world.clock.now()).await.unwrap();
    world.after(DAY).await;
    let pending = || {
        world
            .accounts()
            .base_dkim_records()
            .unwrap()
            .iter()
            .filter(|key| key.state == DkimState::Pending)
            .count()
    };
    assert_eq!(pending(), 2);
    world.serve(world.all_but(&name("acme.example"), &[]));
    world.after(DAY).await;
    let pending = world
        .accounts()
        .base_dkim_records()
        .unwrap()
        .iter()
        .filter(|key| key.state == DkimState::Pending)
        .count();
    assert_eq!(pending, 0);
}

#[tokio::test]
async fn a_granted_name_is_announced_once_when_it_works() {
    let mut world = World::new().await;
    let zone = world.with_base_keys(operators(internet()));
    world.serve(internet());
    let new = NewClaim { label: "marca".into(), local_part: "ola".into(), name: "Marca".into() };
    let accounts = world.accounts();
    let claim = accounts.claim_name(world.acme, &new, &[], world.clock.now()).await.unwrap();
    accounts.approve_claim(world.acme, claim.id, world.clock.now()).await.unwrap();
    world.after(0).await;
    assert_eq!(world.mails(), 0, "nothing is published");
    world.serve(zone);
    for _ in 0..3 {
        world.after(SOON).await;
    }
    assert_eq!(world.mails(), 1);
    let notice = &world.open_notices()[0];
    assert_eq!(notice.record.subject, "marca.desk.example is live");
    assert!(accounts.claim(world.acme, claim.id).unwrap().announced.is_some());
}

#[tokio::test]
async fn of_two_who_want_one_domain_the_first_who_proves_it_has_it() {
    let mut world = World::new().await;
    let domain = world.own_domain().await;
    let accounts = world.accounts();
    let wanted = NewOrganisation { slug: "evil".into(), name: "Evil".into(), home: None };
    let evil = accounts.found_organisation(wanted, world.clock.now()).await.unwrap().0.id;
    accounts.begin_domain(evil, &domain, ProofCode::from_random([9; 20]), world.clock.now()).await.unwrap();
    world.serve(world.all_but(&domain, &[]));
    world.after(0).await;
    world.after(SOON).await;
    assert!(accounts.domain(world.acme, &domain).unwrap().is_verified());
    assert!(!accounts.domain(evil, &domain).unwrap().is_verified(), "the code of another proves nothing");
}

#[tokio::test]
async fn the_schedule_outlives_a_restart() {
    let mut world = green().await;
    let before = world.dns.questions();
    world.watch = Watch::new(world.domains.clone());
    world.after(SOON).await;
    assert_eq!(world.dns.questions(), before, "all is well until tomorrow");
    world.after(DAY).await;
    assert!(world.dns.questions() > before);
}

#[tokio::test]
async fn two_who_look_at_once_share_one_look() {
    let world = World::new().await;
    let domain = world.own_domain().await;
    let one = world.domains.check(world.acme, &domain).await.unwrap();
    let asked = world.dns.questions();
    let (two, three) =
        tokio::join!(world.domains.check(world.acme, &domain), world.domains.check(world.acme, &domain));
    assert_eq!((two.unwrap(), three.unwrap()), (one.clone(), one));
    assert_eq!(world.dns.questions(), asked);
}

#[tokio::test]
async fn a_domain_that_is_gone_is_watched_no_more() {
    let mut world = World::new().await;
    let domain = world.own_domain().await;
    world.after(0).await;
    assert!(world.domains.watched(world.acme, &domain).unwrap().is_some());
    world.accounts().remove_domain(world.acme, &domain).await.unwrap();
    world.after(SOON).await;
    assert!(world.domains.watched(world.acme, &domain).unwrap().is_none());
    assert!(world.domains.check(world.acme, &domain).await.is_err());
}

#[tokio::test]
async fn a_domain_without_keys_gets_them_when_it_is_looked_at() {
    let mut world = World::new().await;
    let domain = name("acme.example");
    let accounts = world.accounts();
    // A crash came between the domain and its keys.
    accounts
        .begin_domain(world.acme, &domain, ProofCode::from_random([3; 20]), world.clock.now())
        .await
        .unwrap();
    world.after(0).await;
    let keys = accounts.dkim_records(world.acme, &domain).unwrap();
    assert_eq!(keys.len(), 2);
    assert_eq!(
        world.expected(&domain).iter().filter(|expected| expected.purpose == Purpose::Dkim).count(),
        2
    );
}

#[tokio::test]
async fn the_notice_of_a_domain_that_is_given_up_is_settled() {
    let mut world = green().await;
    let domain = name("acme.example");
    world.serve(world.all_but(&domain, &[Purpose::Mx]));
    world.after(DAY).await;
    world.after(SOON).await;
    assert_eq!(world.open_notices().len(), 1);
    world.accounts().remove_domain(world.acme, &domain).await.unwrap();
    world.after(SOON).await;
    assert!(world.open_notices().is_empty());
}

#[tokio::test]
async fn what_cant_be_read_of_one_organisation_keeps_nobody_elses_domains_from_their_turn() {
    let mut world = World::new().await;
    let wanted = NewOrganisation { slug: "other".into(), name: "Other".into(), home: None };
    let other = world.accounts().found_organisation(wanted, world.clock.now()).await.unwrap().0.id;
    let mut batch = world.store.of(world.acme).batch();
    batch.put(Key::new(b'd').text("broken.example"), b"no record".to_vec());
    world.store.commit(vec![batch]).await.unwrap();
    world.after(0).await;
    let records = world.domains.records(other, &name("other.desk.example")).unwrap();
    assert!(records.iter().all(|checked| checked.last.is_some()));
}
