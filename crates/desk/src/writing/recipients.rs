//! Who gets a mail: those who were named, or whom the kind of answer suggests.
//!
//! *Must hold*: nobody gets a mail twice, and nothing goes to what is no valid address (case 24). What is suggested never has
//! one of our own addresses in copy, since that would bring our own mail back to us.

use std::collections::{BTreeSet, HashMap};

use guichet_accounts::{Channel, Route};
use guichet_mail::compose::Mailbox;
use guichet_mail::{Address, Defect, MailAddress};
use guichet_store::{OrganisationId, record};

use super::check::invalid;
use super::matter::Matter;
use super::{Target, Writing, WritingKind};
use crate::message::Content;
use crate::stored::StoredMessage;
use crate::{Contact, Desk, Error, RecipientField, keys};

/// How many people one mail goes to. It is an answer to somebody, no circular.
const RECIPIENTS_MAX: usize = 100;

/// Everybody who gets a mail, each once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Recipients {
    pub(super) to: Vec<Mailbox>,
    pub(super) cc: Vec<Mailbox>,
    pub(super) bcc: Vec<Mailbox>,
}

impl Recipients {
    /// Each with its place in the mail.
    pub(super) fn each(&self) -> impl Iterator<Item = (&MailAddress, RecipientField)> {
        let fields = [
            (&self.to, RecipientField::To),
            (&self.cc, RecipientField::Cc),
            (&self.bcc, RecipientField::Bcc),
        ];
        fields.into_iter().flat_map(|(list, field)| list.iter().map(move |one| (&one.address, field)))
    }

    /// Takes those out who were named before, in `To`, then `Cc`, then `Bcc`.
    fn each_once(mut self) -> Self {
        let mut seen = BTreeSet::new();
        for list in [&mut self.to, &mut self.cc, &mut self.bcc] {
            list.retain(|one| seen.insert(one.address.normalised()));
        }
        self
    }

    fn checked(self) -> Result<Self, Error> {
        match self.each().count() {
            0 => invalid("nobody would get this mail: give at least one recipient in `to`"),
            1..=RECIPIENTS_MAX => Ok(self),
            _ => invalid(format!("a mail goes to at most {RECIPIENTS_MAX} people")),
        }
    }
}

impl Desk {
    pub(super) fn recipients(
        &self,
        organisation: OrganisationId,
        writing: &Writing,
        matter: &Matter,
    ) -> Result<Recipients, Error> {
        let Writing { to, cc, bcc, .. } = writing;
        if writing.is_note() {
            if [to, cc, bcc].into_iter().flatten().any(|list| !list.is_empty()) {
                return invalid("a note is never sent, so it has no recipients: leave out to, cc and bcc");
            }
            return Ok(Recipients::default());
        }
        let suggested = self.suggested(organisation, writing, matter)?;
        let mut recipients = Recipients {
            to: to.clone().unwrap_or(suggested.to),
            cc: cc.clone().unwrap_or(suggested.cc),
            bcc: bcc.clone().unwrap_or_default(),
        }
        .each_once()
        .checked()?;
        let names = self.names(organisation, matter)?;
        for one in recipients.to.iter_mut().chain(&mut recipients.cc).filter(|one| one.name.is_none()) {
            one.name = names.get(&one.address.normalised()).cloned();
        }
        Ok(recipients)
    }

