//! What is sent after DATA: the signature fields, then the mail as it was composed.
//!
//! *Must hold*: a small mail is in memory once, whoever it goes to; a large one is never in memory whole while it is
//! sent, since a slow server would keep it there.

use std::io::{self, Read};
use std::sync::Arc;

use guichet_desk::Composed;
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;

/// Up to this size a mail is read at once and on the spot: the store keeps such blobs among others in one file.
pub(crate) const INLINE_BYTES_MAX: u64 = 256 << 10;
/// What is read of a large mail at once.
const PIECE_BYTES: usize = 64 << 10;
/// Pieces that are read ahead.
const PIECES_MAX: usize = 2;

/// The octets of a mail on their way.
pub(crate) struct Content {
    /// Still to be sent before the rest.
    head: Option<Vec<u8>>,
    rest: Rest,
}

enum Rest {
    Memory(Option<Arc<[u8]>>),
    Reading(mpsc::Receiver<io::Result<Vec<u8>>>),
}

impl Content {
    /// A mail in memory.
    pub(crate) fn of_memory(signature: &str, raw: Arc<[u8]>) -> Self {
        Self { head: head(signature), rest: Rest::Memory(Some(raw)) }
    }

    /// A mail that is read on a thread of its own while it is sent. Dropping this ends the thread.
    pub(crate) fn of_blob(signature: &str, mut raw: Composed) -> Self {
        let (sender, receiver) = mpsc::channel(PIECES_MAX);
        spawn_blocking(move || {
            loop {
                let piece = read_piece(&mut raw);
                let is_last = !matches!(&piece, Ok(piece) if !piece.is_empty());
                // An error means that nobody wants more. The empty piece at the end says that all of it was there.
                if sender.blocking_send(piece).is_err() || is_last {
                    return;
                }
            }
        });
        Self { head: head(signature), rest: Rest::Reading(receiver) }
    }

    /// The next piece; none at the end. After an error the mail must not be ended as if it were whole.
    pub(crate) async fn next(&mut self) -> Option<io::Result<Arc<[u8]>>> {
        if let Some(head) = self.head.take() {
            return Some(Ok(head.into()));
        }
        match &mut self.rest {
            Rest::Memory(raw) => raw.take().map(Ok),
            Rest::Reading(pieces) => match pieces.recv().await {
                Some(Ok(piece)) if piece.is_empty() => None,
                Some(piece) => Some(piece.map(Into::into)),
                None => Some(Err(io::Error::other("the thread that read it is gone"))),
            },
        }
    }
}

fn head(signature: &str) -> Option<Vec<u8>> {
    (!signature.is_empty()).then(|| signature.as_bytes().to_vec())
}

fn read_piece(raw: &mut Composed) -> io::Result<Vec<u8>> {
    let mut piece = Vec::with_capacity(PIECE_BYTES);
    raw.take(PIECE_BYTES as u64).read_to_end(&mut piece)?;
    Ok(piece)
}
