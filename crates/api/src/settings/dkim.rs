//! `/domains/{name}/dkim/rotate`: another pair of keys for a domain.

use axum::Json;
use axum::extract::State;
use guichet_accounts::{DkimRecord, DkimScope, Scope};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use crate::caller::Caller;
use crate::failure::Failure;
use crate::openapi::{Refused, Stored, words};
use crate::path::Name;
use crate::state::Api;

/// A DKIM key, by its record.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DkimKey {
    /// Where its record stands, or will.
    #[schema(example = "guichet-rsa-2._domainkey.acme.example")]
    name: String,
    /// The text of the TXT record.
    #[schema(example = "v=DKIM1; k=rsa; p=MIIB")]
    text: String,
    /// How far it is.
    #[schema(schema_with = states)]
    state: &'static str,
    /// Since when; null where that was not noted.
    #[schema(required, example = "2026-03-01T09:30:00Z")]
    since: Option<Timestamp>,
}

fn states() -> utoipa::openapi::schema::Object {
    words(
        "`pending` signs once its record is seen, `signing` signs, the record of a `retiring` one must stay, that of a \
         `retired` one may be removed.",
        ["pending", "signing", "retiring", "retired"],
    )
}

impl From<DkimRecord> for DkimKey {
    fn from(record: DkimRecord) -> Self {
        Self { name: record.name(), state: record.state.as_str(), since: record.since, text: record.text }
    }
}

/// Begin a change of a domain's DKIM keys
///
/// Publish the records of the new ones; they sign as soon as they are seen, and the old ones stay published until their
/// mail is through. A domain below the base domain signs with the operator's keys.
#[utoipa::path(
    post,
    path = "/api/v1/domains/{name}/dkim/rotate",
    tag = "settings",
    operation_id = "rotate_dkim",
    params(("name" = String, Path, description = "The domain's name", example = "acme.example")),
    responses((status = 200, description = "Every key of the domain", body = Vec<DkimKey>), Refused, Stored),
    security(("token" = ["settings:write"])),
)]
pub(crate) async fn rotate(
    caller: Caller,
    State(api): State<Api>,
    name: Name,
) -> Result<Json<Vec<DkimKey>>, Failure> {
    let actor = caller.may(Scope::SettingsWrite)?;
    let name = super::domains::read_name(&name)?;
    let scope = DkimScope::Domain(actor.organisation, name);
    let accounts = caller.accounts(&api);
    let records = guichet_domains::dkim_keys::rotate(&accounts, &scope, caller.at()).await?;
    Ok(Json(records.into_iter().map(Into::into).collect()))
}
