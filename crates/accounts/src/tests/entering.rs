//! Logging in, and what ends it.

use std::net::IpAddr;

use guichet_store::OrganisationId;
use guichet_sys::SystemRandom;
use jiff::{SignedDuration, Timestamp};

use super::{address, now, server};
use crate::{Accounts, Deed, Error, LogIn, LogInError, LoggedIn, NewPerson, PersonId, Role, Secret, Sight};

pub(super) const PASSWORD: &str = "a long walk in the rain";
pub(super) const ADA: &str = "ada@acme.example";

/// A server with an organisation and its admin, who has a password.
pub(super) async fn with_ada() -> (Accounts, OrganisationId, PersonId) {
    let accounts = server();
    let id = accounts.create_organisation("acme", "Acme Ltd").await.unwrap().id;
    let ada = invited(&accounts, id, ADA, Role::Admin, PASSWORD).await;
    (accounts, id, ada)
}

/// Somebody who accepted an invitation.
pub(super) async fn invited(
    accounts: &Accounts,
    organisation: OrganisationId,
    at: &str,
    role: Role,
    password: &str,
) -> PersonId {
    let wanted = NewPerson { name: "Ada".to_owned(), address: address(at), role, teams: Vec::new() };
    let invitation = accounts.invite(organisation, wanted, now(), &SystemRandom).await.unwrap();
    let secret = &invitation.secret;
    let redeemed = accounts.redeem_invitation(secret, None, password, from(1), now(), &SystemRandom).await;
    redeemed.unwrap().person.id
}

pub(super) fn from(last: u8) -> IpAddr {
    IpAddr::from([192, 0, 2, last])
}

pub(super) fn with(password: &str) -> LogIn<'_> {
    LogIn {
        address: ADA,
        organisation: None,
        password,
        code: None,
        device: None,
        from: from(2),
        agent: "Firefox",
    }
}

pub(super) async fn log_in(accounts: &Accounts, wanted: LogIn<'_>) -> Result<LoggedIn, LogInError> {
    accounts.log_in(wanted, now(), &SystemRandom).await
}

fn days(days: i64) -> Timestamp {
    now() + SignedDuration::from_hours(24 * days)
}

async fn opens(accounts: &Accounts, secret: &Secret, at: Timestamp) -> bool {
    accounts.session(secret, at).await.unwrap().is_some()
}

#[tokio::test]
async fn a_person_logs_in_and_out() {
    let (accounts, id, ada) = with_ada().await;
    let entered = log_in(&accounts, with(PASSWORD)).await.unwrap();
    let signed_in = accounts.session(&entered.session, now()).await.unwrap().unwrap();
    assert_eq!((signed_in.actor.organisation, signed_in.actor.sight), (id, Sight::All));
    assert_eq!(signed_in.actor.scopes, Role::Admin.scopes());
    let [session] = accounts.sessions(id, ada, now()).unwrap().try_into().unwrap();
    assert_eq!((session.id, session.agent.as_str()), (signed_in.session, "Firefox"));
    accounts.log_out(&entered.session).await.unwrap();
    accounts.log_out(&entered.session).await.unwrap();
    assert!(!opens(&accounts, &entered.session, now()).await);
    assert!(accounts.sessions(id, ada, now()).unwrap().is_empty());
}

/// The secret that somebody planted before the log-in never becomes the session's (session fixation).
#[tokio::test]
async fn each_log_in_makes_a_new_secret() {
    let (accounts, ..) = with_ada().await;
    let first = log_in(&accounts, with(PASSWORD)).await.unwrap();
    let again = LogIn { device: Some(&first.device), ..with(PASSWORD) };
    let second = log_in(&accounts, again).await.unwrap();
    assert_ne!(first.session, second.session);
    assert_eq!(first.device, second.device, "a browser that is known stays known by what it holds");
    let planted = Secret::presented("guichet_planted");
    let third = log_in(&accounts, LogIn { device: Some(&planted), ..with(PASSWORD) }).await.unwrap();
    assert_ne!(third.device, planted);
}

#[tokio::test]
async fn every_refusal_reads_the_same() {
    let (accounts, id, ada) = with_ada().await;
    let mut texts = Vec::new();
    for wanted in [
        with("a long walk in the sun"),
        LogIn { address: "nobody@acme.example", ..with(PASSWORD) },
        LogIn { address: "no address", ..with(PASSWORD) },
        LogIn { organisation: Some("other"), ..with(PASSWORD) },
        with(""),
        with(&"x".repeat(5_000)),
    ] {
        texts.push(log_in(&accounts, wanted).await.unwrap_err().to_string());
    }
    invited(&accounts, id, "eve@acme.example", Role::Admin, "another long walk").await;
    accounts.disable_person(id, ada).await.unwrap();
    texts.push(log_in(&accounts, with(PASSWORD)).await.unwrap_err().to_string());
    texts.dedup();
    assert_eq!(texts.len(), 1, "{texts:?}");
    assert!(texts[0].contains("several organisations"));
}

