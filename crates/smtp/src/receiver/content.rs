//! The content of a mail as it passes through: DATA to its dot, BDAT chunk by chunk.
//!
//! What must hold: nothing is kept here but counts; a fault is told to the driver at once (so that it frees what it
//! kept) and to the client when all of the content, or of the chunk, has been read.
//!
//! *Standards*: RFC 5321, section 4.1.1.4; RFC 3030, section 2; RFC 1870, section 6.

use super::{Open, Output, Receiver, Stage};
use crate::bdat::LineEnds;
use crate::command::{ChunkHead, ChunkPlace};
use crate::replies;
use crate::reply::Reply;

/// Content that was let in.
#[derive(Debug, Default)]
pub(super) struct Content {
    bytes: u64,
    line_ends: LineEnds,
    /// Set once the content can't become a mail any more.
    refusal: Option<Reply>,
}

/// A BDAT chunk under way.
#[derive(Debug)]
pub(super) struct Chunk {
    bytes_left: u64,
    place: ChunkPlace,
    /// Set when the chunk is read for its end alone.
    refusal: Option<Reply>,
}

impl Receiver {
    /// Reads content of DATA; returns what follows its end.
    pub(super) fn read_data<'a>(&mut self, input: &'a [u8]) -> &'a [u8] {
        let Stage::Data(scanner) = &mut self.stage else {
            return input;
        };
        let mut piece = Vec::with_capacity(input.len());
        let rest = scanner.scan(input, &mut piece);
        let (is_ended, is_ill_formed) = (scanner.is_ended(), scanner.is_ill_formed());
        self.pace.count_content(input.len() - rest.len());
        let bytes_max = self.settings.limits.message_bytes_max;
        let Some(content) = self
            .transaction
            .as_mut()
            .and_then(|transaction| transaction.content.as_mut())
        else {
            return input;
        };
        content.bytes = content.bytes.saturating_add(piece.len() as u64);
        let was_refused = content.refusal.is_some();
        // The one fault outweighs the other wherever each lies, so that the reply doesn't depend on the pieces.
        if is_ill_formed {
            content.refusal = Some(replies::bare_line_end_in_mail());
        } else if content.bytes > bytes_max {
            content.refusal = Some(replies::too_large(bytes_max));
        }
        match content.refusal.clone() {
            Some(refusal) if was_refused => self.discard(piece.len(), &refusal),
            Some(_) => self.outputs.push_back(Output::BodyAbandoned),
            None if !piece.is_empty() => self.outputs.push_back(Output::Body(piece)),
            None => {}
        }
        if is_ended && matches!(self.stage, Stage::Data(_)) {
            self.end_data();
        }
        rest
    }

    fn end_data(&mut self) {
        self.stage = Stage::Commands;
        self.pace.end_content();
        let content = self
            .transaction
            .as_mut()
            .and_then(|transaction| transaction.content.as_mut());
        match content.and_then(|content| content.refusal.take()) {
            Some(refusal) => {
                self.transaction = None;
                self.say(&refusal);
            }
            None => self.end_body(),
        }
    }

    /// A chunk begins; with `refusal` it is read for its end alone, and the mail it belongs to is over.
    pub(super) fn begin_chunk(&mut self, head: ChunkHead, refusal: Option<Reply>) {
        if refusal.is_some() {
            self.reset();
        } else if let Some(transaction) = &mut self.transaction {
            let content = transaction.content.get_or_insert_default();
            content.bytes = content.bytes.saturating_add(head.size);
        }
        self.pace.await_content();
        if head.size == 0 {
            return self.end_chunk(head.place, refusal);
        }
        self.stage = Stage::Chunk(Chunk {
            bytes_left: head.size,
            place: head.place,
            refusal,
        });
    }

    /// Octets that the content would have with one more chunk of `size`.
    pub(super) fn bytes_with(&self, size: u64) -> u64 {
        let content = self
            .transaction
            .as_ref()
            .and_then(|transaction| transaction.content.as_ref());
        content.map_or(0, |content| content.bytes).saturating_add(size)
    }

    /// Reads content of a chunk; returns what follows its end.
    pub(super) fn read_chunk<'a>(&mut self, input: &'a [u8]) -> &'a [u8] {
        let Stage::Chunk(chunk) = &mut self.stage else {
            return input;
        };
        let taken = usize::try_from(chunk.bytes_left).map_or(input.len(), |left| left.min(input.len()));
        let (piece, rest) = input.split_at(taken);
        chunk.bytes_left -= taken as u64;
        self.pace.count_content(taken);
        let content = self
            .transaction
            .as_mut()
            .and_then(|transaction| transaction.content.as_mut());
        match (&chunk.refusal, content) {
            (None, Some(content)) => {
                content.line_ends.look_at(piece);
                if content.line_ends.is_ill_formed() {
                    chunk.refusal = Some(replies::bare_line_end_in_mail());
                    self.abandon();
                } else {
                    self.outputs.push_back(Output::Body(piece.to_vec()));
                }
            }
            (Some(refusal), _) => {
                let refusal = refusal.clone();
                self.discard(taken, &refusal);
            }
            (None, None) => {}
        }
        if let Stage::Chunk(chunk) = &mut self.stage
            && chunk.bytes_left == 0
        {
            let (place, refusal) = (chunk.place, chunk.refusal.take());
            self.end_chunk(place, refusal);
        }
        rest
    }

    fn end_chunk(&mut self, place: ChunkPlace, refusal: Option<Reply>) {
        self.stage = Stage::Commands;
        self.pace.await_command();
        let content = self
            .transaction
            .as_ref()
            .and_then(|transaction| transaction.content.as_ref());
        let ends_in_cr = content.is_some_and(|content| content.line_ends.is_ill_formed_at_end());
        match (refusal, place) {
            (Some(refusal), _) => {
                self.pace.end_content();
                self.say(&refusal);
            }
            (None, ChunkPlace::Inner) => self.say(&replies::chunk_ok()),
            (None, ChunkPlace::Last) if ends_in_cr => {
                self.reset();
                self.say(&replies::bare_line_end_in_mail());
            }
            (None, ChunkPlace::Last) => {
                self.pace.end_content();
                self.end_body();
            }
        }
    }

    /// Hands the whole transaction to the driver, whose answer is the final reply.
    fn end_body(&mut self) {
        if let Some(transaction) = self.transaction.take() {
            self.open = Some(Open::BodyEnd);
            self.outputs
                .push_back(Output::BodyEnd(Box::new(transaction.envelope)));
        }
    }

    /// Ends the transaction and its time (RSET, EHLO, refusals).
    pub(super) fn reset(&mut self) {
        self.abandon();
        self.pace.end_content();
    }

    /// Ends the transaction; the driver drops what it has of the content.
    fn abandon(&mut self) {
        let content = self
            .transaction
            .take()
            .and_then(|transaction| transaction.content);
        if content.is_some_and(|content| content.refusal.is_none()) {
            self.outputs.push_back(Output::BodyAbandoned);
        }
    }

    /// Counts content that is read for its end alone; past the bound the refusal is said early and the session over.
    fn discard(&mut self, bytes: usize, refusal: &Reply) {
        self.tally.discarded_bytes = self.tally.discarded_bytes.saturating_add(bytes as u64);
        if self.tally.discarded_bytes > self.settings.limits.discard_bytes_max {
            self.close_with(refusal);
        }
    }
}
