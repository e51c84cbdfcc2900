//! `guichet admin`.
//!
//! *Security*: the link goes out once, in the answer; it is good for an hour, and once.

use guichet_accounts::Error;
use serde::{Deserialize, Serialize};

use super::{Answer, Operator, Record, find};

/// Help for the one who is locked out.
#[derive(Debug, Clone, PartialEq, clap::Subcommand, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Command {
    /// Let somebody in again: print a link for a new password, shown this once, and lift the throttle
    Reset {
        /// The address that they log in with
        address: String,
        /// The short name of their organisation, where they belong to several
        #[arg(long, value_name = "SLUG")]
        organisation: Option<String>,
        /// Remove their second factor too: for who lost telephone and recovery codes
        #[arg(long)]
        totp: bool,
    },
}

impl Command {
    pub(super) async fn execute(self, operator: &Operator) -> Result<Answer, Error> {
        let Command::Reset { address, organisation, totp } = self;
        let accounts = operator.accounts();
        let address = find::address(&address)?;
        let organisation = organisation.map(|slug| find::organisation(&accounts, &slug)).transpose()?;
        let (organisation, person) = accounts.person_named(&address, organisation)?;
        let reset =
            accounts.reset_access(organisation, person, totp, operator.now(), &*operator.random).await?;
        let record = Record::default()
            .with("person", reset.person.address.to_string())
            .with("organisation", reset.organisation.slug.as_str())
            .with("link", reset.link(&operator.public_url))
            .with("expires", reset.expires.to_string())
            .with("totp_removed", totp);
        Ok(Answer::One(record))
    }
}
