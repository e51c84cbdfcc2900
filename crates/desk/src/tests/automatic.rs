//! The automatic first answer: to whom, how often, and what it says.

use guichet_accounts::{AutoReply, ChannelChange};
use guichet_mail::{DmarcPolicy, Verdicts};

use super::queue_world::{address, due, ticket};
use super::replies::reply_address;
use super::world::{World, at, by_system, forged, mail, outcomes};
use super::writing_letters::{new_mail, reply};
use crate::{Arrival, MessageKind, NewSuppression, Outcome, ReversePath, State};

pub(super) const BIA: &str = "Bia <bia@customer.example>";
const TEXT: &str = "Thank you. We answer within a day.";

/// A desk whose support channel answers by itself.
pub(super) async fn answering() -> World {
    let world = World::new().await;
    let auto_reply = AutoReply { subject: None, text: TEXT.to_owned() };
    let change = ChannelChange { auto_reply: Some(Some(auto_reply)), ..ChannelChange::default() };
    let channel = world.support.channel().unwrap();
    world.desk.accounts().change_channel(world.acme, channel, change).await.unwrap();
    world
}

pub(super) fn later(world: &World, raw: &str, second: i64) -> Arrival {
    Arrival { received: at(second), ..world.arrival(raw, &[&world.support]) }
}

async fn receive(world: &World, arrival: &Arrival) -> Outcome {
    let received = outcomes(world.desk.receive(arrival).await.unwrap());
    let [outcome] = received[..] else { panic!("{received:?}") };
    outcome
}

pub(super) async fn is_answered(world: &World, arrival: &Arrival) -> bool {
    let before = due(world).len();
    receive(world, arrival).await;
    due(world).len() > before
}

#[tokio::test]
async fn promise_5_the_first_answer_is_marked_and_quotes_nothing_of_a_stranger() {
    let world = answering().await;
    let raw = "From: BUY NOW <bia@customer.example>\nTo: support@acme.example\nSubject: PILLS\n\
               Message-ID: <1@customer.example>\nReply-To: victim@elsewhere.example\n\nCheap.\n";
    assert_eq!(world.receive(raw, &[&world.support]).await, [Outcome::Created { ticket: 1 }]);
    let answer = world.stored(2);
    assert_eq!((answer.ticket, answer.record.kind()), (1, MessageKind::Automatic));
    let text = world.raw(2);
    for stranger in ["BUY", "PILLS", "Cheap", "victim"] {
        assert!(!text.contains(stranger), "{text}");
    }
    assert!(text.contains(TEXT) && text.is_ascii(), "{text}");
    let field = |name| world.field(2, name).unwrap();
    assert_eq!(field("Auto-Submitted"), "auto-replied");
    assert_eq!(field("X-Auto-Response-Suppress"), "All");
    assert_eq!(field("Subject"), "We have received your message");
    assert_eq!(
        (field("To").as_str(), field("In-Reply-To").as_str()),
        ("bia@customer.example", "<1@customer.example>")
    );
    let delivery = &world.deliveries(2)[0].record;
    assert_eq!(delivery.reverse_path, ReversePath::Null);
    assert_eq!(delivery.recipient, address("bia@customer.example"));
    let now = ticket(&world, 1).record;
    assert_eq!((now.state, now.message_count), (State::New, 2));
}

#[tokio::test]
async fn promise_5_a_message_id_that_is_a_text_is_not_repeated() {
    let world = answering().await;
    for id in ["see(http://evil.example/)@x".to_owned(), format!("{}@x.example", "a".repeat(200))] {
        let world = answering().await;
        world.receive(&mail(BIA, &id, "Hello", ""), &[&world.support]).await;
        assert_eq!(world.field(2, "In-Reply-To"), None);
    }
    world.receive(&mail(BIA, "1$a_b-c=d+e.f@x.example", "Hello", ""), &[&world.support]).await;
    assert!(world.field(2, "In-Reply-To").is_some());
}

/// osTicket#726, #5320: a header that ordinary Outlook mail has is no proof of a machine.
#[tokio::test]
async fn promise_5_case_15_ordinary_outlook_mail_is_answered() {
    for header in ["X-Auto-Response-Suppress: All", "X-Auto-Response-Suppress: None", "Auto-Submitted: no"] {
        let world = answering().await;
        let raw = mail(BIA, "1@customer.example", "Hello", &format!("{header}\n"));
        assert!(is_answered(&world, &later(&world, &raw, 0)).await, "{header}");
    }
}

#[tokio::test]
async fn promise_5_nothing_that_a_machine_or_a_list_sends_is_answered() {
    for header in [
        "Auto-Submitted: auto-replied",
        "Auto-Submitted: auto-generated",
        "X-Autoreply: yes",
        "Precedence: bulk",
        "Precedence: list",
        "List-Id: <news.customer.example>",
        "List-Unsubscribe: <mailto:leave@customer.example>",
        "X-Failed-Recipients: joe@customer.example",
    ] {
        let world = answering().await;
        let raw = mail(BIA, "1@customer.example", "Hello", &format!("{header}\n"));
        assert!(!is_answered(&world, &later(&world, &raw, 0)).await, "{header}");
    }
    let world = answering().await;
    let raw = mail(BIA, "1@customer.example", "Hello", "");
    let null_sender = Arrival { reverse_path: String::new(), ..later(&world, &raw, 0) };
    assert!(!is_answered(&world, &null_sender).await);
}

