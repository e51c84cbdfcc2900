//! What the operator may ask for: organisations, domains, channels, people, teams, tokens.
//!
//! One enum is both what the command line parses and what travels over the control socket, so the two can't drift
//! apart. Texts stay texts until [`Command::execute`] reads them: it is the one place that checks, whoever asks.

mod admin;
mod answer;
mod audit;
mod channel;
mod check;
mod claim;
mod domain;
mod find;
pub(crate) mod key;
mod operator;
mod organisation;
mod person;
mod records;
mod sign_up;
mod team;
#[cfg(test)]
pub(crate) mod tests;
mod token;

use guichet_accounts::Error;
use serde::{Deserialize, Serialize};

pub(crate) use answer::{Answer, Checked, Record, Zone};
pub(crate) use operator::Operator;
pub(crate) use token::new_secret;

/// One request of the operator.
#[derive(Debug, Clone, PartialEq, clap::Subcommand, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Command {
    /// The tenants of this server
    #[command(subcommand)]
    Organisation(organisation::Command),
    /// Whether anybody may sign up for an organisation
    #[command(subcommand)]
    SignUp(sign_up::Command),
    /// The mail domains of an organisation
    #[command(subcommand)]
    Domain(domain::Command),
    /// The addresses through which mail comes in
    #[command(subcommand)]
    Channel(channel::Command),
    /// The names below the base domain that organisations ask for
    #[command(subcommand)]
    Claim(claim::Command),
    /// The admins and agents of an organisation
    #[command(subcommand)]
    Person(person::Command),
    /// The groups of agents of an organisation
    #[command(subcommand)]
    Team(team::Command),
    /// Check the server's own records in DNS, its addresses and its port; ends with 1 where something lacks
    Check,
    /// The API tokens of an organisation
    #[command(subcommand)]
    Token(token::Command),
    /// Help for the one who is locked out
    #[command(subcommand)]
    Admin(admin::Command),
    /// Who did what
    #[command(subcommand)]
    Audit(audit::Command),
}

impl Command {
    /// Does what is asked.
    pub(crate) async fn execute(self, operator: &Operator) -> Result<Answer, Error> {
        let accounts = &operator.accounts();
        match self {
            Command::Organisation(command) => command.execute(accounts, operator.now()).await,
            Command::SignUp(command) => command.execute(accounts).await,
            Command::Domain(command) => command.execute(operator).await,
            Command::Channel(command) => command.execute(accounts).await,
            Command::Claim(command) => command.execute(operator).await,
            Command::Check => check::execute(operator).await,
            Command::Person(command) => command.execute(operator).await,
            Command::Team(command) => command.execute(operator).await,
            Command::Token(command) => command.execute(operator).await,
            Command::Admin(command) => command.execute(operator).await,
            Command::Audit(command) => command.execute(accounts).await,
        }
    }
}
