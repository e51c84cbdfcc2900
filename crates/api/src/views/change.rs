//! `POST /views`, `PATCH /views/{id}`.
//!
//! *Standards*: RFC 7396 (merge patch); a filter is replaced as a whole.

use std::collections::BTreeSet;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::header::{HeaderName, LOCATION};
use axum::http::{HeaderMap, StatusCode};
use guichet_accounts::{Scope, TeamId};
use guichet_desk::{NewView, Order, SortKey, ViewChange};
use guichet_web::{Fault, Kind, Members, Problem, body, members};
use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::filter;
use super::one::wanted;
use super::shape::{Versioned, View};
use crate::caller::Caller;
use crate::failure::Failure;
use crate::openapi::{Patched, Posted, Stored};
use crate::path::ViewName;
use crate::state::Api;
use crate::tickets::list::{sort_of, sorts};

/// How many teams are read; the desk allows no more.
const TEAMS_MAX: usize = 100;

/// A view to be saved.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(
    dead_code,
    reason = "it is documentation: the members are read one by one, to name each that is wrong"
)]
pub(crate) struct NewViewBody {
    /// Its name.
    #[schema(example = "Urgent")]
    name: String,
    /// Which tickets it shows; without it all but spam and trash.
    #[schema(required = false, value_type = filter::Filter)]
    filter: Value,
    #[schema(required = false, schema_with = sorts)]
    sort: String,
    /// Whether it is for others too; only admins share.
    #[schema(required = false, default = false, example = false)]
    shared: bool,
    /// The teams for whom a shared one is; without any for everybody.
    #[schema(required = false, example = json!([3]))]
    teams: Vec<u64>,
    /// Its place among your own, or among the shared ones, from 0; without it the last.
    #[schema(required = false, example = 0)]
    position: u64,
}

/// Save a view
#[utoipa::path(
    post,
    path = "/api/v1/views",
    tag = "views",
    operation_id = "create_view",
    request_body(
        description = "Which",
        content((NewViewBody = "application/json",
            example = json!({"name": "Urgent", "filter": {"priorities": ["urgent"], "assignees": ["me", "none"]}}))),
    ),
    responses(
        (status = 201, description = "The view", body = View, headers(
            ("Location" = String, description = "Where it is"),
            ("ETag" = String, description = "Its version"))),
        Posted,
        Stored,
    ),
    security(("token" = ["tickets:write"])),
)]
pub(crate) async fn create(
    caller: Caller,
    State(api): State<Api>,
    request: Request,
) -> Result<(StatusCode, [(HeaderName, String); 1], Versioned), Failure> {
    let actor = caller.may(Scope::TicketsWrite)?;
    let wait = Duration::from_secs(api.wiring.limits.body_secs_max);
    let new = read_new(body::json(request, wait).await?)?;
    let view = api.wiring.desk.create_view(actor, &new).await?;
    let location = (LOCATION, format!("/api/v1/views/{}", view.id));
    Ok((StatusCode::CREATED, [location], Versioned(view)))
}

fn read_new(body: Map<String, Value>) -> Result<NewView, Problem> {
    let mut members = Members::of(body);
    let name = members.require("name", members::text).unwrap_or_default();
    let filter = members.read("filter", filter::read).unwrap_or_default();
    let (sort, order) = members.read("sort", sort).unwrap_or_default();
    let shared = members.read("shared", members::flag).unwrap_or_default();
    let teams = members.read("teams", teams).unwrap_or_default();
    let position = members.read("position", position);
    members.finish()?;
    Ok(NewView { name, shared, teams, filter, sort, order, position })
}

/// What shall change; what is left out stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(
    dead_code,
    reason = "it is documentation: the members are read one by one, to name each that is wrong"
)]
pub(crate) struct ViewPatch {
    /// Its name.
    #[schema(required = false, example = "Urgent")]
    name: String,
    /// Which tickets it shows, as a whole.
    #[schema(required = false, value_type = filter::Filter)]
    filter: Value,
    #[schema(required = false, schema_with = sorts)]
    sort: String,
    /// The teams for whom a shared one is; null is for everybody.
    #[schema(example = json!([3]))]
    teams: Option<Vec<u64>>,
    /// Its place among your own, or among the shared ones, from 0.
    #[schema(required = false, example = 0)]
    position: u64,
}

/// Change a view
///
/// Your own, or as an admin a shared one. With `If-Match`, only if it is still the version that you read.
#[utoipa::path(
    patch,
    path = "/api/v1/views/{id}",
    tag = "views",
    operation_id = "change_view",
    params(
        ("id" = String, Path, description = "The view's `id`", example = "17"),
        ("If-Match" = Option<String>, Header, description = "The `ETag` of the version that you read", example = "\"17\""),
    ),
    request_body(
        description = "A JSON merge patch (RFC 7396)",
        content(
            (ViewPatch = "application/merge-patch+json", example = json!({"name": "Urgent"})),
            (ViewPatch = "application/json", example = json!({"position": 0})),
        ),
    ),
    responses(
        (status = 200, description = "The view as it is now", body = View,
            headers(("ETag" = String, description = "Its new version"))),
        Patched,
        Stored,
    ),
    security(("token" = ["tickets:write"])),
)]
pub(crate) async fn change(
    caller: Caller,
    State(api): State<Api>,
    id: ViewName,
    headers: HeaderMap,
    request: Request,
) -> Result<Versioned, Failure> {
    let actor = caller.may(Scope::TicketsWrite)?;
    let (view, expected) = wanted(&api, actor, &id, &headers)?;
    let wait = Duration::from_secs(api.wiring.limits.body_secs_max);
    let change = read_patch(&body::merge_patch(request, wait).await?)?;
    Ok(Versioned(api.wiring.desk.change_view(actor, view.id, &change, expected).await?))
}

fn read_patch(patch: &Map<String, Value>) -> Result<ViewChange, Problem> {
    let mut change = ViewChange::default();
    let mut faults = Vec::new();
    for (name, value) in patch {
        if let Err(why) = set(&mut change, name, value) {
            faults.push(Fault::of_member(name, why));
        }
    }
    if faults.is_empty() { Ok(change) } else { Err(Problem::of_faults(Kind::UnprocessableContent, faults)) }
}

fn set(change: &mut ViewChange, name: &str, value: &Value) -> Result<(), String> {
    match name {
        "name" => change.name = Some(members::text(value)?),
        "filter" => change.filter = Some(filter::read(value)?),
        "sort" => change.sort = Some(sort(value)?),
        "teams" => change.teams = Some(if value.is_null() { BTreeSet::new() } else { teams(value)? }),
        "position" => change.position = Some(position(value)?),
        _ => {
            let known = "name, filter, sort, teams, position";
            return Err(format!("there is nothing of this name to change; there is {known}"));
        }
    }
    Ok(())
}

fn sort(value: &Value) -> Result<(SortKey, Order), String> {
    sort_of(&members::text(value)?)
}

fn teams(value: &Value) -> Result<BTreeSet<TeamId>, String> {
    let teams = members::list(TEAMS_MAX, |value| members::number(value).map(TeamId))(value)?;
    Ok(teams.into_iter().collect())
}

fn position(value: &Value) -> Result<usize, String> {
    usize::try_from(members::number(value)?).map_err(|_| "there are not so many places".to_owned())
}
