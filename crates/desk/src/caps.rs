//! Caps on the mail that the server sends by itself, so that whatever goes wrong, it floods nobody (promises 5 and 9).
//!
//! They are counted in memory, over the hour before: the count of this hour and what of the last one's still counts. A
//! restart forgets them; that no address is answered twice a day is kept in the store.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use guichet_accounts::ChannelId;
use guichet_mail::{DomainName, MailAddress};
use guichet_store::OrganisationId;
use jiff::Timestamp;

use crate::SystemMailKind;

/// To one domain in an hour (chatwoot#5131: a sender whose address changes with each mail).
const DOMAIN_HOURLY_MAX: u32 = 50;
/// From one channel in an hour.
const CHANNEL_HOURLY_MAX: u32 = 300;
/// From the server in an hour. It also bounds how many domains and channels are remembered.
const SERVER_HOURLY_MAX: u32 = 1_000;

/// Mails of the server's own from one organisation to one address in an hour: an invitation, a second one, a few
/// passwords forgotten.
const SYSTEM_ADDRESS_HOURLY_MAX: u32 = 10;
/// Mails of the server's own to one address in an hour, whichever organisation they are from.
const SYSTEM_ADDRESS_SERVER_HOURLY_MAX: u32 = 30;
/// Mails of the server's own from one organisation in an hour: a company that begins invites everybody at once.
const SYSTEM_ORGANISATION_HOURLY_MAX: u32 = 300;
/// Mails of the server's own from all in an hour. It also bounds how many addresses are remembered.
const SYSTEM_SERVER_HOURLY_MAX: u32 = 5_000;

/// New passwords to one address in an hour, from one organisation. They have counts of their own: strangers ask for them,
/// and neither they nor who invites somebody again and again should keep the other kind from going out.
const RESET_ADDRESS_HOURLY_MAX: u32 = 10;
/// New passwords to one address in an hour, from all organisations: only those send them where somebody came in with it.
const RESET_ADDRESS_SERVER_HOURLY_MAX: u32 = 30;
/// New passwords from one organisation in an hour: everybody forgot theirs over the holidays.
const RESET_ORGANISATION_HOURLY_MAX: u32 = 300;
/// New passwords from all in an hour. It also bounds how many addresses are remembered.
const RESET_SERVER_HOURLY_MAX: u32 = 5_000;

const HOUR_SECONDS: i64 = 3_600;

/// What is counted.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Counted {
    Server,
    Channel(OrganisationId, ChannelId),
    Domain(DomainName),
    SystemServer(Kin),
    SystemOrganisation(Kin, OrganisationId),
    SystemAddress(Kin, Option<OrganisationId>, String),
}

/// Which mails of the server's own are counted together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Kin {
    Reset,
    Other,
}

#[derive(Debug, Default)]
struct Counts {
    /// Hours since 1970.
    hour: i64,
    now: HashMap<Counted, u32>,
    before: HashMap<Counted, u32>,
}

/// The caps of one desk and its clones.
#[derive(Debug, Clone, Default)]
pub(crate) struct Caps(Arc<Mutex<Counts>>);

impl Caps {
    /// Counts one more mail from this channel to this domain, unless that were too many.
    pub(crate) fn take(
        &self,
        organisation: OrganisationId,
        channel: ChannelId,
        to: &DomainName,
        at: Timestamp,
    ) -> bool {
        let all = [
            (Counted::Server, SERVER_HOURLY_MAX),
            (Counted::Channel(organisation, channel), CHANNEL_HOURLY_MAX),
            (Counted::Domain(to.clone()), DOMAIN_HOURLY_MAX),
        ];
        self.take_all(all, at)
    }

    /// Counts one more mail of the server's own from this organisation to this address, unless that were too many.
    pub(crate) fn take_system(
        &self,
        organisation: OrganisationId,
        (to, kind): (&MailAddress, SystemMailKind),
        at: Timestamp,
    ) -> bool {
        self.take_all(system(organisation, to, kind), at)
    }

    /// Whether one more would go; it counts nothing.
    pub(crate) fn may_take_system(
        &self,
        organisation: OrganisationId,
        (to, kind): (&MailAddress, SystemMailKind),
        at: Timestamp,
    ) -> bool {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counts.turn(at);
        counts.have_room(&system(organisation, to, kind), at)
    }

    fn take_all<const N: usize>(&self, all: [(Counted, u32); N], at: Timestamp) -> bool {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counts.turn(at);
        let may = counts.have_room(&all, at);
        if may {
            for (counted, _) in all {
                *counts.now.entry(counted).or_default() += 1;
            }
        }
        may
    }
}

