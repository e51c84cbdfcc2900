//! `guichet channel`.

use guichet_accounts::{Accounts, AutoReply, Channel, ChannelChange, Error, NewChannel};
use guichet_store::OrganisationId;
use serde::{Deserialize, Serialize};

use super::{Answer, Record, find};

/// What can be asked about channels.
#[derive(Debug, Clone, PartialEq, clap::Subcommand, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Command {
    /// Make a channel: an address whose mail becomes tickets
    Add {
        /// The organisation's short name
        organisation: String,
        /// The address, in a domain of the organisation
        address: String,
        /// The name that customers would see; the address if not given
        #[arg(long)]
        name: Option<String>,
        /// The team, by number or name, whose tickets its mail becomes
        #[arg(long)]
        team: Option<String>,
    },
    /// Give a channel a further address
    Alias {
        #[command(flatten)]
        named: Named,
        /// The further address
        address: String,
    },
    /// List the channels of an organisation
    List {
        /// The organisation's short name
        organisation: String,
    },
    /// Take a further address from a channel
    Unalias {
        #[command(flatten)]
        named: Named,
        /// The further address
        address: String,
    },
    /// Change a channel's name, its team, the first answer that it gives by itself, or whether mail comes in and goes out
    Set(Set),
    /// Delete a channel that is switched off (`set --active false`); its addresses are free again, its tickets stay
    Delete(Named),
    /// Let a channel read the mail to the server's bare `postmaster`
    Postmaster(Named),
}

/// A change of a channel.
#[derive(Debug, Clone, PartialEq, clap::Args, Serialize, Deserialize)]
pub(crate) struct Set {
    #[command(flatten)]
    named: Named,
    /// The name that customers see
    #[arg(long)]
    name: Option<String>,
    /// The team, by number or name, whose tickets its mail becomes from now on; `none` for no team
    #[arg(long)]
    team: Option<String>,
    /// The text of the automatic first answer; "" switches it off
    #[arg(long, value_name = "TEXT")]
    auto_reply: Option<String>,
    /// The subject of that answer; by default one of ours
    #[arg(long, value_name = "SUBJECT", requires = "auto_reply")]
    auto_reply_subject: Option<String>,
    /// Whether mail comes in and goes out
    #[arg(long, value_name = "BOOL")]
    active: Option<bool>,
}

/// A channel of an organisation.
#[derive(Debug, Clone, PartialEq, clap::Args, Serialize, Deserialize)]
pub(crate) struct Named {
    /// The organisation's short name
    organisation: String,
    /// The channel, by number or address
    channel: String,
}

impl Named {
    fn read(&self, accounts: &Accounts) -> Result<(OrganisationId, Channel), Error> {
        let organisation = find::organisation(accounts, &self.organisation)?;
        let channel = find::channel(accounts, organisation, &self.channel)?;
        Ok((organisation, channel))
    }
}

impl Command {
    pub(super) async fn execute(self, accounts: &Accounts) -> Result<Answer, Error> {
        match self {
            Command::Add { organisation, address, name, team } => {
                let organisation = find::organisation(accounts, &organisation)?;
                let address = find::address(&address)?;
                let name = name.unwrap_or_else(|| address.to_string());
                let team = team.map(|team| find::team_or_none(accounts, organisation, &team)).transpose()?;
                let wanted = NewChannel { address, name, team: team.flatten() };
                let made = accounts.create_channel(organisation, wanted).await?;
                Ok(Answer::One(record(&made)))
            }
            Command::Alias { named, address } => {
                let (organisation, channel) = named.read(accounts)?;
                let alias = find::address(&address)?;
                let changed = accounts.add_alias(organisation, channel.id, &alias).await?;
                Ok(Answer::One(record(&changed)))
            }
            Command::Unalias { named, address } => {
                let (organisation, channel) = named.read(accounts)?;
                let alias = find::address(&address)?;
                let changed = accounts.remove_alias(organisation, channel.id, &alias).await?;
                Ok(Answer::One(record(&changed)))
            }
            Command::List { organisation } => {
                let organisation = find::organisation(accounts, &organisation)?;
                Ok(Answer::Items(accounts.channels(organisation)?.iter().map(record).collect()))
            }
            Command::Set(wanted) => set(accounts, wanted).await,
            Command::Delete(named) => {
                let (organisation, channel) = named.read(accounts)?;
                accounts.delete_channel(organisation, channel.id).await?;
                Ok(Answer::One(Record::default().with("deleted", channel.id.0)))
            }
            Command::Postmaster(named) => {
                let (organisation, channel) = named.read(accounts)?;
                accounts.set_postmaster(organisation, channel.id).await?;
                Ok(Answer::One(record(&channel)))
            }
        }
    }
}

async fn set(accounts: &Accounts, wanted: Set) -> Result<Answer, Error> {
    let (organisation, channel) = wanted.named.read(accounts)?;
    let team = wanted.team.map(|team| find::team_or_none(accounts, organisation, &team)).transpose()?;
    let subject = wanted.auto_reply_subject;
    let auto_reply = wanted.auto_reply.map(|text| (!text.is_empty()).then_some(AutoReply { subject, text }));
    let (name, active) = (wanted.name, wanted.active);
    let change = ChannelChange { name, auto_reply, team, active, ..ChannelChange::default() };
    let changed = accounts.change_channel(organisation, channel.id, change).await?;
    Ok(Answer::One(record(&changed)))
}

fn record(channel: &Channel) -> Record {
    let aliases: Vec<String> = channel.aliases.iter().map(ToString::to_string).collect();
    Record::default()
        .with("id", channel.id.0)
        .with("address", channel.address.to_string())
        .with("name", channel.name.as_str())
        .with("team", channel.team.map(|team| team.0))
        .with("aliases", aliases)
        .with("active", channel.is_active())
        .with("auto_reply", channel.auto_reply.as_ref().map(|reply| reply.text.clone()))
}
