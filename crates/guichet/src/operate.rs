//! The operator's commands: asked of the running server, or done on the data itself where no server runs.

use std::sync::Arc;

use guichet_desk::Desk;
use guichet_store::Store;
use guichet_sys::{Clock, SystemClock, SystemRandom};

use crate::command::{Answer, Command, Operator};
use crate::config::Configuration;
use crate::control::{self, Asked, Reply};
use crate::data_dir::DataDir;
use crate::failure::Failure;
use crate::translate::{self, store_options};
use crate::{accounts, domains, machine, outside};

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
        done.map_err(|failure| failure.of_data_in(directory.path()))
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
    accounts.ensure_house(SystemClock.now()).await?;
    let desk = Desk::new(store.clone(), accounts, random.clone());
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let host_name = configuration.smtp.hostname.clone().unwrap_or_else(machine::host_name);
    let dns = Arc::new(outside::dns(configuration)?);
    let domains = domains::open(configuration, &host_name, store, &desk, dns, &clock)?;
    let url = translate::public_url(configuration, &host_name, configuration.http.listen.port());
    let operator = Operator::new(desk, domains, random, clock).reached_at(&url);
    let operator = operator.sending(configuration.outbound.mode);
    let done = command.execute(&operator).await;
    Ok(done.map_or_else(|error| Reply::Refused(error.to_string()), Reply::Done))
}
