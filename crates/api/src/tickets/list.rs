//! `GET /tickets`: by what it is filtered and ordered.

use axum::extract::State;
use guichet_accounts::{Actor, ChannelId, PersonId, Scope, TeamId, Who};
use guichet_desk::{
    Assignee, CompanyId, ContactId, Order, SortKey, State as Stage, TicketFilter, TicketQuery,
};
use guichet_web::parameters::refused;
use guichet_web::{Page, Paging, Parameters, Problem};
use utoipa::openapi::schema::Object;

use super::shape::{self, Ticket};
use crate::caller::Caller;
use crate::failure::Failure;
use crate::openapi::{Paged, words};
use crate::state::Api;

const ALLOWED: [&str; 17] = [
    "state",
    "team",
    "assignee",
    "requester",
    "company",
    "tag",
    "priority",
    "channel",
    "attention",
    "watching",
    "starred",
    "unread",
    "snoozed",
    "drafted",
    "sort",
    "limit",
    "cursor",
];

/// By what the list is filtered: whatever is given must hold.
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "it is documentation: the parameters are read one by one")]
pub(crate) struct Filters {
    #[param(required = false, schema_with = states)]
    state: Option<String>,
    /// Of the team with this number; `none`: of no team.
    #[param(example = "3")]
    team: Option<String>,
    /// Of the person with this number; `none`: of nobody; `me`: of the token's person.
    #[param(example = "me")]
    assignee: Option<String>,
    /// Of the contact with this number.
    #[param(example = 12)]
    requester: Option<u64>,
    /// Of the company with this number: linked to it, or of one of its contacts.
    #[param(example = 3)]
    company: Option<u64>,
    /// With this tag.
    #[param(example = "billing")]
    tag: Option<String>,
    #[param(required = false, schema_with = shape::priorities)]
    priority: Option<String>,
    /// Through the channel with this number.
    #[param(example = 1)]
    channel: Option<u64>,
    /// `true`: those that somebody should look at, of all states; `false`: the others.
    #[param(example = true)]
    attention: Option<bool>,
    /// `true`: those that you watch; `false`: the others.
    #[param(example = true)]
    watching: Option<bool>,
    /// `true`: those that you starred; `false`: the others.
    #[param(example = true)]
    starred: Option<bool>,
    /// `true`: those with a message that you have not read; `false`: the others.
    #[param(example = true)]
    unread: Option<bool>,
    /// `true`: those that are snoozed. Without it, and with `false`: the others.
    #[param(example = true)]
    snoozed: Option<bool>,
    /// `true`: those in which you have a draft; `false`: the others.
    #[param(example = true)]
    drafted: Option<bool>,
    #[param(required = false, schema_with = sorts)]
    sort: Option<String>,
}

const SORTS: [(&str, SortKey, Order); 4] = [
    ("updated", SortKey::Updated, Order::Ascending),
    ("-updated", SortKey::Updated, Order::Descending),
    ("created", SortKey::Created, Order::Ascending),
    ("-created", SortKey::Created, Order::Descending),
];

fn states() -> Object {
    words("In this state. Without it: in all but spam and trash.", Stage::ALL.map(Stage::as_str))
}

pub(crate) fn sorts() -> Object {
    words(
        "By what the list is ordered; a minus is the newest first. Without it: `-updated`.",
        SORTS.map(|(word, ..)| word),
    )
}

/// List tickets
#[utoipa::path(
    get,
    path = "/api/v1/tickets",
    tag = "tickets",
    operation_id = "list_tickets",
    params(Filters, Paged),
    responses((status = 200, description = "A page of tickets", body = Page<Ticket>)),
    security(("token" = ["tickets:read"])),
)]
pub(crate) async fn list(
    caller: Caller,
    State(api): State<Api>,
    parameters: Parameters,
) -> Result<Page<Ticket>, Failure> {
    let actor = caller.may(Scope::TicketsRead)?;
    parameters.only(&ALLOWED)?;
    let (sort, order) = sort(&parameters)?;
    let list = match sort {
        SortKey::Updated => b'u',
        SortKey::Created => b'n',
    };
    let paging = Paging::read(&parameters, list)?;
    let filter = filter(&parameters, actor)?;
    let cursor = paging.after_number()?;
    let query = TicketQuery { filter, sort, order, cursor, limit: paging.limit };
    let found = api.wiring.desk.tickets(actor, &query)?;
    Ok(paging.page(Ticket::read_all(&api.wiring.desk, actor, found.items)?, found.next))
}

fn sort(parameters: &Parameters) -> Result<(SortKey, Order), Problem> {
    sort_of(parameters.get("sort").unwrap_or("-updated")).map_err(|why| refused("sort", why))
}

/// The order of this word, or what would be one.
pub(crate) fn sort_of(word: &str) -> Result<(SortKey, Order), String> {
    let found = SORTS.into_iter().find(|(known, ..)| *known == word);
    let (_, key, order) =
        found.ok_or_else(|| format!("`{word}` is none of {}", SORTS.map(|(word, ..)| word).join(", ")))?;
    Ok((key, order))
}

/// The word for an order.
pub(crate) fn sort_word(sort: SortKey, order: Order) -> &'static str {
    SORTS
        .into_iter()
        .find(|(_, key, way)| (*key, *way) == (sort, order))
        .map_or("-updated", |(word, ..)| word)
}

fn filter(parameters: &Parameters, actor: &Actor) -> Result<TicketFilter, Problem> {
    let state = parameters.get("state").map(shape::state).transpose();
    let priority = parameters.get("priority").map(shape::priority).transpose();
    let is_person = matches!(actor.who, Who::Person(_));
    let team = parameters.read("team", "number of a team, nor `none`", |text| match text {
        "none" => Some(None),
        number => number.parse().ok().map(|number| Some(TeamId(number))),
    })?;
    let assignee =
        parameters.read("assignee", "number of a person, nor `none`, nor `me`", |text| match text {
            "none" => Some(Assignee::Nobody),
            "me" => is_person.then_some(Assignee::Me),
            number => number.parse().ok().map(|number| Assignee::Person(PersonId(number))),
        })?;
    let flag = |name| parameters.read(name, "`true` and no `false`", |text| text.parse().ok());
    Ok(TicketFilter {
        starred: flag("starred")?,
        unread: flag("unread")?,
        snoozed: flag("snoozed")?,
        drafted: flag("drafted")?,
        states: state.map_err(|why| refused("state", why))?.into_iter().collect(),
        teams: team.into_iter().collect(),
        assignees: assignee.into_iter().collect(),
        requester: parameters
            .read("requester", "number of a contact", |text| text.parse().ok().map(ContactId))?,
        company: parameters
            .read("company", "number of a company", |text| text.parse().ok().map(CompanyId))?,
        priorities: priority.map_err(|why| refused("priority", why))?.into_iter().collect(),
        channel: parameters
            .read("channel", "number of a channel", |text| text.parse().ok().map(ChannelId))?,
        watching: parameters.read("watching", "`true` and no `false`", |text| text.parse().ok())?,
        tags: parameters.get("tag").map(str::to_owned).into_iter().collect(),
        attention: parameters.read("attention", "`true` and no `false`", |text| text.parse().ok())?,
        ..TicketFilter::default()
    })
}
