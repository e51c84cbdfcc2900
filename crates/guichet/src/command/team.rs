//! `guichet team`.

use guichet_accounts::{Accounts, Error, Team};
use serde::{Deserialize, Serialize};

use super::{Answer, Record, find};

/// What can be asked about teams.
#[derive(Debug, Clone, PartialEq, clap::Subcommand, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Command {
    /// Make a team
    Add {
        /// The organisation's short name
        organisation: String,
        /// The team's name
        name: String,
    },
    /// List the teams of an organisation
    List {
        /// The organisation's short name
        organisation: String,
    },
}

impl Command {
    pub(super) async fn execute(self, accounts: &Accounts) -> Result<Answer, Error> {
        match self {
            Command::Add { organisation, name } => {
                let organisation = find::organisation(accounts, &organisation)?;
                let made = accounts.create_team(organisation, &name).await?;
                Ok(Answer::One(record(&made)))
            }
            Command::List { organisation } => {
                let organisation = find::organisation(accounts, &organisation)?;
                Ok(Answer::Items(accounts.teams(organisation)?.iter().map(record).collect()))
            }
        }
    }
}

fn record(team: &Team) -> Record {
    Record::default().with("id", team.id.0).with("name", team.name.as_str())
}
