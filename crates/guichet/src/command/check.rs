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

#[cfg(test)]
mod tests {
    use crate::command::tests::in_memory;
    use crate::command::{Answer, Command};

    #[tokio::test]
    async fn a_check_that_finds_something_says_so_in_a_table_with_advice_and_in_the_exit_code() {
        let answer = Command::Check.execute(&in_memory()).await.unwrap();
        assert!(!answer.is_fine());
        let text = answer.to_text();
        assert!(
            text.lines().any(|line| line.starts_with("unreachable") && line.contains("*.desk.localhost")),
            "{text}"
        );
        assert!(text.contains("\nmx *.desk.localhost: Nobody could be asked"), "{text}");
        let json: serde_json::Value = serde_json::from_str(&answer.to_json()).unwrap();
        assert_eq!(json["fine"], false);
        assert_eq!(json["items"][0]["for"], "host");
        let travelled: Answer = serde_json::from_str(&serde_json::to_string(&answer).unwrap()).unwrap();
        assert_eq!(travelled, answer);
    }
}
