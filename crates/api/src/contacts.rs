//! `/contacts`: who writes.

use axum::Json;
use axum::extract::State;
use guichet_accounts::Scope;
use guichet_desk::ContactId;
use guichet_web::{Page, Paging, Parameters};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use crate::caller::Caller;
use crate::failure::Failure;
use crate::openapi::Paged;
use crate::path::Number;
use crate::state::Api;

/// Somebody who writes to the organisation.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Contact {
    /// Its number.
    #[schema(example = 12)]
    id: u64,
    /// What they call themselves.
    #[schema(required, example = "Ana Lima")]
    name: Option<String>,
    /// Where they write from.
    #[schema(example = "ana@customer.example")]
    address: String,
    /// When they were first heard of.
    #[schema(example = "2026-03-01T09:30:00Z")]
    created: Timestamp,
}

fn shape(id: ContactId, contact: guichet_desk::Contact) -> Contact {
    let address = contact.address.to_string();
    Contact { id: id.0, name: contact.name, address, created: contact.created }
}

/// List contacts, oldest first
#[utoipa::path(
    get,
    path = "/api/v1/contacts",
    tag = "contacts",
    operation_id = "list_contacts",
    params(Paged),
    responses((status = 200, description = "A page of contacts", body = Page<Contact>)),
    security(("token" = ["contacts:read"])),
)]
pub(crate) async fn list(
    caller: Caller,
    State(api): State<Api>,
    parameters: Parameters,
) -> Result<Page<Contact>, Failure> {
    let actor = caller.may(Scope::ContactsRead)?;
    parameters.only(&["limit", "cursor"])?;
    let paging = Paging::read(&parameters, b'c')?;
    let found = api.wiring.desk.contacts(actor, paging.after_number()?, paging.limit)?;
    let items = found.items.into_iter().map(|(id, contact)| shape(id, contact)).collect();
    Ok(paging.page(items, found.next))
}

/// Read a contact
#[utoipa::path(
    get,
    path = "/api/v1/contacts/{id}",
    tag = "contacts",
    operation_id = "read_contact",
    params(("id" = u64, Path, description = "The contact's number", example = 12)),
    responses((status = 200, description = "The contact", body = Contact)),
    security(("token" = ["contacts:read"])),
)]
pub(crate) async fn read(
    caller: Caller,
    State(api): State<Api>,
    id: Number,
) -> Result<Json<Contact>, Failure> {
    let actor = caller.may(Scope::ContactsRead)?;
    let id = ContactId(id.of("contact")?);
    Ok(Json(shape(id, api.wiring.desk.contact(actor, id)?)))
}
