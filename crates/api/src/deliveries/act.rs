//! What people do about deliveries: try again, take back, send elsewhere.

use std::time::Duration;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::{HeaderName, LOCATION};
use guichet_accounts::Scope;
use guichet_web::{Members, body, members};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::shape::Delivery;
use crate::caller::Caller;
use crate::failure::Failure;
use crate::mailbox;
use crate::openapi::{Posted, Refused, Stored};
use crate::path::{self, Number};
use crate::state::Api;

/// Try a delivery again
///
/// One that is deferred, bounced, captured or suppressed: now, and for five more days. An address on the suppression list has
/// to be taken off it first.
#[utoipa::path(
    post,
    path = "/api/v1/deliveries/{id}/retry",
    tag = "deliveries",
    operation_id = "retry_delivery",
    params(("id" = String, Path, description = "The delivery's number", example = "agnhy6kqaaaaa")),
    responses((status = 200, description = "It goes out next", body = Delivery), Refused, Stored),
    security(("token" = ["deliveries:write"])),
)]
pub(crate) async fn retry(
    caller: Caller,
    State(api): State<Api>,
    id: path::Delivery,
) -> Result<Json<Delivery>, Failure> {
    let actor = caller.may(Scope::DeliveriesWrite)?;
    let (desk, now) = (&api.wiring.desk, api.wiring.clock.now());
    let delivery = desk.retry_delivery(actor, id.id()?, now).await?;
    Ok(Json(Delivery::of(desk, actor, &delivery)))
}

/// Take a delivery back
///
/// One that still waits. What is being sent just now, or has left, can't be taken back.
#[utoipa::path(
    post,
    path = "/api/v1/deliveries/{id}/cancel",
    tag = "deliveries",
    operation_id = "cancel_delivery",
    params(("id" = String, Path, description = "The delivery's number", example = "agnhy6kqaaaaa")),
    responses((status = 200, description = "It is not sent", body = Delivery), Refused, Stored),
    security(("token" = ["deliveries:write"])),
)]
pub(crate) async fn cancel(
    caller: Caller,
    State(api): State<Api>,
    id: path::Delivery,
) -> Result<Json<Delivery>, Failure> {
    let actor = caller.may(Scope::DeliveriesWrite)?;
    let (desk, now) = (&api.wiring.desk, api.wiring.clock.now());
    let delivery = desk.cancel_delivery(actor, id.id()?, now).await?;
    Ok(Json(Delivery::of(desk, actor, &delivery)))
}

/// Where a delivery shall go instead.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "it is documentation")]
pub(crate) struct Redirection {
    /// The other address.
    #[schema(example = "ana@private.example")]
    address: String,
}

/// Send a delivery to another address
///
/// One that waits, bounced or was suppressed. It ends, and another takes its place with the same mail; the address takes part
/// in the ticket from now on. A mail of the server's own goes to nobody else.
#[utoipa::path(
    post,
    path = "/api/v1/deliveries/{id}/redirect",
    tag = "deliveries",
    operation_id = "redirect_delivery",
    params(("id" = String, Path, description = "The delivery's number", example = "agnhy6kqaaaaa")),
    request_body(
        description = "Where to",
        content((Redirection = "application/json", example = json!({"address": "ana@private.example"}))),
    ),
    responses(
        (status = 201, description = "The delivery that took its place", body = Delivery,
            headers(("Location" = String, description = "Where it is"))),
        Posted,
        Stored,
    ),
    security(("token" = ["deliveries:write"])),
)]
pub(crate) async fn redirect(
    caller: Caller,
    State(api): State<Api>,
    id: path::Delivery,
    request: Request,
) -> Result<(StatusCode, [(HeaderName, String); 1], Json<Delivery>), Failure> {
    let actor = caller.may(Scope::DeliveriesWrite)?;
    let (desk, id) = (&api.wiring.desk, id.id()?);
    desk.delivery(actor, id)?;
    let wait = Duration::from_secs(api.wiring.limits.body_secs_max);
    let mut members = Members::of(body::json(request, wait).await?);
    let address = members.require("address", |value| mailbox::address(&members::text(value)?));
    members.finish()?;
    // `finish` has refused a body without one.
    let address = address.ok_or_else(|| Failure::not_found("address"))?;
    let delivery = desk.redirect_delivery(actor, id, &address, api.wiring.clock.now()).await?;
    let location = (LOCATION, format!("/api/v1/deliveries/{}", delivery.id));
    Ok((StatusCode::CREATED, [location], Json(Delivery::of(desk, actor, &delivery))))
}

/// What an undo took back.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Undone {
    /// How many deliveries of the message were still held and are cancelled now; 0 when it was too late.
    #[schema(example = 2)]
    cancelled: usize,
}

/// Take a message back
///
/// Cancels every delivery of it that is still held. When nothing of it has left then, its ticket's state, attention and
/// snooze are as before it, unless something happened to the ticket since. The message stays in the ticket, its text to be
/// read there (also that of a draft, which went when it was sent) and its deliveries `cancelled`. Needs the scope
/// `messages:send` or `deliveries:write`.
#[utoipa::path(
    post,
    path = "/api/v1/messages/{id}/cancel",
    tag = "messages",
    operation_id = "cancel_message",
    params(("id" = u64, Path, description = "The message's number", example = 8)),
    responses((status = 200, description = "How many deliveries were taken back", body = Undone), Stored),
    security(("token" = ["messages:send"]), ("token" = ["deliveries:write"])),
)]
pub(crate) async fn undo(
    caller: Caller,
    State(api): State<Api>,
    id: Number,
) -> Result<Json<Undone>, Failure> {
    let actor = caller.may_either(Scope::MessagesSend, Scope::DeliveriesWrite)?;
    let message = id.of("message")?;
    let cancelled = api.wiring.desk.cancel_held(actor, message, api.wiring.clock.now()).await?;
    Ok(Json(Undone { cancelled }))
}
