//! The resolver before data, and the real one before a server on loopback.

use std::{
    net::{Ipv4Addr, Ipv6Addr},
    sync::Arc,
    time::Duration,
};

use guichet_sys::dns::{DnsError, DnsLimits, Hickory, Resolver};
use guichet_testkit::{DnsServer, FakeDns, StillClock, Zone};

fn resolver(dns: &Arc<FakeDns>, clock: &StillClock) -> Resolver {
    Resolver::new(dns.clone(), Arc::new(clock.clone()), DnsLimits::default())
}

#[tokio::test]
async fn an_answer_is_asked_for_again_only_when_its_time_to_live_is_over() {
    let dns = FakeDns::new(Zone::new().ttl_secs(60).address("mx.example.org", "192.0.2.1"));
    let clock = StillClock::default();
    let resolver = resolver(&dns, &clock);
    for _ in 0..3 {
        assert_eq!(resolver.ipv4("MX.Example.org.").await.unwrap()[..], [Ipv4Addr::new(192, 0, 2, 1)]);
    }
    assert_eq!(dns.questions(), 1);
    clock.advance_secs(60);
    resolver.ipv4("mx.example.org").await.unwrap();
    assert_eq!(dns.questions(), 2);
}

#[tokio::test]
async fn an_absence_is_remembered_as_what_it_was() {
    let dns = FakeDns::new(Zone::new().txt("here.example", "text"));
    let resolver = resolver(&dns, &StillClock::default());
    for _ in 0..2 {
        assert_eq!(resolver.ipv4("here.example").await.unwrap_err(), DnsError::NoRecords);
        assert_eq!(resolver.ipv4("gone.example").await.unwrap_err(), DnsError::NoSuchName);
    }
    assert_eq!(dns.questions(), 2);
}

#[tokio::test]
async fn trouble_is_not_remembered() {
    let dns = FakeDns::new(Zone::new().serv_fail("sick.example"));
    let resolver = resolver(&dns, &StillClock::default());
    for _ in 0..2 {
        assert!(resolver.txt("sick.example").await.unwrap_err().is_transient());
    }
    assert_eq!(dns.questions(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_keeps_silent_is_waited_for_only_so_long() {
    let dns = FakeDns::new(Zone::new().silence("mute.example", &[]));
    let error = resolver(&dns, &StillClock::default()).txt("mute.example").await.unwrap_err();
    assert_eq!(error, DnsError::TryAgain("no answer within 5 s".into()));
}

#[tokio::test(start_paused = true)]
async fn only_so_many_questions_are_on_their_way_at_once() {
    let dns = FakeDns::new(Zone::new().silence("mute.example", &[]));
    let limits = DnsLimits { lookups_max: 2, ..DnsLimits::default() };
    let resolver = Resolver::new(dns.clone(), Arc::new(StillClock::default()), limits);
    let ask = || resolver.txt("mute.example");
    let three = async { tokio::join!(ask(), ask(), ask()) };
    assert!(tokio::time::timeout(Duration::from_secs(1), three).await.is_err());
    assert_eq!(dns.questions(), 2, "the third still waits for a place");
}

#[tokio::test]
async fn what_cannot_be_a_name_is_not_asked_for() {
    let dns = FakeDns::new(Zone::new());
    let error = resolver(&dns, &StillClock::default()).txt("a..b").await.unwrap_err();
    assert_eq!((error, dns.questions()), (DnsError::BadName, 0));
}

#[expect(clippy::expect_used, reason = "part of tests")]
async fn over_loopback(zone: Zone) -> (DnsServer, Resolver) {
    let server = DnsServer::start(zone).await.expect("loopback is there");
    let dns = Hickory::with_servers(&[server.address().to_string()]).expect("an address and port");
    let resolver = Resolver::new(Arc::new(dns), Arc::new(StillClock::default()), DnsLimits::default());
    (server, resolver)
}

#[tokio::test]
async fn the_real_resolver_reads_every_record_that_mail_needs() {
    let zone = Zone::new()
        .txt("example.org", "v=spf1 -all")
        .address("example.org", "192.0.2.1")
        .address("example.org", "2001:db8::1")
        .mx("example.org", 20, "b.example.org")
        .mx("example.org", 10, "A.example.org")
        .ptr("192.0.2.1", "example.org")
        .cname("www.example.org", "example.org");
    let (_server, resolver) = over_loopback(zone).await;
    assert_eq!(resolver.txt("example.org").await.unwrap()[..], [b"v=spf1 -all"[..].into()]);
    assert_eq!(resolver.ipv4("www.example.org").await.unwrap()[..], [Ipv4Addr::new(192, 0, 2, 1)]);
    assert_eq!(
        resolver.ipv6("example.org").await.unwrap()[..],
        [Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1)]
    );
    let exchanges: Vec<_> =
        resolver.mx("example.org").await.unwrap().iter().map(|mx| mx.exchange.clone()).collect();
    assert_eq!(exchanges, ["a.example.org".into(), "b.example.org".into()]);
    assert_eq!(resolver.ptr("192.0.2.1".parse().unwrap()).await.unwrap()[..], ["example.org".into()]);
}

#[tokio::test]
async fn a_long_record_comes_over_tcp_in_one_piece() {
    let long = "x".repeat(4000);
    let (_server, resolver) = over_loopback(Zone::new().txt("long.example", &long)).await;
    assert_eq!(resolver.txt("long.example").await.unwrap()[0][..], *long.as_bytes());
}

#[tokio::test]
async fn the_real_resolver_tells_absence_from_trouble() {
    let zone = Zone::new().txt("here.example", "text").serv_fail("sick.example");
    let (_server, resolver) = over_loopback(zone).await;
    assert_eq!(resolver.ipv4("here.example").await.unwrap_err(), DnsError::NoRecords);
    assert_eq!(resolver.ipv4("gone.example").await.unwrap_err(), DnsError::NoSuchName);
    assert!(resolver.txt("sick.example").await.unwrap_err().is_transient());
}

#[tokio::test]
async fn no_server_at_all_is_trouble() {
    let dns = Hickory::with_servers::<&str>(&[]).unwrap();
    let resolver = Resolver::new(Arc::new(dns), Arc::new(StillClock::default()), DnsLimits::default());
    assert!(resolver.txt("example.org").await.unwrap_err().is_transient());
}
