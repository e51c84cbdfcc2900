//! A contact as JSON.

use axum::Json;
use axum::response::{IntoResponse, Response};
use guichet_desk::{Belongs, StoredContact};
use guichet_web::EntityTag;
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

/// Somebody who writes to the organisation. What is set here is for every team that they write to; an agent knows a contact by
/// the tickets that they see, or because their team made it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Contact {
    /// Its number. A contact that was merged into another answers under either number; this is the one that stays.
    #[schema(example = 12)]
    id: u64,
    /// What they are called.
    #[schema(required, example = "Ana Lima")]
    name: Option<String>,
    /// Where mail to them goes.
    #[schema(example = "ana@customer.example")]
    address: String,
    /// Every address of theirs, that one first.
    #[schema(example = json!(["ana@customer.example", "ana@private.example"]))]
    addresses: Vec<String>,
    /// The company that they belong to.
    #[schema(required, example = 3)]
    company: Option<u64>,
    /// Whether somebody said so; else the domains of their addresses tell.
    #[schema(example = false)]
    company_by_hand: bool,
    /// What people should know of them; every team reads it that knows the contact.
    #[schema(example = "Prefers the telephone")]
    note: String,
    /// Whether what they begin is unwanted.
    #[schema(example = false)]
    spam: bool,
    /// Further numbers under which tickets may name them, since they were merged.
    #[schema(example = json!([7]))]
    merged: Vec<u64>,
    /// When they were first heard of.
    #[schema(example = "2026-03-01T09:30:00Z")]
    created: Timestamp,
}

impl From<StoredContact> for Contact {
    fn from(stored: StoredContact) -> Self {
        let contact = stored.record;
        Self {
            id: stored.id.0,
            address: contact.address.to_string(),
            addresses: contact.addresses().map(ToString::to_string).collect(),
            name: contact.name,
            company: stored.company.map(|company| company.0),
            company_by_hand: matches!(contact.belongs, Some(Belongs::To(_) | Belongs::ToNone)),
            note: contact.note,
            spam: contact.spam,
            merged: contact.absorbed,
            created: contact.created,
        }
    }
}

/// A contact as an answer: with its version as an entity tag.
pub(crate) struct Versioned(pub(super) StoredContact);

impl IntoResponse for Versioned {
    fn into_response(self) -> Response {
        let tag = EntityTag(self.0.version);
        ([tag.field()], Json(Contact::from(self.0))).into_response()
    }
}
