//! `/events`: resumes, resyncs, shows each listener what they may see, and ends when it must.

use std::time::Duration;

use axum::body::{Body, BodyDataStream};
use axum::http::{Method, Request};
use futures_util::{FutureExt, StreamExt};
use guichet_accounts::Scope;
use guichet_desk::EventKind;
use serde_json::{Value, json};
use tower::ServiceExt;

use super::world::{World, mail, request};
use crate::Limits;

const EVENTS: &str = "/api/v1/events";

/// An answer that is read bit by bit.
pub(super) struct Stream(BodyDataStream);

impl Stream {
    pub(super) async fn open(world: &World, token: &str, path: &str, last_id: Option<&str>) -> Self {
        let mut request = request(Method::GET, path, token);
        if let Some(id) = last_id {
            request.headers_mut().insert("last-event-id", id.parse().unwrap());
        }
        Self::of(world, request).await
    }

    pub(super) async fn of(world: &World, request: Request<Body>) -> Self {
        let response = world.router.clone().oneshot(request).await.unwrap();
        assert_eq!(response.status(), 200);
        Self(response.into_body().into_data_stream())
    }

    /// The next frame; none at the end.
    pub(super) async fn next(&mut self) -> Option<String> {
        let frame = self.0.next().await?;
        Some(String::from_utf8(frame.unwrap().to_vec()).unwrap())
    }

    /// The next event: its id, its name, its data.
    async fn event(&mut self) -> (u64, String, Value) {
        let frame = self.next().await.expect("the stream has ended");
        let field = |name: &str| {
            let line = frame.lines().find_map(|line| line.strip_prefix(name));
            line.unwrap_or_else(|| panic!("{name} is not in {frame}")).to_owned()
        };
        assert!(frame.ends_with("\n\n"));
        let data = serde_json::from_str(&field("data: ")).unwrap();
        (field("id: ").parse().unwrap(), field("event: "), data)
    }

    /// Nothing is there to be read now, nor will be until something happens.
    fn is_quiet(&mut self) -> bool {
        self.0.next().now_or_never().is_none()
    }
}

#[test]
fn the_reference_names_every_kind_of_event() {
    let document: Value = serde_json::from_str(&crate::openapi_json()).unwrap();
    let text = document["paths"][EVENTS]["get"]["description"].as_str().unwrap();
    for kind in EventKind::ALL {
        assert!(text.contains(&format!("`{}`", kind.as_str())), "{}", kind.as_str());
    }
}

#[tokio::test]
async fn a_listener_hears_of_a_ticket_in_ids() {
    let world = World::new().await;
    world.mail(&mail("before")).await;
    let mut stream = Stream::open(&world, &world.admin, EVENTS, None).await;
    assert_eq!(stream.next().await.unwrap(), ": listening\nretry: 2000\nid: 1\n\n");
    assert!(stream.is_quiet(), "what happened before is not told");
    world.mail_to_billing(&mail("now")).await;
    let (id, name, data) = stream.event().await;
    assert_eq!((id, name.as_str()), (2, "ticket.created"));
    let message = data["message"].clone();
    assert_eq!(
        data,
        json!({
            "sequence": 2, "ticket": 2, "message": message, "delivery": null, "team_before": world.billing.0,
            "team": world.billing.0, "person": null, "at": "2026-01-01T00:00:00Z",
        })
    );
    world.patch("/api/v1/tickets/2", json!({"state": "open"})).await;
    let (id, name, data) = stream.event().await;
    assert_eq!((id, name.as_str(), &data["person"]), (3, "ticket.changed", &json!(world.admin_id.0)));
}

#[tokio::test]
async fn a_listener_goes_on_where_it_stopped() {
    let world = World::new().await;
    for id in ["a", "b", "c"] {
        world.mail(&mail(id)).await;
    }
    for (path, last_id) in
        [(EVENTS, Some("1")), ("/api/v1/events?after=1", None), ("/api/v1/events?after=3", Some("1"))]
    {
        let mut stream = Stream::open(&world, &world.admin, path, last_id).await;
        assert!(stream.next().await.unwrap().ends_with("id: 1\n\n"));
        assert_eq!((stream.event().await.0, stream.event().await.0), (2, 3));
        assert!(stream.is_quiet());
    }
}

