//! Codes of the clock, and codes for the day on which the telephone is lost.

use data_encoding::BASE32_NOPAD;
use guichet_store::OrganisationId;
use guichet_sys::SystemRandom;
use jiff::{SignedDuration, Timestamp};

use super::entering::{ADA, PASSWORD, from, with, with_ada};
use super::now;
use crate::credentials::code_at;
use crate::{Accounts, LogIn, LogInError, PersonId, RecoveryCodes};

/// Ada has a second factor; its secret.
async fn begun(accounts: &Accounts, id: OrganisationId, ada: PersonId) -> (Vec<u8>, RecoveryCodes) {
    let setup = accounts.begin_totp(id, ada, PASSWORD, now(), &SystemRandom).await.unwrap();
    assert!(setup.uri.starts_with("otpauth://totp/Acme%20Ltd:ada%40acme.example?secret="), "{}", setup.uri);
    let secret = BASE32_NOPAD.decode(setup.secret.as_bytes()).unwrap();
    let code = code(&secret, now());
    let codes = accounts.confirm_totp(id, ada, &code, now(), &SystemRandom).await.unwrap();
    (secret, codes)
}

fn code(secret: &[u8], at: Timestamp) -> String {
    code_at(secret, at.as_second().cast_unsigned() / 30)
}

fn later(secs: i64) -> Timestamp {
    now() + SignedDuration::from_secs(secs)
}

async fn enter(accounts: &Accounts, code: Option<&str>, at: Timestamp) -> Result<(), LogInError> {
    accounts.log_in(LogIn { code, ..with(PASSWORD) }, at, &SystemRandom).await.map(drop)
}

#[tokio::test]
async fn a_code_is_asked_for_and_taken_once() {
    let (accounts, id, ada) = with_ada().await;
    let (secret, _) = begun(&accounts, id, ada).await;
    assert!(matches!(enter(&accounts, None, now()).await, Err(LogInError::CodeRequired)));
    let used = code(&secret, now());
    assert!(matches!(enter(&accounts, Some(&used), now()).await, Err(LogInError::Refused)), "it confirmed");
    let next = code(&secret, later(60));
    enter(&accounts, Some(&format!("{} {}", &next[..3], &next[3..])), later(60)).await.unwrap();
    assert!(matches!(enter(&accounts, Some(&next), later(60)).await, Err(LogInError::Refused)));
    let wrong = LogIn { code: Some(&next), ..with("not the password") };
    assert!(matches!(accounts.log_in(wrong, now(), &SystemRandom).await, Err(LogInError::Refused)));
}

#[tokio::test]
async fn of_two_who_use_one_code_at_once_one_gets_in() {
    let (accounts, id, ada) = with_ada().await;
    let (secret, _) = begun(&accounts, id, ada).await;
    let code = code(&secret, later(60));
    let (one, other) =
        tokio::join!(enter(&accounts, Some(&code), later(60)), enter(&accounts, Some(&code), later(60)),);
    assert_eq!(u8::from(one.is_ok()) + u8::from(other.is_ok()), 1);
}

#[tokio::test]
async fn a_recovery_code_works_once_however_it_is_written() {
    let (accounts, id, ada) = with_ada().await;
    let (_, codes) = begun(&accounts, id, ada).await;
    assert_eq!((codes.0.len(), accounts.totp(id, ada).unwrap()), (10, Some(10)));
    let first = codes.0[0].to_uppercase();
    enter(&accounts, Some(&first), now()).await.unwrap();
    assert!(matches!(enter(&accounts, Some(&first), now()).await, Err(LogInError::Refused)));
    enter(&accounts, Some(&codes.0[1].replace('-', " ")), now()).await.unwrap();
    assert_eq!(accounts.totp(id, ada).unwrap(), Some(8));
    let renewed = accounts.renew_recovery_codes(id, ada, PASSWORD, now(), &SystemRandom).await.unwrap();
    assert!(matches!(enter(&accounts, Some(&codes.0[2]), now()).await, Err(LogInError::Refused)));
    enter(&accounts, Some(&renewed.0[2]), now()).await.unwrap();
}

