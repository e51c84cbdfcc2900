//! `/suppressions`: addresses to which nothing is sent.

use std::time::Duration;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::{HeaderName, LOCATION};
use guichet_accounts::{Scope, Who};
use guichet_desk::NewSuppression;
use guichet_mail::MailAddress;
use guichet_web::{Members, Page, Paging, Parameters, body, members};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::caller::Caller;
use crate::failure::Failure;
use crate::openapi::{Paged, Posted, Stored};
use crate::path::Name;
use crate::state::Api;
use crate::{mailbox, places};

/// An address to which nothing is sent.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Suppression {
    /// The address.
    #[schema(example = "gone@customer.example")]
    address: String,
    /// Why.
    #[schema(example = "550 5.1.1 no such user")]
    reason: String,
    /// The person who put it there; null after a bounce.
    #[schema(required, example = 2)]
    person: Option<u64>,
    /// The delivery that bounced; null where a person put it there.
    #[schema(required, example = "agnhy6kqaaaaa")]
    delivery: Option<String>,
    /// Since when.
    #[schema(example = "2026-03-01T09:30:00Z")]
    created: Timestamp,
    /// Until when; null is for ever.
    #[schema(required, example = "2026-04-01T09:30:00Z")]
    expires: Option<Timestamp>,
}

impl From<guichet_desk::Suppression> for Suppression {
    fn from(entry: guichet_desk::Suppression) -> Self {
        let person = match entry.who {
            Who::Person(person) => Some(person.0),
            Who::System | Who::Operator => None,
        };
        Self {
            address: entry.address.to_string(),
            reason: entry.reason,
            person,
            delivery: entry.delivery.map(|delivery| delivery.to_string()),
            created: entry.created,
            expires: entry.expires,
        }
    }
}

/// List suppressed addresses, by the alphabet
///
/// Admins see all, agents those that bounced a delivery of a ticket that they see.
#[utoipa::path(
    get,
    path = "/api/v1/suppressions",
    tag = "deliveries",
    operation_id = "list_suppressions",
    params(Paged),
    responses((status = 200, description = "A page of addresses", body = Page<Suppression>)),
    security(("token" = ["deliveries:read"])),
)]
pub(crate) async fn list(
    caller: Caller,
    State(api): State<Api>,
    parameters: Parameters,
) -> Result<Page<Suppression>, Failure> {
    let actor = caller.may(Scope::DeliveriesRead)?;
    parameters.only(&["limit", "cursor"])?;
    let paging = Paging::read(&parameters, b'x')?;
    let (after, now) = (places::after(&api, actor, &paging)?, api.wiring.clock.now());
    let found = api.wiring.desk.suppressions(actor, after.as_deref(), paging.limit, now)?;
    let items = found.items.into_iter().map(Into::into).collect();
    Ok(places::page(&api, actor, &paging, items, found.next.as_deref()))
}

/// An address to be put on the list.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(
    dead_code,
    reason = "it is documentation: the members are read one by one, to name each that is wrong"
)]
pub(crate) struct ToSuppress {
    /// The address.
    #[schema(example = "gone@customer.example")]
    address: String,
    /// Why.
    #[schema(example = "Asked us not to write any more")]
    reason: String,
    /// Until when; without it for ever.
    #[schema(required = false, example = "2027-03-01T00:00:00Z")]
    expires: Timestamp,
}

/// Suppress an address
///
/// It takes the place of an entry that is there already. The list holds for every team, so only admins add to it.
#[utoipa::path(
    post,
    path = "/api/v1/suppressions",
    tag = "deliveries",
    operation_id = "suppress_address",
    request_body(
        description = "Which, and why",
        content((ToSuppress = "application/json",
            example = json!({"address": "gone@customer.example", "reason": "Asked us not to write any more"}))),
    ),
    responses(
        (status = 201, description = "Nothing is sent to it", body = Suppression,
            headers(("Location" = String, description = "Where it is taken off the list"))),
        Posted,
        Stored,
    ),
    security(("token" = ["deliveries:write"])),
)]
pub(crate) async fn suppress(
    caller: Caller,
    State(api): State<Api>,
    request: Request,
) -> Result<(StatusCode, [(HeaderName, String); 1], Json<Suppression>), Failure> {
    let actor = caller.may(Scope::DeliveriesWrite)?;
    let wait = Duration::from_secs(api.wiring.limits.body_secs_max);
    let new = read(body::json(request, wait).await?)?;
    let entry = api.wiring.desk.suppress(actor, new, &caller.by()).await?;
    let location = (LOCATION, format!("/api/v1/suppressions/{}", as_segment(&entry.address)));
    Ok((StatusCode::CREATED, [location], Json(entry.into())))
}

fn read(body: Map<String, Value>) -> Result<NewSuppression, Failure> {
    let mut members = Members::of(body);
    let address = members.require("address", |value| mailbox::address(&members::text(value)?));
    let reason = members.require("reason", members::text);
    let expires = members.read("expires", members::time);
    members.finish()?;
    // `finish` has refused a body without one.
    let address = address.ok_or_else(|| Failure::not_found("address"))?;
    Ok(NewSuppression { address, reason: reason.unwrap_or_default(), expires })
}

/// Take an address off the list
#[utoipa::path(
    delete,
    path = "/api/v1/suppressions/{address}",
    tag = "deliveries",
    operation_id = "unsuppress_address",
    params(("address" = String, Path, description = "The address", example = "gone@customer.example")),
    responses((status = 204, description = "Mail goes to it again"), Stored),
    security(("token" = ["deliveries:write"])),
)]
pub(crate) async fn unsuppress(
    caller: Caller,
    State(api): State<Api>,
    address: Name,
) -> Result<StatusCode, Failure> {
    let actor = caller.may(Scope::DeliveriesWrite)?;
    let absent = || Failure::not_found("suppressed address");
    let address = MailAddress::parse(address.of("suppressed address")?).map_err(|_| absent())?;
    api.wiring.desk.unsuppress(actor, &address, &caller.by()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// RFC 3986 3.3: an address as one segment of a path.
fn as_segment(address: &MailAddress) -> String {
    let is_plain = |b: &u8| b.is_ascii_alphanumeric() || b"-._~@!$&'()*+,;=:".contains(b);
    let octet = |b: u8| if is_plain(&b) { char::from(b).to_string() } else { format!("%{b:02X}") };
    address.to_string().bytes().map(octet).collect()
}
