//! Links by mail: an invitation, a new password, another address.

use guichet_sys::SystemRandom;
use jiff::SignedDuration;

use super::entering::{ADA, PASSWORD, from, log_in, with, with_ada};
use super::{address, now};
use crate::{Accounts, Deed, Error, LogIn, LogInError, NewPerson, PersonStatus, Redeemed, Role, Secret};

const EVE: &str = "eve@acme.example";

fn eve() -> NewPerson {
    NewPerson { name: "Eve".to_owned(), address: address(EVE), role: Role::Agent, teams: Vec::new() }
}

async fn redeem(accounts: &Accounts, secret: &Secret, password: &str) -> Result<Redeemed, LogInError> {
    accounts.redeem_invitation(secret, Some("Eve Eden"), password, from(3), now(), &SystemRandom).await
}

async fn reset(accounts: &Accounts, secret: &Secret, password: &str) -> Result<Redeemed, LogInError> {
    accounts.redeem_reset(secret, password, from(3), now(), &SystemRandom).await
}

fn is_no_link(outcome: Result<Redeemed, LogInError>) -> bool {
    outcome.is_err_and(|error| error.to_string().contains("not good any more"))
}

#[tokio::test]
async fn who_is_invited_chooses_name_and_password_and_is_in() {
    let (accounts, id, _) = with_ada().await;
    let invitation = accounts.invite(id, eve(), now(), &SystemRandom).await.unwrap();
    let letter = invitation.letter("https://desk.example");
    let link = format!("https://desk.example/invitation#{}", invitation.secret.reveal());
    assert!(letter.text.contains(&link) && letter.subject.contains("Acme Ltd"), "{}", letter.text);
    let shown = accounts.invitation(&invitation.secret, now()).unwrap().unwrap();
    assert_eq!((shown.person.address, shown.organisation.name.as_str()), (address(EVE), "Acme Ltd"));
    let early = LogIn { address: EVE, ..with(PASSWORD) };
    assert!(log_in(&accounts, early).await.is_err());
    let weak = redeem(&accounts, &invitation.secret, "eve eden 12").await.unwrap_err().to_string();
    assert!(weak.contains("your name"), "{weak}");
    let redeemed = redeem(&accounts, &invitation.secret, PASSWORD).await.unwrap();
    assert_eq!((redeemed.person.status, redeemed.person.name.as_str()), (PersonStatus::Active, "Eve Eden"));
    let wanted = LogIn { address: EVE, device: Some(&redeemed.device), ..with(PASSWORD) };
    assert_eq!(log_in(&accounts, wanted).await.unwrap().device, redeemed.device);
    assert!(is_no_link(redeem(&accounts, &invitation.secret, PASSWORD).await), "once");
}

#[tokio::test]
async fn an_invitation_ends_by_time_by_the_next_one_and_by_being_taken_back() {
    let (accounts, id, _) = with_ada().await;
    let first = accounts.invite(id, eve(), now(), &SystemRandom).await.unwrap();
    let again = accounts.invite(id, eve(), now(), &SystemRandom).await;
    assert!(matches!(again, Err(Error::Taken { .. })));
    let second = accounts.resend_invitation(id, first.person.id, now(), &SystemRandom).await.unwrap();
    assert!(is_no_link(redeem(&accounts, &first.secret, PASSWORD).await));
    let late = now() + SignedDuration::from_hours(72);
    assert_eq!(accounts.invitation(&second.secret, late).unwrap(), None);
    accounts.revoke_invitation(id, first.person.id).await.unwrap();
    assert!(is_no_link(redeem(&accounts, &second.secret, PASSWORD).await));
    assert!(accounts.resend_invitation(id, first.person.id, now(), &SystemRandom).await.is_err());
    let anew = accounts.invite(id, eve(), now(), &SystemRandom).await.unwrap();
    redeem(&accounts, &anew.secret, PASSWORD).await.unwrap();
    let enabled = accounts.enable_person(id, first.person.id).await;
    assert!(matches!(enabled, Err(Error::Taken { .. })), "the address is somebody else's now");
}

