//! Logging in, as those try who should not: forged requests, floods, oversized bodies, tokens in addresses.

use axum::http::Method;
use futures_util::future::{FutureExt, join_all, select_all};
use guichet_web::Peer;
use serde_json::json;

use super::browser::{Browser, PASSWORD};
use super::events::Stream;
use super::world::{JSON, PROXY, World, posting};

#[tokio::test]
async fn a_page_of_another_site_can_neither_act_nor_log_in() {
    let world = World::with_passwords().await;
    let browser = Browser::of(&world, "admin@acme.example").await;
    let team = || Some(json!({"name": "Acme night"}));
    for (name, value) in [
        ("origin", "https://evil.example"),
        ("origin", "null"),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
    ] {
        let mut forged = browser.request(Method::POST, "/api/v1/teams", team());
        forged.headers_mut().remove("origin");
        forged.headers_mut().insert(name, value.parse().unwrap());
        let answer = world.send(forged).await.problem(403);
        assert_eq!(answer["type"], "urn:guichet:problem:cross-origin");
        let body = json!({"address": "admin@acme.example", "password": PASSWORD});
        let mut forged = Browser::new(&world).request(Method::POST, "/api/v1/session", Some(body));
        forged.headers_mut().remove("origin");
        forged.headers_mut().insert(name, value.parse().unwrap());
        world.send(forged).await.problem(403);
    }
    let mut silent = browser.request(Method::POST, "/api/v1/teams", team());
    silent.headers_mut().remove("origin");
    world.send(silent).await.problem(403);
    assert_eq!(world.send(browser.request(Method::POST, "/api/v1/teams", team())).await.status, 201);
    // A token needs no proof, and its header counts alone.
    let mut bearer = posting("/api/v1/teams", &world.admin, &json!({"name": "Acme day"}));
    bearer.headers_mut().insert("sec-fetch-site", "cross-site".parse().unwrap());
    assert_eq!(world.send(bearer).await.status, 201);
    let mut both = browser.request(Method::GET, "/api/v1/tickets", None);
    both.headers_mut().insert("authorization", "Bearer guichet_wrong".parse().unwrap());
    world.send(both).await.problem(401);
}

#[tokio::test]
async fn a_token_in_an_address_is_refused_and_not_repeated() {
    let world = World::new().await;
    for path in [
        format!("/api/v1/tickets?access_token={}", world.admin),
        format!("/api/v1/tickets?token={}", world.admin),
        format!("/api/v1/tickets?q={}", world.admin),
        format!("/api/v1/tickets/{}", world.admin),
        format!("/invitation?{}", world.admin),
    ] {
        let answer = world.get(&path).await;
        assert!(answer.problem(400)["detail"].as_str().unwrap().contains("take this one back"));
        assert!(!String::from_utf8_lossy(&answer.body).contains(&world.admin));
    }
}

#[tokio::test]
async fn who_tries_too_often_waits_and_shuts_out_nobody() {
    let world = World::with_passwords().await;
    let mut known = Browser::of(&world, "agent@acme.example").await;
    assert_eq!(known.delete("/api/v1/session").await.status, 204);
    let mut stranger = Browser::new(&world);
    stranger.address = "198.51.100.66".parse().unwrap();
    let mut throttled = None;
    for number in 0..200 {
        let answer = stranger.log_in("agent@acme.example", &format!("guess number {number}")).await;
        if answer.status != 401 {
            throttled = Some(answer);
            break;
        }
    }
    let throttled = throttled.expect("a limit");
    throttled.problem(429);
    assert!(throttled.header("retry-after").parse::<u32>().unwrap() > 0);
    stranger.log_in("agent@acme.example", PASSWORD).await.problem(429);
    assert_eq!(known.log_in("agent@acme.example", PASSWORD).await.status, 201, "this browser is known");
}

