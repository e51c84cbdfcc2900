//! Signing what leaves: with every key of the domain in `From`, each parsed once; a mail to many is signed once.
//!
//! *Must hold*: a mail is never held back for want of a key: unsigned it arrives more often than not, and the log says so once.

use std::collections::{HashMap, HashSet, VecDeque};
use std::io::Read as _;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use guichet_accounts::DkimKey;
use guichet_desk::{Desk, Lease};
use guichet_mail::DomainName;
use guichet_mailauth::sign::{SignError, Signer, SigningKey, sign};
use guichet_store::{BlobReader, OrganisationId};
use jiff::{SignedDuration, Timestamp};
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use crate::content::{Content, INLINE_BYTES_MAX};
use crate::limits::Limits;
use crate::trouble::Trouble;

/// Sets of keys kept parsed; past it all are parsed anew.
const KEY_SETS_MAX: usize = 1024;
/// Signatures kept for further recipients of the same mail.
const SIGNATURES_MAX: usize = 64;
/// How long a signature is used again; later the keys may be others.
const SIGNATURE_AGE: SignedDuration = SignedDuration::from_mins(10);
/// Domains without keys that were complained of; past it the log may repeat itself.
const COMPLAINTS_MAX: usize = 1024;
/// One permit of memory; a semaphore counts in 32 bits, memory doesn't.
const PERMIT_BYTES: u64 = 1024;

/// Signs mails.
pub(crate) struct Signing {
    desk: Desk,
    kept: Mutex<Kept>,
    memory: Arc<Semaphore>,
    memory_permits: u32,
}

#[derive(Default)]
struct Kept {
    keys: HashMap<Vec<(DomainName, String)>, Arc<[Signer]>>,
    signatures: VecDeque<Made>,
    complained: HashSet<(OrganisationId, DomainName)>,
}

/// A signature, and what it is of.
struct Made {
    organisation: OrganisationId,
    from: DomainName,
    digest: [u8; 32],
    at: Timestamp,
    fields: Arc<str>,
}

/// A mail that may leave.
pub(crate) struct SignedMail {
    /// The fields to be put before it; empty where the domain has no keys.
    pub(crate) signature: Arc<str>,
    /// The mail itself, if it is small.
    raw: Option<Arc<[u8]>>,
    /// Octets of both.
    pub(crate) bytes_len: u64,
}

impl Signing {
    pub(crate) fn new(desk: Desk, limits: &Limits) -> Self {
        let memory_permits = u32::try_from(limits.memory_bytes_max / PERMIT_BYTES).unwrap_or(u32::MAX).max(1);
        Self {
            desk,
            kept: Mutex::default(),
            memory: Arc::new(Semaphore::new(memory_permits as usize)),
            memory_permits,
        }
    }

    /// Reads a mail, and signs it if it has not been signed a moment ago.
    pub(crate) async fn signed(&self, lease: &Lease, now: Timestamp) -> Result<SignedMail, Trouble> {
        let length = lease.raw.bytes_len();
        let raw = if length <= INLINE_BYTES_MAX { Some(self.read(lease)?) } else { None };
        let signature = match self.made(lease, now) {
            Some(fields) => fields,
            None => self.sign(lease, raw.clone(), now).await?,
        };
        let bytes_len = length + signature.len() as u64;
        Ok(SignedMail { signature, raw, bytes_len })
    }

    fn read(&self, lease: &Lease) -> Result<Arc<[u8]>, Trouble> {
        let mut bytes = Vec::new();
        append(self.desk.open(lease)?, &mut bytes)?;
        Ok(bytes.into())
    }

    /// The octets of a signed mail, to be sent.
    pub(crate) fn content(&self, lease: &Lease, mail: &SignedMail) -> Result<Content, Trouble> {
        Ok(match &mail.raw {
            Some(raw) => Content::of_memory(&mail.signature, raw.clone()),
            None => Content::of_blob(&mail.signature, self.desk.open(lease)?),
        })
    }

