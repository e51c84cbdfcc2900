//! What a mail of ours says, octet by octet.

use std::io::Read;

use guichet_accounts::DomainChange;
use guichet_mail::{Disposition, DomainName};

use super::world::{World, at, by_system, mail};
use super::writing_letters::{address_of, asked, into_ticket, new_mail, people, reply};
use crate::{
    DeliveryState, Hold, MessageKind, NewSuppression, Outcome, ReversePath, Target, Writing, WritingKind,
};

#[tokio::test]
async fn the_subject_has_one_prefix_however_many_it_had() {
    let cases = [
        ("Invoice", WritingKind::Reply, "Re: Invoice"),
        ("AW: Re: WG: Invoice", WritingKind::Reply, "Re: Invoice"),
        ("Re: Invoice", WritingKind::Forward, "Fwd: Invoice"),
        ("", WritingKind::Reply, "Re:"),
    ];
    for (subject, kind, expected) in cases {
        let world = World::new().await;
        world
            .receive(&mail("bia@customer.example", "1@customer.example", subject, ""), &[&world.support])
            .await;
        let to = (kind == WritingKind::Forward).then(|| people(&["eva@partner.example"]));
        let written = world.write(Writing { to, ..into_ticket(1, kind) }, 1).await;
        assert_eq!(world.stored(written.message).record.content.subject, expected);
    }
    let world = asked("").await;
    let given = Writing { subject: Some(" Something else ".to_owned()), ..reply() };
    assert_eq!(world.field(world.write(given, 1).await.message, "Subject").unwrap(), "Something else");
}

#[tokio::test]
async fn an_answer_continues_the_thread_and_a_forward_begins_one() {
    let world = asked("References: <a@customer.example> <b@customer.example>\n").await;
    let answer = world.write(reply(), 1).await.message;
    assert_eq!(world.field(answer, "In-Reply-To").unwrap(), "<1@customer.example>");
    assert_eq!(
        world.field(answer, "References").unwrap(),
        "<a@customer.example> <b@customer.example> <1@customer.example>"
    );
    let to = Some(people(&["eva@partner.example"]));
    let forward = world.write(Writing { to, ..into_ticket(1, WritingKind::Forward) }, 2).await.message;
    assert_eq!((world.field(forward, "In-Reply-To"), world.field(forward, "References")), (None, None));
}

#[tokio::test]
async fn a_thread_without_references_goes_on_from_what_the_mail_answered() {
    let world = asked("In-Reply-To: <0@customer.example>\n").await;
    let answer = world.write(reply(), 1).await.message;
    assert_eq!(world.field(answer, "References").unwrap(), "<0@customer.example> <1@customer.example>");
}

#[tokio::test]
async fn message_id_and_reply_address_carry_tokens_that_differ() {
    let world = asked("").await;
    let message = world.write(reply(), 1).await.message;
    let id = world.field(message, "Message-ID").unwrap();
    let reply_to = world.field(message, "Reply-To").unwrap();
    let token = id.trim_matches(['<', '>']).strip_suffix("@acme.example").unwrap();
    let tag = reply_to.split_once("support+").unwrap().1.split_once("@acme.example>").unwrap().0;
    assert_eq!((token.len(), tag.len()), (29, 29));
    assert_ne!(token, tag, "who knows a Message-ID knows no reply address");
    let reference = world.stored(message).record.written.unwrap().reference;
    let tokens = world.desk.tokens().unwrap();
    assert_eq!(tokens.read_message_id(world.acme, token), crate::token::Claim::Genuine(reference));
    assert_eq!(tokens.read_reply(world.acme, tag), crate::token::Claim::Genuine(reference));
    assert_ne!(
        world.stored(world.write(reply(), 2).await.message).record.written.unwrap().reference,
        reference
    );
}

#[tokio::test]
async fn what_was_composed_is_read_like_any_mail() {
    let world = asked("").await;
    let message = world.write(Writing { quote: true, ..reply() }, 1).await.message;
    let stored = world.stored(message);
    assert_eq!(stored.record.kind(), MessageKind::Outbound);
    assert!(stored.record.content.preview.starts_with("It is *out*."), "{}", stored.record.content.preview);
    let texts = world.desk.texts(&world.admin(), &stored).unwrap();
    assert!(texts.html.unwrap().contains("<strong>out</strong>"));
    assert!(texts.text.contains("> Dear support, the printer"), "{}", texts.text);
    assert!(stored.record.content.defects.is_empty(), "{:?}", stored.record.content.defects);
    let unquoted = world.write(reply(), 2).await.message;
    assert!(!world.raw(unquoted).contains("Dear support"));
}