#[tokio::test]
async fn of_two_who_use_one_link_at_once_one_has_it() {
    let (accounts, id, _) = with_ada().await;
    let invitation = accounts.invite(id, eve(), now(), &SystemRandom).await.unwrap();
    let (one, other) = tokio::join!(
        redeem(&accounts, &invitation.secret, "the first long walk"),
        redeem(&accounts, &invitation.secret, "the second long walk"),
    );
    assert_eq!(u8::from(one.is_ok()) + u8::from(other.is_ok()), 1);
    let entered = if one.is_ok() { "the first long walk" } else { "the second long walk" };
    assert!(log_in(&accounts, LogIn { address: EVE, ..with(entered) }).await.is_ok());
}

#[tokio::test]
async fn a_link_of_one_purpose_serves_no_other() {
    let (accounts, id, ada) = with_ada().await;
    let invitation = accounts.invite(id, eve(), now(), &SystemRandom).await.unwrap();
    assert!(is_no_link(reset(&accounts, &invitation.secret, PASSWORD).await));
    let reset = accounts.reset_access(id, ada, false, now(), &SystemRandom).await.unwrap();
    assert!(is_no_link(redeem(&accounts, &reset.secret, PASSWORD).await));
    assert!(accounts.confirm_address(&reset.secret, from(3), now()).await.is_err());
}

#[tokio::test]
async fn a_forgotten_password_is_set_anew_by_mail_and_all_sessions_end() {
    let (accounts, id, ada) = with_ada().await;
    let entered = log_in(&accounts, with(PASSWORD)).await.unwrap();
    let made = accounts.request_reset(ADA, None, from(3), now(), &SystemRandom).await.unwrap();
    let [asked] = made.try_into().unwrap();
    assert!(asked.letter("https://desk.example").text.contains("/password-reset#guichet_"));
    reset(&accounts, &asked.secret, "the next long walk").await.unwrap();
    assert!(accounts.session(&entered.session, now()).await.unwrap().is_none());
    assert!(is_no_link(reset(&accounts, &asked.secret, PASSWORD).await));
    assert!(log_in(&accounts, with("the next long walk")).await.is_ok());
    let deeds: Vec<Deed> = accounts.audit(id, None, 5).unwrap().entries.iter().map(|row| row.deed).collect();
    assert!(deeds.contains(&Deed::PasswordReset) && deeds.contains(&Deed::PasswordResetRequested));
    assert_eq!(accounts.person(id, ada).unwrap().status, PersonStatus::Active);
}

#[tokio::test]
async fn nobody_is_flooded_with_links_and_nobody_learns_who_is_here() {
    let (accounts, ..) = with_ada().await;
    let ask = |address: &'static str| accounts.request_reset(address, None, from(3), now(), &SystemRandom);
    assert!(ask("nobody@acme.example").await.unwrap().is_empty());
    assert!(ask("no address").await.unwrap().is_empty());
    let mut made = 0;
    for _ in 0..10 {
        made += ask(ADA).await.unwrap().len();
    }
    assert_eq!(made, 3);
}

#[tokio::test]
async fn a_mailbox_alone_does_not_pass_a_second_factor() {
    let (accounts, id, ada) = with_ada().await;
    let setup = accounts.begin_totp(id, ada, PASSWORD, now(), &SystemRandom).await.unwrap();
    let secret = data_encoding::BASE32_NOPAD.decode(setup.secret.as_bytes()).unwrap();
    let code = crate::credentials::code_at(&secret, now().as_second().cast_unsigned() / 30);
    accounts.confirm_totp(id, ada, &code, now(), &SystemRandom).await.unwrap();
    let [asked] =
        accounts.request_reset(ADA, None, from(3), now(), &SystemRandom).await.unwrap().try_into().unwrap();
    reset(&accounts, &asked.secret, "the next long walk").await.unwrap();
    let entered = log_in(&accounts, with("the next long walk")).await;
    assert!(matches!(entered, Err(LogInError::CodeRequired)));
    // The operator can let in who lost telephone and codes.
    let access = accounts.reset_access(id, ada, true, now(), &SystemRandom).await.unwrap();
    reset(&accounts, &access.secret, PASSWORD).await.unwrap();
    assert!(log_in(&accounts, with(PASSWORD)).await.is_ok());
}

