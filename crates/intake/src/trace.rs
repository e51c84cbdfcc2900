//! The header fields that we put before a mail; kept beside it, never in it.
//!
//! What must hold: whatever a sender wrote, the fields are well-formed, and no sender can add one.
//!
//! *Standards*: RFC 5321, section 4.4 (Return-Path, Received); RFC 3848 and 6531 (protocol names);
//! RFC 8601, section 4 (Authentication-Results stands above our own Received).

use std::fmt::Write as _;
use std::net::IpAddr;

use guichet_mail::{DomainName, Verdicts, authentication_results};
use guichet_smtp::Envelope;
use jiff::Timestamp;

/// What the fields tell of.
pub(crate) struct Trace<'a> {
    pub(crate) hostname: &'a DomainName,
    pub(crate) envelope: &'a Envelope,
    pub(crate) verdicts: &'a Verdicts,
    /// Ours, unique.
    pub(crate) id: &'a str,
    pub(crate) received: Timestamp,
}

/// `Return-Path`, `Authentication-Results` and `Received`, each ended by CRLF.
pub(crate) fn fields(trace: &Trace<'_>) -> String {
    let mut fields = format!("Return-Path: <{}>\r\n", trace.envelope.reverse_path);
    fields.push_str(&authentication_results(trace.hostname, trace.verdicts));
    received(&mut fields, trace);
    fields
}

fn received(fields: &mut String, trace: &Trace<'_>) {
    let Trace { hostname, envelope, verdicts, id, received } = trace;
    let helo = envelope.hello.trace_name();
    let client = literal(envelope.peer.ip());
    let host = verdicts.iprev.host.as_deref().and_then(|host| DomainName::parse(host).ok());
    let host = host.map_or_else(String::new, |host| format!("{host} "));
    let protocol = envelope.protocol();
    let _ = write!(fields, "Received: from {helo} ({host}{client})\r\n\tby {hostname} with {protocol}");
    if let Some(tls) = &envelope.tls {
        let _ = write!(fields, " ({} {})", tls.version, tls.cipher);
    }
    let _ = write!(fields, "\r\n\tid {id}");
    // Named only where there is one: the others' addresses are not for each of them to see (RFC 5321, section 7.6).
    if let [recipient] = envelope.recipients.as_slice() {
        let _ = write!(fields, "\r\n\tfor <{}>", recipient.path);
    }
    let _ = write!(fields, ";\r\n\t{}\r\n", received.strftime("%a, %d %b %Y %H:%M:%S +0000"));
}

/// RFC 5321, section 4.1.3.
fn literal(address: IpAddr) -> String {
    match address {
        IpAddr::V4(v4) => format!("[{v4}]"),
        IpAddr::V6(v6) => format!("[IPv6:{v6}]"),
    }
}

#[cfg(test)]
mod tests {
    use guichet_mail::{AuthResult, IprevVerdict, SpfVerdict};
    use guichet_smtp::{
        BodyType, ForwardPath, Hello, HelloVerb, MailParameters, Recipient, RecipientParameters, ReversePath,
        TlsSession,
    };

    use super::*;

    fn envelope(recipients: &[&str]) -> Envelope {
        let recipient = |path: &&str| Recipient {
            path: ForwardPath::parse(path).unwrap(),
            parameters: RecipientParameters::default(),
        };
        Envelope {
            peer: "192.0.2.1:4321".parse().unwrap(),
            hello: Hello { verb: HelloVerb::Ehlo, name: "mail.customer.example".to_owned() },
            tls: None,
            reverse_path: ReversePath::parse("anna@customer.example").unwrap(),
            parameters: MailParameters { body: BodyType::EightBitMime, ..MailParameters::default() },
            recipients: recipients.iter().map(recipient).collect(),
        }
    }

    fn written(envelope: &Envelope, verdicts: &Verdicts) -> String {
        fields(&Trace {
            hostname: &DomainName::parse("mx.example").unwrap(),
            envelope,
            verdicts,
            id: "5f-1",
            received: "2026-01-02T03:04:05.6Z".parse().unwrap(),
        })
    }

    #[test]
    fn the_fields_say_who_brought_the_mail_and_how() {
        let verdicts = Verdicts {
            spf_mail_from: SpfVerdict {
                result: AuthResult::Pass,
                domain: Some("customer.example".to_owned()),
                reason: None,
            },
            iprev: IprevVerdict { host: Some("out.customer.example".to_owned()), ..IprevVerdict::default() },
            ..Verdicts::default()
        };
        let mut envelope = envelope(&["support@demo.example"]);
        envelope.tls = Some(TlsSession {
            version: "TLSv1.3".to_owned(),
            cipher: "TLS_AES_256_GCM_SHA384".to_owned(),
            server_name: None,
        });
        let written = written(&envelope, &verdicts);
        assert!(
            written
                .starts_with("Return-Path: <anna@customer.example>\r\nAuthentication-Results: mx.example;"),
            "{written}"
        );
        assert!(written.contains("spf=pass smtp.mailfrom=customer.example"), "{written}");
        let received = "Received: from mail.customer.example (out.customer.example [192.0.2.1])\r\n\
                        \tby mx.example with ESMTPS (TLSv1.3 TLS_AES_256_GCM_SHA384)\r\n\
                        \tid 5f-1\r\n\
                        \tfor <support@demo.example>;\r\n\
                        \tFri, 02 Jan 2026 03:04:05 +0000\r\n";
        assert!(written.ends_with(received), "{written}");
    }

    #[test]
    fn several_recipients_are_not_told_of_one_another() {
        let written = written(&envelope(&["a@demo.example", "b@demo.example"]), &Verdicts::default());
        assert!(!written.contains("@demo.example") && !written.contains("for <"), "{written}");
    }

    #[test]
    fn the_null_sender_has_an_empty_return_path() {
        let mut envelope = envelope(&["postmaster"]);
        envelope.reverse_path = ReversePath::Null;
        let written = written(&envelope, &Verdicts::default());
        assert!(written.starts_with("Return-Path: <>\r\n"), "{written}");
        assert!(written.contains("\tfor <postmaster>;\r\n"), "{written}");
    }

    #[test]
    fn an_ipv6_client_is_written_as_a_literal() {
        let mut envelope = envelope(&["a@demo.example"]);
        envelope.peer = "[2001:db8::1]:25".parse().unwrap();
        let written = written(&envelope, &Verdicts::default());
        assert!(written.contains("from mail.customer.example ([IPv6:2001:db8::1])\r\n"), "{written}");
    }

    #[test]
    fn smtputf8_is_named() {
        let mut envelope = envelope(&["jürgen@demo.example"]);
        envelope.parameters.smtputf8 = true;
        let written = written(&envelope, &Verdicts::default());
        assert!(written.contains("with UTF8SMTP\r\n"), "{written}");
        assert!(written.contains("for <jürgen@demo.example>;"), "{written}");
    }

    #[test]
    fn nothing_that_a_sender_writes_adds_a_field() {
        let mut envelope = envelope(&["a@demo.example"]);
        envelope.hello.name = "x)(by_us;\r\nX-Forged:yes\\".to_owned();
        let verdicts = Verdicts {
            iprev: IprevVerdict { host: Some("evil\r\nX-Forged: yes".to_owned()), ..IprevVerdict::default() },
            ..Verdicts::default()
        };
        let written = written(&envelope, &verdicts);
        for line in written.split_terminator("\r\n") {
            assert!(!line.contains(['\r', '\n']) && !line.starts_with("X-Forged"), "{written}");
        }
    }
}
