//! Reading one thing: a ticket, a message, its raw mail, one of its parts.
//!
//! Whatever the actor may not see does not exist for them.

use std::io::{self, Cursor, Read};

use guichet_accounts::Actor;
use guichet_mail::{Part, PartDecoder, SanitiseLimits, decode_text, html_to_text};
use guichet_store::{BlobReader, Direction, Key, Snapshot};

use crate::keys;
use crate::page::{PAGE_MAX, Page};
use crate::stored::{self, StoredMessage, StoredTicket, last_number};
use crate::{Desk, Error};

/// How many octets of a message's text parts a reading decodes, of its HTML parts as many; the rest is in the raw mail.
const TEXT_BYTES_MAX: u64 = 2 << 20;

/// How many octets of a blob are read at once.
const CHUNK_BYTES: usize = 64 << 10;

/// A ticket with what stands beside it.
#[derive(Debug, Clone, PartialEq)]
pub struct TicketDetail {
    /// The ticket.
    pub ticket: StoredTicket,
    /// Tickets of the same mail or conversation that the actor sees.
    pub linked: Vec<u64>,
}

/// The text of a message, decoded.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Texts {
    /// As plain text: every text part, or what the HTML says.
    pub text: String,
    /// As the sender's HTML, not sanitised; none where the mail has none.
    pub html: Option<String>,
}

/// A part of a mail, to be streamed.
pub struct PartContent {
    /// What it is.
    pub part: Part,
    source: io::Take<BlobReader<'static>>,
    decoder: PartDecoder,
    is_done: bool,
    /// What was decoded and not yet read.
    decoded: Cursor<Vec<u8>>,
}

impl PartContent {
    /// The next decoded octets; empty at the end. Blocks on the disk.
    pub fn next_chunk(&mut self) -> io::Result<Vec<u8>> {
        let mut out = Vec::new();
        let mut input = vec![0; CHUNK_BYTES];
        while out.is_empty() && !self.is_done {
            let read = self.source.read(&mut input)?;
            if read == 0 {
                self.decoder.finish(&mut out);
                self.is_done = true;
            } else {
                self.decoder.push(input.get(..read).unwrap_or_default(), &mut out);
            }
        }
        Ok(out)
    }
}

impl Read for PartContent {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.decoded.read(into)?;
        if read > 0 || into.is_empty() {
            return Ok(read);
        }
        self.decoded = Cursor::new(self.next_chunk()?);
        self.decoded.read(into)
    }
}

impl Desk {
    /// One ticket.
    pub fn ticket(&self, actor: &Actor, number: u64) -> Result<TicketDetail, Error> {
        let snapshot = self.store.of(actor.organisation).snapshot()?;
        let ticket = seen_ticket(&snapshot, actor, number)?;
        let mut linked = Vec::new();
        for row in snapshot.scan(&keys::links(number), Direction::Forward, None)?.take(PAGE_MAX) {
            let other = last_number(&row?.0)?;
            if seen_ticket(&snapshot, actor, other).is_ok() {
                linked.push(other);
            }
        }
        Ok(TicketDetail { ticket, linked })
    }

    /// A page of the messages of a ticket, oldest first.
    pub fn messages(
        &self,
        actor: &Actor,
        ticket: u64,
        cursor: Option<u64>,
        limit: usize,
    ) -> Result<Page<StoredMessage>, Error> {
        let snapshot = self.store.of(actor.organisation).snapshot()?;
        seen_ticket(&snapshot, actor, ticket)?;
        numbered_page(&snapshot, &keys::ticket_messages(ticket), cursor, limit, |number, _| {
            stored::message(&snapshot, number)?.ok_or(Error::Damaged("message")).map(Some)
        })
    }

    /// One message of a ticket that the actor sees.
    pub fn message(&self, actor: &Actor, number: u64) -> Result<StoredMessage, Error> {
        let snapshot = self.store.of(actor.organisation).snapshot()?;
        let message = stored::message(&snapshot, number)?.ok_or(Error::NotFound("message"))?;
        if message.ticket == 0 {
            // In quarantine; who may read that reads it there.
            return Err(Error::NotFound("message"));
        }
        seen_ticket(&snapshot, actor, message.ticket).map_err(|_| Error::NotFound("message"))?;
        Ok(message)
    }