    /// Whom the kind of answer suggests, where `to` or `cc` is not given.
    fn suggested(
        &self,
        organisation: OrganisationId,
        writing: &Writing,
        matter: &Matter,
    ) -> Result<Recipients, Error> {
        let is_given = writing.to.as_ref().is_some_and(|to| !to.is_empty());
        let (kind, answered) = match (&writing.target, &matter.answered) {
            (Target::Ticket { kind, .. }, Some(answered)) if *kind != WritingKind::Forward => {
                (*kind, answered)
            }
            (Target::Ticket { .. }, _) if !is_given => {
                return invalid("nobody is named to whom it should be forwarded: give `to`");
            }
            (Target::New { .. }, _) if !is_given => {
                return invalid("a new mail needs a recipient: give `to`");
            }
            _ => return Ok(Recipients::default()),
        };
        let mut suggested = Recipients::default();
        if writing.to.is_none() {
            suggested.to = self.correspondents(organisation, answered, &matter.channel)?;
        }
        if kind == WritingKind::ReplyAll {
            let content = &answered.record.content;
            suggested.to.extend(self.strangers(organisation, &content.to)?);
            suggested.cc.extend(self.strangers(organisation, &content.cc)?);
        }
        Ok(suggested)
    }

    /// Whom an answer goes to: where the author wants answers, else the author; of a mail of ours, whom it was to.
    fn correspondents(
        &self,
        organisation: OrganisationId,
        answered: &StoredMessage,
        channel: &Channel,
    ) -> Result<Vec<Mailbox>, Error> {
        let content = &answered.record.content;
        let is_ours = answered.record.written.is_some();
        let wanted = if is_ours { &content.to } else { &content.reply_to };
        let mut found = Vec::new();
        for one in mailboxes(wanted) {
            // A `Reply-To` that names us: the answer would only come back.
            if !self.leads_to(organisation, &one.address, channel)? {
                found.push(one);
            }
        }
        if found.is_empty() && !is_ours && !content.defects.contains(&Defect::FromDoubled) {
            found.extend(mailboxes(&content.from));
        }
        if found.is_empty() {
            let written = content.from.iter().find_map(|from| from.raw.as_deref()).unwrap_or("nothing");
            return invalid(format!(
                "message {} has no valid address to answer to (its From says {written}): give `to`",
                answered.number
            ));
        }
        Ok(found)
    }

    /// Whether mail to this address comes in through this channel.
    fn leads_to(
        &self,
        organisation: OrganisationId,
        address: &MailAddress,
        channel: &Channel,
    ) -> Result<bool, Error> {
        let route = self.accounts.route(address.local(), address.domain().as_str())?;
        Ok(matches!(route, Route::Channel { organisation: owner, channel: id, .. }
            if owner == organisation && id == channel.id))
    }

    /// Those of a header field who are not ourselves.
    fn strangers(&self, organisation: OrganisationId, field: &[Address]) -> Result<Vec<Mailbox>, Error> {
        let mut strangers = Vec::new();
        for one in mailboxes(field).take(RECIPIENTS_MAX + 1) {
            if !self.accounts.is_ours(organisation, &one.address)? {
                strangers.push(one);
            }
        }
        Ok(strangers)
    }

    /// What people call themselves, as far as the answered message and the ticket's requester tell.
    fn names(&self, organisation: OrganisationId, matter: &Matter) -> Result<HashMap<String, String>, Error> {
        let mut names = HashMap::new();
        let requester = matter.ticket.as_ref().map_or(0, |ticket| ticket.requester);
        let snapshot = self.store.of(organisation).snapshot()?;
        if let Some(stored) = snapshot.peek(&keys::contact(requester))? {
            let contact: Contact = record::decode(&stored).map_err(|_| Error::Damaged("contact"))?;
            names.extend(contact.name.map(|name| (contact.address.normalised(), name)));
        }
        if let Some(Content { from, reply_to, to, cc, .. }) =
            matter.answered.as_ref().map(|one| &one.record.content)
        {
            for one in [cc, to, reply_to, from].into_iter().flat_map(|field| mailboxes(field)) {
                names.extend(one.name.map(|name| (one.address.normalised(), name)));
            }
        }
        Ok(names)
    }
}

/// The entries of a header field that are valid addresses.
fn mailboxes(field: &[Address]) -> impl Iterator<Item = Mailbox> {
    field
        .iter()
        .filter_map(|entry| Some(Mailbox { name: entry.name.clone(), address: entry.address.clone()? }))
}
