//! Records of every release decode for ever: the octets of each stand in `records/`, in hex.

use data_encoding::HEXLOWER;
use guichet_store::{Key, Space};
use minicbor::Decode;

use super::{address, domain};
use crate::stored::decode;
use crate::{
    Accounts, AutoReply, Channel, ChannelChange, ChannelId, DkimAlgorithm, DkimScope, Domain, DomainChange,
    NewChannel, NewDkimKey, NewPerson, NewToken, Organisation, Person, PersonId, Role, Scope, Secret,
    SecretBytes, Team, TeamId, Token, TokenId, VerdictPolicy, keys,
};

const ORGANISATION: &str = include_str!("records/organisation-1.hex");
const DOMAIN: &str = include_str!("records/domain-1.hex");
const CHANNEL: &str = include_str!("records/channel-1.hex");
const TEAM: &str = include_str!("records/team-1.hex");
const PERSON: &str = include_str!("records/person-1.hex");
const TOKEN: &str = include_str!("records/token-1.hex");
const OWNER: &str = include_str!("records/owner-1.hex");
const DOMAIN_2: &str = include_str!("records/domain-2.hex");
const CHANNEL_2: &str = include_str!("records/channel-2.hex");
const DKIM_KEY: &str = include_str!("records/dkim-key-1.hex");
const TOKEN_KEY: &str = include_str!("records/token-key-1.hex");

fn read<T: for<'b> Decode<'b, ()>>(hex: &str) -> T {
    decode("record", &HEXLOWER.decode(hex.trim().as_bytes()).unwrap()).unwrap()
}

#[test]
fn an_organisation_and_a_domain_of_the_first_release_are_read() {
    let organisation: Organisation = read(ORGANISATION);
    assert_eq!((organisation.id.get(), organisation.slug.as_str()), (1, "acme"));
    assert_eq!((organisation.name.as_str(), organisation.policy), ("Acme Ltd", VerdictPolicy::Quarantine));
    assert_eq!(organisation.trusted_sealers, [domain("forwarder.example")]);
    let settings: Domain = read(DOMAIN);
    assert_eq!((settings.name, settings.alias_of), (domain("acme.example"), None));
    assert_eq!((settings.catch_all, settings.role_channel), (Some(ChannelId(3)), Some(ChannelId(3))));
    assert_eq!((settings.receives, settings.sends), (None, None));
}

#[test]
fn a_domain_that_sends_and_a_channel_that_answers_are_read() {
    let settings: Domain = read(DOMAIN_2);
    assert_eq!((settings.name, settings.role_channel), (domain("acme.example"), Some(ChannelId(3))));
    assert_eq!((settings.receives, settings.sends), (Some(false), Some(true)));
    let channel: Channel = read(CHANNEL_2);
    assert_eq!((channel.id, channel.aliases), (ChannelId(3), vec![address("help@acme.example")]));
    let reply = AutoReply { subject: Some("We got it".to_owned()), text: "Thank you.".to_owned() };
    assert_eq!(channel.auto_reply, Some(reply));
}

/// With the master key of these tests; what sealed them must open them for ever.
#[tokio::test]
async fn sealed_keys_are_opened() {
    let accounts = super::server();
    let id = accounts.create_organisation("acme", "Acme").await.unwrap().id;
    let (dkim, token) = (keys::dkim_key(&domain("acme.example"), "s1"), keys::token_key());
    for (space, key, hex) in
        [(accounts.store.of(id), dkim, DKIM_KEY), (accounts.store.operator(), token, TOKEN_KEY)]
    {
        let mut batch = space.batch();
        batch.put(key, HEXLOWER.decode(hex.trim().as_bytes()).unwrap());
        accounts.store.commit(vec![batch]).await.unwrap();
    }
    let [key] = accounts.dkim_keys(id, &domain("acme.example")).unwrap().try_into().unwrap();
    assert_eq!((key.domain, key.selector.as_str()), (domain("acme.example"), "s1"));
    assert_eq!((key.algorithm, key.pkcs8.as_slice()), (DkimAlgorithm::Ed25519Sha256, &b"private"[..]));
    let [record] = accounts.dkim_records(id, &domain("acme.example")).unwrap().try_into().unwrap();
    assert_eq!(record.text, "v=DKIM1; k=ed25519; p=AAAA");
    assert_eq!(accounts.token_key().unwrap(), [5; 32]);
}

