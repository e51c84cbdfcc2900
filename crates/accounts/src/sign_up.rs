//! Sign-up: somebody who has nothing here yet asks for an organisation and gets a link by mail; who opens it chooses a
//! password and has the organisation, as its first admin.
//!
//! Only while the operator has opened it. Nothing is made before the address is proven. Whether an address is known here already, or asked too often, changes
//! nothing of the answer: the caller hears only whether there is a mail to be sent.
//!
//! *Must hold*: a link works once and for a day; the organisation, its address, its admin and the end of the link are
//! one commit. Nobody chooses a name below the base domain: that is what claims are for.
//!
//! *Security*: only the digest of the link's secret is stored, and of the address only the digest is counted by.

mod redeem;
mod switch;

pub use redeem::SignedUp;

use std::net::IpAddr;

use guichet_mail::MailAddress;
use guichet_store::{Batch, Direction, Key, Snapshot};
use guichet_sys::Random;
use jiff::{SignedDuration, Timestamp};
use minicbor::{Decode, Encode};

use crate::audit::Deed;
use crate::organisations::check_name;
use crate::stored::{self, change};
use crate::throttle::Door;
use crate::{Accounts, By, Error, Secret, Who, keys};

/// How long a link is good, in hours: long enough for a mail that a greylisting server keeps back.
const LINK_HOURS: i64 = 24;
/// Links that go to one address in [`LINK_HOURS`]: a second for who lost the first, one more, and no flood.
const LINKS_PER_ADDRESS_MAX: u32 = 3;
/// Rows that are looked at to be swept away with one sign-up, so that none takes long.
const SWEPT_MAX: usize = 500;
/// Seconds in which the sign-ups of all together are counted.
const HOUR_SECS: i64 = 3_600;

/// What somebody asks for.
#[derive(Debug, Clone)]
pub struct NewSignUp {
    /// The name of the organisation.
    pub organisation: String,
    /// Their own name.
    pub name: String,
    /// Their address, which the link proves.
    pub address: MailAddress,
}

/// A link to be mailed.
#[derive(Debug, Clone)]
pub struct SignUpRequest {
    /// To whom.
    pub address: MailAddress,
    /// What they are called.
    pub name: String,
    /// The name of the organisation.
    pub organisation: String,
    /// What the link carries; shown nowhere else.
    pub secret: Secret,
}

/// Why nobody can sign up now.
#[derive(Debug, thiserror::Error)]
pub enum SignUpError {
    /// The cap of this hour is reached, of all or of one network.
    #[error("too many have signed up within the hour; try again later")]
    TooMany {
        /// Seconds after which another makes sense.
        retry_secs: u32,
    },
    /// The store, or a request that makes no sense.
    #[error(transparent)]
    Accounts(#[from] Error),
}

/// A sign-up whose link was not opened yet.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
pub(crate) struct SignUp {
    #[n(0)]
    pub(crate) organisation: String,
    #[n(1)]
    pub(crate) name: String,
    #[n(2)]
    pub(crate) address: MailAddress,
    #[cbor(n(3), with = "guichet_store::time")]
    pub(crate) made: Timestamp,
}

impl SignUp {
    fn is_over(&self, now: Timestamp) -> bool {
        now.duration_since(self.made) >= SignedDuration::from_hours(LINK_HOURS)
    }
}

/// How many there were since a time.
#[derive(Debug, Clone, Copy, PartialEq, Encode, Decode)]
pub(crate) struct Counted {
    #[cbor(n(0), with = "guichet_store::time")]
    pub(crate) since: Timestamp,
    #[n(1)]
    pub(crate) count: u32,
}

impl Counted {
    /// Counted on from here, or anew when the span is over; a clock that was set back begins anew too.
    fn on(before: Option<Self>, span: SignedDuration, now: Timestamp) -> Self {
        match before {
            Some(before) if before.since <= now && now.duration_since(before.since) < span => {
                Self { count: before.count.saturating_add(1), ..before }
            }
            _ => Self { since: now, count: 1 },
        }
    }
}

impl Accounts {
    /// Notes that somebody asks for an organisation. Answers the link to be mailed; nothing where this address has had
    /// enough links.
    pub async fn request_sign_up(
        &self,
        wanted: &NewSignUp,
        per_hour_max: u32,
        from: IpAddr,
        now: Timestamp,
        random: &dyn Random,
    ) -> Result<Option<SignUpRequest>, SignUpError> {
        let sign_up = SignUp {
            organisation: check_name(&wanted.organisation)?,
            name: check_name(&wanted.name)?,
            address: wanted.address.clone(),
            made: now,
        };
        if let Err(retry_secs) = self.server.throttle().admit(&[Door::sign_up(from)], now) {
            return Err(SignUpError::TooMany { retry_secs });
        }
        let secret = Secret::random(random);
        let by = By { organisation: None, who: Who::System, from: Some(from), at: now };
        let noting = self.on_behalf(by);
        let asked = change(&self.store, || noting.note(&sign_up, &secret, per_hour_max, now)).await?;
        match asked {
            Asked::TooMany { retry_secs } => Err(SignUpError::TooMany { retry_secs }),
            Asked::Quiet => Ok(None),
            Asked::Mail => Ok(Some(SignUpRequest {
                address: sign_up.address,
                name: sign_up.name,
                organisation: sign_up.organisation,
                secret,
            })),
        }
    }

