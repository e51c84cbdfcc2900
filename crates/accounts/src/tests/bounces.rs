//! Where mail to `bounce+TOKEN` goes.

use super::*;

const TOKEN: &str = "abcdefghijklmnopqrstuvwxyz234";

fn bounce(organisation: OrganisationId) -> Route {
    Route::Bounce { organisation, token: TOKEN.to_owned() }
}

#[tokio::test]
async fn a_bounce_address_is_known_by_its_form_on_every_domain() {
    let (accounts, id) = with_domain().await;
    accounts.add_domain(id, &domain("acme.test"), Some(&domain("acme.example"))).await.unwrap();
    let upper = TOKEN.to_uppercase();
    for (local, at) in [
        (format!("bounce+{TOKEN}"), "acme.example"),
        (format!("bounce+{TOKEN}"), "ACME.test"),
        (format!("BOUNCE+{upper}"), "acme.example"),
    ] {
        assert_eq!(accounts.route(&local, at).unwrap(), bounce(id), "{local}@{at}");
    }
    assert_eq!(accounts.route(&format!("bounce+{TOKEN}"), "other.example").unwrap(), Route::ForeignDomain);
    assert!(accounts.is_ours(id, &address(&format!("bounce+{TOKEN}@acme.test"))).unwrap());
    let other = accounts.create_organisation("other", "Other").await.unwrap().id;
    assert!(!accounts.is_ours(other, &address(&format!("bounce+{TOKEN}@acme.test"))).unwrap());
}

#[tokio::test]
async fn what_is_no_bounce_address_goes_to_a_person_or_nobody() {
    let (accounts, id) = with_domain().await;
    let support = channel(&accounts, id, "support@acme.example").await;
    let wanted = DomainChange { catch_all: Some(Some(support.id)), ..DomainChange::default() };
    accounts.change_domain(id, &domain("acme.example"), wanted).await.unwrap();
    for local in
        [format!("bounce+{}", &TOKEN[1..]), format!("bounce+{TOKEN}a"), format!("bounce+{}1", &TOKEN[1..])]
    {
        assert_eq!(accounts.route(&local, "acme.example").unwrap(), Route::UnknownAddress, "{local}");
    }
    assert_eq!(
        accounts.route(&format!("support+{TOKEN}"), "acme.example").unwrap(),
        to(&support, id, Some(TOKEN))
    );
    assert_eq!(accounts.route(TOKEN, "acme.example").unwrap(), to(&support, id, None));
}

#[tokio::test]
async fn nobody_gets_the_address_of_bounces() {
    let (accounts, id) = with_domain().await;
    let support = channel(&accounts, id, "support@acme.example").await;
    let wanted = NewChannel { address: address("Bounce@acme.example"), name: "x".to_owned(), team: None };
    for refused in [
        accounts.create_channel(id, wanted).await,
        accounts.add_alias(id, support.id, &address("bounce@acme.example")).await,
    ] {
        let error = refused.unwrap_err();
        assert!(matches!(&error, Error::Invalid(text) if text.contains("take another address")), "{error}");
    }
}

#[tokio::test]
async fn a_domain_is_hosted_if_its_mail_comes_here() {
    let (accounts, id) = with_domain().await;
    accounts.add_domain(id, &domain("acme.test"), Some(&domain("acme.example"))).await.unwrap();
    let is_hosted = |name: &str| accounts.is_hosted(&domain(name)).unwrap();
    assert!(is_hosted("acme.example") && is_hosted("acme.test") && !is_hosted("other.example"));
    assert!(!is_hosted("sub.acme.example"));
    let wanted = DomainChange { receives: Some(false), ..DomainChange::default() };
    accounts.change_domain(id, &domain("acme.example"), wanted).await.unwrap();
    assert!(!is_hosted("acme.example"), "its mail goes to its own MX");
}
