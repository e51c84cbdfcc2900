//! The names of teams.

use guichet_store::OrganisationId;

use super::with_domain;
use crate::records::Team;
use crate::{Accounts, Error, TeamId, keys, stored};

fn is_taken(outcome: &Result<Team, Error>) -> bool {
    matches!(outcome, Err(Error::Taken { what: "team", .. }))
}

fn names(accounts: &Accounts, id: OrganisationId) -> Vec<String> {
    accounts.teams(id).unwrap().into_iter().map(|team| team.name).collect()
}

#[tokio::test]
async fn a_team_has_its_name_alone_however_it_is_written() {
    let (accounts, id) = with_domain().await;
    accounts.create_team(id, "Größe").await.unwrap();
    let billing = accounts.create_team(id, "Billing").await.unwrap().id;
    for name in ["Größe", " größe ", "GRÖẞE"] {
        assert!(is_taken(&accounts.create_team(id, name).await), "{name}");
        assert!(is_taken(&accounts.rename_team(id, billing, name).await), "{name}");
    }
    assert_eq!(accounts.rename_team(id, billing, "BILLING").await.unwrap().name, "BILLING");
    let other = accounts.create_organisation("other", "Other").await.unwrap().id;
    accounts.create_team(other, "Billing").await.unwrap();
}

#[tokio::test]
async fn of_two_who_take_a_name_at_once_one_gets_it() {
    for _ in 0..20 {
        let (accounts, id) = with_domain().await;
        let a = accounts.create_team(id, "a").await.unwrap().id;
        let b = accounts.create_team(id, "b").await.unwrap().id;
        let outcomes = tokio::join!(
            accounts.rename_team(id, a, "Tech"),
            accounts.rename_team(id, b, "tech"),
            accounts.create_team(id, "TECH")
        );
        let outcomes = [outcomes.0, outcomes.1, outcomes.2];
        assert_eq!(outcomes.into_iter().flatten().count(), 1);
        let named = names(&accounts, id);
        assert_eq!(named.iter().filter(|name| name.to_lowercase() == "tech").count(), 1, "{named:?}");
    }
}

#[tokio::test]
async fn a_team_of_before_that_shares_its_name_can_get_another() {
    let (accounts, id) = with_domain().await;
    accounts.create_team(id, "Tech").await.unwrap();
    let twin = Team { id: TeamId(99), name: "Tech".to_owned() };
    let mut batch = accounts.store.of(id).batch();
    batch.put(keys::team(twin.id), stored::encode(&twin));
    accounts.store.commit(vec![batch]).await.unwrap();
    accounts.rename_team(id, twin.id, "Night").await.unwrap();
    assert_eq!(names(&accounts, id), ["Tech", "Night"]);
}
