//! `/operator/organisations`: the tenants of the server.

use std::time::Duration;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use guichet_accounts::{Accounts, NewOrganisation, Scope};
use guichet_web::{Members, Page, Paging, Parameters, body, members};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::caller::Caller;
use crate::failure::Failure;
use crate::openapi::{Paged, Posted, Refused, Stored};
use crate::path::Number;
use crate::state::Api;

/// An organisation.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Organisation {
    /// Its number.
    #[schema(example = 3)]
    id: u64,
    /// Its short name.
    #[schema(example = "acme")]
    slug: String,
    /// Its name.
    #[schema(example = "Acme Ltd")]
    name: String,
    /// Whether it is the operator's own.
    #[schema(example = false)]
    is_operator: bool,
    /// Since when it is suspended; null if it is not.
    #[schema(required, example = "2026-03-01T09:30:00Z")]
    suspended: Option<Timestamp>,
    /// When it was made, where that was noted.
    #[schema(required, example = "2026-03-01T09:30:00Z")]
    created: Option<Timestamp>,
    /// Its domains, by name.
    #[schema(example = json!(["acme.desk.example"]))]
    domains: Vec<String>,
}

impl Organisation {
    fn of(accounts: &Accounts, organisation: guichet_accounts::Organisation) -> Result<Self, Failure> {
        let domains = accounts.domains(organisation.id)?;
        let verified = domains.iter().filter(|domain| domain.is_verified());
        Ok(Self {
            id: organisation.id.get().into(),
            is_operator: accounts.is_house(organisation.id)?,
            slug: organisation.slug,
            name: organisation.name,
            suspended: organisation.suspended,
            created: organisation.created,
            domains: verified.map(|domain| domain.name.to_string()).collect(),
        })
    }
}

/// List the organisations of the server, oldest first
#[utoipa::path(
    get,
    path = "/api/v1/operator/organisations",
    tag = "operator",
    operation_id = "list_organisations",
    params(Paged),
    responses((status = 200, description = "A page of organisations", body = Page<Organisation>)),
    security(("token" = ["operator:read"])),
)]
pub(crate) async fn list(
    caller: Caller,
    State(api): State<Api>,
    parameters: Parameters,
) -> Result<Page<Organisation>, Failure> {
    caller.may(Scope::OperatorRead)?;
    parameters.only(&["limit", "cursor"])?;
    let all = api.accounts().organisations()?;
    let page = Paging::read(&parameters, b'O')?.slice(all, |one| one.id.get().to_be_bytes().to_vec());
    let items = page.items.into_iter().map(|one| Organisation::of(api.accounts(), one));
    Ok(Page { items: items.collect::<Result<_, _>>()?, next_cursor: page.next_cursor })
}

/// An organisation to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "it is documentation: the members are read one by one")]
pub(crate) struct ToCreate {
    /// Its short name: lower-case letters, digits, inner hyphens; also the label of its first domain.
    #[schema(example = "acme")]
    slug: String,
    /// Its name.
    #[schema(example = "Acme Ltd")]
    name: String,
}

/// An organisation that was made.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Created {
    /// The organisation.
    organisation: Organisation,
    /// Its address, which works at once.
    #[schema(example = "support@acme.desk.example")]
    address: String,
}

/// Make an organisation
///
/// It has a domain below the base domain and a channel there at once. Its first admin is invited with
/// `guichet person invite`.
#[utoipa::path(
    post,
    path = "/api/v1/operator/organisations",
    tag = "operator",
    operation_id = "create_organisation",
    request_body(
        description = "Its names",
        content((ToCreate = "application/json", example = json!({"slug": "acme", "name": "Acme Ltd"}))),
    ),
    responses((status = 201, description = "It is made", body = Created), Posted, Stored),
    security(("token" = ["operator:write"])),
)]
pub(crate) async fn create(
    caller: Caller,
    State(api): State<Api>,
    request: Request,
) -> Result<(StatusCode, Json<Created>), Failure> {
    caller.may(Scope::OperatorWrite)?;
    let wait = Duration::from_secs(api.wiring.limits.body_secs_max);
    let mut members = Members::of(body::json(request, wait).await?);
    let slug = members.require("slug", members::text);
    let name = members.require("name", members::text);
    members.finish()?;
    // `finish` has refused a body without them.
    let wanted =
        NewOrganisation { slug: slug.unwrap_or_default(), name: name.unwrap_or_default(), home: None };
    let (made, channel) = caller.accounts(&api).found_organisation(wanted, caller.at()).await?;
    let organisation = Organisation::of(api.accounts(), made)?;
    Ok((StatusCode::CREATED, Json(Created { organisation, address: channel.address.to_string() })))
}

/// Suspend an organisation
///
/// Its mail waits with its senders (`450`), nobody of it logs in, its tokens open nothing; nothing of it is deleted.
#[utoipa::path(
    post,
    path = "/api/v1/operator/organisations/{id}/suspend",
    tag = "operator",
    operation_id = "suspend_organisation",
    params(("id" = u64, Path, description = "The organisation's number", example = 3)),
    responses((status = 200, description = "It is suspended", body = Organisation), Refused, Stored),
    security(("token" = ["operator:write"])),
)]
pub(crate) async fn suspend(
    caller: Caller,
    State(api): State<Api>,
    id: Number,
) -> Result<Json<Organisation>, Failure> {
    caller.may(Scope::OperatorWrite)?;
    set(&caller, &api, &id, Some(caller.at())).await
}

/// Let a suspended organisation go on
#[utoipa::path(
    post,
    path = "/api/v1/operator/organisations/{id}/resume",
    tag = "operator",
    operation_id = "resume_organisation",
    params(("id" = u64, Path, description = "The organisation's number", example = 3)),
    responses((status = 200, description = "It goes on", body = Organisation), Refused, Stored),
    security(("token" = ["operator:write"])),
)]
pub(crate) async fn resume(
    caller: Caller,
    State(api): State<Api>,
    id: Number,
) -> Result<Json<Organisation>, Failure> {
    caller.may(Scope::OperatorWrite)?;
    set(&caller, &api, &id, None).await
}

async fn set(
    caller: &Caller,
    api: &Api,
    id: &Number,
    since: Option<Timestamp>,
) -> Result<Json<Organisation>, Failure> {
    let id = u32::try_from(id.of("organisation")?).ok().and_then(guichet_store::OrganisationId::new);
    let id = id.ok_or_else(|| Failure::not_found("organisation"))?;
    let changed = caller.accounts(api).suspend_organisation(id, since).await?;
    Ok(Json(Organisation::of(api.accounts(), changed)?))
}
