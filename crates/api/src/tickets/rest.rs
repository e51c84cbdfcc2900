//! Out of sight and back: snooze, the trash, spam.

use std::time::Duration;

use axum::extract::{Request, State};
use guichet_accounts::Scope;
use guichet_web::{Members, body, members};
use jiff::Timestamp;
use serde::Deserialize;
use utoipa::ToSchema;

use super::{Ticket, Versioned};
use crate::caller::Caller;
use crate::failure::Failure;
use crate::openapi::{Posted, Refused, Stored};
use crate::path::Number;
use crate::state::Api;

/// Until when a ticket rests.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "it is documentation")]
pub(crate) struct Snooze {
    /// A time to come, at most 731 days ahead.
    #[schema(example = "2026-03-02T08:00:00Z")]
    until: Timestamp,
}

/// Snooze a ticket
///
/// It leaves the lists, but for those with `snoozed=true`, until its time; or until somebody writes, its state changes, or a
/// mail of ours fails. The event `ticket.woken` names the message that woke it.
#[utoipa::path(
    put,
    path = "/api/v1/tickets/{number}/snooze",
    tag = "tickets",
    operation_id = "snooze_ticket",
    params(("number" = u64, Path, description = "The ticket's number", example = 1042)),
    request_body(
        description = "Until when",
        content((Snooze = "application/json", example = json!({"until": "2026-03-02T08:00:00Z"}))),
    ),
    responses(
        (status = 200, description = "The ticket as it is now", body = Ticket,
            headers(("ETag" = String, description = "Its new version"))),
        Posted,
        Stored,
    ),
    security(("token" = ["tickets:write"])),
)]
pub(crate) async fn snooze(
    caller: Caller,
    State(api): State<Api>,
    number: Number,
    request: Request,
) -> Result<Versioned, Failure> {
    let actor = caller.may(Scope::TicketsWrite)?;
    let (desk, number) = (&api.wiring.desk, number.of("ticket")?);
    desk.ticket(actor, number)?;
    let wait = Duration::from_secs(api.wiring.limits.body_secs_max);
    let mut members = Members::of(body::json(request, wait).await?);
    let until = members.require("until", members::time);
    members.finish()?;
    // `finish` has refused a body without one.
    let until = until.ok_or_else(|| Failure::not_found("time"))?;
    Versioned::read(desk, actor, desk.snooze(actor, number, until, api.wiring.clock.now()).await?)
}

/// Wake a ticket
///
/// One that is awake stays as it is.
#[utoipa::path(
    delete,
    path = "/api/v1/tickets/{number}/snooze",
    tag = "tickets",
    operation_id = "wake_ticket",
    params(("number" = u64, Path, description = "The ticket's number", example = 1042)),
    responses(
        (status = 200, description = "The ticket as it is now", body = Ticket,
            headers(("ETag" = String, description = "Its version"))),
        Refused,
        Stored,
    ),
    security(("token" = ["tickets:write"])),
)]
pub(crate) async fn wake(
    caller: Caller,
    State(api): State<Api>,
    number: Number,
) -> Result<Versioned, Failure> {
    let actor = caller.may(Scope::TicketsWrite)?;
    let desk = &api.wiring.desk;
    let ticket = desk.wake(actor, number.of("ticket")?, api.wiring.clock.now()).await?;
    Versioned::read(desk, actor, ticket)
}

/// Take a ticket out of the trash
///
/// It is again in the state in which it was thrown away, or open if mail came meanwhile. One that is not in the trash stays as
/// it is.
#[utoipa::path(
    post,
    path = "/api/v1/tickets/{number}/restore",
    tag = "tickets",
    operation_id = "restore_ticket",
    params(("number" = u64, Path, description = "The ticket's number", example = 1042)),
    responses(
        (status = 200, description = "The ticket as it is now", body = Ticket,
            headers(("ETag" = String, description = "Its version"))),
        Refused,
        Stored,
    ),
    security(("token" = ["tickets:write"])),
)]
pub(crate) async fn restore(
    caller: Caller,
    State(api): State<Api>,
    number: Number,
) -> Result<Versioned, Failure> {
    let actor = caller.may(Scope::TicketsWrite)?;
    let desk = &api.wiring.desk;
    let ticket = desk.restore_ticket(actor, number.of("ticket")?, api.wiring.clock.now()).await?;
    Versioned::read(desk, actor, ticket)
}

/// Say that a ticket is no spam
///
/// It is again in the state in which it was marked, or open if mail came meanwhile. One that is not marked stays as it is.
#[utoipa::path(
    post,
    path = "/api/v1/tickets/{number}/not-spam",
    tag = "tickets",
    operation_id = "mark_ticket_not_spam",
    params(("number" = u64, Path, description = "The ticket's number", example = 1042)),
    responses(
        (status = 200, description = "The ticket as it is now", body = Ticket,
            headers(("ETag" = String, description = "Its version"))),
        Refused,
        Stored,
    ),
    security(("token" = ["tickets:write"])),
)]
pub(crate) async fn not_spam(
    caller: Caller,
    State(api): State<Api>,
    number: Number,
) -> Result<Versioned, Failure> {
    let actor = caller.may(Scope::TicketsWrite)?;
    let desk = &api.wiring.desk;
    let ticket = desk.not_spam(actor, number.of("ticket")?, api.wiring.clock.now()).await?;
    Versioned::read(desk, actor, ticket)
}
