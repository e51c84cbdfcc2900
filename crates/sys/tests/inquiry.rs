//! Name servers asked at the source: real ones on loopback, well and badly kept.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::Arc,
};

use guichet_sys::dns::{
    Finding, Hickory, HickoryDirect, Inquiry, InquiryLimits, Mx, Record, RecordType, Source,
};
use guichet_testkit::{DnsServer, FakeDns, Zone};

/// How long a name server is waited for here, in milliseconds: longer than any that answers takes.
const ANSWER_MILLIS_MAX: u64 = 3_000;
/// Ports tried before a test gives up finding one that is free on several addresses.
const PORTS_MAX: usize = 50;

/// What a name server of the tests is like.
enum Kept {
    Well(Zone),
    /// It knows the zone and has no authority.
    Lame(Zone),
    /// Nobody is there.
    Away,
}

/// A recursive resolver, and the name servers of `example.org`, `ns1`, `ns2` and so on.
struct Internet {
    _servers: Vec<DnsServer>,
    source: Source,
}

#[expect(clippy::unwrap_used, reason = "part of tests")]
impl Internet {
    /// `known` is what the recursive resolver knows besides.
    async fn new(known: Zone, kept: Vec<Kept>) -> Self {
        let (mut root, mut addresses) = (known, Vec::new());
        for number in 1..=u8::try_from(kept.len()).unwrap() {
            let name = format!("ns{number}.example.net");
            let address = Ipv4Addr::new(127, 0, 1, number);
            root = root.ns("example.org", &name).address(&name, &address.to_string());
            addresses.push(IpAddr::from(address));
        }
        let (port, mut servers) = start(&addresses, &kept).await;
        let recursive = DnsServer::start(root).await.unwrap();
        let dns = Hickory::with_servers(&[recursive.address().to_string()]).unwrap();
        servers.push(recursive);
        let limits = InquiryLimits { private_servers: true, ..InquiryLimits::default() };
        let direct = HickoryDirect::new(port, ANSWER_MILLIS_MAX);
        Self { _servers: servers, source: Source::new(Arc::new(dns), Arc::new(direct), limits) }
    }

    async fn ask(&self, name: &str, record_type: RecordType) -> Finding {
        self.source.inquiry().ask(name, record_type).await
    }
}

/// Starts all on one port, since name servers are asked at one.
async fn start(addresses: &[IpAddr], kept: &[Kept]) -> (u16, Vec<DnsServer>) {
    'ports: for _ in 0..PORTS_MAX {
        let (mut port, mut servers) = (0, Vec::new());
        for (address, kept) in addresses.iter().zip(kept) {
            let at = SocketAddr::new(*address, port);
            let started = match kept {
                Kept::Well(zone) => DnsServer::authority(at, zone.clone()).await,
                Kept::Lame(zone) => DnsServer::lame(at, zone.clone()).await,
                Kept::Away => continue,
            };
            let Ok(server) = started else { continue 'ports };
            port = server.address().port();
            servers.push(server);
        }
        return (if port == 0 { 9 } else { port }, servers);
    }
    panic!("no port is free on all of {addresses:?}");
}

fn zone() -> Zone {
    Zone::new().ns("example.org", "ns1.example.net").txt("example.org", "here")
}

fn text(text: &str) -> Record {
    Record::Txt(text.as_bytes().into())
}

#[tokio::test]
async fn the_own_servers_are_asked_and_not_what_a_resolver_remembers() {
    let remembered = Zone::new().txt("example.org", "of yesterday");
    let internet = Internet::new(remembered, vec![Kept::Well(zone()), Kept::Well(zone())]).await;
    assert_eq!(internet.ask("example.org", RecordType::Txt).await, Finding::Records(vec![text("here")]));
    assert_eq!(internet.ask("example.org", RecordType::Mx).await, Finding::NoRecords);
    assert_eq!(internet.ask("_dmarc.example.org", RecordType::Txt).await, Finding::NoSuchName);
}

#[tokio::test]
async fn servers_that_disagree_are_told_by_name() {
    let other = zone().txt("example.org", "and there");
    let internet = Internet::new(Zone::new(), vec![Kept::Well(zone()), Kept::Well(other)]).await;
    let Finding::Disagree(said) = internet.ask("example.org", RecordType::Txt).await else {
        panic!("they agree");
    };
    assert_eq!(said[0], ("ns1.example.net".into(), Finding::Records(vec![text("here")])));
    assert_eq!(
        said[1],
        ("ns2.example.net".into(), Finding::Records(vec![text("and there"), text("here")])),
        "in order, whatever the order on the wire"
    );
}

#[tokio::test]
async fn a_lame_server_or_one_that_is_away_does_not_count() {
    for bad in [Kept::Lame(Zone::new()), Kept::Away] {
        let internet = Internet::new(Zone::new(), vec![Kept::Well(zone()), bad]).await;
        assert_eq!(internet.ask("example.org", RecordType::Txt).await, Finding::Records(vec![text("here")]));
    }
}

#[tokio::test]
async fn where_all_servers_are_lame_nobody_could_be_asked() {
    let internet = Internet::new(Zone::new(), vec![Kept::Lame(zone()), Kept::Lame(zone())]).await;
    let Finding::Unreachable(why) = internet.ask("example.org", RecordType::Txt).await else {
        panic!("somebody answered");
    };
    assert!(why.contains("ns1.example.net") && why.contains("no authority"), "{why}");
}

