//! `/people`, read.

use axum::Json;
use axum::extract::State;
use guichet_accounts::{PersonId, PersonStatus, Role, Scope};
use guichet_web::{Page, Parameters, members};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::caller::Caller;
use crate::failure::Failure;
use crate::openapi::{Paged, words};
use crate::path::Number;
use crate::settings::page;
use crate::state::Api;

/// Somebody who works in the organisation.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Person {
    /// Their number.
    #[schema(example = 2)]
    id: u64,
    /// Their name.
    #[schema(example = "Rui Costa")]
    name: String,
    /// Where they read mail, and what they log in with.
    #[schema(example = "rui@demo.example")]
    address: String,
    /// An admin sees all tickets, an agent those of their teams; an operator runs the server.
    #[schema(schema_with = roles)]
    role: &'static str,
    /// The teams that they belong to.
    #[schema(example = json!([3]))]
    teams: Vec<u64>,
    /// Whether they may come in.
    #[schema(schema_with = statuses)]
    status: &'static str,
    /// When they were added; null for those of before this was noted.
    #[schema(required, example = "2026-03-01T09:30:00Z")]
    created: Option<Timestamp>,
}

pub(super) fn roles() -> utoipa::openapi::schema::Object {
    words(
        "An admin sees all tickets, an agent those of their teams; an operator runs the server.",
        [Role::Admin, Role::Agent, Role::Operator].map(Role::as_str),
    )
}

fn statuses() -> utoipa::openapi::schema::Object {
    words(
        "Whether they may come in: yes, once they accept, not any more.",
        [PersonStatus::Active, PersonStatus::Invited, PersonStatus::Disabled].map(PersonStatus::as_str),
    )
}

/// A role by its word.
pub(crate) fn read_role(value: &Value) -> Result<Role, String> {
    let word = members::text(value)?;
    let known = [Role::Admin, Role::Agent, Role::Operator].into_iter().find(|role| role.as_str() == word);
    known.ok_or_else(|| format!("`{word}` is none of admin, agent"))
}

impl From<guichet_accounts::Person> for Person {
    fn from(person: guichet_accounts::Person) -> Self {
        Self {
            id: person.id.0,
            name: person.name,
            address: person.address.to_string(),
            role: person.role.as_str(),
            teams: person.teams.iter().map(|team| team.0).collect(),
            status: person.status.as_str(),
            created: person.created,
        }
    }
}

/// List people, oldest first
#[utoipa::path(
    get,
    path = "/api/v1/people",
    tag = "people",
    operation_id = "list_people",
    params(Paged),
    responses((status = 200, description = "A page of people", body = Page<Person>)),
    security(("token" = ["settings:read"])),
)]
pub(crate) async fn list(
    caller: Caller,
    State(api): State<Api>,
    parameters: Parameters,
) -> Result<Page<Person>, Failure> {
    let actor = caller.may(Scope::SettingsRead)?;
    let all = api.accounts().people(actor.organisation)?;
    page(&parameters, b'p', all, |person| person.id.0.to_be_bytes().to_vec())
}

/// Read a person
#[utoipa::path(
    get,
    path = "/api/v1/people/{id}",
    tag = "people",
    operation_id = "read_person",
    params(("id" = u64, Path, description = "The person's number", example = 2)),
    responses((status = 200, description = "The person", body = Person)),
    security(("token" = ["settings:read"])),
)]
pub(crate) async fn read(
    caller: Caller,
    State(api): State<Api>,
    id: Number,
) -> Result<Json<Person>, Failure> {
    let actor = caller.may(Scope::SettingsRead)?;
    let id = PersonId(id.of("person")?);
    Ok(Json(api.accounts().person(actor.organisation, id)?.into()))
}
