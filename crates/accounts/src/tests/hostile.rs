//! People of one organisation against those of others, and strangers against all.

use guichet_sys::SystemRandom;

use super::entering::{ADA, PASSWORD, from, invited, log_in, with, with_ada};
use super::{address, now, server};
use crate::{
    Accounts, By, Deed, Error, LogIn, LogInError, NewPerson, NewSignUp, NewToken, PersonChange, PersonStatus,
    Role, Scopes, Secret, SignUpError, Who,
};

fn person(at: &str, role: Role) -> NewPerson {
    NewPerson { name: "Somebody".to_owned(), address: address(at), role, teams: Vec::new() }
}

/// Tries each address in turn until it is throttled, then once more as one of this organisation.
async fn throttled_as(accounts: &Accounts, first: &str, then: &str, organisation: &str) -> bool {
    for n in 0..10 {
        let password = format!("a guess {n} at {first}");
        let wanted = LogIn { address: first, from: from(100 + n), ..with(&password) };
        assert!(matches!(log_in(accounts, wanted).await, Err(LogInError::Refused)), "{first} {n}");
    }
    let wanted =
        LogIn { address: then, organisation: Some(organisation), from: from(99), ..with("one more guess") };
    matches!(log_in(accounts, wanted).await, Err(LogInError::Throttled { .. }))
}

#[tokio::test]
async fn promise_7_a_throttle_tells_nobody_who_is_here() {
    for (first, then) in [(ADA, ADA), (ADA, " Ada@ACME.example "), ("bob@acme.example", "BOB@acme.example")] {
        for organisation in ["acme", "other"] {
            let (accounts, ..) = with_ada().await;
            accounts.create_organisation("other", "Other").await.unwrap();
            assert!(
                throttled_as(&accounts, first, then, organisation).await,
                "{first}, {then} in {organisation}: one can tell who exists"
            );
        }
    }
}

#[tokio::test]
async fn whom_another_organisation_invites_unasked_still_logs_in_at_home() {
    let (accounts, acme, _) = with_ada().await;
    let other = accounts.create_organisation("other", "Other").await.unwrap().id;
    let guest = accounts.invite(other, person(ADA, Role::Admin), now(), &SystemRandom).await.unwrap();
    assert_eq!(log_in(&accounts, with(PASSWORD)).await.unwrap().organisation, acme);
    accounts.disable_person(other, guest.person.id).await.unwrap();
    let _ = accounts.enable_person(other, guest.person.id).await;
    assert_eq!(log_in(&accounts, with(PASSWORD)).await.unwrap().organisation, acme);
    accounts.add_person(other, person("x@acme.example", Role::Agent)).await.unwrap();
    assert!(log_in(&accounts, LogIn { organisation: Some("other"), ..with(PASSWORD) }).await.is_err());
}

#[tokio::test]
async fn who_never_accepted_an_invitation_is_not_let_in_but_invited_again() {
    let (accounts, acme, _) = with_ada().await;
    for takes_back in [true, false] {
        let at = format!("eve-{takes_back}@acme.example");
        let invitation = accounts.invite(acme, person(&at, Role::Agent), now(), &SystemRandom).await.unwrap();
        let id = invitation.person.id;
        if takes_back {
            accounts.revoke_invitation(acme, id).await.unwrap();
        } else {
            accounts.disable_person(acme, id).await.unwrap();
        }
        let enabled = accounts.enable_person(acme, id).await.unwrap();
        assert_eq!(enabled.status, PersonStatus::Invited);
        let token = NewToken { person: id, name: "x".to_owned(), scopes: Scopes::all() };
        assert!(accounts.create_token(acme, token, &Secret::from_random([1; 32])).await.is_err());
        let again = accounts.resend_invitation(acme, id, now(), &SystemRandom).await.unwrap();
        let redeem =
            |secret| accounts.redeem_invitation(secret, None, PASSWORD, from(1), now(), &SystemRandom);
        assert!(redeem(&invitation.secret).await.is_err());
        assert_eq!(redeem(&again.secret).await.unwrap().person.status, PersonStatus::Active);
    }
}

#[tokio::test]
async fn the_last_operator_stays_one() {
    let accounts = server();
    let house = accounts.ensure_house(now()).await.unwrap();
    let op = accounts.add_person(house, person("op@desk.example", Role::Operator)).await.unwrap().id;
    let admin = PersonChange { role: Some(Role::Admin), ..PersonChange::default() };
    let refused = accounts.change_person(house, op, admin.clone()).await.unwrap_err().to_string();
    assert!(refused.contains("the last operator"), "{refused}");
    accounts.add_person(house, person("second@desk.example", Role::Operator)).await.unwrap();
    assert_eq!(accounts.change_person(house, op, admin).await.unwrap().role, Role::Admin);
}

