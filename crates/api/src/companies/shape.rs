//! A company as JSON.

use axum::Json;
use axum::response::{IntoResponse, Response};
use guichet_desk::StoredCompany;
use guichet_web::EntityTag;
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

/// Whom contacts belong to.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Company {
    /// Its number. A company that was merged into another answers under either number; this is the one that stays.
    #[schema(example = 3)]
    id: u64,
    /// Its name.
    #[schema(example = "Customer Ltd")]
    name: String,
    /// Domains whose addresses are its people's.
    #[schema(example = json!(["customer.example"]))]
    domains: Vec<String>,
    /// What people should know of it.
    #[schema(example = "Pays in May")]
    note: String,
    /// When it was made.
    #[schema(example = "2026-03-01T09:30:00Z")]
    created: Timestamp,
}

impl From<StoredCompany> for Company {
    fn from(stored: StoredCompany) -> Self {
        let company = stored.record;
        Self {
            id: stored.id.0,
            name: company.name,
            domains: company.domains.into_iter().collect(),
            note: company.note,
            created: company.created,
        }
    }
}

/// A company as an answer: with its version as an entity tag.
pub(crate) struct Versioned(pub(super) StoredCompany);

impl IntoResponse for Versioned {
    fn into_response(self) -> Response {
        let tag = EntityTag(self.0.version);
        ([tag.field()], Json(Company::from(self.0))).into_response()
    }
}