    fn note(
        &self,
        sign_up: &SignUp,
        secret: &Secret,
        per_hour_max: u32,
        now: Timestamp,
    ) -> Result<(Vec<Batch>, Asked), Error> {
        let mut operator = self.store.operator().snapshot()?;
        switch::check_open(&mut operator)?;
        let all = keys::sign_ups_counted(None);
        let span = SignedDuration::from_secs(HOUR_SECS);
        let together = Counted::on(read_counted(&mut operator, &all)?, span, now);
        if together.count > per_hour_max {
            let over = HOUR_SECS - now.duration_since(together.since).as_secs();
            let retry_secs = u32::try_from(over.max(1)).unwrap_or(u32::MAX);
            return Ok((Vec::new(), Asked::TooMany { retry_secs }));
        }
        let digest = *blake3::hash(sign_up.address.normalised().as_bytes()).as_bytes();
        let one = keys::sign_ups_counted(Some(&digest));
        let span = SignedDuration::from_hours(LINK_HOURS);
        let of_address = Counted::on(read_counted(&mut operator, &one)?, span, now);
        let over = over(&operator, &secret.digest(), now)?;
        let mut batch = operator.batch();
        for key in over {
            batch.delete(key);
        }
        batch.put(all, stored::encode(&together));
        if of_address.count > LINKS_PER_ADDRESS_MAX {
            return Ok((vec![batch], Asked::Quiet));
        }
        batch.put(one, stored::encode(&of_address));
        batch.put(keys::sign_up(&secret.digest()), stored::encode(sign_up));
        self.record(&mut batch, Deed::SignUpRequested, &sign_up.address);
        Ok((vec![batch], Asked::Mail))
    }
}

enum Asked {
    Mail,
    Quiet,
    TooMany { retry_secs: u32 },
}

fn read_counted(operator: &mut Snapshot, key: &Key) -> Result<Option<Counted>, Error> {
    operator.read(key)?.map(|bytes| stored::decode("count of sign-ups", &bytes)).transpose()
}

/// Rows that count no more: links and counts of addresses, each as old as a link may be. The look begins behind a digest
/// that nobody chose and goes round, so that it comes to every row, however many are good before it.
fn over(operator: &Snapshot, begin: &[u8; 32], now: Timestamp) -> Result<Vec<Key>, Error> {
    let rows = |kind| {
        let (all, begin) = (Key::new(kind), Key::new(kind).bytes(begin));
        let behind = operator.scan(&all, Direction::Forward, Some(begin.as_bytes()))?;
        let before = operator.range(&all, &begin, Direction::Forward, None)?;
        Ok::<_, Error>(behind.chain(before).take(SWEPT_MAX))
    };
    let mut keys_over = Vec::new();
    for row in rows(keys::SIGN_UPS)? {
        let (key, value) = row?;
        if stored::decode::<SignUp>("sign-up", &value)?.is_over(now) {
            keys_over.push(stored::key_of(&key));
        }
    }
    let span = SignedDuration::from_hours(LINK_HOURS);
    for row in rows(keys::SIGN_UPS_COUNTED)? {
        let (key, value) = row?;
        let counted: Counted = stored::decode("count of sign-ups", &value)?;
        // The first row, without a digest, counts all; it is written anew each time.
        if key.len() > 1 && now.duration_since(counted.since) >= span {
            keys_over.push(stored::key_of(&key));
        }
    }
    Ok(keys_over)
}
