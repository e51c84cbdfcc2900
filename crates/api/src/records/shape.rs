//! A record as the API shows it.

use guichet_domains::{Checked, Expected, Need};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

/// A DNS record to be published, and what was found when it was last looked at.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DomainRecord)]
pub(crate) struct Record {
    /// Where it stands.
    #[schema(example = "g1._domainkey.demo.example")]
    pub(super) name: String,
    /// Its type: `TXT`, `MX`, `CNAME`.
    #[serde(rename = "type")]
    #[schema(example = "TXT")]
    kind: &'static str,
    /// What it says, as one text. The same in other words will do.
    #[schema(example = "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=")]
    value: String,
    /// The record as a line of a zone file, long texts cut into strings as DNS needs it.
    #[schema(
        example = "g1._domainkey.demo.example. IN TXT \"v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\""
    )]
    zone_line: String,
    /// What it is for: `proof`, `mx`, `spf`, `dkim`, `dmarc`, `mta_sts`, `mta_sts_host`, `tls_rpt`.
    #[schema(example = "dkim")]
    purpose: &'static str,
    /// What does not work without it: `proof` (the domain is not the organisation's), `receiving`, `sending`; `advised`
    /// where nothing depends on it, `done` where it may be removed.
    #[schema(example = "sending")]
    needed_for: &'static str,
    /// Whether something does not work without it.
    #[schema(example = true)]
    required: bool,
    /// Who publishes it: the `organisation`, or the `operator` of this server for its base domain.
    #[schema(example = "organisation")]
    published_by: &'static str,
    /// Of a DKIM key, the domain that signs.
    #[schema(required, example = "demo.example")]
    signing_domain: Option<String>,
    /// Of a DKIM key, its selector.
    #[schema(required, example = "g1")]
    selector: Option<String>,
    /// Of a DKIM key, how it signs.
    #[schema(required, example = "ed25519-sha256")]
    algorithm: Option<&'static str>,
    /// Of a DKIM key, how far it is: `pending` (signs once it is seen), `signing`, `retiring` (signs no more; the record
    /// stays until its mail is through), `retired` (the record may be removed).
    #[schema(required, example = "signing")]
    key_state: Option<&'static str>,
    /// The last look; null before the first.
    #[schema(required)]
    last_check: Option<Look>,
}

/// What was found when somebody looked.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RecordLook)]
pub(crate) struct Look {
    /// `ok`; `missing`; `different`; `unreachable` where nobody could be asked, which says nothing of the record.
    #[schema(example = "different")]
    state: &'static str,
    /// What stands there, as text; of many records the first few.
    #[schema(example = json!(["v=DKIM1; k=ed25519; p="]))]
    found: Vec<String>,
    /// What to do, or to know, in sentences; empty where there is nothing to say.
    #[schema(example = "What stands at g1._domainkey.demo.example can't be used (the key was revoked).")]
    advice: String,
    /// When.
    #[schema(value_type = String, format = DateTime, example = "2026-01-01T00:00:00Z")]
    checked_at: Timestamp,
}

impl Look {
    /// Of a look at this time.
    pub(crate) fn of(look: guichet_domains::Look, checked_at: Timestamp) -> Self {
        Self { state: look.state.as_str(), found: look.found, advice: look.advice, checked_at }
    }
}

impl Record {
    /// Of a record with the last look at it.
    pub(super) fn of(checked: Checked) -> Self {
        let Expected { purpose, name, value, need, publisher, signer } = &checked.expected;
        Self {
            zone_line: checked.expected.zone_line(),
            name: name.clone(),
            kind: value.record_type(),
            value: value.to_string(),
            purpose: purpose.as_str(),
            needed_for: Need::as_str(*need),
            required: need.is_required(),
            published_by: publisher.as_str(),
            signing_domain: signer.as_ref().map(|signer| signer.domain.clone()),
            selector: signer.as_ref().map(|signer| signer.selector.clone()),
            algorithm: signer.as_ref().map(|signer| signer.algorithm.as_str()),
            key_state: signer.as_ref().map(|signer| signer.state.as_str()),
            last_check: checked.last.map(|(look, at)| Look::of(look, at)),
        }
    }

    /// What tells it from others of the domain, in their order: several hosts of one MX differ in preference.
    pub(super) fn place(&self) -> Vec<u8> {
        let preference = self.value.split(' ').next().filter(|_| self.kind == "MX").unwrap_or_default();
        [self.name.as_bytes(), b"\0", self.purpose.as_bytes(), preference.as_bytes()].concat()
    }
}
