//! `/views/counts`: how many tickets each view has, all in one answer.

use axum::Json;
use axum::extract::State;
use guichet_accounts::Scope;
use serde::Serialize;
use utoipa::ToSchema;

use crate::caller::Caller;
use crate::failure::Failure;
use crate::state::Api;

/// How many tickets a view has.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ViewCount {
    /// The view's id.
    #[schema(example = "inbox")]
    view: String,
    /// How many tickets it shows you, or at least how many.
    #[schema(example = 12)]
    tickets: u64,
    /// Whether it is the number itself. If not, there may be more: what the view asks for is not counted as it changes, and
    /// only the newest tickets were looked at.
    #[schema(example = true)]
    is_exact: bool,
}

/// The counts of all views.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ViewCounts {
    /// In the order of the list of views.
    items: Vec<ViewCount>,
}

/// Count the tickets of all your views
///
/// All as of one moment. Read it again when the event stream tells of something.
#[utoipa::path(
    get,
    path = "/api/v1/views/counts",
    tag = "views",
    operation_id = "count_views",
    responses((status = 200, description = "How many tickets each view has", body = ViewCounts)),
    security(("token" = ["tickets:read"])),
)]
pub(crate) async fn counts(caller: Caller, State(api): State<Api>) -> Result<Json<ViewCounts>, Failure> {
    let actor = caller.may(Scope::TicketsRead)?;
    let counts = api.wiring.desk.view_counts(actor)?.into_iter().map(|(view, count)| ViewCount {
        view: view.to_string(),
        tickets: count.tickets,
        is_exact: count.is_exact,
    });
    Ok(Json(ViewCounts { items: counts.collect() }))
}
