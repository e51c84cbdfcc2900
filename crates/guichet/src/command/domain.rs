//! `guichet domain`.

use guichet_accounts::{Accounts, DkimScope, Domain, DomainChange, Error, Proof};
use guichet_domains::dkim_keys;
use guichet_mail::DomainName;
use guichet_store::OrganisationId;
use serde::{Deserialize, Serialize};

use super::{Answer, Operator, Record, find, records};

/// What can be asked about domains.
#[derive(Debug, Clone, PartialEq, clap::Subcommand, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Command {
    /// Give a domain to an organisation
    Add {
        /// The organisation's short name
        organisation: String,
        /// The domain, whose MX is this server
        domain: String,
        /// Another domain of the organisation whose addresses all hold here too
        #[arg(long, value_name = "DOMAIN")]
        alias_of: Option<String>,
    },
    /// List the domains of an organisation
    List {
        /// The organisation's short name
        organisation: String,
    },
    /// Change whether it receives and sends, and where mail to addresses without a channel goes
    Set(Set),
    /// Give up a domain that nothing needs any more
    Remove {
        /// The organisation's short name
        organisation: String,
        /// The domain
        domain: String,
    },
    /// Begin a change of DKIM keys: show the records to publish; the new keys sign once these are seen
    RotateDkim {
        /// The organisation's short name; without it, the base domain's keys change
        #[arg(requires = "domain")]
        organisation: Option<String>,
        /// The domain
        domain: Option<String>,
    },
    /// Show the DNS records to publish for a domain, as text to paste
    Records {
        /// The organisation's short name
        organisation: String,
        /// The domain
        domain: String,
    },
}

/// A change of a domain.
#[derive(Debug, Clone, PartialEq, clap::Args, Serialize, Deserialize)]
pub(crate) struct Set {
    /// The organisation's short name
    organisation: String,
    /// The domain
    domain: String,
    /// The channel, by number or address, that takes mail to unknown addresses; "" refuses such mail
    #[arg(long, value_name = "CHANNEL")]
    catch_all: Option<String>,
    /// The channel, by number or address, that reads postmaster@ and abuse@
    #[arg(long, value_name = "CHANNEL")]
    role_channel: Option<String>,
    /// Whether its MX is this server
    #[arg(long, value_name = "BOOL")]
    receives: Option<bool>,
    /// Whether mail goes out from it; first publish its DKIM records
    #[arg(long, value_name = "BOOL")]
    sends: Option<bool>,
}

impl Command {
    pub(super) async fn execute(self, operator: &Operator) -> Result<Answer, Error> {
        let accounts = &operator.accounts();
        match self {
            Command::Add { organisation, domain, alias_of } => {
                let organisation = find::organisation(accounts, &organisation)?;
                let domain = find::domain(&domain)?;
                let alias_of = alias_of.map(|name| find::domain(&name)).transpose()?;
                let made = add(accounts, organisation, &domain, alias_of.as_ref()).await?;
                Ok(Answer::One(record(accounts, &made)))
            }
            Command::Remove { organisation, domain } => {
                let organisation = find::organisation(accounts, &organisation)?;
                let domain = accounts.domain(organisation, &find::domain(&domain)?)?;
                accounts.remove_domain(organisation, &domain.name).await?;
                Ok(Answer::One(record(accounts, &domain)))
            }
            Command::RotateDkim { organisation, domain } => {
                let (scope, name) = match organisation.zip(domain) {
                    None => (DkimScope::Base, accounts.base_domain().clone()),
                    Some((organisation, domain)) => {
                        let organisation = find::organisation(accounts, &organisation)?;
                        let name = find::domain(&domain)?;
                        (DkimScope::Domain(organisation, name.clone()), name)
                    }
                };
                let keys = dkim_keys::rotate(accounts, &scope, operator.now()).await?;
                Ok(records::of_keys(&name, keys))
            }
            Command::List { organisation } => {
                let organisation = find::organisation(accounts, &organisation)?;
                Ok(Answer::Items(
                    accounts.domains(organisation)?.iter().map(|domain| record(accounts, domain)).collect(),
                ))
            }
            Command::Set(wanted) => set(accounts, wanted).await,
            Command::Records { organisation, domain } => {
                let organisation = find::organisation(accounts, &organisation)?;
                records::of_domain(operator, organisation, &find::domain(&domain)?)
            }
        }
    }
}

/// The operator vouches for the domain. One that the organisation has already is answered as it is: a new organisation
/// has its first domain at once, and who adds that by hand has what they want.
async fn add(
    accounts: &Accounts,
    organisation: OrganisationId,
    domain: &DomainName,
    alias_of: Option<&DomainName>,
) -> Result<Domain, Error> {
    let added = match accounts.add_domain(organisation, domain, alias_of).await {
        Err(taken @ Error::Taken { .. }) => {
            let own = accounts.domain(organisation, domain).ok();
            own.filter(|own| own.is_verified() && own.alias_of.as_ref() == alias_of).ok_or(taken)?
        }
        added => added?,
    };
    dkim_keys::ensure_own(accounts, organisation, domain).await?;
    Ok(added)
}

async fn set(accounts: &Accounts, wanted: Set) -> Result<Answer, Error> {
    let organisation = find::organisation(accounts, &wanted.organisation)?;
    let domain = find::domain(&wanted.domain)?;
    let channel = |text: &str| find::channel(accounts, organisation, text).map(|channel| channel.id);
    let catch_all = match wanted.catch_all.as_deref() {
        None => None,
        Some("") => Some(None),
        Some(text) => Some(Some(channel(text)?)),
    };
    let role_channel = wanted.role_channel.as_deref().map(channel).transpose()?;
    if wanted.receives == Some(true) || wanted.sends == Some(true) {
        check_proven(&accounts.domain(organisation, &domain)?)?;
    }
    let change = DomainChange { catch_all, role_channel, receives: wanted.receives, sends: wanted.sends };
    let changed = accounts.change_domain(organisation, &domain, change).await?;
    Ok(Answer::One(record(accounts, &changed)))
}

/// The operator may switch on what was not seen in DNS yet, but nothing of what may be somebody else's.
fn check_proven(domain: &Domain) -> Result<(), Error> {
    let Some(proof) = domain.proof.as_ref().filter(|_| !domain.is_verified()) else { return Ok(()) };
    Err(Error::Invalid(format!(
        "`{}` is not proven yet: publish its proof first, the TXT record `{}` with the text `{}`; or \
         vouch for it with `guichet domain add`",
        domain.name,
        Proof::record_name(&domain.name),
        proof.record_text()
    )))
}

fn record(accounts: &Accounts, domain: &Domain) -> Record {
    Record::default()
        .with("domain", domain.name.as_str())
        .with("catch_all", domain.catch_all.map(|channel| channel.0))
        .with("role_channel", domain.role_channel.map(|channel| channel.0))
        .with("receives", domain.receives())
        .with("sends", accounts.sends(domain))
        .with("verified", domain.is_verified())
        .with("alias_of", domain.alias_of.as_ref().map(ToString::to_string))
}
