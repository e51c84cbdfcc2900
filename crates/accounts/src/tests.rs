//! Accounts, told as an operator would.

mod audit;
mod bounces;
mod claims;
mod dkim;
mod domain_records;
mod entering;
mod hostile;
mod house;
mod inviting;
mod own_domains;
mod people;
mod records;
mod records_of_people;
mod rotation;
mod sealed;
mod second_factor;
mod sending;
mod sign_up;
mod teams;
mod token_key;

use guichet_mail::{DomainName, MailAddress};
use guichet_store::{Direction, Key, OrganisationId, Store};

use jiff::Timestamp;

use crate::{
    Accounts, AutoReply, Channel, ChannelChange, DomainChange, Error, NewChannel, NewPerson, NewToken, Role,
    Route, Scope, Scopes, Secret, Sight, Vault, VerdictPolicy,
};

fn domain(name: &str) -> DomainName {
    DomainName::parse(name).unwrap()
}

fn address(text: &str) -> MailAddress {
    MailAddress::parse(text).unwrap()
}

fn now() -> Timestamp {
    Timestamp::from_second(1_800_000_000).unwrap()
}

fn server() -> Accounts {
    over(Store::memory(), 1)
}

/// A server over this store, with a master key of this octet.
fn over(store: Store, master: u8) -> Accounts {
    Accounts::new(store, Vault::new([master; 32]), domain("desk.example"))
}

/// A server with one organisation that has a domain.
async fn with_domain() -> (Accounts, OrganisationId) {
    let accounts = server();
    let id = accounts.create_organisation("acme", "Acme Ltd").await.unwrap().id;
    accounts.add_domain(id, &domain("acme.example"), None).await.unwrap();
    (accounts, id)
}

async fn channel(accounts: &Accounts, id: OrganisationId, at: &str) -> Channel {
    let wanted = NewChannel { address: address(at), name: "Support".to_owned(), team: None };
    accounts.create_channel(id, wanted).await.unwrap()
}

fn to(channel: &Channel, organisation: OrganisationId, tag: Option<&str>) -> Route {
    Route::Channel { organisation, channel: channel.id, tag: tag.map(str::to_owned) }
}

/// Looks for octets in all that is stored of the server and of one organisation.
fn assert_nowhere(accounts: &Accounts, id: OrganisationId, octets: &[u8]) {
    let mut rows = 0;
    for kind in 0x20..=0x7f {
        for space in [accounts.store.operator(), accounts.store.of(id)] {
            let snapshot = space.snapshot().unwrap();
            for row in snapshot.scan(&Key::new(kind), Direction::Forward, None).unwrap() {
                let (key, value) = row.unwrap();
                rows += 1;
                for bytes in [key, value] {
                    assert!(!bytes.windows(octets.len()).any(|window| window == octets));
                }
            }
        }
    }
    assert!(rows > 4, "the scan saw the rows");
}

#[tokio::test]
async fn an_address_leads_to_its_channel_however_it_is_written() {
    let (accounts, id) = with_domain().await;
    let support = channel(&accounts, id, "support@acme.example").await;
    for (local, domain) in
        [("support", "acme.example"), ("SUPPORT", "Acme.Example"), ("support", "acme.example.")]
    {
        assert_eq!(accounts.route(local, domain).unwrap(), to(&support, id, None), "{local}@{domain}");
    }
    assert_eq!(accounts.route("support+Vip", "acme.example").unwrap(), to(&support, id, Some("Vip")));
    assert_eq!(accounts.route("sales", "acme.example").unwrap(), Route::UnknownAddress);
    assert_eq!(accounts.route("support", "other.example").unwrap(), Route::ForeignDomain);
    assert_eq!(accounts.route("support", "not a domain").unwrap(), Route::ForeignDomain);
}

#[tokio::test]
async fn postmaster_and_abuse_go_to_somebody() {
    let (accounts, id) = with_domain().await;
    assert_eq!(accounts.route("postmaster", "acme.example").unwrap(), Route::UnknownAddress, "nobody yet");
    let support = channel(&accounts, id, "support@acme.example").await;
    let desk = channel(&accounts, id, "desk@acme.example").await;
    for role in ["postmaster", "Abuse"] {
        assert_eq!(accounts.route(role, "acme.example").unwrap(), to(&support, id, None), "{role}");
    }
    assert_eq!(accounts.route_postmaster().unwrap(), to(&support, id, None));
    let wanted = DomainChange { role_channel: Some(desk.id), ..DomainChange::default() };
    accounts.change_domain(id, &domain("acme.example"), wanted).await.unwrap();
    accounts.set_postmaster(id, desk.id).await.unwrap();
    assert_eq!(accounts.route("abuse", "acme.example").unwrap(), to(&desk, id, None));
    assert_eq!(accounts.route_postmaster().unwrap(), to(&desk, id, None));
}

