//! `guichet domain`.

use guichet_accounts::{Accounts, DkimRecord, Domain, DomainChange, Error};
use serde::{Deserialize, Serialize};

use super::{Answer, Record, find};
use crate::dkim_keys;

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
    /// Show the DKIM records to publish for mail from a domain
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
    pub(super) async fn execute(self, accounts: &Accounts) -> Result<Answer, Error> {
        match self {
            Command::Add { organisation, domain, alias_of } => {
                let organisation = find::organisation(accounts, &organisation)?;
                let domain = find::domain(&domain)?;
                let alias_of = alias_of.map(|name| find::domain(&name)).transpose()?;
                let made = accounts.add_domain(organisation, &domain, alias_of.as_ref()).await?;
                dkim_keys::ensure_own(accounts, organisation, &domain).await?;
                Ok(Answer::One(record(accounts, &made)))
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
                let domain = accounts.domain(organisation, &find::domain(&domain)?)?;
                let records = accounts.dkim_records(organisation, &domain.name)?;
                Ok(Answer::Items(records.iter().map(dkim_record).collect()))
            }
        }
    }
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
    let change = DomainChange { catch_all, role_channel, receives: wanted.receives, sends: wanted.sends };
    let changed = accounts.change_domain(organisation, &domain, change).await?;
    Ok(Answer::One(record(accounts, &changed)))
}

fn dkim_record(record: &DkimRecord) -> Record {
    Record::default().with("name", record.name()).with("type", "TXT").with("text", record.text.as_str())
}

fn record(accounts: &Accounts, domain: &Domain) -> Record {
    Record::default()
        .with("domain", domain.name.as_str())
        .with("catch_all", domain.catch_all.map(|channel| channel.0))
        .with("role_channel", domain.role_channel.map(|channel| channel.0))
        .with("receives", domain.receives())
        .with("sends", accounts.sends(domain))
        .with("alias_of", domain.alias_of.as_ref().map(ToString::to_string))
}
