//! Deleting for good: one ticket, or what is in the trash.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use guichet_accounts::{Actor, Scope, Sight};
use guichet_web::{Kind, Paging, Parameters, Problem};
use serde::Serialize;
use utoipa::ToSchema;

use crate::caller::Caller;
use crate::failure::Failure;
use crate::openapi::{Refused, Stored};
use crate::path::Number;
use crate::state::Api;

/// Delete a ticket for good
///
/// Out of the trash, by an admin: with its messages, their mails and deliveries. There is no way back. What answers it later
/// begins a new ticket. A mail of it that still waits to be sent has to be cancelled first.
#[utoipa::path(
    delete,
    path = "/api/v1/tickets/{number}",
    tag = "tickets",
    operation_id = "delete_ticket",
    params(("number" = u64, Path, description = "The ticket's number", example = 1042)),
    responses((status = 204, description = "It is gone"), Refused, Stored),
    security(("token" = ["tickets:write"])),
)]
pub(crate) async fn delete(
    caller: Caller,
    State(api): State<Api>,
    number: Number,
) -> Result<StatusCode, Failure> {
    let actor = caller.may(Scope::TicketsWrite)?;
    let (desk, number) = (&api.wiring.desk, number.of("ticket")?);
    // What the caller may not see does not exist; only then is it told that it is not theirs to delete.
    desk.ticket(actor, number)?;
    admin(actor)?;
    desk.delete_ticket(actor, &caller.by(), number, caller.at()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What a step of emptying the trash did.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Emptied {
    /// So many tickets are gone.
    #[schema(example = 50)]
    deleted: usize,
    /// So many stay: a mail of theirs still waits to be sent.
    #[schema(example = 0)]
    kept: usize,
    /// Where to go on; null when all was looked at.
    #[schema(required, example = "dQAAAAAAAAAR")]
    next_cursor: Option<String>,
}

/// Empty the trash
///
/// Deletes the tickets in the trash for good, at most fifty in one request, by an admin. Repeat it with the `next_cursor` of
/// the answer until that is null.
#[utoipa::path(
    post,
    path = "/api/v1/trash/empty",
    tag = "tickets",
    operation_id = "empty_trash",
    params(("cursor" = Option<String>, Query, description = "The `next_cursor` of the step before", example = "dQAAAAAAAAAR")),
    responses((status = 200, description = "What was done", body = Emptied), Stored),
    security(("token" = ["tickets:write"])),
)]
pub(crate) async fn empty_trash(
    caller: Caller,
    State(api): State<Api>,
    parameters: Parameters,
) -> Result<Json<Emptied>, Failure> {
    let actor = caller.may(Scope::TicketsWrite)?;
    admin(actor)?;
    parameters.only(&["cursor"])?;
    let paging = Paging::read(&parameters, b'x')?;
    let (desk, cursor) = (&api.wiring.desk, paging.after_number()?);
    let done = desk.empty_trash(actor, &caller.by(), None, cursor, caller.at()).await?;
    let next_cursor = paging.page(Vec::<()>::new(), done.next).next_cursor;
    Ok(Json(Emptied { deleted: done.deleted, kept: done.kept, next_cursor }))
}

/// Only those who see everything delete for good.
fn admin(actor: &Actor) -> Result<(), Failure> {
    if actor.sight == Sight::All {
        return Ok(());
    }
    Err(Problem::new(Kind::Forbidden, "only an admin deletes tickets for good").into())
}