#[tokio::test]
async fn the_operators_help_lifts_the_throttle() {
    let (accounts, id, ada) = with_ada().await;
    while !matches!(log_in(&accounts, with("a wrong password")).await, Err(LogInError::Throttled { .. })) {}
    let other = LogIn { from: from(9), ..with(PASSWORD) };
    assert!(matches!(log_in(&accounts, other).await, Err(LogInError::Throttled { .. })));
    accounts.reset_access(id, ada, false, now(), &SystemRandom).await.unwrap();
    assert!(log_in(&accounts, other).await.is_ok());
}

#[tokio::test]
async fn another_address_counts_once_its_owner_confirms_it() {
    let (accounts, id, ada) = with_ada().await;
    let new = address("ada.new@acme.example");
    let asked = accounts.request_address(id, ada, &new, now(), &SystemRandom).await.unwrap();
    assert_eq!(accounts.person(id, ada).unwrap().address, address(ADA));
    let changed = accounts.confirm_address(&asked.secret, from(3), now()).await.unwrap();
    assert_eq!(changed.address, new);
    assert!(accounts.confirm_address(&asked.secret, from(3), now()).await.is_err());
    assert!(log_in(&accounts, with(PASSWORD)).await.is_err());
    assert!(log_in(&accounts, LogIn { address: "Ada.New@acme.example", ..with(PASSWORD) }).await.is_ok());
    // The one before is free, and one that somebody took meanwhile is not.
    let taken = accounts.request_address(id, ada, &address(EVE), now(), &SystemRandom).await.unwrap();
    accounts.invite(id, eve(), now(), &SystemRandom).await.unwrap();
    let confirmed = accounts.confirm_address(&taken.secret, from(3), now()).await;
    assert!(matches!(confirmed, Err(Error::Taken { .. })));
}

/// A link that is made while its person is kept out is as worthless as one that was made before.
#[tokio::test]
async fn a_link_that_is_made_while_somebody_is_kept_out_never_opens() {
    let (accounts, id, _) = with_ada().await;
    let eve = super::entering::invited(&accounts, id, EVE, Role::Agent, PASSWORD).await;
    let new = address("eve.new@acme.example");
    for disables_first in [true, false].repeat(20) {
        let links = async || {
            let reset = accounts.reset_access(id, eve, false, now(), &SystemRandom);
            let address = accounts.request_address(id, eve, &new, now(), &SystemRandom);
            tokio::join!(reset, address)
        };
        let (reset_made, address_asked) = if disables_first {
            let (disabled, made) = tokio::join!(accounts.disable_person(id, eve), links());
            disabled.map(|_| made).unwrap()
        } else {
            let (made, disabled) = tokio::join!(links(), accounts.disable_person(id, eve));
            disabled.map(|_| made).unwrap()
        };
        accounts.enable_person(id, eve).await.unwrap();
        if let Ok(made) = reset_made {
            assert!(is_no_link(reset(&accounts, &made.secret, "the next long walk").await));
        }
        if let Ok(asked) = address_asked {
            assert!(accounts.confirm_address(&asked.secret, from(3), now()).await.is_err());
        }
    }
}

#[tokio::test]
async fn of_two_links_that_are_made_at_once_one_opens() {
    let (accounts, id, ada) = with_ada().await;
    let make = || accounts.reset_access(id, ada, false, now(), &SystemRandom);
    let (one, other) = tokio::join!(make(), make());
    let mut opened = 0;
    for made in [one.unwrap(), other.unwrap()] {
        opened += u8::from(reset(&accounts, &made.secret, "the next long walk").await.is_ok());
    }
    assert_eq!(opened, 1);
}
