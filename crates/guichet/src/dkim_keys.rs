//! DKIM keys: made for the base domain at the first start, and for an organisation's own domain when it comes.
//!
//! A claimed subdomain signs with the base domain's keys, so the operator publishes them once.

use guichet_accounts::{Accounts, DkimAlgorithm, DkimScope, Error, NewDkimKey, SecretBytes};
use guichet_mail::DomainName;
use guichet_mailauth::sign::SigningKey;
use guichet_store::OrganisationId;

/// The selectors of the first pair of keys; a later pair takes the next number.
const RSA_SELECTOR: &str = "guichet-rsa-1";
const ED25519_SELECTOR: &str = "guichet-ed25519-1";

/// Gives the base domain its keys, if it has none.
pub(crate) async fn ensure_base(accounts: &Accounts) -> Result<(), Error> {
    if !accounts.base_dkim_records()?.is_empty() {
        return Ok(());
    }
    accounts.put_dkim_keys(&DkimScope::Base, pair().await?).await
}

/// Gives a domain of an organisation keys of its own, unless the base domain's sign for it.
pub(crate) async fn ensure_own(
    accounts: &Accounts,
    organisation: OrganisationId,
    domain: &DomainName,
) -> Result<(), Error> {
    if !accounts.dkim_records(organisation, domain)?.is_empty() {
        return Ok(());
    }
    accounts.put_dkim_keys(&DkimScope::Domain(organisation, domain.clone()), pair().await?).await
}

/// An RSA key, which every verifier knows, and an Ed25519 key.
async fn pair() -> Result<Vec<NewDkimKey>, Error> {
    // Finding two primes takes a moment.
    let made = tokio::task::spawn_blocking(|| [SigningKey::generate_rsa(), SigningKey::generate_ed25519()]);
    let failed = |why: String| Error::Unavailable(format!("no DKIM key can be made: {why}"));
    let [rsa, ed25519] = made.await.map_err(|error| failed(error.to_string()))?;
    let new = |selector: &str, algorithm, key: SigningKey| NewDkimKey {
        selector: selector.to_owned(),
        algorithm,
        record: key.record(),
        pkcs8: SecretBytes::from(key.to_pkcs8()),
    };
    Ok(vec![
        new(RSA_SELECTOR, DkimAlgorithm::RsaSha256, rsa.map_err(|error| failed(error.to_string()))?),
        new(
            ED25519_SELECTOR,
            DkimAlgorithm::Ed25519Sha256,
            ed25519.map_err(|error| failed(error.to_string()))?,
        ),
    ])
}
