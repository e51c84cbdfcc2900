//! Mails that the server starts itself, and what comes back for them.

use std::io::Read;

use guichet_accounts::{ChannelChange, NewPerson, Role};
use guichet_mail::DomainName;

use super::queue_world::{address, attempt, due, lease_by, record, send, stored};
use super::world::{World, at, by_system, mail};
use crate::{
    Alert, DeliveryId, DeliveryQuery, DeliveryState, Destination, Error, Fate, NewSuppression, NoticeKind,
    Outcome, Recipient, Retry, SystemMail, SystemMailKind, plain,
};

fn invitation(to: &str) -> SystemMail {
    SystemMail {
        to: address(to),
        to_name: Some("Ana\r\nBcc: all@acme.example".to_owned()),
        subject: "Join us\r\nX-Evil: 1".to_owned(),
        text: "Follow <https://desk.example/invitation#secret>.".to_owned(),
        kind: SystemMailKind::Invitation,
    }
}

async fn invite(world: &World, to: &str) -> DeliveryId {
    world.desk.send_system_mail(world.acme, invitation(to), at(0)).await.unwrap()
}

/// The mail of a delivery as it was composed.
pub(super) fn raw(world: &World, id: DeliveryId) -> String {
    let mut octets = blob(world, id);
    if record(world, id).system.is_some_and(SystemMailKind::holds_secret) {
        octets = world.desk.accounts().open_letter(world.acme, &octets).unwrap();
    }
    String::from_utf8(octets).unwrap()
}

/// The same as it is stored.
fn blob(world: &World, id: DeliveryId) -> Vec<u8> {
    let (blob, mut octets) = (record(world, id).raw, Vec::new());
    world.store.of(world.acme).open_blob(&blob).unwrap().read_to_end(&mut octets).unwrap();
    octets
}

/// The value of a header field.
pub(super) fn field(raw: &str, name: &str) -> String {
    let prefix = format!("{name}: ");
    let line = raw.lines().find_map(|line| line.strip_prefix(&prefix));
    line.unwrap_or_else(|| panic!("no {name} in {raw}")).to_owned()
}

fn bare(id: &str) -> &str {
    id.trim_start_matches('<').trim_end_matches('>')
}

/// Where the envelope sender of a delivery leads.
fn bounce(world: &World, id: DeliveryId) -> Recipient {
    let address = "bounce+x@acme.example".to_owned();
    Recipient { organisation: world.acme, destination: Destination::Bounce(id), address }
}

async fn admin(world: &World, name: &str) {
    let person = NewPerson {
        name: name.to_owned(),
        address: address(&format!("{name}@acme.example")),
        role: Role::Admin,
        teams: Vec::new(),
    };
    world.desk.accounts().add_person(world.acme, person).await.unwrap();
}

fn alert(subject: &str) -> Alert {
    Alert { kind: NoticeKind::Alert, subject: subject.to_owned(), text: "Look.".to_owned() }
}

#[tokio::test]
async fn a_system_mail_is_a_delivery_without_a_ticket_that_only_admins_see() {
    let world = World::new().await;
    let id = invite(&world, "ana@elsewhere.example").await;
    let delivery = stored(&world, id);
    assert_eq!((delivery.ticket, delivery.message), (0, 0));
    assert_eq!(delivery.record.system, Some(SystemMailKind::Invitation));
    assert_eq!(due(&world), [id]);
    let query = DeliveryQuery { limit: 10, ..DeliveryQuery::default() };
    let agent = world.billing_agent().await;
    assert_eq!(world.desk.deliveries(&world.admin(), &query).unwrap().items.len(), 1);
    assert_eq!(world.desk.deliveries(&agent, &query).unwrap().items, []);
    assert!(matches!(world.desk.retry_delivery(&agent, id, at(1)).await, Err(Error::NotFound(_))));
    let cancelled = world.desk.cancel_delivery(&world.admin(), id, at(1)).await.unwrap();
    assert_eq!(cancelled.record.state, DeliveryState::Cancelled);
}

/// The link proves who reads the mail of the address, so neither an admin nor a token that reads deliveries gets it.
#[tokio::test]
async fn promise_7_a_link_that_lets_somebody_in_is_shown_to_nobody_and_goes_to_nobody_else() {
    let world = World::new().await;
    for kind in [SystemMailKind::Invitation, SystemMailKind::PasswordReset, SystemMailKind::SignUp] {
        let mail = SystemMail { kind, ..invitation("ana@elsewhere.example") };
        let id = world.desk.send_system_mail(world.acme, mail, at(0)).await.unwrap();
        let elsewhere = address("eve@evil.example");
        let redirected = world.desk.redirect_delivery(&world.admin(), id, &elsewhere, at(1)).await;
        assert!(matches!(redirected, Err(Error::Invalid(_))), "{redirected:?}");
        send(&world, id, 1, Fate::Delivered, "2.0.0").await;
        let shown = world.desk.as_it_left(&world.admin(), id);
        assert!(matches!(shown, Err(Error::NotFound(_))), "{shown:?}");
    }
    let mail = SystemMail { kind: SystemMailKind::Alert, ..invitation("ana@elsewhere.example") };
    let alert = world.desk.send_system_mail(world.acme, mail, at(0)).await.unwrap();
    send(&world, alert, 1, Fate::Delivered, "2.0.0").await;
    world.desk.as_it_left(&world.admin(), alert).unwrap();
}