/// What a mail of the server's own counts for, and the most of each.
fn system(organisation: OrganisationId, to: &MailAddress, kind: SystemMailKind) -> [(Counted, u32); 4] {
    let (kin, [server, all, everywhere, here]) = match kind {
        SystemMailKind::PasswordReset => (
            Kin::Reset,
            [
                RESET_SERVER_HOURLY_MAX,
                RESET_ORGANISATION_HOURLY_MAX,
                RESET_ADDRESS_SERVER_HOURLY_MAX,
                RESET_ADDRESS_HOURLY_MAX,
            ],
        ),
        _ => (
            Kin::Other,
            [
                SYSTEM_SERVER_HOURLY_MAX,
                SYSTEM_ORGANISATION_HOURLY_MAX,
                SYSTEM_ADDRESS_SERVER_HOURLY_MAX,
                SYSTEM_ADDRESS_HOURLY_MAX,
            ],
        ),
    };
    let address = |from| Counted::SystemAddress(kin, from, to.normalised());
    [
        (Counted::SystemServer(kin), server),
        (Counted::SystemOrganisation(kin, organisation), all),
        (address(None), everywhere),
        (address(Some(organisation)), here),
    ]
}

impl Counts {
    fn turn(&mut self, at: Timestamp) {
        let hour = at.as_second().div_euclid(HOUR_SECONDS);
        if hour > self.hour {
            let last = std::mem::take(&mut self.now);
            self.before = if hour == self.hour + 1 { last } else { HashMap::new() };
            self.hour = hour;
        } else if hour + 1 < self.hour {
            // The clock was ahead. What was counted counts from now on, or nothing would go until then.
            self.hour = hour;
        }
    }

    fn have_room(&self, all: &[(Counted, u32)], at: Timestamp) -> bool {
        all.iter().all(|(counted, most)| self.over_an_hour(counted, at) < *most)
    }

    /// How many in the hour before, taking those of the last hour of the clock as evenly spread.
    fn over_an_hour(&self, counted: &Counted, at: Timestamp) -> u32 {
        let count = |counts: &HashMap<Counted, u32>| counts.get(counted).copied().unwrap_or(0);
        let passed = at.as_second().saturating_sub(self.hour * HOUR_SECONDS).clamp(0, HOUR_SECONDS);
        let left = i64::from(count(&self.before)) * (HOUR_SECONDS - passed) / HOUR_SECONDS;
        count(&self.now).saturating_add(u32::try_from(left).unwrap_or(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn take(caps: &Caps, domain: &str, second: i64) -> bool {
        let (organisation, to) = (OrganisationId::new(1).unwrap(), DomainName::parse(domain).unwrap());
        caps.take(organisation, ChannelId(1), &to, Timestamp::from_second(second).unwrap())
    }

    #[test]
    fn promise_5_an_hour_has_its_bounds_for_domain_and_channel() {
        let caps = Caps::default();
        let taken = (0..100).filter(|_| take(&caps, "a.example", 10)).count();
        assert_eq!(taken, 50);
        let taken = (0..1_000).filter(|n| take(&caps, &format!("{n}.example"), 10)).count();
        assert_eq!(taken, 250);
    }

    #[test]
    fn promise_9_what_counts_slides_and_is_forgotten() {
        let caps = Caps::default();
        let taken = |from: i64| (0..100).filter(|_| take(&caps, "a.example", from)).count();
        assert_eq!(taken(3_599), 50);
        assert_eq!(taken(3_600), 0, "a new hour of the clock alone changes nothing");
        assert_eq!(taken(3_600 + 1_800), 25);
        assert_eq!(taken(9 * 3_600), 50);
        assert!(caps.0.lock().unwrap().before.is_empty());
    }

    #[test]
    fn a_clock_that_was_ahead_holds_nothing_back_once_it_is_right() {
        let caps = Caps::default();
        let taken = |from: i64| (0..100).filter(|_| take(&caps, "a.example", from)).count();
        assert_eq!(taken(48 * 3_600), 50);
        assert_eq!(taken(0), 0, "what was counted stays counted");
        assert_eq!(taken(2 * 3_600), 50);
    }

    #[test]
    fn a_moment_before_the_hour_forgets_nothing_of_it() {
        let caps = Caps::default();
        let taken = |from: i64| (0..100).filter(|_| take(&caps, "a.example", from)).count();
        assert_eq!((taken(3_599), taken(3_600), taken(3_599), taken(3_600)), (50, 0, 0, 0));
    }
}
