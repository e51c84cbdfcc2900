//! The domains of a journey at their own name servers: the operator's, and one that a company has.

use std::net::{IpAddr, SocketAddr};

use anyhow::{Context, Result};
use guichet_tests::authority::Authority;
use guichet_tests::dns::Zone;
use guichet_tests::installation::{Installation, Server};
use serde_json::Value;

use crate::customer::{BASE, OUR_HOST, World, hosts};

/// A company's domain.
pub(crate) const OWN: &str = "acme.example";
/// Where addresses have names.
pub(crate) const REVERSE: &str = "2.0.192.in-addr.arpa";
/// The programs that this takes.
pub(crate) const PROGRAMS: &[&str] = &[guichet_tests::authority::PROGRAM, "postfix"];

/// Beside the resolver.
const ADDRESS: ([u8; 4], u16) = ([127, 0, 0, 2], 53);

/// The server that has authority over them.
pub(crate) struct Names(Authority);

impl Names {
    /// So far our server has an address, and the address its name.
    pub(crate) fn of(world: &mut World) -> Result<Self> {
        let address = SocketAddr::from(ADDRESS);
        let all = [BASE, OWN, REVERSE];
        world.add(&all.iter().fold(Zone::new(), |zone, name| zone.elsewhere(name, address.ip())))?;
        let host = format!("{OUR_HOST}. A {}", hosts()[0]);
        Ok(Self(Authority::start(address, &[(BASE, &host), (OWN, ""), (REVERSE, &pointer(OUR_HOST))])?))
    }

    /// What the owner of a zone wrote.
    pub(crate) fn text(&self, zone: &str) -> String {
        self.0.text(zone)
    }

    /// The owner of a zone writes this instead.
    pub(crate) fn publish(&mut self, zone: &str, text: &str) -> Result<()> {
        self.0.publish(zone, text)
    }

    /// The operator pastes what `guichet check` says into their zone.
    pub(crate) fn publish_base(&mut self, server: &Server<'_>) -> Result<()> {
        let said = server.command_line(&["check", "--json"])?;
        let said: Value = serde_json::from_slice(&said.stdout)?;
        let items = said["items"].as_array().context("no items")?;
        let lines: Vec<&str> = items.iter().filter_map(|item| item["record"].as_str()).collect();
        let text = format!("{}\n{}", self.text(BASE), lines.join("\n"));
        self.publish(BASE, &text)
    }
}

/// The name of our server's address.
pub(crate) fn pointer(name: &str) -> String {
    let IpAddr::V4(ours) = hosts()[0] else { return String::new() };
    format!("{} PTR {name}.", ours.octets()[3])
}

/// Our server, which asks name servers on this machine as well.
pub(crate) fn guichet() -> Result<Installation> {
    Ok(World::guichet()?.set("domains.private_name_servers", "true"))
}
