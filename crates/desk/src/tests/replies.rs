//! What answers a mail of ours: by its reply address, by its Message-ID, by neither.

use guichet_accounts::Route;
use guichet_mail::{DmarcPolicy, Verdicts};

use super::queue_world::{set_state, ticket};
use super::world::{World, at, forged, mail, outcomes};
use super::writing_letters::{address_of, asked, new_mail, reply};
use crate::{Arrival, Outcome, Recipient, State};

const BIA: &str = "Bia <bia@customer.example>";
const EVE: &str = "Eve <eve@evil.example>";

/// Whom a mail to this address reaches.
pub(super) fn recipient(world: &World, address: &str) -> Recipient {
    let (local, domain) = address.split_once('@').unwrap();
    let route: Route = world.desk.accounts().route(local, domain).unwrap();
    world.desk.recipient(route, address.to_owned()).unwrap().expect("somebody is there")
}

/// The address to which answers to a message go.
pub(super) fn reply_address(world: &World, message: u64) -> String {
    let field = world.field(message, "Reply-To").unwrap();
    field.rsplit_once('<').map_or(field.as_str(), |(_, address)| address.trim_end_matches('>')).to_owned()
}

/// Ticket 1, answered by message 2; with its reply address and Message-ID.
async fn answered() -> (World, Recipient, String) {
    let world = asked("").await;
    let message = world.write(reply(), 1).await.message;
    assert_eq!(message, 2);
    let (to, id) = (recipient(&world, &reply_address(&world, 2)), world.field(2, "Message-ID").unwrap());
    (world, to, id)
}

fn arrival(world: &World, raw: &str, to: &[&Recipient], second: i64) -> Arrival {
    Arrival { received: at(second), ..world.arrival(raw, to) }
}

async fn receive(world: &World, arrival: &Arrival) -> Outcome {
    let received = outcomes(world.desk.receive(arrival).await.unwrap());
    let [outcome] = received[..] else { panic!("{received:?}") };
    outcome
}

/// Cases 2 and 5 in our own mail: the token, not the header, says where an answer belongs.
#[tokio::test]
async fn an_answer_whose_references_were_stripped_joins_by_its_reply_address() {
    let (world, to, _) = answered().await;
    let folded = recipient(&world, &to.address.to_uppercase());
    for (n, to) in [to, folded].iter().enumerate() {
        let raw = mail(BIA, &format!("r{n}@customer.example"), "Something else", "");
        assert_eq!(world.receive(&raw, &[to]).await, [Outcome::Joined { ticket: 1 }]);
    }
    let now = ticket(&world, 1).record;
    assert_eq!((now.state, now.attention), (State::Open, false));
    assert!(!world.stored(3).record.marked);
}

#[tokio::test]
async fn a_participant_whose_domain_signs_nothing_joins_by_reply_address() {
    let (world, to, _) = answered().await;
    let raw = mail(BIA, "3@customer.example", "Re: Invoice", "Cc: eve@evil.example\n");
    assert_eq!(world.receive_unproven(&raw, &[&to]).await, [Outcome::Joined { ticket: 1 }]);
    assert!(!world.stored(3).record.marked);
    assert_eq!(world.participants(1), ["bia@customer.example"], "and brings nobody in");
}

#[tokio::test]
async fn promise_4_a_stranger_at_a_genuine_reply_address_is_marked_and_takes_no_part() {
    let (world, to, id) = answered().await;
    set_state(&world, 1, State::Solved).await;
    let raw = mail(EVE, "3@evil.example", "Re: Invoice", "Cc: joe@evil.example\n");
    assert_eq!(world.receive(&raw, &[&to]).await, [Outcome::Joined { ticket: 1 }]);
    let now = ticket(&world, 1).record;
    assert_eq!((now.state, now.attention), (State::Open, true));
    assert!(world.stored(3).record.marked);
    assert_eq!(world.participants(1), ["bia@customer.example"]);
    let reference = mail(EVE, "4@evil.example", "Re: Invoice", &format!("In-Reply-To: {id}\n"));
    assert_eq!(world.receive(&reference, &[&world.support]).await, [Outcome::Created { ticket: 2 }]);
    world.desk.agree(&world.admin(), 1, &address_of("eve@evil.example"), at(2)).await.unwrap();
    let reference = mail(EVE, "5@evil.example", "Re: Invoice", &format!("In-Reply-To: {id}\n"));
    assert_eq!(world.receive(&reference, &[&world.support]).await, [Outcome::Joined { ticket: 1 }]);
    assert!(!world.stored(5).record.marked);
}