/// A channel's mail is a ticket, which its agents read.
#[tokio::test]
async fn promise_7_a_link_that_lets_somebody_in_goes_to_no_channel() {
    let world = World::new().await;
    for kind in [SystemMailKind::Invitation, SystemMailKind::PasswordReset, SystemMailKind::SignUp] {
        for channel in ["billing@acme.example", "Support+x@other.example"] {
            let mail = SystemMail { kind, ..invitation(channel) };
            let refused = world.desk.send_system_mail(world.acme, mail, at(0)).await;
            assert!(matches!(&refused, Err(Error::Invalid(why)) if why.contains("channel")), "{refused:?}");
        }
    }
    let alert = SystemMail { kind: SystemMailKind::Alert, ..invitation("billing@acme.example") };
    world.desk.send_system_mail(world.acme, alert, at(0)).await.unwrap();
    invite(&world, "ana@acme.example").await;
}

/// Case 16: every system mail says that no machine should answer it.
#[tokio::test]
async fn promise_5_a_system_mail_is_marked_and_no_name_breaks_its_header() {
    let world = World::new().await;
    let raw = raw(&world, invite(&world, "ana@elsewhere.example").await);
    assert_eq!(field(&raw, "Auto-Submitted"), "auto-generated");
    assert_eq!(field(&raw, "X-Auto-Response-Suppress"), "All");
    assert!(field(&raw, "From").starts_with("Acme <"), "{raw}");
    let header = raw.split_once("\r\n\r\n").unwrap().0;
    assert!(!header.contains("\nBcc:") && !header.contains("\nX-Evil:"), "{header}");
}

#[tokio::test]
async fn a_channel_that_is_switched_off_writes_no_mail_of_the_servers_own() {
    let world = World::new().await;
    let off = ChannelChange { active: Some(false), ..ChannelChange::default() };
    let support = world.support.channel().unwrap();
    world.desk.accounts().change_channel(world.acme, support, off).await.unwrap();
    let from = field(&raw(&world, invite(&world, "ana@elsewhere.example").await), "From");
    assert_eq!(from, "Acme <billing@acme.example>");
}

#[tokio::test]
async fn promise_5_nothing_goes_to_a_suppressed_address_and_whoever_asked_hears_why() {
    let world = World::new().await;
    let entry =
        NewSuppression { address: address("ana@x.example"), reason: "asked".to_owned(), expires: None };
    world.desk.suppress(&world.admin(), entry, &by_system(at(0))).await.unwrap();
    let error =
        world.desk.send_system_mail(world.acme, invitation("ana@x.example"), at(0)).await.unwrap_err();
    assert!(error.to_string().contains("suppression list (asked)"), "{error}");
    assert_eq!(due(&world), []);
}

#[tokio::test]
async fn promise_5_mails_to_one_address_are_capped_each_hour() {
    let world = World::new().await;
    for _ in 0..10 {
        invite(&world, "ana@x.example").await;
    }
    let again = world.desk.send_system_mail(world.acme, invitation("ANA@x.example"), at(60)).await;
    assert!(matches!(again, Err(Error::Invalid(_))), "{again:?}");
    world.desk.send_system_mail(world.acme, invitation("ben@x.example"), at(60)).await.unwrap();
    world.desk.send_system_mail(world.acme, invitation("ana@x.example"), at(3 * 3_600)).await.unwrap();
}

/// Neither who invites somebody again and again nor who asks for others' new passwords keeps the other mails back.
#[tokio::test]
async fn promise_5_new_passwords_and_other_mails_have_counts_of_their_own() {
    let world = World::new().await;
    let reset = |to: &str| SystemMail { kind: SystemMailKind::PasswordReset, ..invitation(to) };
    for _ in 0..10 {
        invite(&world, "ana@x.example").await;
    }
    world.desk.send_system_mail(world.acme, reset("ana@x.example"), at(1)).await.unwrap();
    for _ in 0..9 {
        world.desk.send_system_mail(world.acme, reset("ana@x.example"), at(1)).await.unwrap();
        world.desk.send_system_mail(world.acme, reset("ben@x.example"), at(1)).await.unwrap();
    }
    let eleventh = world.desk.send_system_mail(world.acme, reset("ana@x.example"), at(60)).await;
    assert!(matches!(eleventh, Err(Error::Invalid(_))), "{eleventh:?}");
    for _ in 0..10 {
        invite(&world, "ben@x.example").await;
    }
}

