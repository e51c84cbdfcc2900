//! Snooze, trash and spam.

use serde_json::{Value, json};

use super::world::{World, mail};

#[tokio::test]
async fn a_snoozed_ticket_is_out_of_the_lists_until_it_wakes() {
    let world = World::new().await;
    world.mail(&mail("one")).await;
    let until = "2099-01-01T00:00:00Z";
    world.put("/api/v1/tickets/1/snooze", json!({"until": until})).await.problem(422);
    let soon = format!(
        "{}",
        guichet_sys::Clock::now(&guichet_testkit::StillClock::default())
            + jiff::SignedDuration::from_hours(1)
    );
    let snoozed = world.put("/api/v1/tickets/1/snooze", json!({"until": soon})).await;
    assert_eq!(snoozed.status, 200, "{:?}", snoozed.body);
    assert_eq!(snoozed.json()["snoozed_until"], soon.as_str());
    let length = async |query: &str| {
        world.get(&format!("/api/v1/tickets{query}")).await.json()["items"].as_array().unwrap().len()
    };
    assert_eq!((length("").await, length("?snoozed=true").await, length("?snoozed=false").await), (0, 1, 0));
    let awake = world.delete_as(&world.admin, "/api/v1/tickets/1/snooze").await;
    assert_eq!((awake.status.as_u16(), awake.json()["snoozed_until"].clone()), (200, Value::Null));
    assert_eq!((length("").await, length("?snoozed=true").await), (1, 0));
    for wrong in [json!({}), json!({"until": "tomorrow"}), json!({"until": soon, "x": 1})] {
        world.put("/api/v1/tickets/1/snooze", wrong).await.problem(422);
    }
}

#[tokio::test]
async fn what_was_thrown_away_or_marked_comes_back() {
    let world = World::new().await;
    world.mail(&mail("one")).await;
    for (away, back) in [("trash", "restore"), ("spam", "not-spam")] {
        world.patch("/api/v1/tickets/1", json!({"state": "pending"})).await;
        let gone = world.patch("/api/v1/tickets/1", json!({"state": away})).await.json();
        assert_eq!((gone["state"].clone(), gone["state_before"].clone()), (json!(away), json!("pending")));
        let returned = world.post(&format!("/api/v1/tickets/1/{back}"), json!({})).await;
        assert_eq!(returned.status, 200);
        assert_eq!(
            (returned.json()["state"].clone(), returned.json()["state_before"].clone()),
            (json!("pending"), Value::Null)
        );
    }
}

#[tokio::test]
async fn no_time_however_odd_is_a_fault_of_the_server() {
    let world = World::new().await;
    world.mail(&mail("one")).await;
    for odd in [
        "9999-12-30T22:00:00.999999999Z",
        "9999-12-31T23:59:60Z",
        "-009999-01-02T01:59:59Z",
        "1969-12-31T23:59:59.999999999Z",
        "+275760-09-13T00:00:00Z",
        "2026-02-30T00:00:00Z",
        "2026-03-02T08:00:00+99:99",
        "2026-03-02",
        "",
        "\u{0}",
    ] {
        world.put("/api/v1/tickets/1/snooze", json!({"until": odd})).await.problem(422);
        let draft = world.put("/api/v1/tickets/1/draft", json!({"text": "x", "send_at": odd})).await;
        assert!([200, 422].contains(&draft.status.as_u16()), "{odd}: {:?}", draft.body);
        if draft.status == 200 {
            let send = format!("/api/v1/drafts/{}/send", draft.json()["id"].as_str().unwrap());
            world.post(&send, Value::Null).await.problem(422);
        }
    }
    for odd in [json!(1e300), json!([]), json!({"a": 1}), Value::Null, json!(true)] {
        world.put("/api/v1/tickets/1/snooze", json!({"until": odd})).await.problem(422);
    }
}
