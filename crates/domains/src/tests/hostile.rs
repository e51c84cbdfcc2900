//! DNS that lies, hides, disagrees or shouts.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use guichet_accounts::{DkimScope, DkimState, NewOrganisation, ProofCode};
use guichet_sys::Clock as _;
use guichet_testkit::{FakeDns, Zone};

use super::world::{World, domains, internet, name, operators, pair, publish};
use crate::{Domains, Purpose, Settings, State};

#[tokio::test]
async fn aliases_in_a_circle_are_told_as_such() {
    let world = World::new().await;
    let domain = world.own_domain().await;
    let zone = world.all_but(&domain, &[Purpose::Dkim]);
    world.serve(
        zone.cname("guichet-a-1._domainkey.acme.example", "loop.acme.example")
            .cname("loop.acme.example", "guichet-a-1._domainkey.acme.example"),
    );
    let look = world.look(&domain, Purpose::Dkim).await;
    assert_eq!(look.state, State::Different);
    assert!(look.advice.contains("round in a circle"), "{}", look.advice);
}

#[tokio::test]
async fn what_is_shown_of_a_strangers_text_is_short_and_printable() {
    let world = World::new().await;
    let domain = world.own_domain().await;
    let mut zone = world.all_but(&domain, &[Purpose::Proof]);
    for number in 0..100 {
        zone = zone.txt("_guichet.acme.example", format!("{number}\x1b[2J\r\n{}", "x".repeat(30_000)));
    }
    world.serve(zone);
    let look = world.look(&domain, Purpose::Proof).await;
    assert_eq!((look.state, look.found.len()), (State::Different, 10));
    assert!(look.found.iter().all(|text| text.chars().count() < 610 && !text.contains(char::is_control)));
    assert!(!look.advice.contains(char::is_control));
}

#[tokio::test]
async fn servers_that_disagree_count_as_the_worst_of_them() {
    let world = World::new().await;
    let domain = world.own_domain().await;
    let whole = world.all_but(&domain, &[]);
    let stale = world.all_but(&domain, &[Purpose::Mx]);
    let beside = whole.clone().txt("acme.example", "unrelated");
    for (other, state) in [(stale, State::Different), (beside, State::Ok)] {
        let known = whole
            .clone()
            .ns("acme.example", "ns2.provider.example")
            .address("ns2.provider.example", "192.0.2.54");
        let dns = FakeDns::with_servers(known, HashMap::from([(IpAddr::from([192, 0, 2, 54]), other)]));
        let domains = over(&world, &dns);
        let report = domains.check(world.acme, &domain).await.unwrap();
        let (_, look) = report.records.iter().find(|(expected, _)| expected.purpose == Purpose::Mx).unwrap();
        assert_eq!(look.state, state, "{look:?}");
        if state == State::Different {
            assert!(
                look.advice.contains("ns2.provider.example says: There is no such record"),
                "{}",
                look.advice
            );
        }
    }
}

fn over(world: &World, dns: &Arc<FakeDns>) -> Domains {
    let desk = world.domains.0.backends.desk.clone();
    domains(&world.store, desk, dns, &world.clock, Settings::new(name("mx.desk.example")))
}

#[tokio::test(start_paused = true)]
async fn silence_is_not_absence() {
    let world = World::new().await;
    let domain = world.own_domain().await;
    let known =
        Zone::new().ns("acme.example", "ns.provider.example").address("ns.provider.example", "192.0.2.53");
    for zone in [known.silence("acme.example", &[]), Zone::new(), Zone::new().serv_fail("acme.example")] {
        let dns = FakeDns::new(zone);
        let report = over(&world, &dns).check(world.acme, &domain).await.unwrap();
        let mx = &report.records[1];
        assert_eq!((mx.0.purpose, mx.1.state), (Purpose::Mx, State::Unreachable), "{mx:?}");
        world.clock.advance_secs(60);
    }
}

#[tokio::test(start_paused = true)]
async fn promise_9_a_look_takes_only_so_long() {
    let world = World::new().await;
    let domain = world.own_domain().await;
    // The recursive resolver itself never answers.
    let all: Vec<String> = world.expected(&domain).into_iter().map(|expected| expected.name).collect();
    let mute = all.iter().fold(operators(internet()), |zone, name| zone.silence(name, &[]));
    let dns = FakeDns::new(mute);
    let started = tokio::time::Instant::now();
    let report = over(&world, &dns).check(world.acme, &domain).await.unwrap();
    assert!(started.elapsed().as_secs() <= 20);
    assert!(report.records.iter().all(|(_, look)| look.state == State::Unreachable));
}

/// Each has as many looks under way as one organisation may, and none of them ends before the servers are given up.
#[tokio::test]
async fn mute_name_servers_of_several_organisations_keep_nobody_waiting() {
    let world = World::new().await;
    let domain = world.own_domain().await;
    let (mut zone, mut mute) = (world.all_but(&domain, &[]), Vec::new());
    for number in 0..10 {
        let wanted = NewOrganisation { slug: format!("mute{number}"), name: "Mute".into(), home: None };
        let accounts = world.accounts();
        let id = accounts.found_organisation(wanted, world.clock.now()).await.unwrap().0.id;
        for own in 0..2 {
            let name = name(&format!("mute{number}-{own}.example"));
            let code = ProofCode::from_random([number; 20]);
            accounts.begin_domain(id, &name, code, world.clock.now()).await.unwrap();
            accounts.put_dkim_keys(&DkimScope::Domain(id, name.clone()), pair(1)).await.unwrap();
            zone = zone.silence(name.as_str(), &[]);
            mute.push((id, name));
        }
    }
    world.serve(zone);
    let theirs = mute.iter().map(|(id, name)| world.domains.check(*id, name));
    let mut theirs: FuturesUnordered<_> = theirs.collect();
    tokio::select! {
        biased;
        answered = theirs.next() => panic!("a mute server answered: {answered:?}"),
        ours = world.domains.check(world.acme, &domain) => ours.unwrap(),
    };
}

