//! What strangers try to get an answer that is meant for somebody else, or an address that lets them in.

use guichet_accounts::Route;
use guichet_mail::DmarcPolicy;

use super::replies::reply_address;
use super::world::{World, forged, mail};
use super::writing_letters::{asked, into_ticket, new_mail, people, reply};
use crate::{Arrival, Recipient, Writing, WritingKind};

const BIA: &str = "Bia <bia@customer.example>";
const EVE_ANSWERS: &str = "Reply-To: eve@evil.example\n";

/// Whom a mail to this address reaches.
fn recipient(world: &World, address: &str) -> Recipient {
    let (local, domain) = address.split_once('@').unwrap();
    let route: Route = world.desk.accounts().route(local, domain).unwrap();
    world.desk.recipient(route, address.to_owned()).unwrap().expect("somebody is there")
}

/// Ticket 1 of Bia, answered by message 2; with the reply address of that.
async fn answered() -> (World, Recipient) {
    let world = asked("").await;
    let message = world.write(reply(), 1).await.message;
    let to = recipient(&world, &reply_address(&world, message));
    (world, to)
}

/// Eve knows the reply address, and writes in Bia's name, whose domain disowns it.
#[tokio::test]
async fn promise_4_nobody_is_answered_unasked_in_whose_name_a_disowned_mail_came() {
    let (world, to) = answered().await;
    let raw = mail(BIA, "3@evil.example", "Re: Invoice", EVE_ANSWERS);
    let verdicts = forged("customer.example", DmarcPolicy::None);
    let suspect = Arrival { verdicts, ..world.arrival(&raw, &[&to]) };
    world.desk.receive(&suspect).await.unwrap();
    assert!(world.stored(3).record.marked);
    let written = world.write(reply(), 2).await;
    assert_eq!(world.delivered_to(written.message), ["bia@customer.example"]);
}

/// The same where Bia's domain says nothing: `From` counts at the reply address, but where answers go is nobody's word.
#[tokio::test]
async fn promise_4_an_unproven_mail_in_a_ticket_does_not_lead_answers_to_a_stranger() {
    let (world, to) = answered().await;
    let raw = mail(BIA, "3@evil.example", "Re: Invoice", EVE_ANSWERS);
    world.receive_unproven(&raw, &[&to]).await;
    assert!(!world.stored(3).record.marked);
    let written = world.write(reply(), 2).await;
    assert_eq!(world.delivered_to(written.message), ["bia@customer.example"]);
}

/// Whoever proves who they are may want answers elsewhere; so may the one who begins a ticket, such as a form.
#[tokio::test]
async fn where_the_author_wants_answers_counts_of_a_proven_mail_and_of_a_first_one() {
    let (world, to) = answered().await;
    let raw = mail(BIA, "3@customer.example", "Re: Invoice", "Reply-To: desk@customer.example\n");
    world.receive(&raw, &[&to]).await;
    let written = world.write(reply(), 2).await;
    assert_eq!(world.delivered_to(written.message), ["desk@customer.example"]);

    let raw = mail("form@web.example", "4@web.example", "Form", "Reply-To: joe@customer.example\n");
    world.receive_unproven(&raw, &[&world.support]).await;
    let written = world.write(into_ticket(2, WritingKind::Reply), 3).await;
    assert_eq!(world.delivered_to(written.message), ["joe@customer.example"]);
}

/// What a customer's answer was addressed to is the key to the ticket.
#[tokio::test]
async fn promise_4_a_forward_does_not_tell_the_reply_address_that_the_forwarded_mail_came_to() {
    let (world, to) = answered().await;
    let raw = mail(BIA, "3@customer.example", "Re: Invoice", "")
        .replace("To: support@acme.example", &format!("To: Help <{}>\nCc: {}", to.address, to.address));
    world.receive(&raw, &[&to]).await;
    let named = Some(people(&["eve@partner.example"]));
    let written = world.write(Writing { to: named, ..into_ticket(1, WritingKind::Forward) }, 2).await;
    let message = world.stored(written.message);
    let texts = world.desk.texts(&world.admin(), &message).unwrap();
    for text in [texts.text, texts.html.unwrap()] {
        assert!(text.contains("support@acme.example"), "{text}");
        let token = to.address.split_once('+').unwrap().1;
        assert!(!text.contains(token.split_once('@').unwrap().0), "{text}");
    }
}

#[tokio::test]
async fn promise_4_a_reply_address_of_ours_is_not_handed_on_to_whoever_gets_a_copy() {
    let (world, to) = answered().await;
    let channel = world.channel_id("billing@acme.example");
    let begun = new_mail(channel, &["eve@partner.example", &to.address]);
    let written = world.write(begun, 2).await;
    assert_eq!(world.delivered_to(written.message), ["eve@partner.example", "support@acme.example"]);
    assert!(!world.raw(written.message).contains(&to.address));
}

/// Mail between two channels of ours goes back by the reply address, which all who get the answer have already.
#[tokio::test]
async fn an_answer_to_another_channel_of_ours_keeps_its_reply_address() {
    let world = World::new().await;
    let support = world.channel_id("support@acme.example");
    let sent = world.write(new_mail(support, &["billing@acme.example", "joe@customer.example"]), 1).await;
    let raw = world.raw(sent.message).replace("\r\n", "\n");
    world.receive(&raw, &[&world.billing]).await;
    let written = world.write(into_ticket(2, WritingKind::ReplyAll), 2).await;
    let back = reply_address(&world, sent.message);
    assert_eq!(world.delivered_to(written.message), [back.as_str(), "joe@customer.example"]);
    let cc = Some(people(&["eve@partner.example"]));
    let written = world.write(Writing { cc, ..into_ticket(2, WritingKind::Reply) }, 3).await;
    assert!(!world.raw(written.message).contains(&back));
}

#[tokio::test]
async fn a_mail_in_our_own_name_is_answered_to_whom_an_agent_names() {
    let world = World::new().await;
    let raw = mail("support@acme.example", "1@evil.example", "Hello", "");
    world.receive_unproven(&raw, &[&world.support]).await;
    assert!(world.refused(reply()).await.contains("give `to`"));
}
