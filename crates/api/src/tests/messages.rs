//! `/messages`: what a message says, and how little of it can do harm.

use axum::http::Method;
use guichet_mail::{AuthResult, DkimVerdict, SpfVerdict, Verdicts};
use serde_json::{Value, json};

use super::world::{World, mail, request};

/// The first message of ticket 1.
async fn first(world: &World) -> Value {
    let page = world.get("/api/v1/tickets/1/messages").await.json();
    let id = page["items"][0]["id"].as_u64().unwrap();
    world.get(&format!("/api/v1/messages/{id}")).await.json()
}

const HTML: &str = "From: ana@customer.example\r\nTo: support@acme.example\r\nSubject: pictures\r\nMIME-Version: 1.0\r\n\
Content-Type: multipart/related; boundary=b\r\n\r\n--b\r\nContent-Type: text/html\r\n\r\n\
<p onclick=\"steal()\">Hello<script>alert(1)</script><img src=\"cid:logo@x\" alt=\"logo\">\
<img src=\"https://tracker.example/p.gif\"><a href=\"https://evil.example/\">www.bank.example</a></p>\r\n\
--b\r\nContent-Type: image/png\r\nContent-ID: <logo@x>\r\nContent-Disposition: inline; filename=\"logo.png\"\r\n\
Content-Transfer-Encoding: base64\r\n\r\niVBORw0KGgo=\r\n--b\r\nContent-Type: application/pdf; name=\"a.pdf\"\r\n\
Content-Disposition: attachment\r\n\r\n%PDF\r\n--b--\r\n";

#[tokio::test]
async fn a_message_tells_all_that_is_known_of_it() {
    let world = World::new().await;
    let spf = SpfVerdict { result: AuthResult::SoftFail, domain: Some("c.example".into()), reason: None };
    let dkim =
        DkimVerdict { result: AuthResult::Pass, selector: Some("s1".into()), ..DkimVerdict::default() };
    let verdicts = Verdicts { spf_mail_from: spf, dkim: vec![dkim], ..Verdicts::default() };
    world.mail_judged(&mail("one"), verdicts).await;
    let message = first(&world).await;
    assert_eq!(message["ticket"], 1);
    assert_eq!(message["from"], json!([{"name": "Ana", "address": "ana@customer.example", "raw": null}]));
    assert_eq!(message["to"][0]["address"], "support@acme.example");
    assert_eq!(message["text"].as_str().unwrap().trim_end(), "Dear acme");
    assert_eq!((&message["html"], &message["automatic"]), (&Value::Null, &json!("no")));
    assert_eq!(message["message_id"], "one@customer.example");
    assert_eq!(message["date"], "2026-01-01T00:00:00Z");
    assert_eq!(message["received"], "2026-01-01T00:00:00Z");
    assert_eq!(message["verdicts"]["spf_mail_from"]["result"], "softfail");
    assert_eq!(message["verdicts"]["dkim"][0]["selector"], "s1");
    assert_eq!(message["verdicts"]["dmarc"]["result"], "none");
    let envelope = &message["envelope"];
    assert_eq!(envelope["mail_from"], "ana@customer.example");
    assert_eq!(envelope["recipients"], json!(["support@acme.example"]));
    assert_eq!(
        (&envelope["client"], &envelope["helo"]),
        (&json!("192.0.2.7"), &json!("mx.customer.example"))
    );
    assert!(envelope["trace"].as_str().unwrap().contains("Received: from mx.customer.example\r\n"));
}

#[tokio::test]
async fn defects_are_told_in_words() {
    let world = World::new().await;
    world.mail("Subject: nobody\r\n\r\nx\r\n").await;
    let message = first(&world).await;
    assert_eq!(message["defects"][0]["code"], "from_absent");
    assert_eq!(message["defects"][0]["detail"], "The mail does not say who wrote it.");
    assert_eq!(message["from"], json!([]));
}

