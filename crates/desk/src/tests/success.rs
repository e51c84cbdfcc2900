//! The notice of success: to whom, and what it says.

use guichet_mail::AuthResult;

use super::automatic::{BIA, is_answered, later};
use super::world::{World, at, mail};
use crate::{Arrival, Notification, NotifiedRecipient};

fn asking(world: &World, n: usize, spf: AuthResult, reverse_path: &str) -> Arrival {
    let raw = mail(BIA, &format!("{n}@customer.example"), &format!("Matter {n}"), "");
    let mut arrival = later(world, &raw, 0);
    arrival.reverse_path = reverse_path.to_owned();
    arrival.verdicts.spf_mail_from.result = spf;
    let notified = |original: &str| NotifiedRecipient {
        address: world.support.address.clone(),
        original: Some(original.to_owned()),
    };
    let on_success = vec![notified("rfc822;support@acme.example"), notified("x;see http://evil.example")];
    arrival.notification = Notification { envelope_id: Some("QQ1".to_owned()), on_success };
    arrival
}

#[tokio::test]
async fn promise_5_success_is_told_only_where_it_is_asked_for_and_spf_passes() {
    let world = World::new().await;
    for (n, spf) in [AuthResult::None, AuthResult::Fail, AuthResult::SoftFail, AuthResult::Neutral]
        .into_iter()
        .enumerate()
    {
        assert!(!is_answered(&world, &asking(&world, n, spf, "bia@customer.example")).await, "{spf:?}");
    }
    assert!(!is_answered(&world, &asking(&world, 7, AuthResult::Pass, "")).await);
    let asked = asking(&world, 8, AuthResult::Pass, "returns@customer.example");
    assert!(is_answered(&world, &asked).await);
    assert_eq!(world.stored(6).record.envelope.unwrap().notification, Some(asked.notification));
    let due = world.desk.due(None, jiff::Timestamp::MAX, 9).unwrap();
    let lease = world.desk.lease(world.acme, due[0].delivery, at(1)).await.unwrap().unwrap();
    assert_eq!(
        (lease.reverse_path.as_str(), lease.recipient.to_string().as_str()),
        ("", "returns@customer.example")
    );
    let mut text = String::new();
    std::io::Read::read_to_string(&mut world.desk.open(&lease).unwrap(), &mut text).unwrap();
    for line in ["Original-Envelope-Id: QQ1", "Action: delivered", "Final-Recipient: rfc822;"] {
        assert!(text.contains(line), "{line}: {text}");
    }
    assert!(text.contains("Message-ID: <8@customer.example>"), "{text}");
    for strangers in ["Dear support", "Matter", "Bia", "http"] {
        assert!(!text.contains(strangers), "no word that is a stranger's: {text}");
    }
}