#[tokio::test]
async fn promise_9_a_flood_of_log_ins_is_turned_away() {
    let world = World::with_passwords().await;
    let request = |number: u8| {
        let body =
            json!({"address": format!("nobody{number}@acme.example"), "password": format!("guess {number}")});
        let mut request = Browser::new(&world).request(Method::POST, "/api/v1/session", Some(body));
        let address = [198, 51, 100, number].into();
        request.extensions_mut().insert(Peer { address, is_encrypted: true });
        request
    };
    let mut tries: Vec<_> = (0..60).map(|number| world.send(request(number)).boxed()).collect();
    let answer = loop {
        let (answer, _, left) = select_all(tries).await;
        if answer.status != 401 {
            break answer;
        }
        tries = left;
    };
    answer.problem(503);
    assert!(!answer.header("retry-after").is_empty());
}

#[tokio::test]
async fn a_stream_ends_with_its_session() {
    let world = World::with_passwords().await;
    let mut browser = Browser::of(&world, "agent@acme.example").await;
    let mut stream = Stream::of(&world, browser.request(Method::GET, "/api/v1/events", None)).await;
    assert!(stream.next().await.is_some(), "it begins");
    assert_eq!(browser.delete("/api/v1/session").await.status, 204);
    tokio::time::pause();
    assert!(stream.next().await.is_none(), "it ends at the next sign of life");
}

#[tokio::test]
async fn oversized_and_endlessly_nested_bodies_are_refused() {
    let world = World::new().await;
    let large = format!("{{\"address\":\"{}\"}}", "a".repeat((1 << 20) + 1));
    let deep = format!("{{\"address\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
    for path in [
        "/api/v1/session",
        "/api/v1/password-resets",
        "/api/v1/password-resets/redeem",
        "/api/v1/invitations/redeem",
        "/api/v1/address-changes/redeem",
    ] {
        for (body, status) in [(&large, 413), (&deep, 400)] {
            let mut request = Browser::new(&world).request(Method::POST, path, None);
            request.headers_mut().insert("content-type", JSON.parse().unwrap());
            *request.body_mut() = body.clone().into();
            world.send(request).await.problem(status);
        }
    }
}

#[tokio::test]
async fn behind_a_proxy_the_client_is_whom_it_names_and_cookies_are_as_ever() {
    let world = World::with_passwords().await;
    let mut browser = Browser::of(&world, "agent@acme.example").await;
    let body = json!({"address": "agent@acme.example", "password": PASSWORD});
    let mut request = Browser::new(&world).request(Method::POST, "/api/v1/session", Some(body));
    let proxy = Peer { address: PROXY.parse().unwrap(), is_encrypted: false };
    request.extensions_mut().insert(proxy);
    request.headers_mut().insert("x-forwarded-for", "203.0.113.66, 192.0.2.44".parse().unwrap());
    let answer = world.send(request).await;
    let cookie = answer.header("set-cookie");
    assert!(cookie.starts_with("__Host-") && cookie.contains("; Secure;"), "{cookie}");
    assert!(answer.headers.get("strict-transport-security").is_none(), "it came by plain HTTP");
    let sessions = browser.get("/api/v1/sessions").await;
    assert!(sessions.headers.contains_key("strict-transport-security"));
    let froms: Vec<_> =
        sessions.json()["items"].as_array().unwrap().iter().map(|item| item["from"].clone()).collect();
    assert_eq!(froms, [json!("192.0.2.7"), json!("192.0.2.44")]);
}

#[tokio::test]
async fn two_who_use_one_link_at_once_are_one_too_many() {
    let world = World::with_passwords().await;
    let mut admin = Browser::of(&world, "admin@acme.example").await;
    admin.post("/api/v1/invitations", json!({"address": "new@partner.example"})).await;
    let secret = world.mailed_secret("new@partner.example").await;
    let redeem = |password: &str| {
        let body = json!({"secret": secret, "password": password});
        let browser = Browser::new(&world);
        world.send(browser.request(Method::POST, "/api/v1/invitations/redeem", Some(body)))
    };
    let answers = join_all([redeem(PASSWORD), redeem("slow rivers carry warm stones")]).await;
    let mut statuses: Vec<u16> = answers.iter().map(|answer| answer.status.as_u16()).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 422]);
}
