//! `/people/{id}`, changed: name, role, teams; kept out and let in again.

use std::time::Duration;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use guichet_accounts::{Accounts, Actor, PersonChange, PersonId, PersonStatus, Role, Scope, TeamId};
use guichet_web::{Kind, Members, Problem, body, members};
use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::{Person, TEAMS_MAX, read_role};
use crate::caller::Caller;
use crate::failure::Failure;
use crate::openapi::{Patched, Refused, Stored};
use crate::path::Number;
use crate::state::Api;

/// What can be changed; what is left out stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "it is documentation: the members are read one by one")]
pub(crate) struct PersonPatch {
    /// Their name.
    #[schema(example = "Rui Costa")]
    name: String,
    /// What they may do.
    #[schema(schema_with = super::list::roles)]
    role: String,
    /// The teams that they belong to: all of them.
    #[schema(example = json!([3]))]
    teams: Vec<u64>,
    /// `disabled` keeps them out, `active` lets them in again; by itself.
    #[schema(example = "disabled")]
    status: String,
}

struct Wanted {
    change: PersonChange,
    may_enter: Option<bool>,
}

/// Change a person
///
/// Whoever is disabled has no session and no token from then on. An organisation keeps its last admin.
#[utoipa::path(
    patch,
    path = "/api/v1/people/{id}",
    tag = "people",
    operation_id = "change_person",
    params(("id" = u64, Path, description = "The person's number", example = 2)),
    request_body(
        description = "A JSON merge patch (RFC 7396)",
        content(
            (PersonPatch = "application/merge-patch+json", example = json!({"role": "agent", "teams": [3]})),
            (PersonPatch = "application/json", example = json!({"status": "disabled"})),
        ),
    ),
    responses((status = 200, description = "The person as they are now", body = Person), Patched, Stored),
    security(("token" = ["people:write"])),
)]
pub(crate) async fn change(
    caller: Caller,
    State(api): State<Api>,
    id: Number,
    request: Request,
) -> Result<Json<Person>, Failure> {
    let actor = caller.may(Scope::PeopleWrite)?;
    let id = PersonId(id.of("person")?);
    api.accounts().person(actor.organisation, id)?;
    let wait = Duration::from_secs(api.wiring.limits.body_secs_max);
    let wanted = read(body::merge_patch(request, wait).await?)?;
    let person = api.accounts().person(actor.organisation, id)?;
    let role = if wanted.may_enter == Some(true) { Some(person.role) } else { wanted.change.role };
    role.map_or(Ok(()), |role| caller.may_let_in(&api, role))?;
    Ok(Json(carry_out(&caller.accounts(&api), actor, &person, wanted).await?.into()))
}

async fn carry_out(
    accounts: &Accounts,
    actor: &Actor,
    person: &guichet_accounts::Person,
    wanted: Wanted,
) -> Result<guichet_accounts::Person, Failure> {
    let id = person.id;
    Ok(match wanted.may_enter {
        None => accounts.change_person(actor.organisation, id, wanted.change).await?,
        Some(true) if person.status == PersonStatus::Invited => {
            let why = "they were invited and come in by accepting; nobody does it for them";
            return Err(Problem::new(Kind::UnprocessableContent, why).into());
        }
        Some(true) => accounts.enable_person(actor.organisation, id).await?,
        Some(false) => accounts.disable_person(actor.organisation, id).await?,
    })
}

fn read(body: Map<String, Value>) -> Result<Wanted, Failure> {
    let mut members = Members::of(body);
    let name = members.read("name", members::text);
    let role: Option<Role> = members.read("role", read_role);
    let teams = members.read("teams", members::list(TEAMS_MAX, |team| members::number(team).map(TeamId)));
    let may_enter = members.read("status", |value| match members::text(value)?.as_str() {
        "active" => Ok(true),
        "disabled" => Ok(false),
        word => Err(format!("`{word}` is none of active, disabled")),
    });
    let change = PersonChange { name, role, teams };
    if may_enter.is_some() && (change.name.is_some() || change.role.is_some() || change.teams.is_some()) {
        members.refuse("status", "it is changed by itself: send the rest in another request");
    }
    members.finish()?;
    Ok(Wanted { change, may_enter })
}

/// Keep a person out
///
/// They have no session and no token from then on; what they did stays theirs. `PATCH` lets them in again.
#[utoipa::path(
    delete,
    path = "/api/v1/people/{id}",
    tag = "people",
    operation_id = "disable_person",
    params(("id" = u64, Path, description = "The person's number", example = 2)),
    responses((status = 204, description = "They are out"), Refused, Stored),
    security(("token" = ["people:write"])),
)]
pub(crate) async fn disable(
    caller: Caller,
    State(api): State<Api>,
    id: Number,
) -> Result<StatusCode, Failure> {
    let actor = caller.may(Scope::PeopleWrite)?;
    let id = PersonId(id.of("person")?);
    caller.accounts(&api).disable_person(actor.organisation, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
