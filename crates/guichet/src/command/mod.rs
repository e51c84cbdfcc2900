//! What the operator may ask for: organisations, domains, channels, people, teams, tokens.
//!
//! One enum is both what the command line parses and what travels over the control socket, so the two can't drift
//! apart. Texts stay texts until [`Command::execute`] reads them: it is the one place that checks, whoever asks.

mod answer;
mod channel;
mod domain;
mod find;
mod operator;
mod organisation;
mod person;
mod team;
#[cfg(test)]
pub(crate) mod tests;
mod token;

use guichet_accounts::Error;
use serde::{Deserialize, Serialize};

pub(crate) use answer::{Answer, Record};
pub(crate) use operator::Operator;
pub(crate) use token::new_secret;

/// One request of the operator.
#[derive(Debug, Clone, PartialEq, clap::Subcommand, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Command {
    /// The tenants of this server
    #[command(subcommand)]
    Organisation(organisation::Command),
    /// The mail domains of an organisation
    #[command(subcommand)]
    Domain(domain::Command),
    /// The addresses through which mail comes in
    #[command(subcommand)]
    Channel(channel::Command),
    /// The admins and agents of an organisation
    #[command(subcommand)]
    Person(person::Command),
    /// The groups of agents of an organisation
    #[command(subcommand)]
    Team(team::Command),
    /// The API tokens of an organisation
    #[command(subcommand)]
    Token(token::Command),
}

impl Command {
    /// Does what is asked.
    pub(crate) async fn execute(self, operator: &Operator) -> Result<Answer, Error> {
        let accounts = &operator.accounts();
        match self {
            Command::Organisation(command) => command.execute(accounts).await,
            Command::Domain(command) => command.execute(accounts).await,
            Command::Channel(command) => command.execute(accounts).await,
            Command::Person(command) => command.execute(accounts).await,
            Command::Team(command) => command.execute(accounts).await,
            Command::Token(command) => command.execute(accounts, &*operator.random).await,
        }
    }
}
