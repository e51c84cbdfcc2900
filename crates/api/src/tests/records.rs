//! `/domains/{name}/records`, `/domains/{name}/check`, `/operator/check`, MTA-STS.

use axum::http::Method;
use guichet_accounts::{DkimAlgorithm, DkimScope, NewDkimKey, SecretBytes};
use guichet_mail::DomainName;
use guichet_testkit::Zone;
use serde_json::{Value, json};

use super::world::{World, request};

const RECORDS: &str = "/api/v1/domains/acme.example/records";
const CHECK: &str = "/api/v1/domains/acme.example/check";

async fn world() -> World {
    let world = World::new().await;
    let domain = DomainName::parse("acme.example").unwrap();
    let key = |selector: &str, algorithm, record: String| NewDkimKey {
        selector: selector.to_owned(),
        algorithm,
        pkcs8: SecretBytes::from(vec![7; 32]),
        record,
    };
    let long = format!("v=DKIM1; k=rsa; p={}", "A".repeat(392));
    let keys = vec![
        key("g1e", DkimAlgorithm::Ed25519Sha256, "v=DKIM1; k=ed25519; p=AAAA".to_owned()),
        key("g1r", DkimAlgorithm::RsaSha256, long),
    ];
    world.desk.accounts().put_dkim_keys(&DkimScope::Domain(world.acme, domain), keys).await.unwrap();
    world
}

fn of<'p>(page: &'p Value, purpose: &str) -> &'p Value {
    let records = page.get("items").or_else(|| page.get("records")).unwrap().as_array().unwrap();
    records.iter().find(|record| record["purpose"] == purpose).unwrap_or_else(|| panic!("no {purpose}"))
}

#[tokio::test]
async fn the_records_of_a_domain_are_told_as_they_are_published() {
    let world = world().await;
    let page = world.get(RECORDS).await.json();
    assert_eq!(
        *of(&page, "dkim"),
        json!({
            "name": "g1e._domainkey.acme.example", "type": "TXT", "value": "v=DKIM1; k=ed25519; p=AAAA",
            "zone_line": "g1e._domainkey.acme.example. IN TXT \"v=DKIM1; k=ed25519; p=AAAA\"",
            "purpose": "dkim", "needed_for": "sending", "required": true, "published_by": "organisation",
            "signing_domain": "acme.example", "selector": "g1e", "algorithm": "ed25519-sha256",
            "key_state": "signing", "last_check": null,
        })
    );
    let mx = of(&page, "mx");
    assert_eq!((&mx["value"], &mx["key_state"]), (&json!("10 mx.desk.example"), &Value::Null));
    assert_eq!(of(&page, "spf")["value"], "v=spf1 include:desk.example ~all");
    world.get("/api/v1/domains/no.example/records").await.problem(404);
    assert!(!page.to_string().contains("pkcs8"));
}

#[tokio::test]
async fn the_records_can_be_pasted() {
    let world = world().await;
    let pasted = world.get(&format!("{RECORDS}?format=zone")).await;
    assert_eq!(pasted.header("content-type"), "text/plain; charset=utf-8");
    let text = String::from_utf8(pasted.body.to_vec()).unwrap();
    assert!(
        text.starts_with(
            "; Records for acme.example\n\n; Required\nacme.example. IN MX 10 mx.desk.example.\n"
        ),
        "{text}"
    );
    assert_eq!(text.matches("\" \"").count(), 1, "the long key is cut into strings");
    let mut by_header = request(Method::GET, RECORDS, &world.admin);
    by_header.headers_mut().insert("accept", "text/plain".parse().unwrap());
    assert_eq!(world.send(by_header).await.body, pasted.body);
    world.get(&format!("{RECORDS}?format=json")).await.problem(400);
}

#[tokio::test]
async fn the_records_have_pages() {
    let world = world().await;
    let all = world.get(RECORDS).await.json()["items"].as_array().unwrap().clone();
    let (mut path, mut seen) = (format!("{RECORDS}?limit=1"), Vec::new());
    loop {
        let page = world.get(&path).await.json();
        seen.extend(page["items"].as_array().unwrap().clone());
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        path = format!("{RECORDS}?limit=1&cursor={cursor}");
    }
    assert_eq!(seen, all);
}

#[tokio::test]
async fn a_check_tells_what_is_found_and_the_list_remembers_it() {
    let world = world().await;
    world.dns.publish(
        Zone::new()
            .ns("acme.example", "ns.provider.example")
            .address("ns.provider.example", "192.0.2.53")
            .mx("acme.example", 10, "mail.elsewhere.example")
            .txt("g1e._domainkey.acme.example", "p=AA AA; k=ed25519"),
    );
    let checked = world.post(CHECK, json!({})).await;
    assert_eq!(checked.status, 200);
    let checked = checked.json();
    assert_eq!((&checked["fine"], &checked["verified"]), (&json!(false), &json!(true)));
    let mx = &of(&checked, "mx")["last_check"];
    assert_eq!((&mx["state"], &mx["found"]), (&json!("different"), &json!(["10 mail.elsewhere.example"])));
    assert!(
        mx["advice"].as_str().unwrap().contains("replace that by: acme.example. IN MX 10 mx.desk.example.")
    );
    assert_eq!(of(&checked, "dkim")["last_check"]["state"], "ok");
    assert_eq!(of(&checked, "spf")["last_check"]["state"], "missing");
    let listed = world.get(RECORDS).await.json();
    assert_eq!(of(&listed, "mx"), of(&checked, "mx"));
    world.send(request(Method::POST, CHECK, &world.agent)).await.problem(403);
}

#[tokio::test]
async fn only_the_operator_checks_the_server() {
    let world = world().await;
    for token in [&world.admin, &world.agent] {
        world.get_as(token, "/api/v1/operator/check").await.problem(403);
    }
}

#[tokio::test]
async fn a_policy_is_served_for_domains_that_receive_here_and_no_others() {
    let world = world().await;
    let ask = |host: &'static str| {
        let mut request = request(Method::GET, "/.well-known/mta-sts.txt", "");
        request.headers_mut().remove("authorization");
        request.headers_mut().insert("host", host.parse().unwrap());
        world.send(request)
    };
    let policy = ask("MTA-STS.acme.example:443").await;
    assert_eq!((policy.status.as_u16(), policy.header("content-type")), (200, "text/plain; charset=utf-8"));
    let text = String::from_utf8(policy.body.to_vec()).unwrap();
    assert!(
        text.starts_with("version: STSv1\r\nmode: testing\r\nmx: mx.desk.example\r\nmax_age: "),
        "{text}"
    );
    for host in ["acme.example", "mta-sts.no.example", "mta-sts.", "mta-sts.mta-sts.acme.example", "[::1]"] {
        ask(host).await.problem(404);
    }
}
