//! Sessions: who is logged in, from where, since when.
//!
//! *Must hold*: a session opens something while its person may enter, its organisation is not suspended, and neither of
//! its times has passed. Its secret is kept as a digest. All sessions of a person end in one commit, by the person's
//! epoch; their rows go with the next log-in.

mod enter;
mod log_in;
mod password;

use std::net::IpAddr;

use guichet_store::{Direction, OrganisationId};
use jiff::{SignedDuration, Timestamp};
use minicbor::{Decode, Encode};

pub use log_in::{LogIn, LogInError, LoggedIn};

use crate::records::{Person, PersonStatus, Role};
use crate::stored::{self, change};
use crate::{Accounts, Actor, Deed, Error, PersonId, Scopes, Secret, SessionId, Sight, Who, keys};

/// Days after which a session that nobody uses ends.
const IDLE_DAYS: i64 = 14;
/// Days after which every session ends.
const LIFE_DAYS: i64 = 60;
/// Minutes between two notes of when a session was last seen.
const SEEN_MINUTES: i64 = 10;
/// Sessions of one person; the one longest unseen makes room.
pub(crate) const SESSIONS_MAX: usize = 50;
/// Characters kept of what a browser says of itself.
const AGENT_CHARS_MAX: usize = 200;

/// A session as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Session {
    /// Its number, for lists and for ending it.
    #[n(0)]
    pub id: SessionId,
    /// The organisation that it opens.
    #[n(1)]
    pub organisation: OrganisationId,
    /// Whose it is.
    #[n(2)]
    pub person: PersonId,
    /// When they logged in.
    #[cbor(n(3), with = "guichet_store::time")]
    pub created: Timestamp,
    /// When it was last seen, to ten minutes.
    #[cbor(n(4), with = "guichet_store::time")]
    pub seen: Timestamp,
    /// From which address of the network they logged in.
    #[n(5)]
    pub from: Option<IpAddr>,
    /// What the browser says of itself.
    #[n(6)]
    pub agent: String,
    #[n(7)]
    pub(crate) epoch: u64,
}

/// Who presents the secret of a session.
#[derive(Debug, Clone)]
pub struct SignedIn {
    /// Who, and what they may.
    pub actor: Actor,
    /// By which session.
    pub session: SessionId,
}

impl Session {
    /// When it ends if nobody uses it.
    pub fn expires(&self) -> Timestamp {
        let after = |at: Timestamp, days: i64| at.saturating_add(SignedDuration::from_hours(24 * days));
        let idle = after(self.seen, IDLE_DAYS).unwrap_or(self.seen);
        idle.min(after(self.created, LIFE_DAYS).unwrap_or(self.created))
    }

    fn is_of(&self, person: &Person, now: Timestamp) -> bool {
        person.status == PersonStatus::Active
            && self.epoch == person.epoch.unwrap_or(0)
            && now < self.expires()
    }
}

impl Accounts {
    /// Who presents this secret; `None` when it opens nothing (any more).
    pub async fn session(&self, secret: &Secret, now: Timestamp) -> Result<Option<SignedIn>, Error> {
        let row = keys::session(&secret.digest());
        let found: Option<Session> = stored::get(&self.store.operator().snapshot()?, "session", &row)?;
        let Some(session) = found else { return Ok(None) };
        let Some(person) = self.active_person(session.organisation, session.person)? else {
            return Ok(None);
        };
        if !session.is_of(&person, now) {
            return Ok(None);
        }
        let signed_in = SignedIn {
            actor: actor(session.organisation, &person, person.role.scopes()),
            session: session.id,
        };
        if now.duration_since(session.seen) >= SignedDuration::from_mins(SEEN_MINUTES) {
            self.note_seen(secret, now).await;
        }
        Ok(Some(signed_in))
    }

    /// A person who may enter, of an organisation that may go on.
    pub(crate) fn active_person(
        &self,
        organisation: OrganisationId,
        id: PersonId,
    ) -> Result<Option<Person>, Error> {
        if self.is_suspended(organisation)? { Ok(None) } else { self.enabled_person(organisation, id) }
    }

