//! `/events`: what happens, as it happens.
//!
//! *Standards*: HTML, section 9.2 (server-sent events): `id`, `event`, `data`, `retry`, `Last-Event-ID`.
//!
//! *Must hold*: a listener hears each event that its actor may see exactly once for each cursor, in order, or is told to
//! read everything anew (`resync`), or is cut and goes on from its last id.

mod frame;
mod hub;
mod listener;

pub(crate) use frame::Event;
pub(crate) use hub::Hub;

use std::convert::Infallible;

use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::{CONTENT_TYPE, HeaderName};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use guichet_accounts::Scope;
use guichet_web::{Kind, Parameters, Problem};

use self::listener::Listener;
use crate::caller::Caller;
use crate::failure::Failure;
use crate::openapi::TooMany;
use crate::state::Api;

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
/// nginx and its like hold answers back unless told not to.
const X_ACCEL_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

/// Says what the metrics mean.
pub(crate) fn describe() {
    metrics::describe_gauge!(hub::STREAMS, "Event streams that are open.");
    metrics::describe_counter!(listener::CUT, "Event streams cut because their reader was too slow.");
}

/// Listen to what happens
///
/// A stream without an end. Events: `ticket.created`, `message.received`, `ticket.changed`, `message.quarantined`,
/// `message.released`, `message.sent`, `note.added`, `delivery.changed`, `delivery.delayed`, `ticket.merged`,
/// `ticket.split`, `ticket.woken`, `ticket.deleted`, each with its place in the log as `id` and ids as `data`, never
/// content; only about tickets that you see, or saw until then. To you alone: `mark.changed`, `draft.changed` and
/// `mention`; to admins: `notice.changed`. `resync`: what you missed is no longer kept; read everything anew, then go on
/// from its `id`.
///
/// Without `Last-Event-ID` and `after` it begins now. A stream may end at any time: connect again with the last `id`.
#[utoipa::path(
    get,
    path = "/api/v1/events",
    tag = "events",
    operation_id = "listen_to_events",
    params(
        ("Last-Event-ID" = Option<u64>, Header, description = "Go on after this event", example = 17),
        ("after" = Option<u64>, Query, description = "The same, for those who can't set the header", example = 17),
    ),
    responses(
        (status = 200, description = "The stream; each `data` is an `Event` as JSON", body = String, content_type = "text/event-stream",
            example = json!("id: 18\nevent: ticket.created\ndata: {\"sequence\":18,\"ticket\":1042,\"message\":7}\n\n")),
        TooMany,
    ),
    security(("token" = ["events:read"])),
)]
pub(crate) async fn stream(
    caller: Caller,
    State(api): State<Api>,
    headers: HeaderMap,
    parameters: Parameters,
) -> Result<Response, Failure> {
    let actor = caller.may(Scope::EventsRead)?.clone();
    parameters.only(&["after"])?;
    let cursor = match after(&headers, &parameters)? {
        Some(after) => after,
        None => api.wiring.desk.events_head(&actor)?,
    };
    let seat = api.hub.join(&actor)?;
    let listener = Listener::new(api, actor, caller.into_credential(), seat, cursor);
    let frames = stream::unfold(listener, |mut listener| async {
        let frame = listener.next().await?;
        Some((Ok::<_, Infallible>(frame), listener))
    });
    let fields = [(CONTENT_TYPE, "text/event-stream"), (X_ACCEL_BUFFERING, "no")];
    Ok((fields, Body::from_stream(frames)).into_response())
}

/// The cursor of the request; the header counts more, since a browser that reconnects sends both.
fn after(headers: &HeaderMap, parameters: &Parameters) -> Result<Option<u64>, Problem> {
    let Some(field) = headers.get(LAST_EVENT_ID) else {
        return parameters.read("after", "number of an event", |text| text.parse().ok());
    };
    let number = field.to_str().ok().and_then(|text| text.parse().ok());
    let wrong = || Problem::new(Kind::BadRequest, "Last-Event-ID is no number of an event");
    number.map(Some).ok_or_else(wrong)
}
