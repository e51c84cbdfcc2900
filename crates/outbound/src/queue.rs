//! What is due, by destination, in memory: who goes next.
//!
//! *Must hold*: destinations take turns, so that nobody waits behind one that is slow, refuses or has more mail than
//! others; what finds no room is left in the store and its place remembered, never forgotten; nothing here reads a
//! clock.

use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};
use std::sync::Arc;

use guichet_desk::{DeliveryId, Due, DueCursor};
use guichet_mail::DomainName;
use guichet_store::OrganisationId;
use jiff::{SignedDuration, Timestamp};

use crate::judge::Judgement;
use crate::limits::Limits;

/// One destination may have this part of the room that is still free. So the tenth that is slow still leaves more than a
/// third of all for the others.
const SHARE_OF_FREE_ROOM: usize = 10;

/// Whom deliveries share connections, concurrency and fate with.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Destination {
    /// The servers of a domain.
    Domain(DomainName),
    /// The server that takes all mail for others.
    SmartHost,
    /// This server itself.
    Local,
    /// Nowhere: mail is only captured.
    Nowhere,
}

impl Destination {
    /// Whether it is somebody else's server, whose patience counts.
    fn is_far(&self) -> bool {
        matches!(self, Destination::Domain(_) | Destination::SmartHost)
    }
}

/// A delivery that is due, as it is known here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reference {
    pub(crate) organisation: OrganisationId,
    pub(crate) delivery: DeliveryId,
    pub(crate) due: Timestamp,
}

/// Why a destination is left alone.
#[derive(Debug, Clone)]
pub(crate) struct Rest {
    /// Until when.
    pub(crate) until: Timestamp,
    /// When it was found out, and what.
    pub(crate) since: Timestamp,
    pub(crate) because: Arc<Judgement>,
}

/// What became of a due row that was offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Offered {
    /// It is queued here.
    Taken,
    /// It was queued before, or is under way.
    Known,
    /// There is no room for it; its place is remembered.
    Left,
    /// Its organisation is suspended, or can't be read.
    HeldBack,
}

/// A place in the due-table: behind this row, or before all.
pub(crate) type Place = Option<DueCursor>;

/// What a delivery said about its destination.
#[derive(Debug, Clone)]
pub(crate) enum Reached {
    /// A server of it answered.
    Yes,
    /// No server could be reached, for this reason.
    No(Arc<Judgement>),
    /// It was not tried.
    Unknown,
}

/// A delivery to be begun.
#[derive(Debug)]
pub(crate) struct Next {
    pub(crate) destination: Destination,
    pub(crate) reference: Reference,
    /// The destination is left alone: the delivery is deferred without trying.
    pub(crate) rest: Option<Rest>,
}

/// All that is due and known.
pub(crate) struct Queue {
    limits: Limits,
    /// Between two mails to one destination.
    pace: SignedDuration,
    lines: HashMap<Destination, Line>,
    /// Destinations that may be asked for their next, in turn.
    turns: VecDeque<Destination>,
    /// Destinations that may go on only later.
    paced: BTreeSet<(Timestamp, Destination)>,
    known: HashSet<(OrganisationId, DeliveryId)>,
    waiting: usize,
    under_way: usize,
}

/// With so many parts of all deliveries taken as this says (two: half of them), a destination gets one at a time. Those that
/// are slow to answer would have all of them in the end; one that is quick loses little by it.
const CROWDED_PARTS: usize = 2;

/// How far a destination may catch up with its pace: who waits for a moment is woken a little after it, and at a quick pace
/// that would be all the time.
const CATCH_UP: SignedDuration = SignedDuration::from_millis(10);

/// One destination.
struct Line {
    waiting: VecDeque<Reference>,
    under_way: usize,
    /// How many may be under way.
    window: usize,
    /// How far `window` may grow.
    window_max: usize,
    rest: Option<Rest>,
    /// When the next may begin.
    next_at: Timestamp,
    /// Behind this place, rows were left in the store.
    left: Option<Place>,
    /// It stands in `turns` or in `paced`.
    is_listed: bool,
}

impl Queue {
    /// Empty. `pace` is what passes between two mails to one destination at least.
    pub(crate) fn new(limits: Limits, pace: SignedDuration) -> Self {
        Self {
            limits,
            pace,
            lines: HashMap::new(),
            turns: VecDeque::new(),
            paced: BTreeSet::new(),
            known: HashSet::new(),
            waiting: 0,
            under_way: 0,
        }
    }

    /// Queues a due row, if it is new and there is room. `before` is the place before it.
    pub(crate) fn offer(&mut self, destination: Destination, due: &Due, before: Place) -> Offered {
        let name = (due.organisation, due.delivery);
        if self.known.contains(&name) {
            return Offered::Known;
        }
        let free = self.limits.references_max.saturating_sub(self.waiting);
        let share = free.div_ceil(SHARE_OF_FREE_ROOM);
        let limits = &self.limits;
        let line = self.lines.entry(destination.clone()).or_insert_with(|| Line::new(limits));
        if line.waiting.len() >= share {
            line.left = Some(line.left.map_or(before, |left| left.min(before)));
            return Offered::Left;
        }
        let reference = Reference { organisation: due.organisation, delivery: due.delivery, due: due.at };
        line.waiting.push_back(reference);
        self.waiting += 1;
        self.known.insert(name);
        self.list(destination);
        Offered::Taken
    }

