//! `PATCH /tickets/{number}`: a JSON merge patch, read strictly.
//!
//! *Standards*: RFC 7396 (merge patch), RFC 5789 (PATCH), RFC 9110 13.1.1 (`If-Match`).

use std::collections::BTreeSet;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::HeaderMap;
use guichet_accounts::{PersonId, Scope, TeamId};
use guichet_desk::{CompanyId, ContactId, TicketChange};
use guichet_web::{Fault, Kind, Problem, body};
use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::Versioned;
use super::merge::expected;
use super::shape::{self, Ticket};
use crate::caller::Caller;
use crate::failure::Failure;
use crate::openapi::{Patched, Stored};
use crate::path::Number;
use crate::state::Api;

/// What shall change; what is left out stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(
    dead_code,
    reason = "it is documentation: the members are read one by one, to name each that is wrong"
)]
pub(crate) struct TicketPatch {
    /// Where it shall stand.
    #[schema(required = false, schema_with = shape::states)]
    state: String,
    /// The number of a team; null takes it from all teams.
    #[schema(example = 3)]
    team: Option<u64>,
    /// The number of a person; null takes it from everybody.
    #[schema(example = 2)]
    assignee: Option<u64>,
    /// How urgent it shall be.
    #[schema(required = false, schema_with = shape::priorities)]
    priority: String,
    /// All tags that it shall have; null is none.
    #[schema(example = json!(["billing"]))]
    tags: Option<Vec<String>>,
    /// Its subject.
    #[schema(required = false, example = "Invoice 7 is wrong")]
    subject: String,
    /// Whether somebody should look; `false` says that somebody did.
    #[schema(required = false, example = false)]
    attention: bool,
    /// The number of the contact whose it is; null leaves it nobody's.
    #[schema(example = 12)]
    requester: Option<u64>,
    /// The number of the company that it is linked to; null leaves it to the requester's.
    #[schema(example = 3)]
    company: Option<u64>,
}

const MEMBERS: &str = "state, team, assignee, priority, tags, subject, attention, requester, company";

/// Change a ticket
///
/// With `If-Match`, only if it is still the version that you read.
#[utoipa::path(
    patch,
    path = "/api/v1/tickets/{number}",
    tag = "tickets",
    operation_id = "change_ticket",
    params(
        ("number" = u64, Path, description = "The ticket's number", example = 1042),
        ("If-Match" = Option<String>, Header, description = "The `ETag` of the version that you read", example = "\"17\""),
    ),
    request_body(
        description = "A JSON merge patch (RFC 7396)",
        content(
            (TicketPatch = "application/merge-patch+json", example = json!({"state": "open", "assignee": 2})),
            (TicketPatch = "application/json", example = json!({"state": "open", "assignee": 2})),
        ),
    ),
    responses(
        (status = 200, description = "The ticket as it is now", body = Ticket,
            headers(("ETag" = String, description = "Its new version"))),
        Patched,
        Stored,
    ),
    security(("token" = ["tickets:write"])),
)]
pub(crate) async fn change(
    caller: Caller,
    State(api): State<Api>,
    number: Number,
    headers: HeaderMap,
    request: Request,
) -> Result<Versioned, Failure> {
    let actor = caller.may(Scope::TicketsWrite)?;
    let (desk, number) = (&api.wiring.desk, number.of("ticket")?);
    let expected = expected(&api, actor, number, &headers)?;
    let wait = Duration::from_secs(api.wiring.limits.body_secs_max);
    let change = read(&body::merge_patch(request, wait).await?)?;
    let ticket = desk.change_ticket(actor, number, &change, expected, api.wiring.clock.now()).await?;
    Versioned::read(desk, actor, ticket)
}

fn read(patch: &Map<String, Value>) -> Result<TicketChange, Problem> {
    let mut change = TicketChange::default();
    let mut faults = Vec::new();
    for (name, value) in patch {
        if let Err(why) = set(&mut change, name, value) {
            faults.push(Fault::of_member(name, why));
        }
    }
    if faults.is_empty() { Ok(change) } else { Err(Problem::of_faults(Kind::UnprocessableContent, faults)) }
}

fn set(change: &mut TicketChange, name: &str, value: &Value) -> Result<(), String> {
    match name {
        "state" => change.state = Some(shape::state(text(value)?)?),
        "team" => change.team = Some(number(value)?.map(TeamId)),
        "assignee" => change.assignee = Some(number(value)?.map(PersonId)),
        "priority" => change.priority = Some(shape::priority(text(value)?)?),
        "tags" => change.tags = Some(tags(value)?),
        "attention" => change.attention = Some(value.as_bool().ok_or("true or false is needed")?),
        "requester" => change.requester = Some(number(value)?.map(ContactId)),
        "company" => change.company = Some(number(value)?.map(CompanyId)),
        "subject" => change.subject = Some(text(value)?.to_owned()),
        _ => return Err(format!("there is nothing of this name to change; there is {MEMBERS}")),
    }
    Ok(())
}

fn text(value: &Value) -> Result<&str, String> {
    value.as_str().ok_or_else(|| "a text is needed".to_owned())
}

fn number(value: &Value) -> Result<Option<u64>, String> {
    match value {
        Value::Null => Ok(None),
        value => value.as_u64().map(Some).ok_or_else(|| "a number or null is needed".to_owned()),
    }
}

fn tags(value: &Value) -> Result<BTreeSet<String>, String> {
    match value {
        Value::Null => Ok(BTreeSet::new()),
        Value::Array(tags) => tags.iter().map(|tag| text(tag).map(str::to_owned)).collect(),
        _ => Err("a list of texts or null is needed".to_owned()),
    }
}
