//! Bounces in words. Each text is in the form of its server; names and sentences around are ours.

use guichet_mail::report::{Action, DeliveryReport, Report};

use crate::report_status::understood;

fn words(header: &str, text: &str) -> Option<DeliveryReport> {
    match understood(&format!("{header}\nSubject: failure notice\n\n{text}")) {
        Some(Report::FreeText(report)) => Some(report),
        None => None,
        Some(other) => panic!("{other:?}"),
    }
}

const DAEMON: &str = "From: MAILER-DAEMON@mx.customer.example";

/// Recipients, what happened, the status, the Message-ID of the returned mail; then the server's words.
fn told(header: &str, text: &str) -> (String, Vec<String>) {
    let report = words(header, text).expect("a bounce");
    let id = report.returned_message_id.map_or_else(|| "-".to_owned(), |id| id.to_string());
    let recipient = |entry: &guichet_mail::report::RecipientReport| {
        let address = entry.final_recipient.as_ref().unwrap();
        format!("{address} {:?} {}", entry.action, entry.status.as_deref().unwrap_or("-"))
    };
    let recipients: Vec<String> = report.recipients.iter().map(recipient).collect();
    let diagnostics =
        report.recipients.iter().map(|entry| entry.diagnostic.clone().unwrap_or_default()).collect();
    (format!("{} / {id}", recipients.join(" | ")), diagnostics)
}

const COPY: &str = "Return-Path: <bounce+x@shop.example>\nReceived: from a by b; x\nMessage-ID: <ours@shop.example>\n\
                    To: other@customer.example\nSubject: Re: x\n\n<third@customer.example>: hello\n";

#[test]
fn qmail() {
    let text = format!(
        "Hi. This is the qmail-send program at mx.customer.example.\nI'm afraid I wasn't able to deliver your message to the\n\
         following addresses. This is a permanent error; I've given up.\n\n<anna@customer.example>:\n\
         Sorry, no mailbox here by that name. (#5.1.1)\n\n<ben@customer.example>:\n192.0.2.1 does not like recipient.\n\
         Remote host said: 550 5.7.1 no\nGiving up on 192.0.2.1.\n\n--- Below this line is a copy of the message.\n\n{COPY}"
    );
    let (summary, diagnostics) = told(DAEMON, &text);
    assert_eq!(
        summary,
        "anna@customer.example Failed 5.1.1 | ben@customer.example Failed 5.7.1 / ours@shop.example"
    );
    assert_eq!(diagnostics[0], "Sorry, no mailbox here by that name. (#5.1.1)");
    assert_eq!(
        diagnostics[1],
        "192.0.2.1 does not like recipient. Remote host said: 550 5.7.1 no Giving up on 192.0.2.1."
    );
}

#[test]
fn exim() {
    let text = format!(
        "This message was created automatically by mail delivery software.\n\nA message that you sent could not be delivered to one or more of its\n\
         recipients. This is a permanent error. The following address(es) failed:\n\n  anna@customer.example\n\
         \x20   (generated from info@customer.example)\n    SMTP error from remote mail server after RCPT TO:\n\
         \x20   <else@customer.example>: 550 5.1.1 unknown\n\n------ This is a copy of the message, including all the headers. ------\n\n{COPY}"
    );
    let header = format!("{DAEMON}\nX-Failed-Recipients: anna@customer.example,\n  ben@customer.example");
    let (summary, diagnostics) = told(&header, &text);
    assert_eq!(
        summary,
        "anna@customer.example Failed 5.1.1 | ben@customer.example Failed - / ours@shop.example"
    );
    assert_eq!(
        diagnostics[0],
        "(generated from info@customer.example) SMTP error from remote mail server after RCPT TO: \
         <else@customer.example>: 550 5.1.1 unknown"
    );
}

