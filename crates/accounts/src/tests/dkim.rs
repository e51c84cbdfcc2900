//! Who signs with which keys, and that nobody else gets them.

use super::*;
use crate::{DkimAlgorithm, DkimScope, NewDkimKey, SecretBytes};

/// A key that is its own name.
fn key(selector: &str, private: &str) -> NewDkimKey {
    NewDkimKey {
        selector: selector.to_owned(),
        algorithm: DkimAlgorithm::Ed25519Sha256,
        pkcs8: SecretBytes::from(private.as_bytes().to_vec()),
        record: format!("v=DKIM1; k=ed25519; p={selector}"),
    }
}

fn of(id: OrganisationId, name: &str) -> DkimScope {
    DkimScope::Domain(id, domain(name))
}

/// The domain and the private part of each key that signs for `from`.
fn keys(accounts: &Accounts, id: OrganisationId, from: &str) -> Vec<(String, String)> {
    let text = |bytes: &SecretBytes| String::from_utf8(bytes.as_slice().to_vec()).unwrap();
    let keys = accounts.dkim_keys(id, &domain(from)).unwrap();
    keys.iter().map(|key| (key.domain.to_string(), text(&key.pkcs8))).collect()
}

fn signs(domain: &str, private: &str) -> Vec<(String, String)> {
    vec![(domain.to_owned(), private.to_owned())]
}

#[tokio::test]
async fn a_domain_signs_with_its_own_keys_or_those_of_the_nearest_above() {
    let (accounts, id) = with_domain().await;
    for name in ["help.acme.example", "a.b.help.acme.example", "acme.desk.example"] {
        accounts.add_domain(id, &domain(name), None).await.unwrap();
    }
    assert_eq!(keys(&accounts, id, "acme.example"), []);
    accounts.put_dkim_keys(&DkimScope::Base, vec![key("b", "base")]).await.unwrap();
    accounts.put_dkim_keys(&of(id, "acme.example"), vec![key("s", "acme")]).await.unwrap();
    assert_eq!(keys(&accounts, id, "a.b.help.acme.example"), signs("acme.example", "acme"));
    accounts.put_dkim_keys(&of(id, "help.acme.example"), vec![key("s", "help")]).await.unwrap();
    assert_eq!(keys(&accounts, id, "a.b.help.acme.example"), signs("help.acme.example", "help"));
    assert_eq!(keys(&accounts, id, "acme.example"), signs("acme.example", "acme"));
    for base in ["acme.desk.example", "desk.example"] {
        assert_eq!(keys(&accounts, id, base), signs("desk.example", "base"), "{base}");
    }
    assert_eq!(keys(&accounts, id, "notdesk.example"), []);
}

#[tokio::test]
async fn the_records_to_publish_are_those_of_the_keys_that_sign() {
    let (accounts, id) = with_domain().await;
    accounts.put_dkim_keys(&DkimScope::Base, vec![key("b", "base")]).await.unwrap();
    accounts.put_dkim_keys(&of(id, "acme.example"), vec![key("s1", "x"), key("s2", "y")]).await.unwrap();
    let records = accounts.dkim_records(id, &domain("acme.example")).unwrap();
    let shown: Vec<_> = records.iter().map(|record| (record.name(), record.text.as_str())).collect();
    assert_eq!(
        shown,
        [
            ("s1._domainkey.acme.example".to_owned(), "v=DKIM1; k=ed25519; p=s1"),
            ("s2._domainkey.acme.example".to_owned(), "v=DKIM1; k=ed25519; p=s2"),
        ]
    );
    let base = accounts.base_dkim_records().unwrap();
    assert_eq!(base, accounts.dkim_records(id, &domain("acme.desk.example")).unwrap());
    assert_eq!(base[0].name(), "b._domainkey.desk.example");
}

#[tokio::test]
async fn a_selector_names_one_key_for_ever() {
    let (accounts, id) = with_domain().await;
    let scope = of(id, "acme.example");
    accounts.put_dkim_keys(&scope, vec![key("s", "first")]).await.unwrap();
    for again in [vec![key("t", "other"), key("s", "second")], vec![key("u", "one"), key("u", "two")]] {
        let refused = accounts.put_dkim_keys(&scope, again).await;
        assert!(matches!(refused, Err(Error::Taken { what: "selector", .. })), "{refused:?}");
    }
    assert_eq!(keys(&accounts, id, "acme.example"), signs("acme.example", "first"));
    let (one, other) = tokio::join!(
        accounts.put_dkim_keys(&scope, vec![key("v", "one")]),
        accounts.put_dkim_keys(&scope, vec![key("v", "other")]),
    );
    assert!(one.is_ok() != other.is_ok(), "{one:?} {other:?}");
}

