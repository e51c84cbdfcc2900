//! Any bytes as a mail that comes back: what is understood of it is bounded, on one line, and nothing a header could be broken with.
#![no_main]

use guichet_mail::report::{RECIPIENTS_MAX, Report, report};
use guichet_mail::{ParseLimits, parse};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|raw: &[u8]| {
    let parsed = parse(raw, &ParseLimits::default());
    let Some(Report::DeliveryStatus(report) | Report::FreeText(report)) = report(raw, &parsed) else {
        return;
    };
    assert!(report.recipients.len() <= RECIPIENTS_MAX);
    let one_line = |text: &Option<String>| {
        assert!(!text.as_deref().unwrap_or("").contains(char::is_control), "{text:?}");
    };
    one_line(&report.envelope_id);
    one_line(&report.reporting_mta);
    for recipient in &report.recipients {
        one_line(&recipient.status);
        one_line(&recipient.diagnostic);
        one_line(&recipient.remote_mta);
    }
});
