//! `/account`: who one is.

use std::time::Duration;

use axum::Json;
use axum::extract::{Request, State};
use guichet_accounts::PersonChange;
use guichet_web::{Members, body, members};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::caller::Caller;
use crate::failure::Failure;
use crate::openapi::{Patched, Stored};
use crate::sign_in::SignedIn;
use crate::state::Api;

/// An account.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Account {
    #[serde(flatten)]
    signed_in: SignedIn,
    /// Whether logging in needs a second factor.
    #[schema(example = true)]
    totp: bool,
    /// How many recovery codes are left.
    #[schema(example = 10)]
    recovery_codes: usize,
}

impl Account {
    fn of(api: &Api, caller: &Caller) -> Result<Self, Failure> {
        let actor = caller.known();
        let left = api.accounts().totp(actor.organisation, caller.person()?)?;
        let signed_in = SignedIn::of(api, actor)?;
        Ok(Self { signed_in, totp: left.is_some(), recovery_codes: left.unwrap_or(0) })
    }
}

/// Read your account
///
/// Any token will do: it tells in whose name it acts, and what it allows.
#[utoipa::path(
    get,
    path = "/api/v1/account",
    tag = "sign-in",
    operation_id = "read_account",
    responses((status = 200, description = "You", body = Account)),
    security(("token" = [])),
)]
pub(crate) async fn read(caller: Caller, State(api): State<Api>) -> Result<Json<Account>, Failure> {
    Ok(Json(Account::of(&api, &caller)?))
}

/// What can be changed; what is left out stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "it is documentation: the members are read one by one")]
pub(crate) struct AccountPatch {
    /// Your name, as colleagues and customers see it.
    #[schema(example = "Rui Costa")]
    name: String,
}

/// Change your account
#[utoipa::path(
    patch,
    path = "/api/v1/account",
    tag = "sign-in",
    operation_id = "change_account",
    request_body(
        description = "A JSON merge patch (RFC 7396)",
        content(
            (AccountPatch = "application/merge-patch+json", example = json!({"name": "Rui Costa"})),
            (AccountPatch = "application/json", example = json!({"name": "Rui Costa"})),
        ),
    ),
    responses((status = 200, description = "You, as you are now", body = Account), Patched, Stored),
    security(("session" = [])),
)]
pub(crate) async fn change(
    caller: Caller,
    State(api): State<Api>,
    request: Request,
) -> Result<Json<Account>, Failure> {
    let (actor, _) = caller.session()?;
    let wait = Duration::from_secs(api.wiring.limits.body_secs_max);
    let mut members = Members::of(body::merge_patch(request, wait).await?);
    let name = members.read("name", members::text);
    members.finish()?;
    let wanted = PersonChange { name, ..PersonChange::default() };
    caller.accounts(&api).change_person(actor.organisation, caller.person()?, wanted).await?;
    Ok(Json(Account::of(&api, &caller)?))
}
