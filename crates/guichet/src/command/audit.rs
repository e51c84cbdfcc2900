//! `guichet audit`.

use std::collections::HashMap;

use guichet_accounts::{Accounts, AuditEntry, Error, PersonId, Who};
use guichet_store::OrganisationId;
use serde::{Deserialize, Serialize};

use super::{Answer, Record, find};

/// How many rows one answer has at most: some megabytes.
const ROWS_MAX: i64 = 10_000;

/// What can be asked about the audit log.
#[derive(Debug, Clone, PartialEq, clap::Subcommand, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Command {
    /// List who did what, newest first; that of the organisation `house` tells also what concerns the whole server
    List {
        /// The organisation's short name
        organisation: String,
        /// How many rows at most
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=ROWS_MAX))]
        limit: u32,
    },
}

impl Command {
    #[allow(clippy::unused_async)]
    pub(super) async fn execute(self, accounts: &Accounts) -> Result<Answer, Error> {
        let Command::List { organisation, limit } = self;
        let organisation = find::organisation(accounts, &organisation)?;
        let (limit, mut entries, mut cursor) = (limit as usize, Vec::new(), None);
        while entries.len() < limit {
            let page = accounts.audit(organisation, cursor.as_deref(), limit - entries.len())?;
            entries.extend(page.entries);
            cursor = page.next;
            if cursor.is_none() {
                break;
            }
        }
        let mut names = Names { accounts, people: HashMap::new(), organisations: HashMap::new() };
        Ok(Answer::Items(entries.iter().map(|entry| record(entry, &mut names)).collect()))
    }
}

/// What people and organisations are called now, each looked up once. Who is not there any more keeps a number.
struct Names<'a> {
    accounts: &'a Accounts,
    people: HashMap<(OrganisationId, PersonId), String>,
    organisations: HashMap<OrganisationId, String>,
}

impl Names<'_> {
    fn person(&mut self, organisation: Option<OrganisationId>, id: PersonId) -> String {
        let unknown = || format!("person {id}");
        let Some(organisation) = organisation else { return unknown() };
        let name = self.people.entry((organisation, id)).or_insert_with(|| {
            let person = self.accounts.person(organisation, id);
            person.map_or_else(|_| unknown(), |person| person.address.to_string())
        });
        name.clone()
    }

    fn organisation(&mut self, id: OrganisationId) -> String {
        let name = self.organisations.entry(id).or_insert_with(|| {
            let organisation = self.accounts.organisation(id);
            organisation.map_or_else(|_| id.get().to_string(), |organisation| organisation.slug)
        });
        name.clone()
    }
}

fn record(entry: &AuditEntry, names: &mut Names<'_>) -> Record {
    let who = match entry.who {
        Who::Person(person) => names.person(entry.organisation, person),
        Who::System => "guichet".to_owned(),
        Who::Operator => "operator".to_owned(),
    };
    Record::default()
        .with("at", entry.at.to_string())
        .with("who", who)
        .with("organisation", entry.organisation.map(|id| names.organisation(id)))
        .with("from", entry.from.map(|from| from.to_string()))
        .with("deed", entry.deed.as_str())
        .with("subject", entry.subject.as_str())
}
