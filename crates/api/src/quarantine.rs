//! `/quarantine`: mail that is kept aside, and its release as a ticket.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::{HeaderName, LOCATION};
use axum::response::Response;
use guichet_accounts::Scope;
use guichet_web::{Page, Paging, Parameters};
use serde::Serialize;
use utoipa::ToSchema;

use crate::caller::Caller;
use crate::failure::Failure;
use crate::messages::{Message, Summary, read_whole, send_raw};
use crate::openapi::{Octets, Paged, Stored};
use crate::path::Number;
use crate::state::Api;

/// What a released mail became.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Released {
    /// Its ticket.
    #[schema(example = 1042)]
    ticket: u64,
}

/// List mail in quarantine, oldest first
///
/// It belongs to no team yet, so only admins see it.
#[utoipa::path(
    get,
    path = "/api/v1/quarantine",
    tag = "quarantine",
    operation_id = "list_quarantine",
    params(Paged),
    responses((status = 200, description = "A page of messages, without their texts", body = Page<Summary>)),
    security(("token" = ["quarantine:read"])),
)]
pub(crate) async fn list(
    caller: Caller,
    State(api): State<Api>,
    parameters: Parameters,
) -> Result<Page<Summary>, Failure> {
    let actor = caller.may(Scope::QuarantineRead)?;
    parameters.only(&["limit", "cursor"])?;
    let paging = Paging::read(&parameters, b'q')?;
    let found = api.wiring.desk.quarantine(actor, paging.after_number()?, paging.limit)?;
    Ok(paging.page(found.items.iter().map(Summary::of).collect(), found.next))
}

/// Read a mail in quarantine
#[utoipa::path(
    get,
    path = "/api/v1/quarantine/{id}",
    tag = "quarantine",
    operation_id = "read_quarantined",
    params(("id" = u64, Path, description = "The message's number", example = 9)),
    responses((status = 200, description = "The message with its texts", body = Message)),
    security(("token" = ["quarantine:read"])),
)]
pub(crate) async fn read(
    caller: Caller,
    State(api): State<Api>,
    id: Number,
) -> Result<Json<Message>, Failure> {
    let actor = caller.may(Scope::QuarantineRead)?;
    let message = api.wiring.desk.quarantined(actor, id.of("message")?)?;
    read_whole(&api, actor, message).await.map(Json)
}

/// Download a raw mail in quarantine
#[utoipa::path(
    get,
    path = "/api/v1/quarantine/{id}/raw",
    tag = "quarantine",
    operation_id = "read_quarantined_raw",
    params(("id" = u64, Path, description = "The message's number", example = 9)),
    responses((status = 200, description = "The mail", body = Octets, content_type = "message/rfc822")),
    security(("token" = ["quarantine:read"])),
)]
pub(crate) async fn raw(caller: Caller, State(api): State<Api>, id: Number) -> Result<Response, Failure> {
    let actor = caller.may(Scope::QuarantineRead)?;
    let message = api.wiring.desk.quarantined(actor, id.of("message")?)?;
    send_raw(&api, actor, message).await
}

/// Release a mail from quarantine
///
/// It becomes a ticket.
#[utoipa::path(
    post,
    path = "/api/v1/quarantine/{id}/release",
    tag = "quarantine",
    operation_id = "release_quarantined",
    params(("id" = u64, Path, description = "The message's number", example = 9)),
    responses(
        (status = 201, description = "It is a ticket now", body = Released,
            headers(("Location" = String, description = "Where the ticket is"))),
        Stored,
    ),
    security(("token" = ["quarantine:write"])),
)]
pub(crate) async fn release(
    caller: Caller,
    State(api): State<Api>,
    id: Number,
) -> Result<(StatusCode, [(HeaderName, String); 1], Json<Released>), Failure> {
    let actor = caller.may(Scope::QuarantineWrite)?;
    let now = api.wiring.clock.now();
    let ticket = api.wiring.desk.release(actor, id.of("message")?, now).await?;
    let location = (LOCATION, format!("/api/v1/tickets/{ticket}"));
    Ok((StatusCode::CREATED, [location], Json(Released { ticket })))
}