#[test]
fn exim_warns() {
    let text = "This message was created automatically by mail delivery software.\nA message that you sent has not yet been delivered to one or more of its\n\
                recipients after more than 24 hours on the queue on mx.customer.example.\n\nThe message identifier is:     1abc\n\
                The subject of the message is: Re: x\n\nThe address to which the message has not yet been delivered is:\n\n  anna@customer.example\n\
                \x20   host mx [192.0.2.1]: 451 4.7.1 later\n\nNo action is required on your part.\n";
    assert_eq!(told(DAEMON, text).0, "anna@customer.example Delayed 4.7.1 / -");
}

#[test]
fn postfix_without_a_report() {
    let text = "This is the Postfix program at host mx.customer.example.\n\nI'm sorry to have to inform you that your message could not\n\
                be delivered to one or more recipients.\n\n<anna@customer.example> (expanded from <info@customer.example>): host\n\
                \x20   inner[192.0.2.1] said: 550 5.2.1\n    <anna@customer.example>: disabled\n";
    let (summary, diagnostics) = told(DAEMON, text);
    assert_eq!(summary, "anna@customer.example Failed 5.2.1 / -");
    assert_eq!(
        diagnostics[0],
        "(expanded from <info@customer.example>): host inner[192.0.2.1] said: 550 5.2.1 <anna@customer.example>: disabled"
    );
}

#[test]
fn sendmail() {
    let text = format!(
        "The original message was received at Sat, 21 Nov 2026 09:30:00 GMT\nfrom out.shop.example [192.0.2.9]\n\n\
         \x20  ----- The following addresses had permanent fatal errors -----\n<anna@customer.example>\n    (reason: 550 5.1.1 User unknown)\n\n\
         \x20  ----- Transcript of session follows -----\n... while talking to inner.:\n>>> RCPT To:<anna@customer.example>\n\
         <<< 550 5.1.1 User unknown\n\n   ----- Original message follows -----\n\n{COPY}"
    );
    let (summary, diagnostics) = told(DAEMON, &text);
    assert_eq!(summary, "anna@customer.example Failed 5.1.1 / ours@shop.example");
    assert!(
        diagnostics[0].starts_with("(reason: 550 5.1.1 User unknown) ----- Transcript"),
        "{}",
        diagnostics[0]
    );
    let warning = text.replace("permanent fatal errors", "transient non-fatal errors");
    assert!(told(DAEMON, &warning).0.contains("Delayed"));
}

#[test]
fn exchange_new_and_old() {
    let new = format!(
        "Delivery has failed to these recipients or groups:\n\nAnna Kowalska (anna@customer.example)\nThe address was not found.\n\n\
         Diagnostic information for administrators:\n\nGenerating server: ex.customer.example\n\nanna@customer.example\n\
         #550 5.1.1 RESOLVER.ADR.RecipNotFound; not found ##\n\nOriginal message headers:\n\n{COPY}"
    );
    let postmaster = "From: \"Microsoft Outlook\" <postmaster@customer.example>";
    let (summary, diagnostics) = told(postmaster, &new);
    assert_eq!(summary, "anna@customer.example Failed 5.1.1 / ours@shop.example");
    assert_eq!(diagnostics[0], "#550 5.1.1 RESOLVER.ADR.RecipNotFound; not found ##");
    let old = "Your message\n\n  To:      anna@customer.example\n  Subject: Re: x\n  Sent:    Sat, 21 Nov 2026\n\n\
               did not reach the following recipient(s):\n\nanna@customer.example on Sat, 21 Nov 2026 09:30:00 +0000\n\
               \x20   The recipient name is not recognized\n    <ex.customer.example #5.1.1>\n";
    assert_eq!(
        told("From: System Administrator <postmaster@customer.example>", old).0,
        "anna@customer.example Failed 5.1.1 / -"
    );
}

