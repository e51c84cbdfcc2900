//! A deliverer without a network: it leases what is due and says what came of it, as a test wants it.

use guichet_desk::{Attempt, DeliveryId, Fate};
use jiff::Timestamp;
use serde_json::Value;

use super::world::World;

/// The signature that stood before each mail.
pub(super) const SIGNATURE: &str = "DKIM-Signature: v=1; a=ed25519-sha256; d=acme.example; s=g1\r\n";

/// An hour after the world began: what is not held for longer is due.
fn later() -> Timestamp {
    "2026-01-01T01:00:00Z".parse().unwrap()
}

impl World {
    /// Attempts a delivery, with this outcome and these words of the remote server.
    pub(super) async fn attempt(&self, delivery: &Value, fate: Fate, text: &str) {
        self.attempt_of(self.acme, delivery, fate, text).await;
    }

    /// The same of another organisation's.
    pub(super) async fn attempt_of(
        &self,
        organisation: guichet_store::OrganisationId,
        delivery: &Value,
        fate: Fate,
        text: &str,
    ) {
        let id: DeliveryId = delivery["id"].as_str().unwrap().parse().unwrap();
        let lease = self.desk.lease(organisation, id, later()).await.unwrap().expect("it is due");
        let attempt = Attempt {
            started: later(),
            ended: later(),
            host: Some("mx.customer.example".to_owned()),
            address: Some("192.0.2.25:25".to_owned()),
            tls: Some("TLSv1.3 TLS13_AES_256_GCM_SHA384".to_owned()),
            fate,
            stage: "rcpt".to_owned(),
            code: text.get(..3).and_then(|code| code.parse().ok()),
            status: text.split(' ').nth(1).map(str::to_owned),
            text: text.to_owned(),
            signature: Some(SIGNATURE.to_owned()),
        };
        self.desk.attempted(&lease, &attempt).await.unwrap();
    }
}
