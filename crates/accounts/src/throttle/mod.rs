//! How often one may try: by where they come from, by whose account, by which password over many accounts.
//!
//! A browser that has logged in before has tries of its own, which nobody else can use up: so a stranger who tries for
//! ever shuts out strangers alone. Who logs in gets their tries back.
//!
//! *Security*: in memory alone, under keyed hashes, bounded; a restart forgets it, which gives an attacker no more than
//! one burst more.

mod bucket;
#[cfg(test)]
mod tests;

use std::net::IpAddr;

use guichet_store::OrganisationId;
use jiff::Timestamp;

use crate::PersonId;
use bucket::{Buckets, Rate};

/// What is counted, each by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Count {
    /// A network that tries: an IPv4 address, or the /64 of an IPv6 address, which one customer has whole.
    Source,
    /// Strangers who try one address, somebody's or nobody's.
    Account,
    /// A known browser that tries its account.
    Device,
    /// One password over whatever accounts.
    Password,
    /// Second factors for one account, by who has its password: strangers together, and known browsers together, since
    /// who sets a password by mail makes another one known each time.
    Code,
    /// Somebody inside who is asked for their password again.
    Inside,
    /// Mails to set a new password, for one address.
    Reset,
    /// Sign-ups from one network.
    SignUp,
    /// Names that one organisation asks for.
    Claim,
    /// Refusals that are noted in the audit log, all together.
    Noted,
}

impl Count {
    const ALL: [Count; 10] = [
        Count::Source,
        Count::Account,
        Count::Device,
        Count::Password,
        Count::Code,
        Count::Inside,
        Count::Reset,
        Count::SignUp,
        Count::Claim,
        Count::Noted,
    ];

    fn rate(self) -> Rate {
        let (burst, refill_secs) = match self {
            // An office behind one address mistypes now and then.
            Count::Source => (30, 20),
            // 720 guesses a day of a password of ten characters or more.
            Count::Account => (10, 120),
            Count::Device | Count::Inside => (10, 60),
            // Few people share a password that none of them has.
            Count::Password => (20, 600),
            // 144 guesses a day of a million codes, three of which fit.
            Count::Code => (5, 600),
            Count::Reset => (3, 1_200),
            // So that one alone does not use up what all together have in an hour.
            Count::SignUp => (5, 720),
            // Each is compared with every name on the server; whoever looks for a name tries some.
            Count::Claim => (30, 1_800),
            // A row of some 100 bytes each second at most.
            Count::Noted => (1_000, 1),
        };
        Rate { burst, refill_secs }
    }

    /// How many are remembered: 100,000 take about 6 MB.
    fn keys_max(self) -> usize {
        match self {
            Count::Noted => 1,
            Count::Source | Count::Account | Count::Password => 100_000,
            Count::Device | Count::Code | Count::Inside | Count::Reset | Count::SignUp | Count::Claim => {
                20_000
            }
        }
    }
}

/// One bucket that a try takes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Door(Count, [u8; 32]);

impl Door {
    pub(crate) fn source(from: IpAddr) -> Self {
        Door(Count::Source, network_key(from))
    }

    pub(crate) fn sign_up(from: IpAddr) -> Self {
        Door(Count::SignUp, network_key(from))
    }

    /// `address` is as it is compared. The same whoever has it, in however many organisations: else the door would
    /// tell who is here.
    pub(crate) fn account(address: &str) -> Self {
        Door(Count::Account, *blake3::hash(address.as_bytes()).as_bytes())
    }

    pub(crate) fn device(digest: [u8; 32]) -> Self {
        Door(Count::Device, digest)
    }

    /// `digest` is keyed: nothing in memory tells the password.
    pub(crate) fn password(digest: [u8; 32]) -> Self {
        Door(Count::Password, digest)
    }

    pub(crate) fn code(organisation: OrganisationId, person: PersonId, is_known_device: bool) -> Self {
        let mut key = person_key(organisation, person);
        key[12] = u8::from(is_known_device);
        Door(Count::Code, key)
    }

    pub(crate) fn inside(organisation: OrganisationId, person: PersonId) -> Self {
        Door(Count::Inside, person_key(organisation, person))
    }

    pub(crate) fn reset(address: &str) -> Self {
        Door(Count::Reset, *blake3::hash(address.to_lowercase().as_bytes()).as_bytes())
    }

    pub(crate) fn claim(organisation: OrganisationId) -> Self {
        let mut key = [0; 32];
        key[..4].copy_from_slice(&organisation.get().to_be_bytes());
        Door(Count::Claim, key)
    }

    pub(crate) fn noted() -> Self {
        Door(Count::Noted, [0; 32])
    }
}

fn network_key(from: IpAddr) -> [u8; 32] {
    let mut key = [0; 32];
    match from.to_canonical() {
        IpAddr::V4(address) => key[..4].copy_from_slice(&address.octets()),
        IpAddr::V6(address) => {
            key[0] = 6;
            key[8..16].copy_from_slice(&address.octets()[..8]);
        }
    }
    key
}

fn person_key(organisation: OrganisationId, person: PersonId) -> [u8; 32] {
    let mut key = [0; 32];
    key[..4].copy_from_slice(&organisation.get().to_be_bytes());
    key[4..12].copy_from_slice(&person.0.to_be_bytes());
    key
}

/// All buckets.
pub(crate) struct Throttle([Buckets; Count::ALL.len()]);

impl Default for Throttle {
    fn default() -> Self {
        Self(Count::ALL.map(|count| Buckets::new(count.rate(), count.keys_max())))
    }
}

impl Throttle {
    /// Takes a try from each of these doors, or none and says after how many seconds all will have one.
    pub(crate) fn admit(&mut self, doors: &[Door], now: Timestamp) -> Result<(), u32> {
        let now = now.as_second();
        let wait =
            doors.iter().map(|Door(count, key)| self.of(*count).wait_secs(key, now)).max().unwrap_or(0);
        if wait > 0 {
            return Err(wait);
        }
        for Door(count, key) in doors {
            self.of(*count).take(*key, now);
        }
        Ok(())
    }

    /// Gives the tries back: they were no guesses.
    pub(crate) fn give_back(&mut self, doors: &[Door]) {
        for Door(count, key) in doors {
            self.of(*count).give_back(key);
        }
    }

    /// Lets these be tried as if nobody had.
    pub(crate) fn lift(&mut self, doors: &[Door]) {
        for Door(count, key) in doors {
            self.of(*count).fill(key);
        }
    }

    // The array has one for each.
    #[allow(clippy::indexing_slicing)]
    fn of(&mut self, count: Count) -> &mut Buckets {
        &mut self.0[count as usize]
    }
}
