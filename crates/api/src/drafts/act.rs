//! Saving, deleting and sending drafts.

use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::header::LOCATION;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use guichet_accounts::{Actor, Scope};
use guichet_desk::{Error, StoredDraft, WritingKind};
use guichet_web::{EntityTag, Kind, Problem, body as bodies, etag};

use super::body::{self, NewDraft};
use super::{Draft, Versioned, named};
use crate::caller::Caller;
use crate::failure::Failure;
use crate::openapi::{Conditional, Posted, Refused, Stored};
use crate::path::{Name, Number};
use crate::state::Api;
use crate::writing::{Written, of_body, sent};

/// Begin a new mail as a draft
///
/// At most 500 drafts and 256 MiB, their files included, are kept for each person.
#[utoipa::path(
    post,
    path = "/api/v1/drafts",
    tag = "drafts",
    operation_id = "create_draft",
    request_body(
        description = "What is typed so far",
        content((NewDraft = "application/json", example = json!({"subject": "Your contract", "text": "Dear Ana,"}))),
    ),
    responses(
        (status = 201, description = "It is kept", body = Draft, headers(
            ("Location" = String, description = "Where it is"),
            ("ETag" = String, description = "Its version"))),
        Posted,
        Stored,
    ),
    security(("token" = ["messages:send"]), ("token" = ["tickets:write"])),
)]
pub(crate) async fn create(
    caller: Caller,
    State(api): State<Api>,
    request: Request,
) -> Result<Response, Failure> {
    let actor = caller.may_either(Scope::MessagesSend, Scope::TicketsWrite)?;
    let draft = typed(&api, request).await?;
    body::refuse_answer(&draft)?;
    let desk = &api.wiring.desk;
    let stored = desk.new_draft(actor, &draft, api.wiring.clock.now()).await.map_err(of_body)?;
    let location = [(LOCATION, format!("/api/v1/drafts/{}", stored.id))];
    Ok((StatusCode::CREATED, location, Versioned::of(desk, actor, stored)).into_response())
}

/// Save a draft
///
/// In the place of what it was, whole. With `If-Match`, only if it is still the version that you read.
#[utoipa::path(
    put,
    path = "/api/v1/drafts/{id}",
    tag = "drafts",
    operation_id = "save_draft",
    params(
        ("id" = String, Path, description = "The draft's `id`", example = "agnhy6kqaaaaa"),
        ("If-Match" = Option<String>, Header, description = "The `ETag` of the version that you read", example = "\"17\""),
    ),
    request_body(
        description = "What is typed so far",
        content((NewDraft = "application/json", example = json!({"subject": "Your contract", "text": "Dear Ana,"}))),
    ),
    responses(
        (status = 200, description = "The draft as it is now", body = Draft,
            headers(("ETag" = String, description = "Its new version"))),
        Posted,
        Conditional,
        Stored,
    ),
    security(("token" = ["messages:send"]), ("token" = ["tickets:write"])),
)]
pub(crate) async fn save(
    caller: Caller,
    State(api): State<Api>,
    id: Name,
    headers: HeaderMap,
    request: Request,
) -> Result<Versioned, Failure> {
    let actor = caller.may_either(Scope::MessagesSend, Scope::TicketsWrite)?;
    let (desk, id) = (&api.wiring.desk, named(&id)?);
    let expected = expected(&headers, Some(&desk.draft(actor, id)?))?;
    let draft = typed(&api, request).await?;
    let stored = desk.save_draft(actor, id, &draft, expected, api.wiring.clock.now()).await;
    Ok(Versioned::of(desk, actor, stored.map_err(of_body)?))
}

