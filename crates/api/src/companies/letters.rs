//! The contacts of a company, and all their mail.

use axum::extract::State;
use guichet_accounts::Scope;
use guichet_desk::CompanyId;
use guichet_web::{Page, Paging, Parameters};

use crate::caller::Caller;
use crate::contacts::Contact;
use crate::failure::Failure;
use crate::messages::Summary;
use crate::openapi::Paged;
use crate::path::Number;
use crate::state::Api;
use crate::tickets::Ticket;

/// List the contacts of a company
///
/// By their numbers; only those that you know. Of more than 2,000 contacts only the newest count.
#[utoipa::path(
    get,
    path = "/api/v1/companies/{id}/contacts",
    tag = "contacts",
    operation_id = "list_company_contacts",
    params(("id" = u64, Path, description = "The company's number", example = 3), Paged),
    responses((status = 200, description = "A page of contacts", body = Page<Contact>)),
    security(("token" = ["contacts:read"])),
)]
pub(crate) async fn contacts(
    caller: Caller,
    State(api): State<Api>,
    id: Number,
    parameters: Parameters,
) -> Result<Page<Contact>, Failure> {
    let actor = caller.may(Scope::ContactsRead)?;
    parameters.only(&["limit", "cursor"])?;
    let paging = Paging::read(&parameters, b'k')?;
    let id = CompanyId(id.of("company")?);
    let found = api.wiring.desk.company_contacts(actor, id, paging.after_number()?, paging.limit)?;
    Ok(paging.page(found.items.into_iter().map(Into::into).collect(), found.next))
}

/// List the tickets of a company
///
/// Those of its contacts and those that were linked to it, in all states, what was touched last first; only those that you
/// see. Of more than 2,000 contacts only the newest count.
#[utoipa::path(
    get,
    path = "/api/v1/companies/{id}/tickets",
    tag = "contacts",
    operation_id = "list_company_tickets",
    params(("id" = u64, Path, description = "The company's number", example = 3), Paged),
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
    let id = CompanyId(id.of("company")?);
    let found = api.wiring.desk.company_tickets(actor, id, paging.after_number()?, paging.limit)?;
    Ok(paging.page(Ticket::read_all(&api.wiring.desk, actor, found.items)?, found.next))
}

/// List the messages of a company, newest first
///
/// Those of its tickets that you see; of more than 1,000 tickets only those that were touched last.
#[utoipa::path(
    get,
    path = "/api/v1/companies/{id}/messages",
    tag = "contacts",
    operation_id = "list_company_messages",
    params(("id" = u64, Path, description = "The company's number", example = 3), Paged),
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
    let (desk, id) = (&api.wiring.desk, CompanyId(id.of("company")?));
    let found = desk.company_messages(actor, id, paging.after_number()?, paging.limit)?;
    let summary = |message| Summary::read(desk, actor, message);
    let items = found.items.iter().map(summary).collect::<Result<_, _>>()?;
    Ok(paging.page(items, found.next))
}