#[tokio::test]
async fn html_is_shown_without_what_could_do_harm() {
    let world = World::new().await;
    world.mail(HTML).await;
    let message = first(&world).await;
    let html = message["html"].as_str().unwrap();
    for harm in ["script", "onclick", " src=\"https://tracker.example", "cid:"] {
        assert!(!html.contains(harm), "{harm} in {html}");
    }
    let logo =
        message["attachments"].as_array().unwrap().iter().find(|part| part["name"] == "logo.png").unwrap();
    let url = format!("{}?inline", logo["url"].as_str().unwrap());
    assert!(html.contains(&format!("src=\"{url}\"")), "{html}");
    assert_eq!((&message["remote_images_blocked"], &message["misleading_links"]), (&json!(1), &json!(1)));
    assert_eq!(logo["inline"], true);
    let shown = world.get(&url).await;
    assert_eq!(shown.header("content-type"), "image/png");
    assert_eq!(shown.header("content-disposition"), "inline; filename=\"logo.png\"");
    assert_eq!(&shown.body[..], b"\x89PNG\r\n\x1a\n");
}

#[tokio::test]
async fn the_raw_mail_comes_back_byte_for_byte() {
    let world = World::new().await;
    let mut raw = mail("raw").into_bytes();
    raw.extend([0, 0x80, 0xFF, b'\r', b'\n', b'.', b'.', b'\r', b'\n']);
    world.mail_octets(&raw).await;
    let id = first(&world).await["id"].as_u64().unwrap();
    let answer = world.get(&format!("/api/v1/messages/{id}/raw")).await;
    assert_eq!(&answer.body[..], &raw[..]);
    assert_eq!(answer.header("content-length"), raw.len().to_string());
    assert_eq!(answer.header("content-type"), "message/rfc822");
    assert_eq!(answer.header("content-disposition"), format!("attachment; filename=\"message-{id}.eml\""));
    assert_eq!(answer.header("content-security-policy"), "sandbox; default-src 'none'");
}

#[tokio::test]
async fn a_large_mail_comes_back_in_pieces_and_whole() {
    let world = World::new().await;
    let mut raw = mail("large").into_bytes();
    let line = |number: u32| format!("{:08x} {:08x}\r\n", number, number.wrapping_mul(2_654_435_761));
    raw.extend((0..50_000).flat_map(|number| line(number).into_bytes()));
    world.mail_octets(&raw).await;
    let id = first(&world).await["id"].as_u64().unwrap();
    let path = format!("/api/v1/messages/{id}/raw");
    let answer = world.get(&path).await;
    assert!(answer.body == raw, "{} of {} octets", answer.body.len(), raw.len());
    let head = world.send(request(Method::HEAD, &path, &world.admin)).await;
    assert_eq!((head.body.len(), head.header("content-length")), (0, raw.len().to_string().as_str()));
}

#[tokio::test]
async fn a_header_is_shown_without_results_that_claim_to_be_ours() {
    let world = World::new().await;
    let forged = "Authentication-Results: mx.desk.example;\r\n dmarc=pass header.from=bank.example\r\n";
    let theirs = "Authentication-Results: mx.elsewhere.example; spf=pass\r\n";
    let subject = "Subject: =?utf-8?q?=C3=A7=0D=0ABcc:_x?=\r\n";
    world.mail(&format!("{forged}From: ana@customer.example\r\n{theirs}{subject}\r\nx\r\n")).await;
    let id = first(&world).await["id"].as_u64().unwrap();
    let header = world.get(&format!("/api/v1/messages/{id}/headers")).await.json();
    let text = header["fields"].to_string();
    assert!(!text.contains("bank.example") && text.contains("mx.elsewhere.example"), "{text}");
    assert!(text.contains("ç Bcc: x") && !text.contains("\\r"), "{text}");
    assert_eq!(header["trace"][0]["name"], "Authentication-Results");
}

#[tokio::test]
async fn messages_of_a_ticket_stand_in_order_on_pages() {
    let world = World::new().await;
    world.mail(&mail("one")).await;
    let page = world.get("/api/v1/tickets/1/messages?limit=1").await.json();
    assert_eq!(page["items"][0]["subject"], "acme one");
    assert_eq!(page["next_cursor"], Value::Null);
    world.get("/api/v1/tickets/1/messages?cursor=x").await.problem(400);
    assert_eq!(world.get("/api/v1/tickets/1/links").await.json(), json!({"items": [], "next_cursor": null}));
}
