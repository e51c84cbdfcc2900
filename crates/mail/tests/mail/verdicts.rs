//! Verdicts, written down and forged.

use guichet_mail::{
    ArcVerdict, AuthResult, DkimVerdict, DmarcAlignment, DmarcPolicy, DmarcVerdict, DomainName, IprevVerdict,
    MailAddress, ParseLimits, SpfVerdict, Verdicts, authentication_results, forged_results,
};

fn desk() -> DomainName {
    DomainName::parse("mx.desk.example").unwrap()
}

#[test]
fn results_are_written_as_rfc_8601_wants_them() {
    let verdicts = Verdicts {
        spf_helo: SpfVerdict::default(),
        spf_mail_from: SpfVerdict {
            result: AuthResult::SoftFail,
            domain: Some("x.example".into()),
            reason: None,
        },
        dkim: vec![DkimVerdict {
            result: AuthResult::Fail,
            domain: Some("x.example".into()),
            selector: Some("s\"; dmarc=pass".into()),
            signature: Some("ab/c".into()),
            reason: Some("body\r\nhash é".into()),
            ..DkimVerdict::default()
        }],
        dmarc: DmarcVerdict {
            result: AuthResult::Fail,
            domain: Some("x.example".into()),
            policy: Some(DmarcPolicy::Reject),
            ..DmarcVerdict::default()
        },
        arc: ArcVerdict { result: AuthResult::Pass, chain_length: 2, ..ArcVerdict::default() },
        iprev: IprevVerdict {
            result: AuthResult::Pass,
            address: Some("2001:db8::1".parse().unwrap()),
            ..IprevVerdict::default()
        },
    };
    insta::assert_snapshot!(authentication_results(&desk(), &verdicts));
}

#[test]
fn forged_results_of_ours_are_found() {
    let raw = b"Subject: x\r\nAuthentication-Results: MX.desk.example 1;\r\n spf=pass\r\nAuthentication-Results: other.example; spf=pass\r\n\
                authentication-results: (c) \"mx.desk.example\"; dkim=pass\r\nAuthentication-Results: mx.desk.example.evil.example; x\r\n\r\n\
                Authentication-Results: mx.desk.example; none\r\n";
    let found = forged_results(raw, &desk(), ParseLimits::default().header());
    let fields: Vec<&str> =
        found.into_iter().map(|range| std::str::from_utf8(&raw[range]).unwrap()).collect();
    assert_eq!(
        fields,
        [
            "Authentication-Results: MX.desk.example 1;\r\n spf=pass\r\n",
            "authentication-results: (c) \"mx.desk.example\"; dkim=pass\r\n"
        ]
    );
}

#[test]
fn authenticated_means_aligned_with_that_very_domain() {
    let anna = MailAddress::parse("anna@X.example").unwrap();
    let verdicts = |result, domain: &str, aligned_by| Verdicts {
        dmarc: DmarcVerdict { result, domain: Some(domain.into()), aligned_by, ..DmarcVerdict::default() },
        ..Verdicts::default()
    };
    let spf = Some(DmarcAlignment::Spf);
    assert!(verdicts(AuthResult::Pass, "x.example", spf).is_authenticated(&anna));
    assert!(verdicts(AuthResult::None, "x.example", spf).is_authenticated(&anna));
    assert!(!verdicts(AuthResult::None, "x.example", None).is_authenticated(&anna));
    assert!(!verdicts(AuthResult::Pass, "y.example", spf).is_authenticated(&anna));
    assert!(!verdicts(AuthResult::TempError, "x.example", spf).is_authenticated(&anna));
    assert!(!Verdicts::default().is_authenticated(&anna));
}
