//! What servers say, and what becomes of the mail.

use guichet_desk::{DeliveryState, Fate, Retry};
use guichet_testkit::{Reaction, Script, ScriptedMx, Zone};

use super::world::{World, assert_deferred, said};

async fn sent(script: Script) -> (DeliveryState, guichet_desk::Attempt, ScriptedMx) {
    let mut world = World::new().await;
    // What hangs is given up at once: the order of steps is what matters, not their time.
    world.settings.session.greeting_secs_max = 1;
    world.settings.session.mail_secs_max = 1;
    world.settings.session.final_reply_secs_max = 1;
    let mx = ScriptedMx::start(script).await.unwrap();
    world.start(&mx);
    let (state, attempt) = world.send().await;
    (state, attempt, mx)
}

#[tokio::test]
async fn a_mail_is_delivered_with_its_signature_in_front() {
    let mut world = World::new().await.with_key().await;
    let mx = ScriptedMx::start(Script::new()).await.unwrap();
    world.start(&mx);
    let (state, attempt) = world.send().await;
    assert_eq!(state, DeliveryState::Delivered);
    assert_eq!(said(&attempt), ("content", Some(250), Some("2.0.0")));
    assert_eq!(attempt.host.as_deref(), Some("mx.customer.example"));
    assert_eq!(attempt.address, Some(mx.address().to_string()));
    let [mail] = &mx.mails()[..] else { panic!("one mail: {:?}", mx.mails()) };
    assert!(mail.mail_from.starts_with("MAIL FROM:<bounce+"), "{}", mail.mail_from);
    assert!(mail.rcpt_to.starts_with("RCPT TO:<anna@customer.example>"), "{}", mail.rcpt_to);
    let signature = attempt.signature.unwrap();
    assert!(signature.contains("d=demo.example;") && signature.contains("s=s1;"), "{signature}");
    assert!(mail.content.starts_with(&signature), "{}", mail.content);
    assert!(mail.content.contains("Dear customer."));
}

#[tokio::test]
async fn a_mail_larger_than_memory_should_hold_is_streamed_whole() {
    let mut world = World::new().await.with_key().await;
    let mx = ScriptedMx::start(Script::new()).await.unwrap();
    world.start(&mx);
    let text = "A line of the long mail, which goes on and on.\n\n".repeat(10_000);
    let id = world.write_text(&["anna@customer.example"], &text).await[0];
    assert_eq!(world.outcome(id).await.0, DeliveryState::Delivered);
    let mails = mx.mails();
    assert!(mails[0].content.len() > 512 << 10, "{}", mails[0].content.len());
    assert!(mails[0].content.trim_end().ends_with("--"), "the last boundary came as well");
}

#[tokio::test]
async fn a_refused_recipient_is_refused_and_no_other_server_is_asked() {
    let zone = Zone::new()
        .mx("customer.example", 10, "mx1.customer.example")
        .mx("customer.example", 20, "mx2.customer.example")
        .address("mx1.customer.example", "127.0.0.1")
        .address("mx2.customer.example", "127.0.0.2");
    let mut world = World::with_dns(zone).await;
    let script = Script::new().say("RCPT TO:<anna@", "550 5.1.1 no such user");
    let first = ScriptedMx::start(script).await.unwrap();
    let second = ScriptedMx::start_beside(&first, [127, 0, 0, 2], Script::new()).await.unwrap();
    world.start(&first);
    let (state, attempt) = world.send().await;
    assert_eq!(state, DeliveryState::Bounced);
    assert_eq!(said(&attempt), ("rcpt", Some(550), Some("5.1.1")));
    assert_eq!(attempt.text, "no such user");
    assert_eq!(second.connections(), 0);
}

/// Case 42: one bad recipient does not abort the other.
#[tokio::test]
async fn one_recipient_is_refused_and_the_other_delivered() {
    let mut world = World::new().await;
    let script = Script::new().say("RCPT TO:<bad@", "550 5.1.1 no such user");
    let mx = ScriptedMx::start(script).await.unwrap();
    world.start(&mx);
    let ids = world.write(&["bad@customer.example", "good@customer.example"]).await;
    let mut states = Vec::new();
    for id in ids {
        states.push(world.outcome(id).await.0);
    }
    states.sort();
    assert_eq!(states, [DeliveryState::Delivered, DeliveryState::Bounced]);
}

