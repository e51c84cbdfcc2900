//! Mails of others within ours.

use guichet_mail::compose::{Attachment, Original, Quoted, TextBody};

use crate::composing::{file, original, texts};

/// The HTML that a reply's quotation becomes.
fn quoted_html(html: &str, attachments: Vec<Attachment<'_>>) -> String {
    let quoted = Original { html: Some(html.to_owned()), ..original() };
    texts(TextBody::Markdown("ok".to_owned()), Some(Quoted::Reply(quoted)), attachments).1
}

// zammad#2706, #3255
#[test]
fn case_37_pictures_of_a_quoted_mail_stay_where_they_can() {
    let html = "<p>x<img src=\"https://t.example/a.png\" alt=\"r\"><img src=\"cid:logo%40x\"><img src=\"cid:gone\"></p>";
    let with = |id: Option<&str>| {
        let logo = Attachment { content_id: id.map(str::to_owned), ..file("l.png", "image/png", b"x") };
        quoted_html(html, vec![logo])
    };
    assert!(
        with(Some("logo@x"))
            .contains("<p>x<img src=\"https://t.example/a.png\" alt=\"r\"><img src=\"cid:logo%40x\"></p>")
    );
    assert!(with(None).contains("<p>x<img src=\"https://t.example/a.png\" alt=\"r\"></p>"));
}

#[test]
fn quoted_html_can_do_nothing() {
    let html = quoted_html(
        "</blockquote></body></html><script>alert(1)</script><p onclick=alert(1)>kept</p><a href=\"javascript:alert(1)\">x</a>",
        Vec::new(),
    );
    assert!(html.contains("<p>kept</p>") && !html.contains("alert"), "{html}");
    assert!(html.trim_end().ends_with("</blockquote>\n</body>\n</html>"));
}

// freescout#5624: nothing of a conversation may be lost, but not all of it goes with every answer
#[test]
fn a_long_quotation_is_cut_with_a_note() {
    let long = Original { text: "line\n".repeat(5_000), html: None, ..original() };
    let (text, html) =
        texts(TextBody::Markdown("ok".to_owned()), Some(Quoted::Reply(long.clone())), Vec::new());
    assert!(text.ends_with("> line\n> [The rest of the earlier mail is left out because of its length.]"));
    assert_eq!(text.matches("> line").count(), 1_000);
    assert_eq!(html.matches("line<br>").count(), 1_000);
    let forwarded = texts(TextBody::Plain("ok".to_owned()), Some(Quoted::Forward(long)), Vec::new()).0;
    assert_eq!(forwarded.matches("line").count(), 5_000);
    let one_line = Original { text: "ü".repeat(100_000), html: None, ..original() };
    let text = texts(TextBody::Plain("ok".to_owned()), Some(Quoted::Reply(one_line)), Vec::new()).0;
    assert!(text.len() < 70_000 && text.contains("left out"));
}

#[test]
fn hostile_html_is_quoted_as_text() {
    let html = quoted_html(&"<div>".repeat(200_000), Vec::new());
    assert!(html.contains("it should be here.<br>") && !html.contains("<div><div>"));
}
