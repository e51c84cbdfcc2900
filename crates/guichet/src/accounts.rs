//! The accounts over an open store, with the server's keys made or found: the master key, the key of tokens, the base
//! domain's DKIM keys.

use guichet_accounts::{Accounts, is_sealed};
use guichet_domains::dkim_keys;
use guichet_store::Store;
use guichet_sys::Random;

use crate::config::Configuration;
use crate::data_dir::DataDir;
use crate::failure::Failure;
use crate::key_change::KeyChange;
use crate::master_key::MasterKey;

/// Opens them; what is missing of the keys is made.
pub(crate) async fn open(
    configuration: &Configuration,
    directory: &DataDir,
    store: &Store,
    random: &dyn Random,
) -> Result<Accounts, Failure> {
    let may_make = !is_sealed(store)?;
    let master = MasterKey::obtain(configuration.master_key.as_ref(), directory, may_make, random)?;
    let change = KeyChange::begun(directory, master)?;
    let accounts = Accounts::new(store.clone(), change.vault(), configuration.base_domain.clone());
    let mut seed = [0; 32];
    random.fill(&mut seed);
    accounts.ensure_token_key(seed).await?;
    change.finish(configuration.master_key.is_some(), directory, &accounts).await?;
    accounts.ensure_log_in_names().await?;
    dkim_keys::ensure_base(&accounts).await?;
    Ok(accounts)
}
