//! The accounts over an open store, with the server's keys made or found: the master key, the key of tokens, the base
//! domain's DKIM keys.

use guichet_accounts::{Accounts, Vault, is_sealed};
use guichet_store::Store;
use guichet_sys::Random;

use crate::config::Configuration;
use crate::data_dir::DataDir;
use crate::dkim_keys;
use crate::failure::Failure;
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
    let vault = Vault::new(master.octets());
    let accounts = Accounts::new(store.clone(), vault, configuration.base_domain.clone());
    let mut seed = [0; 32];
    random.fill(&mut seed);
    accounts.ensure_token_key(seed).await?;
    dkim_keys::ensure_base(&accounts).await?;
    Ok(accounts)
}
