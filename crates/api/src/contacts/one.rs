//! One contact: read, merged, parted, deleted.

use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use guichet_accounts::{Actor, Scope};
use guichet_desk::{ContactId, StoredContact};
use guichet_web::{EntityTag, Members, body, etag, members};
use serde::Deserialize;
use utoipa::ToSchema;

use super::shape::{Contact, Versioned};
use crate::caller::Caller;
use crate::failure::Failure;
use crate::mailbox;
use crate::openapi::{Conditional, Posted, Refused, Stored};
use crate::path::Number;
use crate::state::Api;

/// The contact and the version on which a change depends, if the request names one.
pub(super) fn wanted(
    api: &Api,
    actor: &Actor,
    id: &Number,
    headers: &HeaderMap,
) -> Result<(StoredContact, Option<u64>), Failure> {
    let contact = api.wiring.desk.contact(actor, ContactId(id.of("contact")?))?;
    let known = EntityTag(contact.version);
    if known.is_refused(headers) {
        return Err(guichet_desk::Error::Changed("contact").into());
    }
    let expected = etag::names_version(headers).then_some(known.0);
    Ok((contact, expected))
}

/// Read a contact
#[utoipa::path(
    get,
    path = "/api/v1/contacts/{id}",
    tag = "contacts",
    operation_id = "read_contact",
    params(
        ("id" = u64, Path, description = "The contact's number", example = 12),
        ("If-None-Match" = Option<String>, Header, description = "The `ETag` of the version that you have", example = "\"17\""),
    ),
    responses(
        (status = 200, description = "The contact", body = Contact,
            headers(("ETag" = String, description = "Its version, for `If-Match` and `If-None-Match`"))),
        (status = 304, description = "It is still the version of `If-None-Match`"),
    ),
    security(("token" = ["contacts:read"])),
)]
pub(crate) async fn read(
    caller: Caller,
    State(api): State<Api>,
    id: Number,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let actor = caller.may(Scope::ContactsRead)?;
    let contact = api.wiring.desk.contact(actor, ContactId(id.of("contact")?))?;
    let tag = EntityTag(contact.version);
    if tag.is_known(&headers) {
        return Ok((StatusCode::NOT_MODIFIED, [tag.field()]).into_response());
    }
    Ok(Versioned(contact).into_response())
}

/// Into which contact.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "it is documentation")]
pub(crate) struct MergeContact {
    /// The number of the contact that stays.
    #[schema(example = 12)]
    into: u64,
}

/// Merge a contact into another
///
/// All addresses and tickets are the other's from now on, and the number answers as the other's.
#[utoipa::path(
    post,
    path = "/api/v1/contacts/{id}/merge",
    tag = "contacts",
    operation_id = "merge_contact",
    params(
        ("id" = u64, Path, description = "The contact that goes", example = 7),
        ("If-Match" = Option<String>, Header, description = "The `ETag` of the version that you read", example = "\"17\""),
    ),
    request_body(
        description = "Which stays",
        content((MergeContact = "application/json", example = json!({"into": 12}))),
    ),
    responses(
        (status = 200, description = "The contact that stays", body = Contact,
            headers(("ETag" = String, description = "Its new version"))),
        Posted,
        Conditional,
        Stored,
    ),
    security(("token" = ["contacts:write"])),
)]
pub(crate) async fn merge(
    caller: Caller,
    State(api): State<Api>,
    id: Number,
    headers: HeaderMap,
    request: Request,
) -> Result<Versioned, Failure> {
    let actor = caller.may(Scope::ContactsWrite)?;
    let (contact, expected) = wanted(&api, actor, &id, &headers)?;
    let wait = Duration::from_secs(api.wiring.limits.body_secs_max);
    let mut members = Members::of(body::json(request, wait).await?);
    let into = ContactId(members.require("into", members::number).unwrap_or_default());
    members.finish()?;
    let merged = api.wiring.desk.merge_contacts(actor, (contact.id, into), expected, &caller.by()).await?;
    Ok(Versioned(merged))
}

/// Which address.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "it is documentation")]
pub(crate) struct SplitContact {
    /// The address that is somebody else's.
    #[schema(example = "ana@private.example")]
    address: String,
}

/// Split an address off a contact
///
/// It becomes a contact of its own. Who was merged with that address is there again under their number, with the tickets of
/// before; what came since stays.
#[utoipa::path(
    post,
    path = "/api/v1/contacts/{id}/split",
    tag = "contacts",
    operation_id = "split_contact",
    params(
        ("id" = u64, Path, description = "The contact's number", example = 12),
        ("If-Match" = Option<String>, Header, description = "The `ETag` of the version that you read", example = "\"17\""),
    ),
    request_body(
        description = "Which address",
        content((SplitContact = "application/json", example = json!({"address": "ana@private.example"}))),
    ),
    responses(
        (status = 201, description = "The contact with that address", body = Contact,
            headers(("ETag" = String, description = "Its version"))),
        Posted,
        Conditional,
        Stored,
    ),
    security(("token" = ["contacts:write"])),
)]
pub(crate) async fn split(
    caller: Caller,
    State(api): State<Api>,
    id: Number,
    headers: HeaderMap,
    request: Request,
) -> Result<(StatusCode, Versioned), Failure> {
    let actor = caller.may(Scope::ContactsWrite)?;
    let (contact, expected) = wanted(&api, actor, &id, &headers)?;
    let wait = Duration::from_secs(api.wiring.limits.body_secs_max);
    let mut members = Members::of(body::json(request, wait).await?);
    let address = members.require("address", |value| mailbox::address(&members::text(value)?));
    members.finish()?;
    // `finish` has refused a body without one.
    let address = address.ok_or_else(|| Failure::not_found("address"))?;
    let now = api.wiring.clock.now();
    let split = api.wiring.desk.split_contact(actor, contact.id, &address, expected, now).await?;
    Ok((StatusCode::CREATED, Versioned(split)))
}

/// Delete a contact
///
/// Only one that no ticket names; another is merged.
#[utoipa::path(
    delete,
    path = "/api/v1/contacts/{id}",
    tag = "contacts",
    operation_id = "delete_contact",
    params(
        ("id" = u64, Path, description = "The contact's number", example = 12),
        ("If-Match" = Option<String>, Header, description = "The `ETag` of the version that you read", example = "\"17\""),
    ),
    responses(
        (status = 204, description = "It is gone"),
        Refused,
        Conditional,
        Stored,
    ),
    security(("token" = ["contacts:write"])),
)]
pub(crate) async fn delete(
    caller: Caller,
    State(api): State<Api>,
    id: Number,
    headers: HeaderMap,
) -> Result<StatusCode, Failure> {
    let actor = caller.may(Scope::ContactsWrite)?;
    let (contact, expected) = wanted(&api, actor, &id, &headers)?;
    api.wiring.desk.delete_contact(actor, contact.id, expected, &caller.by()).await?;
    Ok(StatusCode::NO_CONTENT)
}