    /// The raw mail of a message that was read before: what came after `DATA`, to be streamed.
    pub fn raw(&self, actor: &Actor, message: &StoredMessage) -> Result<BlobReader<'static>, Error> {
        Ok(self.store.of(actor.organisation).open_blob(&message.record.raw)?)
    }

    /// One part of a message that was read before, decoded as it is streamed.
    pub fn part(&self, actor: &Actor, message: &StoredMessage, id: &str) -> Result<PartContent, Error> {
        let parts = &message.record.content.parts;
        let part = parts.iter().find(|part| part.id.as_str() == id).ok_or(Error::NotFound("part"))?;
        self.open_part(actor, message, part)
    }

    fn open_part(&self, actor: &Actor, message: &StoredMessage, part: &Part) -> Result<PartContent, Error> {
        let mut source = self.raw(actor, message)?;
        source.skip(part.body_range().start).map_err(|_| Error::Damaged("mail"))?;
        Ok(PartContent {
            part: part.clone(),
            source: source.take(part.encoded_bytes()),
            decoder: PartDecoder::new(part.encoding),
            is_done: false,
            decoded: Cursor::default(),
        })
    }

    /// The text of a message that was read before.
    pub fn texts(&self, actor: &Actor, message: &StoredMessage) -> Result<Texts, Error> {
        let content = &message.record.content;
        let body = &content.body;
        let html = self.joined(actor, message, &body.html_parts, |part| part.content_type == "text/html")?;
        let plain = self.joined(actor, message, &body.text_parts, |part| part.content_type != "text/html")?;
        let text = match (&plain, &html) {
            (Some(plain), _) => plain.clone(),
            (None, Some(html)) => html_to_text(html, &SanitiseLimits::default()),
            (None, None) => String::new(),
        };
        Ok(Texts { text, html })
    }

    fn joined(
        &self,
        actor: &Actor,
        message: &StoredMessage,
        indexes: &[u32],
        is_wanted: impl Fn(&Part) -> bool,
    ) -> Result<Option<String>, Error> {
        let parts = &message.record.content.parts;
        let mut joined: Option<String> = None;
        let mut left = TEXT_BYTES_MAX;
        for part in
            indexes.iter().filter_map(|index| parts.get(*index as usize)).filter(|part| is_wanted(part))
        {
            if left == 0 {
                break;
            }
            let bytes = self.text_bytes(actor, message, part, left)?;
            left = left.saturating_sub(part.encoded_bytes());
            let text = decode_text(&bytes, part.charset.as_deref());
            match &mut joined {
                None => joined = Some(text),
                Some(all) => {
                    all.push_str("\n\n");
                    all.push_str(&text);
                }
            }
        }
        Ok(joined)
    }

    fn text_bytes(
        &self,
        actor: &Actor,
        message: &StoredMessage,
        part: &Part,
        encoded_bytes_max: u64,
    ) -> Result<Vec<u8>, Error> {
        let mut content = self.open_part(actor, message, part)?;
        content.source.set_limit(part.encoded_bytes().min(encoded_bytes_max));
        let mut bytes = Vec::new();
        loop {
            let chunk = content.next_chunk().map_err(|_| Error::Damaged("mail"))?;
            if chunk.is_empty() {
                return Ok(bytes);
            }
            bytes.extend_from_slice(&chunk);
        }
    }
}

/// A ticket, if it exists and the actor sees it.
pub(crate) fn seen_ticket(snapshot: &Snapshot, actor: &Actor, number: u64) -> Result<StoredTicket, Error> {
    stored::ticket(snapshot, number)?
        .filter(|ticket| actor.sight.sees(ticket.record.team))
        .ok_or(Error::NotFound("ticket"))
}

/// A page of rows that end in a number, in its order; `read` leaves out what is not to be shown.
pub(crate) fn numbered_page<T>(
    snapshot: &Snapshot,
    prefix: &Key,
    cursor: Option<u64>,
    limit: usize,
    read: impl Fn(u64, &[u8]) -> Result<Option<T>, Error>,
) -> Result<Page<T>, Error> {
    let after = cursor.map(|cursor| prefix.clone().number(cursor));
    let rows = snapshot.scan(prefix, Direction::Forward, after.as_ref().map(Key::as_bytes))?;
    let rows = rows.map(|row| {
        let (key, value) = row?;
        Ok((last_number(&key)?, value))
    });
    Page::read(rows, limit, |number, value| read(*number, &value))
}
