//! Sign-up: from an address to an organisation that works.

use guichet_sys::SystemRandom;
use jiff::{SignedDuration, Timestamp};

use super::*;
use crate::{By, LogIn, LogInError, NewSignUp, SignUpError, SignUpRequest, Who};

const PASSWORD: &str = "a long walk in the rain";
const ADA: &str = "ada@elsewhere.example";

fn asks(organisation: &str, at: &str) -> NewSignUp {
    NewSignUp { organisation: organisation.to_owned(), name: "Ada".to_owned(), address: address(at) }
}

fn hours(hours: i64) -> Timestamp {
    now() + SignedDuration::from_hours(hours)
}

/// From a network of the address's own.
fn network(at: &str) -> std::net::IpAddr {
    let digest = *blake3::hash(at.as_bytes()).as_bytes();
    std::net::IpAddr::from([10, digest[0], digest[1], digest[2]])
}

/// A server where anybody may sign up.
async fn open_server() -> Accounts {
    let accounts = server();
    accounts.open_sign_up(true).await.unwrap();
    accounts
}

async fn ask(accounts: &Accounts, at: &str, when: Timestamp) -> Option<SignUpRequest> {
    let wanted = asks("Acme Ltd", at);
    accounts.request_sign_up(&wanted, 100, network(at), when, &SystemRandom).await.unwrap()
}

async fn redeem(
    accounts: &Accounts,
    secret: &Secret,
    when: Timestamp,
) -> Result<crate::SignedUp, LogInError> {
    let from = std::net::IpAddr::from([192, 0, 2, 1]);
    accounts.redeem_sign_up(secret, PASSWORD, from, when, &SystemRandom).await
}

#[tokio::test]
async fn who_opens_the_link_has_an_organisation_that_works_and_logs_in() {
    let accounts = open_server().await;
    let request = ask(&accounts, ADA, now()).await.unwrap();
    assert!(accounts.organisations().unwrap().is_empty(), "nothing is made before the address is proven");
    let letter = request.letter("https://desk.example");
    assert!(letter.text.contains(&format!("https://desk.example/sign-up#{}", request.secret.reveal())));
    let made = redeem(&accounts, &request.secret, hours(1)).await.unwrap();
    assert_eq!((made.organisation.slug.as_str(), made.person.role), ("acme-ltd", Role::Admin));
    let home = made.channel.address.domain().to_string();
    assert_eq!(home.len(), "k7m3x9q2.desk.example".len(), "{home}: a label that nobody chose");
    let route = accounts.route("support", &home).unwrap();
    assert_eq!(route, to(&made.channel, made.organisation.id, None));
    let from = std::net::IpAddr::from([192, 0, 2, 1]);
    let log_in = LogIn {
        address: ADA,
        organisation: None,
        password: PASSWORD,
        code: None,
        device: None,
        from,
        agent: "",
    };
    let entered = accounts.log_in(log_in, hours(1), &SystemRandom).await.unwrap();
    assert_eq!((entered.organisation, entered.person), (made.organisation.id, made.person.id));
}

#[tokio::test]
async fn a_link_works_once_and_for_a_day() {
    let accounts = open_server().await;
    let request = ask(&accounts, ADA, now()).await.unwrap();
    assert!(redeem(&accounts, &request.secret, hours(25)).await.is_err());
    let (one, other) = tokio::join!(
        redeem(&accounts, &request.secret, hours(2)),
        redeem(&accounts, &request.secret, hours(2))
    );
    assert!(one.is_ok() != other.is_ok());
    assert!(redeem(&accounts, &request.secret, hours(3)).await.is_err());
    assert!(redeem(&accounts, &Secret::presented("guichet_x"), now()).await.is_err());
    assert_eq!(accounts.organisations().unwrap().len(), 1);
}

#[tokio::test]
async fn a_weak_password_is_refused_and_the_link_stays_good() {
    let accounts = open_server().await;
    let request = ask(&accounts, ADA, now()).await.unwrap();
    let from = std::net::IpAddr::from([192, 0, 2, 1]);
    for weak in ["short", "ada@elsewhere.example"] {
        let refused = accounts.redeem_sign_up(&request.secret, weak, from, now(), &SystemRandom).await;
        assert!(matches!(refused, Err(LogInError::Accounts(Error::Invalid(_)))), "{weak}");
    }
    assert!(redeem(&accounts, &request.secret, now()).await.is_ok());
}

#[tokio::test]
async fn one_address_gets_a_few_links_a_day_and_hears_nothing_of_it() {
    let accounts = open_server().await;
    for _ in 0..3 {
        assert!(ask(&accounts, ADA, now()).await.is_some());
    }
    assert!(ask(&accounts, "ADA@Elsewhere.example", hours(23)).await.is_none());
    assert!(ask(&accounts, "bob@elsewhere.example", now()).await.is_some());
    assert!(ask(&accounts, ADA, hours(24)).await.is_some());
}

#[tokio::test]
async fn all_together_are_capped_within_the_hour() {
    let accounts = open_server().await;
    let ask = async |n: usize, when| {
        let at = format!("person-{n}@elsewhere.example");
        accounts.request_sign_up(&asks("Acme", &at), 2, network(&at), when, &SystemRandom).await
    };
    assert!(ask(0, now()).await.is_ok() && ask(1, now()).await.is_ok());
    let Err(SignUpError::TooMany { retry_secs }) = ask(2, now() + SignedDuration::from_secs(600)).await
    else {
        panic!("there is a cap");
    };
    assert_eq!(retry_secs, 3_000);
    assert!(ask(2, hours(1)).await.is_ok());
}