/// RFC 5230, section 4.6. Gmail asks so whether mail may be forwarded to us, with no header that tells (case 43).
#[tokio::test]
async fn promise_5_an_address_that_no_person_reads_is_not_answered() {
    let world = answering().await;
    for (n, local) in [
        "forwarding-noreply",
        "No-Reply",
        "do_not_reply",
        "MAILER-DAEMON",
        "owner-news",
        "news-request",
        "news-bounces",
    ]
    .into_iter()
    .enumerate()
    {
        let raw = mail(&format!("{local}@customer.example"), &format!("{n}@customer.example"), "Hello", "");
        assert!(!is_answered(&world, &later(&world, &raw, 0)).await, "{local}");
    }
    for (n, local) in ["bruno.reply", "requests", "owner", "bouncer"].into_iter().enumerate() {
        let raw = mail(&format!("{local}@customer.example"), &format!("h{n}@customer.example"), "Hello", "");
        assert!(is_answered(&world, &later(&world, &raw, 0)).await, "{local}");
    }
}

/// Relay-spam waves of 2025 and 2026: tickets opened with a forged author, to have the answers flood somebody.
#[tokio::test]
async fn promise_5_case_20_only_a_proven_author_is_answered() {
    let world = answering().await;
    let raw = |n: usize| mail(BIA, &format!("{n}@customer.example"), "Hello", "");
    let unproven = Arrival { verdicts: Verdicts::default(), ..later(&world, &raw(1), 0) };
    assert!(!is_answered(&world, &unproven).await);
    let disowned =
        Arrival { verdicts: forged("customer.example", DmarcPolicy::None), ..later(&world, &raw(2), 0) };
    assert!(!is_answered(&world, &disowned).await);
    let two_authors = mail(&format!("{BIA}, joe@customer.example"), "3@customer.example", "Hello", "");
    assert!(!is_answered(&world, &later(&world, &two_authors, 0)).await);
    assert!(is_answered(&world, &later(&world, &raw(4), 0)).await);
}

/// zammad#1131, #5428: a dead address that is written to again and again.
#[tokio::test]
async fn promise_5_case_13_a_suppressed_address_is_not_answered() {
    let world = answering().await;
    let entry = NewSuppression {
        address: address("Bia@customer.example"),
        reason: "she asked".to_owned(),
        expires: None,
    };
    world.desk.suppress(&world.admin(), entry, &by_system(at(0))).await.unwrap();
    let raw = mail(BIA, "1@customer.example", "Hello", "");
    assert!(!is_answered(&world, &later(&world, &raw, 1)).await);
}

/// The octets of the first release, which are read for ever.
#[tokio::test]
async fn that_an_address_was_answered_is_written_as_the_first_release_wrote_it() {
    let world = answering().await;
    assert!(is_answered(&world, &later(&world, &mail(BIA, "1@customer.example", "Hello", ""), 0)).await);
    let snapshot = world.store.of(world.acme).snapshot().unwrap();
    let row = snapshot.peek(&crate::keys::answered("bia@customer.example")).unwrap().unwrap();
    let hex = row.iter().fold(String::new(), |hex, octet| hex + &format!("{octet:02x}"));
    assert_eq!(hex, include_str!("records/answered-1.hex").trim());
}

/// osTicket#1041, freescout#3670.
#[tokio::test]
async fn promise_5_case_11_an_address_is_answered_once_a_day() {
    let world = answering().await;
    let day = 24 * 3_600;
    for (n, (second, expected)) in
        [(0, true), (60, false), (day - 1, false), (day, true)].into_iter().enumerate()
    {
        let raw = mail(BIA, &format!("{n}@customer.example"), &format!("Matter {n}"), "");
        assert_eq!(is_answered(&world, &later(&world, &raw, second)).await, expected, "{second}");
    }
}

/// chatwoot#5131: an autoresponder whose address differs by a letter in each mail.
#[tokio::test]
async fn promise_5_case_11_a_domain_gets_at_most_fifty_answers_an_hour() {
    let world = answering().await;
    let mut answered = 0;
    for n in 0..60 {
        let raw = mail(&format!("bia{n}@customer.example"), &format!("{n}@customer.example"), "Hello", "");
        answered += usize::from(is_answered(&world, &later(&world, &raw, n)).await);
    }
    assert_eq!(answered, 50);
}

