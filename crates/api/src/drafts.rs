//! `/drafts` and `/tickets/{number}/draft`: what you have written and not sent.
//!
//! *Must hold*: a draft is its writer's alone; with `If-Match` two tabs don't overwrite each other, and what is sent is the
//! version that was read.

mod act;
mod body;
mod shape;

pub(crate) use act::{
    __path_create, __path_delete, __path_delete_in_ticket, __path_save, __path_save_in_ticket, __path_send,
    create, delete, delete_in_ticket, save, save_in_ticket, send,
};
pub(crate) use shape::{Draft, Versioned};

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use guichet_accounts::Scope;
use guichet_desk::StoredDraft;
use guichet_web::{EntityTag, Page, Paging, Parameters};

use crate::caller::Caller;
use crate::failure::Failure;
use crate::openapi::Paged;
use crate::path::{Name, Number};
use crate::state::Api;

/// List your drafts
///
/// The oldest first, at most 20 in one answer. Those in tickets that you don't see just now are left out; they are kept.
#[utoipa::path(
    get,
    path = "/api/v1/drafts",
    tag = "drafts",
    operation_id = "list_drafts",
    params(Paged),
    responses((status = 200, description = "A page of drafts", body = Page<Draft>)),
    security(("token" = ["messages:send"]), ("token" = ["tickets:write"])),
)]
pub(crate) async fn list(
    caller: Caller,
    State(api): State<Api>,
    parameters: Parameters,
) -> Result<Page<Draft>, Failure> {
    let actor = caller.may_either(Scope::MessagesSend, Scope::TicketsWrite)?;
    parameters.only(&["limit", "cursor"])?;
    let paging = Paging::read(&parameters, b'b')?;
    let desk = &api.wiring.desk;
    let found = desk.drafts(actor, paging.after_number()?, paging.limit)?;
    let items = found.items.into_iter().map(|draft| Draft::of(desk, actor, draft));
    Ok(paging.page(items.collect(), found.next))
}

/// Read a draft
#[utoipa::path(
    get,
    path = "/api/v1/drafts/{id}",
    tag = "drafts",
    operation_id = "read_draft",
    params(
        ("id" = String, Path, description = "The draft's `id`", example = "agnhy6kqaaaaa"),
        ("If-None-Match" = Option<String>, Header, description = "The `ETag` of the version that you have", example = "\"17\""),
    ),
    responses(
        (status = 200, description = "The draft", body = Draft,
            headers(("ETag" = String, description = "Its version, for `If-Match` and `If-None-Match`"))),
        (status = 304, description = "It is still the version of `If-None-Match`"),
    ),
    security(("token" = ["messages:send"]), ("token" = ["tickets:write"])),
)]
pub(crate) async fn read(
    caller: Caller,
    State(api): State<Api>,
    id: Name,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let actor = caller.may_either(Scope::MessagesSend, Scope::TicketsWrite)?;
    let draft = api.wiring.desk.draft(actor, named(&id)?)?;
    Ok(unless_known(&headers, draft, |draft| Versioned::of(&api.wiring.desk, actor, draft)))
}

/// Read your draft in a ticket
#[utoipa::path(
    get,
    path = "/api/v1/tickets/{number}/draft",
    tag = "drafts",
    operation_id = "read_ticket_draft",
    params(
        ("number" = u64, Path, description = "The ticket's number", example = 1042),
        ("If-None-Match" = Option<String>, Header, description = "The `ETag` of the version that you have", example = "\"17\""),
    ),
    responses(
        (status = 200, description = "The draft", body = Draft,
            headers(("ETag" = String, description = "Its version, for `If-Match` and `If-None-Match`"))),
        (status = 304, description = "It is still the version of `If-None-Match`"),
    ),
    security(("token" = ["messages:send"]), ("token" = ["tickets:write"])),
)]
pub(crate) async fn read_in_ticket(
    caller: Caller,
    State(api): State<Api>,
    number: Number,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let actor = caller.may_either(Scope::MessagesSend, Scope::TicketsWrite)?;
    let draft = api.wiring.desk.ticket_draft(actor, number.of("ticket")?)?;
    Ok(unless_known(&headers, draft, |draft| Versioned::of(&api.wiring.desk, actor, draft)))
}

fn unless_known(
    headers: &HeaderMap,
    draft: StoredDraft,
    shown: impl FnOnce(StoredDraft) -> Versioned,
) -> Response {
    let tag = EntityTag(draft.version);
    if tag.is_known(headers) {
        return (StatusCode::NOT_MODIFIED, [tag.field()]).into_response();
    }
    shown(draft).into_response()
}

/// The draft of an address.
fn named(id: &Name) -> Result<guichet_desk::DraftId, Failure> {
    id.of("draft")?.parse().map_err(|_| Failure::not_found("draft"))
}
