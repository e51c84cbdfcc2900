//! What every handler has at hand.

use std::ops::Deref;
use std::sync::Arc;

use guichet_accounts::Accounts;
use guichet_web::limits::too_busy;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::events::Hub;
use crate::failure::Failure;
use crate::wiring::Wiring;

/// The API's state. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Api(Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) wiring: Wiring,
    pub(crate) hub: Hub,
    /// Places for files on their way in.
    pub(crate) uploads: Arc<Semaphore>,
    /// Places for those who ask for a new password.
    pub(crate) resets: Arc<Semaphore>,
    downloads: Arc<Semaphore>,
    renderings: Arc<Semaphore>,
}

impl Deref for Api {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}

impl Api {
    pub(crate) fn new(wiring: Wiring) -> Self {
        let hub = Hub::new(wiring.desk.clone(), wiring.stop.clone(), wiring.limits);
        let limits = wiring.limits;
        Self(Arc::new(Inner {
            wiring,
            hub,
            uploads: Arc::new(Semaphore::new(limits.uploads_max)),
            resets: Arc::new(Semaphore::new(limits.resets_max)),
            downloads: Arc::new(Semaphore::new(limits.downloads_max)),
            renderings: Arc::new(Semaphore::new(limits.renderings_max)),
        }))
    }

    pub(crate) fn accounts(&self) -> &Accounts {
        self.wiring.desk.accounts()
    }

    /// A place to send a mail or one of its parts; there is one or there is none.
    pub(crate) fn download_place(&self) -> Result<OwnedSemaphorePermit, Failure> {
        let place = Arc::clone(&self.downloads).try_acquire_owned();
        place.map_err(|_| too_busy("too many downloads are under way").into())
    }

    /// Does work that blocks or that takes the processor for long, away from the async threads, a few at a time.
    pub(crate) async fn render<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        let place = Arc::clone(&self.renderings).acquire_owned().await;
        let done = tokio::task::spawn_blocking(move || {
            let _place = place;
            work()
        });
        done.await.unwrap_or_else(|error| Err(Failure::internal(&error)))
    }
}