/// Case 12: a bounce of a notification makes neither ticket nor mail.
#[tokio::test]
async fn a_bounce_of_a_system_mail_is_one_notice_and_neither_ticket_nor_mail() {
    let world = World::new().await;
    for _ in 0..2 {
        let id = invite(&world, "ana@x.example").await;
        send(&world, id, 1, Fate::Deferred(Retry::AsScheduled), "4.2.1").await;
        let report = "From: mailer-daemon@x.example\nTo: bounce@acme.example\nSubject: Undeliverable\n\
                      Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n\
                      --b\n\nIt failed.\n--b\nContent-Type: message/delivery-status\n\n\
                      Reporting-MTA: dns; x.example\n\nFinal-Recipient: rfc822; ana@x.example\nAction: failed\n\
                      Status: 5.7.1\nDiagnostic-Code: smtp; 550 5.7.1 no\n\n--b--\n";
        let mut arrival =
            world.arrival(&report.replace("Undeliverable", &id.to_string()), &[&bounce(&world, id)]);
        arrival.reverse_path = String::new();
        let outcomes = super::world::outcomes(world.desk.receive(&arrival).await.unwrap());
        assert!(matches!(outcomes[..], [Outcome::Quarantined { .. }]), "{outcomes:?}");
        assert_eq!(record(&world, id).state, DeliveryState::Bounced);
    }
    let notices = world.desk.notices(&world.admin(), true, None, 10).unwrap().items;
    assert_eq!(notices.len(), 1);
    assert_eq!(notices[0].record.kind, NoticeKind::AddressBounces { address: address("ana@x.example") });
    assert_eq!(due(&world), []);
}

#[tokio::test]
async fn a_refused_system_mail_is_a_notice_as_well() {
    let world = World::new().await;
    let id = invite(&world, "ana@x.example").await;
    let lease = lease_by(&world.desk, &world, id, 1).await.unwrap();
    let attempt = attempt(1, Fate::Refused, "5.1.1", "No such user.");
    world.desk.attempted(&lease, &attempt).await.unwrap();
    assert_eq!(record(&world, id).state, DeliveryState::Bounced);
    let notices = world.desk.notices(&world.admin(), false, None, 10).unwrap().items;
    assert!(notices[0].record.text.contains("delivered: No such user. Correct the"), "{notices:?}");
}

/// Case 16: what machines answer to a system mail is kept aside with the reason; what people answer is a ticket.
#[tokio::test]
async fn promise_2_a_machines_answer_to_a_system_mail_is_kept_aside_and_a_persons_is_a_ticket() {
    let world = World::new().await;
    let raw = raw(&world, invite(&world, "ana@x.example").await);
    let id = field(&raw, "Message-ID");
    let answer = |own: &str, more: &str| {
        mail("ana@x.example", own, "Re: Join us", &format!("In-Reply-To: {id}\nReferences: {id}\n{more}"))
    };
    let away = answer("1@x.example", "Auto-Submitted: auto-replied\n");
    let outcomes = world.receive(&away, &[&world.support]).await;
    let [Outcome::Quarantined { message }] = outcomes[..] else { panic!("{outcomes:?}") };
    let kept = world.desk.quarantined(&world.admin(), message).unwrap();
    assert!(kept.record.quarantine.unwrap().contains("a machine answered"));
    let outcomes = world.receive(&answer("2@x.example", ""), &[&world.support]).await;
    assert!(matches!(outcomes[..], [Outcome::Created { .. }]), "{outcomes:?}");
}

#[tokio::test]
async fn a_machine_that_names_no_mail_is_known_by_the_reply_address() {
    let world = World::new().await;
    let raw = raw(&world, invite(&world, "ana@x.example").await);
    let reply_to = field(&raw, "Reply-To");
    let (local, domain) = reply_to.split_once('@').unwrap();
    let route = world.desk.accounts().route(local, domain).unwrap();
    let recipient = world.desk.recipient(route, reply_to.clone()).unwrap().unwrap();
    let away = |own: &str, more: &str| mail("ana@x.example", own, "Away", more);
    let outcomes = world.receive(&away("1@x.example", "Auto-Submitted: auto-replied\n"), &[&recipient]).await;
    assert!(matches!(outcomes[..], [Outcome::Quarantined { .. }]), "{outcomes:?}");
    let outcomes = world.receive(&away("2@x.example", ""), &[&recipient]).await;
    assert!(matches!(outcomes[..], [Outcome::Created { .. }]), "{outcomes:?}");
}

