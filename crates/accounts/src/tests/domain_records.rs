//! Records of organisations, domains, channels, claims, keys and sign-ups as they were released: what is written today is
//! what the kept octets say, and they are read.

use data_encoding::HEXLOWER;
use jiff::{SignedDuration, Timestamp};
use minicbor::{Decode, Encode};

use super::*;
use crate::claims::{Claim, ClaimState};
use crate::look_alike::{Likeness, LikenessTo};
use crate::proof::{Proof, ProofCode};
use crate::records::Organisation;
use crate::sign_up::{Counted, SignUp};
use crate::stored::{decode, encode};
use crate::{ChannelId, ClaimId, Domain};

fn at(hours: i64) -> Timestamp {
    now() + SignedDuration::from_hours(hours)
}

/// Written as it was, and read as what was written.
fn keeps<T: Encode<()> + for<'b> Decode<'b, ()> + PartialEq + std::fmt::Debug>(record: &T, kept: &str) {
    let kept = kept.trim();
    assert_eq!(HEXLOWER.encode(&encode(record)), kept);
    assert_eq!(decode::<T>("record", &HEXLOWER.decode(kept.as_bytes()).unwrap()).unwrap(), *record);
}

#[test]
fn an_organisation_that_is_suspended_is_kept() {
    let organisation = Organisation {
        id: OrganisationId::new(1).unwrap(),
        slug: "acme".to_owned(),
        name: "Acme Ltd".to_owned(),
        policy: VerdictPolicy::Tag,
        trusted_sealers: Vec::new(),
        suspended: Some(at(2)),
        created: Some(at(1)),
    };
    keeps(&organisation, include_str!("records/organisation-2.hex"));
}

#[test]
fn a_domain_with_its_proof_is_kept() {
    let code = ProofCode::from_random([7; 20]);
    let proof = Proof { code, begun: at(1), proven: Some(at(2)) };
    let domain = Domain { proof: Some(proof), receives: Some(true), ..Domain::named(domain("acme.example")) };
    keeps(&domain, include_str!("records/domain-3.hex"));
}

#[test]
fn a_channel_that_is_off_is_kept() {
    let channel = Channel {
        id: ChannelId(3),
        address: address("support@acme.example"),
        name: "Support".to_owned(),
        team: None,
        aliases: Vec::new(),
        auto_reply: None,
        active: Some(false),
    };
    keeps(&channel, include_str!("records/channel-3.hex"));
}

#[test]
fn a_claim_and_who_claims_a_name_are_kept() {
    let claim = Claim {
        id: ClaimId(7),
        organisation: OrganisationId::new(1).unwrap(),
        label: "marca".to_owned(),
        address: address("hello@marca.desk.example"),
        name: "Marca".to_owned(),
        state: ClaimState::Declined,
        likenesses: vec![Likeness { to: LikenessTo::Protected, name: "marka".to_owned() }],
        made: at(1),
        decided: Some(at(2)),
        reason: Some("It is taken.".to_owned()),
        channel: Some(ChannelId(9)),
        announced: Some(at(3)),
    };
    keeps(&claim, include_str!("records/claim-1.hex"));
    keeps(&vec![(claim.organisation, claim.id)], include_str!("records/claimants-1.hex"));
}

#[test]
fn a_sign_up_and_its_count_are_kept() {
    let sign_up = SignUp {
        organisation: "Acme Ltd".to_owned(),
        name: "Ana".to_owned(),
        address: address("ana@elsewhere.example"),
        made: at(1),
    };
    keeps(&sign_up, include_str!("records/sign-up-1.hex"));
    keeps(&Counted { since: at(1), count: 2 }, include_str!("records/sign-ups-1.hex"));
}
