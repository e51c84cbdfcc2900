//! Records are compared by what they mean.

use guichet_accounts::ProofCode;
use guichet_sys::Clock as _;
use guichet_testkit::Zone;

use super::world::{World, name, publish};
use crate::{Look, MtaStsMode, Purpose, Settings, State};

/// A look at one record of `acme.example`, where everything else is as it should be and this is what `change` makes of it.
async fn looked(purpose: Purpose, change: impl Fn(Zone, &str) -> Zone) -> Look {
    let world = World::new().await;
    let domain = world.own_domain().await;
    let expected = world.expected(&domain).into_iter().find(|expected| expected.purpose == purpose).unwrap();
    world.serve(change(world.all_but(&domain, &[purpose]), &expected.value.to_string()));
    world.look(&domain, purpose).await
}

#[tokio::test]
async fn an_own_domain_from_nothing_to_all_green() {
    let world = World::new().await;
    let domain = world.own_domain().await;
    let nothing = world.states(&domain).await;
    assert!(nothing.iter().all(|(_, state)| *state == State::Missing), "{nothing:?}");
    let look = world.look(&domain, Purpose::Mx).await;
    assert_eq!(look.advice, "There is no such record. Publish: acme.example. IN MX 10 mx.desk.example.");
    assert!(!world.accounts().domain(world.acme, &domain).unwrap().is_verified());
    world.serve(world.expected(&domain).iter().fold(
        world.all_but(&domain, &[Purpose::Dkim]),
        |zone, expected| {
            if expected.purpose == Purpose::Dkim { publish(zone, expected) } else { zone }
        },
    ));
    let all = world.states(&domain).await;
    assert!(all.iter().all(|(_, state)| *state == State::Ok), "{all:?}");
    assert_eq!(all.len(), 9, "proof, MX, SPF, two keys, DMARC, MTA-STS twice, TLS-RPT");
    assert!(world.accounts().domain(world.acme, &domain).unwrap().is_verified());
    let readiness = world.domains.readiness(world.acme, &domain).await.unwrap();
    assert_eq!((readiness.receives, readiness.sends), (Ok(()), Ok(())));
    assert!(
        !world.expected(&domain).iter().any(|expected| expected.purpose == Purpose::Proof),
        "it is proven"
    );
}

#[tokio::test]
async fn a_domain_that_lacks_something_is_told_what() {
    let world = World::new().await;
    let domain = world.own_domain().await;
    world.serve(world.all_but(&domain, &[Purpose::Dkim, Purpose::Mx]));
    let readiness = world.domains.readiness(world.acme, &domain).await.unwrap();
    assert!(readiness.receives.unwrap_err().contains("IN MX 10 mx.desk.example."));
    assert!(readiness.sends.unwrap_err().contains("guichet-a-1._domainkey.acme.example"));
}

#[tokio::test]
async fn a_claimed_name_is_covered_by_the_operators_records() {
    let world = World::new().await;
    let home = name("acme.desk.example");
    let all = world.states(&home).await;
    assert!(all.iter().all(|(purpose, state)| *state == State::Ok || *purpose == Purpose::Dmarc), "{all:?}");
    world.serve(super::world::internet());
    let look = world.look(&home, Purpose::Mx).await;
    assert!(
        look.advice.starts_with("The operator of this server publishes this record; tell them."),
        "{look:?}"
    );
}

#[tokio::test]
async fn spf_counts_for_what_it_comes_to() {
    for record in [
        "v=spf1 ip4:192.0.2.0/24 -all",
        "v=spf1 a:mx.desk.example ?all",
        "v=spf1 mx -all",
        "V=SPF1 redirect=desk.example",
    ] {
        let look = looked(Purpose::Spf, |zone, _| zone.txt("acme.example", record)).await;
        assert_eq!((look.state, look.advice.as_str()), (State::Ok, ""), "{record}");
        assert_eq!(look.found, [record]);
    }
}

