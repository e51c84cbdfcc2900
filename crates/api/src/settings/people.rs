//! `/teams` and `/people`: who works in the organisation.

use axum::extract::State;
use guichet_accounts::{Role, Scope};
use guichet_web::{Page, Parameters};
use serde::Serialize;
use utoipa::ToSchema;

use super::page;
use crate::caller::Caller;
use crate::failure::Failure;
use crate::openapi::{Paged, words};
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

/// Somebody who works in the organisation.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Person {
    /// Their number.
    #[schema(example = 2)]
    id: u64,
    /// Their name.
    #[schema(example = "Rui Costa")]
    name: String,
    /// Where they read mail.
    #[schema(example = "rui@demo.example")]
    address: String,
    /// An admin sees all tickets, an agent those of their teams.
    #[schema(schema_with = roles)]
    role: &'static str,
    /// The teams that they belong to.
    #[schema(example = json!([3]))]
    teams: Vec<u64>,
}

fn roles() -> utoipa::openapi::schema::Object {
    words(
        "An admin sees all tickets, an agent those of their teams.",
        [Role::Admin, Role::Agent].map(Role::as_str),
    )
}

impl From<guichet_accounts::Team> for Team {
    fn from(team: guichet_accounts::Team) -> Self {
        Self { id: team.id.0, name: team.name }
    }
}

impl From<guichet_accounts::Person> for Person {
    fn from(person: guichet_accounts::Person) -> Self {
        Self {
            id: person.id.0,
            name: person.name,
            address: person.address.to_string(),
            role: person.role.as_str(),
            teams: person.teams.iter().map(|team| team.0).collect(),
        }
    }
}

/// List teams, oldest first
#[utoipa::path(
    get,
    path = "/api/v1/teams",
    tag = "settings",
    operation_id = "list_teams",
    params(Paged),
    responses((status = 200, description = "A page of teams", body = Page<Team>)),
    security(("token" = ["settings:read"])),
)]
pub(crate) async fn teams(
    caller: Caller,
    State(api): State<Api>,
    parameters: Parameters,
) -> Result<Page<Team>, Failure> {
    let actor = caller.may(Scope::SettingsRead)?;
    let all = api.accounts().teams(actor.organisation)?;
    page(&parameters, b'g', all, |team| team.id.0.to_be_bytes().to_vec())
}

/// List people, oldest first
#[utoipa::path(
    get,
    path = "/api/v1/people",
    tag = "settings",
    operation_id = "list_people",
    params(Paged),
    responses((status = 200, description = "A page of people", body = Page<Person>)),
    security(("token" = ["settings:read"])),
)]
pub(crate) async fn people(
    caller: Caller,
    State(api): State<Api>,
    parameters: Parameters,
) -> Result<Page<Person>, Failure> {
    let actor = caller.may(Scope::SettingsRead)?;
    let all = api.accounts().people(actor.organisation)?;
    page(&parameters, b'p', all, |person| person.id.0.to_be_bytes().to_vec())
}
