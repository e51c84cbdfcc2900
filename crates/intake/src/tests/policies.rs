//! Forged mail, by the policy of the organisations that it reaches.

use guichet_accounts::{Actor, VerdictPolicy};
use guichet_mail::AuthResult;
use guichet_store::OrganisationId;
use guichet_testkit::Zone;

use super::world::World;

const FORGED: &str = "From: Bank <service@bank.example>\r\nSubject: urgent\r\n\
                      Authentication-Results: mx.example; dmarc=pass\r\n\r\nClick here.\r\n";

/// A world whose DNS says that mail of bank.example which fails shall be refused.
async fn world(demo: VerdictPolicy, other: VerdictPolicy) -> World {
    let zone =
        Zone::new().txt("bank.example", "v=spf1 -all").txt("_dmarc.bank.example", "v=DMARC1; p=reject");
    let world = World::with_dns(zone).await;
    for (organisation, policy) in [(world.demo, demo), (world.other, other)] {
        world.accounts().set_policy(organisation, policy, Vec::new()).await.unwrap();
    }
    world
}

fn in_quarantine(world: &World, organisation: OrganisationId) -> usize {
    let page = world.backends.desk.quarantine(&Actor::system(organisation), None, 10).unwrap();
    page.items.len()
}

#[tokio::test]
async fn a_tagged_mail_carries_its_verdicts() {
    let mut world = world(VerdictPolicy::Tag, VerdictPolicy::Tag).await;
    let mut client = world.greeted().await;
    assert_eq!(client.mail(&["support@demo.example"], FORGED).await, "250 2.0.0 ticket #1\r\n");
    let message = world.message(world.demo, 1).record;
    assert_eq!(message.verdicts.unwrap().dmarc.result, AuthResult::Fail);
    let trace = message.envelope.unwrap().trace;
    assert!(trace.contains("dmarc=fail"), "{trace}");
    assert!(!trace.contains("dmarc=pass"), "{trace}");
    assert_eq!(world.raw(world.demo, 1), FORGED, "the raw mail is left as it came");
}

#[tokio::test]
async fn a_mail_in_quarantine_is_received_without_telling() {
    let mut world = world(VerdictPolicy::Quarantine, VerdictPolicy::Tag).await;
    let mut client = world.greeted().await;
    assert_eq!(client.mail(&["support@demo.example"], FORGED).await, "250 2.0.0 received\r\n");
    assert_eq!((world.tickets(world.demo), in_quarantine(&world, world.demo)), (vec![], 1));
}

#[tokio::test]
async fn a_mail_that_every_organisation_refuses_hears_why() {
    let mut world = world(VerdictPolicy::Reject, VerdictPolicy::Reject).await;
    let mut client = world.greeted().await;
    let reply = client.mail(&["support@demo.example", "support@other.example"], FORGED).await;
    assert!(reply.starts_with("550 5.7.1 ") && reply.contains("bank.example"), "{reply}");
    assert!(world.tickets(world.demo).is_empty());
    assert_eq!(in_quarantine(&world, world.demo) + in_quarantine(&world, world.other), 0);
}

#[tokio::test]
async fn where_one_organisation_accepts_the_other_keeps_it_aside() {
    let mut world = world(VerdictPolicy::Reject, VerdictPolicy::Tag).await;
    let mut client = world.greeted().await;
    let reply = client.mail(&["support@demo.example", "support@other.example"], FORGED).await;
    assert_eq!(reply, "250 2.0.0 ticket #1\r\n");
    assert_eq!((world.tickets(world.demo), in_quarantine(&world, world.demo)), (vec![], 1));
    assert_eq!(world.tickets(world.other), [1]);
}
