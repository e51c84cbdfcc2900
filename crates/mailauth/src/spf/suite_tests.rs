//! The test suite of RFC 7208, read where it lies.

use std::{collections::BTreeMap, fs, path::PathBuf};

use guichet_mail::verdict::SpfVerdict;
use guichet_sys::dns::{Mx, Record, RecordType};
use guichet_testkit::{FakeDns, Zone};
use jiff::Timestamp;
use saphyr::{LoadableYamlNode, Yaml};

use super::Spf;

/// Cases that end otherwise than the suite says; the list is exact, reasons stand in docs/rfcs.md.
///
/// `v-macro-ip6` wants the nibbles of an address in upper case; RFC 7208 section 7.4 writes them in lower case.
const DIFFERING: &[&str] = &["v-macro-ip6"];
const CASES: usize = 203;

#[tokio::test(start_paused = true)]
async fn the_suite_of_rfc_7208() {
    let Some(corpora) = std::env::var_os("GUICHET_CORPORA") else {
        println!("skipped {CASES} cases of RFC 7208: GUICHET_CORPORA is not set");
        return;
    };
    let path = PathBuf::from(corpora).join("rfc7208_spf/rfc7208-tests.yml");
    let scenarios = Yaml::load_from_str(&fs::read_to_string(path).unwrap()).unwrap();
    let mut differing = Vec::new();
    let mut cases = 0;
    for scenario in &scenarios {
        let zone = zone_of(scenario);
        for (name, case) in scenario["tests"].as_mapping().unwrap() {
            cases += 1;
            let name = name.as_str().unwrap();
            if let Err(difference) = run(case, zone.clone()).await {
                println!("{name}: {difference}");
                differing.push(name.to_owned());
            }
        }
    }
    println!("{} of {cases} cases of RFC 7208 end as the suite says", cases - differing.len());
    assert_eq!(cases, CASES);
    assert_eq!(differing, DIFFERING);
}

async fn run(case: &Yaml<'_>, zone: Zone) -> Result<(), String> {
    let text = |key: &str| case.as_mapping_get(key).and_then(Yaml::as_str).unwrap_or_default();
    let spf = Spf {
        resolver: &FakeDns::resolver(zone),
        client_ip: text("host").parse().unwrap(),
        helo: text("helo"),
        receiver: "receiver.example.net",
        now: Timestamp::UNIX_EPOCH,
    };
    let verdict = match text("mailfrom") {
        "" => spf.helo().await,
        mail_from => spf.mail_from(mail_from).await,
    };
    let results = match case["result"].as_sequence() {
        Some(results) => results.iter().filter_map(Yaml::as_str).collect(),
        None => vec![text("result")],
    };
    if !results.contains(&verdict.result.as_str()) {
        return Err(format!("{results:?} expected, got {verdict:?}"));
    }
    check_explanation(text("explanation"), &verdict)
}

/// `DEFAULT` in the suite means: whatever the receiver says by itself.
fn check_explanation(expected: &str, verdict: &SpfVerdict) -> Result<(), String> {
    let reason = verdict.reason.as_deref().unwrap_or_default();
    let given = reason.split_once(" explains: ").map(|(_, explanation)| explanation);
    match (expected, given) {
        ("", _) | ("DEFAULT", None) => Ok(()),
        (expected, Some(given)) if expected == given => Ok(()),
        _ => Err(format!("explanation {expected:?} expected, got {reason:?}")),
    }
}

fn zone_of(scenario: &Yaml<'_>) -> Zone {
    let mut zone = Zone::new();
    for (name, entries) in scenario["zonedata"].as_mapping().unwrap() {
        zone = add_name(zone, name.as_str().unwrap(), entries.as_sequence().unwrap());
    }
    zone
}

/// The suite's zone language: `SPF` stands for `TXT` unless a `TXT` is there; a `TIMEOUT` concerns the types
/// that have no record.
fn add_name(mut zone: Zone, name: &str, entries: &[Yaml<'_>]) -> Zone {
    let mut by_type: BTreeMap<&str, Vec<&Yaml<'_>>> = BTreeMap::new();
    let mut times_out = false;
    for entry in entries {
        match entry.as_mapping() {
            None => times_out = true,
            Some(entry) => entry
                .iter()
                .for_each(|(key, value)| by_type.entry(key.as_str().unwrap()).or_default().push(value)),
        }
    }
    if let Some(texts) = by_type.remove("SPF") {
        by_type.entry("TXT").or_insert(texts);
    }
    let mut missing = vec![RecordType::A, RecordType::Aaaa, RecordType::Mx, RecordType::Ptr, RecordType::Txt];
    zone = zone.empty(name);
    for target in by_type.remove("CNAME").into_iter().flatten().filter_map(Yaml::as_str) {
        zone = zone.cname(name, target);
    }
    for (key, values) in by_type {
        for record in values.into_iter().filter_map(|value| record_of(key, value)) {
            let record_type = match &record {
                Record::A(_) => RecordType::A,
                Record::Aaaa(_) => RecordType::Aaaa,
                Record::Mx(_) => RecordType::Mx,
                Record::Ns(_) => RecordType::Ns,
                Record::Ptr(_) => RecordType::Ptr,
                Record::Txt(_) => RecordType::Txt,
            };
            missing.retain(|other| *other != record_type);
            zone = zone.record(name, record);
        }
    }
    if times_out { zone.silence(name, &missing) } else { zone }
}

fn record_of(key: &str, value: &Yaml<'_>) -> Option<Record> {
    match key {
        "A" => Some(Record::A(value.as_str()?.parse().unwrap())),
        "AAAA" => Some(Record::Aaaa(value.as_str()?.parse().unwrap())),
        "MX" => {
            let preference = value[0].as_integer()?.try_into().unwrap();
            Some(Record::Mx(Mx { preference, exchange: value[1].as_str()?.into() }))
        }
        "PTR" => Some(Record::Ptr(value.as_str()?.to_ascii_lowercase().into())),
        "TXT" if value.as_str() == Some("NONE") => None,
        "TXT" => {
            let strings = value.as_sequence().map_or_else(|| vec![value], |strings| strings.iter().collect());
            let text: String = strings.into_iter().filter_map(Yaml::as_str).collect();
            // The suite writes octets as characters up to U+00FF.
            Some(Record::Txt(text.chars().map(|octet| u8::try_from(octet).unwrap()).collect()))
        }
        _ => None,
    }
}
