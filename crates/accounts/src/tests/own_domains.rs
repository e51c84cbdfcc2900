//! Own domains: proven before they own anything, given up when nothing needs them; channels that come and go.

use jiff::Timestamp;

use super::house::wanted;
use super::*;
use crate::{Proof, ProofCode};

const NOW: Timestamp = Timestamp::UNIX_EPOCH;

fn code(octet: u8) -> ProofCode {
    ProofCode::from_random([octet; 20])
}

/// Two organisations on one server.
async fn two() -> (Accounts, OrganisationId, OrganisationId) {
    let accounts = server();
    let acme = accounts.found_organisation(wanted("acme"), NOW).await.unwrap().0.id;
    let other = accounts.found_organisation(wanted("other"), NOW).await.unwrap().0.id;
    (accounts, acme, other)
}

#[tokio::test]
async fn an_unproven_domain_owns_nothing_and_keeps_nobody_from_it() {
    let (accounts, acme, other) = two().await;
    let name = domain("acme.example");
    let begun = accounts.begin_domain(acme, &name, code(1), NOW).await.unwrap();
    assert!(!begun.is_verified() && !begun.receives() && !accounts.sends(&begun));
    assert_eq!(accounts.route("support", "acme.example").unwrap(), Route::ForeignDomain);
    assert!(!accounts.is_hosted(&name).unwrap());
    let wanted = NewChannel { address: address("support@acme.example"), name: "x".to_owned(), team: None };
    let error = accounts.create_channel(acme, wanted).await.unwrap_err();
    assert!(error.to_string().contains("_guichet.acme.example"), "{error}");
    let forced = DomainChange { sends: Some(true), receives: Some(true), ..DomainChange::default() };
    let forced = accounts.change_domain(acme, &name, forced).await.unwrap();
    assert!(!accounts.sends(&forced), "an unproven domain never sends");
    accounts.begin_domain(other, &name, code(2), NOW).await.unwrap();
    accounts.prove_domain(other, &name, NOW).await.unwrap();
    assert!(matches!(accounts.prove_domain(acme, &name, NOW).await, Err(Error::Taken { .. })));
    let theirs = channel(&accounts, other, "support@acme.example").await;
    assert_eq!(accounts.route("support", "acme.example").unwrap(), to(&theirs, other, None));
    accounts.remove_domain(acme, &name).await.unwrap();
    assert_eq!(
        accounts.route("support", "acme.example").unwrap(),
        to(&theirs, other, None),
        "not theirs to remove"
    );
}

#[tokio::test]
async fn of_two_who_prove_one_domain_at_once_the_first_has_it() {
    let (accounts, acme, other) = two().await;
    let name = domain("acme.example");
    accounts.begin_domain(acme, &name, code(1), NOW).await.unwrap();
    accounts.begin_domain(other, &name, code(2), NOW).await.unwrap();
    let (one, two) =
        tokio::join!(accounts.prove_domain(acme, &name, NOW), accounts.prove_domain(other, &name, NOW));
    assert!(one.is_ok() != two.is_ok(), "{one:?} {two:?}");
    let owner = if one.is_ok() { acme } else { other };
    let again = accounts.prove_domain(owner, &name, Timestamp::MAX).await.unwrap();
    assert_eq!(again.proof.unwrap().proven, Some(NOW), "said twice, it stays as it was");
}

#[tokio::test]
async fn promise_7_a_domain_of_another_is_refused_by_a_sentence_that_names_nobody() {
    let (accounts, acme, other) = two().await;
    let name = domain("acme.example");
    accounts.begin_domain(acme, &name, code(1), NOW).await.unwrap();
    accounts.prove_domain(acme, &name, NOW).await.unwrap();
    for name in ["acme.example", "support.acme.example", "a.b.acme.example"] {
        let error = accounts.begin_domain(other, &domain(name), code(2), NOW).await.unwrap_err();
        assert!(matches!(error, Error::Taken { .. }), "{error}");
        assert_eq!(error.to_string(), format!("domain `{name}` is taken"));
    }
    assert!(accounts.domains(other).unwrap().iter().all(|domain| domain.name != name));
    assert!(accounts.begin_domain(acme, &domain("support.acme.example"), code(3), NOW).await.is_ok());
    for name in ["x.desk.example", "desk.example", "example", "a.other.desk.example"] {
        let error = accounts.begin_domain(other, &domain(name), code(2), NOW).await.unwrap_err();
        assert!(matches!(error, Error::Invalid(_)), "{name}: {error}");
    }
}

#[tokio::test]
async fn who_proves_a_domain_between_has_its_names_before_those_below_are_proven() {
    let (accounts, acme, other) = two().await;
    let (above, below) = (domain("acme.example"), domain("help.acme.example"));
    accounts.begin_domain(acme, &above, code(1), NOW).await.unwrap();
    accounts.begin_domain(other, &below, code(2), NOW).await.unwrap();
    accounts.prove_domain(acme, &above, NOW).await.unwrap();
    assert!(matches!(accounts.prove_domain(other, &below, NOW).await, Err(Error::Taken { .. })));
}

