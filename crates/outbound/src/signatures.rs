//! Signatures made already: for further recipients of the same mail, and for mail that was signed before it was due.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use guichet_mail::DomainName;
use guichet_store::OrganisationId;
use jiff::{SignedDuration, Timestamp};

/// How many are kept: some 1.5 KB each. Past it the oldest go, and are made again where they are needed.
pub(crate) const SIGNATURES_MAX: usize = 10_000;
/// How long a signature is used; later the keys may be others.
pub(crate) const SIGNATURE_AGE: SignedDuration = SignedDuration::from_mins(10);

/// What is signed: a mail by its digest, for a domain of an organisation.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Signed {
    pub(crate) organisation: OrganisationId,
    pub(crate) from: DomainName,
    pub(crate) digest: [u8; 32],
}

/// The signatures, oldest first.
#[derive(Default)]
pub(crate) struct Signatures {
    made: HashMap<Signed, (Timestamp, Arc<str>)>,
    order: VecDeque<Signed>,
}

impl Signatures {
    /// The fields, if they were made a short while ago; not if they are of a time to come, since the clock was set back.
    pub(crate) fn get(&self, of: &Signed, now: Timestamp) -> Option<Arc<str>> {
        let (at, fields) = self.made.get(of)?;
        let age = now.duration_since(*at);
        (!age.is_negative() && age < SIGNATURE_AGE).then(|| fields.clone())
    }

    pub(crate) fn keep(&mut self, of: Signed, now: Timestamp, fields: Arc<str>) {
        if self.made.insert(of.clone(), (now, fields)).is_none() {
            self.order.push_back(of);
        }
        while self.order.len() > SIGNATURES_MAX {
            if let Some(oldest) = self.order.pop_front() {
                self.made.remove(&oldest);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signed(number: usize) -> Signed {
        let mut digest = [0; 32];
        digest[..8].copy_from_slice(&number.to_be_bytes());
        let from = DomainName::parse("acme.example").unwrap();
        Signed { organisation: OrganisationId::new(1).unwrap(), from, digest }
    }

    #[test]
    fn promise_9_the_oldest_signatures_go_first_and_all_grow_old() {
        let (mut signatures, now) = (Signatures::default(), Timestamp::UNIX_EPOCH);
        for number in 0..=SIGNATURES_MAX {
            signatures.keep(signed(number), now, Arc::from("DKIM-Signature: v=1\r\n"));
        }
        assert!(signatures.get(&signed(0), now).is_none());
        assert!(signatures.get(&signed(1), now).is_some());
        assert!(signatures.get(&signed(1), now + SIGNATURE_AGE).is_none());
    }

    #[test]
    fn nothing_is_sent_with_a_signature_of_a_time_to_come() {
        let (mut signatures, now) = (Signatures::default(), Timestamp::UNIX_EPOCH);
        signatures.keep(signed(1), now, Arc::from("DKIM-Signature: v=1\r\n"));
        assert!(signatures.get(&signed(1), now - SignedDuration::from_secs(1)).is_none());
    }
}