/// An autoresponder that answers every mail of ours, and hides that it is one.
#[tokio::test]
async fn promise_5_an_exchange_with_an_autoresponder_ends_after_one() {
    let world = answering().await;
    world.receive(&mail(BIA, "0@customer.example", "Away", ""), &[&world.support]).await;
    assert_eq!(due(&world).len(), 1);
    for n in 1..20 {
        let id = world.field(2, "Message-ID").unwrap();
        let more = if n % 2 == 0 { format!("In-Reply-To: {id}\n") } else { String::new() };
        let raw = mail(BIA, &format!("{n}@customer.example"), &format!("Away {n}"), &more);
        let to = reply_address(&world, 2);
        let (local, domain) = to.split_once('@').unwrap();
        let route = world.desk.accounts().route(local, domain).unwrap();
        let to = world.desk.recipient(route, to.clone()).unwrap().unwrap();
        let to = if n % 3 == 0 { &to } else { &world.support };
        let mut arrival = world.arrival(&raw, &[to]);
        arrival.received = at(n * 60);
        receive(&world, &arrival).await;
    }
    assert_eq!(due(&world).len(), 1);
}

/// freescout#2488, and mail between our own channels.
#[tokio::test]
async fn promise_5_case_16_no_address_of_this_server_is_answered() {
    let world = answering().await;
    for (n, from) in
        ["billing@acme.example", "ana@acme.example", "support@other.example"].into_iter().enumerate()
    {
        let raw = mail(from, &format!("{n}@acme.example"), &format!("Hello {n}"), "");
        assert!(!is_answered(&world, &later(&world, &raw, 0)).await, "{from}");
    }
    let elsewhere = guichet_accounts::DomainChange { receives: Some(false), ..Default::default() };
    let domain = guichet_mail::DomainName::parse("shop.example").unwrap();
    world.desk.accounts().add_domain(world.acme, &domain, None).await.unwrap();
    world.desk.accounts().change_domain(world.acme, &domain, elsewhere).await.unwrap();
    let raw = mail("ana@shop.example", "9@shop.example", "Hello 9", "");
    assert!(!is_answered(&world, &later(&world, &raw, 0)).await, "nor where its mail goes elsewhere");
    let sent =
        world.write(new_mail(world.channel_id("billing@acme.example"), &["support@acme.example"]), 1).await;
    let raw = world.raw(sent.message).replace("\r\n", "\n");
    assert!(!is_answered(&world, &later(&world, &raw, 2)).await);
}

/// zammad#1596: a person of the organisation, perhaps from an address elsewhere, who passes a customer's mail on.
#[tokio::test]
async fn promise_5_case_40_a_colleague_is_not_answered() {
    let world = answering().await;
    let person = guichet_accounts::NewPerson {
        name: "Ana".to_owned(),
        address: address("ana@home.example"),
        role: guichet_accounts::Role::Agent,
        teams: Vec::new(),
    };
    world.desk.accounts().add_person(world.acme, person).await.unwrap();
    let raw = mail("Ana@home.example", "1@home.example", "Fwd: Hello", "");
    assert!(!is_answered(&world, &later(&world, &raw, 0)).await);
}

#[tokio::test]
async fn only_a_mail_that_begins_a_ticket_is_answered_and_only_where_it_is_switched_on() {
    let world = answering().await;
    let raw = mail(BIA, "1@customer.example", "Hello", "");
    assert_eq!(world.receive(&raw, &[&world.billing]).await, [Outcome::Created { ticket: 1 }]);
    assert_eq!(due(&world), []);
    let raw = mail("joe@customer.example", "2@customer.example", "Hello", "");
    assert!(is_answered(&world, &later(&world, &raw, 0)).await);
    let answer = world.field(3, "Message-ID").unwrap();
    let raw =
        mail("joe@customer.example", "3@customer.example", "Re: Hello", &format!("In-Reply-To: {answer}\n"));
    assert_eq!(receive(&world, &later(&world, &raw, 0)).await, Outcome::Joined { ticket: 2 });
    assert_eq!(due(&world).len(), 1);
}

/// osTicket-1.7#462: a mail that comes again, or at the same moment.
#[tokio::test(flavor = "multi_thread")]
async fn promise_5_case_10_a_mail_that_comes_twice_at_once_is_answered_once() {
    let world = answering().await;
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..8 {
        let raw = mail(BIA, &format!("{}@customer.example", n / 2), "Hello", "");
        let (desk, arrival) = (world.desk.clone(), later(&world, &raw, 0));
        tasks.spawn(async move { desk.receive(&arrival).await.unwrap() });
    }
    tasks.join_all().await;
    assert_eq!(due(&world).len(), 1);
}

/// An answer that can not be composed: the domain does not send.
#[tokio::test]
async fn a_mail_is_received_though_its_answer_can_not_be_written() {
    let world = answering().await;
    let domain = guichet_mail::DomainName::parse("acme.example").unwrap();
    let change = guichet_accounts::DomainChange { sends: Some(false), ..Default::default() };
    world.desk.accounts().change_domain(world.acme, &domain, change).await.unwrap();
    let raw = mail(BIA, "1@customer.example", "Hello", "");
    assert!(!is_answered(&world, &later(&world, &raw, 0)).await);
    assert_eq!(ticket(&world, 1).record.message_count, 1);
    assert!(world.try_write(reply(), 1).await.is_err());
}
