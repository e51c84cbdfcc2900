//! Mail in the queue of a desk.

use guichet_mail::{DomainName, MailAddress};
use jiff::Timestamp;

use super::world::{World, at, mail};
use crate::keys::Number;
use crate::queue::{Addressee, Posting, enqueue};
use crate::{
    Attempt, Delivery, DeliveryId, Desk, EventKind, Fate, Lease, Log, RecipientField, ReversePath, State,
    StoredDelivery, StoredTicket, TicketChange,
};

/// The text of every mail here.
pub(super) const RAW: &[u8] = b"From: support@acme.example\r\n\r\nDear customer.\r\n";

/// A desk with ticket 1, of no team, and ticket 2, of billing; their messages have the same numbers.
pub(super) async fn world() -> World {
    let world = World::new().await;
    world.desk.accounts().ensure_token_key([7; 32]).await.unwrap();
    world.receive(&mail("bia@customer.example", "1@customer.example", "One", ""), &[&world.support]).await;
    world.receive(&mail("bia@customer.example", "2@customer.example", "Two", ""), &[&world.billing]).await;
    world
}

pub(super) fn address(text: &str) -> MailAddress {
    MailAddress::parse(text).unwrap()
}

/// Puts a mail of this ticket's message into the queue, written at 0, due then.
pub(super) async fn post(world: &World, ticket: u64, to: &str, due: Timestamp) -> DeliveryId {
    let mut snapshot = world.store.of(world.acme).snapshot().unwrap();
    let addressee = Addressee::look_up(&mut snapshot, &address(to), RecipientField::To, at(0)).unwrap();
    let mut writer = world.store.blobs().writer();
    writer.write(RAW).unwrap();
    let pending = writer.finish().unwrap();
    let (mut batch, mut rows) = (snapshot.batch(), world.desk.due_rows());
    let posting = Posting {
        raw: batch.blob(&pending),
        from_domain: DomainName::parse("acme.example").unwrap(),
        reverse_path: ReversePath::BounceAddress(DomainName::parse("acme.example").unwrap()),
        smtputf8: false,
        now: at(0),
        due,
        system: None,
    };
    let id = world.desk.new_delivery_id(at(0));
    let of = (Number::Known(ticket), Number::Known(ticket));
    enqueue(&mut batch, &mut rows, world.acme, of, id, &addressee, &posting);
    world.desk.commit_queued(batch, rows).await.unwrap();
    id
}

/// An attempt that ended at this second.
pub(super) fn attempt(second: i64, fate: Fate, status: &str, text: &str) -> Attempt {
    let code = match fate {
        Fate::Delivered => Some(250),
        Fate::Deferred(_) => Some(451),
        Fate::Refused => Some(550),
        Fate::Captured => None,
    };
    Attempt {
        started: at(second),
        ended: at(second),
        host: Some("mx.customer.example".to_owned()),
        address: Some("192.0.2.1:25".to_owned()),
        tls: Some("TLS 1.3".to_owned()),
        fate,
        stage: "rcpt".to_owned(),
        code,
        status: Some(status.to_owned()),
        text: text.to_owned(),
        signature: Some("DKIM-Signature: v=1\r\n".to_owned()),
    }
}

pub(super) async fn lease_by(desk: &Desk, world: &World, id: DeliveryId, second: i64) -> Option<Lease> {
    desk.lease(world.acme, id, at(second)).await.unwrap()
}

/// Leases a delivery at this second and keeps what came of it.
pub(super) async fn send(world: &World, id: DeliveryId, second: i64, fate: Fate, status: &str) -> Delivery {
    let lease = lease_by(&world.desk, world, id, second).await.expect("it is due");
    world.desk.attempted(&lease, &attempt(second, fate, status, "the remote's words")).await.unwrap();
    record(world, id)
}

pub(super) fn stored(world: &World, id: DeliveryId) -> StoredDelivery {
    world.desk.delivery(&world.admin(), id).unwrap().delivery
}

pub(super) fn record(world: &World, id: DeliveryId) -> Delivery {
    stored(world, id).record
}

/// All that is in the due-table.
pub(super) fn due(world: &World) -> Vec<DeliveryId> {
    let due = world.desk.due(None, Timestamp::MAX, 10_000).unwrap();
    due.into_iter().map(|due| due.delivery).collect()
}

pub(super) fn ticket(world: &World, number: u64) -> StoredTicket {
    world.desk.ticket(&world.admin(), number).unwrap().ticket
}

pub(super) async fn set_state(world: &World, number: u64, state: State) {
    let change = TicketChange { state: Some(state), ..TicketChange::default() };
    world.desk.change_ticket(&world.admin(), number, &change, None, at(1)).await.unwrap();
}

/// What was told of a delivery.
pub(super) fn told(world: &World, id: DeliveryId) -> Vec<EventKind> {
    let Log::Events { events, .. } = world.desk.events(&world.admin(), 0).unwrap() else {
        panic!("the log is whole");
    };
    events
        .into_iter()
        .filter(|event| event.event.delivery == Some(id))
        .map(|event| event.event.kind)
        .collect()
}
