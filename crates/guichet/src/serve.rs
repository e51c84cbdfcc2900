//! `guichet serve`: from a configuration to a running server, and to its end.
//!
//! *Must hold*: the order of the start. What can fail without a trace on disk comes first (configuration, data directory
//! looked at, sockets, DNS, certificate); then the data; then the first start; then "Ready.". The store is closed last,
//! whatever happened.

use std::sync::Arc;

use guichet_accounts::Accounts;
use guichet_intake::Intake;
use guichet_outbound::Outbound;
use guichet_store::Store;
use guichet_sys::{Clock as _, SystemClock, SystemRandom};
use tokio::net::TcpListener;

use crate::config::{Configuration, Loaded};
use crate::data_dir::DataDir;
use crate::failure::Failure;
use crate::outside::{self, Outside};
use crate::signals::Signals;
use crate::stop::Stop;
use crate::tasks::Tasks;
use crate::wiring::House;
use crate::{accounts, announce, cautions};
use crate::{control, first_start, http, logging, machine, metrics, translate, workers};

/// Serves until a signal comes.
pub(crate) fn run(loaded: &Loaded) -> Result<(), Failure> {
    logging::start(&loaded.configuration.log.level);
    if let Some(file) = &loaded.file {
        tracing::info!("configured by {}", file.display());
    }
    for variable in &loaded.strangers {
        tracing::warn!("{variable} is no setting and is left alone");
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime.map_err(Failure::system("a runtime"))?.block_on(serve(&loaded.configuration))
}

async fn serve(configuration: &Configuration) -> Result<(), Failure> {
    let signals = Signals::catch().map_err(Failure::system("catching signals"))?;
    machine::raise_descriptors_max();
    let directory = DataDir::check(&configuration.data_dir)?;
    let outside = Outside::obtain(configuration).await?;
    directory.make()?;
    let store = Store::open(&directory.store(), &translate::store_options(configuration))
        .map_err(|error| Failure::store(directory.path().to_owned(), error))?;
    let outcome = serve_store(configuration, &directory, outside, store.clone(), signals).await;
    store.close().await;
    outcome.map_err(|failure| failure.of_data_in(directory.path()))
}

async fn serve_store(
    configuration: &Configuration,
    directory: &DataDir,
    outside: Outside,
    store: Store,
    mut signals: Signals,
) -> Result<(), Failure> {
    let accounts = accounts::open(configuration, directory, &store, &SystemRandom).await?;
    let (base_domain, now) = (&configuration.base_domain, SystemClock.now());
    let first = first_start::ensure(directory, &accounts, base_domain, &SystemRandom, now).await?;
    accounts.ensure_house(now).await?;
    accounts.ensure_base_domain().await?;
    let addresses = outside.sockets.addresses().map_err(Failure::system("an address"))?;
    let public_url = translate::public_url(configuration, &outside.host_name, addresses.http.port());
    cautions::say(configuration, &public_url, &store, &accounts)?;
    let tasks = start(configuration, directory, outside, store, accounts)?;
    let unsaid = || Failure::system("writing to standard output");
    announce::announce(first.as_ref(), &addresses, configuration).map_err(unsaid())?;
    // Before the last word: who has read it may end the process, and the token that was shown stays good.
    directory.close_first_start().map_err(Failure::system("ending the first start"))?;
    announce::ready().map_err(unsaid())?;
    tasks.run(&mut signals).await
}

fn start(
    configuration: &Configuration,
    directory: &DataDir,
    outside: Outside,
    store: Store,
    accounts: Accounts,
) -> Result<Tasks, Failure> {
    let socket = directory.control_socket();
    let control = control::bind(&socket).map_err(|error| Failure::Control { path: socket, error })?;
    let tls = outside::tls(configuration, outside.given_tls, &outside.host_name)?.map(Arc::new);
    let metrics = metrics::record()?;

    let own = outside.sockets.addresses().map_err(Failure::system("an address"))?;
    let house = House::new(configuration, store, accounts, outside.host_name, outside.dns)?;
    let mut tasks = Tasks::new();
    let stop = tasks.stop();
    let outbound = house.outbound(configuration, own.smtp.clone())?;
    tasks.start("the deliverer", deliver(outbound, stop.clone()));
    let intake = house.intake(configuration, tls.as_deref());
    tasks.start("SMTP", take_mail(intake, outside.sockets.smtp, stop.clone()));
    let served = house.http(configuration, tls.as_deref(), own.http.port(), metrics.clone(), &stop);
    tasks.start("HTTP", http::serve(outside.sockets.http, served, stop.clone()));
    tasks.start("the control socket", control::serve(control, house.operator(configuration), stop.clone()));
    if let Some(tls) = tls {
        tasks.start("the watch over the certificate", workers::watch_certificate(tls, stop.clone()));
    }
    tasks.start("the watch over domains", house.watch(&stop));
    tasks.start("the timers", house.timers(stop.clone()));
    tasks.start("the retention", house.retention(configuration, stop.clone()));
    tasks.start("the room of deleted mail", house.room(stop.clone()));
    tasks.start("the upkeep of metrics", workers::keep_metrics(metrics, stop));
    Ok(tasks)
}

async fn deliver(outbound: Outbound, stop: Stop) {
    let stopped = outbound.run(stop.receiver()).await;
    tracing::info!(finished = stopped.finished, cut = stopped.cut, "nothing more is sent");
}

async fn take_mail(intake: Intake, listeners: Vec<TcpListener>, stop: Stop) {
    let stopped = intake.serve(listeners, stop.receiver()).await;
    tracing::info!(finished = stopped.finished, cut = stopped.cut, "SMTP is closed");
}
