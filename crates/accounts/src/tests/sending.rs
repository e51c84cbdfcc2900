//! As whom a channel writes.

use super::*;

async fn set(accounts: &Accounts, id: OrganisationId, name: &str, receives: bool, sends: bool) {
    let wanted = DomainChange { receives: Some(receives), sends: Some(sends), ..DomainChange::default() };
    accounts.change_domain(id, &domain(name), wanted).await.unwrap();
}

async fn with_base_domain() -> (Accounts, OrganisationId) {
    let (accounts, id) = with_domain().await;
    accounts.add_domain(id, &domain("acme.desk.example"), None).await.unwrap();
    (accounts, id)
}

#[tokio::test]
async fn a_claimed_subdomain_sends_at_once_under_its_own_addresses() {
    let (accounts, id) = with_base_domain().await;
    let support = channel(&accounts, id, "support@acme.desk.example").await;
    let sending = accounts.sending(id, support.id).unwrap();
    assert_eq!((sending.from, sending.name.as_str()), (support.address.clone(), "Support"));
    assert_eq!(sending.reply_to, support.address);
    assert_eq!(sending.envelope_domain, domain("acme.desk.example"));
    assert_eq!(sending.message_id_domain, domain("acme.desk.example"));
    set(&accounts, id, "acme.desk.example", true, false).await;
    assert!(accounts.sending(id, support.id).is_err(), "it was switched off");
}

#[tokio::test]
async fn a_domain_sends_when_it_was_switched_on_and_the_error_says_so() {
    let (accounts, id) = with_domain().await;
    let support = channel(&accounts, id, "support@acme.example").await;
    let error = accounts.sending(id, support.id).unwrap_err().to_string();
    assert!(error.contains("`acme.example`") && error.contains("publish the DKIM records"), "{error}");
    set(&accounts, id, "acme.example", true, true).await;
    let sending = accounts.sending(id, support.id).unwrap();
    assert_eq!((sending.reply_to, sending.envelope_domain), (support.address, domain("acme.example")));
    let settings = accounts.domain(id, &domain("acme.example")).unwrap();
    assert!(settings.receives() && accounts.sends(&settings));
}

#[tokio::test]
async fn a_domain_that_only_sends_takes_answers_and_bounces_at_home() {
    let (accounts, id) = with_base_domain().await;
    let support = channel(&accounts, id, "support@acme.example").await;
    set(&accounts, id, "acme.example", false, true).await;
    let error = accounts.sending(id, support.id).unwrap_err().to_string();
    assert!(error.contains("add a channel on a domain that receives"), "{error}");

    accounts.add_domain(id, &domain("acme.test"), None).await.unwrap();
    let elsewhere = channel(&accounts, id, "help@acme.test").await;
    assert_eq!(accounts.sending(id, support.id).unwrap().reply_to, elsewhere.address, "it receives");

    let home = channel(&accounts, id, "home@acme.desk.example").await;
    channel(&accounts, id, "later@acme.desk.example").await;
    let sending = accounts.sending(id, support.id).unwrap();
    assert_eq!((sending.from, sending.reply_to), (support.address, home.address));
    assert_eq!(sending.envelope_domain, domain("acme.desk.example"));
    assert_eq!(sending.message_id_domain, domain("acme.example"));
}

#[tokio::test]
async fn nobody_writes_as_anothers_channel() {
    let (accounts, id) = with_base_domain().await;
    let support = channel(&accounts, id, "support@acme.desk.example").await;
    let other = accounts.create_organisation("other", "Other").await.unwrap().id;
    assert!(matches!(accounts.sending(other, support.id), Err(Error::NotFound { .. })));
}