#[tokio::test]
async fn greylisting_is_tried_again_soon() {
    let script = Script::new().say("RCPT", "451 4.7.1 Greylisted, please come back");
    let (state, attempt, _) = sent(script).await;
    assert_eq!((state, attempt.fate), (DeliveryState::Deferred, Fate::Deferred(Retry::Soon)));
}

/// Case 19 (gophish/gophish#1604).
#[tokio::test]
async fn a_quota_is_no_refusal() {
    let script = Script::new().say("CONTENT", "550 5.4.5 Daily user sending quota exceeded.");
    let (state, attempt, _) = sent(script).await;
    assert_eq!((state, attempt.fate), (DeliveryState::Deferred, Fate::Deferred(Retry::Late)));
}

#[tokio::test]
async fn a_refused_connection_defers_the_mail_whatever_its_code() {
    for (step, stage) in [("GREETING", "greeting"), ("EHLO", "ehlo")] {
        let script = Script::new().say(step, "554 5.7.1 go away").say("HELO", "554 5.7.1 go away");
        let (state, attempt, _) = sent(script).await;
        assert_eq!(state, DeliveryState::Deferred, "{step}");
        assert_eq!((attempt.stage.as_str(), attempt.code), (stage, Some(554)));
    }
}

#[tokio::test]
async fn trouble_of_the_connection_defers_the_mail() {
    let garbage = Reaction::Say("HTTP/1.1 400 Bad Request\r\n".to_owned());
    let long_line = Reaction::Say(format!("220 {}\r\n", "x".repeat(100_000)));
    let many_lines = Reaction::Say("250-and more\r\n".repeat(10_000));
    for (step, reaction, stage) in [
        ("GREETING", Reaction::Hang, "greeting"),
        ("GREETING", Reaction::Close, "greeting"),
        ("GREETING", Reaction::Reset, "greeting"),
        ("GREETING", garbage, "greeting"),
        ("GREETING", long_line, "greeting"),
        ("EHLO", many_lines, "ehlo"),
        ("MAIL", Reaction::Hang, "mail"),
        ("MAIL", Reaction::SayAndClose("421 4.3.2 shutting down\r\n".to_owned()), "mail"),
        ("RCPT", Reaction::Close, "rcpt"),
        ("DATA", Reaction::Close, "data"),
    ] {
        let told = format!("{step} {reaction:?}").chars().take(60).collect::<String>();
        let (state, attempt, _) = sent(Script::new().on(step, reaction)).await;
        assert_eq!(state, DeliveryState::Deferred, "{told}");
        assert_deferred(&attempt);
        assert_eq!(attempt.stage, stage, "{told}: {}", attempt.text);
    }
}

#[tokio::test]
async fn a_mail_of_unknown_fate_is_deferred_and_goes_to_no_other_server_at_once() {
    let zone = Zone::new()
        .mx("customer.example", 10, "mx1.customer.example")
        .mx("customer.example", 20, "mx2.customer.example")
        .address("mx1.customer.example", "127.0.0.1")
        .address("mx2.customer.example", "127.0.0.2");
    let mut world = World::with_dns(zone).await;
    let first = ScriptedMx::start(Script::new().on("CONTENT", Reaction::Close)).await.unwrap();
    let second = ScriptedMx::start_beside(&first, [127, 0, 0, 2], Script::new()).await.unwrap();
    world.start(&first);
    let (state, attempt) = world.send().await;
    assert_eq!(state, DeliveryState::Deferred);
    assert!(attempt.text.contains("may have arrived"), "{}", attempt.text);
    assert_eq!((first.mails().len(), second.connections()), (1, 0));
}

#[tokio::test]
async fn the_next_server_is_asked_when_the_first_does_not_listen_or_is_busy() {
    for reaction in [Reaction::Close, Reaction::Say("421 4.3.2 too busy\r\n".to_owned())] {
        let zone = Zone::new()
            .mx("customer.example", 20, "mx2.customer.example")
            .mx("customer.example", 10, "mx1.customer.example")
            .address("mx1.customer.example", "127.0.0.1")
            .address("mx2.customer.example", "127.0.0.2");
        let mut world = World::with_dns(zone).await;
        let first = ScriptedMx::start(Script::new().on("GREETING", reaction)).await.unwrap();
        let second = ScriptedMx::start_beside(&first, [127, 0, 0, 2], Script::new()).await.unwrap();
        world.start(&first);
        let (state, attempt) = world.send().await;
        assert_eq!(state, DeliveryState::Delivered);
        assert_eq!(attempt.host.as_deref(), Some("mx2.customer.example"));
        assert_eq!((first.connections(), second.mails().len()), (1, 1));
    }
}
