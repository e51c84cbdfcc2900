//! Who did what, as it is read again.

use std::net::IpAddr;

use jiff::SignedDuration;

use super::{address, now, server, with_domain};
use crate::{By, Deed, NewPerson, NewToken, PersonChange, Role, Scopes, Secret, Who};

#[tokio::test]
async fn a_change_on_somebodys_behalf_says_whose_it_was() {
    let (accounts, id) = with_domain().await;
    accounts.create_team(id, "Silent").await.unwrap();
    let from = IpAddr::from([192, 0, 2, 1]);
    let by = By { organisation: Some(id), who: Who::Person(crate::PersonId(7)), from: Some(from), at: now() };
    let accounts = accounts.on_behalf(by);
    accounts.create_team(id, "Loud").await.unwrap();
    let [entry] = accounts.audit(id, None, 10).unwrap().entries.try_into().unwrap();
    assert_eq!((entry.deed, entry.subject.as_str(), entry.at), (Deed::TeamCreated, "Loud", now()));
    assert_eq!((entry.who, entry.organisation, entry.from), (by.who, Some(id), Some(from)));
}

#[tokio::test]
async fn a_change_that_fails_leaves_no_row() {
    let (accounts, id) = with_domain().await;
    let accounts = accounts.on_behalf(By { organisation: None, who: Who::Operator, from: None, at: now() });
    let wanted = NewPerson {
        name: "Op".to_owned(),
        address: address("op@acme.example"),
        role: Role::Operator,
        teams: Vec::new(),
    };
    accounts.add_person(id, wanted).await.unwrap_err();
    assert!(accounts.audit(id, None, 10).unwrap().entries.is_empty());
}

#[tokio::test]
async fn the_log_is_read_newest_first_by_pages_and_forgotten_when_old() {
    let (accounts, id) = with_domain().await;
    for second in 0..7 {
        let at = now() + SignedDuration::from_secs(second);
        let by = By { organisation: None, who: Who::Operator, from: None, at };
        accounts.on_behalf(by).create_team(id, &format!("team {second}")).await.unwrap();
    }
    let (mut seen, mut cursor) = (Vec::new(), None);
    loop {
        let page = accounts.audit(id, cursor.as_deref(), 3).unwrap();
        assert!(!page.entries.is_empty());
        seen.extend(page.entries.into_iter().map(|entry| entry.subject));
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(seen.first().map(String::as_str), Some("team 6"));
    assert_eq!((seen.len(), seen.last().map(String::as_str)), (7, Some("team 0")));
    assert!(!accounts.forget_audit(now() + SignedDuration::from_secs(5)).await.unwrap());
    assert_eq!(accounts.audit(id, None, 10).unwrap().entries.len(), 2);
    let page = accounts.audit(id, Some(b"a cursor that somebody made up"), 10).unwrap();
    assert!(page.entries.len() <= 2);
}

#[tokio::test]
async fn what_concerns_the_whole_server_is_read_in_the_house_alone() {
    let accounts = server();
    let by = By { organisation: None, who: Who::Operator, from: None, at: now() };
    let house = accounts.ensure_house(now()).await.unwrap();
    let accounts = accounts.on_behalf(by);
    let acme = accounts.create_organisation("acme", "Acme").await.unwrap().id;
    accounts.create_team(acme, "Billing").await.unwrap();
    accounts.create_team(house, "Night").await.unwrap();
    let subjects = |id| {
        let entries = accounts.audit(id, None, 10).unwrap().entries;
        let mut subjects: Vec<String> = entries.into_iter().map(|entry| entry.subject).collect();
        subjects.sort();
        subjects
    };
    assert_eq!(subjects(house), ["Night", "acme"]);
    assert_eq!(subjects(acme), ["Billing"]);
}

#[test]
fn every_deed_has_a_word_and_a_number_of_its_own() {
    let mut words: Vec<&str> = Deed::ALL.iter().map(|deed| deed.as_str()).collect();
    words.sort_unstable();
    words.dedup();
    assert_eq!(words.len(), Deed::ALL.len());
    for (number, deed) in (0..).zip(Deed::ALL) {
        let bytes = crate::stored::encode(deed);
        assert_eq!(minicbor::decode::<u32>(&bytes).unwrap(), number, "{deed}");
    }
}

#[tokio::test]
async fn what_became_of_a_person_stands_in_the_log() {
    let (accounts, id) = with_domain().await;
    let by = By { organisation: None, who: Who::Operator, from: None, at: now() };
    let accounts = accounts.on_behalf(by);
    let team = accounts.create_team(id, "Billing").await.unwrap().id;
    let wanted = NewPerson {
        name: "Ana".to_owned(),
        address: address("ana@acme.example"),
        role: Role::Agent,
        teams: Vec::new(),
    };
    let ana = accounts.add_person(id, wanted).await.unwrap().id;
    let latest = async |change: PersonChange, second: i64| {
        let at = now() + SignedDuration::from_secs(second);
        accounts.on_behalf(By { at, ..by }).change_person(id, ana, change).await.unwrap();
        accounts.audit(id, None, 1).unwrap().entries[0].subject.clone()
    };
    let everything =
        PersonChange { name: Some("Anna".to_owned()), role: Some(Role::Admin), teams: Some(vec![team]) };
    assert_eq!(
        latest(everything.clone(), 1).await,
        format!("ana@acme.example: name Anna, role admin, teams {team}")
    );
    assert_eq!(latest(everything, 2).await, "ana@acme.example");
    let none = PersonChange { teams: Some(Vec::new()), ..PersonChange::default() };
    assert_eq!(latest(none, 3).await, "ana@acme.example: teams none");
    let secret = Secret::from_random([7; 32]);
    let token = NewToken { person: ana, name: "import".to_owned(), scopes: Scopes::all() };
    let token = accounts.create_token(id, token, &secret).await.unwrap().id;
    let at = now() + SignedDuration::from_secs(9);
    accounts.on_behalf(By { at, ..by }).revoke_token(id, token).await.unwrap();
    assert_eq!(accounts.audit(id, None, 1).unwrap().entries[0].subject, "import, of ana@acme.example");
}
