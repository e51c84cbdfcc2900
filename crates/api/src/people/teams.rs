//! `/teams`: groups of agents with their own tickets.

use std::time::Duration;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::{HeaderName, LOCATION};
use guichet_accounts::{Scope, TeamId};
use guichet_web::{Members, Page, Parameters, body, members};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::caller::Caller;
use crate::failure::Failure;
use crate::openapi::{Paged, Patched, Posted, Refused, Stored};
use crate::path::Number;
use crate::settings::page;
use crate::state::Api;

/// A group of agents with its own tickets.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Team {
    /// Its number.
    #[schema(example = 3)]
    id: u64,
    /// Its name.
    #[schema(example = "Billing")]
    name: String,
}

impl From<guichet_accounts::Team> for Team {
    fn from(team: guichet_accounts::Team) -> Self {
        Self { id: team.id.0, name: team.name }
    }
}

/// List teams, oldest first
#[utoipa::path(
    get,
    path = "/api/v1/teams",
    tag = "people",
    operation_id = "list_teams",
    params(Paged),
    responses((status = 200, description = "A page of teams", body = Page<Team>)),
    security(("token" = ["settings:read"])),
)]
pub(crate) async fn list(
    caller: Caller,
    State(api): State<Api>,
    parameters: Parameters,
) -> Result<Page<Team>, Failure> {
    let actor = caller.may(Scope::SettingsRead)?;
    let all = api.accounts().teams(actor.organisation)?;
    page(&parameters, b'g', all, |team| team.id.0.to_be_bytes().to_vec())
}

/// A team's name.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "it is documentation: the members are read one by one")]
pub(crate) struct Named {
    /// The name.
    #[schema(example = "Billing")]
    name: String,
}

/// Make a team
#[utoipa::path(
    post,
    path = "/api/v1/teams",
    tag = "people",
    operation_id = "create_team",
    request_body(
        description = "Its name",
        content((Named = "application/json", example = json!({"name": "Billing"}))),
    ),
    responses(
        (status = 201, description = "The team", body = Team,
            headers(("Location" = String, description = "Where it stands"))),
        Posted,
        Stored,
    ),
    security(("token" = ["people:write"])),
)]
pub(crate) async fn create(
    caller: Caller,
    State(api): State<Api>,
    request: Request,
) -> Result<(StatusCode, [(HeaderName, String); 1], Json<Team>), Failure> {
    let actor = caller.may(Scope::PeopleWrite)?;
    let wait = Duration::from_secs(api.wiring.limits.body_secs_max);
    let mut members = Members::of(body::json(request, wait).await?);
    let name = members.require("name", members::text);
    members.finish()?;
    let made = caller.accounts(&api).create_team(actor.organisation, &name.unwrap_or_default()).await?;
    let location = (LOCATION, format!("/api/v1/teams/{}", made.id));
    Ok((StatusCode::CREATED, [location], Json(made.into())))
}

/// Rename a team
#[utoipa::path(
    patch,
    path = "/api/v1/teams/{id}",
    tag = "people",
    operation_id = "rename_team",
    params(("id" = u64, Path, description = "The team's number", example = 3)),
    request_body(
        description = "A JSON merge patch (RFC 7396)",
        content(
            (Named = "application/merge-patch+json", example = json!({"name": "Billing"})),
            (Named = "application/json", example = json!({"name": "Billing"})),
        ),
    ),
    responses((status = 200, description = "The team as it is now", body = Team), Patched, Stored),
    security(("token" = ["people:write"])),
)]
pub(crate) async fn rename(
    caller: Caller,
    State(api): State<Api>,
    id: Number,
    request: Request,
) -> Result<Json<Team>, Failure> {
    let actor = caller.may(Scope::PeopleWrite)?;
    let id = TeamId(id.of("team")?);
    let team = api.accounts().team(actor.organisation, id)?;
    let wait = Duration::from_secs(api.wiring.limits.body_secs_max);
    let mut members = Members::of(body::merge_patch(request, wait).await?);
    let name = members.read("name", members::text);
    members.finish()?;
    let Some(name) = name else { return Ok(Json(team.into())) };
    Ok(Json(caller.accounts(&api).rename_team(actor.organisation, id, &name).await?.into()))
}

/// Delete a team
///
/// One that no channel, no person and no unfinished ticket names. Its other tickets stay; admins see them.
#[utoipa::path(
    delete,
    path = "/api/v1/teams/{id}",
    tag = "people",
    operation_id = "delete_team",
    params(("id" = u64, Path, description = "The team's number", example = 3)),
    responses((status = 204, description = "It is gone"), Refused, Stored),
    security(("token" = ["people:write"])),
)]
pub(crate) async fn delete(
    caller: Caller,
    State(api): State<Api>,
    id: Number,
) -> Result<StatusCode, Failure> {
    let actor = caller.may(Scope::PeopleWrite)?;
    let id = TeamId(id.of("team")?);
    api.accounts().team(actor.organisation, id)?;
    api.wiring.desk.check_no_work(actor.organisation, id)?;
    caller.accounts(&api).delete_team(actor.organisation, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