#[tokio::test]
async fn huge_and_many_records_come_over_tcp_whole() {
    let huge = "x".repeat(20_000);
    let many = (0..100).fold(zone().txt("huge.example.org", &huge), |zone, number| {
        zone.mx("many.example.org", number, &format!("mx{number}.a-rather-long-name.example.org"))
    });
    let internet = Internet::new(Zone::new(), vec![Kept::Well(many)]).await;
    assert_eq!(internet.ask("huge.example.org", RecordType::Txt).await, Finding::Records(vec![text(&huge)]));
    let Finding::Records(records) = internet.ask("many.example.org", RecordType::Mx).await else {
        panic!("no records");
    };
    assert_eq!(records.len(), 100);
    assert!(matches!(&records[7], Record::Mx(Mx { preference: 7, .. })), "{:?}", records[7]);
}

#[tokio::test]
async fn an_alias_is_followed_to_the_servers_of_its_target() {
    let zone = zone()
        .cname("inside.example.org", "example.org")
        .cname("outside.example.org", "keys.example.com")
        .cname("nowhere.example.org", "gone.example.org");
    // example.com has no servers of its own here; those of `com` would say that it is not there.
    let known = Zone::new().ns("example.com", "ns1.example.net");
    let internet = Internet::new(known, vec![Kept::Well(zone.txt("keys.example.com", "elsewhere"))]).await;
    let ask = |name: &'static str| internet.ask(name, RecordType::Txt);
    assert_eq!(ask("inside.example.org").await, Finding::Records(vec![text("here")]));
    assert_eq!(ask("outside.example.org").await, Finding::Records(vec![text("elsewhere")]));
    assert_eq!(ask("nowhere.example.org").await, Finding::NoSuchName);
}

#[tokio::test]
async fn aliases_in_a_circle_end() {
    let zone = zone().cname("a.example.org", "b.example.org").cname("b.example.org", "a.example.org");
    let internet = Internet::new(Zone::new(), vec![Kept::Well(zone)]).await;
    assert_eq!(internet.ask("a.example.org", RecordType::Txt).await, Finding::AliasLoop);
}

#[tokio::test]
async fn a_server_that_never_answers_is_waited_for_once() {
    let mute = Zone::new().silence("example.org", &[]).silence("www.example.org", &[]);
    let dns = FakeDns::with_servers(
        Zone::new().ns("example.org", "ns.example.net").address("ns.example.net", "192.0.2.53"),
        HashMap::from([(IpAddr::from([192, 0, 2, 53]), mute)]),
    );
    let inquiry = dns.source().inquiry();
    for _ in 0..2 {
        let asked = inquiry.ask("example.org", RecordType::Txt).await;
        assert!(matches!(asked, Finding::Unreachable(_)), "{asked:?}");
    }
    // NS, A, AAAA, and one question to the server itself.
    assert_eq!(dns.questions(), 4);
}

#[tokio::test]
async fn servers_of_this_machine_and_of_private_networks_are_left_alone() {
    for address in [
        "127.0.0.1",
        "10.1.2.3",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "::1",
        "fd00::1",
        "::ffff:10.0.0.1",
        "64:ff9b::7f00:1",
        "2002:c0a8:101::1",
        "198.18.0.1",
        "192.0.0.192",
        "64:ff9b:1::a00:1",
        "::10.0.0.1",
        "fec0::1",
    ] {
        let zone = Zone::new()
            .ns("example.org", "ns.example.net")
            .address("ns.example.net", address)
            .txt("example.org", "secret");
        let dns = FakeDns::new(zone);
        let inquiry = Source::new(dns.clone(), dns.clone(), InquiryLimits::default()).inquiry();
        let asked = inquiry.ask("example.org", RecordType::Txt).await;
        assert!(matches!(asked, Finding::Unreachable(_)), "{address}: {asked:?}");
    }
}

#[tokio::test]
async fn promise_9_an_inquiry_asks_only_so_many_questions() {
    let dns = FakeDns::new(Zone::new().ns("org", "ns.example.net").address("ns.example.net", "192.0.2.53"));
    let limits = InquiryLimits { questions_max: 20, ..InquiryLimits::default() };
    let inquiry: Inquiry = Source::new(dns.clone(), dns.clone(), limits).inquiry();
    for number in 0..100 {
        inquiry.ask(&format!("a.b.c.d.e.f.{number}.example.org"), RecordType::Txt).await;
    }
    assert_eq!(dns.questions(), 20);
}

#[tokio::test]
async fn a_server_may_have_a_private_address_beside_one_that_is_asked() {
    let zone = Zone::new()
        .ns("example.org", "ns.example.net")
        .address("ns.example.net", "10.0.0.1")
        .address("ns.example.net", "192.0.2.53")
        .txt("example.org", "here");
    let dns = FakeDns::new(zone);
    let inquiry = Source::new(dns.clone(), dns.clone(), InquiryLimits::default()).inquiry();
    assert_eq!(inquiry.ask("example.org", RecordType::Txt).await, Finding::Records(vec![text("here")]));
}