#[tokio::test]
async fn spf_that_does_not_let_us_send_is_told_how_it_would() {
    for (record, advice) in [
        ("v=spf1 ip4:198.51.100.1 -all", "Change it to: v=spf1 ip4:198.51.100.1 include:desk.example -all"),
        ("v=spf1 ipv4:192.0.2.25 -all", "Servers can't use this record"),
        ("v=spf1 ~all", "Change it to: v=spf1 include:desk.example ~all"),
    ] {
        let look = looked(Purpose::Spf, |zone, _| zone.txt("acme.example", record)).await;
        assert_eq!(look.state, State::Different, "{record}");
        assert!(look.advice.contains(advice), "{record}: {}", look.advice);
    }
}

#[tokio::test]
async fn two_spf_records_are_none_and_are_merged_in_the_advice() {
    let two = |zone: Zone, ours: &str| {
        zone.txt("acme.example", ours).txt("acme.example", "v=spf1 include:x.example -all")
    };
    let look = looked(Purpose::Spf, two).await;
    assert_eq!(look.state, State::Different);
    assert!(
        look.advice
            .starts_with("Your DNS has 2 SPF records at acme.example; servers then ignore all of them.")
    );
    assert!(look.advice.ends_with("v=spf1 include:desk.example include:x.example ~all"), "{}", look.advice);
    assert_eq!(look.found.len(), 2);
}

#[tokio::test]
async fn spf_with_too_many_look_ups_behind_ours_is_warned_of() {
    let many = (0..9).fold(String::new(), |many, number| many + &format!(" a:h{number}.acme.example"));
    let crowded = |zone: Zone, _: &str| {
        let zone = zone.txt("acme.example", format!("v=spf1 include:desk.example{many} -all"));
        (0..9).fold(zone, |zone, number| zone.address(&format!("h{number}.acme.example"), "198.51.100.9"))
    };
    let look = looked(Purpose::Spf, crowded).await;
    assert_eq!(look.state, State::Ok);
    assert!(look.advice.contains("10 of 10 look-ups"), "{}", look.advice);
}

#[tokio::test]
async fn where_the_operators_spf_is_broken_the_organisation_is_not_blamed() {
    let world = World::new().await;
    let domain = world.own_domain().await;
    let zone = world.expected(&domain).iter().fold(super::world::internet(), publish);
    world.serve(zone.txt("desk.example", "v=spf1 -all"));
    let look = world.look(&domain, Purpose::Spf).await;
    assert_eq!(look.state, State::Different);
    assert!(look.advice.contains("The operator of this server has to mend"), "{}", look.advice);
}

#[tokio::test]
async fn a_dkim_key_is_known_in_any_spelling() {
    for spell in [
        |ours: &str| ours.replace("v=DKIM1; ", ""),
        |ours: &str| ours.replace(' ', ""),
        |ours: &str| ours.replace("p=", "t=s; n=ours; p= ").replace('A', "A "),
    ] {
        let look =
            looked(Purpose::Dkim, |zone, ours| zone.txt("guichet-a-1._domainkey.acme.example", spell(ours)))
                .await;
        assert_eq!(look.state, State::Ok, "{look:?}");
    }
}

