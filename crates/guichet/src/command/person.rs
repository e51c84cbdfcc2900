//! `guichet person`.
//!
//! *Security*: the link of an invitation goes out in the answer only where no mail brings it; an operator who may read it
//! may let anybody in anyway (`guichet admin reset`).

use guichet_accounts::{Error, Invitation, NewPerson, Person, PersonChange, Role};
use guichet_desk::{SystemMail, SystemMailKind};
use guichet_store::OrganisationId;
use serde::{Deserialize, Serialize};

use super::{Answer, Operator, Record, find};
use crate::config::OutboundMode;

/// What became of an invitation that no mail brings.
const CAPTURED: &str =
    "captured, not sent: hand over the link yourself, or set outbound.mode to deliver and resend it";

/// What can be asked about people.
#[derive(Debug, Clone, PartialEq, clap::Subcommand, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Command {
    /// Add a person to an organisation; they have no password until `guichet admin reset` or a mail lets them set one
    Add(Wanted),
    /// Invite a person by mail; the link in it lets them choose their password
    Invite(Wanted),
    /// Send an invitation again; the link before ends
    Resend(Named),
    /// Change a person's name, role or teams
    Set {
        #[command(flatten)]
        named: Named,
        /// Their name
        #[arg(long)]
        name: Option<String>,
        /// What they may do
        #[arg(long, value_enum)]
        role: Option<RoleName>,
        /// Their teams from now on, by number or name; may be repeated; `none` for no team
        #[arg(long = "team", value_name = "TEAM")]
        teams: Option<Vec<String>>,
    },
    /// Keep a person out: their sessions and tokens end at once, their tickets stay theirs
    Disable(Named),
    /// Let a person in again, with the password that they had
    Enable(Named),
    /// List the people of an organisation
    List {
        /// The organisation's short name
        organisation: String,
    },
}

/// A person to be added or invited.
#[derive(Debug, Clone, PartialEq, clap::Args, Serialize, Deserialize)]
pub(crate) struct Wanted {
    /// The organisation's short name; operators belong to the organisation `house`
    organisation: String,
    /// Where they read mail, and what they log in with
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

/// A person of an organisation.
#[derive(Debug, Clone, PartialEq, clap::Args, Serialize, Deserialize)]
pub(crate) struct Named {
    /// The organisation's short name
    organisation: String,
    /// The person, by number or address
    person: String,
}

/// A role as the command line spells it.
#[derive(Debug, Clone, Copy, PartialEq, clap::ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RoleName {
    /// Everything of their organisation
    Admin,
    /// The tickets of their teams
    Agent,
    /// The whole server, but no organisation's mail; only in the organisation `house`
    Operator,
}

impl From<RoleName> for Role {
    fn from(name: RoleName) -> Self {
        match name {
            RoleName::Admin => Role::Admin,
            RoleName::Agent => Role::Agent,
            RoleName::Operator => Role::Operator,
        }
    }
}

impl Command {
    pub(super) async fn execute(self, operator: &Operator) -> Result<Answer, Error> {
        let accounts = operator.accounts();
        let person = match self {
            Command::Add(wanted) => {
                let (organisation, wanted) = wanted.read(operator)?;
                accounts.add_person(organisation, wanted).await?
            }
            Command::Invite(wanted) => {
                let (organisation, wanted) = wanted.read(operator)?;
                let made = accounts.invite(organisation, wanted, operator.now(), &*operator.random).await?;
                return send(operator, made).await.map(Answer::One);
            }
            Command::Resend(named) => {
                let (organisation, person) = named.read(operator)?;
                let (now, random) = (operator.now(), &*operator.random);
                // Where no mail goes, the link of before stays good.
                let mail = (&person.address, SystemMailKind::Invitation);
                let goes = operator.desk.check_system_mail(organisation, mail, now);
                goes.map_err(|why| Error::Invalid(format!("the mail can't be sent: {why}")))?;
                let made = accounts.resend_invitation(organisation, person.id, now, random).await?;
                return send(operator, made).await.map(Answer::One);
            }
            Command::Set { named, name, role, teams } => {
                let (organisation, person) = named.read(operator)?;
                let teams = teams.map(|teams| find::teams(&accounts, organisation, &teams)).transpose()?;
                let wanted = PersonChange { name, role: role.map(Role::from), teams };
                accounts.change_person(organisation, person.id, wanted).await?
            }
            Command::Disable(named) => {
                let (organisation, person) = named.read(operator)?;
                accounts.disable_person(organisation, person.id).await?
            }
            Command::Enable(named) => {
                let (organisation, person) = named.read(operator)?;
                accounts.enable_person(organisation, person.id).await?
            }
            Command::List { organisation } => {
                let organisation = find::organisation(&accounts, &organisation)?;
                return Ok(Answer::Items(accounts.people(organisation)?.iter().map(record).collect()));
            }
        };
        Ok(Answer::One(record(&person)))
    }
}

impl Wanted {
    fn read(self, operator: &Operator) -> Result<(OrganisationId, NewPerson), Error> {
        let accounts = operator.accounts();
        let organisation = find::organisation(&accounts, &self.organisation)?;
        let address = find::address(&self.address)?;
        let person = NewPerson {
            name: self.name.unwrap_or_else(|| address.to_string()),
            address,
            role: self.role.into(),
            teams: find::teams(&accounts, organisation, &self.teams)?,
        };
        Ok((organisation, person))
    }
}

impl Named {
    fn read(self, operator: &Operator) -> Result<(OrganisationId, Person), Error> {
        let accounts = operator.accounts();
        let organisation = find::organisation(&accounts, &self.organisation)?;
        let person = find::person(&accounts, organisation, &self.person)?;
        Ok((organisation, person))
    }
}

/// Sends an invitation that was made. Where mail does not leave, the answer has its link.
async fn send(operator: &Operator, invitation: Invitation) -> Result<Record, Error> {
    let letter = invitation.letter(&operator.public_url);
    let mail = SystemMail {
        to: invitation.person.address.clone(),
        to_name: Some(invitation.person.name.clone()),
        subject: letter.subject,
        text: letter.text,
        kind: SystemMailKind::Invitation,
    };
    let sent = operator.desk.send_system_mail(invitation.organisation.id, mail, operator.now()).await;
    match sent {
        Ok(_) => Ok(match operator.mode {
            OutboundMode::Deliver => record(&invitation.person).with("mail", "queued"),
            OutboundMode::Capture => record(&invitation.person)
                .with("mail", CAPTURED)
                .with("link", invitation.link(&operator.public_url)),
        }),
        Err(error) => Err(Error::Invalid(format!(
            "`{0}` is invited, but the mail can't be sent: {error}. Mend that and `guichet person resend {1} {0}`, or \
             hand over what `guichet admin reset {0} --organisation {1}` prints",
            invitation.person.address, invitation.organisation.slug
        ))),
    }
}

fn record(person: &Person) -> Record {
    let teams: Vec<u64> = person.teams.iter().map(|team| team.0).collect();
    Record::default()
        .with("id", person.id.0)
        .with("name", person.name.as_str())
        .with("address", person.address.to_string())
        .with("role", person.role.as_str())
        .with("status", person.status.as_str())
        .with("teams", teams)
}
