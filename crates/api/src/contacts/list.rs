//! `GET /contacts`: all that are known, or those that begin like this.

use axum::extract::State;
use guichet_accounts::Scope;
use guichet_desk::{AddressPlace, ContactSearch};
use guichet_web::parameters::refused;
use guichet_web::{Page, Paging, Parameters};

use super::shape::Contact;
use crate::caller::Caller;
use crate::failure::Failure;
use crate::openapi::Paged;
use crate::places;
use crate::state::Api;

/// By what the list is filtered: one of them.
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "it is documentation: the parameters are read one by one")]
pub(crate) struct Search {
    /// With an address that begins like this, by the alphabet of addresses. Found by an index.
    #[param(example = "ana@")]
    address: Option<String>,
    /// With a name of which a word begins like this. Each page looks through 2,000 contacts: an empty one with a cursor is
    /// not the last.
    #[param(example = "lim")]
    name: Option<String>,
}

/// List contacts, oldest first
///
/// Admins know all, agents those whose tickets they see and those that their teams made. Of each contact the 50 newest tickets are
/// looked at: whoever wrote that many to other teams since is left out of an agent's list, and found by their number.
#[utoipa::path(
    get,
    path = "/api/v1/contacts",
    tag = "contacts",
    operation_id = "list_contacts",
    params(Search, Paged),
    responses((status = 200, description = "A page of contacts", body = Page<Contact>)),
    security(("token" = ["contacts:read"])),
)]
pub(crate) async fn list(
    caller: Caller,
    State(api): State<Api>,
    parameters: Parameters,
) -> Result<Page<Contact>, Failure> {
    let actor = caller.may(Scope::ContactsRead)?;
    parameters.only(&["address", "name", "limit", "cursor"])?;
    let desk = &api.wiring.desk;
    let Some(beginning) = parameters.get("address") else {
        let paging = Paging::read(&parameters, b'c')?;
        let search = ContactSearch { name: parameters.get("name").map(str::to_owned) };
        let found = desk.contacts(actor, &search, paging.after_number()?, paging.limit)?;
        return Ok(paging.page(found.items.into_iter().map(Into::into).collect(), found.next));
    };
    if parameters.get("name").is_some() {
        return Err(refused("name", "it can't stand beside address; give one of them").into());
    }
    let paging = Paging::read(&parameters, b'C')?;
    let after = places::after(&api, actor, &paging)?.and_then(|text| place(&text));
    let found = desk.contacts_by_address(actor, beginning, after.as_ref(), paging.limit)?;
    let next = found.next.map(|place| format!("{} {}", place.contact, place.address));
    let items = found.items.into_iter().map(Into::into).collect();
    Ok(places::page(&api, actor, &paging, items, next.as_deref()))
}

/// The place that a cursor names: the number of a contact and one of its addresses.
fn place(text: &str) -> Option<AddressPlace> {
    let (contact, address) = text.split_once(' ')?;
    Some(AddressPlace { address: address.to_owned(), contact: contact.parse().ok()? })
}
