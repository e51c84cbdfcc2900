//! Merge and split.

use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::header::LOCATION;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use guichet_accounts::{Actor, Scope};
use guichet_desk::{Error, SPLIT_MESSAGES_MAX, Split};
use guichet_web::{Fault, Kind, Members, Problem, body, etag, members};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{Ticket, Versioned};
use crate::caller::Caller;
use crate::failure::Failure;
use crate::openapi::{Conditional, Posted, Stored};
use crate::path::Number;
use crate::state::Api;

/// Where a ticket goes.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "it is documentation")]
pub(crate) struct Merge {
    /// The number of the ticket that gets everything.
    #[schema(example = 1043)]
    into: u64,
}

/// What becomes a ticket of its own.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "it is documentation")]
pub(crate) struct NewSplit {
    /// The messages, by number: at least one, and not all of the ticket's.
    #[schema(example = json!([7, 8]))]
    messages: Vec<u64>,
    /// The subject of the new ticket; without it that of its first message.
    #[schema(required = false, example = "The other invoice")]
    subject: String,
}

/// Merge a ticket into another
///
/// All that it has goes there: messages with what becomes of their mails, participants, tags, links, everybody's marks. It
/// stays as a closed, empty ticket whose `merged_into` names the other; it is in no list, and what answers it comes to the
/// other. There is no way back but to split. With `If-Match`, only if it is still the version that you read.
#[utoipa::path(
    post,
    path = "/api/v1/tickets/{number}/merge",
    tag = "tickets",
    operation_id = "merge_ticket",
    params(
        ("number" = u64, Path, description = "The ticket's number", example = 1042),
        ("If-Match" = Option<String>, Header, description = "The `ETag` of the version that you read", example = "\"17\""),
    ),
    request_body(
        description = "Where it goes",
        content((Merge = "application/json", example = json!({"into": 1043}))),
    ),
    responses(
        (status = 200, description = "The ticket that has everything now", body = Ticket,
            headers(("ETag" = String, description = "Its new version"))),
        Posted,
        Conditional,
        Stored,
    ),
    security(("token" = ["tickets:write"])),
)]
pub(crate) async fn merge(
    caller: Caller,
    State(api): State<Api>,
    number: Number,
    headers: HeaderMap,
    request: Request,
) -> Result<Versioned, Failure> {
    let actor = caller.may(Scope::TicketsWrite)?;
    let (desk, number) = (&api.wiring.desk, number.of("ticket")?);
    let expected = expected(&api, actor, number, &headers)?;
    let wait = Duration::from_secs(api.wiring.limits.body_secs_max);
    let mut members = Members::of(body::json(request, wait).await?);
    let into = members.require("into", members::number).unwrap_or_default();
    members.finish()?;
    let merged = desk.merge_ticket(actor, (number, into), expected, api.wiring.clock.now()).await;
    let merged = merged.map_err(|error| match error {
        // Only the ticket that goes stands in the address.
        Error::NotFound("target") => {
            let fault = Fault::of_member("into", "there is no such ticket");
            Problem::of_faults(Kind::UnprocessableContent, vec![fault]).into()
        }
        other => Failure::from(other),
    })?;
    Versioned::read(desk, actor, merged)
}

/// Split messages off a ticket
///
/// They become a ticket of their own, whose requester is who wrote the first of them; the two are linked. What answers these
/// messages comes to the new ticket. With `If-Match`, only if it is still the version that you read.
#[utoipa::path(
    post,
    path = "/api/v1/tickets/{number}/split",
    tag = "tickets",
    operation_id = "split_ticket",
    params(
        ("number" = u64, Path, description = "The ticket's number", example = 1042),
        ("If-Match" = Option<String>, Header, description = "The `ETag` of the version that you read", example = "\"17\""),
    ),
    request_body(
        description = "Which messages",
        content((NewSplit = "application/json", example = json!({"messages": [7, 8]}))),
    ),
    responses(
        (status = 201, description = "The new ticket", body = Ticket, headers(
            ("Location" = String, description = "Where it is"),
            ("ETag" = String, description = "Its version"))),
        Posted,
        Conditional,
        Stored,
    ),
    security(("token" = ["tickets:write"])),
)]
pub(crate) async fn split(
    caller: Caller,
    State(api): State<Api>,
    number: Number,
    headers: HeaderMap,
    request: Request,
) -> Result<Response, Failure> {
    let actor = caller.may(Scope::TicketsWrite)?;
    let (desk, number) = (&api.wiring.desk, number.of("ticket")?);
    let expected = expected(&api, actor, number, &headers)?;
    let wait = Duration::from_secs(api.wiring.limits.body_secs_max);
    let mut members = Members::of(body::json(request, wait).await?);
    let messages = members.require("messages", members::list(SPLIT_MESSAGES_MAX, members::number));
    let subject = members.read("subject", members::text);
    members.finish()?;
    let split = Split { messages: messages.unwrap_or_default().into_iter().collect(), subject };
    let new = desk.split_ticket(actor, number, &split, expected, api.wiring.clock.now()).await?;
    let location = [(LOCATION, format!("/api/v1/tickets/{new}"))];
    let ticket = Versioned::read(desk, actor, desk.ticket(actor, new)?.ticket)?;
    Ok((StatusCode::CREATED, location, ticket).into_response())
}

/// The version that the caller read, if the change depends on it; the ticket's own, since a mark of theirs is no change of it.
pub(super) fn expected(
    api: &Api,
    actor: &Actor,
    number: u64,
    headers: &HeaderMap,
) -> Result<Option<u64>, Failure> {
    let desk = &api.wiring.desk;
    let ticket = desk.ticket(actor, number)?.ticket;
    let activity = ticket.activity;
    if Versioned::read(desk, actor, ticket)?.tag().is_refused(headers) {
        return Err(Error::Changed("ticket").into());
    }
    Ok(etag::names_version(headers).then_some(activity))
}
