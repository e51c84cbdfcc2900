//! Every address there is, and the layers around them.

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Extension, Router};
use guichet_web::body::BytesMax;
use guichet_web::csrf::{self, Origins};
use guichet_web::{Kind, Problem, client, etag, headers, limits, observe, url_token};
use tokio::sync::Semaphore;
use tower_http::catch_panic::CatchPanicLayer;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::failure::Failure;
use crate::state::Api;
use crate::wiring::Wiring;
use crate::{
    account, audit, claims, companies, contacts, counts, deliveries, drafts, events, forwards, health,
    invitations, marks, messages, mta_sts, notices, openapi, operator, pages, people, quarantine, records,
    requester, server_check, settings, sign_in, sign_up, suppressions, tickets, tokens, uploads, views,
    watchers, writing,
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
        .layer(Extension(BytesMax(bounds.body_bytes_max)))
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
        .layer(from_fn(etag::well_formed))
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
        .merge(rest_and_drafts())
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
        .merge(notices_and_forwards())
        .routes(routes!(settings::channels, settings::create_channel))
        .routes(routes!(settings::channel, settings::change_channel, settings::delete_channel))
        .routes(routes!(settings::domains, settings::add_domain))
        .routes(routes!(settings::domain, settings::change_domain, settings::remove_domain))
        .routes(routes!(settings::rotate_dkim))
        .routes(routes!(claims::list, claims::claim))
        .routes(routes!(claims::read, claims::withdraw))
        .routes(routes!(sign_up::ask))
        .routes(routes!(sign_up::redeem))
        .routes(routes!(operator::list_organisations, operator::create_organisation))
        .routes(routes!(operator::suspend_organisation))
        .routes(routes!(operator::resume_organisation))
        .routes(routes!(operator::list_claims))
        .routes(routes!(operator::approve_claim))
        .routes(routes!(operator::decline_claim))
        .routes(routes!(operator::rotate_dkim))
        .routes(routes!(operator::show_sign_up, operator::change_sign_up))
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
        .routes(routes!(invitations::show))
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

/// What is kept out of sight, moved, marked or not sent yet.
fn rest_and_drafts() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(tickets::snooze, tickets::wake))
        .routes(routes!(tickets::restore))
        .routes(routes!(tickets::not_spam))
        .routes(routes!(tickets::merge))
        .routes(routes!(tickets::split))
        .routes(routes!(marks::star, marks::unstar))
        .routes(routes!(marks::read_ticket))
        .routes(routes!(marks::read_message, marks::unread_message))
        .routes(routes!(drafts::read_in_ticket, drafts::save_in_ticket, drafts::delete_in_ticket))
        .routes(routes!(drafts::list, drafts::create))
        .routes(routes!(drafts::read, drafts::save, drafts::delete))
        .routes(routes!(drafts::send))
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

/// What admins are told, and where mail is forwarded from.
fn notices_and_forwards() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(notices::list))
        .routes(routes!(notices::dismiss))
        .routes(routes!(forwards::list, forwards::add))
        .routes(routes!(forwards::probe))
        .routes(routes!(forwards::delete))
        .routes(routes!(requester::set))
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
