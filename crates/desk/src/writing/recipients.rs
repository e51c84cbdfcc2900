//! Who gets a mail: those who were named, or whom the kind of answer suggests.
//!
//! *Must hold*: nobody gets a mail twice, and nothing goes to what is no valid address (case 24). What is suggested never has
//! one of our own addresses in copy, since that would bring our own mail back to us.
//!
//! *Security*: a reply address of ours lets in whoever knows it. So none is named in a mail to anybody who was not told
//! it by the mail that is answered; its plain address stands there instead. Where answers shall go is the author's to
//! say, if they prove who they are; in a ticket that was there before them, nobody else leads answers to strangers.

use std::collections::{BTreeSet, HashMap};

use guichet_accounts::{Channel, Route};
use guichet_mail::compose::Mailbox;
use guichet_mail::{Address, Defect, MailAddress, Verdicts};
use guichet_store::OrganisationId;

use super::check::invalid;
use super::matter::Matter;
use super::passed_on::begins;
use super::{Target, Writing, WritingKind};
use crate::message::Content;
use crate::stored::StoredMessage;
use crate::token::without_token;
use crate::{Contact, Desk, Error, RecipientField, contact};

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
            let mut named = [to, cc, bcc].into_iter().flatten().chain([&matter.contacts]);
            if named.any(|list| !list.is_empty()) {
                return invalid(
                    "a note is never sent, so it has no recipients: leave out to, cc, bcc and contacts",
                );
            }
            return Ok(Recipients::default());
        }
        let mut suggested = self.suggested(organisation, writing, matter)?;
        let given = self.given_names(organisation, matter)?;
        for one in suggested.to.iter_mut().chain(&mut suggested.cc) {
            // What people call them goes before what they call themselves.
            one.name = given.get(&one.address.normalised()).cloned().or(one.name.take());
        }
        let mut recipients = Recipients {
            to: to.clone().unwrap_or(suggested.to),
            cc: cc.clone().unwrap_or(suggested.cc),
            bcc: bcc.clone().unwrap_or_default(),
        };
        recipients.to.extend_from_slice(&matter.contacts);
        self.hide_reply_addresses(organisation, matter, &mut recipients)?;
        let mut recipients = recipients.each_once().checked()?;
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
        let mut given = writing.to.iter().flatten().chain(&matter.contacts);
        let is_given = given.next().is_some();
        let (kind, answered) = match (&writing.target, &matter.answered) {
            (Target::Ticket { kind, .. }, Some(answered)) if *kind != WritingKind::Forward => {
                (*kind, answered)
            }
            (Target::Ticket { .. }, _) if !is_given => {
                return invalid("nobody is named to whom it should be forwarded: give `to` or `contacts`");
            }
            (Target::New { .. }, _) if !is_given => {
                return invalid("a new mail needs a recipient: give `to` or `contacts`");
            }
            _ => return Ok(Recipients::default()),
        };
        let mut suggested = Recipients::default();
        if writing.to.is_none() {
            suggested.to = self.correspondents(organisation, answered, matter)?;
        }
        if kind == WritingKind::ReplyAll {
            let content = &answered.record.content;
            suggested.to.extend(self.strangers(organisation, &content.to)?);
            suggested.cc.extend(self.strangers(organisation, &content.cc)?);
        }
        Ok(suggested)
    }

    /// Whom an answer goes to: where the author wants answers, else the author; of a mail of ours, whom it was to; of one
    /// that a colleague passed on, the customer behind it.
    fn correspondents(
        &self,
        organisation: OrganisationId,
        answered: &StoredMessage,
        matter: &Matter,
    ) -> Result<Vec<Mailbox>, Error> {
        if let Some(requester) = self.behind(organisation, answered, matter)? {
            return Ok(vec![requester]);
        }
        let content = &answered.record.content;
        let is_ours = answered.record.written.is_some();
        let mut found = Vec::new();
        if is_ours {
            found = self.beyond_channel(organisation, &content.to, &matter.channel)?;
        } else if self.may_lead_answers(organisation, answered, matter)? {
            found = self.beyond_channel(organisation, &content.reply_to, &matter.channel)?;
        }
        if found.is_empty() && !is_ours && !content.defects.contains(&Defect::FromDoubled) {
            found = self.beyond_channel(organisation, &content.from, &matter.channel)?;
        }
        if found.is_empty() {
            let written = content.from.iter().find_map(|from| from.raw.as_deref());
            let written = written.map(|written| format!(" (its From says {written})")).unwrap_or_default();
            return invalid(format!(
                "message {} has no valid address to answer to{written}: give `to`",
                answered.number
            ));
        }
        Ok(found)
    }

    /// Whether answers go where this mail's `Reply-To` says: its author is proven, the ticket began with it, or it
    /// names only who takes part.
    fn may_lead_answers(
        &self,
        organisation: OrganisationId,
        answered: &StoredMessage,
        matter: &Matter,
    ) -> Result<bool, Error> {
        let message = &answered.record;
        let is_proven = |verdicts: &Verdicts| message.content.proven_author(verdicts).is_some();
        let Some(ticket) =
            matter.ticket.as_ref().filter(|_| !message.verdicts.as_ref().is_some_and(is_proven))
        else {
            return Ok(true);
        };
        let takes_part = |one: Mailbox| ticket.record.participants.contains(&one.address.normalised());
        if mailboxes(&message.content.reply_to).all(takes_part) {
            return Ok(true);
        }
        begins(&self.store.of(organisation).snapshot()?, ticket, answered)
    }

    /// Those of a header field to whom mail does not come back through the channel that it leaves by.
    fn beyond_channel(
        &self,
        organisation: OrganisationId,
        field: &[Address],
        channel: &Channel,
    ) -> Result<Vec<Mailbox>, Error> {
        let mut beyond = Vec::new();
        for one in mailboxes(field) {
            let route = self.accounts.route(one.address.local(), one.address.domain().as_str())?;
            let is_channel = matches!(route, Route::Channel { organisation: owner, channel: id, .. }
                if owner == organisation && id == channel.id);
            if !is_channel {
                beyond.push(one);
            }
        }
        Ok(beyond)
    }

    /// Puts the plain address in the place of a reply address of ours, where others than those who were told it by the
    /// answered mail would see it.
    fn hide_reply_addresses(
        &self,
        organisation: OrganisationId,
        matter: &Matter,
        recipients: &mut Recipients,
    ) -> Result<(), Error> {
        let told: BTreeSet<String> =
            matter.answered.iter().flat_map(|one| told_by(&one.record.content)).collect();
        if recipients.each().all(|(address, _)| told.contains(&address.normalised())) {
            return Ok(());
        }
        let Recipients { to, cc, bcc } = recipients;
        for one in to.iter_mut().chain(cc).chain(bcc) {
            if self.accounts.is_ours(organisation, &one.address)? {
                one.address = without_token(&one.address);
            }
        }
        Ok(())
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

    /// The name that people of the organisation gave the ticket's requester, by each of the addresses.
    fn given_names(
        &self,
        organisation: OrganisationId,
        matter: &Matter,
    ) -> Result<HashMap<String, String>, Error> {
        let requester = matter.ticket.as_ref().map_or(0, |ticket| ticket.requester);
        let snapshot = self.store.of(organisation).snapshot()?;
        let found = contact::resolve(&snapshot, requester)?.map(|(_, contact)| contact);
        let named = found.filter(|contact| contact.named_by.is_some());
        let name = named.as_ref().and_then(|contact| contact.name.clone()).unwrap_or_default();
        let addresses = named.iter().flat_map(Contact::addresses).map(MailAddress::normalised);
        Ok(addresses.map(|address| (address, name.clone())).collect())
    }

    /// What people call themselves, as far as the answered message and the ticket's requester tell.
    fn names(&self, organisation: OrganisationId, matter: &Matter) -> Result<HashMap<String, String>, Error> {
        let mut names = HashMap::new();
        let requester = matter.ticket.as_ref().map_or(0, |ticket| ticket.requester);
        let snapshot = self.store.of(organisation).snapshot()?;
        if let Some((_, contact)) = contact::resolve(&snapshot, requester)? {
            let name = contact.name.clone().into_iter();
            names.extend(
                name.flat_map(|name| contact.addresses().map(move |one| (one.normalised(), name.clone()))),
            );
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

/// Everybody who has seen the header of a mail, and the addresses in it, normalised.
fn told_by(content: &Content) -> impl Iterator<Item = String> {
    let reply_to = content.reply_to.iter().filter_map(|entry| entry.address.as_ref());
    content.people().chain(reply_to).map(MailAddress::normalised)
}

/// The entries of a header field that are valid addresses.
fn mailboxes(field: &[Address]) -> impl Iterator<Item = Mailbox> {
    field
        .iter()
        .filter_map(|entry| Some(Mailbox { name: entry.name.clone(), address: entry.address.clone()? }))
}
