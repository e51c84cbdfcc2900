//! Tokens: what our own mails carry, so that what answers them proves it.
//!
//! A token is eight octets (a message's random reference, or a delivery's number) and a keyed MAC over them, the
//! organisation and the token's purpose. It is 29 characters of lower-case base32, which survive every host that folds
//! the case of a local part.
//!
//! Purposes never stand in for each other: whoever read a Message-ID knows no reply address, and whoever got the reply
//! address of a mail can not speak as the bounce of it.
//!
//! *Standards*: RFC 4648, section 6 (alphabet); RFC 5233 (plus-tags); RFC 5322, section 3.6.4 (Message-ID).
//!
//! *Security*: the MAC is 80 bits long: at a million tries a second, one forged token in thirty billion years. It is
//! compared in constant time.

use data_encoding::BASE32_NOPAD;
use guichet_mail::{DomainName, MailAddress, MessageId};
use guichet_store::OrganisationId;

use crate::{DeliveryId, Desk, Error, SystemMailKind};

/// How long a token is, in characters.
pub(crate) const TOKEN_CHARS: usize = 29;

/// The local part of bounce addresses, before the plus.
pub(crate) const BOUNCE: &str = "bounce";

/// The longest local part of an address, in octets (RFC 5321, section 4.5.3.1.1).
const LOCAL_BYTES_MAX: usize = 64;

const SUBJECT_BYTES: usize = 8;
const MAC_BYTES: usize = 10;

/// What a token is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
enum Purpose {
    MessageId = b'm',
    Reply = b'r',
    Bounce = b'b',
    /// A mail of the server's own; of its Message-ID and its reply address, which gives no right to anything.
    System = b's',
    /// A mail that finds out whether an address forwards.
    Probe = b'f',
}

impl Purpose {
    fn of(kind: SystemMailKind) -> Self {
        if kind == SystemMailKind::Probe { Purpose::Probe } else { Purpose::System }
    }
}

/// What a text turns out to be where a token may stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Claim<T> {
    /// It does not look like a token.
    None,
    /// It looks like a token, but we did not make it.
    Forged,
    /// We made it, of this.
    Genuine(T),
}

/// Makes and reads tokens. Cheap to make.
pub(crate) struct Tokens {
    key: [u8; 32],
}

impl Tokens {
    pub(crate) fn new(key: [u8; 32]) -> Self {
        Self { key }
    }

    /// `TOKEN@domain`: the Message-ID of the message with this reference.
    pub(crate) fn message_id(
        &self,
        organisation: OrganisationId,
        reference: u64,
        domain: &DomainName,
    ) -> Result<MessageId, Error> {
        let token = self.token(Purpose::MessageId, organisation, reference);
        MessageId::parse(&format!("{token}@{domain}")).ok_or(Error::Damaged("Message-ID"))
    }

    /// `local+TOKEN@domain`: where answers to the message with this reference go. `base` itself where its local part is
    /// too long or has a tag already: then an answer is known by its references alone.
    pub(crate) fn reply_address(
        &self,
        organisation: OrganisationId,
        reference: u64,
        base: &MailAddress,
    ) -> MailAddress {
        tagged(base, &self.token(Purpose::Reply, organisation, reference))
    }

    /// `TOKEN@domain`: the Message-ID of a mail of the server's own.
    pub(crate) fn system_message_id(
        &self,
        organisation: OrganisationId,
        (id, kind): (DeliveryId, SystemMailKind),
        domain: &DomainName,
    ) -> Result<MessageId, Error> {
        let token = self.token(Purpose::of(kind), organisation, id.0);
        MessageId::parse(&format!("{token}@{domain}")).ok_or(Error::Damaged("Message-ID"))
    }

    /// `local+TOKEN@domain`: where answers to a mail of the server's own go.
    pub(crate) fn system_reply_address(
        &self,
        organisation: OrganisationId,
        (id, kind): (DeliveryId, SystemMailKind),
        base: &MailAddress,
    ) -> MailAddress {
        tagged(base, &self.token(Purpose::of(kind), organisation, id.0))
    }

    /// The token of a probe.
    pub(crate) fn probe(&self, organisation: OrganisationId, id: DeliveryId) -> String {
        self.token(Purpose::Probe, organisation, id.0)
    }

    /// The mail of the server's own whose Message-ID or reply address this is.
    pub(crate) fn read_system(&self, organisation: OrganisationId, token: &str) -> Option<DeliveryId> {
        let read = |purpose| match self.read(purpose, organisation, token) {
            Claim::Genuine(number) => Some(DeliveryId(number)),
            Claim::None | Claim::Forged => None,
        };
        read(Purpose::System).or_else(|| read(Purpose::Probe))
    }

    /// The probe whose token this is.
    pub(crate) fn read_probe(&self, organisation: OrganisationId, token: &str) -> Option<DeliveryId> {
        match self.read(Purpose::Probe, organisation, token) {
            Claim::Genuine(number) => Some(DeliveryId(number)),
            Claim::None | Claim::Forged => None,
        }
    }

