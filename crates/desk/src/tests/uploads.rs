//! Files that are uploaded first and sent later.

use std::io::Read;

use guichet_accounts::Actor;

use super::world::{World, at};
use super::writing_letters::{asked, into_ticket, reply};
use crate::{Error, StoredUpload, UPLOAD_BYTES_MAX, Upload, UploadId, Writing, WritingKind};

async fn upload(
    world: &World,
    name: &str,
    kind: &str,
    octets: &[u8],
    second: i64,
) -> Result<StoredUpload, Error> {
    let mut writer = world.desk.upload_writer().unwrap();
    for chunk in octets.chunks(64 << 10) {
        writer.write(chunk).unwrap();
    }
    world.desk.finish_upload(&world.admin(), writer.finish().unwrap(), name, kind, at(second)).await
}

#[tokio::test]
async fn an_upload_goes_with_a_mail_and_a_note_as_it_was_uploaded() {
    let world = asked("").await;
    let octets: Vec<u8> = (0..700_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    let large = upload(&world, "data.bin", "application/x-data", &octets, 1).await.unwrap();
    let small = upload(&world, "note.txt", "text/plain; charset=utf-8", b"Hi \xc3\xa4", 2).await.unwrap();
    let attachments = vec![large.id, small.id];
    for kind in [WritingKind::Reply, WritingKind::Note] {
        let writing = Writing { attachments: attachments.clone(), ..into_ticket(1, kind) };
        let written = world.write(writing, 3).await;
        let message = world.stored(written.message);
        let mut files = message.record.content.parts.iter().filter(|part| part.name.is_some());
        for (name, kind, expected) in [
            ("data.bin", "application/x-data", octets.as_slice()),
            ("note.txt", "text/plain", b"Hi \xc3\xa4"),
        ] {
            let part = files.next().unwrap();
            assert_eq!((part.name.as_deref(), part.content_type.as_str()), (Some(name), kind));
            let mut content = Vec::new();
            let mut reader = world.desk.part(&world.admin(), &message, part.id.as_str()).unwrap();
            reader.read_to_end(&mut content).unwrap();
            assert!(content == expected, "{name}");
        }
    }
}

#[tokio::test]
async fn names_and_types_are_made_fit_to_be_shown_and_sent() {
    let world = asked("").await;
    let cases = [
        ("../../etc/passwd", "text/plain", "passwd", "text/plain"),
        ("a\r\nb\u{202e}.txt", "nonsense", "a b.txt", "application/octet-stream"),
        ("", "image/png\r\nX: y", "file", "application/octet-stream"),
    ];
    for ((name, kind, shown, typed), second) in cases.into_iter().zip(1..) {
        let Upload { name, content_type, .. } =
            upload(&world, name, kind, b"x", second).await.unwrap().record;
        assert_eq!((name.as_str(), content_type.as_str()), (shown, typed));
    }
}

#[tokio::test]
async fn promise_7_an_upload_is_of_whoever_uploaded_it_alone() {
    let world = asked("").await;
    let stored = upload(&world, "a", "text/plain", b"x", 1).await.unwrap();
    assert!(world.desk.upload(&world.admin(), stored.id).is_ok());
    let elsewhere = Actor::system(world.other);
    assert!(matches!(world.desk.upload(&elsewhere, stored.id), Err(Error::NotFound("upload"))));
    let agent = world.billing_agent().await;
    assert!(matches!(world.desk.upload(&agent, stored.id), Err(Error::NotFound("upload"))), "a colleague's");
    let unknown = Writing { attachments: vec![UploadId(7)], ..reply() };
    assert!(matches!(world.try_write(unknown, 2).await, Err(Error::NotFound("upload"))));
}

#[tokio::test]
async fn what_is_too_large_is_refused_with_a_sentence_and_nothing_is_sent() {
    let world = asked("").await;
    let most = usize::try_from(UPLOAD_BYTES_MAX).unwrap();
    let refused = upload(&world, "a", "text/plain", &vec![0; most + 1], 1).await;
    assert!(matches!(refused, Err(Error::Invalid(_))), "{refused:?}");
    let half = upload(&world, "a", "text/plain", &vec![0; most / 2 + (1 << 20)], 2).await.unwrap().id;
    assert!(world.try_write(Writing { attachments: vec![half], ..reply() }, 3).await.is_ok());
    let sentence = world.refused(Writing { attachments: vec![half, half], ..reply() }).await;
    assert!(sentence.contains("25 MiB"), "{sentence}");
    assert_eq!(world.desk.due(None, at(99), 9).unwrap().len(), 1);
}

#[tokio::test]
async fn promise_9_uploads_are_forgotten_in_time_and_messages_keep_what_they_sent() {
    let world = asked("").await;
    let old = upload(&world, "a.txt", "text/plain", b"kept", 1).await.unwrap().id;
    let young = upload(&world, "b.txt", "text/plain", b"y", 50).await.unwrap().id;
    let written = world.write(Writing { attachments: vec![old], ..reply() }, 2).await;
    assert!(!world.desk.forget_uploads(world.acme, at(50)).await.unwrap());
    assert!(matches!(world.desk.upload(&world.admin(), old), Err(Error::NotFound(_))));
    assert!(world.desk.upload(&world.admin(), young).is_ok());
    let message = world.stored(written.message);
    let part = message.record.content.parts.iter().find(|part| part.name.is_some()).unwrap();
    let mut content = String::new();
    world
        .desk
        .part(&world.admin(), &message, part.id.as_str())
        .unwrap()
        .read_to_string(&mut content)
        .unwrap();
    assert_eq!(content, "kept");
}

#[test]
fn the_number_of_an_upload_is_read_as_it_is_shown() {
    for number in [0, 7, u64::MAX] {
        let shown = UploadId(number).to_string();
        assert_eq!((shown.len(), shown.parse()), (13, Ok(UploadId(number))));
        assert_eq!(shown.to_uppercase().parse(), Ok(UploadId(number)));
    }
    for wrong in ["", "x", "aaaaaaaaaaaaaaaa", "aaaaaaaaaaaa1", "ääääääää"] {
        assert!(wrong.parse::<UploadId>().is_err(), "{wrong}");
    }
}

#[tokio::test]
async fn an_upload_that_is_forgotten_while_its_last_draft_goes_gives_its_room_back() {
    let world = World::new().await;
    let one = world.somebody(7);
    let mut writer = world.desk.upload_writer().unwrap();
    writer.write(b"abc").unwrap();
    let blob = writer.finish().unwrap();
    let id = world.desk.finish_upload(&one, blob, "a.txt", "text/plain", at(0)).await.unwrap().id;
    let draft = crate::Draft { attachments: vec![id], ..crate::Draft::default() };
    let draft = world.desk.new_draft(&one, &draft, at(1)).await.unwrap();
    // It is planned while the draft keeps the octets, which so are not given up.
    let (forgetting, rows) = world.desk.forgetting_uploads(world.acme, at(100_000)).unwrap();
    assert_eq!(rows, 1);
    world.desk.delete_draft(&one, draft.id, None, at(2)).await.unwrap();
    let refused = world.store.commit(vec![forgetting]).await;
    assert!(matches!(refused, Err(guichet_store::CommitError::Conflict)), "it is planned anew: {refused:?}");
    assert!(!world.desk.forget_uploads(world.acme, at(100_000)).await.unwrap());
    assert!(matches!(world.desk.upload(&one, id), Err(Error::NotFound(_))));
}
