//! `POST /tickets/{number}/messages`: an answer, a forward, a note.

use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::HeaderMap;
use axum::response::Response;
use guichet_accounts::Scope;
use guichet_desk::{Target, WritingKind};
use guichet_web::body;

use super::draft::{self, NewMessage};
use super::written::{self, Written};
use crate::caller::Caller;
use crate::failure::Failure;
use crate::openapi::{Conditional, Posted, Stored};
use crate::path::Number;
use crate::state::Api;

/// Answer, forward, or leave a note
///
/// The mail is composed and stored at once, and leaves when nobody takes it back in time; what becomes of it is in its
/// deliveries. A note needs the scope `tickets:write`, everything that leaves `messages:send`.
///
/// With `If-Match`, only if no message of somebody else came since you read that version; other changes don't matter.
/// With `Idempotency-Key`, the same request makes one message however often it is sent within a day: the answer is the first
/// one's, with `Idempotency-Replayed: true`.
#[utoipa::path(
    post,
    path = "/api/v1/tickets/{number}/messages",
    tag = "messages",
    operation_id = "write_message",
    params(
        ("number" = u64, Path, description = "The ticket's number", example = 1042),
        ("If-Match" = Option<String>, Header, description = "The `ETag` of the ticket as you read it, or `*`", example = "\"17\""),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 255 printable ASCII characters, new for each new message", example = "\"8e03978e-40d5-43dd-bc93-6894a57f9324\""),
    ),
    request_body(
        description = "What is written",
        content((NewMessage = "application/json",
            example = json!({"kind": "reply", "text": "Dear Ana,\n\nyou are right: it is **7**.", "state": "solved"}))),
    ),
    responses(
        (status = 201, description = "It is written", body = Written, headers(
            ("Location" = String, description = "Where the message is"),
            ("ETag" = String, description = "The ticket's new version"),
            ("Idempotency-Replayed" = String, description = "`true` if the same request was answered before"))),
        Posted,
        Conditional,
        Stored,
    ),
    security(("token" = ["messages:send"]), ("token" = ["tickets:write"])),
)]
pub(crate) async fn reply(
    caller: Caller,
    State(api): State<Api>,
    number: Number,
    headers: HeaderMap,
    request: Request,
) -> Result<Response, Failure> {
    let actor = caller.may_either(Scope::MessagesSend, Scope::TicketsWrite)?;
    let number = number.of("ticket")?;
    api.wiring.desk.ticket(actor, number)?;
    let limits = api.wiring.limits;
    let body = body::json(request, Duration::from_secs(limits.body_secs_max)).await?;
    let same = format!("{number} {}", serde_json::Value::from(body.clone()));
    let writing = draft::into_ticket(body, number, limits.undo_secs)?;
    let is_note = matches!(writing.target, Target::Ticket { kind: WritingKind::Note, .. });
    let actor = caller.may(if is_note { Scope::TicketsWrite } else { Scope::MessagesSend })?;
    written::write(&api, actor, writing, &headers, same.as_bytes()).await
}
