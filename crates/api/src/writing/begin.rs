//! `POST /tickets`: a new mail, which begins a ticket.

use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::HeaderMap;
use axum::response::Response;
use guichet_accounts::Scope;
use guichet_web::body;

use super::draft::{self, NewTicket};
use super::written::{self, Written};
use crate::caller::Caller;
use crate::failure::Failure;
use crate::openapi::{Posted, Stored};
use crate::state::Api;

/// Write a new mail
///
/// It begins a ticket, whose requester is the first recipient. With `Idempotency-Key`, the same request makes one ticket
/// however often it is sent within a day: the answer is the first one's, with `Idempotency-Replayed: true`.
#[utoipa::path(
    post,
    path = "/api/v1/tickets",
    tag = "tickets",
    operation_id = "begin_ticket",
    params(
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 255 printable ASCII characters, new for each new mail", example = "\"8e03978e-40d5-43dd-bc93-6894a57f9324\""),
    ),
    request_body(
        description = "What is written",
        content((NewTicket = "application/json", example = json!({
            "channel": 1, "to": ["Ana Lima <ana@customer.example>"],
            "subject": "Your contract ends in May", "text": "Dear Ana,\n\nshall we go on?",
        }))),
    ),
    responses(
        (status = 201, description = "It is written, and a ticket", body = Written, headers(
            ("Location" = String, description = "Where the ticket is"),
            ("ETag" = String, description = "The ticket's version"),
            ("Idempotency-Replayed" = String, description = "`true` if the same request was answered before"))),
        Posted,
        Stored,
    ),
    security(("token" = ["messages:send"])),
)]
pub(crate) async fn begin(
    caller: Caller,
    State(api): State<Api>,
    headers: HeaderMap,
    request: Request,
) -> Result<Response, Failure> {
    let actor = caller.may(Scope::MessagesSend)?;
    let limits = api.wiring.limits;
    let body = body::json(request, Duration::from_secs(limits.body_secs_max)).await?;
    let same = format!("new {}", serde_json::Value::from(body.clone()));
    let writing = draft::of_its_own(body, limits.undo_secs)?;
    written::write(&api, actor, writing, &headers, same.as_bytes()).await
}
