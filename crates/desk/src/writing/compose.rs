//! From a letter to a blob: the mail is composed as it is written, its files read as they are needed.

use std::io::{self, BufWriter, Write};
use std::sync::Arc;

use guichet_accounts::Actor;
use guichet_mail::compose::{Attachment, Original, Outgoing, Quoted, compose, shown};
use guichet_mail::{Address, Part};
use guichet_store::{BlobWriter, PendingBlob};
use jiff::Timestamp;
use tokio::sync::Semaphore;

use super::MAIL_BYTES_MAX;
use super::letter::{Letter, Quotes};
use crate::arrival::Reading;
use crate::stored::StoredMessage;
use crate::token::without_token;
use crate::{Desk, Error};

/// How many mails are composed at once in this process: each is read whole into memory, [`MAIL_BYTES_MAX`] at most.
const COMPOSING_MAX: usize = 4;

static COMPOSING: Semaphore = Semaphore::const_new(COMPOSING_MAX);

/// What is gathered before it goes to the blob.
const BUFFER_BYTES: usize = 32 << 10;

/// A mail whose octets are finished, and what they say.
#[derive(Debug, Clone)]
pub(super) struct Composed {
    pub(super) raw: PendingBlob,
    pub(super) reading: Reading,
}

impl Desk {
    /// Composes a letter, off the threads that serve others.
    pub(super) async fn compose(
        &self,
        actor: &Actor,
        letter: Arc<Letter>,
        now: Timestamp,
    ) -> Result<Composed, Error> {
        let (desk, actor) = (self.clone(), actor.clone());
        let _permit = COMPOSING.acquire().await.map_err(|_| busy())?;
        let composed = tokio::task::spawn_blocking(move || {
            let outgoing = desk.outgoing(&actor, &letter, now)?;
            desk.compose_into_blob(outgoing)
        });
        composed.await.map_err(|_| busy())?
    }

    /// Writes a mail into a blob and reads it again. Blocks on the disk.
    ///
    /// # Errors
    /// [`Error::Invalid`] where it would be larger than [`MAIL_BYTES_MAX`], [`Error::Full`] where there is no room.
    fn compose_into_blob(&self, outgoing: Outgoing<'_>) -> Result<Composed, Error> {
        let sink = Sink { blob: self.store.blobs().writer(), trouble: None };
        let mut out = BufWriter::with_capacity(BUFFER_BYTES, sink);
        let written = compose(outgoing, &mut out).and_then(|()| out.flush());
        let (sink, _) = out.into_parts();
        if let Some(trouble) = sink.trouble {
            return Err(trouble);
        }
        written.map_err(|_| Error::Damaged("attachment"))?;
        let raw = sink.blob.finish()?;
        if !self.store.has_room_for(raw.bytes_len()) {
            return Err(Error::Full);
        }
        let reading = Reading::of(&raw.read_all()?);
        Ok(Composed { raw, reading })
    }

    fn outgoing(&self, actor: &Actor, letter: &Letter, now: Timestamp) -> Result<Outgoing<'static>, Error> {
        let mut attachments = Vec::new();
        for upload in &letter.uploads {
            let content = self.store.of(actor.organisation).open_blob(&upload.record.content)?;
            attachments.push(Attachment {
                name: upload.record.name.clone(),
                content_type: upload.record.content_type.clone(),
                content_id: None,
                content: Box::new(content),
            });
        }
        let quoted = match &letter.quotes {
            Quotes::Nothing => None,
            Quotes::Answered(answered) => Some(Quoted::Reply(self.original(actor, answered)?)),
            Quotes::Forwarded { original, with_files } => {
                let quoted = self.original(actor, original)?;
                if *with_files {
                    let html = quoted.html.as_deref().unwrap_or_default();
                    attachments.extend(self.files_of(actor, original, html)?);
                }
                Some(Quoted::Forward(quoted))
            }
        };
        let (heading, recipients) = (letter.heading.clone(), letter.recipients.clone());
        Ok(Outgoing {
            from: heading.from,
            reply_to: heading.reply_to,
            to: recipients.to,
            cc: recipients.cc,
            subject: heading.subject,
            date: now,
            message_id: heading.message_id,
            in_reply_to: heading.in_reply_to,
            references: heading.references,
            auto_submitted: None,
            text: letter.text.clone(),
            quoted,
            attachments,
        })
    }

    fn original(&self, actor: &Actor, message: &StoredMessage) -> Result<Original, Error> {
        let content = &message.record.content;
        let texts = self.texts(actor, message)?;
        Ok(Original {
            from: listed(&content.from),
            date: content.date.or(Some(message.record.received)),
            subject: content.subject.clone(),
            to: listed(&content.to),
            cc: listed(&content.cc),
            text: texts.text,
            html: texts.html,
        })
    }

    /// The parts of a message that are not its text; pictures that its HTML shows keep their Content-ID.
    fn files_of(
        &self,
        actor: &Actor,
        message: &StoredMessage,
        html: &str,
    ) -> Result<Vec<Attachment<'static>>, Error> {
        let content = &message.record.content;
        let files = content.parts.iter().zip(0..).filter(|(_, index)| !content.body.contains(*index));
        let opened = files.map(|(part, _)| {
            let content_id = part.content_id.clone().filter(|id| html.contains(&format!("cid:{id}")));
            Ok(Attachment {
                name: part.name.clone().unwrap_or_else(|| name_of(part)),
                content_type: sendable_type(part),
                content_id,
                content: Box::new(self.part(actor, message, part.id.as_str())?),
            })
        });
        opened.collect()
    }
}

/// A mail or a report within a mail can't be written in base64 under its own type (RFC 2046, section 5.2.1).
fn sendable_type(part: &Part) -> String {
    let is_message = part.content_type.starts_with("message/");
    if is_message { "application/octet-stream".to_owned() } else { part.content_type.clone() }
}

fn name_of(part: &Part) -> String {
    let extension = if part.content_type == "message/rfc822" { ".eml" } else { "" };
    format!("part {}{extension}", part.id)
}

/// Addresses as a person reads them. A reply address that a customer's answer came to stays ours: whoever knows it may
/// write into the ticket.
fn listed(addresses: &[Address]) -> String {
    let untold =
        |entry: &Address| Address { address: entry.address.as_ref().map(without_token), ..entry.clone() };
    shown(&addresses.iter().map(untold).collect::<Vec<_>>())
}

fn busy() -> Error {
    Error::Unavailable("composing the mail was interrupted; send it again".to_owned())
}

/// A blob that takes no more than a mail may have, and remembers why it refused.
struct Sink {
    blob: BlobWriter,
    trouble: Option<Error>,
}

impl Write for Sink {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        if self.blob.bytes_len() + octets.len() as u64 > MAIL_BYTES_MAX {
            let mebibytes = MAIL_BYTES_MAX >> 20;
            let rule = format!(
                "the mail would be larger than {mebibytes} MiB, which most servers refuse: send a link instead of the files"
            );
            self.trouble = Some(Error::Invalid(rule));
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        if let Err(error) = self.blob.write(octets) {
            self.trouble = Some(error.into());
            return Err(io::ErrorKind::Other.into());
        }
        Ok(octets.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