/// Save your draft in a ticket
///
/// The first, or in the place of the one that you have there, whole. With `If-Match`, only if that is still the version that
/// you read; with `If-None-Match: *`, only if you have none there.
#[utoipa::path(
    put,
    path = "/api/v1/tickets/{number}/draft",
    tag = "drafts",
    operation_id = "save_ticket_draft",
    params(
        ("number" = u64, Path, description = "The ticket's number", example = 1042),
        ("If-Match" = Option<String>, Header, description = "The `ETag` of the version that you read", example = "\"17\""),
        ("If-None-Match" = Option<String>, Header, description = "`*`: there shall be none yet", example = "*"),
    ),
    request_body(
        description = "What is typed so far",
        content((NewDraft = "application/json", example = json!({"kind": "reply", "text": "Dear Ana,"}))),
    ),
    responses(
        (status = 200, description = "The draft as it is now", body = Draft,
            headers(("ETag" = String, description = "Its new version"))),
        Posted,
        Conditional,
        Stored,
    ),
    security(("token" = ["messages:send"]), ("token" = ["tickets:write"])),
)]
pub(crate) async fn save_in_ticket(
    caller: Caller,
    State(api): State<Api>,
    number: Number,
    headers: HeaderMap,
    request: Request,
) -> Result<Versioned, Failure> {
    let actor = caller.may_either(Scope::MessagesSend, Scope::TicketsWrite)?;
    let (desk, number) = (&api.wiring.desk, number.of("ticket")?);
    let expected = expected(&headers, in_ticket(&api, actor, number)?.as_ref())?;
    let draft = typed(&api, request).await?;
    let stored = desk.save_ticket_draft(actor, number, &draft, expected, api.wiring.clock.now()).await;
    let stored = stored.map_err(|error| match error {
        Error::NotFound("ticket") => Failure::from(error),
        other => of_body(other),
    })?;
    Ok(Versioned::of(desk, actor, stored))
}

/// Delete a draft
///
/// With `If-Match`, only if it is still the version that you read.
#[utoipa::path(
    delete,
    path = "/api/v1/drafts/{id}",
    tag = "drafts",
    operation_id = "delete_draft",
    params(
        ("id" = String, Path, description = "The draft's `id`", example = "agnhy6kqaaaaa"),
        ("If-Match" = Option<String>, Header, description = "The `ETag` of the version that you read", example = "\"17\""),
    ),
    responses((status = 204, description = "It is gone"), Refused, Conditional, Stored),
    security(("token" = ["messages:send"]), ("token" = ["tickets:write"])),
)]
pub(crate) async fn delete(
    caller: Caller,
    State(api): State<Api>,
    id: Name,
    headers: HeaderMap,
) -> Result<StatusCode, Failure> {
    let actor = caller.may_either(Scope::MessagesSend, Scope::TicketsWrite)?;
    let stored = api.wiring.desk.draft(actor, named(&id)?)?;
    remove(&api, actor, &headers, &stored).await
}

/// Delete your draft in a ticket
///
/// With `If-Match`, only if it is still the version that you read.
#[utoipa::path(
    delete,
    path = "/api/v1/tickets/{number}/draft",
    tag = "drafts",
    operation_id = "delete_ticket_draft",
    params(
        ("number" = u64, Path, description = "The ticket's number", example = 1042),
        ("If-Match" = Option<String>, Header, description = "The `ETag` of the version that you read", example = "\"17\""),
    ),
    responses((status = 204, description = "It is gone"), Refused, Conditional, Stored),
    security(("token" = ["messages:send"]), ("token" = ["tickets:write"])),
)]
pub(crate) async fn delete_in_ticket(
    caller: Caller,
    State(api): State<Api>,
    number: Number,
    headers: HeaderMap,
) -> Result<StatusCode, Failure> {
    let actor = caller.may_either(Scope::MessagesSend, Scope::TicketsWrite)?;
    let stored = api.wiring.desk.ticket_draft(actor, number.of("ticket")?)?;
    remove(&api, actor, &headers, &stored).await
}

