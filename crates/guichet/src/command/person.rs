//! `guichet person`.

use guichet_accounts::{Accounts, Error, NewPerson, Person, Role};
use serde::{Deserialize, Serialize};

use super::{Answer, Record, find};

/// What can be asked about people.
#[derive(Debug, Clone, PartialEq, clap::Subcommand, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Command {
    /// Add a person to an organisation
    Add(Add),
    /// List the people of an organisation
    List {
        /// The organisation's short name
        organisation: String,
    },
}

/// A person to be added.
#[derive(Debug, Clone, PartialEq, clap::Args, Serialize, Deserialize)]
pub(crate) struct Add {
    /// The organisation's short name
    organisation: String,
    /// Where they read mail
    address: String,
    /// Their name; the address if not given
    #[arg(long)]
    name: Option<String>,
    /// What they may do
    #[arg(long, value_enum, default_value_t = RoleName::Agent)]
    role: RoleName,
    /// A team, by number or name, that they belong to; may be repeated
    #[arg(long = "team", value_name = "TEAM")]
    teams: Vec<String>,
}

/// A role as the command line spells it.
#[derive(Debug, Clone, Copy, PartialEq, clap::ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RoleName {
    /// Everything of their organisation
    Admin,
    /// The tickets of their teams
    Agent,
}

impl Command {
    pub(super) async fn execute(self, accounts: &Accounts) -> Result<Answer, Error> {
        match self {
            Command::Add(wanted) => add(accounts, wanted).await,
            Command::List { organisation } => {
                let organisation = find::organisation(accounts, &organisation)?;
                Ok(Answer::Items(accounts.people(organisation)?.iter().map(record).collect()))
            }
        }
    }
}

async fn add(accounts: &Accounts, wanted: Add) -> Result<Answer, Error> {
    let organisation = find::organisation(accounts, &wanted.organisation)?;
    let address = find::address(&wanted.address)?;
    let teams = wanted.teams.iter().map(|team| find::team(accounts, organisation, team).map(|team| team.id));
    let person = NewPerson {
        name: wanted.name.unwrap_or_else(|| address.to_string()),
        address,
        role: match wanted.role {
            RoleName::Admin => Role::Admin,
            RoleName::Agent => Role::Agent,
        },
        teams: teams.collect::<Result<_, _>>()?,
    };
    let made = accounts.add_person(organisation, person).await?;
    Ok(Answer::One(record(&made)))
}

fn record(person: &Person) -> Record {
    let teams: Vec<u64> = person.teams.iter().map(|team| team.0).collect();
    Record::default()
        .with("id", person.id.0)
        .with("name", person.name.as_str())
        .with("address", person.address.to_string())
        .with("role", person.role.as_str())
        .with("teams", teams)
}