#[tokio::test]
async fn an_admin_of_the_house_takes_no_token_of_an_operator_back() {
    let accounts = server();
    let house = accounts.ensure_house(now()).await.unwrap();
    let op = accounts.add_person(house, person("op@desk.example", Role::Operator)).await.unwrap().id;
    let admin = accounts.add_person(house, person("admin@desk.example", Role::Admin)).await.unwrap().id;
    let wanted = NewToken { person: op, name: "x".to_owned(), scopes: Scopes::all() };
    let token = accounts.create_token(house, wanted, &Secret::from_random([1; 32])).await.unwrap().id;
    let by = |id| By { organisation: Some(house), who: Who::Person(id), from: None, at: now() };
    let refused = accounts.on_behalf(by(admin)).revoke_token(house, token).await.unwrap_err().to_string();
    assert!(refused.contains("only an operator"), "{refused}");
    accounts.on_behalf(by(op)).revoke_token(house, token).await.unwrap();
}

/// Two of before log-in names were kept have one address; the elder logs in with it.
#[tokio::test]
async fn who_gives_an_address_up_takes_nobody_elses_log_in_name_along() {
    let (accounts, acme, ada) = with_ada().await;
    let eve = invited(&accounts, acme, "eve@acme.example", Role::Agent, PASSWORD).await;
    let mut younger = accounts.person(acme, eve).unwrap();
    younger.address = address(ADA);
    let mut batch = accounts.store.of(acme).batch();
    batch.put(crate::keys::person(eve), crate::stored::encode(&younger));
    accounts.store.commit(vec![batch]).await.unwrap();
    let new = address("eve.new@acme.example");
    let asked = accounts.request_address(acme, eve, &new, now(), &SystemRandom).await.unwrap();
    accounts.confirm_address(&asked.secret, from(1), now()).await.unwrap();
    assert_eq!(log_in(&accounts, with(PASSWORD)).await.unwrap().person, ada);
}

#[tokio::test]
async fn one_network_does_not_use_up_everybodys_sign_ups() {
    let accounts = server();
    accounts.open_sign_up(true).await.unwrap();
    let ask = async |n: u8, source: u8| {
        let wanted = NewSignUp {
            organisation: "Acme".to_owned(),
            name: "Ada".to_owned(),
            address: address(&format!("person-{n}@elsewhere.example")),
        };
        accounts.request_sign_up(&wanted, 20, from(source), now(), &SystemRandom).await
    };
    let mut tried = 0;
    let stopped = loop {
        match ask(tried, 1).await {
            Ok(_) => tried += 1,
            Err(error) => break error,
        }
    };
    assert!(matches!(stopped, SignUpError::TooMany { retry_secs: 1.. }) && tried < 10, "{tried}: {stopped}");
    assert!(ask(200, 2).await.unwrap().is_some());
}

#[tokio::test]
async fn a_wrong_password_inside_is_noted() {
    let (accounts, acme, ada) = with_ada().await;
    let by = By { organisation: Some(acme), who: Who::Person(ada), from: Some(from(7)), at: now() };
    let noted = accounts.on_behalf(by);
    let wrong = noted.prove_password((acme, ada), "no password of hers", now(), &SystemRandom).await;
    assert!(matches!(wrong, Err(LogInError::Accounts(Error::Invalid(_)))));
    let entries = accounts.audit(acme, None, 10).unwrap().entries;
    let refused = entries.iter().find(|entry| entry.deed == Deed::SessionRefused).unwrap();
    assert_eq!((refused.who, refused.from), (Who::Person(ada), Some(from(7))));
}

#[tokio::test]
async fn a_name_that_turns_the_text_around_it_is_refused() {
    let accounts = server();
    for name in
        ["Ana \u{202e}gro.evil", "Ana\u{2066}x", "two\u{2028}lines", "\u{200b}", "a\u{200f}b", "\u{feff}"]
    {
        assert!(accounts.create_organisation("acme", name).await.is_err(), "{name:?}");
    }
    accounts.create_organisation("acme", "\u{5d3}\u{5e1}\u{5e7} \u{645}\u{643}\u{62a}\u{628}").await.unwrap();
}

#[tokio::test]
async fn an_alias_of_a_domain_that_is_given_up_meanwhile_is_made_or_the_domain_goes() {
    for _ in 0..20 {
        let (accounts, acme, _) = with_ada().await;
        let name = |text: &str| guichet_mail::DomainName::parse(text).unwrap();
        accounts.add_domain(acme, &name("acme.desk.example"), None).await.unwrap();
        accounts.add_domain(acme, &name("acme.example"), None).await.unwrap();
        let (target, alias) = (name("acme.example"), name("acme.test"));
        let (added, removed) = tokio::join!(
            accounts.add_domain(acme, &alias, Some(&target)),
            accounts.remove_domain(acme, &target)
        );
        assert_ne!(added.is_ok(), removed.is_ok());
        assert!(accounts.route("anybody", "acme.test").is_ok());
    }
}
