//! Any text in every place of a mail of ours: lines are as they must be, and it reads back with the parts it was given.
#![no_main]

use guichet_mail::compose::{Attachment, Mailbox, Original, Outgoing, Quoted, TextBody, compose};
use guichet_mail::{MailAddress, MessageId, ParseLimits, parse};
use libfuzzer_sys::fuzz_target;

const LINE_BYTES_MAX: usize = 998;

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes).into_owned();
    let address = MailAddress::parse("anna@x.example").expect("a valid address");
    let mailbox = Mailbox { name: Some(text.clone()), address };
    let original =
        Original { from: text.clone(), text: text.clone(), html: Some(text.clone()), ..Original::default() };
    let mail = Outgoing {
        from: mailbox.clone(),
        reply_to: None,
        to: vec![mailbox],
        cc: Vec::new(),
        subject: text.clone(),
        date: jiff::Timestamp::from_second(1_795_253_400).expect("a date of mail"),
        message_id: MessageId::parse("id@x.example").expect("a valid identifier"),
        in_reply_to: MessageId::parse(&text),
        references: Vec::new(),
        auto_submitted: None,
        text: TextBody::Markdown(text.clone()),
        quoted: Some(Quoted::Reply(original)),
        attachments: vec![Attachment {
            name: text.clone(),
            content_type: text.clone(),
            content_id: Some(text),
            content: Box::new(bytes),
        }],
    };
    let mut raw = Vec::new();
    compose(mail, &mut raw).expect("writing into memory can't fail");
    assert!(raw.is_ascii() && raw.ends_with(b"\r\n"));
    for line in raw.split(|byte| *byte == b'\n') {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        assert!(line.len() <= LINE_BYTES_MAX && !line.contains(&b'\r'));
    }
    let parsed = parse(&raw, &ParseLimits::default());
    assert_eq!((parsed.parts.len(), parsed.from.len(), parsed.to.len()), (3, 1, 1));
    assert!(parsed.defects.is_empty(), "{:?}", parsed.defects);
});
