//! An agent at work: through the API, and by the event stream.

use anyhow::{Context, Result, bail};
use guichet_tests::api::{Api, BASE, Response};
use guichet_tests::events::{Event, Events};
use guichet_tests::installation::Server;
use guichet_tests::wait::{ANSWER_SECS_MAX, until};
use serde_json::{Value, json};

use crate::letters::every;

/// The admin of the first start.
pub(crate) struct Agent {
    pub(crate) api: Api,
    events: Events,
}

impl Agent {
    /// Listens from now on.
    pub(crate) fn of(server: &Server<'_>) -> Result<Self> {
        Self::by(server.api())
    }

    /// With the token of another.
    pub(crate) fn by(api: Api) -> Result<Self> {
        let events = api.events(None)?;
        Ok(Self { api, events })
    }

    /// The next event of this kind; those before it are passed over.
    pub(crate) fn next(&mut self, kind: &str) -> Result<Event> {
        self.events.find(|event| event.event == kind).with_context(|| format!("waiting for {kind}"))
    }

    /// The ticket that the next mail begins.
    pub(crate) fn next_ticket(&mut self) -> Result<u64> {
        self.next("ticket.created")?.data["ticket"].as_u64().context("no ticket")
    }

    /// The message that joins a ticket next.
    pub(crate) fn next_message(&mut self) -> Result<Value> {
        let event = self.next("message.received")?;
        self.message(&event.data["message"])
    }

    /// A message.
    pub(crate) fn message(&self, number: &Value) -> Result<Value> {
        self.api.get(&format!("/messages/{number}"))
    }

    /// A message that is kept aside.
    pub(crate) fn quarantined(&self, number: &Value) -> Result<Value> {
        self.api.get(&format!("/quarantine/{number}"))
    }

    /// A ticket.
    pub(crate) fn ticket(&self, number: u64) -> Result<Value> {
        self.api.get(&format!("/tickets/{number}"))
    }

    /// The messages of a ticket, the first first.
    pub(crate) fn messages(&self, ticket: u64) -> Result<Vec<Value>> {
        every(&self.api, &format!("/tickets/{ticket}/messages"))
    }

    /// Sends JSON.
    pub(crate) fn post(&self, path: &str, body: &Value) -> Result<Response> {
        let fields = [("Content-Type", "application/json")];
        self.api.request("POST", &format!("{BASE}{path}"), &fields, body.to_string().as_bytes())
    }

    /// Answers a ticket, with more members of the request: what was written, with its deliveries.
    pub(crate) fn reply(&self, ticket: u64, more: Value) -> Result<Written> {
        let mut body = json!({ "kind": "reply", "text": "Dear Ada,\n\nwe are **on our way**." });
        if let (Value::Object(body), Value::Object(more)) = (&mut body, more) {
            body.extend(more);
        }
        let answer = self.post(&format!("/tickets/{ticket}/messages"), &body)?.expect(201)?;
        Ok(Written(answer.json()?))
    }

    /// A delivery with its attempts.
    pub(crate) fn delivery(&self, id: &str) -> Result<Value> {
        self.api.get(&format!("/deliveries/{id}"))
    }

    /// Waits until a delivery stands so.
    pub(crate) fn until(&mut self, id: &str, state: &str) -> Result<Value> {
        self.until_that(id, |delivery| delivery["state"] == state).with_context(|| format!("until {state}"))
    }

    /// Waits until something holds of a delivery.
    pub(crate) fn until_that(&mut self, id: &str, holds: impl Fn(&Value) -> bool) -> Result<Value> {
        loop {
            let delivery = self.delivery(id)?;
            if holds(&delivery) {
                return Ok(delivery);
            }
            let changed =
                self.events.find(|event| event.event == "delivery.changed" && event.data["delivery"] == id);
            changed.with_context(|| format!("{delivery:#}"))?;
        }
    }

    /// Does something to a delivery, `retry` or `cancel`: asked again where it is being sent just then.
    pub(crate) fn act(&self, id: &str, what: &str) -> Result<()> {
        let mut last = String::new();
        let done = until(what, ANSWER_SECS_MAX, || {
            let answer = self.post(&format!("/deliveries/{id}/{what}"), &json!({})).ok()?;
            last = answer.text();
            (answer.status == 200).then_some(())
        });
        done.with_context(|| last.clone())
    }
}

/// What a writing was answered with.
#[derive(Debug)]
pub(crate) struct Written(pub(crate) Value);

impl Written {
    /// Its Message-ID.
    pub(crate) fn message_id(&self) -> Result<String> {
        Ok(self.0["message"]["message_id"].as_str().context("no Message-ID")?.to_owned())
    }

    /// The delivery to the only recipient.
    pub(crate) fn delivery(&self) -> Result<String> {
        match self.0["deliveries"].as_array().map(Vec::as_slice) {
            Some([one]) => Ok(one["id"].as_str().context("no id")?.to_owned()),
            other => bail!("not one delivery: {other:?}"),
        }
    }

    /// The delivery to this recipient.
    pub(crate) fn delivery_to(&self, recipient: &str) -> Result<String> {
        let all = self.0["deliveries"].as_array().context("no deliveries")?;
        let one = all.iter().find(|delivery| delivery["recipient"] == recipient);
        let one = one.with_context(|| format!("none to {recipient}: {}", self.0))?;
        Ok(one["id"].as_str().context("no id")?.to_owned())
    }
}

/// What the other side said at a delivery's latest attempt.
pub(crate) fn last_words(delivery: &Value) -> (u64, &str) {
    let last = &delivery["last_attempt"];
    (last["code"].as_u64().unwrap_or_default(), last["text"].as_str().unwrap_or_default())
}
