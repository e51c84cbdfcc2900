//! A look at the records now.

use axum::Json;
use axum::extract::State;
use guichet_accounts::Scope;
use guichet_domains::{Checked, State as Found};
use guichet_mail::DomainName;
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::shape::Record;
use crate::caller::Caller;
use crate::failure::Failure;
use crate::openapi::{Refused, Stored};
use crate::path::Name;
use crate::state::Api;

/// What a look at the records of a domain found.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DomainCheck {
    /// When: now, or a few seconds ago where somebody looked then.
    #[schema(value_type = String, format = DateTime, example = "2026-01-01T00:00:00Z")]
    checked_at: Timestamp,
    /// Whether every record that something depends on is as it should be.
    #[schema(example = false)]
    fine: bool,
    /// Whether the domain counts as the organisation's; seeing the proof makes it so.
    #[schema(example = true)]
    verified: bool,
    /// The records that were looked at.
    records: Vec<Record>,
}

/// Look at the DNS records of a domain now
///
/// The domain's own name servers are asked, past every cache. What is seen counts at once: the proof verifies the domain, and
/// new DKIM keys begin to sign. Who asks again within ten seconds hears the same.
#[utoipa::path(
    post,
    path = "/api/v1/domains/{name}/check",
    tag = "settings",
    operation_id = "check_domain",
    params(("name" = String, Path, description = "The domain's name", example = "demo.desk.example")),
    responses((status = 200, description = "What was found", body = DomainCheck), Refused, Stored),
    security(("token" = ["settings:write"])),
)]
pub(crate) async fn check(
    caller: Caller,
    State(api): State<Api>,
    name: Name,
) -> Result<Json<DomainCheck>, Failure> {
    let actor = caller.may(Scope::SettingsWrite)?;
    let name = DomainName::parse(name.of("domain")?).map_err(|_| Failure::not_found("domain"))?;
    let report = api.wiring.domains.check(actor.organisation, &name).await?;
    let at = report.checked_at;
    let lacks = |(expected, look): &(guichet_domains::Expected, guichet_domains::Look)| {
        expected.need.is_required() && look.state != Found::Ok
    };
    let shown = |(expected, look)| Record::of(Checked { expected, last: Some((look, at)) });
    Ok(Json(DomainCheck {
        checked_at: at,
        fine: !report.records.iter().any(lacks),
        verified: api.accounts().domain(actor.organisation, &name)?.is_verified(),
        records: report.records.iter().cloned().map(shown).collect(),
    }))
}
