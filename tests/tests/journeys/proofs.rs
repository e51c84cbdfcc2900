//! A domain is theirs who prove it, and theirs alone: others may say that it is, and own nothing by that.

use anyhow::{Result, ensure};
use guichet_tests::installation::Server;
use guichet_tests::smtp::Client;
use serde_json::json;

use crate::agent::Agent;
use crate::customer::{ADA, THEIR_HOST, World, journey};
use crate::furnished::person;
use crate::names::{self, Names, OWN};
use crate::own_domain::{ADDRESS, add, look, look_until, of_purpose, switch_on, text};

const OTHER: &str = "other";

/// Whether the server takes mail for an address of the domain.
fn is_taken(world: &World, server: &Server<'_>) -> Result<bool> {
    let mail = world.letter(ADDRESS, "Invoice 7", "")?;
    let reply = Client::greet(server.smtp, THEIR_HOST)?.send(ADA, &[ADDRESS], &mail)?;
    ensure!(reply.code == 250 || reply.code == 550, "{reply:?}");
    Ok(reply.code == 250)
}

fn open_channel(agent: &Agent) -> Result<u16> {
    Ok(agent.post("/channels", &json!({ "address": ADDRESS, "name": "Acme" }))?.status)
}

#[test]
fn promise_7_of_two_companies_that_bring_one_domain_the_first_to_prove_it_has_it() -> Result<()> {
    journey(names::PROGRAMS, |world| {
        let mut names = Names::of(world)?;
        let place = names::guichet()?;
        let server = place.start()?;
        names.publish_base(&server)?;
        server.operator(&["organisation", "add", OTHER])?;
        let thief = Agent::by(person(&server, OTHER, "eve@customer.example", &["--role", "admin"])?)?;
        let owner = Agent::of(&server)?;
        add(&thief)?;
        add(&owner)?;
        ensure!(open_channel(&thief)? == 422 && open_channel(&owner)? == 422, "neither owns it yet");
        ensure!(!is_taken(world, &server)?);

        names.publish(OWN, &text(&owner)?)?;
        let theirs = look(&thief)?;
        assert_eq!(theirs["verified"], false, "{theirs:#}");
        let proof = of_purpose(&theirs, "proof")["last_check"].clone();
        ensure!(proof["state"] == "different", "somebody else's proof proves nothing: {proof}");
        assert_eq!(look(&owner)?["verified"], true);
        switch_on(&owner)?.expect(200)?;
        assert_eq!(open_channel(&owner)?, 201);
        ensure!(is_taken(world, &server)?);

        // Even with the right code in the zone it comes too late.
        let line = text(&thief)?.lines().find(|line| line.starts_with("_guichet.")).map(str::to_owned);
        let both = format!("{}\n{}\n", names.text(OWN), line.unwrap_or_default());
        names.publish(OWN, &both)?;
        let says_why = |look: &serde_json::Value| {
            let advice = of_purpose(look, "proof")["last_check"]["advice"].clone();
            advice
                .as_str()
                .is_some_and(|advice| advice.contains("is seen, but domain") && advice.contains("is taken"))
        };
        let late = look_until(&thief, "a proof that is seen, and why it is worth nothing", says_why)?;
        assert_eq!(late["verified"], false, "{late:#}");
        switch_on(&thief)?.expect(422)?;
        ensure!(open_channel(&thief)? >= 400);
        ensure!(is_taken(world, &server)?, "and changes nothing for the owner");
        Ok(())
    })
}
