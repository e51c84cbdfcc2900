//! The files of drafts: an upload that a draft names is copied beside the draft, and so outlives its day.
//!
//! *Must hold*: a blob is given up only in the commit that takes its last name. The names of an uploaded file are its
//! own row and one for each draft that keeps it. A draft that takes up a file writes that row again, so whoever forgets
//! the upload at the same moment conflicts, and so does one that lets go of it last; drafts of one person change one after the
//! other (see [`super::tally`]).

use guichet_accounts::{Actor, Who};
use guichet_store::{Batch, BlobRef, Direction, Snapshot, record};

use super::DraftId;
use crate::{Error, Upload, UploadId, keys};

/// What becomes of the files that a draft keeps.
#[derive(Debug, Default)]
pub(super) struct Files {
    /// Those that it keeps from now on, with whether the upload's own row is still there.
    taken: Vec<(UploadId, Upload, bool)>,
    dropped: Vec<UploadId>,
    /// The own rows of uploads that no draft keeps any more.
    left: Vec<(UploadId, Vec<u8>)>,
    released: Vec<BlobRef>,
    /// How many octets it keeps.
    pub(super) bytes: u64,
}

impl Files {
    /// Reads what a draft that kept `before` rests on when it names `after`.
    pub(super) fn read(
        snapshot: &mut Snapshot,
        actor: &Actor,
        draft: DraftId,
        (before, after): (&[UploadId], &[UploadId]),
    ) -> Result<Self, Error> {
        let mut files = Files::default();
        let mut seen = Vec::new();
        for id in after.iter().copied() {
            if seen.contains(&id) {
                continue;
            }
            seen.push(id);
            if before.contains(&id)
                && let Some(stored) = snapshot.peek(&keys::kept_upload(id.0, draft.0))?
            {
                files.bytes += decode(&stored)?.content.bytes_len();
                continue;
            }
            let (upload, is_there) = find(snapshot, actor.who, id)?;
            files.bytes += upload.content.bytes_len();
            files.taken.push((id, upload, is_there));
        }
        for id in before.iter().copied().filter(|id| !after.contains(id)) {
            if !files.dropped.contains(&id) {
                files.drop(snapshot, draft, id)?;
            }
        }
        Ok(files)
    }

    fn drop(&mut self, snapshot: &mut Snapshot, draft: DraftId, id: UploadId) -> Result<(), Error> {
        self.dropped.push(id);
        let Some(stored) = snapshot.peek(&keys::kept_upload(id.0, draft.0))? else { return Ok(()) };
        let names = snapshot.scan(&keys::kept_uploads(id.0), Direction::Forward, None)?.take(2).count();
        if names > 1 {
            return Ok(());
        }
        match snapshot.read(&keys::upload(id.0))? {
            Some(own) => self.left.push((id, own)),
            None => self.released.push(decode(&stored)?.content),
        }
        Ok(())
    }

    pub(super) fn write(&self, batch: &mut Batch, draft: DraftId) {
        for (id, upload, is_there) in &self.taken {
            let stored = record::encode(upload);
            if *is_there {
                batch.put(keys::upload(id.0), stored.clone());
            }
            batch.put(keys::kept_upload(id.0, draft.0), stored);
        }
        for (id, own) in &self.left {
            batch.put(keys::upload(id.0), own.clone());
        }
        for id in &self.dropped {
            batch.delete(keys::kept_upload(id.0, draft.0));
        }
        for blob in &self.released {
            batch.release(blob);
        }
    }
}

/// An upload of theirs, as a check: its own row, or one that another draft of theirs keeps.
fn find(snapshot: &mut Snapshot, who: Who, id: UploadId) -> Result<(Upload, bool), Error> {
    let own = snapshot.read(&keys::upload(id.0))?;
    let is_there = own.is_some();
    let stored = match own {
        Some(stored) => Some(stored),
        None => kept(snapshot, id)?,
    };
    let upload = decode(&stored.ok_or(Error::NotFound("upload"))?)?;
    if upload.uploader == who { Ok((upload, is_there)) } else { Err(Error::NotFound("upload")) }
}

/// An upload as a draft keeps it.
pub(crate) fn kept(snapshot: &Snapshot, id: UploadId) -> Result<Option<Vec<u8>>, Error> {
    let first = snapshot.scan(&keys::kept_uploads(id.0), Direction::Forward, None)?.next();
    Ok(first.transpose()?.map(|(_, stored)| stored))
}

fn decode(stored: &[u8]) -> Result<Upload, Error> {
    record::decode(stored).map_err(|_| Error::Damaged("upload"))
}