    /// The next delivery that may begin now.
    pub(crate) fn next(&mut self, now: Timestamp) -> Option<Next> {
        self.relist(now);
        let is_crowded = self.under_way * CROWDED_PARTS >= self.limits.deliveries_max;
        while let Some(destination) = self.turns.pop_front() {
            let Some(line) = self.lines.get_mut(&destination) else { continue };
            line.is_listed = false;
            if line.rest.as_ref().is_some_and(|rest| rest.until <= now) {
                line.rest = None;
            }
            if line.waiting.is_empty() || line.under_way >= line.window(&self.limits, is_crowded) {
                // It is listed again when one of its deliveries ends, or one is offered.
                continue;
            }
            if line.rest.is_none() && line.next_at > now {
                line.is_listed = true;
                self.paced.insert((line.next_at, destination));
                continue;
            }
            let Some(reference) = line.waiting.pop_front() else { continue };
            line.under_way += 1;
            self.under_way += 1;
            if line.rest.is_none() && destination.is_far() {
                let catch_up = if self.pace < CATCH_UP { CATCH_UP } else { SignedDuration::ZERO };
                let earliest = now.saturating_sub(catch_up).unwrap_or(Timestamp::MIN);
                line.next_at = line.next_at.max(earliest).saturating_add(self.pace).unwrap_or(Timestamp::MAX);
            }
            let rest = line.rest.clone();
            self.waiting -= 1;
            self.list(destination.clone());
            return Some(Next { destination, reference, rest });
        }
        None
    }

    /// A delivery has ended.
    pub(crate) fn ended(
        &mut self,
        destination: &Destination,
        reference: &Reference,
        reached: &Reached,
        now: Timestamp,
    ) {
        self.known.remove(&(reference.organisation, reference.delivery));
        self.under_way = self.under_way.saturating_sub(1);
        let Some(line) = self.lines.get_mut(destination) else { return };
        line.under_way = line.under_way.saturating_sub(1);
        match reached {
            Reached::Yes => {
                line.rest = None;
                line.window = (line.window + 1).min(line.window_max);
            }
            // Others are under way, so perhaps it only bears no more at one time.
            Reached::No(_) if line.under_way > 0 => {
                line.window_max = line.under_way;
                line.window = line.under_way;
            }
            Reached::No(because) => {
                let secs = SignedDuration::from_secs(self.limits.rest_secs.into());
                let until = now.saturating_add(secs).unwrap_or(Timestamp::MAX);
                line.rest = Some(Rest { until, since: now, because: because.clone() });
                line.window = 1;
            }
            Reached::Unknown => {}
        }
        if line.is_over(now) {
            // Nothing waits in it, so it is not listed either.
            self.lines.remove(destination);
        } else {
            self.list(destination.clone());
        }
    }

    /// When a destination that has to wait may go on.
    pub(crate) fn wakes_at(&self) -> Option<Timestamp> {
        self.paced.first().map(|(at, _)| *at)
    }

    /// A destination that left rows in the store and has room for them again, with the place behind which they are.
    /// Who asks has to offer them.
    pub(crate) fn refill(&mut self) -> Option<(Destination, Place)> {
        let few = self.limits.per_destination_max;
        let (destination, line) =
            self.lines.iter_mut().find(|(_, line)| line.left.is_some() && line.waiting.len() <= few)?;
        let place = line.left.take()?;
        Some((destination.clone(), place))
    }

    /// Lets every destination go on at once: the clock was set back, so nobody knows how long they have rested.
    pub(crate) fn forget_times(&mut self) {
        for line in self.lines.values_mut() {
            line.rest = None;
            line.next_at = Timestamp::MIN;
        }
        let paced = std::mem::take(&mut self.paced);
        self.turns.extend(paced.into_iter().map(|(_, destination)| destination));
    }

    /// Forgets destinations with nothing to do.
    pub(crate) fn tidy(&mut self, now: Timestamp) {
        self.lines.retain(|_, line| !line.is_over(now));
    }

    /// Whether there is room for at least one more.
    pub(crate) fn has_room(&self) -> bool {
        self.waiting < self.limits.references_max
    }

    pub(crate) fn waiting(&self) -> usize {
        self.waiting
    }

    fn list(&mut self, destination: Destination) {
        if let Some(line) = self.lines.get_mut(&destination)
            && !line.is_listed
            && !line.waiting.is_empty()
        {
            line.is_listed = true;
            self.turns.push_back(destination);
        }
    }

    /// Lists the destinations whose time has come.
    fn relist(&mut self, now: Timestamp) {
        while let Some((at, _)) = self.paced.first()
            && *at <= now
        {
            if let Some((_, destination)) = self.paced.pop_first() {
                self.turns.push_back(destination);
            }
        }
    }
}

impl Line {
    fn new(limits: &Limits) -> Self {
        Self {
            waiting: VecDeque::new(),
            under_way: 0,
            window: limits.per_destination_first,
            window_max: limits.per_destination_max,
            rest: None,
            next_at: Timestamp::MIN,
            left: None,
            is_listed: false,
        }
    }

    /// Deferring without trying costs the destination nothing.
    fn window(&self, limits: &Limits, is_crowded: bool) -> usize {
        match (&self.rest, is_crowded) {
            (Some(_), _) => limits.per_destination_max,
            (None, true) => 1,
            (None, false) => self.window,
        }
    }

    fn is_over(&self, now: Timestamp) -> bool {
        let is_resting = self.rest.as_ref().is_some_and(|rest| rest.until > now);
        let is_idle = self.waiting.is_empty() && self.under_way == 0 && self.left.is_none();
        is_idle && !is_resting && self.next_at <= now
    }
}
