//! `/channels/{id}/forwards`: addresses elsewhere that forward to a channel, and whether they do.

use std::time::Duration;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use guichet_accounts::{ChannelId, Scope};
use guichet_desk::{ForwardId, ForwardState, Returned, StoredForward};
use guichet_web::{Members, Page, Parameters, body, members};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::caller::Caller;
use crate::failure::Failure;
use crate::mailbox;
use crate::openapi::{Paged, Posted, Refused, Stored};
use crate::path::{Name, Number};
use crate::settings::page;
use crate::state::Api;

/// An address whose mail is to come to a channel.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Forward {
    /// Its number, 13 letters and digits.
    #[schema(example = "agnhy6kqaaaaa")]
    id: String,
    /// To which channel.
    #[schema(example = 1)]
    channel: u64,
    /// From which address.
    #[schema(example = "shop@gmail.example")]
    address: String,
    /// How it stands: `waiting`, `verified`, `failed`.
    #[schema(example = "verified")]
    state: &'static str,
    /// Of one that failed, why, and what to do.
    #[schema(required, example = "the probe did not come back within an hour")]
    why: Option<String>,
    /// When it was entered.
    #[schema(example = "2026-03-01T09:30:00Z")]
    created: Timestamp,
    /// When the latest probe was sent.
    #[schema(example = "2026-03-01T09:30:00Z")]
    probed: Timestamp,
    /// The delivery that the latest probe is.
    #[schema(example = "agnhy6kqaaaab")]
    delivery: String,
    /// What the latest probe that came back found out.
    #[schema(required)]
    report: Option<Report>,
}

/// What the way does to the proofs of a mail, in words.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Report {
    /// When the probe came back.
    #[schema(example = "2026-03-01T09:30:40Z")]
    returned: Timestamp,
    /// Whether SPF holds.
    #[schema(example = "SPF breaks (fail): the forwarder's server stands in no record of the author's.")]
    spf: String,
    /// Whether our signature survives.
    #[schema(example = "DKIM survives: the signature is still good after the way.")]
    dkim: String,
    /// Whether DMARC passes, and by what.
    #[schema(example = "DMARC passes, by DKIM alone.")]
    dmarc: String,
    /// Whether the forwarder vouches for what it saw.
    #[schema(example = "ARC: the forwarder adds no chain.")]
    arc: String,
    /// What that means, and what to do.
    #[schema(example = "Nothing to do.")]
    advice: String,
    /// Mail of senders with a strict DMARC policy comes through.
    #[schema(example = true)]
    carries_strict_senders: bool,
}

impl From<&Returned> for Report {
    fn from(returned: &Returned) -> Self {
        let report = returned.report();
        Self {
            returned: returned.at,
            spf: report.spf,
            dkim: report.dkim,
            dmarc: report.dmarc,
            arc: report.arc,
            advice: report.advice,
            carries_strict_senders: report.carries_strict_senders,
        }
    }
}

impl From<StoredForward> for Forward {
    fn from(stored: StoredForward) -> Self {
        let record = stored.record;
        Self {
            id: stored.id.to_string(),
            channel: record.channel.0,
            address: record.address.to_string(),
            state: stored.state.as_str(),
            why: match stored.state {
                ForwardState::Failed(why) => Some(why),
                ForwardState::Waiting | ForwardState::Verified => None,
            },
            created: record.created,
            probed: record.probe.at,
            delivery: record.probe.delivery.to_string(),
            report: record.returned.as_ref().map(Into::into),
        }
    }
}

/// List the forwards of a channel, the oldest first
///
/// Admins see them; for agents there are none.
#[utoipa::path(
    get,
    path = "/api/v1/channels/{id}/forwards",
    tag = "settings",
    operation_id = "list_forwards",
    params(("id" = u64, Path, description = "The channel's number", example = 1), Paged),
    responses((status = 200, description = "A page of forwards", body = Page<Forward>)),
    security(("token" = ["settings:read"])),
)]
pub(crate) async fn list(
    caller: Caller,
    State(api): State<Api>,
    id: Number,
    parameters: Parameters,
) -> Result<Page<Forward>, Failure> {
    let actor = caller.may(Scope::SettingsRead)?;
    let channel = ChannelId(id.of("channel")?);
    let all = api.wiring.desk.forwards(actor, channel, caller.at())?;
    page(&parameters, b'R', all, |forward| forward.id.0.to_be_bytes().to_vec())
}