#[tokio::test]
async fn what_happens_while_a_listener_catches_up_is_told_once() {
    let world = World::new().await;
    let mut live = Stream::open(&world, &world.admin, EVENTS, None).await;
    live.next().await.unwrap();
    assert!(live.is_quiet());
    world.mail(&mail("a")).await;
    let mut late = Stream::open(&world, &world.admin, EVENTS, Some("0")).await;
    late.next().await.unwrap();
    world.mail(&mail("b")).await;
    // The one that is live heard it, so it waits for the late one as well, who also finds it in the log.
    assert_eq!((live.event().await.0, live.event().await.0), (1, 2));
    assert_eq!((late.event().await.0, late.event().await.0), (1, 2));
    assert!(late.is_quiet());
}

#[tokio::test]
async fn a_cursor_that_is_too_old_or_too_new_is_told_to_read_anew() {
    let world = World::new().await;
    for id in ["a", "b", "c"] {
        world.mail(&mail(id)).await;
    }
    world.store.of(world.acme).trim_events(3).await.unwrap();
    for cursor in ["0", "1", "99"] {
        let mut stream = Stream::open(&world, &world.admin, EVENTS, Some(cursor)).await;
        stream.next().await.unwrap();
        assert_eq!(stream.event().await, (3, "resync".to_owned(), json!({"sequence": 3})), "{cursor}");
        assert!(stream.is_quiet());
    }
    let mut stream = Stream::open(&world, &world.admin, EVENTS, Some("0")).await;
    stream.next().await.unwrap();
    stream.event().await;
    world.mail(&mail("after")).await;
    let (id, name, _) = stream.event().await;
    assert_eq!((id, name.as_str()), (4, "ticket.created"), "it goes on from there");
}

#[tokio::test]
async fn a_cursor_that_is_no_number_is_refused() {
    let world = World::new().await;
    world.get("/api/v1/events?after=x").await.problem(400);
    let mut request = request(Method::GET, EVENTS, &world.admin);
    request.headers_mut().insert("last-event-id", "x".parse().unwrap());
    world.send(request).await.problem(400);
}

#[tokio::test]
async fn an_agent_hears_of_their_teams_and_when_a_ticket_leaves_them() {
    let world = World::new().await;
    let mut agent = Stream::open(&world, &world.agent, EVENTS, None).await;
    let mut stranger = Stream::open(&world, &world.stranger, EVENTS, None).await;
    agent.next().await.unwrap();
    stranger.next().await.unwrap();
    assert!(agent.is_quiet() && stranger.is_quiet(), "from here on they listen");
    world.mail(&mail("hidden")).await;
    world.mail_to_billing(&mail("shown")).await;
    assert_eq!(agent.event().await.0, 2);
    world.patch("/api/v1/tickets/2", json!({"team": world.sales.0})).await;
    let (id, _, data) = agent.event().await;
    assert_eq!(
        (id, &data["team_before"], &data["team"]),
        (3, &json!(world.billing.0), &json!(world.sales.0))
    );
    world.patch("/api/v1/tickets/2", json!({"state": "open"})).await;
    world.mail_to_billing(&mail("again")).await;
    assert_eq!(agent.event().await.0, 5);
    assert!(stranger.is_quiet(), "another organisation hears nothing");
    // The same for one who reads the log instead of listening.
    let mut late = Stream::open(&world, &world.agent, EVENTS, Some("0")).await;
    late.next().await.unwrap();
    assert_eq!([late.event().await.0, late.event().await.0, late.event().await.0], [2, 3, 5]);
}

#[tokio::test]
async fn a_quiet_stream_lives_and_its_cursor_moves() {
    let world = World::new().await;
    let mut stream = Stream::open(&world, &world.agent, EVENTS, None).await;
    stream.next().await.unwrap();
    assert!(stream.is_quiet());
    world.mail(&mail("hidden")).await;
    // An admin hears it, so the reader has told it to all.
    let mut admin = Stream::open(&world, &world.admin, EVENTS, Some("0")).await;
    admin.next().await.unwrap();
    assert_eq!(admin.event().await.0, 1);
    tokio::time::pause();
    let frame = stream.next().await.unwrap();
    assert!(frame.starts_with(": still here\nid: "), "{frame}");
    let second = stream.next().await.unwrap();
    assert_eq!(second, ": still here\nid: 1\n\n", "what was not shown is behind it all the same");
}

#[tokio::test]
async fn a_token_that_was_taken_back_hears_nothing_more() {
    let world = World::new().await;
    let token = world.token_with([Scope::EventsRead], 50).await;
    let mut stream = Stream::open(&world, &token, EVENTS, None).await;
    stream.next().await.unwrap();
    let accounts = world.desk.accounts();
    let tokens = accounts.tokens(world.acme).unwrap();
    accounts.revoke_token(world.acme, tokens.last().unwrap().id).await.unwrap();
    tokio::time::pause();
    assert_eq!(stream.next().await, None);
}

