//! `/domains`: the organisation's mail domains.

use axum::Json;
use axum::extract::State;
use guichet_accounts::{Accounts, Proof, Scope};
use guichet_mail::DomainName;
use guichet_web::{Page, Paging, Parameters};
use serde::Serialize;
use utoipa::ToSchema;

use crate::caller::Caller;
use crate::failure::Failure;
use crate::openapi::Paged;
use crate::path::Name;
use crate::state::Api;

/// A mail domain of the organisation.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Domain {
    /// The domain in lower case, A-labels.
    #[schema(example = "demo.desk.example")]
    name: String,
    /// The channel that mail to unknown addresses goes to; null refuses it.
    #[schema(required, example = 1)]
    catch_all: Option<u64>,
    /// The channel that reads `postmaster` and `abuse`; null is the organisation's first.
    #[schema(required, example = 1)]
    role_channel: Option<u64>,
    /// The domain whose addresses all hold here too.
    #[schema(required, example = "demo.example")]
    alias_of: Option<String>,
    /// Whether its MX is this server.
    #[schema(example = true)]
    receives: bool,
    /// Whether mail goes out from it.
    #[schema(example = true)]
    sends: bool,
    /// Whether it is the organisation's for certain; until then it owns nothing.
    #[schema(example = true)]
    verified: bool,
    /// The TXT record that proves it; null where none is needed.
    #[schema(required)]
    proof: Option<ProofRecord>,
}

/// The TXT record by which an organisation proves that a domain is theirs.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ProofRecord {
    /// Where it stands.
    #[schema(example = "_guichet.acme.example")]
    name: String,
    /// Its text.
    #[schema(example = "guichet-domain=ge3dmnzxha4tamjsgm2tmnzyhe3tamzs")]
    text: String,
}

impl Domain {
    pub(super) fn of(accounts: &Accounts, domain: guichet_accounts::Domain) -> Self {
        Self {
            receives: domain.receives(),
            sends: accounts.sends(&domain),
            verified: domain.is_verified(),
            proof: domain.proof.as_ref().map(|proof| ProofRecord {
                name: Proof::record_name(&domain.name),
                text: proof.record_text(),
            }),
            name: domain.name.to_string(),
            catch_all: domain.catch_all.map(|channel| channel.0),
            role_channel: domain.role_channel.map(|channel| channel.0),
            alias_of: domain.alias_of.map(|name| name.to_string()),
        }
    }
}

/// List domains, by name
#[utoipa::path(
    get,
    path = "/api/v1/domains",
    tag = "settings",
    operation_id = "list_domains",
    params(Paged),
    responses((status = 200, description = "A page of domains", body = Page<Domain>)),
    security(("token" = ["settings:read"])),
)]
pub(crate) async fn domains(
    caller: Caller,
    State(api): State<Api>,
    parameters: Parameters,
) -> Result<Page<Domain>, Failure> {
    let actor = caller.may(Scope::SettingsRead)?;
    parameters.only(&["limit", "cursor"])?;
    let all = api.accounts().domains(actor.organisation)?;
    let all = all.into_iter().map(|domain| Domain::of(api.accounts(), domain)).collect();
    Ok(Paging::read(&parameters, b'd')?.slice(all, |domain: &Domain| domain.name.as_bytes().to_vec()))
}

/// Read a domain
#[utoipa::path(
    get,
    path = "/api/v1/domains/{name}",
    tag = "settings",
    operation_id = "read_domain",
    params(("name" = String, Path, description = "The domain's name", example = "demo.desk.example")),
    responses((status = 200, description = "The domain", body = Domain)),
    security(("token" = ["settings:read"])),
)]
pub(crate) async fn domain(
    caller: Caller,
    State(api): State<Api>,
    name: Name,
) -> Result<Json<Domain>, Failure> {
    let actor = caller.may(Scope::SettingsRead)?;
    let name = read_name(&name)?;
    let domain = api.accounts().domain(actor.organisation, &name)?;
    Ok(Json(Domain::of(api.accounts(), domain)))
}

/// The domain that the path names; what is no domain name is the name of something that does not exist.
pub(super) fn read_name(name: &Name) -> Result<DomainName, Failure> {
    DomainName::parse(name.of("domain")?).map_err(|_| Failure::not_found("domain"))
}