#[tokio::test]
async fn what_is_no_key_is_refused_with_a_sentence() {
    let (accounts, id) = with_domain().await;
    let scope = of(id, "acme.example");
    for selector in ["", "S", "a b", "a;b", "-a", "ä"] {
        let error = accounts.put_dkim_keys(&scope, vec![key(selector, "x")]).await.unwrap_err();
        assert!(matches!(&error, Error::Invalid(text) if text.contains("selector")), "{selector}: {error}");
    }
    let record = NewDkimKey { record: "v=DKIM1;\np=x".to_owned(), ..key("s", "x") };
    assert!(matches!(accounts.put_dkim_keys(&scope, vec![record]).await, Err(Error::Invalid(_))));
    let many = ["a", "b", "c", "d", "e"].map(|selector| key(selector, "x")).to_vec();
    assert!(matches!(accounts.put_dkim_keys(&scope, many).await, Err(Error::Invalid(_))));
    let elsewhere = accounts.put_dkim_keys(&of(id, "other.example"), vec![key("s", "x")]).await;
    assert!(matches!(elsewhere, Err(Error::NotFound { .. })));
    accounts.add_domain(id, &domain("desk.example"), None).await.unwrap();
    let base = accounts.put_dkim_keys(&of(id, "desk.example"), vec![key("s", "x")]).await.unwrap_err();
    assert!(base.to_string().contains("the server's own keys"), "{base}");
}

#[tokio::test]
async fn promise_7_one_organisation_never_signs_with_anothers_keys() {
    let (accounts, acme) = with_domain().await;
    let other = accounts.create_organisation("other", "Other").await.unwrap().id;
    accounts.add_domain(other, &domain("sub.acme.example"), None).await.unwrap();
    accounts.put_dkim_keys(&of(acme, "acme.example"), vec![key("s", "acme")]).await.unwrap();
    for from in ["acme.example", "sub.acme.example"] {
        assert_eq!(keys(&accounts, other, from), [], "{from}");
        assert_eq!(accounts.dkim_records(other, &domain(from)).unwrap(), []);
    }
    let stolen = accounts.put_dkim_keys(&of(other, "acme.example"), vec![key("t", "x")]).await;
    assert!(matches!(stolen, Err(Error::NotFound { .. })));
    // Nor by moving its row: what is sealed for one place opens in no other.
    let row = crate::keys::dkim_key(&domain("acme.example"), "s");
    let sealed = accounts.store.of(acme).snapshot().unwrap().peek(&row).unwrap().unwrap();
    let mut batch = accounts.store.of(other).batch();
    batch.put(row, sealed);
    accounts.store.commit(vec![batch]).await.unwrap();
    let opened = accounts.dkim_keys(other, &domain("acme.example"));
    assert!(matches!(opened, Err(Error::Sealed(_))), "{opened:?}");
}

#[tokio::test]
async fn promise_7_what_is_stored_gives_no_key_without_the_master_key() {
    let store = Store::memory();
    let accounts = over(store.clone(), 1);
    let id = accounts.create_organisation("acme", "Acme Ltd").await.unwrap().id;
    accounts.add_domain(id, &domain("acme.example"), None).await.unwrap();
    accounts.ensure_token_key([0xa5; 32]).await.unwrap();
    accounts.put_dkim_keys(&DkimScope::Base, vec![key("b", "the base key")]).await.unwrap();
    accounts.put_dkim_keys(&of(id, "acme.example"), vec![key("s", "the key of acme")]).await.unwrap();
    for secret in [&[0xa5; 32][..], b"the base key", b"the key of acme"] {
        assert_nowhere(&accounts, id, secret);
    }
    let thief = over(store, 2);
    let error = thief.dkim_keys(id, &domain("acme.example")).unwrap_err();
    assert!(error.to_string().contains("master key"), "{error}");
    assert!(matches!(thief.dkim_keys(id, &domain("desk.example")), Err(Error::Sealed(_))));
    assert!(matches!(thief.token_key(), Err(Error::Sealed(_))));
    let shown = format!("{:?}", accounts.dkim_keys(id, &domain("acme.example")).unwrap());
    assert!(shown.contains("SecretBytes") && !shown.contains("the key"), "{shown}");
}
