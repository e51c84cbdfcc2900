//! `/tickets`: lists, filters, pages, versions.

use axum::http::Method;
use serde_json::{Value, json};

use super::world::{World, mail, request};

fn numbers(page: &Value) -> Vec<u64> {
    page["items"].as_array().unwrap().iter().map(|ticket| ticket["number"].as_u64().unwrap()).collect()
}

#[tokio::test]
async fn a_mail_is_a_ticket_with_all_that_is_known() {
    let world = World::new().await;
    world.mail_to_billing(&mail("one")).await;
    let ticket = world.get("/api/v1/tickets/1").await.json();
    let channel = ticket["channel"].as_u64().unwrap();
    assert_eq!(
        ticket,
        json!({
            "number": 1, "state": "new", "subject": "acme one", "channel": channel, "team": world.billing.0,
            "assignee": null, "priority": "normal", "tags": [], "requester": ticket["requester"],
            "participants": ["ana@customer.example"], "mentions": [], "message_count": 1, "attention": false,
            "state_before": null, "snoozed_until": null, "merged_into": null, "starred": false, "unread": true,
            "watchers": [], "company": null, "proposed_requester": null,
            "created": "2026-01-01T00:00:00Z", "updated": "2026-01-01T00:00:00Z",
        })
    );
    let contact = world.get(&format!("/api/v1/contacts/{}", ticket["requester"])).await.json();
    assert_eq!(contact["address"], "ana@customer.example");
    assert_eq!(contact["name"], "Ana");
}

#[tokio::test]
async fn lists_are_filtered_by_all_that_is_given() {
    let world = World::new().await;
    world.mail(&mail("one")).await;
    world.mail_to_billing(&mail("two")).await;
    world.mail_to_billing(&mail("three")).await;
    let patch = json!({"state": "open", "assignee": world.admin_id.0, "tags": ["vip"]});
    assert_eq!(world.patch("/api/v1/tickets/2", patch).await.status, 200);
    let requester = world.get("/api/v1/tickets/1").await.json()["requester"].to_string();
    let (billing, admin) = (world.billing.0, world.admin_id.0);
    for (query, expected) in [
        (String::new(), vec![2, 3, 1]),
        ("?sort=updated".to_owned(), vec![1, 3, 2]),
        ("?sort=-created".to_owned(), vec![3, 2, 1]),
        ("?sort=created".to_owned(), vec![1, 2, 3]),
        ("?state=new".to_owned(), vec![3, 1]),
        ("?state=trash".to_owned(), vec![]),
        ("?team=none".to_owned(), vec![1]),
        (format!("?team={billing}"), vec![2, 3]),
        (format!("?team={billing}&state=open"), vec![2]),
        ("?assignee=none".to_owned(), vec![3, 1]),
        ("?assignee=me".to_owned(), vec![2]),
        (format!("?assignee={admin}&tag=vip"), vec![2]),
        ("?tag=vip".to_owned(), vec![2]),
        ("?tag=nobody".to_owned(), vec![]),
        (format!("?requester={requester}"), vec![2, 3, 1]),
    ] {
        let page = world.get(&format!("/api/v1/tickets{query}")).await.json();
        assert_eq!(numbers(&page), expected, "{query}");
        assert_eq!(page["next_cursor"], Value::Null, "{query}");
    }
}

#[tokio::test]
async fn pages_follow_one_another_without_gap_or_repetition() {
    let world = World::new().await;
    for id in ["a", "b", "c", "d", "e"] {
        world.mail(&mail(id)).await;
    }
    for (sort, expected) in [("-updated", [5, 4, 3, 2, 1]), ("created", [1, 2, 3, 4, 5])] {
        let (mut seen, mut path) = (Vec::new(), format!("/api/v1/tickets?limit=2&sort={sort}"));
        for _ in 0..3 {
            let page = world.get(&path).await.json();
            seen.extend(numbers(&page));
            let Some(cursor) = page["next_cursor"].as_str() else { break };
            path = format!("/api/v1/tickets?limit=2&sort={sort}&cursor={cursor}");
        }
        assert_eq!(seen, expected, "{sort}");
    }
}

#[tokio::test]
async fn a_question_that_makes_no_sense_is_told_what_would() {
    let world = World::new().await;
    for (query, parameter, says) in [
        ("limit=0", "limit", "from 1 to 200"),
        ("limit=201", "limit", "from 1 to 200"),
        ("limit=ten", "limit", "from 1 to 200"),
        ("cursor=abc", "cursor", "next_cursor"),
        ("state=done", "state", "new, open, pending"),
        ("team=x", "team", "`none`"),
        ("assignee=you", "assignee", "`me`"),
        ("requester=none", "requester", "number of a contact"),
        ("sort=subject", "sort", "-updated"),
        ("page=2", "page", "allowed: state, team"),
        ("state=new&state=open", "state", "more than once"),
    ] {
        let problem = world.get(&format!("/api/v1/tickets?{query}")).await.problem(400);
        assert_eq!(problem["errors"][0]["parameter"], parameter, "{problem}");
        assert!(problem["errors"][0]["detail"].as_str().unwrap().contains(says), "{problem}");
    }
    world.mail(&mail("a")).await;
    world.mail(&mail("b")).await;
    let page = world.get("/api/v1/tickets?limit=1").await.json();
    let foreign = format!("/api/v1/tickets?sort=created&cursor={}", page["next_cursor"].as_str().unwrap());
    world.get(&foreign).await.problem(400);
}

#[tokio::test]
async fn a_known_version_is_not_sent_again() {
    let world = World::new().await;
    world.mail(&mail("one")).await;
    let tag = world.get("/api/v1/tickets/1").await.header("etag").to_owned();
    let again = async |tag: &str| {
        let mut request = request(Method::GET, "/api/v1/tickets/1", &world.admin);
        request.headers_mut().insert("if-none-match", tag.parse().unwrap());
        world.send(request).await
    };
    let same = again(&tag).await;
    assert_eq!((same.status.as_u16(), same.body.len(), same.header("etag")), (304, 0, tag.as_str()));
    world.patch("/api/v1/tickets/1", json!({"priority": "high"})).await;
    assert_eq!(again(&tag).await.status, 200);
}

#[tokio::test]
async fn an_agent_sees_the_tickets_of_their_teams() {
    let world = World::new().await;
    world.mail(&mail("one")).await;
    world.mail_to_billing(&mail("two")).await;
    assert_eq!(numbers(&world.get_as(&world.agent, "/api/v1/tickets").await.json()), [2]);
    assert_eq!(world.get_as(&world.agent, "/api/v1/tickets/2/messages").await.status, 200);
    world.get_as(&world.agent, "/api/v1/tickets/1").await.problem(404);
    world.get_as(&world.agent, "/api/v1/tickets/1/messages").await.problem(404);
    world.patch("/api/v1/tickets/2", json!({"team": world.sales.0})).await;
    world.get_as(&world.agent, "/api/v1/tickets/2").await.problem(404);
}

#[tokio::test]
async fn a_number_that_is_none_names_nothing() {
    let world = World::new().await;
    for path in ["tickets/0", "tickets/abc", "tickets/-1", "tickets/99999999999999999999", "messages/%FF"] {
        world.get(&format!("/api/v1/{path}")).await.problem(404);
    }
}