#[tokio::test]
async fn an_address_of_two_organisations_names_the_one_that_it_means() {
    let (accounts, acme, _) = with_ada().await;
    let other = accounts.create_organisation("other", "Other").await.unwrap().id;
    invited(&accounts, other, ADA, Role::Agent, "the other password").await;
    assert!(matches!(log_in(&accounts, with(PASSWORD)).await, Err(LogInError::Refused)));
    let wanted = LogIn { organisation: Some("acme"), ..with(PASSWORD) };
    assert_eq!(log_in(&accounts, wanted).await.unwrap().organisation, acme);
    let wanted = LogIn { organisation: Some("other"), ..with("the other password") };
    assert_eq!(log_in(&accounts, wanted).await.unwrap().organisation, other);
    let crossed = LogIn { organisation: Some("other"), ..with(PASSWORD) };
    assert!(matches!(log_in(&accounts, crossed).await, Err(LogInError::Refused)));
}

#[tokio::test]
async fn a_session_ends_when_nobody_uses_it_and_in_any_case_some_day() {
    let (accounts, ..) = with_ada().await;
    let idle = log_in(&accounts, with(PASSWORD)).await.unwrap().session;
    let used = log_in(&accounts, with(PASSWORD)).await.unwrap().session;
    for day in (0..60).step_by(5) {
        assert!(opens(&accounts, &used, days(day)).await, "day {day}");
    }
    assert!(!opens(&accounts, &idle, days(14)).await);
    assert!(!opens(&accounts, &used, days(60)).await);
}

#[tokio::test]
async fn a_new_password_ends_all_sessions_but_the_one_that_it_begins() {
    let (accounts, id, ada) = with_ada().await;
    let before = log_in(&accounts, with(PASSWORD)).await.unwrap();
    let change = |current: &'static str, new: &'static str| {
        let accounts = accounts.clone();
        async move { accounts.change_password((id, ada), with(current), new, now(), &SystemRandom).await }
    };
    let wrong = change("not the password", "the next long walk").await.unwrap_err().to_string();
    assert_eq!(wrong, "this is not your password");
    let weak = change(PASSWORD, "Acme Ltd 2026").await.unwrap_err().to_string();
    assert!(weak.contains("your organisation's"), "{weak}");
    let after = change(PASSWORD, "the next long walk").await.unwrap();
    assert!(!opens(&accounts, &before.session, now()).await);
    assert!(opens(&accounts, &after.session, now()).await);
    assert!(log_in(&accounts, with(PASSWORD)).await.is_err());
    assert!(log_in(&accounts, with("the next long walk")).await.is_ok());
}

#[tokio::test]
async fn who_is_kept_out_and_who_is_of_a_suspended_organisation_are_out_at_once() {
    let (accounts, id, ada) = with_ada().await;
    invited(&accounts, id, "eve@acme.example", Role::Admin, "another long walk").await;
    let entered = log_in(&accounts, with(PASSWORD)).await.unwrap();
    accounts.suspend_organisation(id, Some(now())).await.unwrap();
    assert!(!opens(&accounts, &entered.session, now()).await);
    let told = log_in(&accounts, with(PASSWORD)).await.unwrap_err();
    assert!(
        matches!(&told, LogInError::Suspended { operator } if *operator == address("postmaster@desk.example")),
        "{told}"
    );
    let wrong = log_in(&accounts, with("another guess at it")).await.unwrap_err();
    assert!(matches!(wrong, LogInError::Refused), "who does not know the password learns nothing: {wrong}");
    accounts.suspend_organisation(id, None).await.unwrap();
    assert!(opens(&accounts, &entered.session, now()).await);
    accounts.disable_person(id, ada).await.unwrap();
    assert!(!opens(&accounts, &entered.session, now()).await);
    accounts.enable_person(id, ada).await.unwrap();
    assert!(!opens(&accounts, &entered.session, now()).await, "an old session does not come back");
    assert!(log_in(&accounts, with(PASSWORD)).await.is_ok());
}

#[tokio::test]
async fn who_is_kept_out_while_they_change_their_password_has_no_session_afterwards() {
    let (accounts, id, _) = with_ada().await;
    let at = "eve@acme.example";
    let eve = invited(&accounts, id, at, Role::Admin, PASSWORD).await;
    let wanted = LogIn { address: at, ..with(PASSWORD) };
    let (changed, disabled) = tokio::join!(
        accounts.change_password((id, eve), wanted, "the next long walk", now(), &SystemRandom),
        accounts.disable_person(id, eve),
    );
    disabled.unwrap();
    accounts.enable_person(id, eve).await.unwrap();
    if let Ok(changed) = changed {
        assert!(!opens(&accounts, &changed.session, now()).await);
    }
    assert!(accounts.sessions(id, eve, now()).unwrap().is_empty());
}

