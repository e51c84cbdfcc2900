//! Whatever happens to deliveries in whatever order, with the process killed in between: what waits is in the due-table
//! and nothing else is, every list has what it should, no attempt is lost, and nobody on the list gets anything.

use std::collections::BTreeSet;

use jiff::Timestamp;
use proptest::prelude::*;

use super::queue_promises::restarted;
use super::queue_world::{address, attempt, lease_by, post, world};
use super::world::{World, at, by_system};
use crate::{
    DeliveryId, DeliveryQuery, DeliveryState, Desk, Error, Fate, Lease, NewSuppression, Retry, StoredDelivery,
};

const MAILBOXES: usize = 3;

type Which = prop::sample::Index;

#[derive(Debug, Clone)]
enum Act {
    /// A mail to this mailbox, due in so many hours.
    Post(usize, i64),
    Lease(Which),
    /// A lease ends with an attempt, of which the commit's answer may be lost so that it is reported again.
    Attempt(Which, Fate, bool),
    /// A sender drops its lease.
    Drop(Which),
    Kill,
    Cancel(Which),
    Retry(Which),
    Redirect(Which, usize),
    Suppress(usize),
    Unsuppress(usize),
    Wait(i64),
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let fate = prop_oneof![
        Just(Fate::Delivered),
        Just(Fate::Refused),
        Just(Fate::Captured),
        Just(Fate::Deferred(Retry::AsScheduled)),
        Just(Fate::Deferred(Retry::Soon)),
        Just(Fate::Deferred(Retry::Late)),
    ];
    let which = any::<Which>;
    let act = prop_oneof![
        3 => (0..MAILBOXES, 0..3i64).prop_map(|(mailbox, hours)| Act::Post(mailbox, hours)),
        6 => which().prop_map(Act::Lease),
        6 => (which(), fate, any::<bool>()).prop_map(|(which, fate, twice)| Act::Attempt(which, fate, twice)),
        1 => which().prop_map(Act::Drop),
        1 => Just(Act::Kill),
        2 => which().prop_map(Act::Cancel),
        2 => which().prop_map(Act::Retry),
        2 => (which(), 0..MAILBOXES).prop_map(|(which, mailbox)| Act::Redirect(which, mailbox)),
        1 => (0..MAILBOXES).prop_map(Act::Suppress),
        1 => (0..MAILBOXES).prop_map(Act::Unsuppress),
        3 => prop_oneof![1..600i64, 3600..40_000i64, 400_000..500_000i64].prop_map(Act::Wait),
    ];
    proptest::collection::vec(act, 1..60)
}

fn mailbox(number: usize) -> String {
    format!("m{number}@customer.example")
}

struct Model {
    world: World,
    /// The desk of the process that runs now.
    desk: Desk,
    leases: Vec<Lease>,
    attempts: usize,
    now: i64,
}

impl Model {
    async fn new() -> Self {
        let world = world().await;
        let desk = world.desk.clone();
        Self { world, desk, leases: Vec::new(), attempts: 0, now: 0 }
    }

    fn all(&self, states: &[DeliveryState]) -> Vec<StoredDelivery> {
        let query = DeliveryQuery { states: states.to_vec(), cursor: None, limit: 200 };
        let page = self.desk.deliveries(&self.world.admin(), &query).unwrap();
        assert_eq!(page.next, None);
        page.items
    }

    fn one(&self, which: Which) -> Option<DeliveryId> {
        let all = self.all(&[]);
        (!all.is_empty()).then(|| all[which.index(all.len())].id)
    }