/// A domain of a company like many: name servers with addresses of both kinds, as many services in its SPF as that allows,
/// and its keys are being changed.
#[tokio::test]
async fn a_domain_with_many_services_is_looked_at_to_the_end() {
    let world = World::new().await;
    let domain = world.own_domain().await;
    let scope = DkimScope::Domain(world.acme, domain.clone());
    world.accounts().rotate_dkim(&scope, pair(2), world.clock.now()).await.unwrap();
    let services = ["a.one.example", "b.two.example", "c.three.example", "d.four.example", "e.five.example"];
    let mut zone = world.all_but(&domain, &[Purpose::Spf]);
    for service in ["_n1.google.example", "_n2.google.example", "_n3.google.example"].iter().chain(&services)
    {
        zone = zone.txt(service, "v=spf1 ip4:198.51.100.0/24 ~all");
    }
    zone = zone.txt(
        "_spf.google.example",
        "v=spf1 include:_n1.google.example include:_n2.google.example include:_n3.google.example ~all",
    );
    let services = services.join(" include:");
    let spf = format!("v=spf1 include:_spf.google.example include:{services} include:desk.example ~all");
    zone = zone.txt("acme.example", spf);
    for of in ["acme", "desk", "google", "one", "two", "three", "four", "five"] {
        for server in ["ns1", "ns2", "ns3"] {
            let host = format!("{server}.{of}.example");
            let addressed = zone.address(&host, "192.0.2.53").address(&host, "2001:db8::53");
            zone = addressed.ns(&format!("{of}.example"), &host);
        }
    }
    world.serve(zone);
    let all = world.states(&domain).await;
    assert!(all.iter().all(|(_, state)| *state == State::Ok), "{all:?}");
}

#[tokio::test]
async fn of_two_servers_one_may_know_where_an_alias_leads() {
    let world = World::new().await;
    let domain = world.own_domain().await;
    let key = "guichet-a-1._domainkey.acme.example";
    let text = world.expected(&domain).into_iter().find(|expected| expected.name == key).unwrap().value;
    let rest = world.expected(&domain).into_iter().filter(|expected| expected.name != key);
    let rest =
        rest.fold(world.with_base_keys(operators(internet())), |zone, expected| publish(zone, &expected));
    let known = rest
        .ns("acme.example", "ns2.provider.example")
        .address("ns2.provider.example", "192.0.2.54")
        .ns("keys.example", "ns.provider.example")
        .cname(key, "a.keys.example")
        .txt("a.keys.example", text.to_string());
    // It holds both zones, and says at once what stands at the end.
    let both = world.all_but(&domain, &[]);
    let dns = FakeDns::with_servers(known, HashMap::from([(IpAddr::from([192, 0, 2, 54]), both)]));
    let report = over(&world, &dns).check(world.acme, &domain).await.unwrap();
    let (_, look) = report.records.iter().find(|(expected, _)| expected.name == key).unwrap();
    assert_eq!(look.state, State::Ok, "{look:?}");
}

#[tokio::test]
async fn a_clock_that_was_set_back_neither_hides_what_is_published_nor_stops_the_watch() {
    const YEAR: i64 = 365 * 86_400;
    let mut world = World::new().await;
    let domain = world.own_domain().await;
    world.serve(world.all_but(&domain, &[]));
    world.clock.advance_secs(YEAR);
    world.after(0).await;
    world.serve(world.all_but(&domain, &[Purpose::Mx]));
    world.clock.advance_secs(-YEAR);
    world.after(0).await;
    for _ in 0..20 {
        world.after(600).await;
    }
    let checked = world.domains.records(world.acme, &domain).unwrap();
    let mx = checked.iter().find(|checked| checked.expected.purpose == Purpose::Mx).unwrap();
    assert_eq!(mx.last.as_ref().unwrap().0.state, State::Missing);
    let report = world.domains.check(world.acme, &domain).await.unwrap();
    assert!(report.checked_at <= world.clock.now());
}

#[tokio::test]
async fn new_keys_that_one_of_two_servers_knows_do_not_sign() {
    let world = World::new().await;
    let domain = world.own_domain().await;
    let accounts = world.accounts();
    let before = world.all_but(&domain, &[]);
    let scope = DkimScope::Domain(world.acme, domain.clone());
    accounts.rotate_dkim(&scope, pair(2), world.clock.now()).await.unwrap();
    let both = |zone: Zone| {
        zone.ns("acme.example", "ns2.provider.example").address("ns2.provider.example", "192.0.2.54")
    };
    let after = both(world.all_but(&domain, &[]));
    for (second, pending) in [(before, 2), (after.clone(), 0)] {
        let second = HashMap::from([(IpAddr::from([192, 0, 2, 54]), second)]);
        let dns = FakeDns::with_servers(after.clone(), second);
        over(&world, &dns).check(world.acme, &domain).await.unwrap();
        let keys = accounts.dkim_records(world.acme, &domain).unwrap();
        let waits = keys.iter().filter(|key| key.state == DkimState::Pending).count();
        assert_eq!(waits, pending);
    }
}
