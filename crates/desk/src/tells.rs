//! What a mail that comes in tells the admins beside being in a ticket: a provider's question, or that a forward works.
//!
//! It is written in the mail's own batch, so that a notice names its ticket and neither is there without the other.
//!
//! *Security*: a provider's code and link are shown only where the provider's domain stands behind the mail (DMARC, or
//! an aligned signature). Of a mail that merely looks like one the notice says so.

use guichet_mail::ForwardingConfirmation as Asked;
use guichet_store::{Batch, Snapshot};

use crate::forwards::{ForwardVerified, ProbeReturn};
use crate::groups::Incoming;
use crate::keys::Number;
use crate::notices::NoticePut;
use crate::plan::Places;
use crate::receive::{Outcome, Planned};
use crate::{Desk, Error, ForwardingConfirmation, NewNotice, NoticeKind, Recipient};

/// What is written for the admins.
#[derive(Default)]
pub(crate) struct Tells {
    confirmation: Option<NoticePut>,
    forward: Option<ForwardVerified>,
}

impl Desk {
    /// Reads, as checks, what a mail tells the admins. It is told of mail that is new alone, not of copies.
    pub(crate) fn tells(
        &self,
        snapshot: &mut Snapshot,
        mail: Incoming<'_>,
        probe: Option<ProbeReturn>,
        places: &Places<'_>,
    ) -> Result<Tells, Error> {
        let forward = match probe {
            Some(probe) => self.forward_verified(snapshot, mail, probe)?,
            None => None,
        };
        let asked = mail.arrival.reading.confirmation.as_ref().filter(|_| places.has_mail_or_asides());
        let confirmation = match asked.and_then(|asked| confirmation(mail, asked)) {
            Some(new) => {
                let at = mail.arrival.received;
                Some(NoticePut::read(snapshot, new, self.new_notice_id(at), at)?)
            }
            None => None,
        };
        Ok(Tells { confirmation, forward })
    }
}

impl Tells {
    /// Writes it; `became` is what became of the mail.
    pub(crate) fn write(&self, batch: &mut Batch, became: Option<&Planned>) {
        let ticket = match became {
            Some(Planned::Created(slot)) => Number::Assigned(*slot),
            Some(Planned::Settled(Outcome::Joined { ticket })) => Number::Known(*ticket),
            _ => Number::Known(0),
        };
        if let Some(confirmation) = &self.confirmation {
            confirmation.write(batch, ticket);
        }
        if let Some(forward) = &self.forward {
            forward.write(batch);
        }
    }
}

/// The notice about a provider's question, if it came to a channel.
fn confirmation(mail: Incoming<'_>, asked: &Asked) -> Option<NewNotice> {
    let channel = mail.recipients().find_map(Recipient::channel)?;
    let provider = asked.provider;
    let is_proven = mail.arrival.proven_author().is_some();
    let said = ForwardingConfirmation {
        provider: provider.to_owned(),
        channel,
        address: asked.address.clone().filter(|_| is_proven),
        code: asked.code.clone().filter(|_| is_proven),
        link: asked.link.clone().filter(|_| is_proven),
        is_proven,
    };
    let (subject, text) = if is_proven {
        let from = asked.address.as_ref().map_or_else(|| "an address".to_owned(), ToString::to_string);
        (format!("{provider} asks to confirm that {from} forwards here"), proven_text(&said))
    } else {
        let text = format!(
            "A mail that looks like {provider}'s question whether an address may forward here has come, but nothing \
             proves that {provider} sent it. Its code and link are not shown: open the mail itself only if you have \
             asked for it, and don't follow its links."
        );
        (format!("A question about forwarding that is not proven to be {provider}'s"), text)
    };
    Some(NewNotice { kind: NoticeKind::ForwardingConfirmation(said), subject, text })
}

fn proven_text(said: &ForwardingConfirmation) -> String {
    let provider = &said.provider;
    let how = match (&said.code, &said.link) {
        (Some(code), Some(_)) => format!("type the code {code} in there, or open the link"),
        (Some(code), None) => format!("type the code {code} in there"),
        (None, Some(_)) => "open the link".to_owned(),
        (None, None) => "read the mail itself".to_owned(),
    };
    format!("If you want this, {how}; {provider} forwards only then. If you don't know of it, do nothing.")
}