#[tokio::test]
async fn the_record_to_publish_is_the_organisations_own() {
    let (accounts, acme, other) = two().await;
    let name = domain("acme.example");
    let text = |domain: &crate::Domain| domain.proof.as_ref().unwrap().record_text();
    let one = accounts.begin_domain(acme, &name, code(1), NOW).await.unwrap();
    let two = accounts.begin_domain(other, &name, code(2), NOW).await.unwrap();
    assert_eq!(Proof::record_name(&name), "_guichet.acme.example");
    assert!(text(&one).starts_with("guichet-domain=") && text(&one) != text(&two));
}

#[tokio::test]
async fn a_domain_is_given_up_once_nothing_needs_it() {
    let (accounts, acme, other) = two().await;
    let name = domain("acme.example");
    accounts.add_domain(acme, &name, None).await.unwrap();
    let support = channel(&accounts, acme, "support@acme.example").await;
    let removal = async |name: &str| accounts.remove_domain(acme, &domain(name)).await;
    let error = removal("acme.example").await.unwrap_err().to_string();
    assert!(error.contains("support@acme.example") && error.contains("first"), "{error}");
    let error = accounts.delete_channel(acme, support.id).await.unwrap_err().to_string();
    assert!(error.contains("switch it off"), "{error}");
    let off = ChannelChange { active: Some(false), ..ChannelChange::default() };
    accounts.change_channel(acme, support.id, off).await.unwrap();
    accounts.delete_channel(acme, support.id).await.unwrap();
    removal("acme.example").await.unwrap();
    assert_eq!(accounts.route("support", "acme.example").unwrap(), Route::ForeignDomain);
    accounts.add_domain(other, &name, None).await.unwrap();
    let error = removal("acme.desk.example").await.unwrap_err().to_string();
    assert!(error.contains("support@acme.desk.example"), "{error}");
    assert!(matches!(removal("other.desk.example").await, Err(Error::NotFound { .. })), "promise 7");
}

#[tokio::test]
async fn a_channel_made_while_its_domain_is_given_up_is_made_or_the_domain_goes() {
    let (accounts, acme, _) = two().await;
    accounts.add_domain(acme, &domain("acme.example"), None).await.unwrap();
    let wanted = NewChannel { address: address("x@acme.example"), name: "x".to_owned(), team: None };
    let name = domain("acme.example");
    let (made, removed) =
        tokio::join!(accounts.create_channel(acme, wanted), accounts.remove_domain(acme, &name));
    assert!(made.is_ok() != removed.is_ok(), "{made:?} {removed:?}");
}

#[tokio::test]
async fn a_channel_that_is_off_takes_and_sends_nothing_and_keeps_its_address() {
    let (accounts, acme, other) = two().await;
    accounts.add_domain(acme, &domain("acme.example"), None).await.unwrap();
    let support = channel(&accounts, acme, "support@acme.example").await;
    let desk = channel(&accounts, acme, "desk@acme.example").await;
    let wanted =
        DomainChange { catch_all: Some(Some(desk.id)), sends: Some(true), ..DomainChange::default() };
    accounts.change_domain(acme, &domain("acme.example"), wanted).await.unwrap();
    let off = ChannelChange { active: Some(false), ..ChannelChange::default() };
    accounts.change_channel(acme, support.id, off).await.unwrap();
    assert_eq!(
        accounts.route("support", "acme.example").unwrap(),
        Route::UnknownAddress,
        "not the catch-all's"
    );
    let error = accounts.sending(acme, support.id).unwrap_err().to_string();
    assert!(error.contains("switched off"), "{error}");
    let again = NewChannel { address: address("support@acme.example"), name: "x".to_owned(), team: None };
    assert!(matches!(accounts.create_channel(acme, again).await, Err(Error::Taken { .. })));
    assert!(
        matches!(accounts.delete_channel(other, support.id).await, Err(Error::NotFound { .. })),
        "promise 7"
    );
    let error = accounts.change_channel(
        acme,
        desk.id,
        ChannelChange { active: Some(false), ..ChannelChange::default() },
    );
    error.await.unwrap();
    let error = accounts.delete_channel(acme, desk.id).await.unwrap_err().to_string();
    assert!(error.contains("unknown addresses"), "{error}");
}

#[tokio::test]
async fn an_alias_that_is_taken_away_is_free_again() {
    let (accounts, acme, _) = two().await;
    let [support] = accounts.channels(acme).unwrap().try_into().unwrap();
    let help = address("help@acme.desk.example");
    accounts.add_alias(acme, support.id, &help).await.unwrap();
    accounts.remove_alias(acme, support.id, &address("HELP@acme.desk.example")).await.unwrap();
    assert_eq!(accounts.route("help", "acme.desk.example").unwrap(), Route::UnknownAddress);
    channel(&accounts, acme, "help@acme.desk.example").await;
    assert!(matches!(accounts.remove_alias(acme, support.id, &help).await, Err(Error::NotFound { .. })));
}

