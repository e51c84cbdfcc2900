//! `/domains`, its changes: own domains that are added, proven, set up and given up.
//!
//! *Standards*: RFC 7396 (merge patch).
//!
//! *Security*: adding a domain claims nothing: it owns nothing until its proof is seen (RFC 8552 name in its own zone).

use std::time::Duration;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::{HeaderName, LOCATION};
use guichet_accounts::{ChannelId, DomainChange, ProofCode, Scope};
use guichet_domains::Readiness;
use guichet_mail::DomainName;
use guichet_store::OrganisationId;
use guichet_web::{Fault, Kind, Members, Problem, body, members};
use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::domains::{Domain, read_name};
use crate::caller::Caller;
use crate::failure::Failure;
use crate::openapi::{Posted, Refused, Stored};
use crate::path::Name;
use crate::state::Api;

/// A domain to be added.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "it is documentation: the members are read one by one")]
pub(crate) struct ToAdd {
    /// The domain, in any spelling.
    #[schema(example = "acme.example")]
    name: String,
}

/// Add an own domain
///
/// It owns nothing until its proof, the TXT record of `proof`, is seen; then channels can be made on it. A name below the
/// base domain is claimed instead (`POST /api/v1/claims`).
#[utoipa::path(
    post,
    path = "/api/v1/domains",
    tag = "settings",
    operation_id = "add_domain",
    request_body(
        description = "Which",
        content((ToAdd = "application/json", example = json!({"name": "acme.example"}))),
    ),
    responses(
        (status = 201, description = "It waits for its proof", body = Domain,
            headers(("Location" = String, description = "Where it is read"))),
        Posted,
        Stored,
    ),
    security(("token" = ["settings:write"])),
)]
pub(crate) async fn add(
    caller: Caller,
    State(api): State<Api>,
    request: Request,
) -> Result<(StatusCode, [(HeaderName, String); 1], Json<Domain>), Failure> {
    let actor = caller.may(Scope::SettingsWrite)?;
    let wait = Duration::from_secs(api.wiring.limits.body_secs_max);
    let mut members = Members::of(body::json(request, wait).await?);
    let name = members.require("name", |value| {
        let text = members::text(value)?;
        DomainName::parse(&text).map_err(|error| error.to_string())
    });
    members.finish()?;
    // `finish` has refused a body without one.
    let name = name.ok_or_else(|| Failure::not_found("domain"))?;
    let mut bytes = [0; 20];
    api.wiring.random.fill(&mut bytes);
    let accounts = caller.accounts(&api);
    let code = ProofCode::from_random(bytes);
    let begun = accounts.begin_domain(actor.organisation, &name, code, caller.at()).await?;
    if let Err(error) = guichet_domains::dkim_keys::ensure_own(&accounts, actor.organisation, &name).await {
        // The domain is there, and its first look makes them.
        tracing::warn!(%error, domain = %name, "a new domain has no DKIM keys yet");
    }
    let location = (LOCATION, format!("/api/v1/domains/{name}"));
    Ok((StatusCode::CREATED, [location], Json(Domain::of(api.accounts(), begun))))
}

/// What shall change; what is left out stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(
    dead_code,
    reason = "it is documentation: the members are read one by one, to name each that is wrong"
)]
pub(crate) struct DomainPatch {
    /// The channel that takes mail to unknown addresses; null refuses such mail.
    #[schema(example = 1)]
    catch_all: Option<u64>,
    /// The channel that reads `postmaster` and `abuse`.
    #[schema(required = false, example = 1)]
    role_channel: u64,
    /// Whether its MX is this server; true only when that was seen.
    #[schema(required = false, example = true)]
    receives: bool,
    /// Whether mail goes out from it; true only when the records of its DKIM keys were seen.
    #[schema(required = false, example = true)]
    sends: bool,
}

