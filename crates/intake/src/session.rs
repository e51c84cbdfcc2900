//! One session's side of policy: what is kept from one question to the next.
//!
//! What must hold: recipients and content belong to the transaction that brought them; whatever ends it drops them.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use guichet_desk::Recipient;
use guichet_smtp::{Answer, Envelope, Question, Reply, replies};
use guichet_sys::ClientPlace;

use crate::body::Body;
use crate::metrics;
use crate::policy::Policy;
use crate::reception::Reception;

/// What a session needs to answer its machine.
pub(crate) struct Session {
    policy: Arc<Policy>,
    reception: Arc<Reception>,
    /// The address that the client connected to.
    local: IpAddr,
    place: Option<ClientPlace>,
    recipients: Vec<Recipient>,
    content: Content,
}

/// The content of the transaction at hand.
enum Content {
    /// None has begun.
    None,
    /// It comes.
    Coming(Box<Body>),
    /// It can't be kept; this is said once its end has come.
    Lost(Reply),
}

impl Session {
    pub(crate) fn new(policy: Arc<Policy>, reception: Arc<Reception>, local: IpAddr) -> Self {
        Self { policy, reception, local, place: None, recipients: Vec::new(), content: Content::None }
    }

    /// Answers a question of the machine.
    pub(crate) fn answer(&mut self, question: Question) -> Answer {
        let answer = match question {
            Question::Connect(client) => self.connect(client),
            Question::Hello(_) => Ok(()),
            Question::Mail { .. } => {
                self.forget();
                Ok(())
            }
            Question::Recipient(recipient) => {
                self.policy.recipient(&recipient.path, self.local).map(|recipient| self.add(recipient))
            }
            Question::Body { size } => {
                self.policy.body(size).map(|body| self.content = Content::Coming(body))
            }
        };
        answer.map_or_else(Answer::Reply, |()| Answer::Accept)
    }

    /// Takes a piece of content. If it can't be kept, the rest is read all the same, for its end.
    pub(crate) async fn content(&mut self, piece: &[u8]) {
        let body = match std::mem::replace(&mut self.content, Content::None) {
            Content::Coming(body) => body,
            lost => return self.content = lost,
        };
        self.content = match body.add(piece).await {
            Ok(body) => Content::Coming(body),
            Err(trouble) => {
                tracing::warn!(%trouble, "the content of a mail can't be kept");
                metrics::mail_deferred(trouble.reason());
                Content::Lost(trouble.reply())
            }
        };
    }

    /// The content is complete: says what the client hears of it.
    pub(crate) async fn finish(&mut self, envelope: Envelope) -> Reply {
        let recipients = std::mem::take(&mut self.recipients);
        match std::mem::replace(&mut self.content, Content::None) {
            Content::Coming(body) => self.reception.receive(envelope, recipients, body).await,
            Content::Lost(reply) => reply,
            // The machine asks before any content, and ends a transaction once.
            Content::None => replies::local_trouble(),
        }
    }

    /// Drops what the transaction has brought.
    pub(crate) fn forget(&mut self) {
        self.recipients.clear();
        self.content = Content::None;
    }

    fn connect(&mut self, client: SocketAddr) -> Result<(), Reply> {
        self.place = Some(self.policy.connect(client.ip())?);
        Ok(())
    }

    fn add(&mut self, recipient: Recipient) {
        if !self.recipients.contains(&recipient) {
            self.recipients.push(recipient);
        }
    }
}
