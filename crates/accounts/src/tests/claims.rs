//! Claims of names below the base domain, and who gets them.

use jiff::Timestamp;

use super::house::wanted;
use super::*;
use crate::{Claim, ClaimState, LikenessTo, NewClaim};

const NOW: Timestamp = Timestamp::UNIX_EPOCH;

fn new(label: &str) -> NewClaim {
    NewClaim { label: label.to_owned(), local_part: "hello".to_owned(), name: "Marca".to_owned() }
}

async fn two() -> (Accounts, OrganisationId, OrganisationId) {
    let accounts = server();
    let acme = accounts.found_organisation(wanted("acme"), NOW).await.unwrap().0.id;
    let other = accounts.found_organisation(wanted("other"), NOW).await.unwrap().0.id;
    (accounts, acme, other)
}

async fn claim(accounts: &Accounts, id: OrganisationId, label: &str) -> Claim {
    accounts.claim_name(id, &new(label), &[], NOW).await.unwrap()
}

#[tokio::test]
async fn an_approved_name_takes_mail_and_sends_at_once() {
    let (accounts, acme, _) = two().await;
    let claim = claim(&accounts, acme, "Marca").await;
    assert_eq!((claim.label.as_str(), claim.state, claim.is_held()), ("marca", ClaimState::Pending, false));
    assert_eq!(accounts.route("hello", "marca.desk.example").unwrap(), Route::ForeignDomain);
    let (approved, others) = accounts.approve_claim(acme, claim.id, NOW).await.unwrap();
    assert_eq!((approved.state, others.len()), (ClaimState::Approved, 0));
    let channel = accounts.channel(acme, approved.channel.unwrap()).unwrap();
    assert_eq!(
        (channel.address.to_string().as_str(), channel.name.as_str()),
        ("hello@marca.desk.example", "Marca")
    );
    for local in ["hello", "postmaster"] {
        assert_eq!(accounts.route(local, "marca.desk.example").unwrap(), to(&channel, acme, None));
    }
    assert_eq!(accounts.sending(acme, channel.id).unwrap().from, channel.address);
    let again = accounts.approve_claim(acme, claim.id, NOW).await.unwrap_err().to_string();
    assert!(again.contains("approved already"), "{again}");
    let withdrawn = accounts.withdraw_claim(acme, claim.id).await.unwrap_err().to_string();
    assert!(withdrawn.contains("remove the domain"), "{withdrawn}");
}

#[tokio::test]
async fn a_declined_claim_keeps_the_reason_and_the_name_stays_free() {
    let (accounts, acme, other) = two().await;
    let first = claim(&accounts, acme, "marca").await;
    for reason in ["", "  ", "a\u{7}b"] {
        assert!(matches!(accounts.decline_claim(acme, first.id, reason, NOW).await, Err(Error::Invalid(_))));
    }
    let declined = accounts.decline_claim(acme, first.id, " It is a trade mark. ", NOW).await.unwrap();
    assert_eq!(declined.reason.as_deref(), Some("It is a trade mark."));
    let second = claim(&accounts, other, "marca").await;
    accounts.approve_claim(other, second.id, NOW).await.unwrap();
    let kept = accounts.claim(acme, first.id).unwrap();
    assert_eq!(kept.reason.as_deref(), Some("It is a trade mark."), "decided once, it stays");
    accounts.withdraw_claim(acme, first.id).await.unwrap();
    assert!(accounts.claims(acme).unwrap().is_empty());
    assert!(matches!(accounts.claim_name(acme, &new("marca"), &[], NOW).await, Err(Error::Taken { .. })));
}

#[tokio::test]
async fn of_two_claims_of_one_name_the_first_approved_has_it_and_the_other_is_told_why() {
    let (accounts, acme, other) = two().await;
    let (mine, theirs) = (claim(&accounts, acme, "marca").await, claim(&accounts, other, "marca").await);
    assert_eq!(accounts.every_claim().unwrap(), [mine.clone(), theirs.clone()]);
    let (one, two) = tokio::join!(
        accounts.approve_claim(acme, mine.id, NOW),
        accounts.approve_claim(other, theirs.id, NOW)
    );
    assert!(one.is_ok() != two.is_ok(), "{one:?} {two:?}");
    let (loser, id, (_, others)) = match (one, two) {
        (Ok(won), _) => (other, theirs.id, won),
        (_, Ok(won)) => (acme, mine.id, won),
        _ => unreachable!(),
    };
    let lost = accounts.claim(loser, id).unwrap();
    assert_eq!(others, std::slice::from_ref(&lost));
    assert_eq!(lost.state, ClaimState::Declined);
    assert!(lost.reason.unwrap().contains("another organisation"));
    let owned = [acme, other].map(|id| accounts.domain(id, &domain("marca.desk.example")).is_ok());
    assert_eq!(owned.iter().filter(|owned| **owned).count(), 1);
}

