//! The answers to a session's questions: who may connect, whose address a recipient is, whether there is room.
//!
//! What must hold: a recipient is accepted only if its mail will go to a channel, or back to a delivery whose bounce
//! address it is; what can't be found out now is refused for now, never for good.
//!
//! *Standards*: RFC 5321, sections 3.6.2 (relaying), 4.1.3 and 4.5.1 (`postmaster`, also at our address literal).

use std::net::IpAddr;
use std::sync::Arc;

use guichet_accounts::Route;
use guichet_desk::{Desk, Recipient};
use guichet_smtp::{Code, ForwardPath, Host, Mailbox, Reply, Status, replies};
use guichet_store::Store;
use guichet_sys::ClientPlace;

use crate::Backends;
use crate::admission::Admission;
use crate::body::{Body, INLINE_BYTES_MAX, InFlight};
use crate::metrics;
use crate::settings::Settings;
use crate::trouble::Trouble;

/// What a mail is taken to need until it has come, where its sender doesn't say.
const UNDECLARED_BYTES: u64 = INLINE_BYTES_MAX;

/// Answers for all sessions.
pub(crate) struct Policy {
    desk: Desk,
    store: Store,
    admission: Arc<Admission>,
    in_flight: Arc<InFlight>,
}

impl Policy {
    pub(crate) fn new(settings: &Settings, backends: &Backends, admission: Arc<Admission>) -> Self {
        Self {
            desk: backends.desk.clone(),
            store: backends.store.clone(),
            admission,
            in_flight: InFlight::new(settings.bytes_in_flight_max),
        }
    }

    /// Whether this client may have one more connection.
    pub(crate) fn connect(&self, client: IpAddr) -> Result<ClientPlace, Reply> {
        self.admission.client(client).ok_or_else(|| {
            metrics::connection_refused("per_address");
            replies::too_many_connections()
        })
    }

    /// Whose address it is. `local` is the address that the client connected to.
    pub(crate) fn recipient(&self, path: &ForwardPath, local: IpAddr) -> Result<Recipient, Reply> {
        let (reply, reason) = match self.look_up(path, local) {
            Ok(Found::Recipient(recipient)) => return Ok(recipient),
            Ok(Found::Nobody) => (unknown_mailbox(path), "unknown_address"),
            Ok(Found::Suspended) => (suspended(path), "suspended"),
            Ok(Found::ForeignDomain) => (replies::relaying_denied(), "foreign_domain"),
            Err(trouble) => {
                tracing::warn!(%trouble, "a recipient can't be looked up");
                (trouble.reply(), trouble.reason())
            }
        };
        metrics::recipient_refused(reason);
        Err(reply)
    }

    /// Whether there is room for a mail of this size; then its body may come.
    pub(crate) fn body(&self, declared: Option<u64>) -> Result<Box<Body>, Reply> {
        let bytes = declared.unwrap_or(UNDECLARED_BYTES);
        let claim =
            if self.store.has_room_for(bytes) { self.in_flight.claim(bytes) } else { Err(Trouble::Full) };
        match claim {
            Ok(claim) => Ok(Body::new(self.store.blobs().writer(), claim)),
            Err(trouble) => {
                tracing::warn!(%trouble, bytes, "a mail is put off");
                metrics::mail_deferred(trouble.reason());
                Err(trouble.reply())
            }
        }
    }

    /// A bounce address that we did not make is nobody's.
    fn look_up(&self, path: &ForwardPath, local: IpAddr) -> Result<Found, Trouble> {
        let route = self.route(path, local)?;
        if route == Route::ForeignDomain {
            return Ok(Found::ForeignDomain);
        }
        if route == Route::Suspended {
            return Ok(Found::Suspended);
        }
        let recipient = self.desk.recipient(route, path.to_string())?;
        Ok(recipient.map_or(Found::Nobody, Found::Recipient))
    }

    fn route(&self, path: &ForwardPath, local: IpAddr) -> Result<Route, Trouble> {
        let Some(mailbox) = path.mailbox() else {
            return Ok(self.desk.accounts().route_postmaster()?);
        };
        Ok(match mailbox.host() {
            Host::Domain(domain) => self.desk.accounts().route(mailbox.local(), domain.as_str())?,
            Host::Literal(address) if address.to_canonical() != local.to_canonical() => Route::ForeignDomain,
            Host::Literal(_) if is_postmaster(mailbox) => self.desk.accounts().route_postmaster()?,
            Host::Literal(_) => Route::UnknownAddress,
        })
    }
}

/// Who is behind an address.
enum Found {
    Recipient(Recipient),
    Nobody,
    Suspended,
    ForeignDomain,
}

fn is_postmaster(mailbox: &Mailbox) -> bool {
    mailbox.local().eq_ignore_ascii_case("postmaster")
}

/// For now: when the organisation goes on, its mail comes (promise 1).
fn suspended(path: &ForwardPath) -> Reply {
    let text = format!("Mail to {path} can't be taken at present. Please try again later.");
    Reply::new(Code::MailboxBusy, Status::new(2, 1), text)
}

fn unknown_mailbox(path: &ForwardPath) -> Reply {
    let text = format!("There is nobody here by the address {path}. Please check it for typing errors.");
    Reply::new(Code::MailboxUnavailable, Status::new(1, 1), text)
}
