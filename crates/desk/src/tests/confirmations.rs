//! Case 43: a provider asks whether an address may forward here.

use guichet_mail::Verdicts;

use super::queue_world::due;
use super::world::{World, at, forged, outcomes};
use crate::{ForwardingConfirmation, NoticeKind, Outcome, StoredNotice};

const CODE: &str = "123456789";

pub(super) fn question(id: &str, code: &str) -> String {
    format!(
        "From: Gmail Team <forwarding-noreply@google.com>\nTo: support@acme.example\nAuto-Submitted: auto-generated\n\
         Subject: (#{code}) Gmail Forwarding Confirmation - Receive Mail from loja@shop.example\n\
         Message-ID: <{id}@google.com>\n\nloja@shop.example asks.\n\
         https://mail-settings.google.com/mail/vf-abc\nhttps://mail-settings.google.com/mail/uf-def\n"
    )
}

fn notices(world: &World) -> Vec<StoredNotice> {
    world.desk.notices(&world.admin(), false, None, 10).unwrap().items
}

fn said(notice: &StoredNotice) -> &ForwardingConfirmation {
    let NoticeKind::ForwardingConfirmation(said) = &notice.record.kind else { panic!("{notice:?}") };
    said
}

#[tokio::test]
async fn gmails_question_is_a_ticket_and_a_notice_with_code_and_link() {
    let world = World::new().await;
    let outcomes = world.receive(&question("1", CODE), &[&world.support]).await;
    let [Outcome::Created { ticket }] = outcomes[..] else { panic!("{outcomes:?}") };
    let notices = notices(&world);
    let [notice] = notices.as_slice() else { panic!("{notices:?}") };
    assert_eq!(notice.ticket, Some(ticket));
    let said = said(notice);
    assert!(said.is_proven);
    assert_eq!(said.code.as_deref(), Some(CODE));
    assert_eq!(said.link.as_deref(), Some("https://mail-settings.google.com/mail/vf-abc"));
    assert_eq!(said.address.as_ref().unwrap().to_string(), "loja@shop.example");
    assert_eq!(Some(said.channel), world.support.channel());
    assert_eq!(due(&world), [], "nobody answers it");
}

#[tokio::test]
async fn a_question_that_nobody_proves_shows_neither_code_nor_link_and_fills_no_board() {
    let world = World::new().await;
    for n in 0..5 {
        let mail = question(&n.to_string(), &format!("12345678{n}"));
        let became = world.receive_unproven(&mail, &[&world.support]).await;
        assert!(matches!(became[..], [Outcome::Created { .. }]), "it is seen all the same");
    }
    let notices = notices(&world);
    let [notice] = notices.as_slice() else { panic!("{notices:?}") };
    let said = said(notice);
    assert_eq!((said.is_proven, &said.code, &said.link, &said.address), (false, &None, &None, &None));
    let shown = format!("{}{}", notice.record.subject, notice.record.text);
    assert!(!shown.contains("12345678") && !shown.contains("http"), "{shown}");
}

#[tokio::test]
async fn a_forged_question_does_not_take_the_place_of_a_proven_one() {
    let world = World::new().await;
    world.receive(&question("1", CODE), &[&world.support]).await;
    let mut arrival = world.arrival(&question("2", "666666666"), &[&world.support]);
    arrival.verdicts = forged("google.com", guichet_mail::DmarcPolicy::None);
    outcomes(world.desk.receive(&arrival).await.unwrap());
    arrival.verdicts = Verdicts::default();
    let notices = notices(&world);
    assert_eq!(notices.len(), 2);
    assert_eq!(said(&notices[1]).code.as_deref(), Some(CODE));
}

#[tokio::test]
async fn a_second_question_of_the_same_address_renews_the_notice() {
    let world = World::new().await;
    world.receive(&question("1", CODE), &[&world.support]).await;
    world.receive(&question("2", "987654321"), &[&world.support]).await;
    world.receive(&question("2", "987654321"), &[&world.support]).await;
    let notices = notices(&world);
    let [notice] = notices.as_slice() else { panic!("{notices:?}") };
    assert_eq!((said(notice).code.as_deref(), notice.ticket), (Some("987654321"), Some(2)));
}

/// Case 43: asked again, Gmail may send the same code again.
#[tokio::test]
async fn a_proven_question_that_comes_again_is_on_the_board_again() {
    let world = World::new().await;
    world.receive(&question("1", CODE), &[&world.support]).await;
    let id = notices(&world)[0].id;
    world.desk.dismiss_notice(&world.admin(), id, at(1)).await.unwrap();
    world.receive(&question("1", CODE), &[&world.support]).await;
    assert_eq!(notices(&world), [], "a copy is no news");
    world.receive(&question("2", CODE), &[&world.support]).await;
    let notices = notices(&world);
    assert_eq!((notices[0].id, notices[0].ticket, notices.len()), (id, Some(2), 1));
}

#[tokio::test]
async fn a_question_that_nobody_proves_does_not_come_back_when_it_was_dismissed() {
    let world = World::new().await;
    world.receive_unproven(&question("1", CODE), &[&world.support]).await;
    let id = notices(&world)[0].id;
    world.desk.dismiss_notice(&world.admin(), id, at(1)).await.unwrap();
    world.receive_unproven(&question("2", CODE), &[&world.support]).await;
    assert_eq!(notices(&world), []);
}
