//! `guichet claim`: names below the base domain that organisations ask for.

use guichet_accounts::{Accounts, Claim, ClaimId, ClaimState, Error};
use guichet_domains::tell_declined;
use guichet_store::OrganisationId;
use serde::{Deserialize, Serialize};

use super::{Answer, Operator, Record, find};

/// What can be asked about claims.
#[derive(Debug, Clone, PartialEq, clap::Subcommand, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Command {
    /// List the claims, those that wait for a decision
    List {
        /// The decided ones too
        #[arg(long)]
        all: bool,
    },
    /// Grant a name: the domain and its channel are made at once
    Approve(Which),
    /// Decline a claim; the admins of the organisation read the reason in a mail
    Decline {
        /// Which
        #[command(flatten)]
        which: Which,
        /// Why, in a sentence
        #[arg(long)]
        reason: String,
    },
}

/// One claim.
#[derive(Debug, Clone, PartialEq, clap::Args, Serialize, Deserialize)]
pub(crate) struct Which {
    /// The organisation's short name
    organisation: String,
    /// The claim, by number or by the name that it asks for
    claim: String,
}

impl Command {
    pub(super) async fn execute(self, operator: &Operator) -> Result<Answer, Error> {
        let accounts = &operator.accounts();
        match self {
            Command::List { all } => {
                let claims = accounts.every_claim()?;
                let shown = claims.iter().filter(|claim| all || claim.state == ClaimState::Pending);
                let records: Result<_, Error> = shown.map(|claim| record(accounts, claim)).collect();
                records.map(Answer::Items)
            }
            Command::Approve(which) => {
                let (organisation, id) = which.find(accounts)?;
                let (approved, _) = accounts.approve_claim(organisation, id, operator.now()).await?;
                tell(operator).await;
                Ok(Answer::One(record(accounts, &approved)?))
            }
            Command::Decline { which, reason } => {
                let (organisation, id) = which.find(accounts)?;
                let declined = accounts.decline_claim(organisation, id, &reason, operator.now()).await?;
                tell(operator).await;
                Ok(Answer::One(record(accounts, &declined)?))
            }
        }
    }
}

/// The decision stands; where the mail can't be made now, the watch over domains makes it later.
async fn tell(operator: &Operator) {
    if let Err(error) = tell_declined(&operator.desk, operator.now()).await {
        tracing::warn!(%error, "the admins are told of a declined claim later");
    }
}

impl Which {
    fn find(&self, accounts: &Accounts) -> Result<(OrganisationId, ClaimId), Error> {
        let organisation = find::organisation(accounts, &self.organisation)?;
        if let Ok(id) = self.claim.parse() {
            return Ok((organisation, accounts.claim(organisation, id)?.id));
        }
        let claims = accounts.claims(organisation)?.into_iter();
        let mut named = claims.filter(|claim| claim.label == self.claim);
        // The newest: an older one of the same name was declined.
        let missing = || Error::NotFound { what: "claim", name: self.claim.clone() };
        named.next_back().map(|claim| (organisation, claim.id)).ok_or_else(missing)
    }
}

fn record(accounts: &Accounts, claim: &Claim) -> Result<Record, Error> {
    let warnings: Vec<String> = claim.likenesses.iter().map(ToString::to_string).collect();
    Ok(Record::default()
        .with("organisation", accounts.organisation(claim.organisation)?.slug)
        .with("id", claim.id.0)
        .with("domain", claim.address.domain().as_str())
        .with("seen_as", claim.address.domain().to_unicode())
        .with("address", claim.address.to_string())
        .with("name", claim.name.as_str())
        .with("state", claim.state.as_str())
        .with("warnings", warnings)
        .with("reason", claim.reason.clone())
        .with("made", claim.made.to_string()))
}