/// Ways to spell our text wrongly, and what is said of each.
type Spellings = [(fn(&str) -> Vec<String>, &'static str); 5];
/// Ways to publish MX records, and what is said of each.
type Publications = [(fn(Zone) -> Zone, &'static str); 3];

#[tokio::test]
async fn a_dkim_record_that_is_wrong_is_told_how() {
    let wrong: Spellings = [
        (|_| vec!["v=DKIM1; k=ed25519; p=".into()], "the key was revoked"),
        (
            |_| vec!["v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=".into()],
            "Another key is published",
        ),
        (|ours| vec![ours[..ours.len() - 20].into()], "The key was cut off"),
        (
            |ours| {
                vec![ours.into(), "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=".into()]
            },
            "has 2 keys",
        ),
        (|_| vec!["hello".into()], "can't be used (malformed)"),
    ];
    for (spell, advice) in wrong {
        let published = |zone: Zone, ours: &str| {
            spell(ours).iter().fold(zone, |zone, text| zone.txt("guichet-a-1._domainkey.acme.example", text))
        };
        let look = looked(Purpose::Dkim, published).await;
        assert_eq!(look.state, State::Different, "{advice}");
        assert!(look.advice.contains(advice), "{advice}: {}", look.advice);
    }
}

#[tokio::test]
async fn a_dkim_key_may_stand_behind_an_alias() {
    let aliased = |zone: Zone, ours: &str| {
        zone.cname("guichet-a-1._domainkey.acme.example", "key.desk.example").txt("key.desk.example", ours)
    };
    assert_eq!(looked(Purpose::Dkim, aliased).await.state, State::Ok);
}

#[tokio::test]
async fn mx_is_ours_if_mail_comes_here_first() {
    let fine: Publications = [
        (|zone| zone.mx("acme.example", 1, "MX.desk.example").mx("acme.example", 9, "backup.example"), ""),
        (
            |zone| zone.mx("acme.example", 5, "mx.desk.example").mx("acme.example", 5, "b.example"),
            "a part of the mail",
        ),
        (
            |zone| zone.mx("acme.example", 5, "mail.acme.example").address("mail.acme.example", "192.0.2.25"),
            "under another name",
        ),
    ];
    for (publish, advice) in fine {
        let look = looked(Purpose::Mx, |zone, _| publish(zone)).await;
        assert_eq!(look.state, State::Ok, "{advice}");
        assert!(look.advice.contains(advice), "{advice}: {}", look.advice);
    }
    let wrong: Publications = [
        (
            |zone| zone.mx("acme.example", 1, "a.example").mx("acme.example", 5, "mx.desk.example"),
            "Mail goes to 1 a.example first",
        ),
        (|zone| zone.mx("acme.example", 0, ""), "takes no mail at all (RFC 7505)"),
        (
            |zone| (0..100).fold(zone, |zone, n| zone.mx("acme.example", n, &format!("m{n}.example"))),
            "and 95 more, not here",
        ),
    ];
    for (publish, advice) in wrong {
        let look = looked(Purpose::Mx, |zone, _| publish(zone)).await;
        assert_eq!(look.state, State::Different, "{advice}");
        assert!(look.advice.contains(advice), "{advice}: {}", look.advice);
        assert!(look.found.len() <= 10);
    }
}

#[tokio::test]
async fn dmarc_is_shown_with_its_policy_and_may_come_from_above() {
    let at = |record: &'static str| move |zone: Zone, _: &str| zone.txt("_dmarc.acme.example", record);
    let look = looked(Purpose::Dmarc, at("v=DMARC1; p=reject; rua=mailto:d@acme.example")).await;
    assert_eq!((look.state, look.advice.contains("p=reject")), (State::Ok, true));
    let look = looked(Purpose::Dmarc, at("v=DMARC1; p=rejct")).await;
    assert_eq!((look.state, look.advice.contains("asks for nothing")), (State::Different, true));
    let two = |zone: Zone, ours: &str| {
        zone.txt("_dmarc.acme.example", ours).txt("_dmarc.acme.example", "v=DMARC1; p=reject")
    };
    assert_eq!(looked(Purpose::Dmarc, two).await.state, State::Different);
    let world = World::new().await;
    world.serve(
        world
            .with_base_keys(super::world::operators(super::world::internet()))
            .txt("_dmarc.desk.example", "v=DMARC1; p=quarantine"),
    );
    let look = world.look(&name("acme.desk.example"), Purpose::Dmarc).await;
    assert_eq!(look.state, State::Ok);
    assert!(look.advice.starts_with("The record of _dmarc.desk.example holds here too."), "{}", look.advice);
}

#[tokio::test]
async fn a_policy_host_that_is_another_server_is_told() {
    let elsewhere = |zone: Zone, _: &str| zone.address("mta-sts.acme.example", "198.51.100.7");
    let look = looked(Purpose::MtaStsHost, elsewhere).await;
    assert_eq!((look.state, look.found.as_slice()), (State::Different, &["198.51.100.7".to_owned()][..]));
    let stale = |zone: Zone, _: &str| zone.txt("_mta-sts.acme.example", "v=STSv1; id=1;");
    let look = looked(Purpose::MtaSts, stale).await;
    assert_eq!((look.state, look.advice.contains("Its `id` is not")), (State::Ok, true));
}

#[tokio::test]
async fn a_dmarc_record_from_above_tells_what_holds_below_and_that_the_base_domains_keys_do() {
    let world = World::new().await;
    let at = |record: &str| {
        let zone = super::world::operators(super::world::internet());
        world.with_base_keys(zone).txt("_dmarc.desk.example", record)
    };
    world.serve(at("v=DMARC1; p=reject; sp=none"));
    let look = world.look(&name("acme.desk.example"), Purpose::Dmarc).await;
    assert!(look.state == State::Ok && look.advice.contains("p=none"), "{look:?}");
    world.serve(at("v=DMARC1; p=reject; adkim=s"));
    let look = world.look(&name("acme.desk.example"), Purpose::Dmarc).await;
    assert!(look.state == State::Different && look.advice.contains("adkim=s"), "{look:?}");
    let own = looked(Purpose::Dmarc, |zone, _| zone.txt("_dmarc.acme.example", "v=DMARC1; p=none; adkim=s"));
    assert_eq!(own.await.state, State::Ok, "it signs with its own keys");
}

#[tokio::test]
async fn what_is_shown_does_not_turn_the_text_around_it() {
    let look =
        looked(Purpose::Proof, |zone, _| zone.txt("_guichet.acme.example", "a\u{202e}b\u{200b}c")).await;
    assert_eq!(look.found, ["a\u{fffd}b\u{fffd}c"]);
}

#[tokio::test]
async fn a_policy_that_was_given_up_says_so_to_senders_that_know_it() {
    let world = World::new().await;
    let desk = world.domains.0.backends.desk.clone();
    let settings = Settings { mta_sts: MtaStsMode::None, ..Settings::new(name("mx.desk.example")) };
    let domains = super::world::domains(&world.store, desk, &world.dns, &world.clock, settings);
    let policy = domains.mta_sts_policy("mta-sts.acme.desk.example").unwrap().unwrap();
    assert!(policy.contains("mode: none\r\n"), "{policy}");
    assert_eq!(domains.mta_sts_policy("mta-sts.other.example").unwrap(), None);
    let own = world.own_domain().await;
    let own = world.accounts().domain(world.acme, &own).unwrap();
    let expected = domains.expected(world.acme, &own).unwrap();
    let purposes: Vec<_> = expected.iter().map(|expected| expected.purpose).collect();
    assert!(purposes.contains(&Purpose::TlsRpt), "{purposes:?}");
    assert!(!purposes.contains(&Purpose::MtaSts) && !purposes.contains(&Purpose::MtaStsHost), "{purposes:?}");
}

#[tokio::test]
async fn a_record_too_long_to_be_shown_is_not_advised_by_half() {
    let addresses: Vec<String> = (0..60).map(|number| format!("ip4:198.51.100.{number}")).collect();
    let record = format!("v=spf1 {} -all", addresses.join(" "));
    let look = looked(Purpose::Spf, |zone, _| zone.txt("acme.example", &record)).await;
    let advice = "Let the record allow this server: put `include:desk.example` before its end.";
    assert!(look.state == State::Different && look.advice.ends_with(advice), "{}", look.advice);
    let two = |zone: Zone, ours: &str| zone.txt("acme.example", ours).txt("acme.example", &record);
    let look = looked(Purpose::Spf, two).await;
    let advice = "Merge them into one that has the terms of all, and `include:desk.example`.";
    assert!(look.state == State::Different && look.advice.ends_with(advice), "{}", look.advice);
}

#[tokio::test]
async fn a_proof_that_comes_too_late_says_why_it_is_in_vain() {
    let world = World::new().await;
    let domain = world.own_domain().await;
    let (accounts, now) = (world.accounts(), world.clock.now());
    let house = accounts.house().unwrap();
    accounts.begin_domain(house, &domain, ProofCode::from_random([4; 20]), now).await.unwrap();
    accounts.prove_domain(house, &domain, now).await.unwrap();
    world.serve(world.all_but(&domain, &[]));
    let look = world.look(&domain, Purpose::Proof).await;
    assert_eq!(look.state, State::Different);
    assert!(
        look.advice.starts_with("The proof is seen, but domain `acme.example` is taken"),
        "{}",
        look.advice
    );
}
