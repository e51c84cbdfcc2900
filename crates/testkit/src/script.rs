//! What a scripted mail server does: the usual, but for chosen steps.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Notify;
use tokio_rustls::TlsAcceptor;

/// What happens at a step in place of the usual.
#[derive(Clone, Debug)]
pub enum Reaction {
    /// These bytes are sent as they are; `\r\n` at the end of each line is the script's business.
    Say(String),
    /// These bytes are sent, then the connection is closed.
    SayAndClose(String),
    /// Nothing is said, for ever.
    Hang,
    /// The connection is closed without a word.
    Close,
    /// The connection is reset.
    Reset,
    /// To STARTTLS: `220`, and then no TLS.
    NoTls,
    /// The usual, once the test lets it happen; at the greeting, EHLO, MAIL, CONTENT and QUIT.
    Await(Arc<Notify>),
}

/// When a rule applies, from the beginning of a command (`RCPT TO:<bad@`), or `GREETING`, or `CONTENT` (its end).
#[derive(Debug)]
struct Rule {
    step: String,
    reaction: Reaction,
    times_left: AtomicUsize,
}

/// What a server does. Without rules it is an honest one with PIPELINING.
#[derive(Default)]
pub struct Script {
    rules: Vec<Rule>,
    name: Option<String>,
    extensions: Vec<String>,
    pub(crate) tls: Option<TlsAcceptor>,
}

impl Script {
    /// An honest server.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Lets something else happen at a step, each time.
    #[must_use]
    pub fn on(self, step: &str, reaction: Reaction) -> Self {
        self.times(usize::MAX, step, reaction)
    }

    /// Lets something else happen at a step, once.
    #[must_use]
    pub fn once(self, step: &str, reaction: Reaction) -> Self {
        self.times(1, step, reaction)
    }

    /// Says this text, with a line's end, at a step.
    #[must_use]
    pub fn say(self, step: &str, line: &str) -> Self {
        self.on(step, Reaction::Say(format!("{line}\r\n")))
    }

    /// The name in greeting and EHLO; `mx.remote.example` otherwise.
    #[must_use]
    pub fn name(mut self, name: &str) -> Self {
        self.name = Some(name.to_owned());
        self
    }

    /// Offers a further extension.
    #[must_use]
    pub fn extension(mut self, line: &str) -> Self {
        self.extensions.push(line.to_owned());
        self
    }

    /// Offers STARTTLS with this certificate.
    #[must_use]
    pub fn tls(mut self, acceptor: TlsAcceptor) -> Self {
        self.tls = Some(acceptor);
        self
    }

    fn times(mut self, times: usize, step: &str, reaction: Reaction) -> Self {
        self.rules.push(Rule { step: step.to_owned(), reaction, times_left: times.into() });
        self
    }

    /// What happens at this step in place of the usual; a rule that is for once is used up by asking.
    pub(crate) fn reaction(&self, step: &str) -> Option<Reaction> {
        let applies = |rule: &&Rule| {
            let step = step.get(..rule.step.len());
            step.is_some_and(|step| step.eq_ignore_ascii_case(&rule.step))
                && rule
                    .times_left
                    .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1))
                    .is_ok()
        };
        self.rules.iter().find(applies).map(|rule| rule.reaction.clone())
    }

    /// The server's name.
    pub(crate) fn name_or_default(&self) -> &str {
        self.name.as_deref().unwrap_or("mx.remote.example")
    }

    /// The answer to EHLO.
    pub(crate) fn ehlo(&self, is_secured: bool) -> String {
        let mut lines = vec![self.name_or_default().to_owned(), "PIPELINING".to_owned()];
        lines.extend(self.extensions.iter().cloned());
        if self.tls.is_some() && !is_secured {
            lines.push("STARTTLS".to_owned());
        }
        let last = lines.len() - 1;
        let line =
            |(at, text): (usize, &String)| format!("250{}{text}\r\n", if at == last { ' ' } else { '-' });
        lines.iter().enumerate().map(line).collect()
    }
}
