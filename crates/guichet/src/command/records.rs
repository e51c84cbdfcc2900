//! The records of a domain in DNS: as text to paste for people, as fields for programs.

use guichet_accounts::{DkimRecord, DkimState, Error};
use guichet_domains::{Checked, Expected, Need, Publisher, Purpose, Signer, Value};
use guichet_mail::DomainName;
use guichet_store::OrganisationId;

use super::{Answer, Operator, Record, Zone};

/// All that should stand for a domain, with what was found when somebody last looked.
pub(super) fn of_domain(
    operator: &Operator,
    organisation: OrganisationId,
    name: &DomainName,
) -> Result<Answer, Error> {
    Ok(answer(name, &operator.domains.records(organisation, name)?))
}

/// Those of keys alone.
pub(super) fn of_keys(name: &DomainName, keys: Vec<DkimRecord>) -> Answer {
    let checked = |key| Checked { expected: expected(key), last: None };
    answer(name, &keys.into_iter().map(checked).collect::<Vec<_>>())
}

fn expected(key: DkimRecord) -> Expected {
    Expected {
        purpose: Purpose::Dkim,
        name: key.name(),
        value: Value::Text(key.text),
        need: if key.state == DkimState::Retired { Need::Done } else { Need::Sending },
        publisher: Publisher::Organisation,
        signer: Some(Signer {
            domain: key.domain.to_string(),
            selector: key.selector,
            algorithm: key.algorithm,
            state: key.state,
        }),
    }
}

fn answer(name: &DomainName, checked: &[Checked]) -> Answer {
    Answer::Zone(Zone { items: checked.iter().map(record).collect(), text: text(name, checked) })
}

/// As the API names them.
fn record(checked: &Checked) -> Record {
    let Expected { purpose, name, value, need, publisher, signer } = &checked.expected;
    let look = checked.last.as_ref().map(|(look, _)| look);
    Record::default()
        .with("name", name.as_str())
        .with("type", value.record_type())
        .with("value", value.to_string())
        .with("zone_line", checked.expected.zone_line())
        .with("purpose", purpose.as_str())
        .with("needed_for", need.as_str())
        .with("published_by", publisher.as_str())
        .with("key_state", signer.as_ref().map(|signer| signer.state.as_str()))
        .with("state", look.map(|look| look.state.as_str()))
        .with("advice", look.map(|look| look.advice.as_str()))
}

/// Lines for a zone file, what is needed first.
fn text(name: &DomainName, checked: &[Checked]) -> String {
    let is_theirs = |record: &Expected| record.publisher == Publisher::Organisation;
    let place = |record: &Expected| match record.need {
        Need::Done => 3,
        _ if !is_theirs(record) => 2,
        need => usize::from(!need.is_required()),
    };
    let titles = [
        "Required",
        "Advised",
        "Of the operator: at the base domain itself, or covered by its wildcards (see `guichet check`)",
        "May be removed",
    ];
    let mut text =
        format!("; Records for {name}; with --json each value is in one piece, as web forms want it\n");
    for (at, title) in titles.into_iter().enumerate() {
        let records = checked.iter().map(|checked| &checked.expected).filter(|record| place(record) == at);
        let lines: Vec<String> = records.map(lines).collect();
        if !lines.is_empty() {
            text.extend(["\n; ", title, "\n", &lines.concat()]);
        }
    }
    text
}

/// A record, behind what there is to know of a key that does not sign now.
fn lines(record: &Expected) -> String {
    let note = match record.signer.as_ref().map(|signer| signer.state) {
        Some(DkimState::Pending) => "; its key signs once this is seen\n",
        Some(DkimState::Retiring) => "; its key signs no more; this stays until its mail is through\n",
        _ => "",
    };
    format!("{note}{}\n", record.zone_line())
}
