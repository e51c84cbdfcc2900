//! `guichet team`.

use guichet_accounts::{Error, Team};
use serde::{Deserialize, Serialize};

use super::{Answer, Operator, Record, find};

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
    /// Give a team another name
    Rename {
        /// The organisation's short name
        organisation: String,
        /// The team, by number or name
        team: String,
        /// Its name from now on
        name: String,
    },
    /// Delete a team that no channel, no person and no unfinished ticket names; its other tickets stay
    Delete {
        /// The organisation's short name
        organisation: String,
        /// The team, by number or name
        team: String,
    },
    /// List the teams of an organisation
    List {
        /// The organisation's short name
        organisation: String,
    },
}

impl Command {
    pub(super) async fn execute(self, operator: &Operator) -> Result<Answer, Error> {
        let accounts = &operator.accounts();
        match self {
            Command::Add { organisation, name } => {
                let organisation = find::organisation(accounts, &organisation)?;
                let made = accounts.create_team(organisation, &name).await?;
                Ok(Answer::One(record(&made)))
            }
            Command::Rename { organisation, team, name } => {
                let organisation = find::organisation(accounts, &organisation)?;
                let team = find::team(accounts, organisation, &team)?;
                Ok(Answer::One(record(&accounts.rename_team(organisation, team.id, &name).await?)))
            }
            Command::Delete { organisation, team } => {
                let organisation = find::organisation(accounts, &organisation)?;
                let team = find::team(accounts, organisation, &team)?;
                let idle = operator.desk.check_no_work(organisation, team.id);
                idle.map_err(|error| Error::Invalid(error.to_string()))?;
                accounts.delete_team(organisation, team.id).await?;
                Ok(Answer::One(Record::default().with("deleted", team.id.0)))
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
