//! Which tickets a view shows, as JSON: an object of which everything that is given must hold.

use guichet_accounts::{ChannelId, PersonId, TeamId};
use guichet_desk::{Assignee, CompanyId, ContactId, TicketFilter};
use guichet_web::{Members, members};
use serde::Serialize;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;
use utoipa::openapi::schema::{Array, ArrayBuilder, ObjectBuilder, OneOfBuilder, Type};

use crate::tickets::shape;

/// How many values of one kind are read; the desk allows no more.
const VALUES_MAX: usize = 50;

/// Which tickets: everything that is given must hold, of several values of one kind any.
#[derive(Debug, Default, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Filter {
    /// In one of these states; without any in all but spam and trash.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false, example = json!(["new", "open"]))]
    states: Vec<&'static str>,
    /// Of one of these teams; `none` is of no team.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false, schema_with = teams)]
    teams: Vec<Value>,
    /// Of one of these people; `none` is of nobody, `me` of whoever looks.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false, schema_with = assignees)]
    assignees: Vec<Value>,
    /// Of the contact with this number.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, nullable = false, example = 12)]
    requester: Option<u64>,
    /// Of the company with this number: linked to it, or of one of its contacts.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, nullable = false, example = 3)]
    company: Option<u64>,
    /// With one of these tags.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false, example = json!(["billing"]))]
    tags: Vec<String>,
    /// Of one of these priorities.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false, example = json!(["urgent"]))]
    priorities: Vec<&'static str>,
    /// Through the channel with this number.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, nullable = false, example = 1)]
    channel: Option<u64>,
    /// Whether somebody should look.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, nullable = false, example = true)]
    attention: Option<bool>,
    /// Whether whoever looks watches it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, nullable = false, example = true)]
    watching: Option<bool>,
    /// Whether whoever looks has starred it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, nullable = false, example = true)]
    starred: Option<bool>,
    /// Whether it has messages that whoever looks has not read.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, nullable = false, example = true)]
    unread: Option<bool>,
    /// Whether it is snoozed; without it those that are not.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, nullable = false, example = false)]
    snoozed: Option<bool>,
    /// Whether whoever looks wrote a mail in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, nullable = false, example = true)]
    sent: Option<bool>,
    /// Whether whoever looks has a draft in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, nullable = false, example = true)]
    drafted: Option<bool>,
}

fn teams() -> Array {
    numbers_or("Of one of these teams; `none` is of none.", ["none"])
}

fn assignees() -> Array {
    numbers_or("Of one of these people; `none` is of nobody, `me` of whoever looks.", ["none", "me"])
}

/// Values that are numbers, or one of these words.
fn numbers_or<const N: usize>(description: &str, named: [&'static str; N]) -> Array {
    let word = ObjectBuilder::new().schema_type(Type::String).enum_values(Some(named));
    let number = ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(1));
    let one = OneOfBuilder::new().item(number).item(word);
    ArrayBuilder::new().items(one).description(Some(description)).examples([json!(["none", 3])]).build()
}

impl From<TicketFilter> for Filter {
    fn from(filter: TicketFilter) -> Self {
        let team = |team: Option<TeamId>| team.map_or(json!("none"), |team| json!(team.0));
        let assignee = |assignee| match assignee {
            Assignee::Me => json!("me"),
            Assignee::Nobody => json!("none"),
            Assignee::Person(person) => json!(person.0),
        };
        Self {
            states: filter.states.into_iter().map(guichet_desk::State::as_str).collect(),
            teams: filter.teams.into_iter().map(team).collect(),
            assignees: filter.assignees.into_iter().map(assignee).collect(),
            requester: filter.requester.map(|contact| contact.0),
            company: filter.company.map(|company| company.0),
            tags: filter.tags,
            priorities: filter.priorities.into_iter().map(guichet_desk::Priority::as_str).collect(),
            channel: filter.channel.map(|channel| channel.0),
            attention: filter.attention,
            watching: filter.watching,
            starred: filter.starred,
            unread: filter.unread,
            snoozed: filter.snoozed,
            sent: filter.sent,
            drafted: filter.drafted,
        }
    }
}

/// Reads a filter; else what is wrong with it.
pub(super) fn read(value: &Value) -> Result<TicketFilter, String> {
    let filter: &Map<String, Value> = value.as_object().ok_or("an object is needed")?;
    let mut members = Members::of(filter.clone());
    let flag = |members: &mut Members, name| members.read(name, members::flag);
    let read = TicketFilter {
        states: members
            .read("states", members::list(VALUES_MAX, |one| shape::state(&members::text(one)?)))
            .unwrap_or_default(),
        teams: members.read("teams", members::list(VALUES_MAX, team)).unwrap_or_default(),
        assignees: members.read("assignees", members::list(VALUES_MAX, assignee)).unwrap_or_default(),
        requester: members.read("requester", members::number).map(ContactId),
        company: members.read("company", members::number).map(CompanyId),
        tags: members.read("tags", members::list(VALUES_MAX, members::text)).unwrap_or_default(),
        priorities: members
            .read("priorities", members::list(VALUES_MAX, |one| shape::priority(&members::text(one)?)))
            .unwrap_or_default(),
        channel: members.read("channel", members::number).map(ChannelId),
        attention: flag(&mut members, "attention"),
        watching: flag(&mut members, "watching"),
        starred: flag(&mut members, "starred"),
        unread: flag(&mut members, "unread"),
        snoozed: flag(&mut members, "snoozed"),
        sent: flag(&mut members, "sent"),
        drafted: flag(&mut members, "drafted"),
    };
    members.finish_within().map(|()| read)
}

fn team(value: &Value) -> Result<Option<TeamId>, String> {
    match value.as_str() {
        Some("none") => Ok(None),
        _ => value
            .as_u64()
            .map(TeamId)
            .map(Some)
            .ok_or_else(|| "the number of a team, or `none`, is needed".to_owned()),
    }
}

fn assignee(value: &Value) -> Result<Assignee, String> {
    match (value.as_str(), value.as_u64()) {
        (Some("me"), _) => Ok(Assignee::Me),
        (Some("none"), _) => Ok(Assignee::Nobody),
        (_, Some(number)) => Ok(Assignee::Person(PersonId(number))),
        _ => Err("the number of a person, `me` or `none` is needed".to_owned()),
    }
}
