//! `/audit`: who did what, when, from where.

use std::net::IpAddr;

use axum::extract::State;
use guichet_accounts::{Actor, AuditEntry, Deed, Scope, Who};
use guichet_web::{Page, Paging, Parameters};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use crate::caller::Caller;
use crate::failure::Failure;
use crate::openapi::Paged;
use crate::state::Api;

/// Stretches of the log that one request looks through for what its filters let pass.
const STRETCHES_MAX: usize = 20;

/// An act that was noted.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Act {
    /// When.
    #[schema(example = "2026-03-01T09:30:00Z")]
    at: Timestamp,
    /// Who: a person of the organisation, the operator of the server, or the server itself.
    #[schema(example = "person")]
    by: &'static str,
    /// Which person; null for the others.
    #[schema(required, example = 2)]
    person: Option<u64>,
    /// From which address of the network; null at the command line and for the server itself.
    #[schema(required, value_type = Option<String>, example = "192.0.2.7")]
    from: Option<IpAddr>,
    /// What.
    #[schema(example = "person.invited")]
    deed: &'static str,
    /// About whom or what.
    #[schema(example = "rui@demo.example")]
    subject: String,
}

impl Act {
    /// As somebody of this organisation reads it: a person of another one is the operator's.
    fn of(entry: AuditEntry, reader: &Actor) -> Self {
        let is_ours = entry.organisation.is_none_or(|organisation| organisation == reader.organisation);
        let (by, person) = match entry.who {
            Who::Person(person) if is_ours => ("person", Some(person.0)),
            Who::Person(_) | Who::Operator => ("operator", None),
            Who::System => ("system", None),
        };
        // From where the operator works is nobody else's to know.
        let from = entry.from.filter(|_| is_ours);
        Self { at: entry.at, by, person, from, deed: entry.deed.as_str(), subject: entry.subject }
    }
}

/// Which acts.
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "it is documentation: they are read one by one")]
pub(crate) struct Filter {
    /// Only those of this person.
    #[param(example = 2)]
    person: Option<u64>,
    /// Only those of this kind.
    #[param(example = "session.opened")]
    deed: Option<String>,
    /// None before this time.
    #[param(example = "2026-03-01T00:00:00Z")]
    since: Option<String>,
}

struct Wanted {
    person: Option<u64>,
    deed: Option<Deed>,
    since: Option<Timestamp>,
}

impl Wanted {
    fn read(parameters: &Parameters) -> Result<Self, Failure> {
        let deed = |word: &str| Deed::ALL.iter().copied().find(|deed| deed.as_str() == word);
        Ok(Self {
            person: parameters.read("person", "number of a person", |text| text.parse().ok())?,
            deed: parameters.read("deed", "deed, as `session.opened`", deed)?,
            since: parameters.read("since", "time, as `2026-03-02T08:00:00Z`", |text| text.parse().ok())?,
        })
    }

    fn takes(&self, act: &Act) -> bool {
        self.person.is_none_or(|person| act.person == Some(person))
            && self.deed.is_none_or(|deed| act.deed == deed.as_str())
    }

    fn is_before(&self, entry: &AuditEntry) -> bool {
        self.since.is_some_and(|since| entry.at < since)
    }
}

/// Read the audit log, newest first
#[utoipa::path(
    get,
    path = "/api/v1/audit",
    tag = "people",
    operation_id = "read_audit",
    params(Filter, Paged),
    responses((status = 200, description = "A page of acts", body = Page<Act>)),
    security(("token" = ["audit:read"])),
)]
pub(crate) async fn read(
    caller: Caller,
    State(api): State<Api>,
    parameters: Parameters,
) -> Result<Page<Act>, Failure> {
    let actor = caller.may(Scope::AuditRead)?;
    parameters.only(&["person", "deed", "since", "limit", "cursor"])?;
    let (wanted, paging) = (Wanted::read(&parameters)?, Paging::read(&parameters, b'a')?);
    let mut place = paging.after().map(<[u8]>::to_vec);
    let mut acts = Vec::new();
    for _ in 0..STRETCHES_MAX {
        let missing = paging.limit - acts.len();
        let page = api.accounts().audit(actor.organisation, place.as_deref(), missing)?;
        let is_over = page.entries.iter().any(|entry| wanted.is_before(entry));
        let entries = page.entries.into_iter().filter(|entry| !wanted.is_before(entry));
        let found = entries.map(|entry| Act::of(entry, actor)).filter(|act| wanted.takes(act));
        acts.extend(found);
        place = page.next.filter(|_| !is_over);
        if place.is_none() || acts.len() >= paging.limit {
            break;
        }
    }
    Ok(paging.page_by_place(acts, place.as_deref()))
}
