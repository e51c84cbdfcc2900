//! What a server's words mean for a delivery.
//!
//! *Must hold*: only a refusal of this very mail is for ever. What refuses the connection, what concerns our own rights or
//! quota, and what we don't understand is for now. A mail whose fate is unknown is never given to another server in
//! the same attempt.
//!
//! *Standards*: RFC 5321, sections 4.2.1, 4.5.4.1; RFC 3463 (status codes); RFC 6647 (greylisting).

use guichet_desk::{Fate, Retry};
use guichet_mail::report::is_quota;
use guichet_smtp::{ConnectionFailure, Outcome, RemoteReply, Stage, TransactionResult};

/// What came of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Judgement {
    pub(crate) fate: Fate,
    /// `connect`, `greeting`, `mail`, `rcpt`, `data`, `content`, `dns`, ...
    pub(crate) stage: &'static str,
    pub(crate) code: Option<u16>,
    pub(crate) status: Option<String>,
    pub(crate) text: String,
}

/// Whether another server of the destination may be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// This is the answer.
    Final(Judgement),
    /// It says nothing about the mail: the next server may take it.
    NextServer(Judgement),
}

impl Judgement {
    /// In our own words.
    pub(crate) fn ours(fate: Fate, stage: &'static str, status: &str, text: impl Into<String>) -> Self {
        Self { fate, stage, code: None, status: Some(status.to_owned()), text: text.into() }
    }

    pub(crate) fn deferred(stage: &'static str, status: &str, text: impl Into<String>) -> Self {
        Self::ours(Fate::Deferred(Retry::AsScheduled), stage, status, text)
    }

    pub(crate) fn refused(stage: &'static str, status: &str, text: impl Into<String>) -> Self {
        Self::ours(Fate::Refused, stage, status, text)
    }

    /// Of two servers that were asked in turn: as long as one may take the mail later, it is not refused.
    pub(crate) fn or_later(self, later: Self) -> Self {
        match (self.fate, later.fate) {
            (Fate::Deferred(_), Fate::Refused) => self,
            _ => later,
        }
    }
}

/// What the end of a transaction means.
pub(crate) fn transaction(result: &TransactionResult) -> Verdict {
    let reply = result.reply();
    let judgement = Judgement {
        fate: fate(result),
        stage: stage(result.stage),
        code: reply.map(|reply| reply.code),
        status: result.status().map(|status| status.to_string()),
        text: words(reply, result),
    };
    match &result.outcome {
        // What was sent whole may have arrived: another server would deliver it a second time at once.
        Outcome::Lost(_) if !result.is_unknown() => Verdict::NextServer(judgement),
        _ => Verdict::Final(judgement),
    }
}

/// What a connection means that never came to a transaction.
pub(crate) fn connection(failure: &ConnectionFailure) -> Judgement {
    let reply = failure.reply();
    let fate = if failure.is_permanent() { Fate::Refused } else { Fate::Deferred(Retry::AsScheduled) };
    Judgement {
        fate,
        stage: stage(failure.stage),
        code: reply.map(|reply| reply.code),
        status: failure.status().map(|status| status.to_string()),
        text: words(reply, failure),
    }
}

fn fate(result: &TransactionResult) -> Fate {
    if result.is_accepted() {
        return Fate::Delivered;
    }
    let Outcome::Refused(reply) = &result.outcome else {
        let is_for_ever = matches!(result.outcome, Outcome::Unsendable(_));
        return if is_for_ever { Fate::Refused } else { Fate::Deferred(Retry::AsScheduled) };
    };
    let status = reply.status.map(|status| status.to_string());
    if is_quota(reply.code, status.as_deref(), &reply.text) {
        Fate::Deferred(Retry::Late)
    } else if result.is_permanent() {
        Fate::Refused
    } else if is_greylisting(reply) {
        Fate::Deferred(Retry::Soon)
    } else {
        Fate::Deferred(Retry::AsScheduled)
    }
}

/// RFC 6647, section 2.7 gives `450` and `451`; the rest is what greylisting programs say of themselves.
fn is_greylisting(reply: &RemoteReply) -> bool {
    const WORDS: [&str; 5] = ["greylist", "graylist", "grey list", "gray list", "postgrey"];
    let text = reply.text.to_ascii_lowercase();
    matches!(reply.code, 450 | 451) && WORDS.iter().any(|word| text.contains(word))
}

/// The remote's words alone where it said some: code and status stand beside them.
fn words(reply: Option<&RemoteReply>, otherwise: &impl ToString) -> String {
    match reply {
        Some(reply) if !reply.text.is_empty() => reply.text.clone(),
        _ => otherwise.to_string(),
    }
}

fn stage(stage: Stage) -> &'static str {
    match stage {
        Stage::Connect => "connect",
        Stage::Greeting => "greeting",
        Stage::Hello => "ehlo",
        Stage::StartTls => "starttls",
        Stage::Auth => "auth",
        Stage::Idle => "idle",
        Stage::Reset => "rset",
        Stage::MailFrom => "mail",
        Stage::RcptTo => "rcpt",
        Stage::Data => "data",
        Stage::Content | Stage::FinalReply => "content",
        Stage::Quit => "quit",
    }
}