#[tokio::test]
async fn promise_4_a_participant_whom_their_domain_disowns_is_marked() {
    let (world, to, _) = answered().await;
    let raw = mail(BIA, "3@customer.example", "Re: Invoice", "");
    let mut suspect = arrival(&world, &raw, &[&to], 1);
    suspect.verdicts = forged("customer.example", DmarcPolicy::None);
    assert_eq!(receive(&world, &suspect).await, Outcome::Joined { ticket: 1 });
    assert!(world.stored(3).record.marked);
}

/// itop#95, alga-psa#3241: somebody makes up what our tokens look like.
#[tokio::test]
async fn promise_4_a_forged_reply_address_or_message_id_changes_nothing() {
    let (world, to, id) = answered().await;
    let before = ticket(&world, 1);
    let token = id.trim_matches(['<', '>']).split_once('@').unwrap().0;
    let made_up = format!("support+{}@acme.example", "a".repeat(29));
    let of_message_id = format!("support+{token}@acme.example");
    let tag = to.address.split_once('+').unwrap().1.split_once('@').unwrap().0;
    let elsewhere = format!("support+{tag}@other.example");
    for address in [&made_up, &of_message_id, &elsewhere] {
        let raw = mail(BIA, &format!("{address}-1"), "Re: Invoice", "In-Reply-To: <1@customer.example>\n");
        let outcome = receive(&world, &arrival(&world, &raw, &[&recipient(&world, address)], 1)).await;
        assert!(matches!(outcome, Outcome::Quarantined { .. }), "{address}: {outcome:?}");
    }
    for forged in [format!("<{}@acme.example>", "a".repeat(29)), format!("<{tag}@acme.example>")] {
        let more = format!("In-Reply-To: <1@customer.example>\nReferences: {forged} {id}\n");
        let raw = mail(BIA, "5@customer.example", &forged, &more);
        let outcome = receive(&world, &arrival(&world, &raw, &[&world.support], 1)).await;
        assert!(matches!(outcome, Outcome::Quarantined { .. }), "{forged}: {outcome:?}");
    }
    assert_eq!(ticket(&world, 1), before);
    let kept = world.desk.quarantine(&world.admin(), None, 9).unwrap().items;
    let why: Vec<&str> = kept.iter().map(|one| one.record.quarantine.as_deref().unwrap()).collect();
    assert_eq!(why[0], format!("it came to a reply address that we never gave: {made_up}"));
    assert!(why[3].starts_with("it names a mail of ours that we never wrote: <"), "{why:?}");
}

#[tokio::test]
async fn a_word_like_a_token_before_another_s_domain_is_only_a_message_id() {
    let world = World::new().await;
    let more = format!("In-Reply-To: <{}@customer.example>\n", "a".repeat(29));
    let raw = mail(BIA, "1@customer.example", "Hello", &more);
    assert_eq!(world.receive(&raw, &[&world.support]).await, [Outcome::Created { ticket: 1 }]);
}

#[tokio::test]
async fn promise_4_our_message_id_lets_in_a_proven_participant_and_nobody_else() {
    let (world, _, id) = answered().await;
    let more = format!("References: {id}\n");
    let intruder = mail(EVE, "3@evil.example", "Re: Invoice", &more);
    assert_eq!(world.receive(&intruder, &[&world.support]).await, [Outcome::Created { ticket: 2 }]);
    assert_eq!(world.desk.ticket(&world.admin(), 2).unwrap().linked, [1]);
    let unproven = mail(BIA, "4@customer.example", "Re: Invoice", &more);
    assert_eq!(world.receive_unproven(&unproven, &[&world.support]).await, [Outcome::Created { ticket: 3 }]);
    let proven = mail(BIA, "5@customer.example", "Re: Invoice", &more);
    assert_eq!(world.receive(&proven, &[&world.support]).await, [Outcome::Joined { ticket: 1 }]);
}

#[tokio::test]
async fn a_reply_address_older_than_180_days_begins_a_new_ticket_that_is_linked() {
    let (world, to, _) = answered().await;
    let days = 24 * 3_600;
    let late = mail(BIA, "3@customer.example", "Re: Invoice", "");
    let outcome = receive(&world, &arrival(&world, &late, &[&to], 2 + 180 * days)).await;
    assert_eq!(outcome, Outcome::Created { ticket: 2 });
    assert_eq!(world.desk.ticket(&world.admin(), 2).unwrap().linked, [1]);
    let timely = mail(BIA, "4@customer.example", "Re: Invoice", "");
    let outcome = receive(&world, &arrival(&world, &timely, &[&to], 1 + 180 * days)).await;
    assert_eq!(outcome, Outcome::Joined { ticket: 1 });
}

