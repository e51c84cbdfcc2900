//! What you have read and starred: `/tickets/{number}/star`, `/tickets/{number}/read`, `/messages/{id}/read`.
//!
//! *Must hold*: marks are of the caller's person alone; nobody asks for another's.

use axum::extract::State;
use axum::http::StatusCode;
use guichet_accounts::Scope;
use guichet_web::Parameters;

use crate::caller::Caller;
use crate::failure::Failure;
use crate::openapi::{Refused, Stored};
use crate::path::Number;
use crate::state::Api;

/// Star a ticket
///
/// For yourself: nobody else sees it. At most 1,000 tickets are starred.
#[utoipa::path(
    put,
    path = "/api/v1/tickets/{number}/star",
    tag = "tickets",
    operation_id = "star_ticket",
    params(("number" = u64, Path, description = "The ticket's number", example = 1042)),
    responses((status = 204, description = "It is starred"), Refused, Stored),
    security(("token" = ["tickets:write"])),
)]
pub(crate) async fn star(
    caller: Caller,
    State(api): State<Api>,
    number: Number,
) -> Result<StatusCode, Failure> {
    mark_star(&caller, &api, &number, true).await
}

/// Take the star off a ticket
#[utoipa::path(
    delete,
    path = "/api/v1/tickets/{number}/star",
    tag = "tickets",
    operation_id = "unstar_ticket",
    params(("number" = u64, Path, description = "The ticket's number", example = 1042)),
    responses((status = 204, description = "It is not starred"), Refused, Stored),
    security(("token" = ["tickets:write"])),
)]
pub(crate) async fn unstar(
    caller: Caller,
    State(api): State<Api>,
    number: Number,
) -> Result<StatusCode, Failure> {
    mark_star(&caller, &api, &number, false).await
}

async fn mark_star(
    caller: &Caller,
    api: &Api,
    number: &Number,
    is_starred: bool,
) -> Result<StatusCode, Failure> {
    let actor = caller.may(Scope::TicketsWrite)?;
    api.wiring.desk.star(actor, number.of("ticket")?, is_starred, api.wiring.clock.now()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Mark a ticket as read
///
/// All of its messages, by you. With `up_to`, those up to this message: name the newest that you showed, so that what came
/// since stays unread. What you write yourself counts as read.
#[utoipa::path(
    put,
    path = "/api/v1/tickets/{number}/read",
    tag = "tickets",
    operation_id = "mark_ticket_read",
    params(
        ("number" = u64, Path, description = "The ticket's number", example = 1042),
        ("up_to" = Option<u64>, Query, description = "The number of a message", example = 7),
    ),
    responses((status = 204, description = "It is read"), Refused, Stored),
    security(("token" = ["tickets:write"])),
)]
pub(crate) async fn read_ticket(
    caller: Caller,
    State(api): State<Api>,
    number: Number,
    parameters: Parameters,
) -> Result<StatusCode, Failure> {
    let actor = caller.may(Scope::TicketsWrite)?;
    let (desk, number) = (&api.wiring.desk, number.of("ticket")?);
    desk.ticket(actor, number)?;
    parameters.only(&["up_to"])?;
    let up_to = parameters.read("up_to", "number of a message", |text| text.parse().ok())?;
    desk.read_ticket(actor, number, up_to, api.wiring.clock.now()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Mark a message as read
///
/// By you: nobody else sees it.
#[utoipa::path(
    put,
    path = "/api/v1/messages/{id}/read",
    tag = "messages",
    operation_id = "mark_message_read",
    params(("id" = u64, Path, description = "The message's number", example = 7)),
    responses((status = 204, description = "It is read"), Refused, Stored),
    security(("token" = ["tickets:write"])),
)]
pub(crate) async fn read_message(
    caller: Caller,
    State(api): State<Api>,
    id: Number,
) -> Result<StatusCode, Failure> {
    mark_message(&caller, &api, &id, true).await
}

/// Mark a message as unread
#[utoipa::path(
    delete,
    path = "/api/v1/messages/{id}/read",
    tag = "messages",
    operation_id = "mark_message_unread",
    params(("id" = u64, Path, description = "The message's number", example = 7)),
    responses((status = 204, description = "It is unread"), Refused, Stored),
    security(("token" = ["tickets:write"])),
)]
pub(crate) async fn unread_message(
    caller: Caller,
    State(api): State<Api>,
    id: Number,
) -> Result<StatusCode, Failure> {
    mark_message(&caller, &api, &id, false).await
}

async fn mark_message(caller: &Caller, api: &Api, id: &Number, is_read: bool) -> Result<StatusCode, Failure> {
    let actor = caller.may(Scope::TicketsWrite)?;
    api.wiring.desk.read_message(actor, id.of("message")?, is_read, api.wiring.clock.now()).await?;
    Ok(StatusCode::NO_CONTENT)
}