    async fn act(&mut self, act: &Act) {
        let (admin, now) = (self.world.admin(), at(self.now));
        match act {
            Act::Post(to, hours) => {
                post(&self.world, 1, &mailbox(*to), at(hours * 3600)).await;
            }
            Act::Lease(which) => self.lease(*which).await,
            Act::Attempt(which, fate, twice) => self.attempt(*which, *fate, *twice).await,
            Act::Drop(which) if !self.leases.is_empty() => {
                self.leases.remove(which.index(self.leases.len()));
            }
            Act::Kill => {
                self.leases.clear();
                self.desk = restarted(&self.world);
            }
            Act::Cancel(which) => {
                let Some(id) = self.one(*which) else { return };
                self.may_refuse(id, self.desk.cancel_delivery(&admin, id, now).await);
            }
            Act::Retry(which) => {
                let Some(id) = self.one(*which) else { return };
                self.may_refuse(id, self.desk.retry_delivery(&admin, id, now).await);
            }
            Act::Redirect(which, to) => {
                let Some(id) = self.one(*which) else { return };
                let to = address(&mailbox(*to));
                self.may_refuse(id, self.desk.redirect_delivery(&admin, id, &to, now).await);
            }
            Act::Suppress(who) => {
                let (address, reason) = (address(&mailbox(*who)), "x".to_owned());
                let entry = NewSuppression { address, reason, expires: None };
                self.desk.suppress(&admin, entry, &by_system(now)).await.unwrap();
            }
            Act::Unsuppress(who) => {
                let _ = self.desk.unsuppress(&admin, &address(&mailbox(*who)), &by_system(at(0))).await;
            }
            Act::Wait(seconds) => self.now += seconds,
            Act::Drop(_) => {}
        }
    }

    /// An action succeeds or says why not; what is being sent it never touches.
    fn may_refuse(&self, id: DeliveryId, answer: Result<StoredDelivery, Error>) {
        match answer {
            Ok(_) => assert!(self.leases.iter().all(|lease| lease.delivery != id)),
            Err(error) => assert!(matches!(error, Error::Invalid(_)), "{error:?}"),
        }
    }

    async fn lease(&mut self, which: Which) {
        let Some(id) = self.one(which) else { return };
        let Some(lease) = lease_by(&self.desk, &self.world, id, self.now).await else { return };
        assert!(self.leases.iter().all(|other| other.delivery != id), "leased twice");
        let page = self.desk.suppressions(&self.world.admin(), None, 50, at(self.now)).unwrap();
        assert!(page.items.iter().all(|entry| !entry.address.is_same(&lease.recipient)));
        self.leases.push(lease);
    }

    async fn attempt(&mut self, which: Which, fate: Fate, is_twice: bool) {
        if self.leases.is_empty() {
            return;
        }
        let lease = self.leases.remove(which.index(self.leases.len()));
        let attempt = attempt(self.now, fate, "5.1.1", "words");
        for _ in 0..=u8::from(is_twice) {
            self.desk.attempted(&lease, &attempt).await.unwrap();
        }
        self.attempts += 1;
    }

    fn compare(&self) {
        let all = self.all(&[]);
        let due = self.desk.due(None, Timestamp::MAX, 200).unwrap();
        let due: BTreeSet<_> = due.into_iter().map(|due| (due.at, due.delivery)).collect();
        let waiting = all.iter().filter(|delivery| delivery.record.state.is_waiting());
        let waiting: BTreeSet<_> = waiting.map(|delivery| (delivery.record.due, delivery.id)).collect();
        assert_eq!(due, waiting);
        for state in DeliveryState::ALL {
            let expected: Vec<_> =
                all.iter().filter(|delivery| delivery.record.state == state).cloned().collect();
            assert_eq!(self.all(&[state]), expected);
        }
        let kept = all.iter().map(|delivery| {
            let attempts = self.desk.delivery(&self.world.admin(), delivery.id).unwrap().attempts;
            assert_eq!(attempts.len(), delivery.record.attempts as usize);
            attempts.len()
        });
        assert_eq!(kept.sum::<usize>(), self.attempts);
        assert_eq!(
            self.desk.message_deliveries(&self.world.admin(), 1, None, 200).unwrap().items.len(),
            all.len()
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn promise_6_what_waits_is_due_and_nothing_else_is_after_any_sequence_of_acts(acts in acts()) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let mut model = Model::new().await;
            for act in &acts {
                model.act(act).await;
                model.compare();
            }
        });
    }
}