/// Mail programs keep the address that was answered once, and use it for ever.
#[tokio::test]
async fn an_old_reply_address_does_not_stand_in_the_way_of_a_young_reference() {
    let (world, old, old_id) = answered().await;
    let half_a_year = 181 * 24 * 3_600;
    let at_last = world.write(reply(), half_a_year).await;
    let young_id = world.field(at_last.message, "Message-ID").unwrap();
    for (n, to) in [&old, &world.support].into_iter().enumerate() {
        let named = format!("References: {old_id} {young_id}\n");
        let raw = mail(BIA, &format!("y{n}@customer.example"), "Re: Invoice", &named);
        let outcome = receive(&world, &arrival(&world, &raw, &[to], half_a_year + 1)).await;
        assert_eq!(outcome, Outcome::Joined { ticket: 1 });
    }
    for (n, to) in [&old, &world.support].into_iter().enumerate() {
        let named = format!("References: <1@customer.example> {old_id}\n");
        let raw = mail(BIA, &format!("o{n}@customer.example"), "Re: Invoice", &named);
        let outcome = receive(&world, &arrival(&world, &raw, &[to], half_a_year + 1)).await;
        assert_eq!(outcome, Outcome::Created { ticket: 2 + n as u64 }, "a reference grows as old");
        assert_eq!(world.desk.ticket(&world.admin(), 2 + n as u64).unwrap().linked, [1]);
    }
}

#[tokio::test]
async fn an_answer_to_spam_or_trash_stays_there_and_asks_for_attention() {
    for state in [State::Spam, State::Trash] {
        let (world, to, _) = answered().await;
        set_state(&world, 1, state).await;
        let raw = mail(BIA, "3@customer.example", "Re: Invoice", "");
        assert_eq!(world.receive(&raw, &[&to]).await, [Outcome::Joined { ticket: 1 }]);
        let now = ticket(&world, 1).record;
        assert_eq!((now.state, now.attention), (state, true));
    }
}

/// zammad#5113: an out-of-office answer without the headers of one vendor.
#[tokio::test]
async fn case_14_an_out_of_office_answer_is_noted_and_changes_nothing() {
    let (world, to, id) = answered().await;
    for (n, state) in [State::Pending, State::Solved, State::Trash].into_iter().enumerate() {
        set_state(&world, 1, state).await;
        let more = format!("Auto-Submitted: auto-replied\nIn-Reply-To: {id}\nCc: joe@customer.example\n");
        let raw = mail(BIA, &format!("o{n}@customer.example"), "Away", &more);
        assert_eq!(world.receive(&raw, &[&to]).await, [Outcome::Joined { ticket: 1 }]);
        let by_reference = mail(BIA, &format!("p{n}@customer.example"), "Away", &more);
        assert_eq!(world.receive(&by_reference, &[&world.support]).await, [Outcome::Joined { ticket: 1 }]);
        let now = ticket(&world, 1).record;
        assert_eq!((now.state, now.attention), (state, false));
    }
    assert_eq!(world.participants(1), ["bia@customer.example"]);
}

/// chatwoot#10028: a colleague answers from Outlook with the channel in copy; the customer answers that.
#[tokio::test]
async fn case_4_a_colleague_s_answer_from_elsewhere_is_part_of_the_ticket() {
    let (world, _, id) = answered().await;
    world.billing_agent().await;
    let outside = format!(
        "From: Ana <ana@acme.example>\nTo: bia@customer.example, joe@customer.example\n\
         Cc: support@acme.example\nSubject: Re: Invoice\nMessage-ID: <outlook@acme.example>\n\
         In-Reply-To: <never-seen@customer.example>\nReferences: {id} <never-seen@customer.example>\n\nDone.\n"
    );
    let unproven = outside.replace("outlook@", "forged@");
    assert_eq!(
        world.receive_unproven(&unproven, &[&world.support]).await,
        [Outcome::Created { ticket: 2 }],
        "whoever merely says to be a colleague is none"
    );
    assert_eq!(world.receive(&outside, &[&world.support]).await, [Outcome::Joined { ticket: 1 }]);
    assert_eq!(ticket(&world, 1).record.state, State::Pending, "it is no customer's mail");
    for (n, from) in [BIA, "joe@customer.example"].into_iter().enumerate() {
        let next = mail(
            from,
            &format!("n{n}@customer.example"),
            "Re: Invoice",
            "In-Reply-To: <outlook@acme.example>\n",
        );
        assert_eq!(world.receive(&next, &[&world.support]).await, [Outcome::Joined { ticket: 1 }]);
    }
}