/// Send a draft
///
/// As it is kept; it is gone in the same moment. Nothing is sent if it is saved anew meanwhile, nor, with `If-Match`, if it is
/// another version than you read. Sent again
/// within a day, it makes nothing again: the answer is the first one's, with `Idempotency-Replayed: true`. A note needs the
/// scope `tickets:write`, everything that leaves `messages:send`.
#[utoipa::path(
    post,
    path = "/api/v1/drafts/{id}/send",
    tag = "drafts",
    operation_id = "send_draft",
    params(
        ("id" = String, Path, description = "The draft's `id`", example = "agnhy6kqaaaaa"),
        ("If-Match" = Option<String>, Header, description = "The `ETag` of the version that you read", example = "\"17\""),
    ),
    responses(
        (status = 201, description = "It is written", body = Written, headers(
            ("Location" = String, description = "Where the message is, or the ticket of a new mail"),
            ("ETag" = String, description = "The ticket's version"),
            ("Idempotency-Replayed" = String, description = "`true` if it was sent before"))),
        Refused,
        Conditional,
        Stored,
    ),
    security(("token" = ["messages:send"]), ("token" = ["tickets:write"])),
)]
pub(crate) async fn send(
    caller: Caller,
    State(api): State<Api>,
    id: Name,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let actor = caller.may_either(Scope::MessagesSend, Scope::TicketsWrite)?;
    let (desk, id) = (&api.wiring.desk, named(&id)?);
    // Always the version that was looked at: another may need another scope.
    let version = match desk.draft(actor, id) {
        Ok(stored) => {
            let is_note = stored.ticket.is_some() && stored.draft.kind == Some(WritingKind::Note);
            caller.may(if is_note { Scope::TicketsWrite } else { Scope::MessagesSend })?;
            expected(&headers, Some(&stored))?;
            stored.version
        }
        // It may have been sent: the desk knows.
        Err(Error::NotFound(_)) => 0,
        Err(error) => return Err(error.into()),
    };
    let undo_secs = api.wiring.limits.undo_secs;
    let written = desk.send_draft(actor, id, (version, undo_secs), api.wiring.clock.now()).await;
    let written = written.map_err(|error| match error {
        Error::NotFound("draft") => Failure::from(error),
        other => of_body(other),
    })?;
    sent(&api, actor, &written)
}

async fn remove(
    api: &Api,
    actor: &Actor,
    headers: &HeaderMap,
    stored: &StoredDraft,
) -> Result<StatusCode, Failure> {
    let expected = expected(headers, Some(stored))?;
    api.wiring.desk.delete_draft(actor, stored.id, expected, api.wiring.clock.now()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The caller's draft in a ticket that they see, if there is one.
fn in_ticket(api: &Api, actor: &Actor, number: u64) -> Result<Option<StoredDraft>, Failure> {
    match api.wiring.desk.ticket_draft(actor, number) {
        Ok(stored) => Ok(Some(stored)),
        Err(Error::NotFound("draft")) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// The version that must still be there, 0 for none, if the change depends on it.
fn expected(headers: &HeaderMap, stored: Option<&StoredDraft>) -> Result<Option<u64>, Failure> {
    let version = stored.map_or(0, |stored| stored.version);
    if stored.is_some() && EntityTag(version).is_known(headers) {
        let detail = "there is a draft already: read it, and save yours with its `ETag` in `If-Match`";
        return Err(Problem::new(Kind::PreconditionFailed, detail).into());
    }
    if stored.is_none() && etag::needs_existing(headers) {
        let detail = "there is no draft that could be changed: save it without `If-Match`";
        return Err(Problem::new(Kind::PreconditionFailed, detail).into());
    }
    if EntityTag(version).is_refused(headers) {
        return Err(Error::Changed("draft").into());
    }
    let depends = etag::names_version(headers) || EntityTag(0).is_known(headers);
    Ok(depends.then_some(version))
}

async fn typed(api: &Api, request: Request) -> Result<guichet_desk::Draft, Failure> {
    let wait = Duration::from_secs(api.wiring.limits.body_secs_max);
    Ok(body::read(bodies::json(request, wait).await?)?)
}
