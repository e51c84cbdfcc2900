//! What came between: whether somebody else's message joined a ticket after the actor read it.

use guichet_accounts::Actor;
use guichet_store::record;

use crate::event::{EVENTS_READ_MAX, Event, EventKind};
use crate::stored::StoredTicket;
use crate::{Desk, Error, numbers};

/// How much of the log is looked through. Who read a ticket so long ago reads it again.
const EVENTS_LOOKED_AT_MAX: usize = 20_000;

impl Desk {
    /// # Errors
    /// [`Error::Changed`] if between the activity `expected` and the ticket as it stands a message of somebody else
    /// came, or if the log no longer tells.
    pub(super) fn check_unanswered(
        &self,
        actor: &Actor,
        ticket: &StoredTicket,
        expected: u64,
    ) -> Result<(), Error> {
        let space = self.store.of(actor.organisation);
        let mut cursor = expected;
        for _ in 0..EVENTS_LOOKED_AT_MAX / EVENTS_READ_MAX {
            let events =
                if cursor < ticket.activity { space.events(cursor, EVENTS_READ_MAX)? } else { Vec::new() };
            if events.is_empty() {
                break;
            }
            for stored in events.iter().take_while(|stored| stored.sequence <= ticket.activity) {
                // A gap in the log: what stood there was trimmed.
                if stored.sequence != cursor + 1 || is_message_of_another(&stored.value, actor, ticket)? {
                    return Err(Error::Changed("ticket"));
                }
                cursor = stored.sequence;
            }
        }
        // Later than all that happened to the ticket: what they read last was a mark of their own.
        let is_later = expected > ticket.activity && expected <= space.events_head()?;
        if cursor == ticket.activity || is_later { Ok(()) } else { Err(Error::Changed("ticket")) }
    }
}

fn is_message_of_another(event: &[u8], actor: &Actor, ticket: &StoredTicket) -> Result<bool, Error> {
    let ([of, _], rest) = numbers::<2>(event)?;
    if of != ticket.number {
        return Ok(false);
    }
    let event: Event = record::decode(rest).map_err(|_| Error::Damaged("event"))?;
    Ok(match event.kind {
        EventKind::MessageSent | EventKind::NoteAdded => event.who != actor.who,
        EventKind::TicketCreated | EventKind::MessageReceived | EventKind::MessageReleased => true,
        EventKind::TicketChanged
        | EventKind::MessageQuarantined
        | EventKind::DeliveryChanged
        | EventKind::DeliveryDelayed
        | EventKind::TicketMerged
        | EventKind::TicketSplit
        | EventKind::TicketDeleted
        | EventKind::MarkChanged
        | EventKind::DraftChanged
        | EventKind::Mentioned
        | EventKind::NoticeChanged
        | EventKind::TicketWoken => false,
    })
}
