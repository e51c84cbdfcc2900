//! Companies: all of them, one, merged, deleted.

use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use guichet_accounts::{Actor, Scope};
use guichet_desk::{CompanyId, StoredCompany};
use guichet_web::{EntityTag, Members, Page, Paging, Parameters, body, etag, members};
use serde::Deserialize;
use utoipa::ToSchema;

use super::shape::{Company, Versioned};
use crate::caller::Caller;
use crate::failure::Failure;
use crate::openapi::{Conditional, Paged, Posted, Stored};
use crate::path::Number;
use crate::state::Api;

/// The company and the version on which a change depends, if the request names one.
pub(super) fn wanted(
    api: &Api,
    actor: &Actor,
    id: &Number,
    headers: &HeaderMap,
) -> Result<(StoredCompany, Option<u64>), Failure> {
    let company = api.wiring.desk.company(actor, CompanyId(id.of("company")?))?;
    let known = EntityTag(company.version);
    if known.is_refused(headers) {
        return Err(guichet_desk::Error::Changed("company").into());
    }
    let expected = etag::names_version(headers).then_some(known.0);
    Ok((company, expected))
}

/// By what the list is filtered.
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "it is documentation: the parameters are read one by one")]
pub(crate) struct Search {
    /// With a name that begins like this. Each page looks through 2,000 companies: an empty one with a cursor is not the
    /// last.
    #[param(example = "cust")]
    name: Option<String>,
}

/// List companies, oldest first
///
/// What people wrote down about a company is for everybody in the organisation; whose contacts and tickets you see there is
/// limited as everywhere.
#[utoipa::path(
    get,
    path = "/api/v1/companies",
    tag = "contacts",
    operation_id = "list_companies",
    params(Search, Paged),
    responses((status = 200, description = "A page of companies", body = Page<Company>)),
    security(("token" = ["contacts:read"])),
)]
pub(crate) async fn list(
    caller: Caller,
    State(api): State<Api>,
    parameters: Parameters,
) -> Result<Page<Company>, Failure> {
    let actor = caller.may(Scope::ContactsRead)?;
    parameters.only(&["name", "limit", "cursor"])?;
    let paging = Paging::read(&parameters, b'o')?;
    let name = parameters.get("name");
    let found = api.wiring.desk.companies(actor, name, paging.after_number()?, paging.limit)?;
    Ok(paging.page(found.items.into_iter().map(Into::into).collect(), found.next))
}

/// Read a company
#[utoipa::path(
    get,
    path = "/api/v1/companies/{id}",
    tag = "contacts",
    operation_id = "read_company",
    params(
        ("id" = u64, Path, description = "The company's number", example = 3),
        ("If-None-Match" = Option<String>, Header, description = "The `ETag` of the version that you have", example = "\"17\""),
    ),
    responses(
        (status = 200, description = "The company", body = Company,
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
    let company = api.wiring.desk.company(actor, CompanyId(id.of("company")?))?;
    let tag = EntityTag(company.version);
    if tag.is_known(&headers) {
        return Ok((StatusCode::NOT_MODIFIED, [tag.field()]).into_response());
    }
    Ok(Versioned(company).into_response())
}

/// Into which company.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "it is documentation")]
pub(crate) struct MergeCompany {
    /// The number of the company that stays.
    #[schema(example = 3)]
    into: u64,
}

/// Merge a company into another
///
/// Its domains, contacts and tickets are the other's from now on, and the number answers as the other's.
#[utoipa::path(
    post,
    path = "/api/v1/companies/{id}/merge",
    tag = "contacts",
    operation_id = "merge_company",
    params(
        ("id" = u64, Path, description = "The company that goes", example = 4),
        ("If-Match" = Option<String>, Header, description = "The `ETag` of the version that you read", example = "\"17\""),
    ),
    request_body(
        description = "Which stays",
        content((MergeCompany = "application/json", example = json!({"into": 3}))),
    ),
    responses(
        (status = 200, description = "The company that stays", body = Company,
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
    let (company, expected) = wanted(&api, actor, &id, &headers)?;
    let wait = Duration::from_secs(api.wiring.limits.body_secs_max);
    let mut members = Members::of(body::json(request, wait).await?);
    let into = CompanyId(members.require("into", members::number).unwrap_or_default());
    members.finish()?;
    Ok(Versioned(api.wiring.desk.merge_companies(actor, (company.id, into), expected, &caller.by()).await?))
}

/// Delete a company
///
/// Its contacts belong to nobody then, or to whom their domains say.
#[utoipa::path(
    delete,
    path = "/api/v1/companies/{id}",
    tag = "contacts",
    operation_id = "delete_company",
    params(
        ("id" = u64, Path, description = "The company's number", example = 3),
        ("If-Match" = Option<String>, Header, description = "The `ETag` of the version that you read", example = "\"17\""),
    ),
    responses((status = 204, description = "It is gone"), Conditional, Stored),
    security(("token" = ["contacts:write"])),
)]
pub(crate) async fn delete(
    caller: Caller,
    State(api): State<Api>,
    id: Number,
    headers: HeaderMap,
) -> Result<StatusCode, Failure> {
    let actor = caller.may(Scope::ContactsWrite)?;
    let (company, expected) = wanted(&api, actor, &id, &headers)?;
    api.wiring.desk.delete_company(actor, company.id, expected, &caller.by()).await?;
    Ok(StatusCode::NO_CONTENT)
}