#[tokio::test]
async fn what_is_over_is_swept_away() {
    let accounts = open_server().await;
    for n in 0..5 {
        ask(&accounts, &format!("person-{n}@elsewhere.example"), now()).await.unwrap();
    }
    ask(&accounts, ADA, hours(30)).await.unwrap();
    let operator = accounts.store.operator().snapshot().unwrap();
    let rows = |kind| operator.scan(&Key::new(kind), Direction::Forward, None).unwrap().count();
    assert_eq!((rows(crate::keys::SIGN_UPS), rows(crate::keys::SIGN_UPS_COUNTED)), (1, 2));
}

#[tokio::test]
async fn what_is_over_is_swept_away_behind_however_many_that_are_not() {
    let accounts = open_server().await;
    let waits = |made| crate::sign_up::SignUp {
        organisation: "Acme".to_owned(),
        name: "Ada".to_owned(),
        address: address(ADA),
        made,
    };
    let mut batch = accounts.store.operator().batch();
    for n in 0..1_000_u64 {
        let mut digest = [0; 32];
        digest[24..].copy_from_slice(&n.to_be_bytes());
        batch.put(crate::keys::sign_up(&digest), crate::stored::encode(&waits(hours(30))));
    }
    let last = crate::keys::sign_up(&[255; 32]);
    batch.put(last.clone(), crate::stored::encode(&waits(now())));
    accounts.store.commit(vec![batch]).await.unwrap();
    ask(&accounts, ADA, hours(30)).await.unwrap();
    assert_eq!(accounts.store.operator().snapshot().unwrap().peek(&last).unwrap(), None);
}

#[tokio::test]
async fn a_taken_or_reserved_name_gets_a_number_and_a_strange_one_a_label() {
    let accounts = open_server().await;
    accounts.create_organisation("acme", "Acme").await.unwrap();
    for (n, (name, slug)) in
        [("Acme", "acme-2"), ("Acme!", "acme-3"), ("Mail", "mail-box"), ("日本", "")].iter().enumerate()
    {
        let wanted = asks(name, &format!("person-{n}@elsewhere.example"));
        let request = accounts.request_sign_up(&wanted, 100, network(name), now(), &SystemRandom).await;
        let request = request.unwrap().unwrap();
        let made = redeem(&accounts, &request.secret, now()).await.unwrap();
        match *slug {
            "" | "mail-box" => assert!(
                accounts.route("support", &format!("{}.desk.example", made.organisation.slug)).is_ok()
            ),
            slug => assert_eq!(made.organisation.slug, slug),
        }
        assert_eq!(made.organisation.name, *name);
    }
}

#[tokio::test]
async fn promise_7_no_secret_of_a_link_is_stored() {
    let accounts = open_server().await;
    let id = accounts.create_organisation("acme", "Acme").await.unwrap().id;
    accounts.create_team(id, "x").await.unwrap();
    let request = ask(&accounts, ADA, now()).await.unwrap();
    assert_nowhere(&accounts, id, request.secret.reveal().as_bytes());
    let made = redeem(&accounts, &request.secret, now()).await.unwrap();
    for secret in [request.secret.reveal(), PASSWORD, made.device.reveal()] {
        assert_nowhere(&accounts, made.organisation.id, secret.as_bytes());
    }
}

#[tokio::test]
async fn nobody_signs_up_before_it_is_opened_nor_after_it_is_closed() {
    let accounts = server();
    let wanted = asks("Acme Ltd", ADA);
    let ask = async || accounts.request_sign_up(&wanted, 100, network(ADA), now(), &SystemRandom).await;
    assert!(matches!(ask().await, Err(SignUpError::Accounts(Error::Closed))));
    accounts.open_sign_up(true).await.unwrap();
    let request = ask().await.unwrap().unwrap();
    accounts.open_sign_up(false).await.unwrap();
    assert!(matches!(ask().await, Err(SignUpError::Accounts(Error::Closed))));
    let late = redeem(&accounts, &request.secret, now()).await;
    assert!(matches!(late, Err(LogInError::Accounts(Error::Closed))), "a link of before opens nothing");
    assert!(accounts.organisations().unwrap().is_empty());
    accounts.open_sign_up(true).await.unwrap();
    assert!(redeem(&accounts, &request.secret, now()).await.is_ok());
}

#[tokio::test]
async fn who_opened_sign_up_and_closed_it_stands_in_the_audit_log_once() {
    let accounts = server();
    let house = accounts.ensure_house(now()).await.unwrap();
    let by = By { organisation: None, who: Who::Operator, from: None, at: now() };
    let operator = accounts.on_behalf(by);
    for open in [false, true, true, false] {
        operator.open_sign_up(open).await.unwrap();
        assert_eq!(accounts.sign_up_is_open().unwrap(), open);
    }
    let noted = accounts.audit(house, None, 50).unwrap().entries;
    let mut deeds: Vec<&str> = noted.iter().map(|entry| entry.deed.as_str()).collect();
    deeds.retain(|deed| deed.starts_with("sign_up."));
    deeds.sort_unstable();
    assert_eq!(deeds, ["sign_up.closed", "sign_up.opened"]);
}

#[tokio::test]
async fn who_asked_for_an_organisation_and_from_where_stands_in_the_audit_log() {
    let accounts = open_server().await;
    let house = accounts.ensure_house(now()).await.unwrap();
    ask(&accounts, ADA, now()).await.unwrap();
    let noted = accounts.audit(house, None, 50).unwrap().entries;
    let asked = noted.iter().find(|entry| entry.deed.as_str() == "sign_up.requested").unwrap();
    assert_eq!((asked.subject.as_str(), asked.from), (ADA, Some(network(ADA))));
}
