//! `/channels`: the addresses through which mail comes in and goes out, and their change.
//!
//! *Standards*: RFC 7396 (merge patch).

use std::time::Duration;

use axum::Json;
use axum::extract::{Request, State};
use guichet_accounts::{Actor, ChannelChange, ChannelId, Domain, Scope, Sight, TeamId};
use guichet_mail::MailAddress;
use guichet_web::{Fault, Kind, Page, Parameters, Problem, body, members};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::page;
use crate::caller::Caller;
use crate::failure::Failure;
use crate::mailbox;
use crate::openapi::{Paged, Posted, Stored};
use crate::path::Number;
use crate::state::Api;

/// Further addresses that a request may name; how many a channel may have, accounts decides.
const ALIASES_MAX: usize = 1_000;

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
    /// What somebody who begins a ticket is told at once; null is nothing.
    #[schema(required)]
    auto_reply: Option<AutoReply>,
    /// Whether mail comes in and goes out.
    #[schema(example = true)]
    active: bool,
}

/// An automatic first answer.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AutoReply {
    /// Its subject; null is `We have received your message`.
    #[schema(required, example = "We have your mail")]
    subject: Option<String>,
    /// Its text, plain.
    #[schema(example = "Thank you. We answer within a day.")]
    text: String,
}

impl From<guichet_accounts::AutoReply> for AutoReply {
    fn from(reply: guichet_accounts::AutoReply) -> Self {
        Self { subject: reply.subject, text: reply.text }
    }
}

impl From<guichet_accounts::Channel> for Channel {
    fn from(channel: guichet_accounts::Channel) -> Self {
        Self {
            active: channel.is_active(),
            id: channel.id.0,
            address: channel.address.to_string(),
            name: channel.name,
            team: channel.team.map(|team| team.0),
            aliases: channel.aliases.iter().map(ToString::to_string).collect(),
            auto_reply: channel.auto_reply.map(Into::into),
        }
    }
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

/// What shall change; what is left out stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(
    dead_code,
    reason = "it is documentation: the members are read one by one, to name each that is wrong"
)]
pub(crate) struct ChannelPatch {
    /// Its name as customers see it.
    #[schema(required = false, example = "Support")]
    name: String,
    /// What somebody who begins a ticket is told at once; null is nothing.
    auto_reply: Option<AutoReplyPatch>,
    /// The team whose tickets its mail becomes; null is none.
    #[schema(example = 3)]
    team: Option<u64>,
    /// Whether mail comes in and goes out.
    #[schema(required = false, example = true)]
    active: bool,
    /// All further addresses that shall lead here; those left out are given up.
    #[schema(required = false, example = json!(["help@demo.desk.example"]))]
    aliases: Vec<String>,
}

/// An automatic first answer, as a whole.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "it is documentation")]
pub(crate) struct AutoReplyPatch {
    /// Its subject; null, or without it, `We have received your message`.
    #[schema(example = "We have your mail")]
    subject: Option<String>,
    /// Its text, plain.
    #[schema(example = "Thank you. We answer within a day.")]
    text: String,
}

/// Change a channel
///
/// Only admins do.
#[utoipa::path(
    patch,
    path = "/api/v1/channels/{id}",
    tag = "settings",
    operation_id = "change_channel",
    params(("id" = u64, Path, description = "The channel's number", example = 1)),
    request_body(
        description = "A JSON merge patch (RFC 7396)",
        content(
            (ChannelPatch = "application/merge-patch+json", example = json!({"auto_reply": {"subject": "We have your mail", "text": "Thank you. We answer within a day."}})),
            (ChannelPatch = "application/json", example = json!({"auto_reply": null})),
        ),
    ),
    responses((status = 200, description = "The channel as it is now", body = Channel), Posted, Stored),
    security(("token" = ["settings:write"])),
)]
pub(crate) async fn change(
    caller: Caller,
    State(api): State<Api>,
    id: Number,
    request: Request,
) -> Result<Json<Channel>, Failure> {
    let actor = caller.may(Scope::SettingsWrite)?;
    let id = ChannelId(id.of("channel")?);
    api.accounts().channel(actor.organisation, id)?;
    only_admins(actor)?;
    let wait = Duration::from_secs(api.wiring.limits.body_secs_max);
    let patch = body::merge_patch(request, wait).await?;
    let change = read(&patch, &api.accounts().domains(actor.organisation)?)?;
    Ok(Json(caller.accounts(&api).change_channel(actor.organisation, id, change).await?.into()))
}

fn only_admins(actor: &Actor) -> Result<(), Problem> {
    match actor.sight {
        Sight::All => Ok(()),
        Sight::Teams(_) => Err(Problem::new(Kind::Forbidden, "only admins change how a channel is set up")),
    }
}

fn read(patch: &Map<String, Value>, ours: &[Domain]) -> Result<ChannelChange, Problem> {
    let mut change = ChannelChange::default();
    let mut faults = Vec::new();
    for (name, value) in patch {
        if let Err(why) = set(&mut change, name, value, ours) {
            faults.push(Fault::of_member(name, why));
        }
    }
    if faults.is_empty() { Ok(change) } else { Err(Problem::of_faults(Kind::UnprocessableContent, faults)) }
}

fn set(change: &mut ChannelChange, name: &str, value: &Value, ours: &[Domain]) -> Result<(), String> {
    match name {
        "name" => change.name = Some(value.as_str().ok_or("a text is needed")?.to_owned()),
        "auto_reply" => change.auto_reply = Some(auto_reply(value)?),
        "team" if value.is_null() => change.team = Some(None),
        "team" => change.team = Some(Some(TeamId(members::number(value)?))),
        "active" => change.active = Some(members::flag(value)?),
        "aliases" => change.aliases = Some(members::list(ALIASES_MAX, |value| address(value, ours))(value)?),
        _ => {
            return Err(
                "there is nothing of this name to change; there is name, auto_reply, team, active, aliases"
                    .to_owned(),
            );
        }
    }
    Ok(())
}

/// An address that the organisation may have: on one of its domains.
pub(super) fn address(value: &Value, ours: &[Domain]) -> Result<MailAddress, String> {
    let address = mailbox::address(&members::text(value)?)?;
    let domain = address.domain();
    if ours.iter().any(|known| known.name == *domain) {
        return Ok(address);
    }
    Err(format!("`{domain}` is no domain of this organisation: add it first (`POST /api/v1/domains`)"))
}

fn auto_reply(value: &Value) -> Result<Option<guichet_accounts::AutoReply>, String> {
    let members = match value {
        Value::Null => return Ok(None),
        Value::Object(members) => members,
        _ => return Err("an object of `subject` and `text`, or null, is needed".to_owned()),
    };
    if members.keys().any(|name| !["subject", "text"].contains(&name.as_str())) {
        return Err("it has no members but subject and text".to_owned());
    }
    let subject = match members.get("subject") {
        None | Some(Value::Null) => None,
        Some(subject) => Some(subject.as_str().ok_or("its subject must be a text or null")?.to_owned()),
    };
    let text = members.get("text").and_then(Value::as_str).ok_or("its text must be a text")?.to_owned();
    Ok(Some(guichet_accounts::AutoReply { subject, text }))
}
