//! Tokens: nobody makes one but we, and none serves for another.

use guichet_mail::{DomainName, MailAddress};
use guichet_store::OrganisationId;
use proptest::prelude::*;

use crate::DeliveryId;
use crate::token::{Claim, Tokens, is_token};

fn organisation(number: u32) -> OrganisationId {
    OrganisationId::new(number).unwrap()
}

fn domain() -> DomainName {
    DomainName::parse("acme.example").unwrap()
}

/// The token of each purpose: Message-ID, reply address, bounce address.
fn all(tokens: &Tokens, of: OrganisationId, number: u64) -> [String; 3] {
    let id = tokens.message_id(of, number, &domain()).unwrap();
    let base = MailAddress::parse("support@acme.example").unwrap();
    let reply = tokens.reply_address(of, number, &base);
    [
        id.as_str().split_once('@').unwrap().0.to_owned(),
        reply.local().split_once('+').unwrap().1.to_owned(),
        tokens.envelope_id(of, DeliveryId(number)),
    ]
}

/// What each reader makes of a text.
fn read(tokens: &Tokens, of: OrganisationId, text: &str) -> [Claim<u64>; 3] {
    let bounce = match tokens.read_bounce(of, text) {
        Claim::Genuine(DeliveryId(number)) => Claim::Genuine(number),
        Claim::Forged => Claim::Forged,
        Claim::None => Claim::None,
    };
    [tokens.read_message_id(of, text), tokens.read_reply(of, text), bounce]
}

proptest! {
    #[test]
    fn promise_4_a_token_is_read_by_its_own_purpose_organisation_and_server_alone(
        key: [u8; 32], number: u64, of in 1_u32.., other in 1_u32..,
    ) {
        let (tokens, of, other) = (Tokens::new(key), organisation(of), organisation(other));
        let mut other_key = key;
        other_key[0] ^= 1;
        for (purpose, token) in all(&tokens, of, number).into_iter().enumerate() {
            prop_assert!(is_token(&token));
            let folded = token.to_ascii_uppercase();
            for (reader, claim) in read(&tokens, of, &folded).into_iter().enumerate() {
                let expected = if reader == purpose { Claim::Genuine(number) } else { Claim::Forged };
                prop_assert_eq!(claim, expected);
            }
            if of != other {
                prop_assert_eq!(read(&tokens, other, &token), [Claim::Forged; 3]);
            }
            prop_assert_eq!(read(&Tokens::new(other_key), of, &token), [Claim::Forged; 3]);
        }
    }

    #[test]
    fn promise_4_a_token_with_any_character_changed_is_forged(
        key: [u8; 32], number: u64, at in 0_usize..29, to in "[a-z2-7]",
    ) {
        let tokens = Tokens::new(key);
        for (purpose, token) in all(&tokens, organisation(1), number).into_iter().enumerate() {
            let mut changed = token.clone();
            changed.replace_range(at..=at, &to);
            let claim = read(&tokens, organisation(1), &changed)[purpose];
            let expected = if changed == token { Claim::Genuine(number) } else { Claim::Forged };
            prop_assert_eq!(claim, expected);
        }
    }

    #[test]
    fn what_has_not_the_shape_of_a_token_is_none(text in "\\PC{0,40}") {
        let claims = read(&Tokens::new([1; 32]), organisation(1), &text);
        prop_assert_eq!(claims == [Claim::None; 3], !is_token(&text));
    }
}

#[test]
fn a_reply_address_stays_within_64_octets_or_goes_without_token() {
    let tokens = Tokens::new([1; 32]);
    for (bytes, is_tagged) in [(34, true), (35, false), (64, false)] {
        let base = MailAddress::parse(&format!("{}@acme.example", "a".repeat(bytes))).unwrap();
        let address = tokens.reply_address(organisation(1), 1, &base);
        assert!(address.local().len() <= 64);
        assert_eq!(address != base, is_tagged, "{bytes}");
    }
    let tagged = MailAddress::parse("support+vip@acme.example").unwrap();
    assert_eq!(tokens.reply_address(organisation(1), 1, &tagged), tagged);
}
