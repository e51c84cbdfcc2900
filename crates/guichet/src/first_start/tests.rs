use guichet_accounts::{Accounts, Vault};
use guichet_mail::DomainName;
use guichet_store::Store;
use guichet_sys::SystemRandom;
use jiff::Timestamp;

use super::{FirstStart, ensure};
use crate::data_dir::DataDir;

/// A data directory with its accounts.
struct Place {
    _folder: tempfile::TempDir,
    directory: DataDir,
    accounts: Accounts,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let directory = DataDir::check(folder.path()).unwrap();
        Self {
            _folder: folder,
            directory,
            accounts: Accounts::new(
                Store::memory(),
                Vault::new([1; 32]),
                DomainName::parse("desk.localhost").unwrap(),
            ),
        }
    }

    async fn ensure(&self) -> Option<FirstStart> {
        let base_domain = DomainName::parse("desk.localhost").unwrap();
        ensure(&self.directory, &self.accounts, &base_domain, &SystemRandom, Timestamp::UNIX_EPOCH)
            .await
            .unwrap()
    }

    fn assert_complete(&self) {
        let organisations = self.accounts.organisations().unwrap();
        assert_eq!(organisations.len(), 1);
        let demo = organisations[0].id;
        assert_eq!(self.accounts.domains(demo).unwrap().len(), 1);
        assert_eq!(self.accounts.channels(demo).unwrap().len(), 1);
        assert_eq!(self.accounts.people(demo).unwrap().len(), 1);
        assert_eq!(self.accounts.tokens(demo).unwrap().len(), 1);
    }
}

#[tokio::test]
async fn the_first_start_makes_all_that_a_first_mail_needs() {
    let place = Place::new();
    let first = place.ensure().await.unwrap();
    assert_eq!(first.channel.to_string(), "support@demo.desk.localhost");
    let actor = place.accounts.authenticate(&first.token, Timestamp::UNIX_EPOCH).unwrap().unwrap();
    assert_eq!(actor.scopes, guichet_accounts::Role::Admin.scopes(), "what an admin may");
    place.assert_complete();
}

#[tokio::test]
async fn the_second_start_makes_nothing_even_when_the_token_is_gone() {
    let place = Place::new();
    place.ensure().await.unwrap();
    place.directory.close_first_start().unwrap();
    let demo = place.accounts.organisation_named("demo").unwrap().id;
    let token = place.accounts.tokens(demo).unwrap()[0].id;
    place.accounts.revoke_token(demo, token).await.unwrap();
    assert!(place.ensure().await.is_none());
    assert!(place.accounts.tokens(demo).unwrap().is_empty());
}

#[tokio::test]
async fn interrupted_after_any_step_the_next_start_finishes_it() {
    let domain = DomainName::parse("demo.desk.localhost").unwrap();
    for steps in 0..3 {
        let place = Place::new();
        place.directory.open_first_start().unwrap();
        if steps > 0 {
            place.accounts.create_organisation("demo", "Demo").await.unwrap();
        }
        if steps > 1 {
            let demo = place.accounts.organisation_named("demo").unwrap().id;
            place.accounts.add_domain(demo, &domain, None).await.unwrap();
        }
        assert!(place.ensure().await.is_some(), "after {steps} steps");
        place.assert_complete();
    }
}

#[tokio::test]
async fn a_token_that_nobody_saw_opens_nothing() {
    let place = Place::new();
    let unseen = place.ensure().await.unwrap().token;
    let shown = place.ensure().await.unwrap().token;
    assert!(place.accounts.authenticate(&unseen, Timestamp::UNIX_EPOCH).unwrap().is_none());
    assert!(place.accounts.authenticate(&shown, Timestamp::UNIX_EPOCH).unwrap().is_some());
    place.assert_complete();
}

#[tokio::test]
async fn the_operators_own_organisation_is_no_first_start() {
    let place = Place::new();
    place.accounts.ensure_house(Timestamp::UNIX_EPOCH).await.unwrap();
    let first = place.ensure().await.unwrap();
    assert_eq!(first.channel.to_string(), "support@demo.desk.localhost");
}
