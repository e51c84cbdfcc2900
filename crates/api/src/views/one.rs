//! Views: all that somebody has, one, its tickets, and its end.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use guichet_accounts::{Actor, Scope};
use guichet_desk::SortKey;
use guichet_web::{EntityTag, Page, Paging, Parameters, etag};

use super::shape::{Versioned, View};
use crate::caller::Caller;
use crate::failure::Failure;
use crate::openapi::{Conditional, Paged, Refused, Stored};
use crate::path::ViewName;
use crate::state::Api;
use crate::tickets::Ticket;

/// The view and the version on which a change depends, if the request names one.
pub(super) fn wanted(
    api: &Api,
    actor: &Actor,
    id: &ViewName,
    headers: &HeaderMap,
) -> Result<(guichet_desk::View, Option<u64>), Failure> {
    let view = api.wiring.desk.view(actor, id.id()?)?;
    let known = EntityTag(view.version);
    if known.is_refused(headers) {
        return Err(guichet_desk::Error::Changed("view").into());
    }
    let expected = etag::names_version(headers).then_some(known.0);
    Ok((view, expected))
}

/// List your views
///
/// Those that everybody has, as the folders of a mail program; then the shared ones that are for you; then your own. Each in
/// its order.
#[utoipa::path(
    get,
    path = "/api/v1/views",
    tag = "views",
    operation_id = "list_views",
    params(Paged),
    responses((status = 200, description = "A page of views", body = Page<View>)),
    security(("token" = ["tickets:read"])),
)]
pub(crate) async fn list(
    caller: Caller,
    State(api): State<Api>,
    parameters: Parameters,
) -> Result<Page<View>, Failure> {
    let actor = caller.may(Scope::TicketsRead)?;
    parameters.only(&["limit", "cursor"])?;
    let paging = Paging::read(&parameters, b'v')?;
    let views = api.wiring.desk.visible_views(actor)?;
    let after = paging.after_number()?.unwrap_or_default();
    let placed: Vec<(u64, View)> = (1..)
        .zip(views)
        .map(|(place, view)| (place, View::from(view)))
        .filter(|(place, _)| *place > after)
        .collect();
    let next = (placed.len() > paging.limit).then(|| after + paging.limit as u64);
    let items = placed.into_iter().take(paging.limit).map(|(_, view)| view).collect();
    Ok(paging.page(items, next))
}

/// Read a view
#[utoipa::path(
    get,
    path = "/api/v1/views/{id}",
    tag = "views",
    operation_id = "read_view",
    params(
        ("id" = String, Path, description = "A view's `id`", example = "inbox"),
        ("If-None-Match" = Option<String>, Header, description = "The `ETag` of the version that you have", example = "\"17\""),
    ),
    responses(
        (status = 200, description = "The view", body = View,
            headers(("ETag" = String, description = "Its version, for `If-Match` and `If-None-Match`"))),
        (status = 304, description = "It is still the version of `If-None-Match`"),
    ),
    security(("token" = ["tickets:read"])),
)]
pub(crate) async fn read(
    caller: Caller,
    State(api): State<Api>,
    id: ViewName,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let actor = caller.may(Scope::TicketsRead)?;
    let view = api.wiring.desk.view(actor, id.id()?)?;
    let tag = EntityTag(view.version);
    if tag.is_known(&headers) {
        return Ok((StatusCode::NOT_MODIFIED, [tag.field()]).into_response());
    }
    Ok(Versioned(view).into_response())
}

/// List the tickets of a view
///
/// Those that you see, in the view's order.
#[utoipa::path(
    get,
    path = "/api/v1/views/{id}/tickets",
    tag = "views",
    operation_id = "list_view_tickets",
    params(("id" = String, Path, description = "A view's `id`", example = "inbox"), Paged),
    responses((status = 200, description = "A page of tickets", body = Page<Ticket>)),
    security(("token" = ["tickets:read"])),
)]
pub(crate) async fn tickets(
    caller: Caller,
    State(api): State<Api>,
    id: ViewName,
    parameters: Parameters,
) -> Result<Page<Ticket>, Failure> {
    let actor = caller.may(Scope::TicketsRead)?;
    parameters.only(&["limit", "cursor"])?;
    let desk = &api.wiring.desk;
    let view = desk.view(actor, id.id()?)?;
    let list = match view.sort {
        SortKey::Updated => b'u',
        SortKey::Created => b'n',
    };
    let paging = Paging::read(&parameters, list)?;
    let found = desk.view_tickets(actor, &view, paging.after_number()?, paging.limit)?;
    Ok(paging.page(Ticket::read_all(&api.wiring.desk, actor, found.items)?, found.next))
}

/// Delete a view
///
/// Your own, or as an admin a shared one.
#[utoipa::path(
    delete,
    path = "/api/v1/views/{id}",
    tag = "views",
    operation_id = "delete_view",
    params(
        ("id" = String, Path, description = "The view's `id`", example = "17"),
        ("If-Match" = Option<String>, Header, description = "The `ETag` of the version that you read", example = "\"17\""),
    ),
    responses((status = 204, description = "It is gone"), Refused, Conditional, Stored),
    security(("token" = ["tickets:write"])),
)]
pub(crate) async fn delete(
    caller: Caller,
    State(api): State<Api>,
    id: ViewName,
    headers: HeaderMap,
) -> Result<StatusCode, Failure> {
    let actor = caller.may(Scope::TicketsWrite)?;
    let (view, expected) = wanted(&api, actor, &id, &headers)?;
    api.wiring.desk.delete_view(actor, view.id, expected).await?;
    Ok(StatusCode::NO_CONTENT)
}