#[tokio::test]
async fn aliases_catch_all_and_alias_domains_lead_to_channels() {
    let (accounts, id) = with_domain().await;
    let support = channel(&accounts, id, "support@acme.example").await;
    accounts.add_alias(id, support.id, &address("help@acme.example")).await.unwrap();
    assert_eq!(accounts.route("help", "acme.example").unwrap(), to(&support, id, None));

    accounts.add_domain(id, &domain("acme.test"), Some(&domain("acme.example"))).await.unwrap();
    assert_eq!(accounts.route("help+x", "acme.test").unwrap(), to(&support, id, Some("x")));

    let wanted = DomainChange { catch_all: Some(Some(support.id)), ..DomainChange::default() };
    accounts.change_domain(id, &domain("acme.example"), wanted).await.unwrap();
    assert_eq!(accounts.route("whoever", "acme.test").unwrap(), to(&support, id, None));
    let refuse = DomainChange { catch_all: Some(None), ..DomainChange::default() };
    accounts.change_domain(id, &domain("acme.example"), refuse).await.unwrap();
    assert_eq!(accounts.route("whoever", "acme.example").unwrap(), Route::UnknownAddress);
}

#[tokio::test]
async fn a_name_is_given_once_on_the_whole_server() {
    let (accounts, id) = with_domain().await;
    channel(&accounts, id, "support@acme.example").await;
    let other = accounts.create_organisation("other", "Other").await.unwrap().id;
    let taken = |result: Result<(), Error>| assert!(matches!(result, Err(Error::Taken { .. })), "{result:?}");
    taken(accounts.create_organisation("acme", "Again").await.map(drop));
    taken(accounts.add_domain(other, &domain("ACME.example"), None).await.map(drop));
    let again = NewChannel { address: address("Support@acme.example"), name: "x".to_owned(), team: None };
    taken(accounts.create_channel(id, again).await.map(drop));
}

#[tokio::test]
async fn a_channel_needs_a_domain_of_its_own_organisation() {
    let (accounts, id) = with_domain().await;
    let other = accounts.create_organisation("other", "Other").await.unwrap().id;
    let stolen = NewChannel { address: address("x@acme.example"), name: "x".to_owned(), team: None };
    assert!(matches!(accounts.create_channel(other, stolen).await, Err(Error::NotFound { .. })));
    let tagged = NewChannel { address: address("a+b@acme.example"), name: "x".to_owned(), team: None };
    assert!(matches!(accounts.create_channel(id, tagged).await, Err(Error::Invalid(_))));
}

#[tokio::test]
async fn bad_names_are_refused_with_a_sentence() {
    let accounts = server();
    for slug in ["", "-a", "a-", "A", "a b", "ä", &"a".repeat(64)] {
        let error = accounts.create_organisation(slug, "Name").await.unwrap_err();
        assert!(matches!(&error, Error::Invalid(text) if text.contains("short name")), "{slug}: {error}");
    }
    assert!(matches!(accounts.create_organisation("ok", "a\nb").await, Err(Error::Invalid(_))));
}

#[tokio::test]
async fn a_token_opens_what_it_was_made_for_until_it_is_taken_back() {
    let (accounts, id) = with_domain().await;
    let team = accounts.create_team(id, "Billing").await.unwrap();
    let person = NewPerson {
        name: "Ana".to_owned(),
        address: address("ana@acme.example"),
        role: Role::Agent,
        teams: vec![team.id],
    };
    let person = accounts.add_person(id, person).await.unwrap();
    let secret = Secret::from_random([7; 32]);
    let scopes: Scopes = [Scope::TicketsRead].into_iter().collect();
    let wanted = NewToken { person: person.id, name: "laptop".to_owned(), scopes };
    let token = accounts.create_token(id, wanted, &secret).await.unwrap();

    let actor = accounts.authenticate(&Secret::presented(secret.reveal()), now()).unwrap().unwrap();
    assert_eq!((actor.organisation, actor.sight.clone()), (id, Sight::Teams(vec![team.id])));
    assert!(actor.may(Scope::TicketsRead) && !actor.may(Scope::TicketsWrite));
    assert!(accounts.authenticate(&Secret::presented("guichet_x"), now()).unwrap().is_none());
    assert_eq!(accounts.tokens(id).unwrap(), vec![token.clone()]);

    accounts.revoke_token(id, token.id).await.unwrap();
    assert!(accounts.authenticate(&secret, now()).unwrap().is_none());
    assert!(accounts.tokens(id).unwrap().is_empty());
}

#[tokio::test]
async fn promise_7_no_secret_of_a_token_is_stored() {
    let (accounts, id) = with_domain().await;
    let person = NewPerson {
        name: "Ana".to_owned(),
        address: address("ana@acme.example"),
        role: Role::Admin,
        teams: Vec::new(),
    };
    let person = accounts.add_person(id, person).await.unwrap();
    let secret = Secret::from_random([9; 32]);
    let wanted = NewToken { person: person.id, name: "x".to_owned(), scopes: Scopes::all() };
    accounts.create_token(id, wanted, &secret).await.unwrap();
    assert_nowhere(&accounts, id, secret.reveal().as_bytes());
    assert_nowhere(&accounts, id, &[9; 32]);
}

