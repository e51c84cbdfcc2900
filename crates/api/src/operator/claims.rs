//! `/operator/claims`: names that organisations ask for, and what becomes of them.

use std::time::Duration;

use axum::Json;
use axum::extract::{Request, State};
use guichet_accounts::{Accounts, ClaimId, ClaimState, Scope};
use guichet_store::OrganisationId;
use guichet_web::{Members, Page, Paging, Parameters, body, members};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::caller::Caller;
use crate::claims::states;
use crate::failure::Failure;
use crate::openapi::{Paged, Posted, Refused, Stored};
use crate::path::Name;
use crate::state::Api;

/// A name that an organisation asks for, as the operator sees it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OperatorClaim {
    /// Which, on the whole server.
    #[schema(example = "3-7")]
    id: String,
    /// The short name of the organisation.
    #[schema(example = "acme")]
    organisation: String,
    /// The domain, in A-labels.
    #[schema(example = "marca.desk.example")]
    domain: String,
    /// The domain as people see it.
    #[schema(example = "marca.desk.example")]
    seen_as: String,
    /// The address of its channel.
    #[schema(example = "hello@marca.desk.example")]
    address: String,
    /// Whom customers would see as the sender.
    #[schema(example = "Marca")]
    name: String,
    /// What became of it.
    #[schema(schema_with = states)]
    state: &'static str,
    /// What it can be taken for: look twice.
    #[schema(example = json!(["it looks like the reserved name `mail`"]))]
    warnings: Vec<String>,
    /// Why it was declined.
    #[schema(required, example = "It is the name of somebody else.")]
    reason: Option<String>,
    /// When it was made.
    #[schema(example = "2026-03-01T09:30:00Z")]
    created: Timestamp,
    /// When it was decided.
    #[schema(required, example = "2026-03-02T09:30:00Z")]
    decided: Option<Timestamp>,
}

impl OperatorClaim {
    fn of(accounts: &Accounts, claim: guichet_accounts::Claim) -> Result<Self, Failure> {
        Ok(Self {
            id: format!("{}-{}", claim.organisation.get(), claim.id),
            organisation: accounts.organisation(claim.organisation)?.slug,
            domain: claim.address.domain().to_string(),
            seen_as: claim.address.domain().to_unicode(),
            address: claim.address.to_string(),
            name: claim.name,
            state: claim.state.as_str(),
            warnings: claim.likenesses.iter().map(ToString::to_string).collect(),
            reason: claim.reason,
            created: claim.made,
            decided: claim.decided,
        })
    }
}

/// List claims, by name
#[utoipa::path(
    get,
    path = "/api/v1/operator/claims",
    tag = "operator",
    operation_id = "list_operator_claims",
    params(
        Paged,
        ("state" = Option<String>, Query, description = "Only those in this state: pending, approved, declined",
            example = "pending"),
    ),
    responses((status = 200, description = "A page of claims", body = Page<OperatorClaim>)),
    security(("token" = ["operator:read"])),
)]
pub(crate) async fn list(
    caller: Caller,
    State(api): State<Api>,
    parameters: Parameters,
) -> Result<Page<OperatorClaim>, Failure> {
    caller.may(Scope::OperatorRead)?;
    parameters.only(&["limit", "cursor", "state"])?;
    let state = parameters.read("state", "state of a claim: pending, approved, declined", |word| {
        ClaimState::ALL.into_iter().find(|state| state.as_str() == word)
    })?;
    let mut all = api.accounts().every_claim()?;
    all.retain(|claim| state.is_none_or(|state| claim.state == state));
    let key = |claim: &guichet_accounts::Claim| {
        let mut key = claim.label.as_bytes().to_vec();
        key.push(0);
        key.extend(claim.organisation.get().to_be_bytes());
        key.extend(claim.id.0.to_be_bytes());
        key
    };
    all.sort_by_cached_key(key);
    let page = Paging::read(&parameters, b'f')?.slice(all, key);
    let items = page.items.into_iter().map(|claim| OperatorClaim::of(api.accounts(), claim));
    Ok(Page { items: items.collect::<Result<_, _>>()?, next_cursor: page.next_cursor })
}

