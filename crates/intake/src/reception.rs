//! The end of a mail: verified, read, handed to the desk; and what the client hears of it.
//!
//! *Invariant:* a positive answer is made only from what [`Desk::receive`] returned (promise 1).
//!
//! A small mail is verified and parsed where it is. A large one waits for memory permits and goes to a thread that
//! may block; there it is read whole, once, and only for as long as that takes.

use std::borrow::Cow;
use std::io::Read as _;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use guichet_desk::{Arrival, Desk, Notification, NotifiedRecipient, Reading, Received, Recipient};
use guichet_mail::{DomainName, Verdicts, forged_results, parse::ParseLimits};
use guichet_mailauth::{Examination, Verifier};
use guichet_smtp::{Envelope, Reply};
use guichet_store::PendingBlob;
use guichet_sys::Clock;
use jiff::Timestamp;
use tokio::runtime::Handle;
use tokio::task::spawn_blocking;
use tokio::time::Instant;

use crate::Backends;
use crate::body::{Body, INLINE_BYTES_MAX};
use crate::metrics;
use crate::outcome;
use crate::permits::MemoryPermits;
use crate::settings::Settings;
use crate::trace::{self, Trace};
use crate::trouble::Trouble;

/// Beyond this a mail is read into memory that goes back to the system at once.
const SMALL_BYTES_MAX: u64 = 1 << 20;
/// An allocation of this size is a mapping of its own, and of that only what is written to takes memory. A smaller one
/// glibc may keep for its thread when it is freed, and so it would for each of the threads that ever read a large mail.
const OWN_MAPPING_BYTES: usize = 33 << 20;

/// Receives the mail of all sessions.
pub(crate) struct Reception {
    desk: Desk,
    verifier: Arc<Verifier>,
    clock: Arc<dyn Clock>,
    permits: MemoryPermits,
    hostname: Arc<DomainName>,
    /// Mails so far: part of the id of the next.
    mails: AtomicU64,
}

/// A mail that is all there, but for its content.
struct Mail<'a> {
    id: &'a str,
    received: Timestamp,
    envelope: Envelope,
    recipients: Vec<Recipient>,
}

/// What the verifier must know beside the mail.
struct Sender {
    client: IpAddr,
    helo: String,
    mail_from: Option<String>,
    received: Timestamp,
}

/// What was found in a mail.
struct Examined {
    verdicts: Verdicts,
    reading: Reading,
    /// `Authentication-Results` that came with the mail and bear our name.
    forged_results: usize,
}

impl Reception {
    pub(crate) fn new(settings: &Settings, backends: &Backends) -> Self {
        Self {
            desk: backends.desk.clone(),
            verifier: backends.verifier.clone(),
            clock: backends.clock.clone(),
            permits: MemoryPermits::new(settings),
            hostname: Arc::new(settings.hostname.clone()),
            mails: AtomicU64::new(0),
        }
    }

    /// Receives a mail; the reply is the client's final word on it. `recipients` are the envelope's, routed.
    pub(crate) async fn receive(
        &self,
        envelope: Envelope,
        recipients: Vec<Recipient>,
        body: Box<Body>,
    ) -> Reply {
        let began = Instant::now();
        let received = self.clock.now();
        let id = self.next_id(received);
        tracing::debug!(%id, reverse_path = %envelope.reverse_path, ?recipients, "a mail has come");
        let (client, bytes, to) = (envelope.peer.ip(), body.bytes_len(), recipients.len());
        let result = self.take_in(Mail { id: &id, received, envelope, recipients }, body).await;
        let took = began.elapsed();
        metrics::mail(result.as_ref().map_or("deferred", outcome::word), took);
        let millis = took.as_secs_f64() * 1e3;
        match result {
            Ok(became) => {
                let (outcome, sentence) = (outcome::word(&became), outcome::sentence(&became));
                tracing::info!(%id, %client, bytes, recipients = to, millis, outcome, "{sentence}");
                if let Received::Kept(_) = became {
                    metrics::mail_kept(bytes);
                }
                outcome::reply(&became, sentence)
            }
            Err(trouble) => {
                tracing::warn!(%id, %client, bytes, recipients = to, millis, %trouble, "a mail is put off");
                metrics::mail_deferred(trouble.reason());
                trouble.reply()
            }
        }
    }