/// Promise 1's kin: what is kept, what each delivery points to and what leaves are the same octets.
#[tokio::test]
async fn every_delivery_points_to_the_octets_that_the_message_shows() {
    let world = asked("Cc: joe@customer.example\n").await;
    let all =
        Writing { bcc: Some(people(&["boss@elsewhere.example"])), ..into_ticket(1, WritingKind::ReplyAll) };
    let written = world.write(all, 1).await;
    let raw = world.raw(written.message);
    let deliveries = world.deliveries(written.message);
    assert_eq!(deliveries.len(), 3);
    for delivery in deliveries {
        assert!(written.deliveries.contains(&delivery.id));
        assert_eq!((delivery.record.state, delivery.record.due), (DeliveryState::Due, at(1)));
        let mut octets = String::new();
        let blob = world.store.of(world.acme).open_blob(&delivery.record.raw);
        blob.unwrap().read_to_string(&mut octets).unwrap();
        assert_eq!(octets, raw);
    }
    assert!(!raw.to_lowercase().contains("bcc") && !raw.contains("boss@"), "{raw}");
    assert!(world.participants(1).contains(&"boss@elsewhere.example".to_owned()));
}

#[tokio::test]
async fn header_injection_ends_as_text() {
    let world = asked("").await;
    let attack = "x\r\nBcc: eve@evil.example\r\n\r\nbody\0\u{202e}";
    let mut to = people(&["bia@customer.example"]);
    to[0].name = Some(attack.to_owned());
    let writing = Writing { to: Some(to.clone()), cc: Some(to), subject: Some(attack.to_owned()), ..reply() };
    let written = world.write(writing, 1).await;
    let raw = world.raw(written.message);
    assert!(!raw.to_lowercase().contains("\nbcc:"), "{raw}");
    assert_eq!(world.delivered_to(written.message), ["bia@customer.example"]);
    assert!(world.stored(written.message).record.content.subject.starts_with("x Bcc: eve@evil.example"));
}

#[tokio::test]
async fn a_forward_takes_the_text_and_the_files_along() {
    let world = World::new().await;
    let raw = "From: Bia <bia@customer.example>\nTo: support@acme.example\nSubject: Invoice\n\
               Message-ID: <1@customer.example>\nMIME-Version: 1.0\n\
               Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n\nPlease pay.\n\
               --b\nContent-Type: application/pdf; name=\"invoice.pdf\"\nContent-Disposition: attachment\n\
               Content-Transfer-Encoding: base64\n\nSGVsbG8=\n--b\nContent-Type: message/rfc822\n\n\
               Subject: within\n\nInner.\n--b--\n";
    world.receive(raw, &[&world.support]).await;
    let forward =
        Writing { to: Some(people(&["eva@partner.example"])), ..into_ticket(1, WritingKind::Forward) };
    let message = world.stored(world.write(forward.clone(), 1).await.message);
    let texts = world.desk.texts(&world.admin(), &message).unwrap();
    assert!(
        texts.text.contains("Please pay.") && texts.text.contains("bia@customer.example"),
        "{}",
        texts.text
    );
    let files: Vec<_> = message
        .record
        .content
        .parts
        .iter()
        .filter(|part| part.disposition == Disposition::Attachment)
        .collect();
    assert_eq!(files.len(), 2);
    assert_eq!(
        (files[0].name.as_deref(), files[0].content_type.as_str()),
        (Some("invoice.pdf"), "application/pdf")
    );
    let mut invoice = String::new();
    let mut part = world.desk.part(&world.admin(), &message, files[0].id.as_str()).unwrap();
    part.read_to_string(&mut invoice).unwrap();
    assert_eq!(invoice, "Hello");
    // In base64 it can't be written under its own type (RFC 2046, section 5.2.1).
    assert_eq!(files[1].content_type, "application/octet-stream");
    assert_eq!(files[1].name.as_deref(), Some("part 3.eml"));

    let without = Writing { include_attachments: false, text: String::new(), ..forward };
    let message = world.stored(world.write(without, 2).await.message);
    assert_eq!(message.record.content.parts.len(), 2, "text and HTML");
}

#[tokio::test]
async fn a_mail_is_held_as_long_as_was_asked() {
    let world = asked("").await;
    for (hold, due, state) in [
        (Hold::None, at(10), DeliveryState::Due),
        (Hold::Undo(10), at(20), DeliveryState::Held),
        (Hold::Until(at(5_000)), at(5_000), DeliveryState::Held),
    ] {
        let written = world.write(Writing { hold, ..reply() }, 10).await;
        let delivery = world.deliveries(written.message).remove(0);
        assert_eq!((delivery.record.due, delivery.record.state), (due, state), "{hold:?}");
    }
    for hold in [Hold::Undo(3_601), Hold::Until(at(80)), Hold::Until(at(400 * 86_400))] {
        world.refused(Writing { hold, ..reply() }).await;
    }
}