/// Approve a claim
///
/// The domain and its channel are made at once; every other claim of the name is declined with the reason.
#[utoipa::path(
    post,
    path = "/api/v1/operator/claims/{id}/approve",
    tag = "operator",
    operation_id = "approve_claim",
    params(("id" = String, Path, description = "Which claim", example = "3-7")),
    responses((status = 200, description = "It is approved", body = OperatorClaim), Refused, Stored),
    security(("token" = ["operator:write"])),
)]
pub(crate) async fn approve(
    caller: Caller,
    State(api): State<Api>,
    id: Which,
) -> Result<Json<OperatorClaim>, Failure> {
    caller.may(Scope::OperatorWrite)?;
    let (organisation, id) = id.claim()?;
    let (approved, _) = caller.accounts(&api).approve_claim(organisation, id, caller.at()).await?;
    tell(&api, caller.at()).await;
    Ok(Json(OperatorClaim::of(api.accounts(), approved)?))
}

/// Why a claim is declined.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "it is documentation: the members are read one by one")]
pub(crate) struct ToDecline {
    /// A sentence for the admins of the organisation.
    #[schema(example = "It is the name of somebody else.")]
    reason: String,
}

/// Decline a claim
///
/// The admins of the organisation read the reason in a mail.
#[utoipa::path(
    post,
    path = "/api/v1/operator/claims/{id}/decline",
    tag = "operator",
    operation_id = "decline_claim",
    params(("id" = String, Path, description = "Which claim", example = "3-7")),
    request_body(
        description = "Why",
        content((ToDecline = "application/json", example = json!({"reason": "It is the name of somebody else."}))),
    ),
    responses((status = 200, description = "It is declined", body = OperatorClaim), Posted, Stored),
    security(("token" = ["operator:write"])),
)]
pub(crate) async fn decline(
    caller: Caller,
    State(api): State<Api>,
    id: Which,
    request: Request,
) -> Result<Json<OperatorClaim>, Failure> {
    caller.may(Scope::OperatorWrite)?;
    let (organisation, id) = id.claim()?;
    api.accounts().claim(organisation, id)?;
    let wait = Duration::from_secs(api.wiring.limits.body_secs_max);
    let mut members = Members::of(body::json(request, wait).await?);
    let reason = members.require("reason", members::text);
    members.finish()?;
    let accounts = caller.accounts(&api);
    let declined = accounts.decline_claim(organisation, id, &reason.unwrap_or_default(), caller.at()).await?;
    tell(&api, caller.at()).await;
    Ok(Json(OperatorClaim::of(api.accounts(), declined)?))
}

/// The decision stands; where the mail can't be made now, the watch over domains makes it later.
async fn tell(api: &Api, now: Timestamp) {
    if let Err(error) = guichet_domains::tell_declined(&api.wiring.desk, now).await {
        tracing::warn!(%error, "the admins are told of a declined claim later");
    }
}

/// A claim on the whole server: the organisation's number and its own.
pub(crate) struct Which(Name);

impl Which {
    fn claim(&self) -> Result<(OrganisationId, ClaimId), Failure> {
        let absent = || Failure::not_found("claim");
        let (organisation, id) = self.0.of("claim")?.split_once('-').ok_or_else(absent)?;
        let organisation = organisation.parse().ok().and_then(OrganisationId::new).ok_or_else(absent)?;
        Ok((organisation, id.parse().map_err(|_| absent())?))
    }
}

impl<S: Send + Sync> axum::extract::FromRequestParts<S> for Which {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut axum::http::request::Parts, state: &S) -> Result<Self, Failure> {
        Name::from_request_parts(parts, state).await.map(Self)
    }
}
