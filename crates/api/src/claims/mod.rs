//! `/claims`: names below the base domain that the organisation asks for.

use std::time::Duration;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::{HeaderName, LOCATION};
use guichet_accounts::{ClaimId, ClaimState, NewClaim, Scope};
use guichet_web::{Members, Page, Parameters, body, members};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::caller::Caller;
use crate::failure::Failure;
use crate::openapi::{Paged, Posted, Refused, Stored, words};
use crate::path::Number;
use crate::settings::page;
use crate::state::Api;

/// A name that is asked for.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Claim {
    /// Its number.
    #[schema(example = 7)]
    id: u64,
    /// The domain, in A-labels.
    #[schema(example = "marca.desk.example")]
    domain: String,
    /// The address of its channel.
    #[schema(example = "hello@marca.desk.example")]
    address: String,
    /// Whom customers see as the sender.
    #[schema(example = "Marca")]
    name: String,
    /// What became of it.
    #[schema(schema_with = states)]
    state: &'static str,
    /// Why it was declined.
    #[schema(required, example = "It is the name of somebody else.")]
    reason: Option<String>,
    /// The channel that came with its approval.
    #[schema(required, example = 9)]
    channel: Option<u64>,
    /// When it was made.
    #[schema(example = "2026-03-01T09:30:00Z")]
    created: Timestamp,
    /// When the operator decided.
    #[schema(required, example = "2026-03-02T09:30:00Z")]
    decided: Option<Timestamp>,
    /// Whether the domain was seen to work; the admins were told then.
    #[schema(example = false)]
    live: bool,
}

pub(crate) fn states() -> utoipa::openapi::schema::Object {
    words(
        "`pending` waits for the operator, `approved` has its domain and channel, `declined` has a reason.",
        ClaimState::ALL.map(ClaimState::as_str),
    )
}

impl From<guichet_accounts::Claim> for Claim {
    fn from(claim: guichet_accounts::Claim) -> Self {
        Self {
            id: claim.id.0,
            domain: claim.address.domain().to_string(),
            address: claim.address.to_string(),
            name: claim.name,
            state: claim.state.as_str(),
            reason: claim.reason,
            channel: claim.channel.map(|channel| channel.0),
            created: claim.made,
            decided: claim.decided,
            live: claim.state == ClaimState::Approved && claim.announced.is_some(),
        }
    }
}

/// List claims, oldest first
#[utoipa::path(
    get,
    path = "/api/v1/claims",
    tag = "settings",
    operation_id = "list_claims",
    params(Paged),
    responses((status = 200, description = "A page of claims", body = Page<Claim>)),
    security(("token" = ["settings:read"])),
)]
pub(crate) async fn list(
    caller: Caller,
    State(api): State<Api>,
    parameters: Parameters,
) -> Result<Page<Claim>, Failure> {
    let actor = caller.may(Scope::SettingsRead)?;
    let all = api.accounts().claims(actor.organisation)?;
    page(&parameters, b'f', all, |claim| claim.id.0.to_be_bytes().to_vec())
}

/// Read a claim
#[utoipa::path(
    get,
    path = "/api/v1/claims/{id}",
    tag = "settings",
    operation_id = "read_claim",
    params(("id" = u64, Path, description = "The claim's number", example = 7)),
    responses((status = 200, description = "The claim", body = Claim)),
    security(("token" = ["settings:read"])),
)]
pub(crate) async fn read(caller: Caller, State(api): State<Api>, id: Number) -> Result<Json<Claim>, Failure> {
    let actor = caller.may(Scope::SettingsRead)?;
    let id = ClaimId(id.of("claim")?);
    Ok(Json(api.accounts().claim(actor.organisation, id)?.into()))
}

/// A name to be asked for.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(
    dead_code,
    reason = "it is documentation: the members are read one by one, to name each that is wrong"
)]
pub(crate) struct ToClaim {
    /// What stands before the base domain.
    #[schema(example = "marca")]
    label: String,
    /// What stands before the `@` of its channel.
    #[schema(example = "hello")]
    local_part: String,
    /// Whom customers see as the sender.
    #[schema(example = "Marca")]
    name: String,
}

/// Claim a name below the base domain
///
/// The operator approves or declines it. Names of the server's own parts are refused at once. With the approval come the
/// domain and a channel; the admins are told by mail when it works.
#[utoipa::path(
    post,
    path = "/api/v1/claims",
    tag = "settings",
    operation_id = "claim_name",
    request_body(
        description = "Which name, and the channel there",
        content((ToClaim = "application/json",
            example = json!({"label": "marca", "local_part": "hello", "name": "Marca"}))),
    ),
    responses(
        (status = 201, description = "It waits for the operator", body = Claim,
            headers(("Location" = String, description = "Where it is read and taken back"))),
        Posted,
        Stored,
    ),
    security(("token" = ["settings:write"])),
)]
pub(crate) async fn claim(
    caller: Caller,
    State(api): State<Api>,
    request: Request,
) -> Result<(StatusCode, [(HeaderName, String); 1], Json<Claim>), Failure> {
    let actor = caller.may(Scope::SettingsWrite)?;
    let wait = Duration::from_secs(api.wiring.limits.body_secs_max);
    let new = read_new(body::json(request, wait).await?)?;
    let protected = &api.wiring.protected_names;
    let made = caller.accounts(&api).claim_name(actor.organisation, &new, protected, caller.at()).await?;
    let location = (LOCATION, format!("/api/v1/claims/{}", made.id));
    Ok((StatusCode::CREATED, [location], Json(made.into())))
}

fn read_new(body: Map<String, Value>) -> Result<NewClaim, Failure> {
    let mut members = Members::of(body);
    let label = members.require("label", members::text);
    let local_part = members.require("local_part", members::text);
    let name = members.require("name", members::text);
    members.finish()?;
    // `finish` has refused a body without them.
    Ok(NewClaim {
        label: label.unwrap_or_default(),
        local_part: local_part.unwrap_or_default(),
        name: name.unwrap_or_default(),
    })
}

/// Take a claim back, or a declined one off the list
#[utoipa::path(
    delete,
    path = "/api/v1/claims/{id}",
    tag = "settings",
    operation_id = "withdraw_claim",
    params(("id" = u64, Path, description = "The claim's number", example = 7)),
    responses((status = 204, description = "It is gone"), Refused, Stored),
    security(("token" = ["settings:write"])),
)]
pub(crate) async fn withdraw(
    caller: Caller,
    State(api): State<Api>,
    id: Number,
) -> Result<StatusCode, Failure> {
    let actor = caller.may(Scope::SettingsWrite)?;
    let id = ClaimId(id.of("claim")?);
    caller.accounts(&api).withdraw_claim(actor.organisation, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
