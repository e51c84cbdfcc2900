//! Records of what people keep for themselves decode for ever, and so does what is new in a ticket.

use guichet_store::record;

use super::records::{hex, octets};
use super::world::at;
use crate::marks::{Mark, MarkRecord};
use crate::stored::{message_of, ticket_of};
use crate::{Draft, DraftId, State, StoredDraft, WritingKind};

#[test]
fn a_draft_is_read() {
    let stored = octets(include_str!("records/draft-1.hex"));
    let draft = StoredDraft::of(DraftId(5), &stored).unwrap();
    assert_eq!((draft.version, draft.ticket), (9, Some(3)));
    assert_eq!((draft.created, draft.updated), (at(1), at(2)));
    let expected = Draft {
        kind: Some(WritingKind::Forward),
        answers: Some(7),
        to: Some(vec!["Bia <bia@".to_owned()]),
        cc: Some(Vec::new()),
        bcc: None,
        subject: Some("Invoice".to_owned()),
        text: "Dear".to_owned(),
        quote: Some(false),
        attachments: vec![crate::UploadId(77)],
        include_attachments: true,
        channel: Some(guichet_accounts::ChannelId(4)),
        team: Some(guichet_accounts::TeamId(6)),
        state: Some(State::Solved),
        undo_seconds: Some(10),
        send_at: Some(at(500)),
        contacts: vec![crate::ContactId(12)],
        company: None,
        mentions: vec![guichet_accounts::PersonId(2)],
    };
    assert_eq!(draft.draft, expected);
}

#[test]
fn a_mark_is_read() {
    let stored = octets(include_str!("records/mark-1.hex"));
    let mark = Mark::of(Some(&stored)).unwrap();
    assert!(mark.is_starred());
    let read: Vec<u64> = (1..=9).filter(|message| mark.has_read(*message)).collect();
    assert_eq!(read, [1, 3, 5, 8], "2 and 4 were passed over, 8 is their own");
    let record = MarkRecord { starred: true, read_to: 5, unread: [2, 4].into() };
    assert_eq!(hex(&record::encode(&record)), hex(stored.get(16..).unwrap()));
}

#[test]
fn a_ticket_that_was_snoozed_and_one_that_was_merged_are_read() {
    let snoozed = ticket_of(1, &octets(include_str!("records/ticket-snoozed.hex"))).unwrap().record;
    assert_eq!((snoozed.snoozed_until, snoozed.merged_into), (Some(at(100)), None));
    let merged = ticket_of(1, &octets(include_str!("records/ticket-merged.hex"))).unwrap().record;
    assert_eq!((merged.merged_into, merged.state), (Some(2), State::Closed));
    let trashed = ticket_of(1, &octets(include_str!("records/ticket-trashed.hex"))).unwrap().record;
    assert_eq!((trashed.state, trashed.state_before), (State::Trash, Some(State::New)));
}

#[test]
fn a_mail_that_changed_its_ticket_is_read() {
    let stored = octets(include_str!("records/message-4.hex"));
    let message = message_of(2, &stored).unwrap();
    assert!(message.record.written.as_ref().unwrap().displaced.is_some());
    assert_eq!(stored[8..], record::encode(&message.record), "and written as it was");
    let before = message_of(2, &octets(include_str!("records/message-3.hex"))).unwrap();
    assert_eq!(before.record.written.unwrap().displaced, None);
}