#[tokio::test]
async fn a_mail_of_ours_that_comes_back_to_its_channel_is_known() {
    let (world, to, _) = answered().await;
    let raw = world.raw(2).replace("\r\n", "\n");
    let relayed = format!("Received: from list.example\nDKIM-Signature: v=1; a=b\n{raw}");
    for address in [&world.support, &to] {
        let duplicate = [Outcome::Duplicate { ticket: Some(1) }];
        assert_eq!(world.receive(&relayed, &[address]).await, duplicate);
    }
}

#[tokio::test]
async fn a_mail_between_our_own_channels_arrives_once_and_is_answered_in_its_ticket() {
    let world = World::new().await;
    let sent =
        world.write(new_mail(world.channel_id("support@acme.example"), &["billing@acme.example"]), 1).await;
    let raw = world.raw(sent.message).replace("\r\n", "\n");
    assert_eq!(world.receive(&raw, &[&world.billing]).await, [Outcome::Created { ticket: 2 }]);
    assert_eq!(world.receive(&raw, &[&world.billing]).await, [Outcome::Duplicate { ticket: Some(2) }]);
    assert!(world.deliveries(world.stored(sent.message).number).len() == 1);
    let to = recipient(&world, &reply_address(&world, sent.message));
    let answer = mail("billing@acme.example", "x@acme.example", "Re: Your order", "");
    assert_eq!(world.receive(&answer, &[&to]).await, [Outcome::Joined { ticket: 1 }]);
    let last = world.desk.messages(&world.admin(), 1, None, 9).unwrap().items.pop().unwrap();
    assert!(!last.record.marked, "one of our own is no stranger");
}

/// freescout#480, znuny#384: a reply to all, with the channel's plain address beside the reply address.
#[tokio::test]
async fn case_8_one_answer_to_several_of_our_addresses_is_one_message_a_ticket() {
    let (world, to, _) = answered().await;
    let second = world.write(reply(), 2).await.message;
    let other = recipient(&world, &reply_address(&world, second));
    let at_billing = to.address.replace("support+", "billing+");
    let at_billing = recipient(&world, &at_billing);
    let raw = mail(BIA, "9@customer.example", "Re: Invoice", "");
    let everywhere = [&world.support, &to, &other, &at_billing, &world.billing];
    assert_eq!(world.receive(&raw, &everywhere).await, [Outcome::Joined { ticket: 1 }]);
    let raw = mail(BIA, "10@customer.example", "Re: Invoice", "");
    assert_eq!(
        world.receive(&raw, &[&to, &world.billing]).await,
        [Outcome::Joined { ticket: 1 }, Outcome::Created { ticket: 2 }],
        "another team's address has a ticket of its own"
    );
    assert_eq!(world.desk.ticket(&world.admin(), 2).unwrap().linked, [1]);
}

/// Somebody uses a Message-ID in advance that the customer's later mail names beside ours.
#[tokio::test]
async fn promise_4_a_mail_of_ours_goes_before_a_message_id_that_anybody_may_use() {
    let (world, _, id) = answered().await;
    let lure = mail(EVE, "unseen@customer.example", "Re: Invoice", "Cc: bia@customer.example\n");
    assert_eq!(world.receive(&lure, &[&world.support]).await, [Outcome::Created { ticket: 2 }]);
    let more =
        format!("In-Reply-To: <unseen@customer.example>\nReferences: {id} <unseen@customer.example>\n");
    let raw = mail(BIA, "3@customer.example", "Re: Invoice", &more);
    assert_eq!(world.receive(&raw, &[&world.support]).await, [Outcome::Joined { ticket: 1 }]);
}

#[tokio::test]
async fn a_genuine_reply_address_whose_mail_is_not_known_is_a_plain_address() {
    let world = World::new().await;
    let base = address_of("support@acme.example");
    let address = world.desk.tokens().unwrap().reply_address(world.acme, 12_345, &base);
    let raw = mail(BIA, "1@customer.example", "Hello", "");
    let mut plain = arrival(&world, &raw, &[&recipient(&world, &address.to_string())], 1);
    plain.verdicts = Verdicts::default();
    assert_eq!(receive(&world, &plain).await, Outcome::Created { ticket: 1 });
}