#[tokio::test]
async fn a_policy_is_kept() {
    let (accounts, id) = with_domain().await;
    let sealers = vec![domain("forwarder.example")];
    accounts.set_policy(id, VerdictPolicy::Reject, sealers.clone()).await.unwrap();
    let kept = accounts.organisation_named("acme").unwrap();
    assert_eq!((kept.policy, kept.trusted_sealers), (VerdictPolicy::Reject, sealers));
}

#[tokio::test]
async fn things_made_at_once_get_numbers_of_their_own() {
    let accounts = server();
    let id = accounts.create_organisation("acme", "Acme").await.unwrap().id;
    let (a, b, c) = tokio::join!(
        accounts.create_team(id, "a"),
        accounts.create_team(id, "b"),
        accounts.create_team(id, "c"),
    );
    let mut ids = [a.unwrap().id, b.unwrap().id, c.unwrap().id];
    ids.sort_unstable();
    assert_eq!(ids.map(|id| id.0), [1, 2, 3]);
    assert_eq!(accounts.teams(id).unwrap().len(), 3);
}

#[tokio::test]
async fn a_channel_in_an_alias_domain_would_never_get_mail_and_is_refused() {
    let (accounts, id) = with_domain().await;
    accounts.add_domain(id, &domain("acme.test"), Some(&domain("acme.example"))).await.unwrap();
    let wanted = NewChannel { address: address("x@acme.test"), name: "x".to_owned(), team: None };
    assert!(matches!(accounts.create_channel(id, wanted).await, Err(Error::Invalid(_))));
    let support = channel(&accounts, id, "support@acme.example").await;
    let alias = accounts.add_alias(id, support.id, &address("help@acme.test")).await;
    assert!(matches!(alias, Err(Error::Invalid(_))));
    let wanted = DomainChange { catch_all: Some(Some(support.id)), ..DomainChange::default() };
    let changed = accounts.change_domain(id, &domain("acme.test"), wanted).await;
    assert!(matches!(changed, Err(Error::Invalid(_))));
}

#[tokio::test]
async fn a_chain_of_alias_domains_leads_to_its_end() {
    let (accounts, id) = with_domain().await;
    let support = channel(&accounts, id, "support@acme.example").await;
    let mut target = domain("acme.example");
    for n in 1..=6 {
        let name = domain(&format!("a{n}.test"));
        let added = accounts.add_domain(id, &name, Some(&target)).await.unwrap();
        assert_eq!(added.alias_of, Some(domain("acme.example")), "stored as what it leads to");
        assert_eq!(accounts.route("support", name.as_str()).unwrap(), to(&support, id, None));
        target = name;
    }
}

#[tokio::test]
async fn a_channel_gets_another_name_team_and_automatic_answer() {
    let (accounts, id) = with_domain().await;
    let team = accounts.create_team(id, "Billing").await.unwrap().id;
    let support = channel(&accounts, id, "support@acme.example").await;
    let reply = AutoReply { subject: Some("We got it".to_owned()), text: "Thank you.\r\nAcme".to_owned() };
    let wanted = ChannelChange {
        name: Some(" Help ".to_owned()),
        auto_reply: Some(Some(reply.clone())),
        team: Some(Some(team)),
        ..ChannelChange::default()
    };
    let changed = accounts.change_channel(id, support.id, wanted).await.unwrap();
    assert_eq!(
        (changed.name.as_str(), changed.auto_reply.clone(), changed.team),
        ("Help", Some(reply), Some(team))
    );
    assert_eq!(accounts.change_channel(id, support.id, ChannelChange::default()).await.unwrap(), changed);
    let wanted = ChannelChange { auto_reply: Some(None), team: Some(None), ..ChannelChange::default() };
    let changed = accounts.change_channel(id, support.id, wanted).await.unwrap();
    assert_eq!((changed.auto_reply, changed.team), (None, None));
    assert_eq!(accounts.channel(id, support.id).unwrap().name, "Help");
}

#[tokio::test]
async fn an_automatic_answer_is_bounded_and_can_not_break_a_header() {
    let (accounts, id) = with_domain().await;
    let support = channel(&accounts, id, "support@acme.example").await;
    let other = accounts.create_organisation("other", "Other").await.unwrap().id;
    let change = |subject: Option<&str>, text: &str| ChannelChange {
        auto_reply: Some(Some(AutoReply { subject: subject.map(str::to_owned), text: text.to_owned() })),
        ..ChannelChange::default()
    };
    for wanted in [
        change(Some("a\r\nBcc: x@y.example"), "x"),
        change(Some(&"a".repeat(201)), "x"),
        change(None, " \n"),
        change(None, "a\0"),
        change(None, &"a".repeat(10_001)),
    ] {
        let refused = accounts.change_channel(id, support.id, wanted).await.unwrap_err();
        assert!(matches!(&refused, Error::Invalid(text) if text.contains("automatic answer")), "{refused}");
    }
    let blank = accounts.change_channel(id, support.id, change(Some("  "), "x")).await.unwrap();
    assert_eq!(blank.auto_reply.unwrap().subject, None);
    let stranger = accounts.change_channel(other, support.id, change(None, "x")).await;
    assert!(matches!(stranger, Err(Error::NotFound { .. })));
}
