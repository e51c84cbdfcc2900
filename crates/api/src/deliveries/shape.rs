//! A delivery as JSON: one mail on its way to one recipient.

use guichet_accounts::Actor;
use guichet_desk::{DeliveryDetail, DeliveryState, Desk, Fate, Retry, StoredDelivery};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::schema::Object;

use crate::openapi::words;

/// The state of a delivery that is being sent just now, which is known in memory only.
const SENDING: &str = "sending";

/// One mail on its way to one recipient.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Delivery {
    /// Its number, 13 letters and digits.
    #[schema(example = "agnhy6kqaaaaa")]
    id: String,
    /// The ticket of its message; null of mail that the server wrote for itself.
    #[schema(required, example = 1042)]
    ticket: Option<u64>,
    /// Its message.
    #[schema(required, example = 8)]
    message: Option<u64>,
    /// Whether it is a mail of a ticket, or one that the server wrote by itself: `message`, `system`.
    #[schema(example = "message")]
    kind: &'static str,
    /// Of one that the server wrote by itself, what it is: `invitation`, `password_reset`, `sign_up`, `alert`,
    /// `claim_decided`, `probe`; null of a notice of success.
    #[schema(required, example = "invitation")]
    about: Option<&'static str>,
    /// To whom.
    #[schema(example = "ana@customer.example")]
    recipient: String,
    /// Where the recipient stands in the mail: `to`, `cc`, `bcc`.
    #[schema(example = "to")]
    field: &'static str,
    /// Where it stands.
    #[schema(schema_with = shown_states)]
    state: &'static str,
    /// When it was made.
    #[schema(example = "2026-03-01T09:30:00Z")]
    created: Timestamp,
    /// When the next attempt is due; null where none is to come.
    #[schema(required, example = "2026-03-01T09:30:10Z")]
    due: Option<Timestamp>,
    /// When it is given up.
    #[schema(example = "2026-03-06T09:30:10Z")]
    expires: Timestamp,
    /// How often it was attempted.
    #[schema(example = 1)]
    attempt_count: u32,
    /// The latest attempt.
    #[schema(required)]
    last_attempt: Option<Attempt>,
    /// Why it stands as it does, where its attempts don't say it.
    #[schema(required, example = "sent to ana@private.example instead")]
    note: Option<String>,
    /// The delivery that took its place, with another address.
    #[schema(required, example = "agnhy6kqaaaab")]
    replaced_by: Option<String>,
}

/// A delivery with every attempt.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Detail {
    #[serde(flatten)]
    delivery: Delivery,
    /// Its attempts, oldest first; at most the latest 200.
    attempts: Vec<Attempt>,
}

/// One attempt: what was said where, in the other server's words.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Attempt {
    /// When it began.
    #[schema(example = "2026-03-01T09:30:10Z")]
    started: Timestamp,
    /// When its outcome was known.
    #[schema(example = "2026-03-01T09:30:11Z")]
    ended: Timestamp,
    /// The other server's name, as DNS or the settings gave it.
    #[schema(required, example = "mx.customer.example")]
    host: Option<String>,
    /// Its address and port.
    #[schema(required, example = "192.0.2.25:25")]
    address: Option<String>,
    /// Protocol version and cipher; null when it went in the clear.
    #[schema(required, example = "TLSv1.3 TLS13_AES_256_GCM_SHA384")]
    tls: Option<String>,
    /// What came of it: `delivered`, `deferred`, `refused`, `captured`.
    #[schema(example = "deferred")]
    outcome: &'static str,
    /// Of a deferred one, when the next follows: `scheduled`, `soon` (greylisting), `late` (a quota).
    #[schema(required, example = "soon")]
    retry: Option<&'static str>,
    /// Which step gave the outcome: `dns`, `connect`, `greeting`, `mail`, `rcpt`, `data`, `content`, ...
    #[schema(example = "rcpt")]
    stage: String,
    /// The reply code; null where there was no reply.
    #[schema(required, example = 451)]
    code: Option<u16>,
    /// The enhanced status code (RFC 3463), theirs or ours.
    #[schema(required, example = "4.7.1")]
    status: Option<String>,
    /// Their words, or ours where there was no reply.
    #[schema(example = "Greylisted, try again in 300 seconds")]
    text: String,
    /// The DKIM signatures that stood before the mail, lines end in CRLF; null in `last_attempt`, which leaves them out.
    #[schema(required, example = "DKIM-Signature: v=1; a=rsa-sha256; d=demo.desk.example; ...\r\n")]
    signature: Option<String>,
}

