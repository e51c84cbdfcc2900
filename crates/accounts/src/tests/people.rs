//! Who may enter, with which role, in which teams.

use guichet_store::OrganisationId;
use guichet_sys::SystemRandom;

use super::{address, now, server, with_domain};
use crate::{
    Accounts, By, ChannelChange, Error, NewChannel, NewPerson, NewToken, PersonChange, PersonId,
    PersonStatus, Role, Scope, Scopes, Secret, Sight, TeamId, Who,
};

async fn person(accounts: &Accounts, id: OrganisationId, at: &str, role: Role) -> PersonId {
    let wanted = NewPerson { name: "Ana".to_owned(), address: address(at), role, teams: Vec::new() };
    accounts.add_person(id, wanted).await.unwrap().id
}

fn role(role: Role) -> PersonChange {
    PersonChange { role: Some(role), ..PersonChange::default() }
}

#[test]
fn each_role_may_what_its_work_needs() {
    let of = |role: Role| role.scopes().iter().map(Scope::as_str).collect::<Vec<_>>().join(" ");
    assert_eq!(
        of(Role::Agent),
        "tickets:read tickets:write contacts:read settings:read events:read messages:send deliveries:read \
         deliveries:write contacts:write"
    );
    let operators: Scopes = [Scope::OperatorRead, Scope::OperatorWrite].into_iter().collect();
    assert_eq!(Role::Admin.scopes().iter().count() + 2, Scope::ALL.len());
    assert!(Role::Admin.scopes().and(operators).iter().next().is_none());
    assert_eq!(Role::Operator.scopes(), Scopes::all());
}

#[tokio::test]
async fn a_token_may_what_its_person_may_now() {
    let (accounts, id) = with_domain().await;
    person(&accounts, id, "eve@acme.example", Role::Admin).await;
    let ana = person(&accounts, id, "ana@acme.example", Role::Admin).await;
    let secret = Secret::from_random([7; 32]);
    let wanted = NewToken { person: ana, name: "x".to_owned(), scopes: Scopes::all() };
    accounts.create_token(id, wanted, &secret).await.unwrap();
    let actor = || accounts.authenticate(&secret, now()).unwrap();
    assert!(actor().unwrap().may(Scope::AuditRead) && !actor().unwrap().may(Scope::OperatorRead));
    let team = accounts.create_team(id, "Billing").await.unwrap().id;
    let wanted = PersonChange { teams: Some(vec![team]), ..role(Role::Agent) };
    accounts.change_person(id, ana, wanted).await.unwrap();
    assert!(!actor().unwrap().may(Scope::AuditRead) && actor().unwrap().may(Scope::TicketsRead));
    assert_eq!(actor().unwrap().sight, Sight::Teams(vec![team]));
    accounts.disable_person(id, ana).await.unwrap();
    assert!(actor().is_none() && accounts.tokens(id).unwrap().is_empty());
    accounts.enable_person(id, ana).await.unwrap();
    assert!(actor().is_none(), "a token that was taken back does not come back");
}

#[tokio::test]
async fn a_token_ends_when_it_said_and_tells_when_it_was_used() {
    let (accounts, id) = with_domain().await;
    let ana = person(&accounts, id, "ana@acme.example", Role::Admin).await;
    let secret = Secret::from_random([7; 32]);
    let expires = now() + jiff::SignedDuration::from_hours(48);
    let wanted = NewToken { person: ana, name: "x".to_owned(), scopes: Scopes::all() };
    let token = accounts.create_token_until(id, wanted, Some(expires), &secret).await.unwrap();
    assert_eq!(accounts.token_used(id, token.id).unwrap(), None);
    accounts.note_token_use(&secret, now()).await;
    accounts.note_token_use(&secret, now() + jiff::SignedDuration::from_mins(59)).await;
    assert_eq!(accounts.token_used(id, token.id).unwrap(), Some(now()));
    let later = now() + jiff::SignedDuration::from_hours(1);
    accounts.note_token_use(&secret, later).await;
    assert_eq!(accounts.token_used(id, token.id).unwrap(), Some(later));
    assert!(accounts.authenticate(&secret, expires).unwrap().is_none());
    accounts.note_token_use(&secret, expires).await;
    accounts.revoke_token(id, token.id).await.unwrap();
    assert_eq!(accounts.token_used(id, token.id).unwrap(), None);
}

#[tokio::test]
async fn the_last_admin_stays() {
    let (accounts, id) = with_domain().await;
    let ana = person(&accounts, id, "ana@acme.example", Role::Admin).await;
    person(&accounts, id, "joe@acme.example", Role::Agent).await;
    for refused in
        [accounts.change_person(id, ana, role(Role::Agent)).await, accounts.disable_person(id, ana).await]
    {
        let text = refused.unwrap_err().to_string();
        assert!(text.contains("the last admin") && text.contains("make somebody else admin first"), "{text}");
    }
    let eve = person(&accounts, id, "eve@acme.example", Role::Admin).await;
    accounts.disable_person(id, ana).await.unwrap();
    assert!(accounts.disable_person(id, eve).await.is_err());
    accounts.enable_person(id, ana).await.unwrap();
    accounts.change_person(id, eve, role(Role::Agent)).await.unwrap();
}

