//! `/operator/dkim/rotate`: another pair of keys for the base domain.

use axum::Json;
use axum::extract::State;
use guichet_accounts::{DkimScope, Scope};

use crate::caller::Caller;
use crate::failure::Failure;
use crate::openapi::{Refused, Stored};
use crate::settings::DkimKey;
use crate::state::Api;

/// Begin a change of the base domain's DKIM keys
///
/// Publish the records of the new ones; they sign as soon as they are seen.
#[utoipa::path(
    post,
    path = "/api/v1/operator/dkim/rotate",
    tag = "operator",
    operation_id = "rotate_base_dkim",
    responses((status = 200, description = "Every key of the base domain", body = Vec<DkimKey>), Refused, Stored),
    security(("token" = ["operator:write"])),
)]
pub(crate) async fn rotate(caller: Caller, State(api): State<Api>) -> Result<Json<Vec<DkimKey>>, Failure> {
    caller.may(Scope::OperatorWrite)?;
    let accounts = caller.accounts(&api);
    let records = guichet_domains::dkim_keys::rotate(&accounts, &DkimScope::Base, caller.at()).await?;
    Ok(Json(records.into_iter().map(Into::into).collect()))
}