/// What became of a message for one recipient, in brief.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Brief {
    /// The delivery's number.
    #[schema(example = "agnhy6kqaaaaa")]
    id: String,
    /// To whom.
    #[schema(example = "ana@customer.example")]
    recipient: String,
    /// Where it stands.
    #[schema(schema_with = shown_states)]
    state: &'static str,
}

impl Brief {
    /// What is told of a delivery beside its message.
    pub(crate) fn of(desk: &Desk, actor: &Actor, stored: &StoredDelivery) -> Self {
        Self {
            id: stored.id.to_string(),
            recipient: stored.record.recipient.to_string(),
            state: shown_state(desk, actor, stored),
        }
    }
}

impl Delivery {
    /// What is known of a delivery.
    pub(crate) fn of(desk: &Desk, actor: &Actor, stored: &StoredDelivery) -> Self {
        let record = &stored.record;
        let known = |number: u64| (number != 0).then_some(number);
        Self {
            id: stored.id.to_string(),
            ticket: known(stored.ticket),
            message: known(stored.message),
            kind: if stored.ticket == 0 { "system" } else { "message" },
            about: record.system.map(guichet_desk::SystemMailKind::as_str),
            recipient: record.recipient.to_string(),
            field: record.field.as_str(),
            state: shown_state(desk, actor, stored),
            created: record.created,
            due: record.state.is_waiting().then_some(record.due),
            expires: record.expires,
            attempt_count: record.attempts,
            last_attempt: record.last.as_ref().map(Into::into),
            note: record.note.clone(),
            replaced_by: record.replaced_by.map(|id| id.to_string()),
        }
    }
}

impl Detail {
    /// A delivery with its attempts.
    pub(super) fn of(desk: &Desk, actor: &Actor, detail: &DeliveryDetail) -> Self {
        let attempts = detail.attempts.iter().map(|(_, attempt)| attempt.into()).collect();
        Self { delivery: Delivery::of(desk, actor, &detail.delivery), attempts }
    }
}

impl From<&guichet_desk::Attempt> for Attempt {
    fn from(attempt: &guichet_desk::Attempt) -> Self {
        let (outcome, retry) = match attempt.fate {
            Fate::Delivered => ("delivered", None),
            Fate::Deferred(Retry::AsScheduled) => ("deferred", Some("scheduled")),
            Fate::Deferred(Retry::Soon) => ("deferred", Some("soon")),
            Fate::Deferred(Retry::Late) => ("deferred", Some("late")),
            Fate::Refused => ("refused", None),
            Fate::Captured => ("captured", None),
        };
        Self {
            started: attempt.started,
            ended: attempt.ended,
            host: attempt.host.clone(),
            address: attempt.address.clone(),
            tls: attempt.tls.clone(),
            outcome,
            retry,
            stage: attempt.stage.clone(),
            code: attempt.code,
            status: attempt.status.clone(),
            text: attempt.text.clone(),
            signature: attempt.signature.clone(),
        }
    }
}

/// An action of a person marks a delivery as well, for a moment; only one that waits can be on its way.
fn shown_state(desk: &Desk, actor: &Actor, stored: &StoredDelivery) -> &'static str {
    let state = stored.record.state;
    if state.is_waiting() && desk.is_sending(actor, stored.id) { SENDING } else { state.as_str() }
}

/// Every word for a state, that of what is being sent just now among them.
fn shown_states() -> Object {
    let [held, due, deferred, delivered, bounced, suppressed, cancelled, captured] =
        DeliveryState::ALL.map(DeliveryState::as_str);
    let all = [held, due, SENDING, deferred, delivered, bounced, suppressed, cancelled, captured];
    words("Where a delivery stands.", all)
}
