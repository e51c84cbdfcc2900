//! DKIM keys change without a mail that can't be verified.

use jiff::{SignedDuration, Timestamp};

use super::*;
use crate::{DkimAlgorithm, DkimScope, DkimState, NewDkimKey, RETIRING_DAYS, SecretBytes};

const NOW: Timestamp = Timestamp::UNIX_EPOCH;

fn days(n: i64) -> Timestamp {
    NOW + SignedDuration::from_hours(24 * n)
}

fn key(selector: &str, private: &str) -> NewDkimKey {
    NewDkimKey {
        selector: selector.to_owned(),
        algorithm: DkimAlgorithm::Ed25519Sha256,
        pkcs8: SecretBytes::from(private.as_bytes().to_vec()),
        record: format!("v=DKIM1; k=ed25519; p={selector}"),
    }
}

/// A domain whose first key signs.
async fn signing() -> (Accounts, OrganisationId, DkimScope) {
    let (accounts, id) = with_domain().await;
    let scope = DkimScope::Domain(id, domain("acme.example"));
    accounts.put_dkim_keys(&scope, vec![key("guichet-rsa-1", "the first key")]).await.unwrap();
    (accounts, id, scope)
}

fn signs(accounts: &Accounts, id: OrganisationId) -> Vec<String> {
    let keys = accounts.dkim_keys(id, &domain("acme.example")).unwrap();
    keys.into_iter().map(|key| key.selector).collect()
}

fn states(accounts: &Accounts, id: OrganisationId) -> Vec<(String, DkimState)> {
    let records = accounts.dkim_records(id, &domain("acme.example")).unwrap();
    records.into_iter().map(|record| (record.selector, record.state)).collect()
}

#[tokio::test]
async fn a_new_key_signs_once_it_is_seen_and_the_old_one_stays_until_its_mail_is_through() {
    let (accounts, id, scope) = signing().await;
    let (old, new) = ("guichet-rsa-1".to_owned(), "guichet-rsa-2".to_owned());
    assert_eq!(accounts.next_dkim_number(&scope).unwrap(), 2);
    accounts.rotate_dkim(&scope, vec![key(&new, "the second key")], NOW).await.unwrap();
    assert_eq!(signs(&accounts, id), std::slice::from_ref(&old));
    assert_eq!(states(&accounts, id), [(old.clone(), DkimState::Signing), (new.clone(), DkimState::Pending)]);
    accounts.promote_dkim(&scope, days(1)).await.unwrap();
    assert_eq!(signs(&accounts, id), std::slice::from_ref(&new));
    assert_eq!(
        states(&accounts, id),
        [(old.clone(), DkimState::Retiring), (new.clone(), DkimState::Signing)]
    );
    accounts.retire_dkim(&scope, days(RETIRING_DAYS)).await.unwrap();
    assert_eq!(states(&accounts, id)[0].1, DkimState::Retiring, "not a day too early");
    accounts.retire_dkim(&scope, days(RETIRING_DAYS + 1)).await.unwrap();
    assert_eq!(states(&accounts, id)[0].1, DkimState::Retired);
    assert!(!DkimState::Retired.is_to_be_published());
    let row = crate::keys::dkim_key(&domain("acme.example"), &old);
    let left = accounts.store.of(id).snapshot().unwrap().peek(&row).unwrap().unwrap();
    let kept: crate::dkim::StoredKey = crate::stored::decode("key", &left).unwrap();
    assert!(kept.sealed.is_empty(), "its private part is gone");
    accounts.forget_dkim(&scope, &old).await.unwrap();
    assert_eq!(states(&accounts, id), [(new, DkimState::Signing)]);
    assert_eq!(accounts.next_dkim_number(&scope).unwrap(), 3, "no number comes again");
}

#[tokio::test]
async fn said_again_each_step_changes_nothing() {
    let (accounts, id, scope) = signing().await;
    let before = states(&accounts, id);
    accounts.promote_dkim(&scope, NOW).await.unwrap();
    accounts.retire_dkim(&scope, days(1_000)).await.unwrap();
    assert_eq!(states(&accounts, id), before, "without new keys the old ones sign on");
    accounts.rotate_dkim(&scope, vec![key("guichet-rsa-2", "x")], NOW).await.unwrap();
    let (one, other) =
        tokio::join!(accounts.promote_dkim(&scope, days(1)), accounts.promote_dkim(&scope, days(2)));
    one.unwrap();
    other.unwrap();
    assert_eq!(signs(&accounts, id), ["guichet-rsa-2"]);
    let error = accounts.forget_dkim(&scope, "guichet-rsa-2").await.unwrap_err().to_string();
    assert!(error.contains("signing"), "{error}");
    accounts.forget_dkim(&scope, "none").await.unwrap();
}