#[tokio::test]
async fn promise_4_a_forged_token_of_a_system_mail_is_quarantined() {
    let world = World::new().await;
    let raw = raw(&world, invite(&world, "ana@x.example").await);
    let id = field(&raw, "Message-ID");
    let (token, domain) = bare(&id).split_once('@').unwrap();
    let forged = format!("<{}@{domain}>", token.chars().rev().collect::<String>());
    let mail = mail("eve@x.example", "1@x.example", "Re", &format!("In-Reply-To: {forged}\n"));
    let outcomes = world.receive(&mail, &[&world.support]).await;
    assert!(matches!(outcomes[..], [Outcome::Quarantined { .. }]), "{outcomes:?}");
    // Nor does a genuine one lead into a ticket, or stand for a reply address of one.
    assert_eq!(world.desk.tokens().unwrap().read_reply(world.acme, token), crate::token::Claim::Forged);
    assert_eq!(world.desk.tokens().unwrap().read_system(world.other, token), None);
}

#[tokio::test]
async fn an_alert_is_one_notice_and_one_mail_a_day_to_each_admin() {
    let world = World::new().await;
    world.billing_agent().await;
    admin(&world, "bia").await;
    admin(&world, "caio").await;
    let first = world.desk.alert_admins(world.acme, alert("Fire"), at(0)).await.unwrap();
    assert_eq!(due(&world).len(), 2);
    let again = world.desk.alert_admins(world.acme, alert("Fire"), at(3_600)).await.unwrap();
    assert_eq!((again, due(&world).len()), (first, 2));
    world.desk.alert_admins(world.acme, alert("Flood"), at(3_600)).await.unwrap();
    assert_eq!(due(&world).len(), 4);
    world.desk.alert_admins(world.acme, alert("Fire"), at(25 * 3_600)).await.unwrap();
    assert_eq!(due(&world).len(), 6);
    world.desk.dismiss_notice(&world.admin(), first, at(26 * 3_600)).await.unwrap();
    world.desk.alert_admins(world.acme, alert("Fire"), at(60 * 3_600)).await.unwrap();
    assert_eq!(due(&world).len(), 6, "what somebody has dismissed is not mailed about again");
}

#[tokio::test]
async fn a_mail_about_a_claim_says_that_it_is_one() {
    let world = World::new().await;
    admin(&world, "bia").await;
    let domain = DomainName::parse("acme.desk.example").unwrap();
    let decided = Alert { kind: NoticeKind::Claim { domain }, ..alert("acme.desk.example was declined") };
    world.desk.alert_admins(world.acme, decided, at(0)).await.unwrap();
    let mails: Vec<_> = due(&world).into_iter().map(|id| record(&world, id).system).collect();
    assert_eq!(mails, [Some(SystemMailKind::ClaimDecided)]);
}

#[tokio::test]
async fn two_alerts_at_once_are_one_mail() {
    let world = World::new().await;
    admin(&world, "bia").await;
    let (one, other) = tokio::join!(
        world.desk.alert_admins(world.acme, alert("Fire"), at(0)),
        world.desk.alert_admins(world.acme, alert("Fire"), at(0)),
    );
    assert_eq!(one.unwrap(), other.unwrap());
    assert_eq!(due(&world).len(), 1);
}

#[test]
fn a_plain_text_is_no_markdown() {
    assert_eq!(plain("[a](http://b)\n# c"), "\\[a\\]\\(http\\:\\/\\/b\\) \\# c");
    for marks in ["- a", "1. a", "---", "+ a", "a\n- b"] {
        assert!(plain(marks).contains('\\'), "{marks}");
    }
    for word in ["support@north.desk.localhost", "xn--acm-dma.example", "It's fine, isn't it?"] {
        assert_eq!(plain(word), word);
    }
}

#[tokio::test]
async fn promise_7_a_link_that_lets_somebody_in_is_stored_sealed() {
    let world = World::new().await;
    let holds = |octets: &[u8], word: &str| octets.windows(word.len()).any(|part| part == word.as_bytes());
    let id = invite(&world, "new@partner.example").await;
    assert!(raw(&world, id).contains("#secret"));
    let kept = blob(&world, id);
    assert!(!holds(&kept, "secret") && !holds(&kept, "invitation") && !holds(&kept, "Subject"));
    let elsewhere = world.desk.accounts().open_letter(world.other, &kept);
    assert!(elsewhere.is_err(), "nor is it another organisation's");

    // It leaves as it was composed.
    let lease = world.desk.lease(world.acme, id, at(1)).await.unwrap().unwrap();
    let mut sent = String::new();
    world.desk.open(&lease).unwrap().read_to_string(&mut sent).unwrap();
    assert_eq!(sent, raw(&world, id));
}