/// A forward to be entered.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(
    dead_code,
    reason = "it is documentation: the members are read one by one, to name each that is wrong"
)]
pub(crate) struct NewForward {
    /// The address that forwards, or will.
    #[schema(example = "shop@gmail.example")]
    address: String,
}

/// Enter a forward
///
/// A probe goes to the address at once: it is verified when it comes back through the channel. Probes to one address are
/// few in an hour. An address that is there already is probed again.
#[utoipa::path(
    post,
    path = "/api/v1/channels/{id}/forwards",
    tag = "settings",
    operation_id = "add_forward",
    params(("id" = u64, Path, description = "The channel's number", example = 1)),
    request_body(
        description = "Which address",
        content((NewForward = "application/json", example = json!({"address": "shop@gmail.example"}))),
    ),
    responses((status = 201, description = "A probe is on its way", body = Forward), Posted, Stored),
    security(("token" = ["settings:write"])),
)]
pub(crate) async fn add(
    caller: Caller,
    State(api): State<Api>,
    id: Number,
    request: Request,
) -> Result<(StatusCode, Json<Forward>), Failure> {
    let actor = caller.may(Scope::SettingsWrite)?;
    let channel = ChannelId(id.of("channel")?);
    // Before the body is looked at: what it says is no matter where there is no such channel.
    api.wiring.desk.forwards(actor, channel, caller.at())?;
    let wait = Duration::from_secs(api.wiring.limits.body_secs_max);
    let mut members = Members::of(body::json(request, wait).await?);
    let address = members.require("address", |value| mailbox::address(&members::text(value)?));
    members.finish()?;
    // `finish` has refused a body without one.
    let address = address.ok_or_else(|| Failure::not_found("address"))?;
    let forward = api.wiring.desk.add_forward(actor, channel, &address, caller.at()).await?;
    Ok((StatusCode::CREATED, Json(forward.into())))
}

/// Probe a forward again
#[utoipa::path(
    post,
    path = "/api/v1/channels/{id}/forwards/{forward}/probe",
    tag = "settings",
    operation_id = "probe_forward",
    params(
        ("id" = u64, Path, description = "The channel's number", example = 1),
        ("forward" = String, Path, description = "The forward's number", example = "agnhy6kqaaaaa"),
    ),
    responses((status = 200, description = "A probe is on its way", body = Forward), Refused, Stored),
    security(("token" = ["settings:write"])),
)]
pub(crate) async fn probe(
    caller: Caller,
    State(api): State<Api>,
    id: Number,
    forward: Name,
) -> Result<Json<Forward>, Failure> {
    let actor = caller.may(Scope::SettingsWrite)?;
    let forward = api.wiring.desk.probe_forward(actor, named(&id, &forward)?, caller.at()).await?;
    Ok(Json(forward.into()))
}

/// Remove a forward
///
/// What the address forwards still comes in.
#[utoipa::path(
    delete,
    path = "/api/v1/channels/{id}/forwards/{forward}",
    tag = "settings",
    operation_id = "delete_forward",
    params(
        ("id" = u64, Path, description = "The channel's number", example = 1),
        ("forward" = String, Path, description = "The forward's number", example = "agnhy6kqaaaaa"),
    ),
    responses((status = 204, description = "It is forgotten"), Stored),
    security(("token" = ["settings:write"])),
)]
pub(crate) async fn delete(
    caller: Caller,
    State(api): State<Api>,
    id: Number,
    forward: Name,
) -> Result<StatusCode, Failure> {
    let actor = caller.may(Scope::SettingsWrite)?;
    api.wiring.desk.delete_forward(actor, named(&id, &forward)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The channel and the forward in a path.
fn named(channel: &Number, forward: &Name) -> Result<(ChannelId, ForwardId), Failure> {
    let absent = |_| Failure::not_found("forward");
    Ok((ChannelId(channel.of("forward")?), forward.of("forward")?.parse().map_err(absent)?))
}
