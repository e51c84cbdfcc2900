//! `guichet organisation`.

use guichet_accounts::{Accounts, Error, NewOrganisation, Organisation, VerdictPolicy};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Answer, Record, find};

/// What can be asked about organisations.
#[derive(Debug, Clone, PartialEq, clap::Subcommand, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Command {
    /// Make an organisation, with a domain below the base domain and the channel support@ there
    Add {
        /// Its short name: lower-case letters, digits, hyphens
        slug: String,
        /// Its name as people write it; the short name if not given
        #[arg(long)]
        name: Option<String>,
    },
    /// List the organisations
    List,
    /// Change what a failed verdict does to mail
    Set {
        /// The organisation's short name
        slug: String,
        /// What happens to mail that DMARC says is forged: tag, quarantine or reject
        #[arg(long)]
        policy: Option<String>,
        /// The domains whose ARC seals excuse a failed DMARC, instead of those set before; "" for none
        #[arg(long = "trusted-sealer", value_name = "DOMAIN", value_delimiter = ',')]
        trusted_sealers: Option<Vec<String>>,
    },
    /// Suspend an organisation: its mail waits with its senders, nobody of it logs in, nothing of it is deleted
    Suspend {
        /// The organisation's short name
        slug: String,
    },
    /// Let a suspended organisation go on
    Resume {
        /// The organisation's short name
        slug: String,
    },
}

impl Command {
    pub(super) async fn execute(self, accounts: &Accounts, now: Timestamp) -> Result<Answer, Error> {
        match self {
            Command::Add { slug, name } => {
                let name = name.unwrap_or_else(|| slug.clone());
                let wanted = NewOrganisation { slug, name, home: None };
                let (made, channel) = accounts.found_organisation(wanted, now).await?;
                let record = record(accounts, &made)?;
                Ok(Answer::One(record.with("address", channel.address.to_string())))
            }
            Command::List => {
                let all = accounts.organisations()?;
                let records: Result<_, Error> = all.iter().map(|one| record(accounts, one)).collect();
                records.map(Answer::Items)
            }
            Command::Suspend { slug } => suspend(accounts, &slug, Some(now)).await,
            Command::Resume { slug } => suspend(accounts, &slug, None).await,
            Command::Set { slug, policy, trusted_sealers } => {
                set(accounts, &slug, policy.as_deref(), trusted_sealers).await
            }
        }
    }
}

async fn suspend(accounts: &Accounts, slug: &str, since: Option<Timestamp>) -> Result<Answer, Error> {
    let id = accounts.organisation_named(slug)?.id;
    let changed = accounts.suspend_organisation(id, since).await?;
    Ok(Answer::One(record(accounts, &changed)?))
}

async fn set(
    accounts: &Accounts,
    slug: &str,
    policy: Option<&str>,
    trusted_sealers: Option<Vec<String>>,
) -> Result<Answer, Error> {
    let before = accounts.organisation_named(slug)?;
    let policy = match policy {
        None => before.policy,
        Some(word) => word.parse::<VerdictPolicy>().map_err(|unknown| Error::Invalid(unknown.to_string()))?,
    };
    let sealers = match trusted_sealers {
        None => before.trusted_sealers,
        Some(names) => {
            let names = names.iter().filter(|name| !name.is_empty());
            names.map(|name| find::domain(name)).collect::<Result<_, _>>()?
        }
    };
    let changed = accounts.set_policy(before.id, policy, sealers).await?;
    Ok(Answer::One(record(accounts, &changed)?))
}

fn record(accounts: &Accounts, organisation: &Organisation) -> Result<Record, Error> {
    let sealers: Vec<String> = organisation.trusted_sealers.iter().map(ToString::to_string).collect();
    let kind = if accounts.is_house(organisation.id)? { "operator" } else { "tenant" };
    Ok(Record::default()
        .with("slug", organisation.slug.as_str())
        .with("name", organisation.name.as_str())
        .with("policy", organisation.policy.as_str())
        .with("trusted_sealers", sealers)
        .with("kind", kind)
        .with("suspended", organisation.suspended.map(|since| since.to_string())))
}
