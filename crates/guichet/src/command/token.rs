//! `guichet token`.
//!
//! *Security*: the secret goes out once, in the answer that makes the token; it is neither kept nor logged.

use guichet_accounts::{Accounts, Error, NewToken, Person, Scope, Scopes, Secret, Token, TokenId};
use guichet_sys::Random;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Answer, Operator, Record, find};

/// Stands for every scope that the person's role has.
const EVERY_SCOPE: &str = "all";
/// Days that a token with an end may be good for: ten years.
const DAYS_MAX: i64 = 3_650;

/// What can be asked about tokens.
#[derive(Debug, Clone, PartialEq, clap::Subcommand, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Command {
    /// Make a token, shown this once
    Add {
        /// The organisation's short name
        organisation: String,
        /// The person, by number or address, in whose name it acts
        person: String,
        /// What it is for
        #[arg(long)]
        name: String,
        /// What it allows, as in tickets:read,tickets:write, or `all` that the person's role does
        #[arg(long = "scope", value_name = "SCOPE", value_delimiter = ',', required = true)]
        scopes: Vec<String>,
        /// Days for which it is good; for good if not given
        #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(1..=DAYS_MAX))]
        days: Option<u32>,
    },
    /// List the tokens of an organisation
    List {
        /// The organisation's short name
        organisation: String,
    },
    /// Take a token back
    Revoke {
        /// The organisation's short name
        organisation: String,
        /// The token's number
        token: u64,
    },
}

impl Command {
    pub(super) async fn execute(self, operator: &Operator) -> Result<Answer, Error> {
        let accounts = &operator.accounts();
        match self {
            Command::Add { organisation, person, name, scopes, days } => {
                let organisation = find::organisation(accounts, &organisation)?;
                let person = find::person(accounts, organisation, &person)?;
                let scopes = read_scopes(&person, &scopes)?;
                let wanted = NewToken { person: person.id, name, scopes };
                let secret = new_secret(&*operator.random);
                let expires =
                    days.map(|days| operator.now() + SignedDuration::from_hours(24 * i64::from(days)));
                let made = accounts.create_token_until(organisation, wanted, expires, &secret).await?;
                Ok(Answer::One(record(accounts, &made)?.with("secret", secret.reveal())))
            }
            Command::List { organisation } => {
                let organisation = find::organisation(accounts, &organisation)?;
                let tokens = accounts.tokens(organisation)?;
                let records = tokens.iter().map(|token| record(accounts, token));
                Ok(Answer::Items(records.collect::<Result<_, _>>()?))
            }
            Command::Revoke { organisation, token } => {
                let organisation = find::organisation(accounts, &organisation)?;
                accounts.revoke_token(organisation, TokenId(token)).await?;
                Ok(Answer::One(Record::default().with("revoked", token)))
            }
        }
    }
}

/// A secret that nobody has seen.
pub(crate) fn new_secret(random: &dyn Random) -> Secret {
    let mut bytes = [0; 32];
    random.fill(&mut bytes);
    Secret::from_random(bytes)
}

/// What a token of this person shall allow: no more than their role, with which it would be of no use.
fn read_scopes(person: &Person, words: &[String]) -> Result<Scopes, Error> {
    let theirs = person.role.scopes();
    if words.iter().any(|word| word == EVERY_SCOPE) {
        return Ok(theirs);
    }
    let scopes = words.iter().map(|word| word.parse::<Scope>());
    let scopes: Scopes =
        scopes.collect::<Result<_, _>>().map_err(|error| Error::Invalid(error.to_string()))?;
    if let Some(beyond) = scopes.iter().find(|scope| !theirs.contains(*scope)) {
        let has: Vec<&str> = theirs.iter().map(Scope::as_str).collect();
        return Err(Error::Invalid(format!(
            "`{}` is {} and does not have `{beyond}`; that role has {}",
            person.address,
            person.role.as_str(),
            has.join(", ")
        )));
    }
    match scopes.iter().next() {
        Some(_) => Ok(scopes),
        None => Err(Error::Invalid("a token without a scope opens nothing; name one".to_owned())),
    }
}

fn record(accounts: &Accounts, token: &Token) -> Result<Record, Error> {
    let scopes: Vec<&str> = token.scopes.iter().map(Scope::as_str).collect();
    let text = |at: Option<Timestamp>| at.map(|at| at.to_string());
    Ok(Record::default()
        .with("id", token.id.0)
        .with("name", token.name.as_str())
        .with("person", token.person.0)
        .with("scopes", scopes)
        .with("created", text(token.created))
        .with("expires", text(token.expires))
        .with("used", text(accounts.token_used(token.organisation, token.id)?)))
}
