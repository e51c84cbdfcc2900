//! `/channels`, made and deleted.

use std::time::Duration;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::{HeaderName, LOCATION};
use guichet_accounts::{ChannelId, Domain, NewChannel, Scope, TeamId};
use guichet_web::{Members, body, members};
use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::channels::{self, Channel};
use crate::caller::Caller;
use crate::failure::Failure;
use crate::openapi::{Posted, Refused, Stored};
use crate::path::Number;
use crate::state::Api;

/// A channel to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(
    dead_code,
    reason = "it is documentation: the members are read one by one, to name each that is wrong"
)]
pub(crate) struct ToCreate {
    /// Its address, on a domain of the organisation that is proven.
    #[schema(example = "sales@acme.example")]
    address: String,
    /// Its name as customers see it; the address if not given.
    #[schema(required = false, example = "Sales")]
    name: String,
    /// The team whose tickets its mail becomes.
    #[schema(required = false, example = 3)]
    team: u64,
}

/// Make a channel
///
/// Its address takes mail at once, if the domain's MX is this server.
#[utoipa::path(
    post,
    path = "/api/v1/channels",
    tag = "settings",
    operation_id = "create_channel",
    request_body(
        description = "Its address",
        content((ToCreate = "application/json", example = json!({"address": "sales@acme.example", "name": "Sales"}))),
    ),
    responses(
        (status = 201, description = "It is made", body = Channel,
            headers(("Location" = String, description = "Where it is read"))),
        Posted,
        Stored,
    ),
    security(("token" = ["settings:write"])),
)]
pub(crate) async fn create(
    caller: Caller,
    State(api): State<Api>,
    request: Request,
) -> Result<(StatusCode, [(HeaderName, String); 1], Json<Channel>), Failure> {
    let actor = caller.may(Scope::SettingsWrite)?;
    let wait = Duration::from_secs(api.wiring.limits.body_secs_max);
    let body = body::json(request, wait).await?;
    let new = read(body, &api.accounts().domains(actor.organisation)?)?;
    let made = caller.accounts(&api).create_channel(actor.organisation, new).await?;
    let location = (LOCATION, format!("/api/v1/channels/{}", made.id));
    Ok((StatusCode::CREATED, [location], Json(made.into())))
}

fn read(body: Map<String, Value>, ours: &[Domain]) -> Result<NewChannel, Failure> {
    let mut members = Members::of(body);
    let address = members.require("address", |value| channels::address(value, ours));
    let name = members.read("name", members::text);
    let team = members.read("team", members::number).map(TeamId);
    members.finish()?;
    // `finish` has refused a body without one.
    let address = address.ok_or_else(|| Failure::not_found("address"))?;
    Ok(NewChannel { name: name.unwrap_or_else(|| address.to_string()), address, team })
}

/// Delete a channel
///
/// Switch it off first (`active`). Its addresses are free again; its tickets stay, and answers to them leave through
/// another channel. A channel that is only switched off keeps its addresses.
#[utoipa::path(
    delete,
    path = "/api/v1/channels/{id}",
    tag = "settings",
    operation_id = "delete_channel",
    params(("id" = u64, Path, description = "The channel's number", example = 1)),
    responses((status = 204, description = "It is gone"), Refused, Stored),
    security(("token" = ["settings:write"])),
)]
pub(crate) async fn delete(
    caller: Caller,
    State(api): State<Api>,
    id: Number,
) -> Result<StatusCode, Failure> {
    let actor = caller.may(Scope::SettingsWrite)?;
    let id = ChannelId(id.of("channel")?);
    caller.accounts(&api).delete_channel(actor.organisation, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
