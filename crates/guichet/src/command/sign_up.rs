//! `guichet sign-up`.

use guichet_accounts::{Accounts, Error};
use serde::{Deserialize, Serialize};

use super::{Answer, Record};

/// What can be asked about sign-up.
#[derive(Debug, Clone, PartialEq, clap::Subcommand, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Command {
    /// Let whoever wants have an organisation, by a link that is mailed to their address
    Open,
    /// Make organisations only by yourself; links that were mailed open nothing from now on
    Close,
    /// Say whether sign-up is open
    Show,
}

impl Command {
    pub(super) async fn execute(self, accounts: &Accounts) -> Result<Answer, Error> {
        match self {
            Command::Open => accounts.open_sign_up(true).await?,
            Command::Close => accounts.open_sign_up(false).await?,
            Command::Show => {}
        }
        let word = if accounts.sign_up_is_open()? { "open" } else { "closed" };
        Ok(Answer::One(Record::default().with("sign_up", word)))
    }
}
