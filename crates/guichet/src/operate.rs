//! The operator's commands: asked of the running server, or done on the data itself where no server runs.

use std::sync::Arc;

use guichet_desk::Desk;
use guichet_store::Store;
use guichet_sys::{SystemClock, SystemRandom};

use crate::accounts;
use crate::command::{Answer, Command, Operator};
use crate::config::Configuration;
use crate::control::{self, Asked, Reply};
use crate::data_dir::DataDir;
use crate::failure::Failure;
use crate::translate::store_options;

/// Does what is asked, by the server or in its place.
pub(crate) fn operate(configuration: &Configuration, command: Command) -> Result<Answer, Failure> {
    let directory = DataDir::check(&configuration.data_dir)?;
    let reply = match control::ask(&directory.control_socket(), &command)? {
        Asked::Answered(reply) => reply,
        Asked::NoServer => in_its_place(configuration, &directory, command)?,
    };
    match reply {
        Reply::Done(answer) => Ok(answer),
        Reply::Refused(sentence) => Err(Failure::Refused(sentence)),
    }
}

fn in_its_place(
    configuration: &Configuration,
    directory: &DataDir,
    command: Command,
) -> Result<Reply, Failure> {
    directory.must_hold_data()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(Failure::system("a runtime"))?.block_on(async {
        let store = Store::open(&directory.store(), &store_options(configuration))
            .map_err(|error| Failure::store(directory.path().to_owned(), error))?;
        let done = execute(configuration, directory, &store, command).await;
        store.close().await;
        done
    })
}

async fn execute(
    configuration: &Configuration,
    directory: &DataDir,
    store: &Store,
    command: Command,
) -> Result<Reply, Failure> {
    let random = Arc::new(SystemRandom);
    let accounts = accounts::open(configuration, directory, store, &SystemRandom).await?;
    let desk = Desk::new(store.clone(), accounts, random.clone());
    let done = command.execute(&Operator::new(desk, random, Arc::new(SystemClock))).await;
    Ok(done.map_or_else(|error| Reply::Refused(error.to_string()), Reply::Done))
}
