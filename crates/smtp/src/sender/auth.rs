//! AUTH: PLAIN, or LOGIN where there is no PLAIN.
//!
//! What must hold: without TLS nothing of the credentials is sent unless they say so; they stand in no `Debug`, nor in
//! what is kept of a reply that repeats them.
//!
//! *Standards*: RFC 4954 (AUTH), 4616 (PLAIN); LOGIN is written down only in expired drafts, and is everywhere.

use std::fmt;

use data_encoding::BASE64;

use super::Sender;
use super::outcome::FailureCause;
use super::remote_reply::RemoteReply;
use super::step::{AuthStep, Step};

/// Octets of a command line, CRLF included (RFC 5321, section 4.5.3.1.4). A longer initial response is sent on a line
/// of its own (RFC 4954, section 4).
const COMMAND_BYTES_MAX: usize = 512;

/// A user and a password.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    user: String,
    password: String,
    in_clear: bool,
}

impl Credentials {
    /// Never sent without TLS.
    pub fn new(user: impl Into<String>, password: impl Into<String>) -> Self {
        Self { user: user.into(), password: password.into(), in_clear: false }
    }

    /// The same, sent also without TLS: for a remote on this machine or behind a tunnel.
    #[must_use]
    pub fn allowed_in_clear(self) -> Self {
        Self { in_clear: true, ..self }
    }

    /// The message of PLAIN (RFC 4616, section 2).
    fn plain(&self) -> String {
        BASE64.encode(format!("\0{}\0{}", self.user, self.password).as_bytes())
    }

    /// Takes out of a reply what it repeats of us.
    pub(super) fn redact(&self, lines: &mut [String]) {
        let secrets = [self.plain(), BASE64.encode(self.password.as_bytes()), self.password.clone()];
        for secret in secrets.iter().filter(|secret| !secret.is_empty()) {
            for line in lines.iter_mut().filter(|line| line.contains(secret.as_str())) {
                *line = line.replace(secret.as_str(), "?");
            }
        }
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").field("in_clear", &self.in_clear).finish_non_exhaustive()
    }
}

impl Sender {
    /// After the last EHLO: signs in if there are credentials, else is ready.
    pub(super) fn authenticate(&mut self) {
        let Some(credentials) = &self.settings.credentials else {
            self.step_done();
            return self.ready();
        };
        if !self.is_secured && !credentials.in_clear {
            return self.give_up(FailureCause::AuthInClear);
        }
        let whole = format!("AUTH PLAIN {}\r\n", credentials.plain());
        let (step, wire) = match (self.extensions.auth_plain, self.extensions.auth_login) {
            (true, _) if whole.len() <= COMMAND_BYTES_MAX => (AuthStep::Verdict, whole),
            (true, _) => (AuthStep::Plain, "AUTH PLAIN\r\n".to_owned()),
            (false, true) => (AuthStep::User, "AUTH LOGIN\r\n".to_owned()),
            (false, false) => return self.give_up(FailureCause::AuthMissing),
        };
        self.step_done();
        self.command(Step::Auth(step), wire.as_bytes());
    }

    pub(super) fn auth_answered(&mut self, at: AuthStep, reply: RemoteReply) {
        let Some(credentials) = &self.settings.credentials else { return };
        let (next, response) = match at {
            AuthStep::Plain => (AuthStep::Verdict, credentials.plain()),
            AuthStep::User => (AuthStep::Password, BASE64.encode(credentials.user.as_bytes())),
            AuthStep::Password => (AuthStep::Verdict, BASE64.encode(credentials.password.as_bytes())),
            AuthStep::Verdict if reply.is_positive() => {
                self.step_done();
                return self.ready();
            }
            AuthStep::Verdict => (AuthStep::Verdict, String::new()),
        };
        if at == AuthStep::Verdict || !reply.is_intermediate() {
            return self.refused_or_out_of_turn(reply);
        }
        self.step_done();
        self.command(Step::Auth(next), format!("{response}\r\n").as_bytes());
    }
}
