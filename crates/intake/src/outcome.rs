//! What became of a mail, in the words that its sender and the log get.
//!
//! *Security*: a sender isn't told that a mail is in quarantine: a forger would learn what to change.

use std::fmt::Write as _;

use guichet_desk::{Kept, Outcome, Received};
use guichet_smtp::{Code, Reply, Status};

/// What the sender reads.
pub(crate) fn sentence(became: &Received) -> String {
    match became {
        Received::Kept(kept) => reports(kept).unwrap_or_else(|| tickets(kept)),
        Received::Refused(why) => why.clone(),
    }
}

/// The final reply, with its sentence.
pub(crate) fn reply(became: &Received, sentence: String) -> Reply {
    match became {
        Received::Kept(_) => Reply::new(Code::Ok, Status::new(0, 0), sentence),
        Received::Refused(_) => Reply::new(Code::MailboxUnavailable, Status::new(7, 1), sentence),
    }
}

/// One word for metrics and log: the best that happened.
pub(crate) fn word(became: &Received) -> &'static str {
    let Received::Kept(kept) = became else { return "refused" };
    let is_any = |wanted: fn(Outcome) -> bool| kept.iter().any(|kept| wanted(kept.outcome));
    if is_any(|outcome| matches!(outcome, Outcome::Created { .. })) {
        "created"
    } else if is_any(|outcome| matches!(outcome, Outcome::Joined { .. })) {
        "joined"
    } else if is_any(|outcome| matches!(outcome, Outcome::Reported { .. })) {
        "reported"
    } else if is_any(|outcome| matches!(outcome, Outcome::Duplicate { ticket: Some(_) })) {
        "duplicate"
    } else {
        "quarantined"
    }
}

/// `recorded for delivery X`, where all that came of the mail is that.
fn reports(kept: &[Kept]) -> Option<String> {
    let delivery = |kept: &Kept| match kept.outcome {
        Outcome::Reported { delivery, .. } => Some(delivery.to_string()),
        _ => None,
    };
    let deliveries: Option<Vec<String>> = kept.iter().map(delivery).collect();
    deliveries.map(|deliveries| match deliveries.as_slice() {
        [one] => format!("recorded for delivery {one}"),
        all => format!("recorded for deliveries {}", all.join(", ")),
    })
}

/// `ticket #1042`, `tickets #1042, #7 (already received)`, or `received` where there is none to tell of.
fn tickets(kept: &[Kept]) -> String {
    let mut numbers = String::new();
    let mut count = 0;
    for Kept { outcome, .. } in kept {
        let (ticket, remark) = match *outcome {
            Outcome::Created { ticket } | Outcome::Joined { ticket } | Outcome::Reported { ticket, .. } => {
                (ticket, "")
            }
            Outcome::Duplicate { ticket: Some(ticket) } => (ticket, " (already received)"),
            Outcome::Duplicate { ticket: None } | Outcome::Quarantined { .. } => continue,
        };
        let separator = if count == 0 { "" } else { ", " };
        let _ = write!(numbers, "{separator}#{ticket}{remark}");
        count += 1;
    }
    match count {
        0 => "received".to_owned(),
        1 => format!("ticket {numbers}"),
        _ => format!("tickets {numbers}"),
    }
}

#[cfg(test)]
mod tests {
    use guichet_desk::DeliveryId;
    use guichet_store::OrganisationId;

    use super::*;

    fn said(became: &Received) -> String {
        reply(became, sentence(became)).to_string()
    }

    #[track_caller]
    fn check(outcomes: &[Outcome], answer: &str, logged: &str) {
        let organisation = OrganisationId::new(1).unwrap();
        let kept = outcomes.iter().map(|outcome| Kept { organisation, outcome: *outcome });
        let became = Received::Kept(kept.collect());
        assert_eq!(said(&became), format!("250 2.0.0 {answer}\r\n"));
        assert_eq!(word(&became), logged);
    }

    #[test]
    fn a_report_is_recorded_for_its_delivery() {
        let delivery = DeliveryId(1);
        let reported = Outcome::Reported { ticket: 7, delivery };
        check(&[reported], "recorded for delivery aaaaaaaaaaaac", "reported");
        check(&[reported, Outcome::Joined { ticket: 8 }], "tickets #7, #8", "joined");
    }

    #[test]
    fn the_sender_hears_the_numbers_of_its_tickets() {
        check(&[Outcome::Created { ticket: 1042 }], "ticket #1042", "created");
        check(&[Outcome::Joined { ticket: 7 }], "ticket #7", "joined");
        check(
            &[Outcome::Joined { ticket: 1042 }, Outcome::Created { ticket: 7 }],
            "tickets #1042, #7",
            "created",
        );
    }

    #[test]
    fn a_mail_that_comes_again_is_answered_with_the_first_ones_number() {
        let again = Outcome::Duplicate { ticket: Some(7) };
        check(&[again], "ticket #7 (already received)", "duplicate");
        check(&[again, Outcome::Created { ticket: 8 }], "tickets #7 (already received), #8", "created");
    }

    #[test]
    fn quarantine_is_not_told() {
        let aside = Outcome::Quarantined { message: 3 };
        check(&[aside], "received", "quarantined");
        check(&[Outcome::Duplicate { ticket: None }], "received", "quarantined");
        check(&[aside, Outcome::Created { ticket: 8 }], "ticket #8", "created");
    }

    #[test]
    fn a_refusal_says_why() {
        let became = Received::Refused("DMARC failed".to_owned());
        assert_eq!(said(&became), "550 5.7.1 DMARC failed\r\n");
        assert_eq!(word(&became), "refused");
    }
}