    /// `bounce+TOKEN@domain`: the envelope sender of a delivery.
    pub(crate) fn bounce_address(
        &self,
        organisation: OrganisationId,
        delivery: DeliveryId,
        domain: &DomainName,
    ) -> String {
        format!("{BOUNCE}+{}@{domain}", self.envelope_id(organisation, delivery))
    }

    /// The `ENVID` of a delivery: the token of its bounce address.
    pub(crate) fn envelope_id(&self, organisation: OrganisationId, delivery: DeliveryId) -> String {
        self.token(Purpose::Bounce, organisation, delivery.0)
    }

    /// The reference in a Message-ID of ours; the caller knows that its domain is one of the organisation's.
    pub(crate) fn read_message_id(&self, organisation: OrganisationId, token: &str) -> Claim<u64> {
        self.read(Purpose::MessageId, organisation, token)
    }

    /// The reference in the plus-tag of a reply address.
    pub(crate) fn read_reply(&self, organisation: OrganisationId, tag: &str) -> Claim<u64> {
        self.read(Purpose::Reply, organisation, tag)
    }

    /// The delivery in the plus-tag of a bounce address, or in an `ENVID`.
    pub(crate) fn read_bounce(&self, organisation: OrganisationId, tag: &str) -> Claim<DeliveryId> {
        match self.read(Purpose::Bounce, organisation, tag) {
            Claim::None => Claim::None,
            Claim::Forged => Claim::Forged,
            Claim::Genuine(number) => Claim::Genuine(DeliveryId(number)),
        }
    }

    fn token(&self, purpose: Purpose, organisation: OrganisationId, subject: u64) -> String {
        let octets = [subject.to_be_bytes().as_slice(), &self.mac(purpose, organisation, subject)].concat();
        BASE32_NOPAD.encode(&octets).to_ascii_lowercase()
    }

    fn read(&self, purpose: Purpose, organisation: OrganisationId, text: &str) -> Claim<u64> {
        if !is_token(text) {
            return Claim::None;
        }
        // The last character has a bit to spare: one that is set there is no spelling of ours either.
        let Ok(octets) = BASE32_NOPAD.decode(text.to_ascii_uppercase().as_bytes()) else {
            return Claim::Forged;
        };
        let Some((subject, mac)) = octets.split_first_chunk::<SUBJECT_BYTES>() else {
            return Claim::Forged;
        };
        let subject = u64::from_be_bytes(*subject);
        if is_equal(&self.mac(purpose, organisation, subject), mac) {
            Claim::Genuine(subject)
        } else {
            Claim::Forged
        }
    }

    fn mac(&self, purpose: Purpose, organisation: OrganisationId, subject: u64) -> [u8; MAC_BYTES] {
        let mut hasher = blake3::Hasher::new_keyed(&self.key);
        hasher
            .update(&[purpose as u8])
            .update(&organisation.get().to_be_bytes())
            .update(&subject.to_be_bytes());
        let mut mac = [0; MAC_BYTES];
        hasher.finalize_xof().fill(&mut mac);
        mac
    }
}

impl Desk {
    /// The tokens of this server.
    pub(crate) fn tokens(&self) -> Result<Tokens, Error> {
        Ok(Tokens::new(self.accounts.token_key()?))
    }
}

/// Whether it has the shape of a token: 29 letters and digits of base32, in any case.
pub(crate) fn is_token(text: &str) -> bool {
    text.len() == TOKEN_CHARS && text.bytes().all(|c| c.is_ascii_alphabetic() || matches!(c, b'2'..=b'7'))
}

/// `local+TOKEN@domain`; `base` itself where its local part is too long or has a tag already.
fn tagged(base: &MailAddress, token: &str) -> MailAddress {
    let is_fit =
        base.local().len() + 1 + TOKEN_CHARS <= LOCAL_BYTES_MAX && !base.local().contains(['+', '"']);
    let tagged = is_fit.then(|| MailAddress::parse(&format!("{}+{token}@{}", base.local(), base.domain())));
    tagged.and_then(Result::ok).unwrap_or_else(|| base.clone())
}

/// An address without the token in its plus-tag: what may be shown to those who did not get it from us.
pub(crate) fn without_token(address: &MailAddress) -> MailAddress {
    let bare = address.local().split_once('+').filter(|(_, tag)| is_token(tag)).map(|(base, _)| base);
    let bare = bare.and_then(|base| MailAddress::parse(&format!("{base}@{}", address.domain())).ok());
    bare.unwrap_or_else(|| address.clone())
}

/// Compares without telling by its time where the difference is.
fn is_equal(one: &[u8], other: &[u8]) -> bool {
    one.len() == other.len() && one.iter().zip(other).fold(0, |seen, (a, b)| seen | (a ^ b)) == 0
}
