//! A view as JSON.

use axum::Json;
use axum::response::{IntoResponse, Response};
use guichet_desk::{View as Seen, ViewId};
use guichet_web::EntityTag;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::schema::Object;

use super::filter::Filter;
use crate::openapi::words;
use crate::tickets::list::{sort_word, sorts};

const KINDS: [&str; 3] = ["built_in", "personal", "shared"];

/// A list of tickets under a name.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct View {
    /// Its name for programs: a word where it is built in, else a number.
    #[schema(example = "inbox")]
    id: String,
    #[schema(schema_with = kinds)]
    kind: &'static str,
    /// Its name for people.
    #[schema(example = "Inbox")]
    name: String,
    /// The teams for whom a shared one is; none: for everybody.
    #[schema(example = json!([3]))]
    teams: Vec<u64>,
    /// Which tickets it shows.
    filter: Filter,
    #[schema(schema_with = sorts)]
    sort: &'static str,
}

fn kinds() -> Object {
    words("Whether everybody has it, or its owner alone, or those whom an admin shares it with.", KINDS)
}

impl From<Seen> for View {
    fn from(view: Seen) -> Self {
        let [built_in, personal, shared] = KINDS;
        let kind = match (view.id, view.owner) {
            (ViewId::BuiltIn(_), _) => built_in,
            (ViewId::Saved(_), Some(_)) => personal,
            (ViewId::Saved(_), None) => shared,
        };
        Self {
            id: view.id.to_string(),
            kind,
            name: view.name,
            teams: view.teams.into_iter().map(|team| team.0).collect(),
            filter: view.filter.into(),
            sort: sort_word(view.sort, view.order),
        }
    }
}

/// A view as an answer: with its version as an entity tag.
pub(crate) struct Versioned(pub(super) Seen);

impl IntoResponse for Versioned {
    fn into_response(self) -> Response {
        let tag = EntityTag(self.0.version);
        ([tag.field()], Json(View::from(self.0))).into_response()
    }
}
