//! What the server says on standard output when it is ready: addresses, and at the first start the token and two lines
//! to try it with.

use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::net::SocketAddr;

use crate::config::{Configuration, OutboundMode};
use crate::first_start::FirstStart;
use crate::sockets::{Addresses, reachable};

/// Says all but that it is ready.
pub(crate) fn announce(
    first: Option<&FirstStart>,
    addresses: &Addresses,
    configuration: &Configuration,
) -> io::Result<()> {
    let scheme = if configuration.http.tls { "https" } else { "http" };
    let mut out = io::stdout().lock();
    out.write_all(text(first, addresses, scheme, configuration.outbound.mode).as_bytes())?;
    out.flush()
}

/// Says that it is ready: the last thing of a start.
pub(crate) fn ready() -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(b"Ready.\n")?;
    out.flush()
}

fn text(first: Option<&FirstStart>, addresses: &Addresses, scheme: &str, mode: OutboundMode) -> String {
    let mut text = String::new();
    if let (Some(first), Some(smtp)) = (first, addresses.smtp.first()) {
        text.push_str(&welcome(
            first,
            reachable(*smtp),
            &format!("{scheme}://{}", reachable(addresses.http)),
        ));
    }
    for address in &addresses.smtp {
        let _ = writeln!(text, "SMTP: {address}");
    }
    let _ = writeln!(text, "HTTP: {scheme}://{}", addresses.http);
    text.push_str(match mode {
        OutboundMode::Capture => {
            "Answers are captured: composed, signed and shown, but not sent. To send them, set outbound.mode to deliver.\n"
        }
        OutboundMode::Deliver => "Answers are sent.\n",
    });
    text
}

fn welcome(first: &FirstStart, smtp: SocketAddr, http: &str) -> String {
    let (channel, token) = (&first.channel, first.token.reveal());
    let mail = format!(
        "From: Ada Lovelace <ada@customer.example>\\r\\nTo: {channel}\\r\\nSubject: The printer is on fire\\r\\n\
         \\r\\nPlease help.\\r\\n"
    );
    format!(
        "This is the first start: the organisation Demo takes mail at {channel}.\n\
         The token of its admin opens the API. It is shown this once.\n\n\
         API token: {token}\n\n\
         Send a first mail:\n\
         printf '{mail}' | curl -sS --url smtp://{smtp} --mail-from ada@customer.example --mail-rcpt {channel} -T -\n\n\
         See its ticket:\n\
         curl -H 'Authorization: Bearer {token}' {http}/api/v1/tickets/1\n\n\
         Answer it:\n\
         curl -H 'Authorization: Bearer {token}' --json '{{\"kind\": \"reply\", \"text\": \"We are on our way.\"}}' \
         {http}/api/v1/tickets/1/messages\n\n"
    )
}

#[cfg(test)]
mod tests {
    use guichet_accounts::Secret;
    use guichet_mail::MailAddress;

    use super::*;

    fn said(first: Option<&FirstStart>) -> String {
        let smtp = ["0.0.0.0:25", "[::]:26"].map(|address| address.parse().unwrap()).to_vec();
        let addresses = Addresses { smtp, http: "127.0.0.1:80".parse().unwrap() };
        text(first, &addresses, "http", OutboundMode::Deliver)
    }

    #[test]
    fn a_later_start_says_only_where_it_listens() {
        assert_eq!(
            said(None),
            "SMTP: 0.0.0.0:25\nSMTP: [::]:26\nHTTP: http://127.0.0.1:80\nAnswers are sent.\n"
        );
    }

    #[test]
    fn the_first_start_shows_the_token_and_lines_that_can_be_pasted() {
        let channel = MailAddress::parse("support@demo.desk.localhost").unwrap();
        let first = FirstStart { channel, token: Secret::presented("guichet_x") };
        let said = said(Some(&first));
        assert!(said.lines().any(|line| line == "API token: guichet_x"), "{said}");
        let mail = said.lines().find(|line| line.starts_with("printf ")).unwrap();
        assert!(
            mail.contains("curl -sS --url smtp://127.0.0.1:25 ") && mail.matches('\'').count() == 2,
            "{mail}"
        );
        assert!(!mail.contains('%'), "printf would take it for a format: {mail}");
        let ticket = "curl -H 'Authorization: Bearer guichet_x' http://127.0.0.1:80/api/v1/tickets/1";
        assert!(said.lines().any(|line| line == ticket), "{said}");
        assert!(said.ends_with("\nHTTP: http://127.0.0.1:80\nAnswers are sent.\n"), "{said}");
        let answer = said.lines().find(|line| line.contains("--json")).unwrap();
        assert!(answer.ends_with("http://127.0.0.1:80/api/v1/tickets/1/messages"), "{answer}");
    }
}
