//! An agent who writes very much: new mails through the API, held until a set time.

use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use guichet_tests::api::{Api, BASE};
use guichet_tests::installation::Server;
use serde_json::{Value, json};

/// Requests at once.
const WRITERS: usize = 8;
/// Mails a second that are surely written; the time of sending is set by it.
const WRITTEN_PER_SEC_MIN: usize = 150;
/// Seconds on top of it.
const HOLD_SECS: u64 = 15;
/// Characters of the Markdown, which makes a mail of some 5 KB: text, HTML, header.
const TEXT_CHARS: usize = 1_900;

/// Writes through one channel.
#[derive(Debug)]
pub(crate) struct Writer {
    pub(crate) api: Api,
    channel: u64,
}

impl Writer {
    /// Through the channel of the first start.
    pub(crate) fn of(server: &Server<'_>) -> Result<Self> {
        let channels = server.operator(&["channel", "list", "demo"])?;
        let channel = channels.pointer("/items/0/id").and_then(Value::as_u64).context("no channel")?;
        Ok(Self { api: server.api(), channel })
    }

    /// A mail to one stranger, with what else the request shall say.
    pub(crate) fn mail(&self, number: usize, more: Value) -> Value {
        let to = format!("someone{number}@customer{}.example", number % 1_000);
        self.mail_to(number, &[to], more)
    }

    /// A mail to these.
    pub(crate) fn mail_to(&self, number: usize, to: &[String], more: Value) -> Value {
        let sentence = format!("This is what we have to say about your question number {number}. ");
        let text: String = sentence.chars().cycle().take(TEXT_CHARS).collect();
        let mut mail = json!({ "channel": self.channel, "to": to, "subject": format!("Your question {number}"), "text": text });
        if let (Some(mail), Value::Object(more)) = (mail.as_object_mut(), more) {
            mail.extend(more);
        }
        mail
    }

    /// What the server says to one.
    pub(crate) fn post(&self, mail: &Value) -> Result<Value> {
        let fields = [("Content-Type", "application/json")];
        self.api
            .request("POST", &format!("{BASE}/tickets"), &fields, mail.to_string().as_bytes())?
            .expect(201)?
            .json()
    }

    /// Writes so many mails that all leave at one time; answers when.
    pub(crate) fn fill(&self, mails: usize) -> Result<SystemTime> {
        self.fill_with(mails, |number, send_at| self.mail(number, json!({ "send_at": send_at })))
    }

    /// The same with mails of another kind; `mail` gets a number and the time.
    pub(crate) fn fill_with(
        &self,
        mails: usize,
        mail: impl Fn(usize, &str) -> Value + Sync,
    ) -> Result<SystemTime> {
        let secs = HOLD_SECS + (mails / WRITTEN_PER_SEC_MIN) as u64;
        let release = SystemTime::now() + Duration::from_secs(secs);
        let send_at = timestamp(release);
        self.write(mails, |number| mail(number, &send_at))?;
        anyhow::ensure!(SystemTime::now() < release, "writing {mails} mails took longer than {secs} s");
        Ok(release)
    }

    /// Writes so many, several at once.
    pub(crate) fn write(&self, mails: usize, mail: impl Fn(usize) -> Value + Sync) -> Result<()> {
        let one = |at: usize| {
            (at..mails).step_by(WRITERS).try_for_each(|number| self.post(&mail(number)).map(drop))
        };
        thread::scope(|scope| {
            let writers: Vec<_> = (0..WRITERS).map(|at| scope.spawn(move || one(at))).collect();
            writers
                .into_iter()
                .try_for_each(|writer| writer.join().unwrap_or_else(|_| anyhow::bail!("a writer broke")))
        })
    }
}

/// As the API has times.
pub(crate) fn timestamp(time: SystemTime) -> String {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    jiff::Timestamp::from_second(since.as_secs().cast_signed()).unwrap_or_default().to_string()
}

pub(crate) fn wait_for(time: SystemTime) {
    thread::sleep(time.duration_since(SystemTime::now()).unwrap_or_default());
}

#[expect(clippy::cast_precision_loss, reason = "a count of mails")]
pub(crate) fn per_second(mails: usize, took: Duration) -> f64 {
    mails as f64 / took.as_secs_f64().max(f64::MIN_POSITIVE)
}

#[expect(clippy::cast_precision_loss, reason = "a count of mails")]
pub(crate) fn per_thousand(secs: f64, mails: usize) -> f64 {
    secs * 1e3 / mails.max(1) as f64
}