#[tokio::test]
async fn a_claim_withdrawn_while_it_is_approved_is_one_of_the_two() {
    let (accounts, acme, _) = two().await;
    let claim = claim(&accounts, acme, "marca").await;
    let (approved, withdrawn) =
        tokio::join!(accounts.approve_claim(acme, claim.id, NOW), accounts.withdraw_claim(acme, claim.id));
    assert!(approved.is_ok() != withdrawn.is_ok(), "{approved:?} {withdrawn:?}");
    assert_eq!(accounts.domain(acme, &domain("marca.desk.example")).is_ok(), approved.is_ok());
}

#[tokio::test]
async fn a_name_that_goes_by_the_command_line_while_it_is_claimed_is_gone() {
    let (accounts, acme, other) = two().await;
    let claim = claim(&accounts, acme, "marca").await;
    accounts.add_domain(other, &domain("marca.desk.example"), None).await.unwrap();
    assert!(matches!(accounts.approve_claim(acme, claim.id, NOW).await, Err(Error::Taken { .. })));
    accounts.decline_claim(acme, claim.id, "Gone.", NOW).await.unwrap();
}

#[tokio::test]
async fn reserved_and_impossible_names_are_refused_at_once() {
    let (accounts, acme, _) = two().await;
    for label in ["www", "mail", "imap2", "admin", "de", "_dmarc", "mta-sts", "12"] {
        let error = accounts.claim_name(acme, &new(label), &[], NOW).await.unwrap_err().to_string();
        assert!(error.contains("reserved") || error.contains("hyphens"), "{label}: {error}");
    }
    for label in ["", "a.b", "-a", "a b", "a\u{3002}b", "xn--\u{0}", &"a".repeat(64), "a_b", "a\r\nb"] {
        let claimed = accounts.claim_name(acme, &new(label), &[], NOW).await;
        assert!(matches!(claimed, Err(Error::Invalid(_))), "{label:?}");
    }
    for local_part in ["", "a+b", "bounce", "a b", "a@b", &"a".repeat(65)] {
        let claimed = NewClaim { local_part: local_part.to_owned(), ..new("marca") };
        let claimed = accounts.claim_name(acme, &claimed, &[], NOW).await;
        assert!(matches!(claimed, Err(Error::Invalid(_))), "{local_part:?}");
    }
    assert!(accounts.claims(acme).unwrap().is_empty());
}

#[tokio::test]
async fn a_name_that_looks_like_another_waits_with_a_warning() {
    let (accounts, acme, other) = two().await;
    accounts.add_domain(other, &domain("northwind.example"), None).await.unwrap();
    accounts.add_domain(other, &domain("mail.contoso.co.example"), None).await.unwrap();
    let protected = ["paypal".to_owned()];
    for (label, to, name) in [
        ("p0stmaster", LikenessTo::Reserved, "postmaster"),
        ("0ther", LikenessTo::Label, "other"),
        ("northw1nd", LikenessTo::Domain, "northwind"),
        ("paypa\u{04cf}", LikenessTo::Protected, "paypal"),
        ("pay-pal", LikenessTo::Protected, "paypal"),
    ] {
        let claim = accounts.claim_name(acme, &new(label), &protected, NOW).await.unwrap();
        let seen = claim.likenesses.iter().any(|likeness| likeness.to == to && likeness.name == name);
        assert!(claim.is_held() && seen, "{label}: {:?}", claim.likenesses);
        accounts.withdraw_claim(acme, claim.id).await.unwrap();
    }
    let own = claim(&accounts, other, "northwind").await;
    assert!(!own.is_held(), "the name of one's own domain is one's own: {:?}", own.likenesses);
}

#[tokio::test]
async fn promise_7_an_organisation_sees_no_claim_of_another_and_decides_none() {
    let (accounts, acme, other) = two().await;
    let claim = claim(&accounts, acme, "marca").await;
    assert!(accounts.claims(other).unwrap().is_empty());
    assert!(matches!(accounts.claim(other, claim.id), Err(Error::NotFound { .. })));
    assert!(matches!(accounts.withdraw_claim(other, claim.id).await, Err(Error::NotFound { .. })));
    assert!(matches!(accounts.approve_claim(other, claim.id, NOW).await, Err(Error::NotFound { .. })));
    let theirs = self::claim(&accounts, other, "marca").await;
    assert!(!theirs.is_held(), "nor that somebody else asks for the name");
}