/// More events than one reading of the log has, about a ticket that only admins see.
async fn long_log(world: &World) {
    world.mail(&mail("hidden")).await;
    for number in 0..=guichet_desk::EVENTS_READ_MAX {
        let change = guichet_desk::TicketChange {
            attention: Some(number % 2 == 0),
            ..guichet_desk::TicketChange::default()
        };
        let admin = guichet_accounts::Actor::system(world.acme);
        world.desk.change_ticket(&admin, 1, &change, None, jiff::Timestamp::UNIX_EPOCH).await.unwrap();
    }
}

#[tokio::test]
async fn a_token_that_is_taken_back_while_its_listener_catches_up_hears_no_more() {
    let world = World::new().await;
    long_log(&world).await;
    let token = world.token_with([Scope::EventsRead], 50).await;
    let mut stream = Stream::open(&world, &token, EVENTS, Some("0")).await;
    stream.next().await.unwrap();
    assert_eq!(stream.event().await.0, 1);
    let accounts = world.desk.accounts();
    let tokens = accounts.tokens(world.acme).unwrap();
    accounts.revoke_token(world.acme, tokens.last().unwrap().id).await.unwrap();
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(Limits::default().keep_alive_secs)).await;
    let mut heard = 1;
    while stream.next().await.is_some() {
        heard += 1;
    }
    assert_eq!(heard, guichet_desk::EVENTS_READ_MAX, "what was read already");
}

#[tokio::test]
async fn a_listener_who_may_hear_little_of_a_long_log_lets_others_have_their_turn() {
    let world = World::new().await;
    long_log(&world).await;
    world.mail_to_billing(&mail("shown")).await;
    let mut stream = Stream::open(&world, &world.agent, EVENTS, Some("0")).await;
    stream.next().await.unwrap();
    assert!(stream.is_quiet(), "after one reading of which nothing is for them");
    assert_eq!(stream.event().await.1, "ticket.created");
}

#[tokio::test]
async fn a_slow_listener_is_cut_and_can_resume() {
    let world = World::with(Limits { events_waiting_max: 2, ..Limits::default() }).await;
    let mut slow = Stream::open(&world, &world.admin, EVENTS, None).await;
    let mut quick = Stream::open(&world, &world.admin, EVENTS, None).await;
    slow.next().await.unwrap();
    quick.next().await.unwrap();
    assert!(slow.is_quiet() && quick.is_quiet());
    for number in 1..=5 {
        world.mail(&mail(&number.to_string())).await;
        assert_eq!(quick.event().await.0, number);
    }
    assert_eq!(slow.next().await, None);
    let mut again = Stream::open(&world, &world.admin, EVENTS, Some("0")).await;
    again.next().await.unwrap();
    for number in 1..=5 {
        assert_eq!(again.event().await.0, number);
    }
}

#[tokio::test]
async fn streams_end_when_the_server_stops() {
    let world = World::new().await;
    let mut stream = Stream::open(&world, &world.admin, EVENTS, None).await;
    stream.next().await.unwrap();
    assert!(stream.is_quiet());
    world.stop.send(true).unwrap();
    assert_eq!(stream.next().await, None);
}

#[tokio::test]
async fn a_listener_hears_of_what_goes_out_and_what_becomes_of_it() {
    let world = World::new().await;
    world.mail_to_billing(&mail("one")).await;
    let mut stream = Stream::open(&world, &world.agent, EVENTS, None).await;
    stream.next().await.unwrap();
    let reply = json!({"kind": "reply", "text": "x", "undo_seconds": 0});
    let written = world.post("/api/v1/tickets/1/messages", reply).await.json();
    let (_, name, data) = stream.event().await;
    assert_eq!((name.as_str(), &data["message"]), ("message.sent", &written["message"]["id"]));
    assert_eq!((&data["delivery"], &data["person"]), (&json!(null), &json!(world.admin_id.0)));
    let delivery = &written["deliveries"][0];
    world.attempt(delivery, guichet_desk::Fate::Refused, "550 5.1.1 no such user").await;
    let (_, name, data) = stream.event().await;
    assert_eq!((name.as_str(), &data["delivery"]), ("delivery.changed", &delivery["id"]));
    assert_eq!((&data["ticket"], &data["person"]), (&json!(1), &json!(null)));
}
