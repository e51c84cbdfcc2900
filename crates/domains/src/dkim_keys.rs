//! DKIM keys: made for the base domain at the first start, for an organisation's own domain when it comes, and anew when
//! somebody asks for a change of keys.
//!
//! A name below the base domain signs with the base domain's keys, so the operator publishes them once.
//!
//! *Security*: an RSA key takes a core for a moment, so few are made at one time, and of one organisation one: who adds
//! and removes domains all the time waits for themselves.

use std::sync::LazyLock;
use std::time::Duration;

use guichet_accounts::{Accounts, DkimAlgorithm, DkimRecord, DkimScope, Error, NewDkimKey, SecretBytes};
use guichet_mail::DomainName;
use guichet_mailauth::sign::SigningKey;
use guichet_store::OrganisationId;
use jiff::Timestamp;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, SemaphorePermit};
use tokio::time::timeout;

use crate::places::Places;

/// Pairs made at one time; further ones wait.
const MAKING_MAX: usize = 2;
/// Pairs of one organisation made at one time.
const MAKING_OF_ORGANISATION_MAX: usize = 1;
/// Seconds that whoever asks for a pair waits for their turn: some ten pairs of everybody's.
const TURN_SECS_MAX: u64 = 10;

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
    let pair = pair(scope, accounts.next_dkim_number(scope)?).await?;
    accounts.rotate_dkim(scope, pair, now).await?;
    match scope {
        DkimScope::Base => accounts.base_dkim_records(),
        DkimScope::Domain(organisation, name) => accounts.dkim_records(*organisation, name),
    }
}

async fn put_first(accounts: &Accounts, scope: &DkimScope) -> Result<(), Error> {
    let pair = pair(scope, accounts.next_dkim_number(scope)?).await?;
    accounts.put_dkim_keys(scope, pair).await
}

/// Where pairs are made.
struct Workshop {
    all: Semaphore,
    of_organisations: Places,
}

static WORKSHOP: LazyLock<Workshop> = LazyLock::new(Workshop::new);

/// The right to make a pair, until it is dropped.
type Turn<'a> = (Option<OwnedSemaphorePermit>, SemaphorePermit<'a>);

impl Workshop {
    fn new() -> Self {
        Self { all: Semaphore::new(MAKING_MAX), of_organisations: Places::new(MAKING_OF_ORGANISATION_MAX) }
    }

    /// Waits for one's turn.
    ///
    /// # Errors
    /// [`Error::Unavailable`] where too many wait before.
    async fn turn(&self, scope: &DkimScope) -> Result<Turn<'_>, Error> {
        let theirs = match scope {
            DkimScope::Base => None,
            DkimScope::Domain(organisation, _) => Some(self.of_organisations.of(*organisation)),
        };
        let turn = async {
            let own = match theirs {
                Some(theirs) => Some(theirs.acquire_owned().await?),
                None => None,
            };
            Ok::<_, tokio::sync::AcquireError>((own, self.all.acquire().await?))
        };
        let busy = || Error::Unavailable("too many DKIM keys are being made at once".to_owned());
        // Neither semaphore is ever closed.
        timeout(Duration::from_secs(TURN_SECS_MAX), turn).await.map_err(|_| busy())?.map_err(|_| busy())
    }
}

/// An RSA key, which every verifier knows, and an Ed25519 key.
async fn pair(scope: &DkimScope, number: u32) -> Result<Vec<NewDkimKey>, Error> {
    let turn = WORKSHOP.turn(scope).await?;
    // Finding two primes takes a moment; the turn lasts until it ends, though who asked be gone.
    let made = tokio::task::spawn_blocking(move || {
        let _turn = turn;
        [SigningKey::generate_rsa(), SigningKey::generate_ed25519()]
    });
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

#[cfg(test)]
mod tests {
    use super::*;

    fn of(organisation: u32) -> DkimScope {
        let name = DomainName::parse("acme.example").unwrap();
        DkimScope::Domain(OrganisationId::new(organisation).unwrap(), name)
    }

    /// Time passes by itself where everybody waits.
    #[tokio::test(start_paused = true)]
    async fn few_keys_are_made_at_once_and_one_organisation_waits_for_itself() {
        let workshop = Workshop::new();
        let busy = async |scope: &DkimScope| matches!(workshop.turn(scope).await, Err(Error::Unavailable(_)));
        let first = workshop.turn(&of(1)).await.unwrap();
        assert!(busy(&of(1)).await);
        let second = workshop.turn(&of(2)).await.unwrap();
        assert!(busy(&of(3)).await && busy(&DkimScope::Base).await);
        drop(first);
        assert!(!busy(&of(1)).await);
        drop(second);
        assert!(!busy(&DkimScope::Base).await);
    }
}
