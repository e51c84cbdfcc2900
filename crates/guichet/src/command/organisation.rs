//! `guichet organisation`.

use guichet_accounts::{Accounts, Error, Organisation, VerdictPolicy};
use serde::{Deserialize, Serialize};

use super::{Answer, Record, find};

/// What can be asked about organisations.
#[derive(Debug, Clone, PartialEq, clap::Subcommand, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Command {
    /// Make an organisation
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
}

impl Command {
    pub(super) async fn execute(self, accounts: &Accounts) -> Result<Answer, Error> {
        match self {
            Command::Add { slug, name } => {
                let name = name.unwrap_or_else(|| slug.clone());
                accounts.create_organisation(&slug, &name).await.map(|made| Answer::One(record(&made)))
            }
            Command::List => Ok(Answer::Items(accounts.organisations()?.iter().map(record).collect())),
            Command::Set { slug, policy, trusted_sealers } => {
                set(accounts, &slug, policy.as_deref(), trusted_sealers).await
            }
        }
    }
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
    Ok(Answer::One(record(&changed)))
}

fn record(organisation: &Organisation) -> Record {
    let sealers: Vec<String> = organisation.trusted_sealers.iter().map(ToString::to_string).collect();
    Record::default()
        .with("slug", organisation.slug.as_str())
        .with("name", organisation.name.as_str())
        .with("policy", organisation.policy.as_str())
        .with("trusted_sealers", sealers)
}
