//! The content of a mail as it passes through: DATA to its dot, BDAT chunk by chunk.
//!
//! What must hold: nothing is kept here but counts; a fault is told to the driver at once (so that it frees what it
//! kept) and to the client when all of the content, or of the chunk, has been read.
//!
//! *Standards*: RFC 5321, section 4.1.1.4; RFC 3030, section 2; RFC 1870, section 6.

use super::{Open, Output, Receiver, Stage};
use crate::bdat::LineEnds;
use crate::command::{ChunkHead, ChunkPlace};
use crate::data::DotScanner;
use crate::replies;
use crate::reply::Reply;

/// The content of DATA under way.
#[derive(Debug, Default)]
pub(super) struct Dotted {
    scanner: DotScanner,
    bytes: u64,
    /// Set once the content can't become a mail any more.
    refusal: Option<Reply>,
}

/// The content of BDAT, over all its chunks.
#[derive(Debug, Default)]
pub(super) struct Chunks {
    /// Those of the chunk under way included.
    bytes: u64,
    line_ends: LineEnds,
}

/// A BDAT chunk under way.
#[derive(Debug)]
pub(super) struct Chunk {
    bytes_left: u64,
    place: ChunkPlace,
    /// Set when the chunk is read for its end alone.
    refusal: Option<Reply>,
}

impl Dotted {
    /// Counts `bytes` more and judges anew. The one fault outweighs the other wherever each lies, so that the reply
    /// doesn't depend on how the content is cut.
    fn count(&mut self, bytes: usize, bytes_max: u64) {
        self.bytes = self.bytes.saturating_add(bytes as u64);
        if self.scanner.is_ill_formed() {
            self.refusal = Some(replies::bare_line_end_in_mail());
        } else if self.bytes > bytes_max {
            self.refusal = Some(replies::too_large(bytes_max));
        }
    }
}

impl Receiver {
    /// Reads content of DATA; returns what follows its end.
    pub(super) fn read_data<'a>(&mut self, input: &'a [u8]) -> &'a [u8] {
        let Stage::Data(content) = &mut self.stage else {
            return &[];
        };
        let mut piece = Vec::with_capacity(input.len());
        let rest = content.scanner.scan(input, &mut piece);
        self.pace.count_content(input.len() - rest.len());
        let is_ended = content.scanner.is_ended();
        let was_refused = content.refusal.is_some();
        content.count(piece.len(), self.settings.limits.message_bytes_max);
        let refusal = content.refusal.clone();
        match &refusal {
            Some(refusal) if was_refused => self.discard(piece.len(), refusal),
            Some(_) => self.outputs.push_back(Output::BodyAbandoned),
            None => self.give_content(piece),
        }
        if is_ended && matches!(self.stage, Stage::Data(_)) {
            self.end_data(refusal);
        }
        rest
    }

    fn end_data(&mut self, refusal: Option<Reply>) {
        self.stage = Stage::Commands;
        self.pace.end_content();
        match refusal {
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
            let chunks = transaction.chunks.get_or_insert_default();
            chunks.bytes = chunks.bytes.saturating_add(head.size);
            // A chunk of content is progress, not a command without a mail: some senders cut 50 MB by 8 KB.
            if head.size > 0 {
                self.tally.commands = self.tally.commands.saturating_sub(1);
            }
        }
        self.pace.await_content();
        if head.size == 0 {
            return self.end_chunk(head.place, refusal);
        }
        self.stage = Stage::Chunk(Chunk { bytes_left: head.size, place: head.place, refusal });
    }

    /// Octets that the content would have with one more chunk of `size`.
    pub(super) fn bytes_with(&self, size: u64) -> u64 {
        self.chunks().map_or(0, |chunks| chunks.bytes).saturating_add(size)
    }

    /// Reads content of a chunk; returns what follows its end.
    pub(super) fn read_chunk<'a>(&mut self, input: &'a [u8]) -> &'a [u8] {
        let Stage::Chunk(chunk) = &mut self.stage else {
            return &[];
        };
        let taken = usize::try_from(chunk.bytes_left).map_or(input.len(), |left| left.min(input.len()));
        let (piece, rest) = input.split_at(taken);
        chunk.bytes_left -= taken as u64;
        let (bytes_left, place) = (chunk.bytes_left, chunk.place);
        self.pace.count_content(taken);
        if let Some(refusal) = chunk.refusal.clone() {
            self.discard(taken, &refusal);
        } else {
            self.take_chunk_piece(piece);
        }
        if let Stage::Chunk(chunk) = &mut self.stage
            && bytes_left == 0
        {
            let refusal = chunk.refusal.take();
            self.end_chunk(place, refusal);
        }
        rest
    }

    fn take_chunk_piece(&mut self, piece: &[u8]) {
        let Some(chunks) = self.transaction.as_mut().and_then(|transaction| transaction.chunks.as_mut())
        else {
            return;
        };
        chunks.line_ends.look_at(piece);
        if !chunks.line_ends.is_ill_formed() {
            return self.give_content(piece.to_vec());
        }
        self.abandon();
        if let Stage::Chunk(chunk) = &mut self.stage {
            chunk.refusal = Some(replies::bare_line_end_in_mail());
        }
    }

    /// Gives the driver content, small chunks of one input joined.
    fn give_content(&mut self, piece: Vec<u8>) {
        match self.outputs.back_mut() {
            _ if piece.is_empty() => {}
            Some(Output::Body(before)) => before.extend_from_slice(&piece),
            _ => self.outputs.push_back(Output::Body(piece)),
        }
    }

    /// What BDAT brought so far, once its first chunk was let in.
    pub(super) fn chunks(&self) -> Option<&Chunks> {
        self.transaction.as_ref().and_then(|transaction| transaction.chunks.as_ref())
    }

    fn end_chunk(&mut self, place: ChunkPlace, refusal: Option<Reply>) {
        self.stage = Stage::Commands;
        self.pace.await_command();
        let ends_in_cr = self.chunks().is_some_and(|chunks| chunks.line_ends.is_ill_formed_at_end());
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
            self.outputs.push_back(Output::BodyEnd(Box::new(transaction.envelope)));
        }
    }

    /// Ends the transaction and its time (RSET, EHLO, refusals).
    pub(super) fn reset(&mut self) {
        self.abandon();
        self.pace.end_content();
    }

    /// Ends the transaction; the driver drops what it has of the content.
    fn abandon(&mut self) {
        if self.transaction.take().is_some_and(|transaction| transaction.chunks.is_some()) {
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