#[test]
fn domino() {
    let because = "Your message\n\n  Subject: Re: x\n\nwas not delivered to:\n\n  anna@customer.example\n\nbecause:\n\n  User anna not listed in Domino Directory\n";
    let (summary, diagnostics) = told("From: Postmaster@customer.example", because);
    assert_eq!(summary, "anna@customer.example Failed - / -");
    assert!(diagnostics[0].contains("not listed in Domino Directory"));
    let reasons = format!(
        "------- Failure Reasons  --------\n\nUser not listed in public Name & Address Book\nanna@customer.example\n\n------- Returned Message --------\n\n{COPY}"
    );
    assert_eq!(
        told("From: Postmaster@customer.example", &reasons).0,
        "anna@customer.example Failed - / ours@shop.example"
    );
}

#[test]
fn gmail_yahoo_and_ironport() {
    let gmail = format!(
        "Delivery to the following recipient failed permanently:\n\n     anna@customer.example\n\nTechnical details of permanent failure: \n\
         Google tried to deliver your message, but it was rejected. The error was: 550 5.1.1 no such user\n\n----- Original message -----\n\n{COPY}"
    );
    let (summary, diagnostics) =
        told("From: Mail Delivery Subsystem <mailer-daemon@googlemail.example>", &gmail);
    assert_eq!(summary, "anna@customer.example Failed 5.1.1 / ours@shop.example");
    assert!(diagnostics[0].ends_with("550 5.1.1 no such user"));
    let delayed = gmail.replace("failed permanently", "has been delayed");
    assert!(told(DAEMON, &delayed).0.contains("Delayed"));
    let yahoo = format!(
        "Sorry, we were unable to deliver your message to the following address.\n\n<anna@customer.example>:\nRemote host said: 554 5.7.9 refused\n\n\
         --- Below this line is a copy of the message.\n\n{COPY}"
    );
    assert_eq!(told(DAEMON, &yahoo).0, "anna@customer.example Failed 5.7.9 / ours@shop.example");
    let ironport = "The following message to <anna@customer.example> was undeliverable.\nThe reason for the problem:\n5.1.0 - Unknown address error 550-'no'\n";
    assert_eq!(told(DAEMON, ironport).0, "anna@customer.example Failed 5.1.0 / -");
}

#[test]
fn the_header_of_failed_recipients_is_enough() {
    let (summary, diagnostics) = told(
        &format!("{DAEMON}\nX-Failed-Recipients: anna@customer.example"),
        "Es gibt 550 5.1.1 hier niemanden.\n",
    );
    assert_eq!(summary, "anna@customer.example Failed 5.1.1 / -");
    assert_eq!(diagnostics, ["Es gibt 550 5.1.1 hier niemanden."]);
}

#[test]
fn an_address_in_some_text_is_no_recipient() {
    assert_eq!(words(DAEMON, "<anna@customer.example>: user unknown\n"), None);
    assert_eq!(
        words(
            DAEMON,
            "Hi. This is the qmail-send program.\nPlease write to help@customer.example instead.\n"
        ),
        None
    );
    // The same words from a person.
    let text = "Hi. This is the qmail-send program at x.\n\n<anna@customer.example>:\nunknown\n";
    assert_eq!(words("From: anna@customer.example", text), None);
    assert!(words("From: odd@customer.example\nReturn-Path: <>", text).is_some());
}

#[test]
fn what_never_ends_is_bounded() {
    let list: Vec<String> = (0..5_000).map(|n| format!("<a{n}@x.example>:\nno\n\n")).collect();
    let list = list.concat();
    let report = words(DAEMON, &format!("Hi. This is the qmail-send program at x.\n\n{list}")).unwrap();
    assert_eq!(report.recipients.len(), guichet_mail::report::RECIPIENTS_MAX);
    assert!(report.recipients.iter().all(|entry| entry.action == Action::Failed));
    let long = format!("Hi. This is the program.\n\n<a@x.example>:\n{}", "no ".repeat(100_000));
    let report = words(DAEMON, &long).unwrap();
    assert!(report.recipients[0].diagnostic.as_ref().unwrap().chars().count() <= 1_000);
}
