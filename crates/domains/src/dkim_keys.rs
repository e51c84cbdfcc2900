//! DKIM keys: made for the base domain at the first start, for an organisation's own domain when it comes, and anew when
//! somebody asks for a change of keys.
//!
//! A name below the base domain signs with the base domain's keys, so the operator publishes them once.

use guichet_accounts::{Accounts, DkimAlgorithm, DkimRecord, DkimScope, Error, NewDkimKey, SecretBytes};
use guichet_mail::DomainName;
use guichet_mailauth::sign::SigningKey;
use guichet_store::OrganisationId;
use jiff::Timestamp;

/// What the selectors of a pair begin with; the number of the pair follows.
const RSA_SELECTOR: &str = "guichet-rsa";
const ED25519_SELECTOR: &str = "guichet-ed25519";

/// Gives the base domain its keys, if it has none.
pub async fn ensure_base(accounts: &Accounts) -> Result<(), Error> {
    if !accounts.base_dkim_records()?.is_empty() {
        return Ok(());
    }
    put_first(accounts, &DkimScope::Base).await
}

/// Gives a domain of an organisation keys of its own, unless those of a domain above sign for it.
pub async fn ensure_own(
    accounts: &Accounts,
    organisation: OrganisationId,
    domain: &DomainName,
) -> Result<(), Error> {
    if !accounts.dkim_records(organisation, domain)?.is_empty() {
        return Ok(());
    }
    match put_first(accounts, &DkimScope::Domain(organisation, domain.clone())).await {
        // Another was quicker.
        Err(Error::Taken { .. }) => Ok(()),
        put => put,
    }
}

/// Begins a change of keys: makes a pair, which signs once its records are seen. All records of the domain then.
pub async fn rotate(
    accounts: &Accounts,
    scope: &DkimScope,
    now: Timestamp,
) -> Result<Vec<DkimRecord>, Error> {
    // Before anything is made: making keys takes the processor for a moment.
    accounts.check_dkim_settled(scope)?;
    let pair = pair(accounts.next_dkim_number(scope)?).await?;
    accounts.rotate_dkim(scope, pair, now).await?;
    match scope {
        DkimScope::Base => accounts.base_dkim_records(),
        DkimScope::Domain(organisation, name) => accounts.dkim_records(*organisation, name),
    }
}

async fn put_first(accounts: &Accounts, scope: &DkimScope) -> Result<(), Error> {
    let pair = pair(accounts.next_dkim_number(scope)?).await?;
    accounts.put_dkim_keys(scope, pair).await
}

/// An RSA key, which every verifier knows, and an Ed25519 key.
async fn pair(number: u32) -> Result<Vec<NewDkimKey>, Error> {
    // Finding two primes takes a moment.
    let made = tokio::task::spawn_blocking(|| [SigningKey::generate_rsa(), SigningKey::generate_ed25519()]);
    let failed = |why: String| Error::Unavailable(format!("no DKIM key can be made: {why}"));
    let [rsa, ed25519] = made.await.map_err(|error| failed(error.to_string()))?;
    let new = |selector: &str, algorithm, key: SigningKey| NewDkimKey {
        selector: format!("{selector}-{number}"),
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
