//! Bytes of every record that was ever stored: they decode for ever. Add new ones, never change those that stand here.

use std::fmt::Write as _;

use guichet_mail::{
    Address, ArcVerdict, AuthResult, Automatic, Body, Defect, DkimVerdict, DmarcAlignment, DmarcPolicy,
    DmarcVerdict, DomainName, IprevVerdict, ListHeaders, MailAddress, MailDigest, MessageId, ParseLimits,
    Part, SpfVerdict, SubjectPrefix, Verdicts, digest, parse,
};

fn holds<T>(value: &T, hex: &str)
where
    T: minicbor::Encode<()> + for<'b> minicbor::Decode<'b, ()> + PartialEq + std::fmt::Debug,
{
    let octets = minicbor::to_vec(value).unwrap();
    let written = octets.iter().fold(String::new(), |mut text, octet| {
        write!(text, "{octet:02x}").unwrap();
        text
    });
    assert_eq!(written, hex, "{value:?}");
    assert_eq!(minicbor::decode::<T>(&octets).unwrap(), *value);
}

fn part() -> Part {
    let raw =
        b"From: a@x.example\r\nContent-Type: image/png; charset=utf-8; name=a.png\r\nContent-ID: <c@x>\r\n\
                Content-Disposition: inline\r\nContent-Transfer-Encoding: base64\r\n\r\nAAAA";
    parse(raw, &ParseLimits::default()).parts.remove(0)
}

#[test]
fn small_values() {
    holds(&DomainName::parse("x.example").unwrap(), "69782e6578616d706c65");
    holds(&MailAddress::parse("a@x.example").unwrap(), "6b6140782e6578616d706c65");
    holds(&MessageId::parse("1@x").unwrap(), "63314078");
    holds(&Automatic::Bounce, "03");
    holds(&SubjectPrefix::Forward, "02");
    holds(&vec![Defect::FromAbsent, Defect::EncodingBroken], "82000d");
    holds(&Body { text_parts: vec![0], html_parts: vec![1, 2] }, "828100820102");
}

#[test]
fn addresses_and_lists() {
    let address =
        Address { name: Some("A".into()), address: MailAddress::parse("a@x.example").ok(), raw: None };
    holds(&address, "8261416b6140782e6578616d706c65");
    holds(&Address { raw: Some("?".into()), ..Address::default() }, "83f6f6613f");
    let list = ListHeaders { id: Some("n.x".into()), post: None, unsubscribe: None, one_click: true };
    holds(&list, "84636e2e78f6f6f5");
}

#[test]
fn parts() {
    holds(&part(), "8a613169696d6167652f706e67657574662d3865612e706e6701636340780100189c18a0");
}

#[test]
fn digests() {
    let digest: MailDigest = digest(b"From: a@x.example\r\n\r\nhello\r\n", ParseLimits::default().header());
    holds(&digest, "50b8e8ee7253296f7016cc814b5ad00eff");
}

#[test]
fn verdicts() {
    let verdicts = Verdicts {
        spf_helo: SpfVerdict::default(),
        spf_mail_from: SpfVerdict {
            result: AuthResult::Pass,
            domain: Some("x.example".into()),
            reason: None,
        },
        dkim: vec![DkimVerdict {
            result: AuthResult::Fail,
            domain: Some("x.example".into()),
            selector: Some("s".into()),
            algorithm: Some("rsa-sha256".into()),
            signature: Some("abcd".into()),
            reason: Some("body".into()),
        }],
        dmarc: DmarcVerdict {
            result: AuthResult::Pass,
            domain: Some("x.example".into()),
            policy: Some(DmarcPolicy::Reject),
            aligned_by: Some(DmarcAlignment::Spf),
            reason: None,
        },
        arc: ArcVerdict {
            result: AuthResult::Pass,
            chain_length: 1,
            sealer: Some("y.example".into()),
            reason: None,
        },
        iprev: IprevVerdict {
            result: AuthResult::Pass,
            address: Some([192, 0, 2, 1].into()),
            host: None,
            reason: None,
        },
    };
    holds(
        &verdicts,
        "868100820269782e6578616d706c6581860369782e6578616d706c6561736a7273612d736861323536646162636464626f6479\
         840269782e6578616d706c65020083020169792e6578616d706c658202820044c0000201",
    );
}
