//! Uploads: files that wait for the message which they are attached to.
//!
//! A file is streamed into a blob first, then named by a row of the uploader's organisation; the uploader alone can
//! send it. It is kept for [`UPLOAD_HOURS`]; until then it may go with several messages.

use std::fmt;
use std::str::FromStr;

use data_encoding::BASE32_NOPAD;
use guichet_accounts::{Actor, Who};
use guichet_mail::safe_name;
use guichet_store::{
    Batch, BlobRef, BlobWriter, CommitError, Direction, Key, OrganisationId, PendingBlob, record,
};
use jiff::Timestamp;
use minicbor::{Decode, Encode};

use crate::stored::last_number;
use crate::{DeliveryId, Desk, Error, drafts, keys};

/// How long an upload waits for its message.
pub const UPLOAD_HOURS: u32 = 24;

/// The largest file: what is larger does not fit into a mail (see [`crate::MAIL_BYTES_MAX`]) in base64.
pub const UPLOAD_BYTES_MAX: u64 = 18 << 20;

/// How often another number is taken when one is in use: within one millisecond, one in four million.
const ATTEMPTS_MAX: usize = 8;

/// How many rows one call forgets.
const FORGOTTEN_MAX: usize = 500;

/// The longest type that is kept; a longer one is no type that anybody registered.
const TYPE_BYTES_MAX: usize = 127;

/// The type of octets that are not known to be anything.
const UNKNOWN_TYPE: &str = "application/octet-stream";

/// The name of a file whose own can't be kept.
const NAMELESS: &str = "file";

/// The number of an upload: as a [`DeliveryId`](crate::DeliveryId), made of the time and chance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(transparent)]
pub struct UploadId(#[n(0)] pub u64);

impl fmt::Display for UploadId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&BASE32_NOPAD.encode(&self.0.to_be_bytes()).to_ascii_lowercase())
    }
}

/// A text that is no number of an upload.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no upload; it has 13 letters and digits")]
pub struct BadUploadId(String);

impl FromStr for UploadId {
    type Err = BadUploadId;

    fn from_str(text: &str) -> Result<Self, BadUploadId> {
        let octets = BASE32_NOPAD.decode(text.to_ascii_uppercase().as_bytes()).ok();
        let octets = octets.and_then(|octets| octets.as_slice().try_into().ok());
        octets.map(|octets| Self(u64::from_be_bytes(octets))).ok_or_else(|| BadUploadId(text.to_owned()))
    }
}

/// What is stored of an upload, but for the number in its key.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
pub struct Upload {
    /// Its name, fit to be shown and saved.
    #[n(0)]
    pub name: String,
    /// Its type as it was given, `image/png`.
    #[n(1)]
    pub content_type: String,
    /// Its octets.
    #[n(2)]
    pub content: BlobRef,
    /// By whom.
    #[n(3)]
    pub uploader: Who,
    /// When.
    #[cbor(n(4), with = "crate::time")]
    pub created: Timestamp,
}

/// An upload with its number.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredUpload {
    /// Its number.
    pub id: UploadId,
    /// The rest.
    pub record: Upload,
}

impl Desk {
    /// Begins an upload; what is written into it past [`UPLOAD_BYTES_MAX`] makes [`Desk::finish_upload`] refuse it.
    ///
    /// # Errors
    /// [`Error::Full`] where the disk has no room for another.
    pub fn upload_writer(&self) -> Result<BlobWriter, Error> {
        if self.store.has_room_for(UPLOAD_BYTES_MAX) {
            Ok(self.store.blobs().writer())
        } else {
            Err(Error::Full)
        }
    }

