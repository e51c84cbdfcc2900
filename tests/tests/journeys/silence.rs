//! Name servers that keep silent say nothing of the records: nobody is alarmed, and nothing is switched off.

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::agent::Agent;
use crate::customer::journey;
use crate::names::{self, Names, OWN};
use crate::own_domain::{in_use, look_until, notice, records};

/// As many looks as it takes to believe that a record is gone.
const LOOKS: usize = 2;

#[test]
fn nobody_is_alarmed_while_nobody_can_be_asked() -> Result<()> {
    journey(names::PROGRAMS, |world| {
        let mut names = Names::of(world)?;
        let place = names::guichet()?;
        let server = place.start()?;
        let agent = Agent::of(&server)?;
        in_use(&server, &agent, &mut names)?;

        drop(names);
        let mut seen = Value::Null;
        for _ in 0..LOOKS {
            let is_new = |look: &Value| {
                let mut all = records(look).iter();
                let is_silent = all.all(|record| record["last_check"]["state"] == "unreachable");
                is_silent && look["checked_at"] != seen
            };
            seen = look_until(&agent, "a look at silent servers", is_new)?["checked_at"].clone();
        }
        ensure!(notice(&agent)?.is_none(), "a false alarm");
        let domain = agent.api.get(&format!("/domains/{OWN}"))?;
        ensure!(domain["receives"] == true && domain["sends"] == true, "{domain}");
        let last = agent.api.get(&format!("/domains/{OWN}/records"))?["items"][0].clone();
        let advice = last["last_check"]["advice"].as_str().context("no advice")?;
        ensure!(advice.contains("Nobody could be asked") || advice.contains("did not answer"), "{last}");
        Ok(())
    })
}
