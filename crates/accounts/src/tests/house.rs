//! The operator's own organisation, and organisations that work at once.

use jiff::Timestamp;

use super::*;
use crate::organisations::ORGANISATIONS_MAX;
use crate::{HomeLabel, NewOrganisation, Organisation, keys, stored};

const NOW: Timestamp = Timestamp::UNIX_EPOCH;

pub(super) fn wanted(slug: &str) -> NewOrganisation {
    NewOrganisation { slug: slug.to_owned(), name: slug.to_owned(), home: None }
}

/// Where mail to this address goes.
fn routed(accounts: &Accounts, to: &str) -> Route {
    let to = address(to);
    accounts.route(to.local(), to.domain().as_str()).unwrap()
}

#[tokio::test]
async fn the_house_has_the_base_domain_and_reads_its_postmaster_and_abuse() {
    let accounts = server();
    assert!(matches!(accounts.house(), Err(Error::Unavailable(text)) if text.contains("serve")));
    let house = accounts.ensure_house(NOW).await.unwrap();
    assert_eq!((accounts.house().unwrap(), accounts.is_house(house).unwrap()), (house, true));
    let [channel] = accounts.channels(house).unwrap().try_into().unwrap();
    assert_eq!(channel.address, address("postmaster@desk.example"));
    for to in ["postmaster@desk.example", "Abuse@DESK.example", "postmaster+x@desk.example"] {
        assert!(
            matches!(routed(&accounts, to), Route::Channel { organisation, .. } if organisation == house),
            "{to}"
        );
    }
    assert_eq!(routed(&accounts, "anybody@desk.example"), Route::UnknownAddress);
    let sending = accounts.sending(house, channel.id).unwrap();
    assert_eq!(sending.from, address("postmaster@desk.example"));
    assert_eq!(accounts.operator_address().unwrap(), sending.from);
}

#[tokio::test]
async fn every_start_finds_the_house_that_the_first_one_made() {
    let store = Store::memory();
    let house = over(store.clone(), 1).ensure_house(NOW).await.unwrap();
    let again = over(store, 1);
    let (one, other) = tokio::join!(again.ensure_house(NOW), again.ensure_house(NOW));
    assert_eq!((one.unwrap(), other.unwrap()), (house, house));
    assert_eq!(again.organisations().unwrap().len(), 1);
}

#[tokio::test]
async fn a_house_is_made_beside_those_who_took_its_names_before() {
    let accounts = server();
    let first = accounts.create_organisation("house", "House of Cards").await.unwrap().id;
    accounts.add_domain(first, &domain("desk.example"), None).await.unwrap();
    accounts.add_domain(first, &domain("operator.desk.example"), None).await.unwrap();
    let theirs = channel(&accounts, first, "postmaster@desk.example").await;
    let house = accounts.ensure_house(NOW).await.unwrap();
    assert_ne!(house, first);
    assert_eq!(accounts.organisation(house).unwrap().slug, "house-2");
    let [channel] = accounts.channels(house).unwrap().try_into().unwrap();
    assert_eq!(channel.address, address("postmaster@operator-2.desk.example"));
    assert_eq!(
        routed(&accounts, "postmaster@desk.example"),
        to(&theirs, first, None),
        "nothing was taken away"
    );
    let told = accounts.operator_address().unwrap();
    assert_eq!(told, channel.address, "nobody is told to write to another organisation");
}

#[tokio::test]
async fn the_house_has_the_next_base_domain_too_and_knows_who_stays_behind() {
    let store = Store::memory();
    let before = over(store.clone(), 1);
    let house = before.ensure_house(NOW).await.unwrap();
    before.ensure_base_domain().await.unwrap();
    let acme = before.found_organisation(wanted("acme"), NOW).await.unwrap().0.id;
    assert_eq!(before.left_behind().unwrap(), None);
    assert_eq!(before.domains(house).unwrap().len(), 1, "it has this one already");

    let after = || Accounts::new(store.clone(), Vault::new([1; 32]), domain("help.example"));
    let (one, other) = (after(), after());
    let made = tokio::join!(one.ensure_base_domain(), other.ensure_base_domain());
    assert!(made.0.is_ok() && made.1.is_ok());
    assert_eq!(one.ensure_house(NOW).await.unwrap(), house);
    for to in ["postmaster@help.example", "abuse@help.example", "postmaster@desk.example"] {
        let route = routed(&one, to);
        assert!(matches!(route, Route::Channel { organisation, .. } if organisation == house), "{to}");
    }
    let channels = one.channels(house).unwrap();
    assert_eq!(channels.len(), 2);
    assert_eq!(one.sending(house, channels[1].id).unwrap().from, address("postmaster@help.example"));
    assert_eq!(one.left_behind().unwrap(), Some((domain("desk.example"), vec!["acme".to_owned()])));
    one.suspend_organisation(acme, Some(NOW)).await.unwrap();
    assert_eq!(one.left_behind().unwrap(), None, "it sends nothing anyway");
    one.suspend_organisation(acme, None).await.unwrap();
    one.add_domain(acme, &domain("acme.help.example"), None).await.unwrap();
    assert_eq!(one.left_behind().unwrap(), None);
}

