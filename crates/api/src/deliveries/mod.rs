//! `/deliveries`: what becomes of mail that goes out, recipient by recipient, and what can be done about it.

mod act;
mod raw;
mod shape;

pub(crate) use act::{
    __path_cancel, __path_redirect, __path_retry, __path_undo, cancel, redirect, retry, undo,
};
pub(crate) use raw::{__path_raw, raw};
pub(crate) use shape::{Brief, Delivery};

use axum::Json;
use axum::extract::State;
use guichet_accounts::Scope;
use guichet_desk::{DeliveryQuery, DeliveryState};
use guichet_web::{Page, Paging, Parameters};
use utoipa::openapi::schema::Object;

use self::shape::Detail;
use crate::caller::Caller;
use crate::failure::Failure;
use crate::openapi::{Paged, words};
use crate::path::{self, Number};
use crate::state::Api;

/// By what the list is filtered.
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "it is documentation: the parameters are read one by one")]
pub(crate) struct Filters {
    #[param(required = false, schema_with = states)]
    state: Option<String>,
}

fn states() -> Object {
    words("In this state. Without it: in any.", DeliveryState::ALL.map(DeliveryState::as_str))
}

/// List deliveries, newest first
///
/// Those of tickets that you see. One that is being sent just now is listed where it waited.
#[utoipa::path(
    get,
    path = "/api/v1/deliveries",
    tag = "deliveries",
    operation_id = "list_deliveries",
    params(Filters, Paged),
    responses((status = 200, description = "A page of deliveries", body = Page<Delivery>)),
    security(("token" = ["deliveries:read"])),
)]
pub(crate) async fn list(
    caller: Caller,
    State(api): State<Api>,
    parameters: Parameters,
) -> Result<Page<Delivery>, Failure> {
    let actor = caller.may(Scope::DeliveriesRead)?;
    parameters.only(&["state", "limit", "cursor"])?;
    let all = DeliveryState::ALL.map(DeliveryState::as_str).join(", ");
    let state = parameters.read("state", &format!("state of a delivery; there is {all}"), state)?;
    let paging = Paging::read(&parameters, b'v')?;
    let states = state.into_iter().collect();
    let query = DeliveryQuery { states, cursor: paging.after_number()?, limit: paging.limit };
    let desk = &api.wiring.desk;
    let found = desk.deliveries(actor, &query)?;
    let items = found.items.iter().map(|delivery| Delivery::of(desk, actor, delivery)).collect();
    Ok(paging.page(items, found.next))
}

fn state(word: &str) -> Option<DeliveryState> {
    DeliveryState::ALL.into_iter().find(|state| state.as_str() == word)
}

/// Read a delivery with its attempts
#[utoipa::path(
    get,
    path = "/api/v1/deliveries/{id}",
    tag = "deliveries",
    operation_id = "read_delivery",
    params(("id" = String, Path, description = "The delivery's number", example = "agnhy6kqaaaaa")),
    responses((status = 200, description = "The delivery", body = Detail)),
    security(("token" = ["deliveries:read"])),
)]
pub(crate) async fn read(
    caller: Caller,
    State(api): State<Api>,
    id: path::Delivery,
) -> Result<Json<Detail>, Failure> {
    let actor = caller.may(Scope::DeliveriesRead)?;
    let desk = &api.wiring.desk;
    Ok(Json(Detail::of(desk, actor, &desk.delivery(actor, id.id()?)?)))
}

/// List the deliveries of a message, oldest first
#[utoipa::path(
    get,
    path = "/api/v1/messages/{id}/deliveries",
    tag = "deliveries",
    operation_id = "list_message_deliveries",
    params(("id" = u64, Path, description = "The message's number", example = 8), Paged),
    responses((status = 200, description = "A page of deliveries", body = Page<Delivery>)),
    security(("token" = ["deliveries:read"])),
)]
pub(crate) async fn of_message(
    caller: Caller,
    State(api): State<Api>,
    id: Number,
    parameters: Parameters,
) -> Result<Page<Delivery>, Failure> {
    let actor = caller.may(Scope::DeliveriesRead)?;
    parameters.only(&["limit", "cursor"])?;
    let paging = Paging::read(&parameters, b'w')?;
    let (desk, message) = (&api.wiring.desk, id.of("message")?);
    let found = desk.message_deliveries(actor, message, paging.after_number()?, paging.limit)?;
    let items = found.items.iter().map(|delivery| Delivery::of(desk, actor, delivery)).collect();
    Ok(paging.page(items, found.next))
}