#[tokio::test]
async fn a_suppressed_recipient_is_named_in_the_answer_and_gets_nothing() {
    let world = asked("Cc: joe@customer.example\n").await;
    let joe = address_of("Joe@customer.example");
    let new = NewSuppression { address: joe, reason: "it bounces".to_owned(), expires: None };
    world.desk.suppress(&world.admin(), new, &by_system(at(0))).await.unwrap();
    let written = world.write(into_ticket(1, WritingKind::ReplyAll), 1).await;
    assert_eq!(
        written.suppressed.iter().map(ToString::to_string).collect::<Vec<_>>(),
        ["joe@customer.example"]
    );
    let due = world.desk.due(None, at(9), 9).unwrap();
    assert_eq!((written.deliveries.len(), due.len()), (2, 1));
}

#[tokio::test]
async fn a_domain_that_does_not_send_says_what_to_do_and_notes_go_on() {
    let world = asked("").await;
    let change = DomainChange { sends: Some(false), ..DomainChange::default() };
    let domain = DomainName::parse("acme.example").unwrap();
    world.desk.accounts().change_domain(world.acme, &domain, change).await.unwrap();
    assert!(world.refused(reply()).await.contains("DKIM"));
    world.write(into_ticket(1, WritingKind::Note), 1).await;
}

/// Case 24: umlauts in a local part are an address like any other, for servers that take them.
#[tokio::test]
async fn case_24_an_address_with_umlauts_is_answered_with_smtputf8() {
    let world = World::new().await;
    let raw =
        mail("Jörg <jörg@customer.example>", "1@customer.example", "Hallo", "Cc: joe@customer.example\n");
    world.receive(&raw, &[&world.support]).await;
    let written = world.write(into_ticket(1, WritingKind::ReplyAll), 1).await;
    assert_eq!(world.delivered_to(written.message), ["jörg@customer.example", "joe@customer.example"]);
    // His address stands in the header that she gets as well.
    assert!(world.deliveries(written.message).iter().all(|delivery| delivery.record.smtputf8));
    assert_eq!(world.addressed(written.message)[0], ["jörg@customer.example"]);
    let plain = world.write(Writing { to: Some(people(&["joe@customer.example"])), ..reply() }, 2).await;
    assert!(world.deliveries(plain.message).iter().all(|delivery| !delivery.record.smtputf8));
}

#[tokio::test]
async fn a_domain_that_only_sends_gets_its_answers_and_bounces_elsewhere() {
    let world = asked("").await;
    let base = DomainName::parse("acme.desk.example").unwrap();
    let accounts = world.desk.accounts();
    let _ = accounts.add_domain(world.acme, &base, None).await;
    world.channel("help@acme.desk.example", None).await;
    let change = DomainChange { receives: Some(false), ..DomainChange::default() };
    accounts.change_domain(world.acme, &DomainName::parse("acme.example").unwrap(), change).await.unwrap();
    let message = world.write(reply(), 1).await.message;
    assert!(world.field(message, "From").unwrap().ends_with("<support@acme.example>"));
    assert!(world.field(message, "Message-ID").unwrap().ends_with("@acme.example>"));
    let delivery = world.deliveries(message).remove(0).record;
    assert_eq!(delivery.reverse_path, ReversePath::BounceAddress(base));
    assert_eq!(delivery.from_domain.as_str(), "acme.example");
    let reply_to = world.field(message, "Reply-To").unwrap();
    let address = address_of(reply_to.split_once('<').unwrap().1.trim_end_matches('>'));
    assert_eq!(address.domain().as_str(), "acme.desk.example");
    let route = accounts.route(address.local(), address.domain().as_str()).unwrap();
    let to = world.desk.recipient(route, address.to_string()).unwrap().unwrap();
    let raw = mail("bia@customer.example", "9@customer.example", "Something else", "");
    assert_eq!(world.receive(&raw, &[&to]).await, [Outcome::Joined { ticket: 1 }]);
    let again = world.write(reply(), 2).await.message;
    assert_eq!(world.addressed(again)[0], ["bia@customer.example"]);
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_with_a_sentence() {
    let world = asked("").await;
    let channel = world.channel_id("support@acme.example");
    world.write(into_ticket(1, WritingKind::Note), 1).await;
    let subject = " ".to_owned();
    let blank = Target::New { channel, subject, team: None };
    let note = Target::Ticket { number: 1, kind: WritingKind::Reply, answers: Some(2) };
    let wrong = [
        (Writing { text: " \n".to_owned(), ..reply() }, "nothing to say"),
        (Writing { text: "x".repeat((1 << 20) + 1), ..reply() }, "1024 KiB"),
        (Writing { subject: Some("x".repeat(501)), ..reply() }, "500"),
        (Writing { target: blank, ..new_mail(channel, &["a@b.example"]) }, "subject"),
        (Writing { target: note, ..reply() }, "note"),
        (Writing { hold: Hold::Undo(9), ..into_ticket(1, WritingKind::Note) }, "held"),
    ];
    for (writing, expected) in wrong {
        let sentence = world.refused(writing).await;
        assert!(sentence.contains(expected), "{sentence}");
    }
}