    async fn sign(&self, lease: &Lease, raw: Option<Arc<[u8]>>, now: Timestamp) -> Result<Arc<str>, Trouble> {
        let signers = self.signers(lease)?;
        if signers.is_empty() {
            self.complain(lease);
            return Ok(Arc::from(""));
        }
        let fields: Arc<str> = match raw {
            Some(raw) => sign(&raw, &signers, now)?.into(),
            None => self.sign_large(lease, signers, now).await?.into(),
        };
        let made = Made {
            organisation: lease.organisation,
            from: lease.from_domain.clone(),
            digest: *lease.raw.digest(),
            at: now,
            fields: fields.clone(),
        };
        let mut kept = self.kept();
        kept.signatures.push_front(made);
        kept.signatures.truncate(SIGNATURES_MAX);
        Ok(fields)
    }

    async fn sign_large(
        &self,
        lease: &Lease,
        signers: Arc<[Signer]>,
        now: Timestamp,
    ) -> Result<String, Trouble> {
        let _permit = self.memory(lease.raw.bytes_len()).await;
        let raw = self.desk.open(lease)?;
        let work = move || {
            let mut bytes = Vec::new();
            append(raw, &mut bytes)?;
            Ok::<String, Trouble>(sign(&bytes, &signers, now)?)
        };
        spawn_blocking(work).await?
    }

    /// Waits for the memory that a mail of this size takes; one larger than all of it has it for itself.
    pub(crate) async fn memory(&self, bytes: u64) -> Option<tokio::sync::OwnedSemaphorePermit> {
        let permits =
            u32::try_from(bytes.div_ceil(PERMIT_BYTES)).unwrap_or(u32::MAX).min(self.memory_permits);
        // The semaphore is never closed.
        self.memory.clone().acquire_many_owned(permits).await.ok()
    }

    fn made(&self, lease: &Lease, now: Timestamp) -> Option<Arc<str>> {
        let is_fresh = |made: &&Made| {
            made.organisation == lease.organisation
                && made.digest == *lease.raw.digest()
                && made.from == lease.from_domain
                && now.duration_since(made.at) < SIGNATURE_AGE
        };
        self.kept().signatures.iter().find(is_fresh).map(|made| made.fields.clone())
    }

    fn signers(&self, lease: &Lease) -> Result<Arc<[Signer]>, Trouble> {
        let keys = self.desk.accounts().dkim_keys(lease.organisation, &lease.from_domain)?;
        let names: Vec<_> = keys.iter().map(|key| (key.domain.clone(), key.selector.clone())).collect();
        let mut kept = self.kept();
        if let Some(signers) = kept.keys.get(&names) {
            return Ok(signers.clone());
        }
        let signers: Arc<[Signer]> = keys.into_iter().map(signer).collect::<Result<_, SignError>>()?;
        if kept.keys.len() >= KEY_SETS_MAX {
            kept.keys.clear();
        }
        kept.keys.insert(names, signers.clone());
        Ok(signers)
    }

    fn complain(&self, lease: &Lease) {
        let mut kept = self.kept();
        if kept.complained.len() >= COMPLAINTS_MAX {
            kept.complained.clear();
        }
        if kept.complained.insert((lease.organisation, lease.from_domain.clone())) {
            let (organisation, domain) = (lease.organisation, &lease.from_domain);
            tracing::warn!(%organisation, %domain, "there is no DKIM key for this domain: its mail goes unsigned");
        }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn signer(key: DkimKey) -> Result<Signer, SignError> {
    let parsed = SigningKey::from_pkcs8(key.pkcs8.as_slice())?;
    Ok(Signer { domain: key.domain, selector: key.selector, key: parsed })
}

/// Reads a mail in one piece, behind what is there.
pub(crate) fn append(mut raw: BlobReader<'_>, bytes: &mut Vec<u8>) -> Result<(), Trouble> {
    bytes.reserve_exact(usize::try_from(raw.remaining()).unwrap_or_default());
    raw.read_to_end(bytes)?;
    Ok(())
}
