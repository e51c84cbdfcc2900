//! `guichet check`: the operator's own records, addresses and port.

use guichet_accounts::Error;
use guichet_domains::ServerItem;

use super::{Answer, Checked, Operator, Record};

/// Looks now.
pub(super) async fn execute(operator: &Operator) -> Result<Answer, Error> {
    let report = operator.domains.check_server().await?;
    let items = report.items.iter().map(record).collect();
    Ok(Answer::Checked(Checked { fine: report.is_fine(), items }))
}

fn record(item: &ServerItem) -> Record {
    Record::default()
        .with("state", item.look.state.as_str())
        .with("for", item.purpose.as_str())
        .with("name", item.name.as_str())
        .with("required", item.is_required)
        .with("expected", item.expected.as_str())
        .with("found", item.look.found.clone())
        .with("record", item.zone_line.clone())
        .with("advice", item.look.advice.as_str())
}
