//! A data directory that is stolen without its master key, and the change of that key.

use guichet_store::{Direction, Key, OrganisationId, Store};
use guichet_sys::SystemRandom;

use super::entering::{ADA, PASSWORD, from, log_in, with};
use super::{address, assert_nowhere, domain, now, over};
use crate::sealed::SealedKind;
use crate::{
    Accounts, DkimAlgorithm, DkimScope, Error, NewDkimKey, NewPerson, NewToken, PersonId, Role, Scopes,
    Secret, SecretBytes, Vault,
};

/// Everything that somebody who steals the data would like to have.
struct Loot {
    id: OrganisationId,
    ada: PersonId,
    secrets: Vec<Vec<u8>>,
}

/// A store with secrets of every kind, sealed with the key of this octet.
async fn filled(store: &Store, master: u8) -> Loot {
    let accounts = over(store.clone(), master);
    let id = accounts.create_organisation("acme", "Acme Ltd").await.unwrap().id;
    accounts.add_domain(id, &domain("acme.example"), None).await.unwrap();
    accounts.ensure_token_key([5; 32]).await.unwrap();
    for scope in [DkimScope::Base, DkimScope::Domain(id, domain("acme.example"))] {
        accounts.put_dkim_keys(&scope, vec![dkim_key()]).await.unwrap();
    }
    let wanted =
        NewPerson { name: "Ada".to_owned(), address: address(ADA), role: Role::Admin, teams: Vec::new() };
    let invitation = accounts.invite(id, wanted, now(), &SystemRandom).await.unwrap();
    let redeemed =
        accounts.redeem_invitation(&invitation.secret, None, PASSWORD, from(1), now(), &SystemRandom).await;
    let ada = redeemed.unwrap().person.id;
    let setup = accounts.begin_totp(id, ada, PASSWORD, now(), &SystemRandom).await.unwrap();
    let totp = data_encoding::BASE32_NOPAD.decode(setup.secret.as_bytes()).unwrap();
    let entered = log_in(&accounts, with(PASSWORD)).await.unwrap();
    let token = Secret::random(&SystemRandom);
    let wanted = NewToken { person: ada, name: "x".to_owned(), scopes: Scopes::all() };
    accounts.create_token(id, wanted, &token).await.unwrap();
    let reset = accounts.reset_access(id, ada, false, now(), &SystemRandom).await.unwrap();
    let code = crate::credentials::code_at(&totp, now().as_second().cast_unsigned() / 30);
    let codes = accounts.confirm_totp(id, ada, &code, now(), &SystemRandom).await.unwrap();
    let hash = accounts.credentials(id, ada).unwrap().password.unwrap();

    let mut secrets = vec![PASSWORD.as_bytes().to_vec(), setup.secret.into_bytes(), totp, vec![5; 32]];
    secrets.push(b"the private part of a DKIM key".to_vec());
    secrets.push(hash.output().to_vec());
    for secret in [&invitation.secret, &entered.session, &entered.device, &token, &reset.secret] {
        let text = secret.reveal().trim_start_matches("guichet_");
        let octets = data_encoding::BASE32_NOPAD.decode(text.to_uppercase().as_bytes()).unwrap();
        secrets.extend([secret.reveal().as_bytes().to_vec(), octets]);
    }
    for code in codes.0 {
        secrets.extend([code.replace('-', "").into_bytes(), code.into_bytes()]);
    }
    Loot { id, ada, secrets }
}

fn dkim_key() -> NewDkimKey {
    NewDkimKey {
        selector: "s1".to_owned(),
        algorithm: DkimAlgorithm::Ed25519Sha256,
        pkcs8: SecretBytes::from(b"the private part of a DKIM key".to_vec()),
        record: "v=DKIM1; k=ed25519; p=AAAA".to_owned(),
    }
}

/// Whether each kind opens with the key of this octet.
fn opens(store: &Store, master: u8, loot: &Loot) -> [Result<(), Error>; 4] {
    let accounts = over(store.clone(), master);
    // Signs with the server's key.
    let other = domain("acme.desk.example");
    [
        accounts.token_key().map(|key| assert_eq!(key, [5; 32])),
        accounts.dkim_keys(loot.id, &domain("acme.example")).map(|keys| assert_eq!(keys.len(), 1)),
        accounts.dkim_keys(loot.id, &other).map(|keys| assert_eq!(keys.len(), 1)),
        accounts.credentials(loot.id, loot.ada).map(|kept| assert!(kept.totp.is_some())),
    ]
}

/// All rows of the server and of one organisation.
fn rows(store: &Store, id: OrganisationId) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut rows = Vec::new();
    for space in [store.operator(), store.of(id)] {
        let snapshot = space.snapshot().unwrap();
        for kind in 1..=u8::MAX {
            let scan = snapshot.scan(&Key::new(kind), Direction::Forward, None).unwrap();
            rows.extend(scan.map(Result::unwrap));
        }
    }
    rows
}

