//! Mail to a domain of this server: handed to the desk, without SMTP to ourselves.
//!
//! *Must hold*: it arrives as any other mail, through the one door. Its author is beyond doubt, since this server composed it
//! for a channel of the domain in `From`: so the verdicts say *pass* for that domain, with the reason.
//!
//! *Security*: a mail whose link is for its recipient alone is not handed over where a channel has the address by now.
//!
//! A circle needs two channels that answer each other; the desk never answers automatic mail, nor its own addresses.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use guichet_accounts::Route;
use guichet_desk::{Arrival, Desk, Fate, Lease, Notification, Reading, Received};
use guichet_mail::{AuthResult, DkimVerdict, DmarcAlignment, DmarcVerdict, DomainName, SpfVerdict, Verdicts};
use guichet_store::{PendingBlob, Store};
use jiff::Timestamp;
use tokio::task::spawn_blocking;

use crate::content::INLINE_BYTES_MAX;
use crate::judge::Judgement;
use crate::signing::{self, SignedMail, Signing};
use crate::trouble::Trouble;

/// The stage at which the desk decides.
const LOCAL: &str = "local";
/// What the verdicts say to a person.
const REASON: &str = "composed by this server";

/// Hands mail to the desk.
pub(crate) struct Local {
    store: Store,
    desk: Desk,
    hostname: DomainName,
}

impl Local {
    pub(crate) fn new(store: Store, desk: Desk, hostname: DomainName) -> Self {
        Self { store, desk, hostname }
    }

    /// What became of it. On `Err` nothing of it was kept.
    pub(crate) async fn deliver(
        &self,
        lease: &Lease,
        mail: &SignedMail,
        signing: &Signing,
        now: Timestamp,
    ) -> Result<Judgement, Trouble> {
        let address = &lease.recipient;
        let route = self.desk.accounts().route(address.local(), address.domain().as_str())?;
        if route == Route::Suspended {
            let text = format!("Mail to {address} can't be taken at present.");
            return Ok(Judgement::deferred(LOCAL, "4.2.1", text));
        }
        if lease.is_sealed && matches!(route, Route::Channel { .. }) {
            let text =
                format!("{address} is a channel by now, where others would read the link in this mail.");
            return Ok(Judgement::refused(LOCAL, "5.7.1", text));
        }
        let Some(recipient) = self.desk.recipient(route, address.to_string())? else {
            let text = format!("There is nobody at this server by the name of {address}.");
            return Ok(Judgement::refused(LOCAL, "5.1.1", text));
        };
        let (raw, reading) = self.read(lease, mail, signing).await?;
        let arrival = Arrival {
            received: now,
            reverse_path: lease.reverse_path.clone(),
            recipients: vec![recipient],
            client: IpAddr::V4(Ipv4Addr::LOCALHOST),
            helo: self.hostname.to_string(),
            tls: None,
            trace: self.trace(lease, now),
            verdicts: verdicts(&lease.from_domain, !mail.signature.is_empty()),
            raw,
            reading,
            notification: Notification::default(),
        };
        Ok(match self.desk.receive(&arrival).await? {
            Received::Refused(why) => Judgement::refused(LOCAL, "5.7.1", why),
            Received::Kept(_) => {
                Judgement::ours(Fate::Delivered, LOCAL, "2.0.0", "Taken in by this server itself.")
            }
        })
    }

    /// Writes the signed mail as a mail that comes in, and reads what it says of itself.
    async fn read(
        &self,
        lease: &Lease,
        mail: &SignedMail,
        signing: &Signing,
    ) -> Result<(PendingBlob, Reading), Trouble> {
        let mut writer = self.store.blobs().writer();
        let signature: Arc<str> = mail.signature.clone();
        let is_large = mail.bytes_len > INLINE_BYTES_MAX;
        let _permit = if is_large { signing.memory(mail.bytes_len.saturating_mul(2)).await } else { None };
        let raw = self.desk.open(lease)?;
        let work = move || {
            let mut bytes = signature.as_bytes().to_vec();
            signing::append(raw, &mut bytes)?;
            writer.write(&bytes)?;
            let reading = Reading::of(&bytes);
            Ok::<_, Trouble>((writer.finish()?, reading))
        };
        if is_large { spawn_blocking(work).await? } else { work() }
    }

    /// `Return-Path` and `Received` (RFC 5321, section 4.4).
    fn trace(&self, lease: &Lease, now: Timestamp) -> String {
        let Lease { reverse_path, delivery, recipient, .. } = lease;
        let date = now.strftime("%a, %d %b %Y %H:%M:%S +0000");
        format!(
            "Return-Path: <{reverse_path}>\r\nReceived: by {} (local delivery)\r\n\tid {delivery}\r\n\tfor <{recipient}>;\r\n\t{date}\r\n",
            self.hostname
        )
    }
}

fn verdicts(from: &DomainName, is_signed: bool) -> Verdicts {
    let (result, reason) = (AuthResult::Pass, Some(REASON.to_owned()));
    let domain = Some(from.to_string());
    let dkim =
        DkimVerdict { result, domain: domain.clone(), reason: reason.clone(), ..DkimVerdict::default() };
    Verdicts {
        spf_mail_from: SpfVerdict { result, domain: domain.clone(), reason: reason.clone() },
        dkim: if is_signed { vec![dkim] } else { Vec::new() },
        dmarc: DmarcVerdict {
            result,
            domain,
            aligned_by: Some(if is_signed { DmarcAlignment::Dkim } else { DmarcAlignment::Spf }),
            reason,
            ..DmarcVerdict::default()
        },
        ..Verdicts::default()
    }
}
