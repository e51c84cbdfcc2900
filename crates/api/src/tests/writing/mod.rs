//! What people write: answers, notes, new mails; what makes them safe to repeat; what is refused.

mod begin;
mod hostile;
mod repeated;
mod reply;
mod sight;

use axum::body::Body;
use axum::http::{HeaderName, Request};
use serde_json::Value;

use super::world::{Answer, World, mail, posting};

pub(super) const MESSAGES: &str = "/api/v1/tickets/1/messages";

/// Ticket 1 is Ana's, of no team.
async fn with_ticket() -> World {
    let world = World::new().await;
    world.mail(&mail("one")).await;
    world
}

/// Writes into ticket 1 with a header field.
async fn write_with(world: &World, field: (HeaderName, &str), body: &Value) -> Answer {
    let mut request: Request<Body> = posting(MESSAGES, &world.admin, body);
    request.headers_mut().insert(field.0, field.1.parse().unwrap());
    world.send(request).await
}
