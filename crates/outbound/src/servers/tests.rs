use guichet_testkit::{CountingRandom, FakeDns, Zone};

use super::*;

fn domain(text: &str) -> DomainName {
    DomainName::parse(text).unwrap()
}

async fn found(zone: Zone) -> Result<Vec<String>, Judgement> {
    let mut settings = Settings::new(domain("mx.demo.example"));
    settings.own_addresses = vec!["198.51.100.25:25".parse().unwrap()];
    let servers = Servers::new(&settings, FakeDns::resolver(zone), Arc::new(CountingRandom::default()));
    let found = servers.of_domain(&domain("customer.example")).await?;
    let told = |server: &Server| {
        let addresses: Vec<String> = server.addresses.iter().map(ToString::to_string).collect();
        format!("{} {}", server.host, addresses.join(" "))
    };
    Ok(found.iter().map(told).collect())
}

fn three() -> Zone {
    Zone::new()
        .mx("customer.example", 30, "c.example")
        .mx("customer.example", 10, "a.example")
        .mx("customer.example", 20, "b.example")
        .address("a.example", "192.0.2.1")
        .address("b.example", "192.0.2.2")
        .address("c.example", "192.0.2.3")
}

#[tokio::test]
async fn the_most_preferred_server_comes_first() {
    let expected = ["a.example 192.0.2.1:25", "b.example 192.0.2.2:25", "c.example 192.0.2.3:25"];
    assert_eq!(found(three()).await.unwrap(), expected);
}

#[tokio::test]
async fn both_families_have_their_turn() {
    let zone = Zone::new().address("customer.example", "192.0.2.1").address("customer.example", "192.0.2.2");
    let zone = zone.address("customer.example", "2001:db8::1");
    let expected = ["customer.example [2001:db8::1]:25 192.0.2.1:25 192.0.2.2:25"];
    assert_eq!(found(zone).await.unwrap(), expected, "without MX, the domain itself");
}

#[tokio::test]
async fn a_server_that_is_found_in_dns_no_more_is_passed_over() {
    let zone = three().mx("customer.example", 5, "gone.example");
    assert_eq!(found(zone).await.unwrap().len(), 3);
}

/// RFC 5321, section 5.1.
#[tokio::test]
async fn where_we_are_a_backup_only_better_servers_are_used() {
    for zone in [
        three().mx("customer.example", 20, "mx.demo.example"),
        three().mx("customer.example", 20, "other.example").address("other.example", "198.51.100.25"),
    ] {
        assert_eq!(found(zone).await.unwrap(), ["a.example 192.0.2.1:25"]);
    }
}
