//! `/channels`, `/domains`, `/teams`, `/people`: how the organisation is set up. They change through the operator's
//! command line; here they are read, to be shown and to name a team or an assignee.

use axum::Json;
use axum::extract::State;
use guichet_accounts::{ChannelId, Role, Scope};
use guichet_mail::DomainName;
use guichet_web::{Page, Paging, Parameters};
use serde::Serialize;
use utoipa::ToSchema;

use crate::caller::Caller;
use crate::failure::Failure;
use crate::openapi::{Paged, words};
use crate::path::{Name, Number};
use crate::state::Api;

/// An address through which mail comes in.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Channel {
    /// Its number.
    #[schema(example = 1)]
    id: u64,
    /// Its main address.
    #[schema(example = "support@demo.desk.example")]
    address: String,
    /// Its name as customers would see it.
    #[schema(example = "Support")]
    name: String,
    /// The team whose tickets its mail becomes.
    #[schema(required, example = 3)]
    team: Option<u64>,
    /// Further addresses that lead here.
    #[schema(example = json!(["help@demo.desk.example"]))]
    aliases: Vec<String>,
}

/// A mail domain whose MX is this server.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Domain {
    /// The domain in lower case, A-labels.
    #[schema(example = "demo.desk.example")]
    name: String,
    /// The channel that mail to unknown addresses goes to; null refuses it.
    #[schema(required, example = 1)]
    catch_all: Option<u64>,
    /// The channel that reads `postmaster` and `abuse`; null is the organisation's first.
    #[schema(required, example = 1)]
    role_channel: Option<u64>,
    /// The domain whose addresses all hold here too.
    #[schema(required, example = "demo.example")]
    alias_of: Option<String>,
}

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

fn role(role: Role) -> &'static str {
    match role {
        Role::Admin => "admin",
        Role::Agent => "agent",
    }
}

fn roles() -> utoipa::openapi::schema::Object {
    words("An admin sees all tickets, an agent those of their teams.", [Role::Admin, Role::Agent].map(role))
}

impl From<guichet_accounts::Channel> for Channel {
    fn from(channel: guichet_accounts::Channel) -> Self {
        Self {
            id: channel.id.0,
            address: channel.address.to_string(),
            name: channel.name,
            team: channel.team.map(|team| team.0),
            aliases: channel.aliases.iter().map(ToString::to_string).collect(),
        }
    }
}

impl From<guichet_accounts::Domain> for Domain {
    fn from(domain: guichet_accounts::Domain) -> Self {
        Self {
            name: domain.name.to_string(),
            catch_all: domain.catch_all.map(|channel| channel.0),
            role_channel: domain.role_channel.map(|channel| channel.0),
            alias_of: domain.alias_of.map(|name| name.to_string()),
        }
    }
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
            role: role(person.role),
            teams: person.teams.iter().map(|team| team.0).collect(),
        }
    }
}

/// A page of things that are few enough to be read as a whole.
fn page<R, T: From<R>>(
    parameters: &Parameters,
    list: u8,
    all: Vec<R>,
    key: impl Fn(&R) -> Vec<u8>,
) -> Result<Page<T>, Failure> {
    parameters.only(&["limit", "cursor"])?;
    let page = Paging::read(parameters, list)?.slice(all, key);
    Ok(Page { items: page.items.into_iter().map(T::from).collect(), next_cursor: page.next_cursor })
}

/// List channels, oldest first
#[utoipa::path(
    get,
    path = "/api/v1/channels",
    tag = "settings",
    operation_id = "list_channels",
    params(Paged),
    responses((status = 200, description = "A page of channels", body = Page<Channel>)),
    security(("token" = ["settings:read"])),
)]
pub(crate) async fn channels(
    caller: Caller,
    State(api): State<Api>,
    parameters: Parameters,
) -> Result<Page<Channel>, Failure> {
    let actor = caller.may(Scope::SettingsRead)?;
    let all = api.accounts().channels(actor.organisation)?;
    page(&parameters, b'h', all, |channel| channel.id.0.to_be_bytes().to_vec())
}

/// Read a channel
#[utoipa::path(
    get,
    path = "/api/v1/channels/{id}",
    tag = "settings",
    operation_id = "read_channel",
    params(("id" = u64, Path, description = "The channel's number", example = 1)),
    responses((status = 200, description = "The channel", body = Channel)),
    security(("token" = ["settings:read"])),
)]
pub(crate) async fn channel(
    caller: Caller,
    State(api): State<Api>,
    id: Number,
) -> Result<Json<Channel>, Failure> {
    let actor = caller.may(Scope::SettingsRead)?;
    let id = ChannelId(id.of("channel")?);
    Ok(Json(api.accounts().channel(actor.organisation, id)?.into()))
}

/// List domains, by name
#[utoipa::path(
    get,
    path = "/api/v1/domains",
    tag = "settings",
    operation_id = "list_domains",
    params(Paged),
    responses((status = 200, description = "A page of domains", body = Page<Domain>)),
    security(("token" = ["settings:read"])),
)]
pub(crate) async fn domains(
    caller: Caller,
    State(api): State<Api>,
    parameters: Parameters,
) -> Result<Page<Domain>, Failure> {
    let actor = caller.may(Scope::SettingsRead)?;
    let all = api.accounts().domains(actor.organisation)?;
    page(&parameters, b'd', all, |domain| domain.name.as_str().as_bytes().to_vec())
}

/// Read a domain
#[utoipa::path(
    get,
    path = "/api/v1/domains/{name}",
    tag = "settings",
    operation_id = "read_domain",
    params(("name" = String, Path, description = "The domain's name", example = "demo.desk.example")),
    responses((status = 200, description = "The domain", body = Domain)),
    security(("token" = ["settings:read"])),
)]
pub(crate) async fn domain(
    caller: Caller,
    State(api): State<Api>,
    name: Name,
) -> Result<Json<Domain>, Failure> {
    let actor = caller.may(Scope::SettingsRead)?;
    let name = DomainName::parse(name.of("domain")?).map_err(|_| Failure::not_found("domain"))?;
    Ok(Json(api.accounts().domain(actor.organisation, &name)?.into()))
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