    /// A person who may enter, if their organisation may go on.
    pub(crate) fn enabled_person(
        &self,
        organisation: OrganisationId,
        id: PersonId,
    ) -> Result<Option<Person>, Error> {
        match self.person(organisation, id) {
            Ok(person) => Ok(Some(person).filter(|person| person.status == PersonStatus::Active)),
            Err(Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Notes that a session was used. It goes on where that can't be written.
    async fn note_seen(&self, secret: &Secret, now: Timestamp) {
        let row = keys::session(&secret.digest());
        let noted = change(&self.store, || {
            let mut operator = self.store.operator().snapshot()?;
            let Some(bytes) = operator.read(&row)? else { return Ok((Vec::new(), ())) };
            let session = Session { seen: now, ..stored::decode("session", &bytes)? };
            let mut batch = operator.batch();
            batch.put(row.clone(), stored::encode(&session));
            Ok((vec![batch], ()))
        });
        if let Err(error) = noted.await {
            tracing::debug!(%error, "when a session was last seen is not noted");
        }
    }

    /// Ends the session of this secret, if it is one.
    pub async fn log_out(&self, secret: &Secret) -> Result<(), Error> {
        let digest = secret.digest();
        let found: Option<Session> =
            stored::get(&self.store.operator().snapshot()?, "session", &keys::session(&digest))?;
        let Some(session) = found else { return Ok(()) };
        self.end_session(session.organisation, session.person, session.id).await
    }

    /// The sessions of a person that open something now, the oldest first.
    pub fn sessions(
        &self,
        organisation: OrganisationId,
        person: PersonId,
        now: Timestamp,
    ) -> Result<Vec<Session>, Error> {
        let person = self.person(organisation, person)?;
        let all = self.session_rows(organisation, person.id)?;
        Ok(all
            .into_iter()
            .map(|(_, session)| session)
            .filter(|session| session.is_of(&person, now))
            .collect())
    }

    /// Every session of a person that has rows, with its digest.
    pub(crate) fn session_rows(
        &self,
        organisation: OrganisationId,
        person: PersonId,
    ) -> Result<Vec<([u8; 32], Session)>, Error> {
        let space = self.store.of(organisation).snapshot()?;
        let operator = self.store.operator().snapshot()?;
        let mut found = Vec::new();
        for row in space.scan(&keys::sessions_of(person), Direction::Forward, None)?.take(stored::LISTED_MAX)
        {
            let digest = stored::as_digest(&row?.1)?;
            let session = stored::get(&operator, "session", &keys::session(&digest))?;
            found.extend(session.map(|session| (digest, session)));
        }
        Ok(found)
    }

    /// Ends one session of a person.
    pub async fn end_session(
        &self,
        organisation: OrganisationId,
        person: PersonId,
        id: SessionId,
    ) -> Result<(), Error> {
        let row = keys::sessions_of(person).number(id.0);
        change(&self.store, || {
            let mut space = self.store.of(organisation).snapshot()?;
            let digest = space.read(&row)?.ok_or_else(|| Error::not_found("session", &id))?;
            let mut operator = self.store.operator().batch();
            operator.delete(keys::session(&stored::as_digest(&digest)?));
            let mut batch = space.batch();
            batch.delete(row.clone());
            self.record(&mut batch, Deed::SessionEnded, format!("session {id} of person {person}"));
            Ok((vec![operator, batch], ()))
        })
        .await
    }
}

/// What a person may do and see, as far as these scopes go.
pub(crate) fn actor(organisation: OrganisationId, person: &Person, scopes: Scopes) -> Actor {
    let sight = match person.role {
        // An operator is the admin of their own organisation, and of no other.
        Role::Admin | Role::Operator => Sight::All,
        Role::Agent => Sight::Teams(person.teams.clone()),
    };
    Actor { organisation, who: Who::Person(person.id), sight, scopes: scopes.and(person.role.scopes()) }
}

/// What is kept of what a browser says of itself.
fn agent_text(agent: &str) -> String {
    agent.chars().filter(|c| !c.is_control()).take(AGENT_CHARS_MAX).collect()
}
