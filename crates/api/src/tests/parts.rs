//! Parts of mails of strangers, served so that nothing in them runs and no name escapes.

use super::world::{Answer, World};

/// The answer for the one attachment of a mail.
async fn attachment(header: &str, content: &str, query: &str) -> Answer {
    let world = World::new().await;
    let raw = format!(
        "From: ana@customer.example\r\nSubject: file\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\ntext\r\n--b\r\n{header}\r\n\r\n{content}\r\n--b--\r\n"
    );
    world.mail(&raw).await;
    let page = world.get("/api/v1/tickets/1/messages").await.json();
    let url = page["items"][0]["attachments"][0]["url"].as_str().unwrap().to_owned();
    world.get(&format!("{url}{query}")).await
}

#[tokio::test]
async fn a_part_is_decoded() {
    let header = "Content-Type: application/zip; name=a.zip\r\nContent-Transfer-Encoding: base64";
    let answer = attachment(header, "UEsDBAo=", "").await;
    assert_eq!(&answer.body[..], b"PK\x03\x04\n");
    assert_eq!(answer.header("content-disposition"), "attachment; filename=\"a.zip\"");
}

#[tokio::test]
async fn what_a_browser_could_run_is_a_file_of_octets() {
    for dangerous in [
        "text/html",
        "image/svg+xml",
        "application/xhtml+xml",
        "text/xml",
        "application/pdf",
        "application/javascript",
        "text/plain",
        "message/rfc822",
        "x/y",
    ] {
        let header = format!("Content-Type: {dangerous}\r\nContent-Disposition: attachment; filename=a");
        let answer = attachment(&header, "<script>alert(1)</script>", "?inline").await;
        assert_eq!(answer.header("content-type"), "application/octet-stream", "{dangerous}");
        assert!(answer.header("content-disposition").starts_with("attachment"), "{dangerous}");
        assert_eq!(answer.header("content-security-policy"), "sandbox; default-src 'none'");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
    }
}

#[tokio::test]
async fn a_picture_is_shown_in_place_only_when_asked() {
    let header = "Content-Type: image/gif; name=a.gif";
    assert!(attachment(header, "GIF89a", "").await.header("content-disposition").starts_with("attachment"));
    assert!(
        attachment(header, "GIF89a", "?inline").await.header("content-disposition").starts_with("inline")
    );
}

#[tokio::test]
async fn a_hostile_name_stays_a_name() {
    for hostile in [
        "filename=\"a\\\"; filename=\\\"b.exe\"",
        "filename*=UTF-8''a%0D%0ASet-Cookie%3A%20x%3Dy",
        "filename=\"../../../etc/passwd\"",
        "filename=\"C:\\\\Windows\\\\x.dll\"",
        "filename*=UTF-8''%E2%80%AEfdp.exe",
        "filename=\"=?utf-8?b?YQ0KU2V0LUNvb2tpZTogeD15?=\"",
        "filename=\"\u{1}\u{7f}\"",
    ] {
        let header = format!("Content-Type: x/y\r\nContent-Disposition: attachment; {hostile}");
        let answer = attachment(&header, "x", "").await;
        let value = answer.header("content-disposition");
        assert!(answer.headers.get("set-cookie").is_none(), "{hostile}");
        assert!(value.starts_with("attachment; filename=\"") && value.is_ascii(), "{value}");
        let name = value.split('"').nth(1).unwrap();
        assert!(!name.contains(['/', '\\', '\r', '\n']) && !name.starts_with('.'), "{value}");
        assert_eq!(value.matches('"').count(), 2, "{value}");
    }
}

#[tokio::test]
async fn a_part_that_is_not_there_does_not_exist() {
    let world = World::new().await;
    world.mail(&super::world::mail("one")).await;
    let page = world.get("/api/v1/tickets/1/messages").await.json();
    let id = page["items"][0]["id"].as_u64().unwrap();
    for part in ["9", "0", "x", "1.1", "..%2F..%2Fetc", "%00", "%FF"] {
        world.get(&format!("/api/v1/messages/{id}/parts/{part}")).await.problem(404);
    }
    assert_eq!(world.get(&format!("/api/v1/messages/{id}/parts/1")).await.status, 200);
}