#[test]
fn a_channel_a_team_and_a_person_of_the_first_release_are_read() {
    let channel: Channel = read(CHANNEL);
    assert_eq!((channel.id, channel.team), (ChannelId(3), Some(TeamId(1))));
    assert_eq!((channel.address, channel.name.as_str()), (address("support@acme.example"), "Support"));
    assert_eq!(channel.aliases, [address("help@acme.example")]);
    assert_eq!(channel.auto_reply, None);
    let team: Team = read(TEAM);
    assert_eq!((team.id, team.name.as_str()), (TeamId(1), "Billing"));
    let person: Person = read(PERSON);
    assert_eq!((person.id, person.name.as_str()), (PersonId(2), "Ana"));
    assert_eq!((person.address, person.role), (address("ana@acme.example"), Role::Agent));
    assert_eq!(person.teams, [TeamId(1)]);
}

#[test]
fn a_token_of_the_first_release_is_read() {
    let token: Token = read(TOKEN);
    assert_eq!((token.id, token.organisation.get(), token.person), (TokenId(4), 1, PersonId(2)));
    assert_eq!(token.name, "laptop");
    assert_eq!(token.scopes.iter().collect::<Vec<_>>(), [Scope::TicketsRead, Scope::EventsRead]);
}

/// What is written today is what the newest kept octets say; a difference needs a new file beside the old ones.
#[tokio::test]
async fn records_are_written_as_the_newest_release_wrote_them() {
    let (accounts, id) = super::with_domain().await;
    let secret = Secret::from_random([7; 32]);
    fill(&accounts, &secret).await;
    let (operator, space) = (accounts.store.operator(), accounts.store.of(id));
    let value = |space: &Space, key: &Key| space.snapshot().unwrap().peek(key).unwrap().unwrap();
    let digest = blake3::hash(secret.reveal().as_bytes());
    let written = [
        (value(&operator, &keys::organisation(id)), ORGANISATION),
        (value(&space, &keys::domain(&domain("acme.example"))), DOMAIN_2),
        (value(&space, &keys::channel(ChannelId(3))), CHANNEL_2),
        (value(&space, &keys::team(TeamId(1))), TEAM),
        (value(&space, &keys::person(PersonId(2))), PERSON),
        (value(&operator, &keys::secret(digest.as_bytes())), TOKEN),
        (value(&operator, &keys::address_owner("support@acme.example")), OWNER),
        (value(&space, &keys::dkim_key(&domain("acme.example"), "s1")), DKIM_KEY),
        (value(&operator, &keys::token_key()), TOKEN_KEY),
    ];
    let (written, kept): (Vec<_>, Vec<_>) =
        written.iter().map(|(octets, kept)| (HEXLOWER.encode(octets), kept.trim())).unzip();
    assert_eq!(written, kept);
}

/// One of everything, no field at its default.
async fn fill(accounts: &Accounts, secret: &Secret) {
    let id = accounts.organisation_named("acme").unwrap().id;
    accounts.set_policy(id, VerdictPolicy::Quarantine, vec![domain("forwarder.example")]).await.unwrap();
    let team = accounts.create_team(id, "Billing").await.unwrap().id;
    let ana = NewPerson {
        name: "Ana".to_owned(),
        address: address("ana@acme.example"),
        role: Role::Agent,
        teams: vec![team],
    };
    let ana = accounts.add_person(id, ana).await.unwrap().id;
    let support =
        NewChannel { address: address("support@acme.example"), name: "Support".to_owned(), team: Some(team) };
    let support = accounts.create_channel(id, support).await.unwrap().id;
    accounts.add_alias(id, support, &address("help@acme.example")).await.unwrap();
    let reply = AutoReply { subject: Some("We got it".to_owned()), text: "Thank you.".to_owned() };
    let wanted = ChannelChange { auto_reply: Some(Some(reply)), ..ChannelChange::default() };
    accounts.change_channel(id, support, wanted).await.unwrap();
    let wanted = DomainChange {
        catch_all: Some(Some(support)),
        role_channel: Some(support),
        receives: Some(false),
        sends: Some(true),
    };
    accounts.change_domain(id, &domain("acme.example"), wanted).await.unwrap();
    let scopes = [Scope::TicketsRead, Scope::EventsRead].into_iter().collect();
    let wanted = NewToken { person: ana, name: "laptop".to_owned(), scopes };
    accounts.create_token(id, wanted, secret).await.unwrap();
    accounts.ensure_token_key([5; 32]).await.unwrap();
    let scope = DkimScope::Domain(id, domain("acme.example"));
    let new = NewDkimKey {
        selector: "s1".to_owned(),
        algorithm: DkimAlgorithm::Ed25519Sha256,
        pkcs8: SecretBytes::from(b"private".to_vec()),
        record: "v=DKIM1; k=ed25519; p=AAAA".to_owned(),
    };
    accounts.put_dkim_keys(&scope, vec![new]).await.unwrap();
}
