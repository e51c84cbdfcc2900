//! `POST /companies`, `PATCH /companies/{id}`.
//!
//! *Standards*: RFC 7396 (merge patch).

use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::header::{HeaderName, LOCATION};
use axum::http::{HeaderMap, StatusCode};
use guichet_accounts::Scope;
use guichet_desk::{CompanyChange, NewCompany};
use guichet_mail::DomainName;
use guichet_web::{Fault, Kind, Members, Problem, body, members};
use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::one::wanted;
use super::shape::{Company, Versioned};
use crate::caller::Caller;
use crate::failure::Failure;
use crate::openapi::{Patched, Posted, Stored};
use crate::path::Number;
use crate::state::Api;

/// How many domains are read; the desk allows no more.
const DOMAINS_MAX: usize = 50;

/// A company to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(
    dead_code,
    reason = "it is documentation: the members are read one by one, to name each that is wrong"
)]
pub(crate) struct NewCompanyBody {
    /// Its name.
    #[schema(example = "Customer Ltd")]
    name: String,
    /// Domains whose addresses are its people's; not those where anybody gets an address. Subdomains are named by themselves.
    #[schema(required = false, example = json!(["customer.example"]))]
    domains: Vec<String>,
    /// What people should know of it.
    #[schema(required = false, example = "Pays in May")]
    note: String,
}

/// Make a company
///
/// Whoever writes from its domains belongs to it, but for those whom somebody put elsewhere.
#[utoipa::path(
    post,
    path = "/api/v1/companies",
    tag = "contacts",
    operation_id = "create_company",
    request_body(
        description = "Which",
        content((NewCompanyBody = "application/json",
            example = json!({"name": "Customer Ltd", "domains": ["customer.example"]}))),
    ),
    responses(
        (status = 201, description = "The company", body = Company, headers(
            ("Location" = String, description = "Where it is"),
            ("ETag" = String, description = "Its version"))),
        Posted,
        Stored,
    ),
    security(("token" = ["contacts:write"])),
)]
pub(crate) async fn create(
    caller: Caller,
    State(api): State<Api>,
    request: Request,
) -> Result<(StatusCode, [(HeaderName, String); 1], Versioned), Failure> {
    let actor = caller.may(Scope::ContactsWrite)?;
    let wait = Duration::from_secs(api.wiring.limits.body_secs_max);
    let mut members = Members::of(body::json(request, wait).await?);
    let new = NewCompany {
        name: members.require("name", members::text).unwrap_or_default(),
        domains: members.read("domains", domains).unwrap_or_default(),
        note: members.read("note", members::text).unwrap_or_default(),
    };
    members.finish()?;
    let company = api.wiring.desk.create_company(actor, &new, api.wiring.clock.now()).await?;
    let location = (LOCATION, format!("/api/v1/companies/{}", company.id.0));
    Ok((StatusCode::CREATED, [location], Versioned(company)))
}

/// What shall change; what is left out stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(
    dead_code,
    reason = "it is documentation: the members are read one by one, to name each that is wrong"
)]
pub(crate) struct CompanyPatch {
    /// Its name.
    #[schema(required = false, example = "Customer Ltd")]
    name: String,
    /// All domains that it shall have; null is none.
    #[schema(example = json!(["customer.example"]))]
    domains: Option<Vec<String>>,
    /// What people should know of it; null is nothing.
    #[schema(example = "Pays in May")]
    note: Option<String>,
}

/// Change a company
///
/// With `If-Match`, only if it is still the version that you read.
#[utoipa::path(
    patch,
    path = "/api/v1/companies/{id}",
    tag = "contacts",
    operation_id = "change_company",
    params(
        ("id" = u64, Path, description = "The company's number", example = 3),
        ("If-Match" = Option<String>, Header, description = "The `ETag` of the version that you read", example = "\"17\""),
    ),
    request_body(
        description = "A JSON merge patch (RFC 7396)",
        content(
            (CompanyPatch = "application/merge-patch+json", example = json!({"domains": ["customer.example"]})),
            (CompanyPatch = "application/json", example = json!({"note": null})),
        ),
    ),
    responses(
        (status = 200, description = "The company as it is now", body = Company,
            headers(("ETag" = String, description = "Its new version"))),
        Patched,
        Stored,
    ),
    security(("token" = ["contacts:write"])),
)]
pub(crate) async fn change(
    caller: Caller,
    State(api): State<Api>,
    id: Number,
    headers: HeaderMap,
    request: Request,
) -> Result<Versioned, Failure> {
    let actor = caller.may(Scope::ContactsWrite)?;
    let (company, expected) = wanted(&api, actor, &id, &headers)?;
    let wait = Duration::from_secs(api.wiring.limits.body_secs_max);
    let change = read(&body::merge_patch(request, wait).await?)?;
    Ok(Versioned(api.wiring.desk.change_company(actor, company.id, &change, expected).await?))
}

fn read(patch: &Map<String, Value>) -> Result<CompanyChange, Problem> {
    let mut change = CompanyChange::default();
    let mut faults = Vec::new();
    for (name, value) in patch {
        if let Err(why) = set(&mut change, name, value) {
            faults.push(Fault::of_member(name, why));
        }
    }
    if faults.is_empty() { Ok(change) } else { Err(Problem::of_faults(Kind::UnprocessableContent, faults)) }
}

fn set(change: &mut CompanyChange, name: &str, value: &Value) -> Result<(), String> {
    match name {
        "name" => change.name = Some(members::text(value)?),
        "domains" => change.domains = Some(if value.is_null() { Vec::new() } else { domains(value)? }),
        "note" => change.note = Some(if value.is_null() { String::new() } else { members::text(value)? }),
        _ => return Err("there is nothing of this name to change; there is name, domains, note".to_owned()),
    }
    Ok(())
}

fn domains(value: &Value) -> Result<Vec<DomainName>, String> {
    members::list(DOMAINS_MAX, |value| {
        let text = members::text(value)?;
        DomainName::parse(&text).map_err(|error| format!("it is no domain: {error}"))
    })(value)
}
