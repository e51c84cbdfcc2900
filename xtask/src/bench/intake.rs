//! How many mails a second come in, and what each costs, beside Postfix.

use anyhow::{Context, Result};
use guichet_tests::dkim::Algorithm;
use guichet_tests::installation::DEMO_ADDRESS;
use guichet_tests::peer;

use super::Extent;
use super::figure::{Figure, Table, Target};
use super::subject::{self, Run};
use crate::load::{Connections, Delivery, Mails, Plan, Size};

/// Sessions at once where it is not one.
const SESSIONS: usize = 20;
/// What 1,000 mails may cost the server.
const PROCESSOR_SECS_MAX: f64 = 0.35;
const ORGANISATIONS: usize = 1_000;

/// One way for mail to come.
struct Scenario {
    name: &'static str,
    plan: Plan,
    sessions: usize,
    connections: Connections,
    /// So many times Postfix's rate.
    times: f64,
}

pub(crate) fn measure(extent: Extent, table: &mut Table) -> Result<()> {
    peer::find("postfix").context("no postfix: `cargo xtask test` installs it")?;
    for scenario in scenarios(extent) {
        let mails = Mails::prepare(scenario.plan.clone())?;
        let ours = ours(&scenario, &mails)?;
        let theirs = subject::run(&subject::postfix()?, &mails, |to| delivery(&scenario, to))?;
        add(&scenario, &ours, &theirs, table);
    }
    table.note("rate: mails a second that heard 250; processor: of the server alone, until all mail rests");
    table.note("guichet says 250 when the ticket is durable, postfix when its queue file is; postfix verifies nothing");
    Ok(())
}

fn scenarios(extent: Extent) -> Vec<Scenario> {
    let small = Plan { count: extent.mails, ..Plan::to(DEMO_ADDRESS) };
    let kept = |name, plan, times| Scenario {
        name,
        plan,
        sessions: SESSIONS,
        connections: Connections::Kept,
        times,
    };
    let many = Plan {
        recipient: "support@demo{n}.desk.localhost".to_owned(),
        organisations: ORGANISATIONS,
        ..small.clone()
    };
    vec![
        Scenario {
            connections: Connections::PerMail,
            ..kept("5 KB, new connection each", small.clone(), 4.0)
        },
        kept("5 KB, kept connections", small.clone(), 6.0),
        Scenario {
            sessions: 1,
            ..kept("5 KB, one session", Plan { count: extent.mails / 5, ..small.clone() }, 1.5)
        },
        kept("50 KB", Plan { size: Size::Bytes(50_000), count: extent.mails / 2, ..small.clone() }, 3.0),
        kept("5 KB, SPF and DKIM verified", Plan { signed: Some(Algorithm::Rsa), ..small }, 3.0),
        kept("5 KB, 1,000 organisations", many, 6.0),
    ]
}

fn ours(scenario: &Scenario, mails: &Mails) -> Result<Run> {
    let names = subject::names(mails)?;
    let place = subject::guichet(&names)?;
    let server = place.start()?;
    if scenario.plan.organisations > 1 {
        subject::organisations(&server, scenario.plan.organisations)?;
    }
    let run = subject::run(&server, mails, |to| delivery(scenario, to))?;
    server.stop()?;
    Ok(run)
}

fn delivery(scenario: &Scenario, to: std::net::SocketAddr) -> Delivery {
    Delivery { to, sessions: scenario.sessions, connections: scenario.connections }
}

fn add(scenario: &Scenario, ours: &Run, theirs: &Run, table: &mut Table) {
    let name = scenario.name;
    table.add(Figure {
        name: name.to_owned(),
        unit: "mails/s",
        ours: ours.report.rate(),
        peer: Some(theirs.report.rate()),
        target: Target::TimesPeer(scenario.times),
    });
    // The target stands for that load: 5 KB, no signatures, many sessions.
    let plain = scenario.sessions == SESSIONS
        && scenario.plan.signed.is_none()
        && matches!(scenario.plan.size, Size::Bytes(5_000));
    table.add(Figure {
        name: format!("{name}: processor per 1,000"),
        unit: "s",
        ours: ours.server_per_thousand,
        peer: Some(theirs.server_per_thousand),
        target: if plain { Target::AtMost(PROCESSOR_SECS_MAX) } else { Target::None },
    });
    table.add(Figure {
        name: format!("{name}: of the generator"),
        unit: "s",
        ours: ours.report.processor_per_thousand(),
        peer: Some(theirs.report.processor_per_thousand()),
        target: Target::None,
    });
    table.add(Figure {
        name: format!("{name}: wait p99"),
        unit: "ms",
        ours: ours.report.wait_ms(0.99),
        peer: Some(theirs.report.wait_ms(0.99)),
        target: Target::None,
    });
}