#[tokio::test]
async fn an_organisation_asks_for_a_few_names_at_one_time() {
    let (accounts, acme, _) = two().await;
    for label in ["one-a", "two-b", "six-c", "ten-d"] {
        claim(&accounts, acme, label).await;
    }
    assert!(matches!(accounts.claim_name(acme, &new("one-a"), &[], NOW).await, Err(Error::Taken { .. })));
    let last = claim(&accounts, acme, "red-e").await;
    let error = accounts.claim_name(acme, &new("sea-f"), &[], NOW).await.unwrap_err().to_string();
    assert!(error.contains("withdraw one"), "{error}");
    accounts.withdraw_claim(acme, last.id).await.unwrap();
    claim(&accounts, acme, "sea-f").await;
}

/// Each claim is compared with every name on the server.
#[tokio::test]
async fn who_asks_and_withdraws_again_and_again_has_to_wait() {
    let (accounts, acme, other) = two().await;
    let mut refused = None;
    for _ in 0..100 {
        match accounts.claim_name(acme, &new("marca"), &[], NOW).await {
            Ok(claim) => accounts.withdraw_claim(acme, claim.id).await.unwrap(),
            Err(error) => refused = Some(error.to_string()),
        }
    }
    assert!(refused.as_ref().is_some_and(|why| why.contains("in 30 minutes")), "{refused:?}");
    claim(&accounts, other, "marca").await;
    let later = NOW + jiff::SignedDuration::from_mins(30);
    accounts.claim_name(acme, &new("marca"), &[], later).await.unwrap();
}

#[tokio::test]
async fn a_decision_is_announced_once() {
    let (accounts, acme, _) = two().await;
    let (one, two) = (claim(&accounts, acme, "marca").await, claim(&accounts, acme, "brand").await);
    assert!(accounts.claims_to_announce().unwrap().is_empty());
    accounts.decline_claim(acme, one.id, "No.", NOW).await.unwrap();
    accounts.approve_claim(acme, two.id, NOW).await.unwrap();
    assert_eq!(accounts.claims_to_announce().unwrap().len(), 2);
    let (first, second) = tokio::join!(
        accounts.claim_announced(acme, one.id, NOW),
        accounts.claim_announced(acme, one.id, NOW)
    );
    assert!(first.unwrap() != second.unwrap());
    let [left] = accounts.claims_to_announce().unwrap().try_into().unwrap();
    assert_eq!(left.id, two.id);
}

#[tokio::test]
async fn claims_that_were_declined_keep_nobody_from_a_name() {
    let (accounts, acme, other) = two().await;
    for _ in 0..20 {
        let declined = claim(&accounts, acme, "marca").await;
        accounts.decline_claim(acme, declined.id, "No.", NOW).await.unwrap();
    }
    claim(&accounts, other, "marca").await;
}

#[tokio::test]
async fn an_approved_claim_goes_off_the_list_once_its_domain_is_given_up() {
    let (accounts, acme, other) = two().await;
    let first = claim(&accounts, acme, "marca").await;
    let channel = accounts.approve_claim(acme, first.id, NOW).await.unwrap().0.channel.unwrap();
    let name = domain("marca.desk.example");
    // Someone else reads postmaster there, and the channel is deleted.
    let support = accounts.channels(acme).unwrap()[0].id;
    let given = DomainChange { role_channel: Some(support), ..DomainChange::default() };
    accounts.change_domain(acme, &name, given).await.unwrap();
    let off = ChannelChange { active: Some(false), ..ChannelChange::default() };
    accounts.change_channel(acme, channel, off).await.unwrap();
    accounts.delete_channel(acme, channel).await.unwrap();
    assert!(accounts.withdraw_claim(acme, first.id).await.is_err(), "the domain is theirs");
    accounts.remove_domain(acme, &name).await.unwrap();
    let second = claim(&accounts, other, "marca").await;
    accounts.approve_claim(other, second.id, NOW).await.unwrap();
    accounts.withdraw_claim(acme, first.id).await.unwrap();
    assert!(accounts.claims(acme).unwrap().is_empty());
    assert!(accounts.withdraw_claim(other, second.id).await.is_err());
}
