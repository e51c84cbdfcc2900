//! Events as they are written to a stream.

use axum::body::Bytes;
use guichet_accounts::Who;
use guichet_desk::LoggedEvent;
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

/// How long a client waits before it connects again, in milliseconds.
const RETRY_MILLIS: u32 = 2_000;

/// Something that happened, in ids.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Event {
    /// Its place in the organisation's log: the `id` of the stream.
    #[schema(example = 18)]
    sequence: u64,
    /// The ticket that it is about.
    #[schema(required, example = 1042)]
    ticket: Option<u64>,
    /// The message that it is about.
    #[schema(required, example = 7)]
    message: Option<u64>,
    /// The delivery that it is about.
    #[schema(required, example = "agnhy6kqaaaaa")]
    delivery: Option<String>,
    /// Whose the ticket was before; another than `team` when it moved.
    #[schema(required, example = 3)]
    team_before: Option<u64>,
    /// Whose the ticket is now.
    #[schema(required, example = 3)]
    team: Option<u64>,
    /// The person who did it; null for the server itself, and for its operator.
    #[schema(required, example = 2)]
    person: Option<u64>,
    /// When.
    #[schema(example = "2026-03-01T09:30:00Z")]
    at: Timestamp,
}

impl From<&LoggedEvent> for Event {
    fn from(logged: &LoggedEvent) -> Self {
        let event = &logged.event;
        let person = match event.who {
            Who::Person(person) => Some(person.0),
            Who::System | Who::Operator => None,
        };
        Self {
            sequence: logged.sequence,
            ticket: logged.ticket,
            message: logged.message,
            delivery: event.delivery.map(|delivery| delivery.to_string()),
            team_before: event.team_before.map(|team| team.0),
            team: event.team.map(|team| team.0),
            person,
            at: event.at,
        }
    }
}

/// An event.
pub(super) fn event(logged: &LoggedEvent) -> Bytes {
    named(logged.sequence, logged.event.kind.as_str(), &Event::from(logged))
}

/// What was missed is gone; go on after `cursor`.
pub(super) fn resync(cursor: u64) -> Bytes {
    named(cursor, "resync", &serde_json::json!({ "sequence": cursor }))
}

fn named(id: u64, name: &str, value: &impl Serialize) -> Bytes {
    // JSON is written on one line, and strings, numbers and nulls can't fail.
    let json = serde_json::to_string(value).unwrap_or_default();
    format!("id: {id}\nevent: {name}\ndata: {json}\n\n").into()
}

/// The first frame: tells a client where it stands and how soon to come back.
pub(super) fn opening(cursor: u64) -> Bytes {
    format!(": listening\nretry: {RETRY_MILLIS}\nid: {cursor}\n\n").into()
}

/// A sign of life. A block with an id and no data moves the client's last id without an event, so one who may see
/// little does not fall behind the log for all that it was not shown.
pub(super) fn keep_alive(cursor: u64) -> Bytes {
    format!(": still here\nid: {cursor}\n\n").into()
}
