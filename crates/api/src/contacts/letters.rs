//! All mail of a contact.

use axum::extract::State;
use guichet_accounts::Scope;
use guichet_desk::ContactId;
use guichet_web::{Page, Paging, Parameters};

use crate::caller::Caller;
use crate::failure::Failure;
use crate::messages::Summary;
use crate::openapi::Paged;
use crate::path::Number;
use crate::state::Api;
use crate::tickets::Ticket;

/// List the tickets of a contact
///
/// In all states, what was touched last first; only those that you see.
#[utoipa::path(
    get,
    path = "/api/v1/contacts/{id}/tickets",
    tag = "contacts",
    operation_id = "list_contact_tickets",
    params(("id" = u64, Path, description = "The contact's number", example = 12), Paged),
    responses((status = 200, description = "A page of tickets", body = Page<Ticket>)),
    security(("token" = ["tickets:read"])),
)]
pub(crate) async fn tickets(
    caller: Caller,
    State(api): State<Api>,
    id: Number,
    parameters: Parameters,
) -> Result<Page<Ticket>, Failure> {
    let actor = caller.may(Scope::TicketsRead)?;
    parameters.only(&["limit", "cursor"])?;
    let paging = Paging::read(&parameters, b'u')?;
    let id = ContactId(id.of("contact")?);
    let found = api.wiring.desk.contact_tickets(actor, id, paging.after_number()?, paging.limit)?;
    Ok(paging.page(Ticket::read_all(&api.wiring.desk, actor, found.items)?, found.next))
}

/// List the messages of a contact, newest first
///
/// Those of their tickets that you see; of more than 1,000 tickets only those that were touched last.
#[utoipa::path(
    get,
    path = "/api/v1/contacts/{id}/messages",
    tag = "contacts",
    operation_id = "list_contact_messages",
    params(("id" = u64, Path, description = "The contact's number", example = 12), Paged),
    responses((status = 200, description = "A page of messages, without their texts", body = Page<Summary>)),
    security(("token" = ["tickets:read"])),
)]
pub(crate) async fn messages(
    caller: Caller,
    State(api): State<Api>,
    id: Number,
    parameters: Parameters,
) -> Result<Page<Summary>, Failure> {
    let actor = caller.may(Scope::TicketsRead)?;
    parameters.only(&["limit", "cursor"])?;
    let paging = Paging::read(&parameters, b'M')?;
    let (desk, id) = (&api.wiring.desk, ContactId(id.of("contact")?));
    let found = desk.contact_messages(actor, id, paging.after_number()?, paging.limit)?;
    let summary = |message| Summary::read(desk, actor, message);
    let items = found.items.iter().map(summary).collect::<Result<_, _>>()?;
    Ok(paging.page(items, found.next))
}
