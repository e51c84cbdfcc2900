//! What a command of the operator stands on: the desk, randomness and time; and the accounts, where each change is noted
//! as the operator's.

use std::sync::Arc;

use guichet_accounts::{Accounts, By, Who};
use guichet_desk::Desk;
use guichet_domains::Domains;
use guichet_sys::{Clock, Random};
use jiff::Timestamp;

use crate::config::{OutboundMode, PublicUrl};

/// The operator at the command line. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Operator {
    /// The help desk, for mail that a command sends.
    pub(crate) desk: Desk,
    /// The records of domains in DNS.
    pub(crate) domains: Domains,
    /// Where secrets come from.
    pub(crate) random: Arc<dyn Random>,
    /// The beginning of each link that a command writes.
    pub(crate) public_url: String,
    /// Whether mail leaves.
    pub(crate) mode: OutboundMode,
    clock: Arc<dyn Clock>,
}

impl Operator {
    /// Over this desk and its accounts.
    pub(crate) fn new(desk: Desk, domains: Domains, random: Arc<dyn Random>, clock: Arc<dyn Clock>) -> Self {
        let public_url = format!("https://{}", desk.accounts().base_domain());
        Self { desk, domains, random, public_url, mode: OutboundMode::Capture, clock }
    }

    /// The same, where people reach the server there.
    pub(crate) fn reached_at(self, public_url: &PublicUrl) -> Self {
        Self { public_url: public_url.to_string(), ..self }
    }

    /// The same, where mail leaves or does not.
    pub(crate) fn sending(self, mode: OutboundMode) -> Self {
        Self { mode, ..self }
    }

    /// The accounts; what is changed through them is the operator's doing, now.
    pub(crate) fn accounts(&self) -> Accounts {
        let by = By { organisation: None, who: Who::Operator, from: None, at: self.now() };
        self.desk.accounts().on_behalf(by)
    }

    /// The present instant.
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }
}
