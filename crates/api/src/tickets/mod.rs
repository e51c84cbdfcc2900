//! `/tickets`: lists, one ticket, its messages, its links, its change.

mod delete;
pub(crate) mod list;
mod merge;
mod patch;
mod rest;
pub(crate) mod shape;

pub(crate) use delete::{__path_delete, __path_empty_trash, delete, empty_trash};
pub(crate) use list::{__path_list, list};
pub(crate) use merge::{__path_merge, __path_split, merge, split};
pub(crate) use patch::{__path_change, change};
pub(crate) use rest::{
    __path_not_spam, __path_restore, __path_snooze, __path_wake, not_spam, restore, snooze, wake,
};
pub(crate) use shape::Ticket;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use guichet_accounts::{Actor, Scope};
use guichet_desk::{Desk, StoredTicket};
use guichet_web::{EntityTag, Page, Paging, Parameters};
use serde::Serialize;
use utoipa::ToSchema;

use crate::caller::Caller;
use crate::failure::Failure;
use crate::messages::Summary;
use crate::openapi::Paged;
use crate::path::Number;
use crate::state::Api;

/// A ticket as an answer: with its version as an entity tag.
pub(crate) struct Versioned(Ticket, EntityTag);

impl Versioned {
    /// A ticket as the actor sees it. Its version is the latest event of the ticket or of their mark, whichever came later.
    pub(crate) fn read(desk: &Desk, actor: &Actor, stored: StoredTicket) -> Result<Self, Failure> {
        let marked = desk.marks_of(actor, std::slice::from_ref(&stored))?;
        let marked = marked.first().copied().unwrap_or_default();
        let tag = EntityTag(stored.activity.max(marked.activity));
        Ok(Self(Ticket::of(desk, actor, stored, marked), tag))
    }

    /// Its version.
    pub(crate) fn tag(&self) -> EntityTag {
        self.1
    }
}

impl IntoResponse for Versioned {
    fn into_response(self) -> Response {
        ([self.1.field()], Json(self.0)).into_response()
    }
}

/// Read a ticket
///
/// The `ETag` changes with everything that happens to the ticket, and with what you mark of it.
#[utoipa::path(
    get,
    path = "/api/v1/tickets/{number}",
    tag = "tickets",
    operation_id = "read_ticket",
    params(
        ("number" = u64, Path, description = "The ticket's number", example = 1042),
        ("If-None-Match" = Option<String>, Header, description = "The `ETag` of the version that you have", example = "\"17\""),
    ),
    responses(
        (status = 200, description = "The ticket", body = Ticket,
            headers(("ETag" = String, description = "Its version, for `If-Match` and `If-None-Match`"))),
        (status = 304, description = "It is still the version of `If-None-Match`"),
    ),
    security(("token" = ["tickets:read"])),
)]
pub(crate) async fn read(
    caller: Caller,
    State(api): State<Api>,
    number: Number,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let actor = caller.may(Scope::TicketsRead)?;
    let desk = &api.wiring.desk;
    let ticket = Versioned::read(desk, actor, desk.ticket(actor, number.of("ticket")?)?.ticket)?;
    if ticket.tag().is_known(&headers) {
        return Ok((StatusCode::NOT_MODIFIED, [ticket.tag().field()]).into_response());
    }
    Ok(ticket.into_response())
}

/// List the messages of a ticket, oldest first
#[utoipa::path(
    get,
    path = "/api/v1/tickets/{number}/messages",
    tag = "tickets",
    operation_id = "list_ticket_messages",
    params(("number" = u64, Path, description = "The ticket's number", example = 1042), Paged),
    responses((status = 200, description = "A page of messages, without their texts", body = Page<Summary>)),
    security(("token" = ["tickets:read"])),
)]
pub(crate) async fn messages(
    caller: Caller,
    State(api): State<Api>,
    number: Number,
    parameters: Parameters,
) -> Result<Page<Summary>, Failure> {
    let actor = caller.may(Scope::TicketsRead)?;
    parameters.only(&["limit", "cursor"])?;
    let paging = Paging::read(&parameters, b'm')?;
    let (desk, number) = (&api.wiring.desk, number.of("ticket")?);
    let found = desk.messages(actor, number, paging.after_number()?, paging.limit)?;
    let summary = |message| Summary::read(desk, actor, message);
    let items = found.items.iter().map(summary).collect::<Result<_, _>>()?;
    Ok(paging.page(items, found.next))
}

/// A ticket of the same mail or conversation.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Link {
    /// Its number.
    #[schema(example = 1043)]
    ticket: u64,
}

/// List the tickets that a ticket is linked to
///
/// One mail to two teams begins a ticket in each; they are linked. Only those that you see are listed.
#[utoipa::path(
    get,
    path = "/api/v1/tickets/{number}/links",
    tag = "tickets",
    operation_id = "list_ticket_links",
    params(("number" = u64, Path, description = "The ticket's number", example = 1042), Paged),
    responses((status = 200, description = "A page of linked tickets", body = Page<Link>)),
    security(("token" = ["tickets:read"])),
)]
pub(crate) async fn links(
    caller: Caller,
    State(api): State<Api>,
    number: Number,
    parameters: Parameters,
) -> Result<Page<Link>, Failure> {
    let actor = caller.may(Scope::TicketsRead)?;
    parameters.only(&["limit", "cursor"])?;
    let linked = api.wiring.desk.ticket(actor, number.of("ticket")?)?.linked;
    let linked = linked.into_iter().map(|ticket| Link { ticket }).collect();
    Ok(Paging::read(&parameters, b'l')?.slice(linked, |link: &Link| link.ticket.to_be_bytes().to_vec()))
}
