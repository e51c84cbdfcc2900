//! Certificates of other people's servers, good ones and bad ones.

use anyhow::{Context, Result};
use rcgen::{CertificateParams, KeyPair, date_time_ymd};

/// A certificate that its owner signed, with its key.
#[derive(Debug)]
pub struct Certificate {
    chain: String,
    key: String,
}

impl Certificate {
    /// Good for that name, for years to come.
    pub fn of(name: &str) -> Result<Self> {
        Self::made(&CertificateParams::new([name.to_owned()]).context("a certificate")?)
    }

    /// The same, but it ended long ago.
    pub fn expired(name: &str) -> Result<Self> {
        let mut params = CertificateParams::new([name.to_owned()]).context("a certificate")?;
        params.not_before = date_time_ymd(2019, 1, 1);
        params.not_after = date_time_ymd(2020, 1, 1);
        Self::made(&params)
    }

    fn made(params: &CertificateParams) -> Result<Self> {
        let key = KeyPair::generate().context("a key")?;
        let chain = params.self_signed(&key).context("a certificate")?.pem();
        Ok(Self { chain, key: key.serialize_pem() })
    }

    /// Key and chain, as a server wants them.
    pub fn pem(&self) -> String {
        format!("{}{}", self.key, self.chain)
    }

    /// The chain alone, as one who trusts it wants it.
    pub fn chain(&self) -> &str {
        &self.chain
    }
}