#[tokio::test]
async fn promise_7_no_secret_stands_in_the_store() {
    let store = Store::memory();
    let loot = filled(&store, 1).await;
    let accounts = over(store, 1);
    for secret in &loot.secrets {
        assert_nowhere(&accounts, loot.id, secret);
    }
}

/// On a disk, where freed pages and the journal keep what was overwritten.
#[tokio::test]
async fn promise_7_no_secret_stands_in_any_file_of_the_data_directory() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path(), &guichet_store::Options::default()).unwrap();
    let loot = filled(&store, 1).await;
    store.close().await;
    drop(store);
    let mut files = vec![folder.path().to_owned()];
    let mut read = 0;
    while let Some(path) = files.pop() {
        if path.is_dir() {
            files.extend(std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
            continue;
        }
        let octets = std::fs::read(&path).unwrap();
        read += octets.len();
        for secret in &loot.secrets {
            let found = octets.windows(secret.len()).any(|window| window == secret.as_slice());
            assert!(!found, "{}", path.display());
        }
    }
    assert!(read > 0);
}

/// Whoever has the data alone has no hash to try passwords on.
#[tokio::test]
async fn promise_7_without_the_master_key_nothing_opens() {
    let store = Store::memory();
    let loot = filled(&store, 1).await;
    assert!(opens(&store, 1, &loot).iter().all(Result::is_ok));
    for outcome in opens(&store, 2, &loot) {
        assert!(matches!(outcome, Err(Error::Sealed(_))), "{outcome:?}");
    }
}

#[tokio::test]
async fn promise_7_a_change_of_the_key_reaches_everything() {
    let store = Store::memory();
    let loot = filled(&store, 1).await;
    for kind in SealedKind::ALL {
        let of_kind =
            rows(&store, loot.id).iter().filter(|(key, _)| key.first() == Some(&kind.prefix())).count();
        assert!(of_kind > 0, "the store holds no {kind:?}, so this test shows nothing of it");
    }
    let changing = || Accounts::new(store.clone(), Vault::changing([2; 32], [1; 32]), domain("desk.example"));
    assert_eq!(changing().reseal().await.unwrap(), 4);
    assert_eq!(changing().reseal().await.unwrap(), 0, "done again it finds nothing");
    assert!(opens(&store, 2, &loot).iter().all(Result::is_ok));
    for outcome in opens(&store, 1, &loot) {
        assert!(matches!(outcome, Err(Error::Sealed(_))), "{outcome:?}");
    }
    // What they hold is what they held.
    let entered = over(store.clone(), 2).log_in(with(PASSWORD), now(), &SystemRandom).await;
    assert!(matches!(entered, Err(crate::LogInError::CodeRequired)));
}

/// Killed in the middle: some rows are sealed with the new key, some with the old one.
#[tokio::test]
async fn a_change_that_stopped_in_the_middle_goes_on() {
    let store = Store::memory();
    let loot = filled(&store, 1).await;
    let changing = Accounts::new(store.clone(), Vault::changing([2; 32], [1; 32]), domain("desk.example"));
    // One row was done: the first log-in meanwhile sealed Ada's record anew.
    let removed = changing.change_credentials(loot.id, loot.ada, None, |_, kept| {
        kept.devices.clear();
        Ok(())
    });
    removed.await.unwrap();
    assert!(opens(&store, 1, &loot)[0].is_ok() && opens(&store, 1, &loot)[3].is_err());
    assert!(opens(&store, 2, &loot)[0].is_err() && opens(&store, 2, &loot)[3].is_ok());
    assert_eq!(changing.reseal().await.unwrap(), 3);
    assert!(opens(&store, 2, &loot).iter().all(Result::is_ok));
}

/// The desk's messages in an organisation's space begin with the letter that the key of tokens has in the operator's.
#[tokio::test]
async fn a_change_of_the_key_leaves_alone_what_others_keep_under_the_same_letter() {
    let store = Store::memory();
    let loot = filled(&store, 1).await;
    let theirs = Key::new(SealedKind::TokenKey.prefix()).number(7);
    let mut batch = store.of(loot.id).batch();
    batch.put(theirs.clone(), b"a message".to_vec());
    store.commit(vec![batch]).await.unwrap();
    let changing = Accounts::new(store.clone(), Vault::changing([2; 32], [1; 32]), domain("desk.example"));
    assert_eq!(changing.reseal().await.unwrap(), 4);
    let kept = store.of(loot.id).snapshot().unwrap().peek(&theirs).unwrap();
    assert_eq!(kept.as_deref(), Some(&b"a message"[..]));
}

#[tokio::test]
async fn a_key_that_fits_nothing_changes_nothing() {
    let store = Store::memory();
    let loot = filled(&store, 1).await;
    let before = rows(&store, loot.id);
    let wrong = Accounts::new(store.clone(), Vault::changing([2; 32], [3; 32]), domain("desk.example"));
    assert!(matches!(wrong.reseal().await, Err(Error::Sealed(_))));
    assert_eq!(rows(&store, loot.id), before);
}