    /// Keeps an upload for the actor's organisation.
    ///
    /// # Errors
    /// [`Error::Invalid`] where it is too large.
    pub async fn finish_upload(
        &self,
        actor: &Actor,
        content: PendingBlob,
        name: &str,
        content_type: &str,
        now: Timestamp,
    ) -> Result<StoredUpload, Error> {
        if content.bytes_len() > UPLOAD_BYTES_MAX {
            let mebibytes = UPLOAD_BYTES_MAX >> 20;
            return Err(Error::Invalid(format!(
                "a file has at most {mebibytes} MiB; send a link to a larger one"
            )));
        }
        for _ in 0..ATTEMPTS_MAX {
            let id = UploadId(self.new_delivery_id(now).0);
            let mut batch = self.store.of(actor.organisation).batch();
            let record = Upload {
                name: safe_name(name).unwrap_or_else(|| NAMELESS.to_owned()),
                content_type: known_type(content_type),
                content: batch.blob(&content),
                uploader: actor.who,
                created: now,
            };
            batch.check_absent(keys::upload(id.0));
            batch.put(keys::upload(id.0), record::encode(&record));
            match self.store.commit(vec![batch]).await {
                Ok(_) => return Ok(StoredUpload { id, record }),
                Err(CommitError::Conflict) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(Error::Unavailable("too many uploads at once".to_owned()))
    }

    /// An upload of the actor's that is not yet forgotten, or that a draft keeps. What others uploaded is not theirs to
    /// send.
    pub fn upload(&self, actor: &Actor, id: UploadId) -> Result<StoredUpload, Error> {
        let snapshot = self.store.of(actor.organisation).snapshot()?;
        let stored = match snapshot.peek(&keys::upload(id.0))? {
            Some(stored) => Some(stored),
            None => drafts::kept(&snapshot, id)?,
        };
        let stored = stored.ok_or(Error::NotFound("upload"))?;
        let record: Upload = record::decode(&stored).map_err(|_| Error::Damaged("upload"))?;
        if record.uploader == actor.who {
            Ok(StoredUpload { id, record })
        } else {
            Err(Error::NotFound("upload"))
        }
    }

    /// Forgets uploads of an organisation that were made before this time, the oldest first and a bounded number in
    /// one call; answers whether there may be more. Messages that they went with keep their own copy; a draft that names
    /// one keeps its octets.
    pub async fn forget_uploads(
        &self,
        organisation: OrganisationId,
        before: Timestamp,
    ) -> Result<bool, Error> {
        let (batch, rows) = self.forgetting_uploads(organisation, before)?;
        match self.store.commit(vec![batch]).await {
            Ok(_) => Ok(rows == FORGOTTEN_MAX),
            Err(CommitError::Conflict) => Ok(true),
            Err(error) => Err(error.into()),
        }
    }

    /// The commit that forgets the oldest uploads, and how many.
    pub(crate) fn forgetting_uploads(
        &self,
        organisation: OrganisationId,
        before: Timestamp,
    ) -> Result<(Batch, usize), Error> {
        let end = keys::upload(DeliveryId::new(before, [0; 8]).0);
        let mut snapshot = self.store.of(organisation).snapshot()?;
        let rows = snapshot.range(&Key::new(keys::UPLOADS), &end, Direction::Forward, None)?;
        let old =
            rows.take(FORGOTTEN_MAX).map(|row| last_number(&row?.0)).collect::<Result<Vec<_>, Error>>()?;
        let mut released = Vec::new();
        for id in old.iter().copied() {
            // A draft that takes it up writes this row too.
            let stored = snapshot.read(&keys::upload(id))?;
            if let Some(stored) = stored
                && drafts::kept(&snapshot, UploadId(id))?.is_none()
            {
                let upload: Upload = record::decode(&stored).map_err(|_| Error::Damaged("upload"))?;
                released.push(upload.content);
            }
        }
        let mut batch = snapshot.batch();
        for id in &old {
            batch.delete(keys::upload(*id));
        }
        for blob in &released {
            batch.release(blob);
        }
        Ok((batch, old.len()))
    }

    /// Deletes rows from the first of a kind up to `end`, a bounded number; answers whether there may be more.
    pub(crate) async fn forget_rows(
        &self,
        organisation: OrganisationId,
        from: &Key,
        end: &Key,
    ) -> Result<bool, Error> {
        let space = self.store.of(organisation);
        let snapshot = space.snapshot()?;
        let mut batch = space.batch();
        let mut rows = 0;
        for row in snapshot.range(from, end, Direction::Forward, None)?.take(FORGOTTEN_MAX) {
            let (key, _) = row?;
            let (kind, rest) = key.split_first().ok_or(Error::Damaged("key"))?;
            batch.delete(Key::new(*kind).bytes(rest));
            rows += 1;
        }
        if rows > 0 {
            self.store.commit(vec![batch]).await?;
        }
        Ok(rows == FORGOTTEN_MAX)
    }
}

/// A type as it was given, where it looks like one; whoever writes it into a mail makes it safe there.
fn known_type(text: &str) -> String {
    let text = text.trim();
    let fits = text.len() <= TYPE_BYTES_MAX
        && text.contains('/')
        && text.bytes().all(|octet| matches!(octet, b' '..=b'~'));
    if fits { text.to_owned() } else { UNKNOWN_TYPE.to_owned() }
}
