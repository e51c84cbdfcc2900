//! A desk with two organisations, and mail to put through its door.

use std::net::Ipv4Addr;
use std::sync::Arc;

use guichet_accounts::{
    Accounts, Actor, AuditEntry, By, ChannelId, DomainChange, NewChannel, NewPerson, Role, Scopes, Sight,
    TeamId, Vault, Who,
};
use guichet_mail::verdict::{DmarcAlignment, DmarcVerdict};
use guichet_mail::{AuthResult, DmarcPolicy, DomainName, MailAddress, Verdicts};
use guichet_store::{OrganisationId, Store};
use guichet_testkit::CountingRandom;
use jiff::Timestamp;

use crate::{Arrival, Desk, Destination, Kept, Notification, Outcome, Reading, Received, Recipient};

pub(super) struct World {
    pub(super) desk: Desk,
    pub(super) store: Store,
    pub(super) acme: OrganisationId,
    pub(super) other: OrganisationId,
    pub(super) support: Recipient,
    pub(super) billing: Recipient,
    pub(super) elsewhere: Recipient,
    pub(super) billing_team: TeamId,
}

impl World {
    /// *Acme* with `support@` (of no team) and `billing@` (of a team); *Other* with `support@`.
    pub(super) async fn new() -> Self {
        Self::over(Store::memory()).await
    }

    /// The same over another store. Both domains send as well.
    pub(super) async fn over(store: Store) -> Self {
        let desk = desk_over(store.clone());
        let accounts = desk.accounts().clone();
        let acme = accounts.create_organisation("acme", "Acme").await.unwrap().id;
        let other = accounts.create_organisation("other", "Other").await.unwrap().id;
        let team = accounts.create_team(acme, "Billing").await.unwrap().id;
        for (id, domain) in [(acme, "acme.example"), (other, "other.example")] {
            let domain = DomainName::parse(domain).unwrap();
            accounts.add_domain(id, &domain, None).await.unwrap();
            let sends = DomainChange { sends: Some(true), ..DomainChange::default() };
            accounts.change_domain(id, &domain, sends).await.unwrap();
        }
        accounts.ensure_token_key([7; 32]).await.unwrap();
        let support = channel(&accounts, acme, "support@acme.example", None).await;
        let billing = channel(&accounts, acme, "billing@acme.example", Some(team)).await;
        let elsewhere = channel(&accounts, other, "support@other.example", None).await;
        World { desk, store, acme, other, support, billing, elsewhere, billing_team: team }
    }

    pub(super) fn admin(&self) -> Actor {
        Actor::system(self.acme)
    }

    /// An agent who sees the billing team's tickets and no others.
    pub(super) async fn billing_agent(&self) -> Actor {
        let person = NewPerson {
            name: "Ana".to_owned(),
            address: MailAddress::parse("ana@acme.example").unwrap(),
            role: Role::Agent,
            teams: vec![self.billing_team],
        };
        let person = self.desk.accounts().add_person(self.acme, person).await.unwrap();
        Actor {
            organisation: self.acme,
            who: Who::Person(person.id),
            sight: Sight::Teams(vec![self.billing_team]),
            scopes: Scopes::all(),
        }
    }

    /// A mail as it stands before the door, from an authenticated sender.
    pub(super) fn arrival(&self, raw: &str, recipients: &[&Recipient]) -> Arrival {
        let raw = raw.replace('\n', "\r\n");
        let mut writer = self.store.blobs().writer();
        writer.write(raw.as_bytes()).unwrap();
        let reading = Reading::of(raw.as_bytes());
        let verdicts = reading.content.sole_author().map_or_else(Verdicts::default, authenticated);
        Arrival {
            received: at(0),
            reverse_path: "sender@customer.example".to_owned(),
            recipients: recipients.iter().copied().cloned().collect(),
            client: Ipv4Addr::new(192, 0, 2, 1).into(),
            helo: "mail.customer.example".to_owned(),
            tls: None,
            trace: "Received: by us\r\n".to_owned(),
            verdicts,
            raw: writer.finish().unwrap(),
            reading,
            notification: Notification::default(),
        }
    }

    /// Another channel of *Acme*.
    pub(super) async fn channel(&self, address: &str, team: Option<TeamId>) -> Recipient {
        channel(self.desk.accounts(), self.acme, address, team).await
    }

    /// The audit log, newest first.
    pub(super) fn noted(&self) -> Vec<AuditEntry> {
        self.desk.accounts().audit(self.acme, None, 50).unwrap().entries
    }

    /// Receives a mail whose sender nobody stands behind.
    pub(super) async fn receive_unproven(&self, raw: &str, recipients: &[&Recipient]) -> Vec<Outcome> {
        let mut arrival = self.arrival(raw, recipients);
        arrival.verdicts = Verdicts::default();
        outcomes(self.desk.receive(&arrival).await.unwrap())
    }

    /// Receives a mail from an authenticated sender.
    pub(super) async fn receive(&self, raw: &str, recipients: &[&Recipient]) -> Vec<Outcome> {
        outcomes(self.desk.receive(&self.arrival(raw, recipients)).await.unwrap())
    }
}

/// A desk over a store that may hold something already.
pub(super) fn desk_over(store: Store) -> Desk {
    let base_domain = DomainName::parse("desk.example").unwrap();
    let accounts = Accounts::new(store.clone(), Vault::new([1; 32]), base_domain);
    Desk::new(store, accounts, Arc::new(CountingRandom::default()))
}

async fn channel(
    accounts: &Accounts,
    organisation: OrganisationId,
    address: &str,
    team: Option<TeamId>,
) -> Recipient {
    let wanted = NewChannel { address: MailAddress::parse(address).unwrap(), name: "x".to_owned(), team };
    let channel: ChannelId = accounts.create_channel(organisation, wanted).await.unwrap().id;
    Recipient {
        organisation,
        destination: Destination::Channel { channel, tag: None },
        address: address.to_owned(),
    }
}

pub(super) fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_750_000_000 + second).unwrap()
}

/// What the server does by itself then.
pub(super) fn by_system(at: Timestamp) -> By {
    By { organisation: None, who: Who::System, from: None, at }
}

pub(super) fn outcomes(received: Received) -> Vec<Outcome> {
    match received {
        Received::Kept(kept) => kept.into_iter().map(|Kept { outcome, .. }| outcome).collect(),
        Received::Refused(why) => panic!("refused: {why}"),
    }
}

/// What is found of a sender whose domain signs its mail.
pub(super) fn authenticated(from: &MailAddress) -> Verdicts {
    let dmarc = DmarcVerdict {
        result: AuthResult::Pass,
        domain: Some(from.domain().to_string()),
        policy: Some(DmarcPolicy::Reject),
        aligned_by: Some(DmarcAlignment::Dkim),
        ..DmarcVerdict::default()
    };
    Verdicts { dmarc, ..Verdicts::default() }
}

/// What is found of a mail whose sender's domain disowns it.
pub(super) fn forged(domain: &str, policy: DmarcPolicy) -> Verdicts {
    let dmarc = DmarcVerdict {
        result: AuthResult::Fail,
        domain: Some(domain.to_owned()),
        policy: Some(policy),
        ..DmarcVerdict::default()
    };
    Verdicts { dmarc, ..Verdicts::default() }
}

/// A small mail.
pub(super) fn mail(from: &str, id: &str, subject: &str, more: &str) -> String {
    format!(
        "From: {from}\nTo: support@acme.example\nSubject: {subject}\nMessage-ID: <{id}>\n{more}\n\
         Dear support, the printer of {id} burns.\n"
    )
}