/// Whether a wrong code was compared, and not turned away before that.
async fn is_looked_at(accounts: &Accounts, guess: LogIn<'_>) -> bool {
    match accounts.log_in(guess, later(3_000), &SystemRandom).await {
        Err(LogInError::Refused) => true,
        Err(LogInError::Throttled { .. }) => false,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn who_has_the_password_guesses_few_codes() {
    let (accounts, id, ada) = with_ada().await;
    begun(&accounts, id, ada).await;
    let mut refused = 0;
    for n in 0..20 {
        let code = format!("{n:06}");
        let wanted = LogIn { code: Some(&code), from: from(n), ..with(PASSWORD) };
        refused += u32::from(is_looked_at(&accounts, wanted).await);
    }
    assert_eq!(refused, 5);
}

/// Each new password by mail makes another browser known; the codes that all of them guess are counted together.
#[tokio::test]
async fn who_has_the_mailbox_alone_guesses_few_codes_however_often_they_set_a_password() {
    let (accounts, id, ada) = with_ada().await;
    begun(&accounts, id, ada).await;
    let mut refused = 0;
    for round in 0..3 {
        let made = accounts.request_reset(ADA, None, from(3), later(3_000), &SystemRandom).await.unwrap();
        let secret = &made[0].secret;
        let reset = accounts.redeem_reset(secret, PASSWORD, from(3), later(3_000), &SystemRandom).await;
        let device = Some(reset.unwrap().device);
        for n in 0..12 {
            let code = format!("{round}{n:05}");
            let wanted = LogIn { code: Some(&code), device: device.as_ref(), ..with(PASSWORD) };
            refused += u32::from(is_looked_at(&accounts, wanted).await);
        }
    }
    assert_eq!(refused, 5);
}

/// Who knows the password and no code uses up what strangers have, not what the owner's browser has.
#[tokio::test]
async fn who_has_the_password_alone_shuts_nobody_out() {
    let (accounts, id, ada) = with_ada().await;
    let known = accounts.log_in(with(PASSWORD), now(), &SystemRandom).await.unwrap().device;
    let (secret, _) = begun(&accounts, id, ada).await;
    for n in 0..6 {
        enter(&accounts, Some(&format!("{n:06}")), later(60)).await.unwrap_err();
    }
    let right = code(&secret, later(60));
    assert!(matches!(enter(&accounts, Some(&right), later(60)).await, Err(LogInError::Throttled { .. })));
    let owner = LogIn { code: Some(&right), device: Some(&known), ..with(PASSWORD) };
    accounts.log_in(owner, later(60), &SystemRandom).await.unwrap();
}

#[tokio::test]
async fn a_factor_counts_once_it_was_confirmed_and_ends_by_password() {
    let (accounts, id, ada) = with_ada().await;
    let begin = |password: &'static str| accounts.begin_totp(id, ada, password, now(), &SystemRandom);
    assert!(begin("not the password").await.is_err());
    begin(PASSWORD).await.unwrap();
    assert!(accounts.confirm_totp(id, ada, "000", now(), &SystemRandom).await.is_err());
    enter(&accounts, None, now()).await.unwrap();
    let (secret, _) = begun(&accounts, id, ada).await;
    assert!(begin(PASSWORD).await.is_err(), "one at a time");
    assert!(accounts.remove_totp(id, ada, "not the password", now(), &SystemRandom).await.is_err());
    assert!(matches!(enter(&accounts, None, later(60)).await, Err(LogInError::CodeRequired)));
    accounts.remove_totp(id, ada, PASSWORD, now(), &SystemRandom).await.unwrap();
    enter(&accounts, None, later(60)).await.unwrap();
    drop(secret);
}