#[tokio::test]
async fn the_channel_of_the_servers_postmaster_stays() {
    let (accounts, acme, _) = two().await;
    let [support] = accounts.channels(acme).unwrap().try_into().unwrap();
    assert_eq!(accounts.route_postmaster().unwrap(), to(&support, acme, None));
    let off = ChannelChange { active: Some(false), ..ChannelChange::default() };
    accounts.change_channel(acme, support.id, off).await.unwrap();
    let error = accounts.delete_channel(acme, support.id).await.unwrap_err().to_string();
    assert!(error.contains("postmaster"), "{error}");
}

#[tokio::test]
async fn promise_7_nothing_is_an_alias_of_a_domain_that_is_not_proven() {
    let (accounts, acme, other) = two().await;
    let (name, alias) = (domain("acme.example"), domain("brand.example"));
    accounts.begin_domain(acme, &name, code(1), NOW).await.unwrap();
    accounts.begin_domain(other, &name, code(2), NOW).await.unwrap();
    accounts.prove_domain(other, &name, NOW).await.unwrap();
    channel(&accounts, other, "support@acme.example").await;
    let error = accounts.add_domain(acme, &alias, Some(&name)).await.unwrap_err();
    assert!(error.to_string().contains("_guichet.acme.example"), "{error}");
    assert_eq!(accounts.route("support", "brand.example").unwrap(), Route::ForeignDomain);
}

#[tokio::test]
async fn of_the_domains_that_always_work_two_at_once_do_not_take_the_last() {
    let accounts = server();
    let id = accounts.create_organisation("acme", "Acme").await.unwrap().id;
    let (one, other) = (domain("a.desk.example"), domain("b.desk.example"));
    for name in [&one, &other] {
        accounts.add_domain(id, name, None).await.unwrap();
    }
    let (first, second) = tokio::join!(accounts.remove_domain(id, &one), accounts.remove_domain(id, &other));
    assert!(first.is_ok() != second.is_ok(), "{first:?} {second:?}");
}

#[tokio::test]
async fn a_channel_given_a_task_while_it_is_deleted_has_it_or_is_gone() {
    for is_first in [true, false] {
        let (accounts, acme, _) = two().await;
        let name = domain("acme.desk.example");
        let desk = channel(&accounts, acme, "desk@acme.desk.example").await;
        let off = ChannelChange { active: Some(false), ..ChannelChange::default() };
        accounts.change_channel(acme, desk.id, off).await.unwrap();
        let all = DomainChange { catch_all: Some(Some(desk.id)), ..DomainChange::default() };
        let given = async { accounts.change_domain(acme, &name, all).await.is_ok() };
        let deleted = async { accounts.delete_channel(acme, desk.id).await.is_ok() };
        let (given, deleted) = if is_first {
            tokio::join!(given, deleted)
        } else {
            let (deleted, given) = tokio::join!(deleted, given);
            (given, deleted)
        };
        assert!(given != deleted, "{given} {deleted}");
        assert_eq!(accounts.route("nobody", "acme.desk.example").unwrap(), Route::UnknownAddress);
    }
}

#[tokio::test]
async fn the_postmasters_channel_is_not_deleted_while_it_becomes_that() {
    for is_first in [true, false] {
        let (accounts, acme, _) = two().await;
        let desk = channel(&accounts, acme, "desk@acme.desk.example").await;
        let off = ChannelChange { active: Some(false), ..ChannelChange::default() };
        accounts.change_channel(acme, desk.id, off).await.unwrap();
        let set = async { accounts.set_postmaster(acme, desk.id).await.is_ok() };
        let deleted = async { accounts.delete_channel(acme, desk.id).await.is_ok() };
        let (set, deleted) = if is_first {
            tokio::join!(set, deleted)
        } else {
            let (deleted, set) = tokio::join!(deleted, set);
            (set, deleted)
        };
        assert!(set != deleted, "{set} {deleted}");
    }
}

#[tokio::test]
async fn promise_9_an_organisation_has_only_so_many_domains() {
    let (accounts, acme, _) = two().await;
    let mut refused = None;
    for number in 0..1_000 {
        let name = domain(&format!("d{number}.example"));
        if let Err(error) = accounts.begin_domain(acme, &name, code(1), NOW).await {
            refused = Some(error.to_string());
            break;
        }
        accounts.prove_domain(acme, &name, NOW).await.unwrap();
    }
    let refused = refused.expect("there is a bound");
    assert!(refused.contains("remove one first"), "{refused}");
}