#[tokio::test]
async fn one_change_of_keys_ends_before_the_next_begins() {
    let (accounts, id, scope) = signing().await;
    let (one, other) = tokio::join!(
        accounts.rotate_dkim(&scope, vec![key("guichet-rsa-2", "x")], NOW),
        accounts.rotate_dkim(&scope, vec![key("guichet-rsa-3", "y")], NOW),
    );
    assert!(one.is_ok() != other.is_ok(), "{one:?} {other:?}");
    accounts.promote_dkim(&scope, NOW).await.unwrap();
    let error =
        accounts.rotate_dkim(&scope, vec![key("guichet-rsa-4", "z")], NOW).await.unwrap_err().to_string();
    assert!(error.contains("on its way"), "{error}");
    accounts.retire_dkim(&scope, days(8)).await.unwrap();
    accounts.rotate_dkim(&scope, vec![key("guichet-rsa-4", "z")], days(8)).await.unwrap();
    assert_eq!(states(&accounts, id).len(), 2, "what was retired is forgotten");
    assert_eq!(signs(&accounts, id).len(), 1);
}

#[tokio::test]
async fn the_base_domains_keys_change_alike() {
    let accounts = server();
    accounts.put_dkim_keys(&DkimScope::Base, vec![key("guichet-rsa-1", "x")]).await.unwrap();
    accounts.rotate_dkim(&DkimScope::Base, vec![key("guichet-rsa-2", "y")], NOW).await.unwrap();
    accounts.promote_dkim(&DkimScope::Base, NOW).await.unwrap();
    let states: Vec<_> = accounts.base_dkim_records().unwrap().iter().map(|record| record.state).collect();
    assert_eq!(states, [DkimState::Retiring, DkimState::Signing]);
}

#[tokio::test]
async fn promise_7_nobody_changes_the_keys_of_another() {
    let (accounts, _, _) = signing().await;
    let other = accounts.create_organisation("other", "Other").await.unwrap().id;
    let scope = DkimScope::Domain(other, domain("acme.example"));
    let rotated = accounts.rotate_dkim(&scope, vec![key("guichet-rsa-2", "x")], NOW).await;
    assert!(matches!(rotated, Err(Error::NotFound { .. })));
    assert!(matches!(accounts.promote_dkim(&scope, NOW).await, Err(Error::NotFound { .. })));
}

#[tokio::test]
async fn a_domain_given_up_and_added_again_never_uses_a_selector_twice() {
    let (accounts, id, scope) = signing().await;
    let name = domain("acme.example");
    accounts.rotate_dkim(&scope, vec![key("guichet-rsa-2", "x")], NOW).await.unwrap();
    accounts.promote_dkim(&scope, NOW).await.unwrap();
    accounts.remove_domain(id, &name).await.unwrap();
    for selector in ["guichet-rsa-1", "guichet-rsa-2"] {
        let row = crate::keys::dkim_key(&name, selector);
        let left = accounts.store.of(id).snapshot().unwrap().peek(&row).unwrap().unwrap();
        let left: crate::dkim::StoredKey = crate::stored::decode("DKIM key", &left).unwrap();
        assert!(left.sealed.is_empty(), "its private part is deleted");
    }
    accounts.add_domain(id, &name, None).await.unwrap();
    assert!(signs(&accounts, id).is_empty(), "a key that ended does not come back");
    assert_eq!(accounts.next_dkim_number(&scope).unwrap(), 3);
    accounts.put_dkim_keys(&scope, vec![key("guichet-rsa-3", "x")]).await.unwrap();
    assert_eq!(signs(&accounts, id), ["guichet-rsa-3"]);
    let kept = states(&accounts, id);
    assert_eq!(kept, [("guichet-rsa-3".to_owned(), DkimState::Signing)], "they do not add up");
}

#[tokio::test]
async fn keys_that_ended_do_not_stand_before_those_of_the_domain_above() {
    let (accounts, id, _) = signing().await;
    let below = domain("help.acme.example");
    accounts.add_domain(id, &below, None).await.unwrap();
    let scope = DkimScope::Domain(id, below.clone());
    accounts.put_dkim_keys(&scope, vec![key("guichet-rsa-1", "x")]).await.unwrap();
    accounts.remove_domain(id, &below).await.unwrap();
    accounts.add_domain(id, &below, None).await.unwrap();
    let [signing] = accounts.dkim_keys(id, &below).unwrap().try_into().unwrap();
    assert_eq!(signing.domain, domain("acme.example"));
}

#[tokio::test]
async fn a_domain_whose_keys_sign_for_one_below_it_stays() {
    let (accounts, id, _) = signing().await;
    let (above, below) = (domain("acme.example"), domain("help.acme.example"));
    accounts.add_domain(id, &below, None).await.unwrap();
    let error = accounts.remove_domain(id, &above).await.unwrap_err().to_string();
    assert!(error.contains("`help.acme.example` signs with the DKIM keys of `acme.example`"), "{error}");
    accounts.remove_domain(id, &below).await.unwrap();
    accounts.remove_domain(id, &above).await.unwrap();
}

#[tokio::test]
async fn keys_that_come_while_their_domain_is_given_up_do_not_outlive_it() {
    for is_first in [true, false] {
        let (accounts, id) = with_domain().await;
        let name = domain("acme.example");
        let scope = DkimScope::Domain(id, name.clone());
        let put = accounts.put_dkim_keys(&scope, vec![key("guichet-rsa-1", "x")]);
        let removal = accounts.remove_domain(id, &name);
        if is_first {
            let _ = tokio::join!(put, removal);
        } else {
            let _ = tokio::join!(removal, put);
        }
        accounts.add_domain(id, &name, None).await.unwrap();
        assert!(signs(&accounts, id).is_empty(), "{is_first}");
    }
}
