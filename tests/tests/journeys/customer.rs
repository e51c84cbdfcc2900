//! Two servers on a private Internet: ours, and that of a customer, who know each other by DNS alone.

use std::net::{IpAddr, SocketAddr};

use anyhow::{Context, Result};
use guichet_tests::api::Api;
use guichet_tests::certificate::Certificate;
use guichet_tests::dkim::{Algorithm, Signer};
use guichet_tests::dns::{NameServer, Zone};
use guichet_tests::installation::{Installation, Server};
use guichet_tests::peer::peer;
use guichet_tests::postfix::{Options, Postfix};
use guichet_tests::private_internet::{self, ADDRESSES};
use guichet_tests::smtp::Client;

use crate::letters::{every, letter};

/// The organisation that the first start makes, its domain and its channel.
pub(crate) const ORGANISATION: &str = "demo";
pub(crate) const OURS: &str = "demo.desk.example";
pub(crate) const CHANNEL: &str = "support@demo.desk.example";
pub(crate) const BASE: &str = "desk.example";
pub(crate) const OUR_HOST: &str = "mx.desk.example";

pub(crate) const THEIRS: &str = "customer.example";
pub(crate) const ADA: &str = "ada@customer.example";
pub(crate) const THEIR_HOST: &str = "mail.customer.example";

/// Our server, theirs, and one that may not send for them.
pub(crate) fn hosts() -> [IpAddr; 3] {
    ADDRESSES.map(IpAddr::from)
}

/// Where the customer's server listens.
pub(crate) fn their_address() -> SocketAddr {
    SocketAddr::new(hosts()[1], 25)
}

/// The Internet of a journey.
pub(crate) struct World {
    names: Option<NameServer>,
    zone: Zone,
    signer: Signer,
}

/// Runs a journey on it. Left out, and said so, where one of these programs is missing.
pub(crate) fn journey<F>(programs: &[&str], journey: F) -> Result<()>
where
    F: FnOnce(&mut World) -> Result<()>,
{
    if programs.iter().any(|program| peer(program).is_none()) {
        return Ok(());
    }
    private_internet::inside_as(private_internet::test_name::<F>(), &Zone::new(), |names| {
        let mut world = World {
            names: Some(names),
            zone: Zone::new(),
            signer: Signer::generate(Algorithm::Ed25519, "s2026")?,
        };
        world.add(&customers(&world.signer)?)?;
        journey(&mut world)
    })
}

/// What both sides publish, but for our keys.
fn customers(signer: &Signer) -> Result<Zone> {
    let [our_host, their_host, elsewhere] = hosts();
    Ok(Zone::new()
        .host(OUR_HOST, our_host)
        .mail(OURS, OUR_HOST)
        .text(OURS, &format!("v=spf1 ip4:{our_host} -all"))
        .text(OUR_HOST, &format!("v=spf1 ip4:{our_host} -all"))
        .text(&format!("_dmarc.{OURS}"), "v=DMARC1; p=reject")
        .host(THEIR_HOST, their_host)
        .host("elsewhere.example", elsewhere)
        .mail(THEIRS, THEIR_HOST)
        .text(THEIRS, &format!("v=spf1 ip4:{their_host} -all"))
        .text(THEIR_HOST, &format!("v=spf1 ip4:{their_host} -all"))
        .text(&signer.record_name(THEIRS), &signer.record()?)
        .text(&format!("_dmarc.{THEIRS}"), "v=DMARC1; p=reject"))
}

impl World {
    /// Publishes more.
    pub(crate) fn add(&mut self, more: &Zone) -> Result<()> {
        self.zone = std::mem::take(&mut self.zone).and(more);
        let names = self.names.take().context("a name server")?;
        self.names = Some(names.publish(&self.zone)?);
        Ok(())
    }

    /// Publishes the keys that our server signs with, as it says them.
    pub(crate) fn publish_keys(&mut self, server: &Server<'_>) -> Result<()> {
        self.publish_keys_of(&server.api(), OURS)
    }

    /// The same for a domain of another organisation. What else it asks for the journey's Internet has.
    pub(crate) fn publish_keys_of(&mut self, api: &Api, domain: &str) -> Result<()> {
        let mut zone = Zone::new();
        let records = every(api, &format!("/domains/{domain}/records"))?;
        for record in records.iter().filter(|record| record["purpose"] == "dkim") {
            let (name, text) = (record["name"].as_str(), record["value"].as_str());
            zone = zone.text(name.context("no name")?, text.context("no text")?);
        }
        self.add(&zone)
    }

    /// Our server, not started yet. It sends.
    pub(crate) fn guichet() -> Result<Installation> {
        Ok(Self::set_up(Installation::new()?))
    }

    /// The same with data that lies elsewhere.
    pub(crate) fn set_up(place: Installation) -> Installation {
        let listen = SocketAddr::new(hosts()[0], 25).to_string();
        place
            .with("--smtp-listen", &listen)
            .set("base_domain", BASE)
            .set("smtp.hostname", OUR_HOST)
            .set("outbound.mode", "deliver")
            .set("outbound.undo_secs", "0")
    }

    /// The customer's server: it takes all mail for its domain, offers STARTTLS, and sends as its DNS says.
    pub(crate) fn their_server() -> Result<Options> {
        let options = Options::new(THEIR_HOST, their_address());
        let domain = THEIRS.replace('.', "\\.");
        Ok(options.maildir_for(&format!("^{domain}$")).relay_by_tls().tls(&Certificate::of(THEIR_HOST)?))
    }

    /// What Ada writes: to this address, signed for her domain.
    pub(crate) fn letter(&self, to: &str, subject: &str, more: &str) -> Result<Vec<u8>> {
        self.letter_of(ADA, to, subject, more)
    }

    /// What somebody of her domain writes.
    pub(crate) fn letter_of(&self, from: &str, to: &str, subject: &str, more: &str) -> Result<Vec<u8>> {
        let mail = letter(from, to, subject, more);
        Ok([self.signer.sign(THEIRS, &mail)?.as_bytes(), &mail].concat())
    }

    /// Gives a mail to her server, as her mail program does.
    pub(crate) fn submit(postfix: &Postfix, to: &str, mail: &[u8]) -> Result<()> {
        Self::submit_from(postfix, ADA, to, mail)
    }

    /// The same, with another envelope sender.
    pub(crate) fn submit_from(postfix: &Postfix, from: &str, to: &str, mail: &[u8]) -> Result<()> {
        Client::greet(postfix.address, "ada-laptop")?.send(from, &[to], mail)?.expect(250)?;
        Ok(())
    }

    /// Her server's key, for a domain that publishes it too.
    pub(crate) fn signer(&self) -> &Signer {
        &self.signer
    }
}