#[tokio::test]
async fn a_base_domain_that_somebody_has_stays_theirs() {
    let store = Store::memory();
    let before = over(store.clone(), 1);
    let house = before.ensure_house(NOW).await.unwrap();
    let acme = before.create_organisation("acme", "Acme").await.unwrap().id;
    before.add_domain(acme, &domain("help.example"), None).await.unwrap();
    let after = Accounts::new(store, Vault::new([1; 32]), domain("help.example"));
    after.ensure_base_domain().await.unwrap();
    assert_eq!((after.domains(house).unwrap().len(), after.domains(acme).unwrap().len()), (1, 1));
    assert_eq!(after.left_behind().unwrap(), Some((domain("desk.example"), vec!["house".to_owned()])));
}

#[tokio::test]
async fn an_organisation_has_an_address_at_once() {
    let accounts = server();
    let (organisation, channel) = accounts.found_organisation(wanted("acme"), NOW).await.unwrap();
    let id = organisation.id;
    assert_eq!(channel.address, address("support@acme.desk.example"));
    for at in ["support@acme.desk.example", "postmaster@acme.desk.example", "abuse@acme.desk.example"] {
        assert_eq!(routed(&accounts, at), to(&channel, id, None), "{at}");
    }
    accounts.sending(id, channel.id).unwrap();
    let team = accounts.create_team(id, "Billing").await.unwrap();
    assert_ne!(team.id.0, channel.id.0, "numbers go on after the channel's");
    let again = NewChannel { address: channel.address.clone(), name: "x".to_owned(), team: None };
    assert!(matches!(accounts.create_channel(id, again).await, Err(Error::Taken { .. })));
    let again = accounts.add_domain(id, &domain("acme.desk.example"), None).await;
    assert!(matches!(again, Err(Error::Taken { .. })));
}

#[tokio::test]
async fn of_two_organisations_of_one_name_made_at_once_one_is_made() {
    let accounts = server();
    let (one, other) = tokio::join!(
        accounts.found_organisation(wanted("acme"), NOW),
        accounts.found_organisation(wanted("acme"), NOW)
    );
    assert!(one.is_ok() != other.is_ok());
    assert_eq!(accounts.organisations().unwrap().len(), 1);
}

/// Whatever is done for all, a change of the master key above all, must leave nobody out.
#[tokio::test]
async fn promise_9_a_server_has_so_many_organisations_as_are_listed() {
    let accounts = server();
    let (first, _) = accounts.found_organisation(wanted("acme"), NOW).await.unwrap();
    let mut batch = accounts.store.operator().batch();
    for number in 2..=ORGANISATIONS_MAX {
        let id = OrganisationId::new(number).unwrap();
        batch.put(keys::organisation(id), stored::encode(&Organisation { id, ..first.clone() }));
    }
    stored::put_number(&mut batch, u64::from(ORGANISATIONS_MAX));
    accounts.store.commit(vec![batch]).await.unwrap();
    assert_eq!(accounts.organisations().unwrap().len(), ORGANISATIONS_MAX as usize);
    for refused in [
        accounts.found_organisation(wanted("beta"), NOW).await.map(drop),
        accounts.create_organisation("beta", "Beta").await.map(drop),
    ] {
        assert!(matches!(&refused, Err(Error::Invalid(text)) if text.contains("100000")), "{refused:?}");
    }
}

#[tokio::test]
async fn the_servers_own_names_are_no_organisations() {
    let accounts = server();
    for slug in ["house", "mx", "mail2", "postmaster", "www"] {
        let error = accounts.found_organisation(wanted(slug), NOW).await.unwrap_err();
        assert!(error.to_string().contains("reserved"), "{error}");
    }
    assert!(accounts.found_organisation(wanted("test"), NOW).await.is_ok(), "the operator may");
}

#[test]
fn a_label_that_nobody_chose_spells_no_word_and_is_a_label() {
    for seed in 0..=255u8 {
        let label =
            HomeLabel::from_random(std::array::from_fn(|at| seed.wrapping_mul(31).wrapping_add(at as u8)))
                .to_string();
        assert_eq!(label.len(), 8);
        assert!(!label.contains(['a', 'e', 'i', 'o', 'u', '0', '1']), "{label}");
        assert!(DomainName::parse(&format!("{label}.desk.example")).is_ok());
    }
}

#[tokio::test]
async fn mail_of_a_suspended_organisation_waits_and_nothing_of_it_is_lost() {
    let accounts = server();
    let house = accounts.ensure_house(NOW).await.unwrap();
    let (organisation, channel) = accounts.found_organisation(wanted("acme"), NOW).await.unwrap();
    let id = organisation.id;
    accounts.suspend_organisation(id, Some(NOW)).await.unwrap();
    for at in ["support@acme.desk.example", "nobody@acme.desk.example", "bounce+x@acme.desk.example"] {
        assert_eq!(routed(&accounts, at), Route::Suspended, "{at}");
    }
    let resumed = accounts.suspend_organisation(id, None).await.unwrap();
    assert_eq!(resumed.suspended, None);
    assert_eq!(routed(&accounts, "support@acme.desk.example"), to(&channel, id, None));
    let error = accounts.suspend_organisation(house, Some(NOW)).await.unwrap_err();
    assert!(error.to_string().contains("can't be suspended"), "{error}");
}
