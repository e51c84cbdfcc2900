//! The records, as JSON or as text to paste.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::{ACCEPT, CONTENT_TYPE, VARY};
use axum::response::{IntoResponse, Response};
use guichet_accounts::Scope;
use guichet_domains::zone_text;
use guichet_mail::DomainName;
use guichet_web::{Page, Paging, Parameters};

use super::shape::Record;
use crate::caller::Caller;
use crate::failure::Failure;
use crate::openapi::Paged;
use crate::path::Name;
use crate::state::Api;

/// The word that asks for text.
const ZONE: &str = "zone";

/// List the DNS records to publish for a domain
///
/// With what was found at the domain's own name servers when they were last looked at. As text (`format=zone`, or
/// `Accept: text/plain`) they can be pasted into a zone file. A domain below the base domain of this server needs none of
/// its organisation: the operator publishes them.
#[utoipa::path(
    get,
    path = "/api/v1/domains/{name}/records",
    tag = "settings",
    operation_id = "list_domain_records",
    params(
        ("name" = String, Path, description = "The domain's name", example = "demo.desk.example"),
        ("format" = Option<String>, Query, description = "`zone` for text to paste, all of it at once", example = "zone"),
        Paged
    ),
    responses((
        status = 200,
        description = "A page of records",
        content((Page<Record> = "application/json"), (String = "text/plain"))
    )),
    security(("token" = ["settings:read"])),
)]
pub(crate) async fn list(
    caller: Caller,
    State(api): State<Api>,
    name: Name,
    headers: HeaderMap,
    parameters: Parameters,
) -> Result<Response, Failure> {
    let actor = caller.may(Scope::SettingsRead)?;
    parameters.only(&["format", "limit", "cursor"])?;
    let name = DomainName::parse(name.of("domain")?).map_err(|_| Failure::not_found("domain"))?;
    let checked = api.wiring.domains.records(actor.organisation, &name)?;
    if wants_text(&headers, &parameters)? {
        let expected: Vec<_> = checked.into_iter().map(|checked| checked.expected).collect();
        let fields = [(CONTENT_TYPE, "text/plain; charset=utf-8"), (VARY, "accept")];
        return Ok((fields, zone_text(name.as_str(), &expected)).into_response());
    }
    let mut records: Vec<_> = checked.into_iter().map(Record::of).collect();
    records.sort_by_cached_key(Record::place);
    let page = Paging::read(&parameters, b'k')?.slice(records, Record::place);
    Ok(([(VARY, "accept")], page).into_response())
}

fn wants_text(headers: &HeaderMap, parameters: &Parameters) -> Result<bool, Failure> {
    let format =
        parameters.read("format", "format; `zone` is the only one", |text| (text == ZONE).then_some(()))?;
    let accepted = headers.get(ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let prefers_text = accepted.split(',').next().is_some_and(|first| first.trim().starts_with("text/plain"));
    Ok(format.is_some() || prefers_text)
}
