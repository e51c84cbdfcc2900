//! `/operator/check`: the operator's own records, addresses and port.

use axum::Json;
use axum::extract::State;
use guichet_accounts::Scope;
use guichet_domains::{ServerItem, ServerReport};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use crate::caller::Caller;
use crate::failure::Failure;
use crate::openapi::Stored;
use crate::records::Look;
use crate::state::Api;

/// What a look at this server found.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ServerCheck {
    /// When: now, or a few seconds ago where somebody looked then.
    #[schema(value_type = String, format = DateTime, example = "2026-01-01T00:00:00Z")]
    checked_at: Timestamp,
    /// Whether everything is fine that mail suffers without.
    #[schema(example = false)]
    fine: bool,
    /// One after the other, what others rest on first.
    items: Vec<CheckedItem>,
}

/// One thing that was looked at.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CheckedItem {
    /// What it is for: `host`, `mx`, `spf`, `dkim`, `dmarc`, `ptr`, `port`, `certificate`.
    #[schema(example = "mx")]
    purpose: &'static str,
    /// What was looked at: a name in DNS, an address, a host with its port.
    #[schema(example = "*.desk.example")]
    name: String,
    /// What should be there.
    #[schema(example = "10 mx.desk.example")]
    expected: String,
    /// The record as a line of a zone file, where it is one.
    #[schema(required, example = "*.desk.example. IN MX 10 mx.desk.example.")]
    zone_line: Option<String>,
    /// Whether mail suffers without it.
    #[schema(example = true)]
    required: bool,
    /// What was found.
    look: Look,
}

/// Check the server's own records, addresses and port
///
/// Base domain, wildcards, DKIM keys, reverse names of the sending addresses, and the mail server itself, tried by the names
/// that DNS gives for it. Who asks again within ten seconds hears the same.
#[utoipa::path(
    get,
    path = "/api/v1/operator/check",
    tag = "operator",
    operation_id = "check_server",
    responses((status = 200, description = "What was found", body = ServerCheck), Stored),
    security(("token" = ["operator:read"])),
)]
pub(crate) async fn check(caller: Caller, State(api): State<Api>) -> Result<Json<ServerCheck>, Failure> {
    caller.may(Scope::OperatorRead)?;
    let report = api.wiring.domains.check_server().await?;
    let ServerReport { checked_at, items } = report.as_ref();
    let items = items.iter().cloned().map(|item| CheckedItem::of(item, *checked_at)).collect();
    Ok(Json(ServerCheck { checked_at: *checked_at, fine: report.is_fine(), items }))
}

impl CheckedItem {
    fn of(item: ServerItem, checked_at: Timestamp) -> Self {
        let ServerItem { purpose, name, expected, zone_line, is_required, look } = item;
        let (purpose, look) = (purpose.as_str(), Look::of(look, checked_at));
        Self { purpose, name, expected, zone_line, required: is_required, look }
    }
}
