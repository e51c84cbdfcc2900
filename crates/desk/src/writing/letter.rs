//! A letter: everything that a mail says, decided before it is composed.

use guichet_accounts::{Actor, Sending, Who};
use guichet_mail::base_subject::base_subject;
use guichet_mail::compose::{Mailbox, TextBody};
use guichet_mail::{DomainName, MessageId};

use super::matter::Matter;
use super::recipients::Recipients;
use super::{Target, Writing, WritingKind};
use crate::message::Content;
use crate::stored::StoredMessage;
use crate::upload::StoredUpload;
use crate::{DeliveryId, Desk, Error, MessageKind};

/// What a mail says, but for the octets.
#[derive(Debug, Clone)]
pub(super) struct Letter {
    /// Outbound or note.
    pub(super) kind: MessageKind,
    /// What its tokens name; 0 of a note.
    pub(super) reference: u64,
    pub(super) heading: Heading,
    pub(super) recipients: Recipients,
    pub(super) text: TextBody,
    pub(super) quotes: Quotes,
    pub(super) uploads: Vec<StoredUpload>,
    /// The domain to which bounces go; none of a note, which is not sent.
    pub(super) envelope_domain: Option<DomainName>,
}

/// The header fields but for the recipients.
#[derive(Debug, Clone)]
pub(super) struct Heading {
    pub(super) from: Mailbox,
    pub(super) reply_to: Option<Mailbox>,
    pub(super) subject: String,
    pub(super) message_id: MessageId,
    pub(super) in_reply_to: Option<MessageId>,
    pub(super) references: Vec<MessageId>,
}

/// Which message a letter carries below its text.
#[derive(Debug, Clone)]
pub(super) enum Quotes {
    Nothing,
    /// As a quotation.
    Answered(StoredMessage),
    /// Whole, with its files or without.
    Forwarded {
        original: StoredMessage,
        with_files: bool,
    },
}

impl Desk {
    pub(super) fn letter(&self, actor: &Actor, writing: &Writing, matter: &Matter) -> Result<Letter, Error> {
        let recipients = self.recipients(actor.organisation, writing, matter)?;
        let uploads =
            writing.attachments.iter().map(|id| self.upload(actor, *id)).collect::<Result<_, _>>()?;
        let text = writing.text.clone();
        if writing.is_note() {
            return Ok(Letter {
                kind: MessageKind::Note,
                reference: 0,
                heading: self.heading_of_note(actor, writing, matter)?,
                recipients,
                text: TextBody::Plain(text),
                quotes: Quotes::Nothing,
                uploads,
                envelope_domain: None,
            });
        }
        let sending = self.sending(actor, matter)?;
        let reference = self.new_reference();
        Ok(Letter {
            kind: MessageKind::Outbound,
            reference,
            heading: self.heading_of_mail(actor, writing, matter, (&sending, reference))?,
            recipients,
            text: TextBody::Markdown(text),
            quotes: self.quotes(actor, writing, matter)?,
            uploads,
            envelope_domain: Some(sending.envelope_domain),
        })
    }

    fn quotes(&self, actor: &Actor, writing: &Writing, matter: &Matter) -> Result<Quotes, Error> {
        Ok(match &matter.answered {
            Some(original) if writing.is_forward() => {
                Quotes::Forwarded { original: original.clone(), with_files: writing.include_attachments }
            }
            // What a colleague wrote above the mail that they passed on is not for the customer.
            Some(answered)
                if writing.quote && self.behind(actor.organisation, answered, matter)?.is_none() =>
            {
                Quotes::Answered(answered.clone())
            }
            _ => Quotes::Nothing,
        })
    }

    /// As whom the channel writes; where it can't, the accounts say what to do about it.
    fn sending(&self, actor: &Actor, matter: &Matter) -> Result<Sending, Error> {
        match self.accounts.sending(actor.organisation, matter.channel.id) {
            Err(guichet_accounts::Error::Invalid(sentence)) => Err(Error::Invalid(sentence)),
            other => Ok(other?),
        }
    }

    /// 64 random bits, never 0, which stands for none.
    pub(crate) fn new_reference(&self) -> u64 {
        let mut octets = [0; 8];
        self.random.fill(&mut octets);
        u64::from_be_bytes(octets).max(1)
    }

    fn heading_of_mail(
        &self,
        actor: &Actor,
        writing: &Writing,
        matter: &Matter,
        (sending, reference): (&Sending, u64),
    ) -> Result<Heading, Error> {
        let tokens = self.tokens()?;
        let name = Some(sending.name.clone());
        let reply_to = tokens.reply_address(actor.organisation, reference, &sending.reply_to);
        let answered = matter.answered.as_ref().filter(|_| !writing.is_forward());
        let answered = answered.map(|answered| &answered.record.content);
        Ok(Heading {
            from: Mailbox { name: name.clone(), address: sending.from.clone() },
            reply_to: Some(Mailbox { name, address: reply_to }),
            subject: subject(writing, matter),
            message_id: tokens.message_id(actor.organisation, reference, &sending.message_id_domain)?,
            in_reply_to: answered.and_then(|answered| answered.message_id.clone()),
            references: answered.map(references).unwrap_or_default(),
        })
    }

    /// A note is from whoever writes it. Its identifier names it in nobody's mailbox, so it has no token.
    fn heading_of_note(&self, actor: &Actor, writing: &Writing, matter: &Matter) -> Result<Heading, Error> {
        let from = match actor.who {
            Who::Person(person) => {
                let person = self.accounts.person(actor.organisation, person)?;
                Mailbox { name: Some(person.name), address: person.address }
            }
            Who::System | Who::Operator => {
                Mailbox { name: Some(matter.channel.name.clone()), address: matter.channel.address.clone() }
            }
        };
        let id = format!("note.{}@{}", DeliveryId(self.new_reference()), matter.channel.address.domain());
        Ok(Heading {
            from,
            reply_to: None,
            subject: subject(writing, matter),
            message_id: MessageId::parse(&id).ok_or(Error::Damaged("Message-ID"))?,
            in_reply_to: None,
            references: Vec::new(),
        })
    }
}

/// The subject that was given, or the answered message's with one prefix.
fn subject(writing: &Writing, matter: &Matter) -> String {
    if let Some(subject) = &writing.subject {
        return subject.trim().to_owned();
    }
    let of_ticket = matter.ticket.as_ref().map_or("", |ticket| ticket.record.subject.as_str());
    let kind = match &writing.target {
        Target::New { subject, .. } => return subject.trim().to_owned(),
        Target::Ticket { kind, .. } => *kind,
    };
    let answered = matter.answered.as_ref().map_or("", |answered| answered.record.content.subject.as_str());
    let base = base_subject(if answered.trim().is_empty() { of_ticket } else { answered }).text;
    match kind {
        WritingKind::Note => of_ticket.to_owned(),
        WritingKind::Forward => format!("Fwd: {base}").trim_end().to_owned(),
        WritingKind::Reply | WritingKind::ReplyAll => format!("Re: {base}").trim_end().to_owned(),
    }
}

/// The thread that an answer continues (RFC 5322, section 3.6.4). However long it is, composing bounds it.
fn references(answered: &Content) -> Vec<MessageId> {
    let thread = match (answered.references.as_slice(), answered.in_reply_to.as_slice()) {
        ([], [parent]) => vec![parent.clone()],
        (references, _) => references.to_vec(),
    };
    thread.into_iter().chain(answered.message_id.clone()).collect()
}
