use guichet_testkit::{FakeDns, Zone};

use super::*;

const REJECT: &str = "v=DMARC1; p=reject";

fn spf(result: AuthResult, domain: &str) -> SpfVerdict {
    SpfVerdict { result, domain: Some(domain.into()), reason: None }
}

fn dkim(result: AuthResult, domain: &str) -> DkimVerdict {
    DkimVerdict { result, domain: Some(domain.into()), ..DkimVerdict::default() }
}

async fn check(zone: Zone, from: &[&str], spf: &SpfVerdict, dkim: &[DkimVerdict]) -> DmarcVerdict {
    let from = match from {
        [one] => FromDomains::One((*one).to_owned()),
        several => FromDomains::Several(several.iter().map(|&domain| domain.to_owned()).collect()),
    };
    verify(&FakeDns::resolver(zone), &from, Identifiers { spf, dkim }).await
}

async fn failing(zone: Zone, from: &str) -> DmarcVerdict {
    check(zone, &[from], &spf(AuthResult::Fail, "other.example"), &[]).await
}

#[tokio::test]
async fn a_check_counts_if_it_passed_for_the_organisation() {
    let relaxed = Zone::new().txt("_dmarc.example.org", REJECT);
    let strict = Zone::new().txt("_dmarc.example.org", "v=DMARC1; p=reject; adkim=s; aspf=s");
    let none = spf(AuthResult::None, "example.org");
    for (zone, identifier, expected) in [
        (&relaxed, "example.org", AuthResult::Pass),
        (&relaxed, "mail.example.org", AuthResult::Pass),
        (&relaxed, "badexample.org", AuthResult::Fail),
        (&relaxed, "org", AuthResult::Fail),
        (&strict, "example.org", AuthResult::Pass),
        (&strict, "mail.example.org", AuthResult::Fail),
    ] {
        let by_dkim =
            check(zone.clone(), &["example.org"], &none, &[dkim(AuthResult::Pass, identifier)]).await;
        assert_eq!(by_dkim.result, expected, "{identifier}");
        let by_spf = check(zone.clone(), &["example.org"], &spf(AuthResult::Pass, identifier), &[]).await;
        assert_eq!(by_spf.result, expected, "{identifier}");
    }
}

#[tokio::test]
async fn the_verdict_says_what_it_rests_on() {
    let zone = Zone::new().txt("_dmarc.example.org", REJECT);
    let pass = spf(AuthResult::Pass, "example.org");
    let verdict = check(zone, &["example.org"], &pass, &[dkim(AuthResult::Pass, "example.org")]).await;
    assert_eq!(verdict.aligned_by, Some(DmarcAlignment::SpfAndDkim));
    assert_eq!((verdict.domain.as_deref(), verdict.policy), (Some("example.org"), Some(DmarcPolicy::Reject)));
}

#[tokio::test]
async fn a_failing_mail_gets_the_policy_that_its_domain_publishes() {
    for (record, from, expected) in [
        ("v=DMARC1; p=none", "example.org", DmarcPolicy::None),
        ("v=DMARC1; p=quarantine", "example.org", DmarcPolicy::Quarantine),
        ("v=DMARC1; p=reject", "example.org", DmarcPolicy::Reject),
        ("v=DMARC1; p=reject", "a.example.org", DmarcPolicy::Reject),
        ("v=DMARC1; p=reject; sp=none", "a.example.org", DmarcPolicy::None),
        ("v=DMARC1; p=none; sp=none; np=reject", "a.example.org", DmarcPolicy::None),
        ("v=DMARC1; p=none; np=reject", "gone.example.org", DmarcPolicy::Reject),
        ("v=DMARC1; p=reject; t=y", "example.org", DmarcPolicy::Quarantine),
        ("v=DMARC1; p=quarantine; t=y", "example.org", DmarcPolicy::None),
        ("v=DMARC1; p=reject; pct=0", "example.org", DmarcPolicy::Quarantine),
        ("v=DMARC1; p=reject; pct=20", "example.org", DmarcPolicy::Reject),
    ] {
        let zone = Zone::new().txt("_dmarc.example.org", record).address("a.example.org", "192.0.2.1");
        let verdict = failing(zone, from).await;
        assert_eq!(
            (verdict.result, verdict.policy),
            (AuthResult::Fail, Some(expected)),
            "{record} for {from}"
        );
    }
}

#[tokio::test]
async fn without_a_policy_only_the_very_domain_counts() {
    for (identifier, expected) in [("example.org", Some(DmarcAlignment::Spf)), ("mail.example.org", None)] {
        let verdict = check(Zone::new(), &["example.org"], &spf(AuthResult::Pass, identifier), &[]).await;
        assert_eq!((verdict.result, verdict.aligned_by), (AuthResult::None, expected));
    }
}

#[tokio::test]
async fn trouble_on_the_way_is_no_failure() {
    let sick = Zone::new().serv_fail("_dmarc.example.org");
    assert_eq!(failing(sick, "example.org").await.result, AuthResult::TempError);
    let zone = Zone::new().txt("_dmarc.example.org", REJECT);
    let fail = spf(AuthResult::Fail, "example.org");
    for (signature, expected) in [
        (dkim(AuthResult::TempError, "example.org"), AuthResult::TempError),
        (dkim(AuthResult::TempError, "other.example"), AuthResult::Fail),
        (DkimVerdict { result: AuthResult::TempError, ..DkimVerdict::default() }, AuthResult::TempError),
    ] {
        let verdict = check(zone.clone(), &["example.org"], &fail, &[signature]).await;
        assert_eq!(verdict.result, expected);
    }
}

#[tokio::test]
async fn a_second_address_in_from_hides_nothing() {
    let zone = Zone::new().txt("_dmarc.bank.example", REJECT).txt("_dmarc.mine.example", "v=DMARC1; p=none");
    let mine = spf(AuthResult::Pass, "mine.example");
    let verdict = check(zone, &["mine.example", "bank.example"], &mine, &[]).await;
    assert_eq!((verdict.result, verdict.policy), (AuthResult::Fail, Some(DmarcPolicy::Reject)));
    assert_eq!(verdict.domain.as_deref(), Some("bank.example"));
    let both_fine = Zone::new().txt("_dmarc.mine.example", REJECT);
    let verdict = check(both_fine, &["mine.example", "other.example"], &mine, &[]).await;
    assert_eq!((verdict.result, verdict.aligned_by), (AuthResult::PermError, None));
}

#[tokio::test]
async fn a_from_without_a_domain_has_no_verdict() {
    let resolver = FakeDns::resolver(Zone::new());
    let none = SpfVerdict::default();
    let identifiers = Identifiers { spf: &none, dkim: &[] };
    assert_eq!(verify(&resolver, &FromDomains::None, identifiers).await.result, AuthResult::None);
    assert_eq!(verify(&resolver, &FromDomains::Unreadable, identifiers).await.result, AuthResult::PermError);
}
