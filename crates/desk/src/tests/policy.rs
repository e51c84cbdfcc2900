//! What becomes of mail whose sender's domain disowns it.

use guichet_accounts::{Actor, ChannelChange, Sight, VerdictPolicy};
use guichet_mail::verdict::ArcVerdict;
use guichet_mail::{AuthResult, DmarcPolicy, DomainName};

use super::world::{World, at, forged, mail, outcomes};
use crate::{Arrival, Error, Outcome, Received};

async fn set(world: &World, policy: VerdictPolicy) {
    let sealers = vec![DomainName::parse("forwarder.example").unwrap()];
    world.desk.accounts().set_policy(world.acme, policy, sealers).await.unwrap();
}

fn suspect(world: &World, asks: DmarcPolicy, everywhere: bool) -> Arrival {
    let raw = mail("ceo@bank.example", "1@bank.example", "Pay", "");
    let both = [&world.support, &world.elsewhere];
    let mut arrival = world.arrival(&raw, if everywhere { &both } else { &both[..1] });
    arrival.verdicts = forged("bank.example", asks);
    arrival
}

#[tokio::test]
async fn each_policy_does_what_it_says() {
    let quarantined = Outcome::Quarantined { message: 1 };
    let expected = [
        (VerdictPolicy::Tag, DmarcPolicy::Reject, Some(Outcome::Created { ticket: 1 })),
        (VerdictPolicy::Quarantine, DmarcPolicy::None, Some(quarantined)),
        (VerdictPolicy::Quarantine, DmarcPolicy::Reject, Some(quarantined)),
        (VerdictPolicy::Reject, DmarcPolicy::None, Some(quarantined)),
        (VerdictPolicy::Reject, DmarcPolicy::Quarantine, Some(quarantined)),
        (VerdictPolicy::Reject, DmarcPolicy::Reject, None),
    ];
    for (policy, asks, outcome) in expected {
        let world = World::new().await;
        set(&world, policy).await;
        let received = world.desk.receive(&suspect(&world, asks, false)).await.unwrap();
        match outcome {
            Some(outcome) => assert_eq!(outcomes(received), [outcome], "{policy:?} {asks:?}"),
            None => assert!(matches!(received, Received::Refused(why) if why.contains("bank.example"))),
        }
    }
}

#[tokio::test]
async fn a_trusted_seal_explains_a_broken_dmarc_and_an_unknown_one_does_not() {
    for (sealer, accepted) in [("forwarder.example", true), ("evil.example", false)] {
        let world = World::new().await;
        set(&world, VerdictPolicy::Reject).await;
        let mut arrival = suspect(&world, DmarcPolicy::Reject, false);
        arrival.verdicts.arc = ArcVerdict {
            result: AuthResult::Pass,
            chain_length: 1,
            sealer: Some(sealer.to_owned()),
            reason: None,
        };
        let received = world.desk.receive(&arrival).await.unwrap();
        assert_eq!(matches!(received, Received::Kept(_)), accepted, "{sealer}");
    }
}

#[tokio::test]
async fn where_organisations_differ_the_mail_is_taken_and_those_who_would_refuse_quarantine() {
    let world = World::new().await;
    set(&world, VerdictPolicy::Reject).await;
    let received = world.desk.receive(&suspect(&world, DmarcPolicy::Reject, true)).await.unwrap();
    assert_eq!(outcomes(received), [Outcome::Quarantined { message: 1 }, Outcome::Created { ticket: 1 }]);
    let reject = VerdictPolicy::Reject;
    world.desk.accounts().set_policy(world.other, reject, Vec::new()).await.unwrap();
    let mut again = suspect(&world, DmarcPolicy::Reject, true);
    again.reading = crate::Reading::of(b"From: ceo@bank.example\r\n\r\nanother");
    assert!(matches!(world.desk.receive(&again).await.unwrap(), Received::Refused(_)));
}

#[tokio::test]
async fn promise_2_what_is_in_quarantine_can_be_read_and_released_as_a_ticket() {
    let world = World::new().await;
    set(&world, VerdictPolicy::Quarantine).await;
    let arrival = suspect(&world, DmarcPolicy::Reject, false);
    world.desk.receive(&arrival).await.unwrap();
    let admin = world.admin();
    let held = world.desk.quarantine(&admin, None, 50).unwrap().items;
    assert_eq!(held.len(), 1);
    assert!(held[0].record.quarantine.as_deref().is_some_and(|why| why.contains("DMARC failed")));
    assert!(matches!(world.desk.message(&admin, 1), Err(Error::NotFound(_))), "not among the tickets' mail");
    assert_eq!(
        outcomes(world.desk.receive(&arrival).await.unwrap()),
        [Outcome::Duplicate { ticket: None }],
        "sent again it is recognised"
    );

    assert_eq!(world.desk.release(&admin, 1, at(9)).await.unwrap(), 1);
    assert_eq!(world.desk.messages(&admin, 1, None, 50).unwrap().items.len(), 1);
    assert!(world.desk.quarantine(&admin, None, 50).unwrap().items.is_empty());
    assert!(matches!(world.desk.release(&admin, 1, at(9)).await, Err(Error::NotFound(_))), "once");
}

#[tokio::test]
async fn promise_7_quarantine_is_the_admins_of_its_own_organisation() {
    let world = World::new().await;
    set(&world, VerdictPolicy::Quarantine).await;
    world.desk.receive(&suspect(&world, DmarcPolicy::Reject, false)).await.unwrap();
    let agent = world.billing_agent().await;
    let stranger = Actor { sight: Sight::All, ..Actor::system(world.other) };
    for actor in [agent, stranger] {
        assert!(world.desk.quarantine(&actor, None, 50).unwrap().items.is_empty());
        assert!(matches!(world.desk.quarantined(&actor, 1), Err(Error::NotFound(_))));
        assert!(matches!(world.desk.release(&actor, 1, at(9)).await, Err(Error::NotFound(_))));
    }
}

#[tokio::test]
async fn promise_2_what_came_to_a_channel_that_is_gone_is_released_through_another() {
    let world = World::new().await;
    set(&world, VerdictPolicy::Quarantine).await;
    let sales = world.channel("sales@acme.example", Some(world.billing_team)).await;
    let mut arrival = suspect(&world, DmarcPolicy::Quarantine, false);
    arrival.recipients = vec![sales.clone()];
    let became = outcomes(world.desk.receive(&arrival).await.unwrap());
    let [Outcome::Quarantined { message }] = became[..] else { panic!("{became:?}") };
    let (accounts, sales) = (world.desk.accounts(), sales.channel().unwrap());
    let off = ChannelChange { active: Some(false), ..ChannelChange::default() };
    accounts.change_channel(world.acme, sales, off).await.unwrap();
    accounts.delete_channel(world.acme, sales).await.unwrap();
    let ticket = world.desk.release(&world.admin(), message, at(1)).await.unwrap();
    let ticket = world.desk.ticket(&world.admin(), ticket).unwrap().ticket.record;
    assert_eq!((Some(ticket.channel), ticket.team), (world.support.channel(), None));
}