#[tokio::test]
async fn of_two_admins_who_remove_each_other_at_once_one_stays() {
    for _ in 0..20 {
        let (accounts, id) = with_domain().await;
        let ana = person(&accounts, id, "ana@acme.example", Role::Admin).await;
        let eve = person(&accounts, id, "eve@acme.example", Role::Admin).await;
        let (one, other) = tokio::join!(
            accounts.disable_person(id, ana),
            accounts.change_person(id, eve, role(Role::Agent)),
        );
        assert_eq!(u8::from(one.is_ok()) + u8::from(other.is_ok()), 1);
    }
}

#[tokio::test]
async fn operators_are_people_of_the_house_alone() {
    let accounts = server();
    let house = accounts.ensure_house(now()).await.unwrap();
    let acme = accounts.create_organisation("acme", "Acme").await.unwrap().id;
    let wanted = NewPerson {
        name: "Op".to_owned(),
        address: address("op@desk.example"),
        role: Role::Operator,
        teams: Vec::new(),
    };
    let refused = accounts.add_person(acme, wanted.clone()).await.unwrap_err().to_string();
    assert!(refused.contains("operator's own organisation"), "{refused}");
    let op = accounts.add_person(house, wanted).await.unwrap().id;
    let ana = person(&accounts, acme, "ana@acme.example", Role::Admin).await;
    assert!(accounts.change_person(acme, ana, role(Role::Operator)).await.is_err());
    person(&accounts, house, "admin@desk.example", Role::Admin).await;
    let last = accounts.disable_person(house, op).await.unwrap_err().to_string();
    assert!(last.contains("the last operator"), "{last}");
}

#[tokio::test]
async fn an_admin_of_the_house_never_becomes_an_operator_nor_acts_as_one() {
    let accounts = server();
    let house = accounts.ensure_house(now()).await.unwrap();
    let op = person(&accounts, house, "op@desk.example", Role::Operator).await;
    let admin = person(&accounts, house, "admin@desk.example", Role::Admin).await;
    let by = |id| By { organisation: Some(house), who: Who::Person(id), from: None, at: now() };
    let as_admin = accounts.on_behalf(by(admin));
    let token = NewToken { person: op, name: "x".to_owned(), scopes: Scopes::all() };
    let new = address("thief@desk.example");
    let invited =
        NewPerson { name: "Op".to_owned(), address: new.clone(), role: Role::Operator, teams: Vec::new() };
    for refused in [
        as_admin.change_person(house, admin, role(Role::Operator)).await.map(drop),
        as_admin.change_person(house, op, role(Role::Agent)).await.map(drop),
        as_admin.disable_person(house, op).await.map(drop),
        as_admin.create_token(house, token, &Secret::from_random([1; 32])).await.map(drop),
        as_admin.request_address(house, op, &new, now(), &SystemRandom).await.map(drop),
        as_admin.invite(house, invited, now(), &SystemRandom).await.map(drop),
    ] {
        assert!(refused.unwrap_err().to_string().contains("only an operator"));
    }
    accounts.on_behalf(by(op)).change_person(house, admin, role(Role::Operator)).await.unwrap();
}

#[tokio::test]
async fn an_address_is_one_persons_in_each_organisation() {
    let (accounts, id) = with_domain().await;
    person(&accounts, id, "ana@acme.example", Role::Agent).await;
    let again = NewPerson {
        name: "Ana".to_owned(),
        address: address("ANA@acme.example"),
        role: Role::Agent,
        teams: Vec::new(),
    };
    assert!(matches!(accounts.add_person(id, again.clone()).await, Err(Error::Taken { .. })));
    let other = accounts.create_organisation("other", "Other").await.unwrap().id;
    accounts.add_person(other, again).await.unwrap();
    let found = accounts.person_named(&address("ana@acme.example"), None).unwrap_err().to_string();
    assert!(found.contains("acme, other"), "{found}");
}

#[tokio::test]
async fn people_who_were_here_before_log_in_names_get_theirs() {
    let (accounts, id) = with_domain().await;
    let ana = person(&accounts, id, "ana@acme.example", Role::Agent).await;
    let key = crate::keys::log_in_name(&address("ana@acme.example"), id);
    let mut batch = accounts.store.operator().batch();
    batch.delete(key);
    accounts.store.commit(vec![batch]).await.unwrap();
    assert!(accounts.person_named(&address("ana@acme.example"), Some(id)).is_err());
    accounts.ensure_log_in_names().await.unwrap();
    accounts.ensure_log_in_names().await.unwrap();
    assert_eq!(accounts.person_named(&address("ana@acme.example"), None).unwrap(), (id, ana));
}

