//! Every address there is, and the layers around them.

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use guichet_web::csrf::{self, Origins};
use guichet_web::{Kind, Problem, client, headers, limits, observe, url_token};
use tokio::sync::Semaphore;
use tower_http::catch_panic::CatchPanicLayer;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::failure::Failure;
use crate::state::Api;
use crate::wiring::Wiring;
use crate::{
    account, audit, companies, contacts, counts, deliveries, events, health, invitations, messages, mta_sts, openapi, pages, people, quarantine, records, server_check, settings, sign_in, suppressions, tickets, tokens, uploads, views, watchers, writing,
};

/// The whole HTTP surface: `/api/v1`, `/healthz`, `/readyz`, `/metrics`. Install the metrics recorder before.
pub fn router(wiring: Wiring) -> Router {
    observe::describe();
    events::describe();
    let bounds = wiring.limits;
    let places = Arc::new(Semaphore::new(bounds.requests_max));
    let (quick, _) = quick().split_for_parts();
    let quick = quick
        .layer(DefaultBodyLimit::max(bounds.body_bytes_max))
        .layer(from_fn_with_state(Duration::from_secs(bounds.request_secs_max), limits::hurry))
        .layer(from_fn_with_state(places, limits::admit))
        .layer(from_fn(limits::carry_through));
    let (slow, _) = slow().split_for_parts();
    let operator = Router::new()
        .route(mta_sts::PATH, get(mta_sts::policy))
        .route("/healthz", get(health::live))
        .route("/readyz", get(health::ready))
        .route("/metrics", get(health::metrics));
    quick
        .merge(slow)
        .merge(operator)
        .merge(pages::routes())
        .method_not_allowed_fallback(async || {
            Problem::new(Kind::MethodNotAllowed, "see the header `Allow` for the methods of this address")
        })
        .fallback(async || Problem::no_such_address())
        .layer(CatchPanicLayer::custom(panicked))
        .layer(from_fn_with_state(Origins::new(&wiring.public_url), csrf::prove))
        .layer(from_fn(url_token::refuse))
        .layer(from_fn(headers::secure))
        .layer(from_fn_with_state(wiring.proxies.clone(), client::identify))
        .layer(from_fn(observe::observe))
        .with_state(Api::new(wiring))
}

/// The documented addresses with their document.
pub(crate) fn documented() -> OpenApiRouter<Api> {
    quick().merge(slow())
}

/// Those whose requests may take long to arrive; each sees to its own bounds.
fn slow() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(uploads::upload))
}

/// All others: small requests, answered soon.
fn quick() -> OpenApiRouter<Api> {
    OpenApiRouter::with_openapi(openapi::head())
        .routes(routes!(tickets::list, writing::begin))
        .routes(routes!(tickets::read, tickets::change, tickets::delete))
        .routes(routes!(tickets::empty_trash))
        .routes(routes!(counts::counts))
        .routes(routes!(tickets::messages, writing::reply))
        .routes(routes!(writing::agree))
        .routes(routes!(tickets::links))
        .routes(routes!(messages::read))
        .routes(routes!(messages::headers))
        .routes(routes!(messages::raw))
        .routes(routes!(messages::part))
        .routes(routes!(deliveries::of_message))
        .routes(routes!(deliveries::undo))
        .routes(routes!(deliveries::list))
        .routes(routes!(deliveries::read))
        .routes(routes!(deliveries::raw))
        .routes(routes!(deliveries::retry))
        .routes(routes!(deliveries::cancel))
        .routes(routes!(deliveries::redirect))
        .routes(routes!(suppressions::list, suppressions::suppress))
        .routes(routes!(suppressions::unsuppress))
        .merge(addresses())
        .merge(views_and_watchers())
        .routes(routes!(settings::channels))
        .routes(routes!(settings::channel, settings::change_channel))
        .routes(routes!(settings::domains))
        .routes(routes!(settings::domain))
        .routes(routes!(records::list))
        .routes(routes!(records::check))
        .routes(routes!(server_check::check))
        .routes(routes!(sign_in::log_in, sign_in::read, sign_in::log_out))
        .routes(routes!(sign_in::list))
        .routes(routes!(sign_in::end))
        .routes(routes!(account::read, account::change))
        .routes(routes!(account::change_password))
        .routes(routes!(account::begin_totp))
        .routes(routes!(account::confirm_totp))
        .routes(routes!(account::remove_totp))
        .routes(routes!(account::renew_recovery_codes))
        .routes(routes!(account::request_address))
        .routes(routes!(account::confirm_address))
        .routes(routes!(sign_in::request_reset))
        .routes(routes!(sign_in::redeem_reset))
        .routes(routes!(tokens::list, tokens::make))
        .routes(routes!(tokens::revoke))
        .routes(routes!(invitations::list, invitations::invite))
        .routes(routes!(invitations::revoke))
        .routes(routes!(invitations::resend))
        .routes(routes!(invitations::redeem))
        .routes(routes!(people::list))
        .routes(routes!(people::read, people::change, people::disable))
        .routes(routes!(people::list_teams, people::create_team))
        .routes(routes!(people::rename_team, people::delete_team))
        .routes(routes!(audit::read))
        .routes(routes!(quarantine::list))
        .routes(routes!(quarantine::read))
        .routes(routes!(quarantine::raw))
        .routes(routes!(quarantine::release))
        .routes(routes!(events::stream))
        .routes(routes!(openapi::serve))
}

/// Contacts and companies.
fn addresses() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(contacts::list, contacts::create))
        .routes(routes!(contacts::read, contacts::change, contacts::delete))
        .routes(routes!(contacts::merge))
        .routes(routes!(contacts::split))
        .routes(routes!(contacts::tickets))
        .routes(routes!(contacts::messages))
        .routes(routes!(companies::list, companies::create))
        .routes(routes!(companies::read, companies::change, companies::delete))
        .routes(routes!(companies::merge))
        .routes(routes!(companies::contacts))
        .routes(routes!(companies::tickets))
        .routes(routes!(companies::messages))
}

/// Lists under a name, and who hears of a ticket.
fn views_and_watchers() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(views::list, views::create))
        .routes(routes!(views::read, views::change, views::delete))
        .routes(routes!(views::tickets))
        .routes(routes!(watchers::watch, watchers::unwatch))
}

#[expect(clippy::needless_pass_by_value, reason = "the layer hands it over")]
fn panicked(panic: Box<dyn Any + Send>) -> Response {
    let said = panic.downcast_ref::<String>().map(String::as_str);
    let said = said.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("a panic without words");
    Failure::internal(&said).into_response()
}
