//! Records of people, of how they enter and of what they did, as the octets in `records/` keep them for ever.

use data_encoding::HEXLOWER;
use guichet_store::OrganisationId;
use jiff::SignedDuration;
use minicbor::{Decode, Encode};

use super::{address, now};
use crate::credentials::{Credentials, Device, PasswordHash, Totp};
use crate::one_time::{OneTime, Purpose};
use crate::stored::{decode, encode};
use crate::{
    AuditEntry, Deed, Person, PersonId, PersonStatus, Role, Scopes, Session, SessionId, TeamId, Token,
    TokenId, Who,
};

const PERSON_2: &str = include_str!("records/person-2.hex");
const TOKEN_2: &str = include_str!("records/token-2.hex");
const SESSION: &str = include_str!("records/session-1.hex");
const ONE_TIME: &str = include_str!("records/one-time-1.hex");
const AUDIT_ENTRY: &str = include_str!("records/audit-entry-1.hex");
const CREDENTIALS: &str = include_str!("records/credentials-1.hex");

/// What is written today is what is kept, and what is kept reads as what was written.
fn assert_kept<T>(record: &T, hex: &str)
where
    T: Encode<()> + for<'b> Decode<'b, ()> + PartialEq + std::fmt::Debug,
{
    assert_eq!(HEXLOWER.encode(&encode(record)), hex.trim());
    let octets = HEXLOWER.decode(hex.trim().as_bytes()).unwrap();
    assert_eq!(decode::<T>("record", &octets).unwrap(), *record);
}

fn acme() -> OrganisationId {
    OrganisationId::new(1).unwrap()
}

#[test]
fn a_person_who_was_invited_and_a_token_that_expires_are_kept() {
    let person = Person {
        id: PersonId(2),
        name: "Ana".to_owned(),
        address: address("ana@acme.example"),
        role: Role::Agent,
        teams: vec![TeamId(1)],
        status: PersonStatus::Invited,
        created: Some(now()),
        epoch: Some(3),
    };
    assert_kept(&person, PERSON_2);
    let token = Token {
        id: TokenId(4),
        organisation: acme(),
        person: PersonId(2),
        name: "laptop".to_owned(),
        scopes: Role::Agent.scopes(),
        created: Some(now()),
        expires: Some(now() + SignedDuration::from_hours(24)),
    };
    assert_kept(&token, TOKEN_2);
    assert_ne!(token.scopes, Scopes::all());
}

#[test]
fn a_session_and_a_one_time_secret_are_kept() {
    let session = Session {
        id: SessionId(9),
        organisation: acme(),
        person: PersonId(2),
        created: now(),
        seen: now() + SignedDuration::from_hours(1),
        from: Some("2001:db8::1".parse().unwrap()),
        agent: "Firefox".to_owned(),
        epoch: 3,
    };
    assert_kept(&session, SESSION);
    let one_time = OneTime {
        purpose: Purpose::Address,
        organisation: acme(),
        person: PersonId(2),
        expires: now(),
        address: Some(address("new@acme.example")),
    };
    assert_kept(&one_time, ONE_TIME);
}

#[test]
fn a_row_of_the_audit_log_is_kept() {
    let entry = AuditEntry {
        at: now(),
        who: Who::Person(PersonId(2)),
        organisation: Some(acme()),
        from: Some("192.0.2.1".parse().unwrap()),
        deed: Deed::PersonInvited,
        subject: "ana@acme.example".to_owned(),
    };
    assert_kept(&entry, AUDIT_ENTRY);
}

/// Before they are sealed.
#[test]
fn credentials_are_kept() {
    let credentials = Credentials {
        password: Some(PasswordHash::at(64, 1, "a long walk in the rain", [3; 16])),
        totp: Some(Totp { secret: vec![4; 20].into(), last_step: 60_000_000 }),
        pending_totp: Some(vec![5; 20].into()),
        recovery: vec![[6; 32].into()],
        devices: vec![Device { digest: [7; 32].into(), used: now() }],
    };
    assert_kept(&credentials, CREDENTIALS);
}