#[tokio::test]
async fn a_team_that_somebody_names_is_not_deleted() {
    let (accounts, id) = with_domain().await;
    let team = accounts.create_team(id, "Billing").await.unwrap().id;
    assert_eq!(accounts.rename_team(id, team, " Money ").await.unwrap().name, "Money");
    let wanted =
        NewChannel { address: address("money@acme.example"), name: "Money".to_owned(), team: Some(team) };
    let channel = accounts.create_channel(id, wanted).await.unwrap().id;
    let ana = person(&accounts, id, "ana@acme.example", Role::Agent).await;
    let wanted = PersonChange { teams: Some(vec![team]), ..PersonChange::default() };
    accounts.change_person(id, ana, wanted).await.unwrap();
    let refused = accounts.delete_team(id, team).await.unwrap_err().to_string();
    assert_eq!(
        refused,
        "team `Money` is still that of channel money@acme.example, Ana; give them another team first"
    );
    let wanted = ChannelChange { team: Some(None), ..ChannelChange::default() };
    accounts.change_channel(id, channel, wanted).await.unwrap();
    let wanted = PersonChange { teams: Some(Vec::new()), ..PersonChange::default() };
    accounts.change_person(id, ana, wanted).await.unwrap();
    accounts.delete_team(id, team).await.unwrap();
    assert!(matches!(accounts.delete_team(id, team).await, Err(Error::NotFound { .. })));
    let gone = PersonChange { teams: Some(vec![TeamId(99)]), ..PersonChange::default() };
    assert!(matches!(accounts.change_person(id, ana, gone).await, Err(Error::Invalid(_))));
    assert_eq!(accounts.person(id, ana).unwrap().status, PersonStatus::Active);
}

#[tokio::test]
async fn a_team_that_is_named_while_it_is_deleted_is_one_or_the_other() {
    for _ in 0..20 {
        let (accounts, id) = with_domain().await;
        let team = accounts.create_team(id, "Billing").await.unwrap().id;
        let ana = person(&accounts, id, "ana@acme.example", Role::Agent).await;
        let wanted = PersonChange { teams: Some(vec![team]), ..PersonChange::default() };
        let (named, deleted) =
            tokio::join!(accounts.change_person(id, ana, wanted), accounts.delete_team(id, team));
        assert_ne!(named.is_ok(), deleted.is_ok());
        let team = accounts.create_team(id, "Sales").await.unwrap().id;
        let wanted =
            NewChannel { address: address("x@acme.example"), name: "x".to_owned(), team: Some(team) };
        let (named, deleted) =
            tokio::join!(accounts.create_channel(id, wanted), accounts.delete_team(id, team));
        assert_ne!(named.is_ok(), deleted.is_ok());
    }
}

/// Writes so many rows of one kind, which are counted and not read.
async fn fill(accounts: &Accounts, id: OrganisationId, kind: u8, count: usize) {
    let mut batch = accounts.store.of(id).batch();
    for number in 0..count as u64 {
        batch.put(guichet_store::Key::new(kind).number(1_000_000 + number), Vec::new());
    }
    accounts.store.commit(vec![batch]).await.unwrap();
}

#[tokio::test]
async fn promise_9_an_organisation_has_so_many_people_teams_and_channels_as_a_list_shows() {
    let (accounts, id) = with_domain().await;
    fill(&accounts, id, crate::keys::PEOPLE, crate::stored::LISTED_MAX).await;
    fill(&accounts, id, crate::keys::TEAMS, crate::stored::LISTED_MAX).await;
    fill(&accounts, id, crate::keys::CHANNELS, crate::stored::LISTED_MAX).await;
    let channel = NewChannel { address: address("x@acme.example"), name: "x".to_owned(), team: None };
    let wanted = NewPerson {
        name: "Ana".to_owned(),
        address: address("ana@acme.example"),
        role: Role::Agent,
        teams: Vec::new(),
    };
    for refused in [
        accounts.add_person(id, wanted.clone()).await.map(drop),
        accounts.invite(id, wanted, now(), &SystemRandom).await.map(drop),
        accounts.create_team(id, "Billing").await.map(drop),
        accounts.create_channel(id, channel).await.map(drop),
    ] {
        assert!(matches!(&refused, Err(Error::Invalid(text)) if text.contains("10000")), "{refused:?}");
    }
}

#[tokio::test]
async fn promise_9_a_person_has_a_bounded_number_of_tokens() {
    let (accounts, id) = with_domain().await;
    let ana = person(&accounts, id, "ana@acme.example", Role::Admin).await;
    let eve = person(&accounts, id, "eve@acme.example", Role::Admin).await;
    let token_of = async |person: PersonId, number: u8| {
        let wanted = NewToken { person, name: "x".to_owned(), scopes: Scopes::all() };
        accounts.create_token(id, wanted, &Secret::from_random([number; 32])).await
    };
    let mut made = Vec::new();
    let refused = loop {
        match token_of(ana, made.len() as u8).await {
            Ok(token) => made.push(token.id),
            Err(error) => break error.to_string(),
        }
    };
    assert!(refused.contains("100 tokens") && refused.contains("take one back"), "{refused}");
    token_of(eve, 200).await.unwrap();
    accounts.revoke_token(id, made[0]).await.unwrap();
    token_of(ana, 201).await.unwrap();
}
