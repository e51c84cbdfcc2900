//! Signing what leaves: with every key of the domain in `From`, each parsed once; a mail to many is signed once, and one that
//! is held may be signed before its time.
//!
//! *Must hold*: a mail is never held back for want of a key: unsigned it arrives more often than not, and the log says so once.

use std::collections::{HashMap, HashSet};
use std::io::Read as _;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use guichet_accounts::DkimKey;
use guichet_desk::{Composed, Desk, Lease, Leaving};
use guichet_mail::DomainName;
use guichet_mailauth::sign::{SignError, Signer, SigningKey, sign};
use guichet_store::OrganisationId;
use jiff::Timestamp;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use crate::content::{Content, INLINE_BYTES_MAX};
use crate::limits::Limits;
use crate::signatures::{Signatures, Signed};
use crate::trouble::Trouble;

/// Sets of keys kept parsed; past it all are parsed anew.
const KEY_SETS_MAX: usize = 1024;
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
    signatures: Signatures,
    complained: HashSet<(OrganisationId, DomainName)>,
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
    pub(crate) async fn signed(&self, leaving: &Leaving, now: Timestamp) -> Result<SignedMail, Trouble> {
        let length = leaving.raw.bytes_len();
        let raw = if length <= INLINE_BYTES_MAX { Some(self.read(leaving)?) } else { None };
        let made = self.kept().signatures.get(&name(leaving), now);
        let signature = match made {
            Some(fields) => fields,
            None => self.sign(leaving, raw.clone(), now).await?,
        };
        // What is stored sealed is longer than the mail.
        let length = raw.as_ref().map_or(length, |raw| raw.len() as u64);
        let bytes_len = length + signature.len() as u64;
        Ok(SignedMail { signature, raw, bytes_len })
    }

    fn read(&self, leaving: &Leaving) -> Result<Arc<[u8]>, Trouble> {
        let mut bytes = Vec::new();
        append(self.desk.open_leaving(leaving)?, &mut bytes)?;
        Ok(bytes.into())
    }

    /// The octets of a signed mail, to be sent.
    pub(crate) fn content(&self, lease: &Lease, mail: &SignedMail) -> Result<Content, Trouble> {
        Ok(match &mail.raw {
            Some(raw) => Content::of_memory(&mail.signature, raw.clone()),
            None => Content::of_blob(&mail.signature, self.desk.open(lease)?),
        })
    }

    async fn sign(
        &self,
        leaving: &Leaving,
        raw: Option<Arc<[u8]>>,
        now: Timestamp,
    ) -> Result<Arc<str>, Trouble> {
        let signers = self.signers(leaving)?;
        if signers.is_empty() {
            self.complain(leaving);
            return Ok(Arc::from(""));
        }
        let fields: Arc<str> = match raw {
            Some(raw) => sign(&raw, &signers, now)?.into(),
            None => self.sign_large(leaving, signers, now).await?.into(),
        };
        self.kept().signatures.keep(name(leaving), now, fields.clone());
        Ok(fields)
    }

    async fn sign_large(
        &self,
        leaving: &Leaving,
        signers: Arc<[Signer]>,
        now: Timestamp,
    ) -> Result<String, Trouble> {
        let _permit = self.memory(leaving.raw.bytes_len()).await;
        let raw = self.desk.open_leaving(leaving)?;
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

    fn signers(&self, leaving: &Leaving) -> Result<Arc<[Signer]>, Trouble> {
        let keys = self.desk.accounts().dkim_keys(leaving.organisation, &leaving.from_domain)?;
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

    fn complain(&self, leaving: &Leaving) {
        let mut kept = self.kept();
        if kept.complained.len() >= COMPLAINTS_MAX {
            kept.complained.clear();
        }
        if kept.complained.insert((leaving.organisation, leaving.from_domain.clone())) {
            let (organisation, domain) = (leaving.organisation, &leaving.from_domain);
            tracing::warn!(%organisation, %domain, "there is no DKIM key for this domain: its mail goes unsigned");
        }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Under which its signature is kept.
fn name(leaving: &Leaving) -> Signed {
    let Leaving { organisation, raw, from_domain, .. } = leaving;
    Signed { organisation: *organisation, from: from_domain.clone(), digest: *raw.digest() }
}

fn signer(key: DkimKey) -> Result<Signer, SignError> {
    let parsed = SigningKey::from_pkcs8(key.pkcs8.as_slice())?;
    Ok(Signer { domain: key.domain, selector: key.selector, key: parsed })
}

/// Reads a mail in one piece, behind what is there.
pub(crate) fn append(mut raw: Composed, bytes: &mut Vec<u8>) -> Result<(), Trouble> {
    bytes.reserve_exact(usize::try_from(raw.remaining()).unwrap_or_default());
    raw.read_to_end(bytes)?;
    Ok(())
}
