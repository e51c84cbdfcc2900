//! What a writing is about: its ticket, the message that it answers, the channel it goes through.

use guichet_accounts::{Actor, Channel, ChannelId, TeamId};
use guichet_mail::compose::Mailbox;
use guichet_mail::{AuthResult, Verdicts};
use guichet_store::{Direction, Snapshot};

use super::check::invalid;
use super::{Target, Writing, WritingKind};
use crate::merge::home;
use crate::message::MessageKind;
use crate::read::seen_ticket;
use crate::stored::{self, StoredMessage, StoredTicket, last_number};
use crate::{CompanyId, Desk, Error, keys};

/// How many messages of a ticket are looked at, the newest first, for the one that is to be answered.
const MESSAGES_READ_MAX: usize = 500;

/// What a writing is about, as it was read.
#[derive(Debug, Clone)]
pub(super) struct Matter {
    /// Its ticket; a new mail has none yet.
    pub(super) ticket: Option<StoredTicket>,
    /// The message that it answers or hands on.
    pub(super) answered: Option<StoredMessage>,
    /// The channel that it goes through.
    pub(super) channel: Channel,
    /// Whose ticket it is, or becomes.
    pub(super) team: Option<TeamId>,
    /// Contacts whom it is to as well.
    pub(super) contacts: Vec<Mailbox>,
    /// The company that a new ticket is linked to.
    pub(super) company: Option<CompanyId>,
}

impl Matter {
    fn of(channel: Channel, team: Option<TeamId>) -> Self {
        Self { ticket: None, answered: None, channel, team, contacts: Vec::new(), company: None }
    }
}

impl Desk {
    pub(super) fn matter(&self, actor: &Actor, writing: &Writing) -> Result<Matter, Error> {
        let contacts = self.named_contacts(actor, writing)?;
        let company = self.named_company(actor, writing)?;
        Ok(Matter { contacts, company, ..self.placed(actor, writing)? })
    }

    /// Where it belongs, and what it answers.
    fn placed(&self, actor: &Actor, writing: &Writing) -> Result<Matter, Error> {
        match &writing.target {
            Target::New { channel, team, .. } => {
                self.new_matter(actor, writing.channel.unwrap_or(*channel), *team)
            }
            Target::Ticket { number, kind, answers } => {
                let snapshot = self.store.of(actor.organisation).snapshot()?;
                let ticket = home(&snapshot, seen_ticket(&snapshot, actor, *number)?)?;
                let number = &ticket.number;
                if !actor.sight.sees(ticket.record.team) {
                    return Err(Error::NotFound("ticket"));
                }
                let answered = match kind {
                    WritingKind::Note => None,
                    WritingKind::Reply | WritingKind::ReplyAll | WritingKind::Forward => {
                        Some(match answers {
                            Some(asked) => named(&snapshot, *number, *kind, *asked)?,
                            None => newest(&snapshot, &ticket)?,
                        })
                    }
                };
                let team = ticket.record.team;
                let channel = match writing.channel {
                    Some(wanted) if wanted != ticket.record.channel => {
                        self.usable_channel(actor, wanted, team)?
                    }
                    // Whoever sees a ticket answers from where it was written to, whatever team it moved to.
                    _ => self.accounts.channel(actor.organisation, ticket.record.channel)?,
                };
                Ok(Matter { ticket: Some(ticket), answered, ..Matter::of(channel, team) })
            }
        }
    }

    fn new_matter(&self, actor: &Actor, channel: ChannelId, team: Option<TeamId>) -> Result<Matter, Error> {
        if let Some(team) = team {
            self.accounts.team(actor.organisation, team)?;
            if !actor.sight.sees(Some(team)) {
                return Err(Error::NotFound("team"));
            }
        }
        let channel = self.usable_channel(actor, channel, team)?;
        let team = team.or(channel.team);
        if !actor.sight.sees(team) {
            return invalid("you would not see this ticket: give one of your teams");
        }
        Ok(Matter::of(channel, team))
    }

    /// A channel through which the actor may write in a ticket of this team: that of the team, one of a team that they
    /// see, or one of no team.
    fn usable_channel(&self, actor: &Actor, id: ChannelId, team: Option<TeamId>) -> Result<Channel, Error> {
        let channel = self.accounts.channel(actor.organisation, id)?;
        let is_usable = channel.team.is_none() || channel.team == team || actor.sight.sees(channel.team);
        if is_usable { Ok(channel) } else { Err(Error::NotFound("channel")) }
    }
}

/// The message of the ticket that was asked for.
fn named(snapshot: &Snapshot, ticket: u64, kind: WritingKind, number: u64) -> Result<StoredMessage, Error> {
    let message = stored::message(snapshot, number)?.filter(|message| message.ticket == ticket);
    let message = message.ok_or(Error::NotFound("message"))?;
    match message.record.kind() {
        MessageKind::Note => {
            invalid(format!("message {number} is a note, which nobody outside may read; name another"))
        }
        MessageKind::Report if kind != WritingKind::Forward => invalid(format!(
            "message {number} is a report of a mail server, which nobody reads answers to; name another"
        )),
        _ => Ok(message),
    }
}

/// The newest message that came in, or else the newest that went out. One that is marked counts only once its author
/// takes part: a stranger is not answered unasked (promise 4).
fn newest(snapshot: &Snapshot, ticket: &StoredTicket) -> Result<StoredMessage, Error> {
    let mut newest_of_ours = None;
    let rows = snapshot.scan(&keys::ticket_messages(ticket.number), Direction::Backward, None)?;
    for row in rows.take(MESSAGES_READ_MAX) {
        let number = last_number(&row?.0)?;
        let message = stored::message(snapshot, number)?.ok_or(Error::Damaged("message"))?;
        match message.record.kind() {
            MessageKind::Inbound if !message.record.marked || takes_part(ticket, &message) => {
                return Ok(message);
            }
            MessageKind::Outbound => newest_of_ours = newest_of_ours.or(Some(message)),
            MessageKind::Inbound | MessageKind::Note | MessageKind::Automatic | MessageKind::Report => {}
        }
    }
    newest_of_ours.map_or_else(
        || invalid("this ticket has no mail that could be answered; name one, or write a new mail"),
        Ok,
    )
}

/// Whether its author takes part, and is not somebody whose domain says that they did not write it.
fn takes_part(ticket: &StoredTicket, message: &StoredMessage) -> bool {
    let is_disowned = |verdicts: &Verdicts| verdicts.dmarc.result == AuthResult::Fail;
    if message.record.verdicts.as_ref().is_some_and(is_disowned) {
        return false;
    }
    let author = message.record.content.sole_author();
    author.is_some_and(|author| ticket.record.participants.contains(&author.normalised()))
}
