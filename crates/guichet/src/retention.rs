//! The worker that forgets what has had its time: events and trash that are older than the operator wants them to keep,
//! uploads that nobody used, requests that nobody will repeat any more, whom a machine answered long ago. It also finishes
//! what a stop cut short.

use std::sync::Arc;

use guichet_accounts::{Actor, By, Organisation, Who};
use guichet_desk::{Desk, Error, UPLOAD_HOURS};
use guichet_store::OrganisationId;
use guichet_sys::Clock;
use jiff::{SignedDuration, Timestamp};

use crate::stop::Stop;
use crate::workers::every;

/// How often it looks, in seconds.
const SWEEP_SECS: u64 = 3_600;
/// Hours for which a repeated request is recognised, at least a day whatever the time zone.
const IDEMPOTENCY_HOURS: i64 = 48;
/// Hours for which it is remembered that a machine answered an address: twice what keeps it from doing so again.
const ANSWERED_HOURS: i64 = 48;
/// Hours for which the audit log is kept: two years, so that a question of last year still finds its answer.
const AUDIT_HOURS: i64 = 24 * 730;

/// How long is kept what is kept for some time, in days.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ages {
    /// Events.
    pub(crate) events_days_max: u64,
    /// Tickets in the trash; for ever without it.
    pub(crate) trash_days_max: Option<u64>,
}

/// Forgets now and then, until the server stops.
pub(crate) async fn forget(desk: Desk, clock: Arc<dyn Clock>, ages: Ages, stop: Stop) {
    every(SWEEP_SECS, stop, || look(desk.clone(), clock.now(), ages)).await;
}

async fn look(desk: Desk, now: Timestamp, ages: Ages) {
    match desk.accounts().organisations() {
        Ok(organisations) => {
            for organisation in organisations {
                forget_of(&desk, &organisation, ages, now).await;
            }
        }
        Err(error) => tracing::warn!(%error, "what is old is kept until the next look"),
    }
    let (accounts, audit) = (desk.accounts(), ago(now, AUDIT_HOURS));
    note("the server", "audit log", to_its_end(|| accounts.forget_audit(audit)).await);
    note("the server", "due-table", forget_orphans(&desk).await);
}

/// All that has had its time of one organisation. What can't be read of one thing keeps no other.
async fn forget_of(desk: &Desk, organisation: &Organisation, ages: Ages, now: Timestamp) {
    let (id, slug) = (organisation.id, organisation.slug.as_str());
    note(slug, "deletions", desk.finish_deletions(id, now).await);
    note(slug, "counts", desk.count_anew(id).await.map(drop));
    let events = ago(now, hours_of(ages.events_days_max));
    note(slug, "events", to_its_end(|| desk.forget_events(id, events)).await);
    let uploads = ago(now, UPLOAD_HOURS.into());
    note(slug, "uploads", to_its_end(|| desk.forget_uploads(id, uploads)).await);
    let requests = ago(now, IDEMPOTENCY_HOURS);
    note(slug, "requests", to_its_end(|| desk.forget_idempotency(id, requests)).await);
    note(slug, "answers", forget_answered(desk, id, ago(now, ANSWERED_HOURS)).await);
    if let Some(days) = ages.trash_days_max {
        note(slug, "trash", empty_trash(desk, id, ago(now, hours_of(days)), now).await);
    }
}

fn note(of: &str, what: &str, done: Result<(), Error>) {
    if let Err(error) = done {
        tracing::warn!(of, what, %error, "what is old is kept until the next look");
    }
}

/// Before the calendar began there was nothing.
fn ago(now: Timestamp, hours: i64) -> Timestamp {
    now.checked_sub(SignedDuration::from_hours(hours)).unwrap_or(Timestamp::MIN)
}

fn hours_of(days: u64) -> i64 {
    24 * days.cast_signed()
}

/// Takes one step after the other, as long as there is more to do.
async fn to_its_end<S, E>(mut step: impl FnMut() -> S) -> Result<(), Error>
where
    S: Future<Output = Result<bool, E>>,
    Error: From<E>,
{
    while step().await? {}
    Ok(())
}

async fn forget_orphans(desk: &Desk) -> Result<(), Error> {
    let mut place = desk.forget_orphans(None).await?;
    while place.is_some() {
        place = desk.forget_orphans(place).await?;
    }
    Ok(())
}

async fn forget_answered(desk: &Desk, organisation: OrganisationId, before: Timestamp) -> Result<(), Error> {
    let mut place = desk.forget_answered(organisation, before, None).await?;
    while place.is_some() {
        place = desk.forget_answered(organisation, before, place).await?;
    }
    Ok(())
}

async fn empty_trash(
    desk: &Desk,
    organisation: OrganisationId,
    before: Timestamp,
    now: Timestamp,
) -> Result<(), Error> {
    let system = Actor::system(organisation);
    let by = By { organisation: Some(organisation), who: Who::System, from: None, at: now };
    let mut place = None;
    loop {
        place = desk.empty_trash(&system, &by, Some(before), place, now).await?.next;
        if place.is_none() {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use guichet_store::Store;

    use super::*;
    use crate::command::tests::in_memory_on;

    #[tokio::test]
    async fn an_event_that_can_not_be_read_keeps_nothing_else_of_its_organisation() {
        let store = Store::memory();
        let (desk, now) = (in_memory_on(&store).desk, Timestamp::UNIX_EPOCH);
        let organisation = desk.accounts().create_organisation("acme", "Acme").await.unwrap().id;
        let mut batch = store.of(organisation).batch();
        batch.event(b"harmed".as_slice());
        store.commit(vec![batch]).await.unwrap();
        let actor = Actor::system(organisation);
        let content = desk.upload_writer().unwrap().finish().unwrap();
        let upload = desk.finish_upload(&actor, content, "plan.txt", "text/plain", now).await.unwrap();
        let ages = Ages { events_days_max: 30, trash_days_max: None };
        look(desk.clone(), ago(now, -i64::from(UPLOAD_HOURS) - 1), ages).await;
        assert!(matches!(desk.upload(&actor, upload.id), Err(Error::NotFound(_))), "it had its time");
    }
}