#[tokio::test]
async fn a_stranger_who_tries_for_ever_shuts_out_strangers_alone() {
    let (accounts, ..) = with_ada().await;
    let known = log_in(&accounts, with(PASSWORD)).await.unwrap().device;
    let mut throttled = None;
    for n in 0..20 {
        let password = format!("a guess of a stranger {n}");
        match log_in(&accounts, LogIn { from: from(100 + n), ..with(&password) }).await {
            Err(LogInError::Throttled { retry_secs }) => throttled = Some(retry_secs),
            Err(LogInError::Refused) => {}
            other => panic!("{other:?}"),
        }
    }
    assert!(throttled.is_some_and(|secs| (1..=120).contains(&secs)));
    assert!(matches!(log_in(&accounts, with(PASSWORD)).await, Err(LogInError::Throttled { .. })));
    let owner = LogIn { device: Some(&known), from: from(100), ..with(PASSWORD) };
    assert!(log_in(&accounts, owner).await.is_ok());
}

#[tokio::test]
async fn one_password_sprayed_over_200_accounts_from_200_networks_is_stopped() {
    let (accounts, ..) = with_ada().await;
    let mut refused = 0;
    for n in 0..200_u8 {
        let at = format!("person{n}@acme.example");
        let wanted = LogIn { address: &at, from: from(n), ..with("Summer in the city") };
        match log_in(&accounts, wanted).await {
            Err(LogInError::Refused) => refused += 1,
            Err(LogInError::Throttled { .. }) => {}
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(refused, 20);
    // Who has a password of their own is let in meanwhile.
    assert!(log_in(&accounts, with(PASSWORD)).await.is_ok());
}

#[tokio::test]
async fn one_person_has_a_bounded_number_of_sessions() {
    let (accounts, id, ada) = with_ada().await;
    let first = log_in(&accounts, with(PASSWORD)).await.unwrap();
    let wanted = LogIn { device: Some(&first.device), ..with(PASSWORD) };
    for _ in 0..super::super::sessions::SESSIONS_MAX {
        log_in(&accounts, wanted).await.unwrap();
    }
    assert_eq!(accounts.sessions(id, ada, now()).unwrap().len(), super::super::sessions::SESSIONS_MAX);
    assert_eq!(accounts.session_rows(id, ada).unwrap().len(), super::super::sessions::SESSIONS_MAX);
}

#[tokio::test]
async fn log_ins_and_refusals_stand_in_the_audit_log_with_their_address() {
    let (accounts, id, ada) = with_ada().await;
    let later = now() + SignedDuration::from_secs(1);
    accounts.log_in(with("not the password"), later, &SystemRandom).await.unwrap_err();
    log_in(&accounts, LogIn { address: "nobody@acme.example", ..with(PASSWORD) }).await.unwrap_err();
    accounts.log_in(with(PASSWORD), days(1), &SystemRandom).await.unwrap();
    let entries = accounts.audit(id, None, 2).unwrap().entries;
    let [opened, refused] = entries.try_into().unwrap();
    assert_eq!((opened.deed, opened.who), (Deed::SessionOpened, crate::Who::Person(ada)));
    assert_eq!((refused.deed, refused.who), (Deed::SessionRefused, crate::Who::System));
    assert_eq!((refused.from, refused.subject.as_str()), (Some(from(2)), ADA));
}

#[tokio::test]
async fn promise_7_a_password_typed_as_an_address_is_not_kept() {
    let (accounts, id, _) = with_ada().await;
    log_in(&accounts, LogIn { address: PASSWORD, ..with("x") }).await.unwrap_err();
    super::assert_nowhere(&accounts, id, PASSWORD.as_bytes());
}

#[tokio::test]
async fn two_who_log_in_at_once_both_get_in() {
    let (accounts, id, ada) = with_ada().await;
    let (one, other) = tokio::join!(log_in(&accounts, with(PASSWORD)), log_in(&accounts, with(PASSWORD)));
    assert_ne!(one.unwrap().session, other.unwrap().session);
    assert_eq!(accounts.sessions(id, ada, now()).unwrap().len(), 2);
}

#[tokio::test]
async fn a_hash_of_before_is_made_anew_when_its_person_logs_in() {
    let (accounts, id, ada) = with_ada().await;
    let cheap = crate::credentials::PasswordHash::at(64, 1, PASSWORD, [3; 16]);
    let changed = accounts.change_credentials(id, ada, None, |_, credentials| {
        credentials.password = Some(cheap.clone());
        Ok::<_, Error>(())
    });
    changed.await.unwrap();
    log_in(&accounts, with(PASSWORD)).await.unwrap();
    let kept = accounts.credentials(id, ada).unwrap().password.unwrap();
    assert!(!kept.is_outdated() && kept.is_of(PASSWORD));
}
