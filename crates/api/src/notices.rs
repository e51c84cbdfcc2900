//! `/notices`: what the admins have to know, until somebody dismisses it.

use axum::Json;
use axum::extract::State;
use guichet_accounts::{Scope, Who};
use guichet_desk::{NoticeKind, StoredNotice};
use guichet_web::{Page, Paging, Parameters};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use crate::caller::Caller;
use crate::failure::Failure;
use crate::openapi::{Paged, Stored};
use crate::path::Name;
use crate::state::Api;

/// Something that the admins have to know.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Notice {
    /// Its number, 13 letters and digits.
    #[schema(example = "agnhy6kqaaaaa")]
    id: String,
    /// What it is about: `forwarding_confirmation`, `domain_broken`, `forward`, `address_bounces`, `claim`, `alert`.
    #[schema(example = "forwarding_confirmation")]
    kind: &'static str,
    /// One line.
    #[schema(example = "Gmail asks to confirm that shop@gmail.example forwards here")]
    subject: String,
    /// What happened and what to do, in Markdown.
    #[schema(example = "If you want this, type the code 123456789 in there, or open the link.")]
    text: String,
    /// What it names.
    about: About,
    /// The ticket that shows the mail it is about.
    #[schema(required, example = 1042)]
    ticket: Option<u64>,
    /// When it was first put.
    #[schema(example = "2026-03-01T09:30:00Z")]
    created: Timestamp,
    /// When it last said something new.
    #[schema(example = "2026-03-01T09:30:00Z")]
    updated: Timestamp,
    /// Whether it is still on the board.
    #[schema(example = true)]
    open: bool,
    /// When its matter was settled by itself.
    #[schema(required, example = "2026-03-01T10:30:00Z")]
    settled: Option<Timestamp>,
    /// When somebody dismissed it.
    #[schema(required, example = "2026-03-01T10:30:00Z")]
    dismissed: Option<Timestamp>,
    /// The person who dismissed it.
    #[schema(required, example = 2)]
    dismissed_by: Option<u64>,
}

/// What a notice names; null is what it does not.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(crate) struct About {
    /// The channel.
    #[schema(required, example = 1)]
    channel: Option<u64>,
    /// The address that forwards, or that can't be reached.
    #[schema(required, example = "shop@gmail.example")]
    address: Option<String>,
    /// The domain.
    #[schema(required, example = "customer.example")]
    domain: Option<String>,
    /// Who asks to confirm a forward.
    #[schema(required, example = "Gmail")]
    provider: Option<String>,
    /// The code to type in there; null unless the provider's domain stands behind the mail.
    #[schema(required, example = "123456789")]
    code: Option<String>,
    /// The page to open instead, `https` at the provider's own host; likewise.
    #[schema(required, example = "https://mail-settings.google.com/mail/vf-abc")]
    link: Option<String>,
    /// Whether the provider's domain stands behind the mail.
    #[schema(required, example = true)]
    proven: Option<bool>,
}

impl From<NoticeKind> for About {
    fn from(kind: NoticeKind) -> Self {
        match kind {
            NoticeKind::ForwardingConfirmation(said) => Self {
                channel: Some(said.channel.0),
                address: said.address.map(|address| address.to_string()),
                provider: Some(said.provider),
                code: said.code,
                link: said.link,
                proven: Some(said.is_proven),
                ..Self::default()
            },
            NoticeKind::DomainBroken { domain } | NoticeKind::Claim { domain } => {
                Self { domain: Some(domain.to_string()), ..Self::default() }
            }
            NoticeKind::Forward { channel, address } => {
                Self { channel: Some(channel.0), address: Some(address.to_string()), ..Self::default() }
            }
            NoticeKind::AddressBounces { address } => {
                Self { address: Some(address.to_string()), ..Self::default() }
            }
            NoticeKind::Alert => Self::default(),
        }
    }
}

impl From<StoredNotice> for Notice {
    fn from(stored: StoredNotice) -> Self {
        let record = stored.record;
        let dismissed_by = match record.dismissed_by {
            Some(Who::Person(person)) => Some(person.0),
            Some(Who::System | Who::Operator) | None => None,
        };
        Self {
            id: stored.id.to_string(),
            kind: record.kind.as_str(),
            open: record.is_open(),
            subject: record.subject,
            text: record.text,
            ticket: stored.ticket,
            created: record.created,
            updated: record.updated,
            settled: record.settled,
            dismissed: record.dismissed,
            dismissed_by,
            about: record.kind.into(),
        }
    }
}

/// Which notices.
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "it is documentation: the parameters are read one by one")]
pub(crate) struct Which {
    /// `all`: settled and dismissed ones as well.
    #[param(example = "all")]
    show: Option<String>,
}

/// List notices, the newest first
///
/// Admins see them; for agents there are none.
#[utoipa::path(
    get,
    path = "/api/v1/notices",
    tag = "settings",
    operation_id = "list_notices",
    params(Which, Paged),
    responses((status = 200, description = "A page of notices", body = Page<Notice>)),
    security(("token" = ["settings:read"])),
)]
pub(crate) async fn list(
    caller: Caller,
    State(api): State<Api>,
    parameters: Parameters,
) -> Result<Page<Notice>, Failure> {
    let actor = caller.may(Scope::SettingsRead)?;
    parameters.only(&["show", "limit", "cursor"])?;
    let all = parameters
        .read("show", "set of notices: `all`, or leave it out", |word| (word == "all").then_some(()))?;
    let paging = Paging::read(&parameters, b'B')?;
    let found = api.wiring.desk.notices(actor, all.is_some(), paging.after_number()?, paging.limit)?;
    Ok(paging.page(found.items.into_iter().map(Into::into).collect(), found.next))
}

/// Dismiss a notice
///
/// It leaves the board for everybody, until there is news of its matter. One that is off already stays so.
#[utoipa::path(
    post,
    path = "/api/v1/notices/{id}/dismiss",
    tag = "settings",
    operation_id = "dismiss_notice",
    params(("id" = String, Path, description = "The notice's number", example = "agnhy6kqaaaaa")),
    responses((status = 200, description = "The notice as it is now", body = Notice), Stored),
    security(("token" = ["settings:write"])),
)]
pub(crate) async fn dismiss(
    caller: Caller,
    State(api): State<Api>,
    id: Name,
) -> Result<Json<Notice>, Failure> {
    let actor = caller.may(Scope::SettingsWrite)?;
    let id = id.of("notice")?.parse().map_err(|_| Failure::not_found("notice"))?;
    Ok(Json(api.wiring.desk.dismiss_notice(actor, id, caller.at()).await?.into()))
}