/// Change a domain
///
/// To switch `receives` or `sends` on, its records are looked up now; the answer says what lacks.
#[utoipa::path(
    patch,
    path = "/api/v1/domains/{name}",
    tag = "settings",
    operation_id = "change_domain",
    params(("name" = String, Path, description = "The domain's name", example = "acme.example")),
    request_body(
        description = "A JSON merge patch (RFC 7396)",
        content(
            (DomainPatch = "application/merge-patch+json", example = json!({"sends": true})),
            (DomainPatch = "application/json", example = json!({"catch_all": null})),
        ),
    ),
    responses((status = 200, description = "The domain as it is now", body = Domain), Posted, Stored),
    security(("token" = ["settings:write"])),
)]
pub(crate) async fn change(
    caller: Caller,
    State(api): State<Api>,
    name: Name,
    request: Request,
) -> Result<Json<Domain>, Failure> {
    let actor = caller.may(Scope::SettingsWrite)?;
    let name = read_name(&name)?;
    let before = api.accounts().domain(actor.organisation, &name)?;
    let wait = Duration::from_secs(api.wiring.limits.body_secs_max);
    let change = read(&body::merge_patch(request, wait).await?)?;
    let on = Switched {
        receives: change.receives == Some(true) && !before.receives(),
        sends: change.sends == Some(true) && !api.accounts().sends(&before),
    };
    on.check(&api, actor.organisation, &name).await?;
    let changed = caller.accounts(&api).change_domain(actor.organisation, &name, change).await?;
    Ok(Json(Domain::of(api.accounts(), changed)))
}

/// What is to be switched on.
struct Switched {
    receives: bool,
    sends: bool,
}

impl Switched {
    /// Looks whether the records are there.
    async fn check(&self, api: &Api, organisation: OrganisationId, name: &DomainName) -> Result<(), Failure> {
        if !self.receives && !self.sends {
            return Ok(());
        }
        let Readiness { receives, sends } = api.wiring.domains.readiness(organisation, name).await?;
        let wanted = [("receives", self.receives, receives), ("sends", self.sends, sends)];
        let faults: Vec<Fault> = wanted
            .into_iter()
            .filter(|(_, wanted, _)| *wanted)
            .filter_map(|(member, _, ready)| ready.err().map(|why| Fault::of_member(member, why)))
            .collect();
        if faults.is_empty() {
            return Ok(());
        }
        Err(Problem::of_faults(Kind::UnprocessableContent, faults).into())
    }
}

fn read(patch: &Map<String, Value>) -> Result<DomainChange, Problem> {
    let mut change = DomainChange::default();
    let mut faults = Vec::new();
    for (name, value) in patch {
        if let Err(why) = set(&mut change, name, value) {
            faults.push(Fault::of_member(name, why));
        }
    }
    if faults.is_empty() { Ok(change) } else { Err(Problem::of_faults(Kind::UnprocessableContent, faults)) }
}

fn set(change: &mut DomainChange, name: &str, value: &Value) -> Result<(), String> {
    let channel = || members::number(value).map(ChannelId);
    match name {
        "catch_all" if value.is_null() => change.catch_all = Some(None),
        "catch_all" => change.catch_all = Some(Some(channel()?)),
        "role_channel" => change.role_channel = Some(channel()?),
        "receives" => change.receives = Some(members::flag(value)?),
        "sends" => change.sends = Some(members::flag(value)?),
        _ => {
            return Err(
                "there is nothing of this name to change; there is catch_all, role_channel, receives, sends"
                    .to_owned(),
            );
        }
    }
    Ok(())
}

/// Give a domain up
///
/// Refused while a channel or an alias needs it; the answer says which.
#[utoipa::path(
    delete,
    path = "/api/v1/domains/{name}",
    tag = "settings",
    operation_id = "remove_domain",
    params(("name" = String, Path, description = "The domain's name", example = "acme.example")),
    responses((status = 204, description = "It is gone, with its DKIM keys"), Refused, Stored),
    security(("token" = ["settings:write"])),
)]
pub(crate) async fn remove(
    caller: Caller,
    State(api): State<Api>,
    name: Name,
) -> Result<StatusCode, Failure> {
    let actor = caller.may(Scope::SettingsWrite)?;
    let name = read_name(&name)?;
    caller.accounts(&api).remove_domain(actor.organisation, &name).await?;
    Ok(StatusCode::NO_CONTENT)
}