    async fn take_in(&self, mail: Mail<'_>, body: Box<Body>) -> Result<Received, Trouble> {
        let Mail { id, received, envelope, recipients } = mail;
        let sender = Sender {
            client: envelope.peer.ip(),
            helo: envelope.hello.name.clone(),
            mail_from: envelope.reverse_path.mailbox().map(ToString::to_string),
            received,
        };
        // The claim stands until the desk has answered.
        let (raw, _claim) = body.finish().await?;
        let Examined { verdicts, reading, forged_results } = self.examine(sender, &raw).await?;
        if forged_results > 0 {
            tracing::info!(%id, forged_results, "Authentication-Results in our name came with the mail");
        }
        let hostname = &self.hostname;
        let trace =
            trace::fields(&Trace { hostname, envelope: &envelope, verdicts: &verdicts, id, received });
        let notification = notification(&envelope);
        let arrival = Arrival {
            received,
            reverse_path: envelope.reverse_path.to_string(),
            recipients,
            client: envelope.peer.ip(),
            helo: envelope.hello.name,
            tls: envelope.tls.map(|tls| format!("{} {}", tls.version, tls.cipher)),
            trace,
            verdicts,
            raw,
            reading,
            notification,
        };
        Ok(self.desk.receive(&arrival).await?)
    }

    async fn examine(&self, sender: Sender, raw: &PendingBlob) -> Result<Examined, Trouble> {
        if raw.bytes_len() <= INLINE_BYTES_MAX {
            return examine(&self.verifier, &self.hostname, &sender, raw).await;
        }
        let permit = self.permits.take(raw.bytes_len()).await?;
        let (verifier, hostname, raw) = (self.verifier.clone(), self.hostname.clone(), raw.clone());
        let runtime = Handle::current();
        let work = move || {
            let _permit = permit;
            runtime.block_on(examine(&verifier, &hostname, &sender, &raw))
        };
        spawn_blocking(work).await?
    }

    /// Unique over restarts, since a clock that goes back by exactly what a run lasted is not to be feared.
    fn next_id(&self, received: Timestamp) -> String {
        let number = self.mails.fetch_add(1, Ordering::Relaxed);
        format!("{:x}-{number:x}", received.as_microsecond())
    }
}

/// What the sender asked to be told (RFC 3461, section 4). `RET` is about notices of failure, which nobody sends here.
fn notification(envelope: &Envelope) -> Notification {
    let asks = |recipient: &&guichet_smtp::Recipient| {
        recipient.parameters.notify.is_some_and(|notify| notify.success)
    };
    let notified = |recipient: &guichet_smtp::Recipient| {
        let original = recipient.parameters.orcpt.as_ref();
        NotifiedRecipient {
            address: recipient.path.to_string(),
            original: original.map(|original| format!("{};{}", original.address_type, original.address)),
        }
    };
    Notification {
        envelope_id: envelope.parameters.envid.clone(),
        on_success: envelope.recipients.iter().filter(asks).map(notified).collect(),
    }
}

async fn examine(
    verifier: &Verifier,
    hostname: &DomainName,
    sender: &Sender,
    raw: &PendingBlob,
) -> Result<Examined, Trouble> {
    let bytes = read_whole(raw)?;
    let examination = Examination {
        client_ip: sender.client,
        helo: &sender.helo,
        mail_from: sender.mail_from.as_deref(),
        raw: &bytes,
        now: sender.received,
    };
    // Boxed: it is by far the largest of a connection's futures, and an idle connection has no use for it.
    let verdicts = Box::pin(verifier.verify(examination)).await;
    Ok(Examined {
        verdicts,
        reading: Reading::of(&bytes),
        forged_results: forged_results(&bytes, hostname, ParseLimits::default().header()).len(),
    })
}

/// A mail in one piece: where it is, if that is memory.
fn read_whole(raw: &PendingBlob) -> Result<Cow<'_, [u8]>, Trouble> {
    if raw.bytes_len() <= SMALL_BYTES_MAX {
        return Ok(raw.read_all()?);
    }
    let mut bytes = Vec::with_capacity(OWN_MAPPING_BYTES.max(raw.bytes_len() as usize));
    raw.reader()?.read_to_end(&mut bytes).map_err(|error| Trouble::Ours(error.to_string()))?;
    Ok(Cow::Owned(bytes))
}
