//! `POST /tickets/{number}/participants`: who may join a ticket from now on.

use std::time::Duration;

use axum::extract::{Request, State};
use guichet_accounts::Scope;
use guichet_web::{Members, body, members};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::caller::Caller;
use crate::failure::Failure;
use crate::mailbox;
use crate::openapi::{Posted, Stored};
use crate::path::Number;
use crate::state::Api;
use crate::tickets::{Ticket, Versioned};

/// Somebody who shall take part.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "it is documentation")]
pub(crate) struct NewParticipant {
    /// Where they write from.
    #[schema(example = "ana@private.example")]
    address: String,
}

/// Let somebody take part in a ticket
///
/// An answer that came by a genuine reply address from somebody who takes no part is marked; this is how you agree. From now
/// on their authenticated answers join the ticket.
#[utoipa::path(
    post,
    path = "/api/v1/tickets/{number}/participants",
    tag = "tickets",
    operation_id = "add_participant",
    params(("number" = u64, Path, description = "The ticket's number", example = 1042)),
    request_body(
        description = "Who",
        content((NewParticipant = "application/json", example = json!({"address": "ana@private.example"}))),
    ),
    responses(
        (status = 200, description = "The ticket as it is now", body = Ticket,
            headers(("ETag" = String, description = "Its new version"))),
        Posted,
        Stored,
    ),
    security(("token" = ["tickets:write"])),
)]
pub(crate) async fn agree(
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
    let address = members.require("address", |value| mailbox::address(&members::text(value)?));
    members.finish()?;
    // `finish` has refused a body without one.
    let address = address.ok_or_else(|| Failure::not_found("address"))?;
    Versioned::read(desk, actor, desk.agree(actor, number, &address, api.wiring.clock.now()).await?)
}
