//! Views over HTTP: the folders that everybody has, and those that people save.

use axum::http::Method;
use serde_json::{Value, json};

use super::world::{World, mail, request};

#[tokio::test]
async fn a_view_is_saved_shown_changed_and_deleted() {
    let world = World::new().await;
    world.mail_to_billing(&mail("one")).await;
    world.mail(&mail("two")).await;
    let filter =
        json!({"states": ["new", "open"], "teams": ["none", world.billing.0], "assignees": ["none", "me"]});
    let new = json!({"name": "Open", "filter": filter, "sort": "created", "shared": true});
    let made = world.post("/api/v1/views", new).await;
    assert_eq!(made.status, 201, "{}", String::from_utf8_lossy(&made.body));
    assert_eq!((&made.json()["kind"], &made.json()["filter"]), (&json!("shared"), &filter));
    let path = made.header("location").to_owned();
    let numbers = async |token: &str| {
        let page = world.get_as(token, &format!("{path}/tickets")).await.json();
        page["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["number"].as_u64().unwrap())
            .collect::<Vec<_>>()
    };
    assert_eq!((numbers(&world.admin).await, numbers(&world.agent).await), (vec![1, 2], vec![1]));
    let changed = world.patch(&path, json!({"name": "All", "filter": {}, "sort": "-updated"})).await;
    assert_eq!((changed.status.as_u16(), &changed.json()["filter"]), (200, &json!({})));
    let mut stale = request(Method::DELETE, &path, &world.admin);
    stale.headers_mut().insert("if-match", made.header("etag").parse().unwrap());
    world.send(stale).await.problem(412);
    world.send(request(Method::DELETE, &path, &world.agent)).await.problem(422);
    assert_eq!(world.send(request(Method::DELETE, &path, &world.admin)).await.status, 204);
    world.get(&path).await.problem(404);
}

#[tokio::test]
async fn the_list_of_views_is_a_list_of_folders_page_by_page() {
    let world = World::new().await;
    world.post("/api/v1/views", json!({"name": "Mine"})).await;
    let mut names = Vec::new();
    let mut path = "/api/v1/views?limit=4".to_owned();
    loop {
        let page = world.get(&path).await.json();
        names.extend(
            page["items"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap().to_owned()),
        );
        match &page["next_cursor"] {
            Value::String(cursor) => path = format!("/api/v1/views?limit=4&cursor={cursor}"),
            _ => break,
        }
    }
    assert_eq!(names.len(), 11);
    assert_eq!((names[0].as_str(), names[10].as_str()), ("Inbox", "Mine"));
    for folder in
        ["inbox", "mine", "unassigned", "starred", "drafts", "sent", "snoozed", "attention", "spam", "trash"]
    {
        assert_eq!(world.get(&format!("/api/v1/views/{folder}/tickets")).await.status, 200, "{folder}");
    }
    world.patch("/api/v1/views/inbox", json!({"name": "x"})).await.problem(422);
}

#[tokio::test]
async fn what_is_wrong_with_a_view_is_told() {
    let world = World::new().await;
    for (filter, told) in [
        (json!({"states": ["done"]}), "none of new"),
        (json!({"nonsense": 1}), "there is no such member"),
        (json!({"assignees": [{}]}), "`me` or `none`"),
        (json!({"teams": [-1]}), "number of a team"),
        (json!([]), "an object is needed"),
    ] {
        let problem = world.post("/api/v1/views", json!({"name": "x", "filter": filter})).await.problem(422);
        let detail = problem["errors"][0]["detail"].as_str().unwrap();
        assert!(detail.contains(told), "{detail}");
    }
    world.post_as(&world.agent, "/api/v1/views", json!({"name": "x", "shared": true})).await.problem(422);
    world.get("/api/v1/views/%00").await.problem(404);
}
