//! A session begins: once password and code were right, in one commit with what they change.
//!
//! *Must hold*: what was compared is compared again in the commit: a password changed meanwhile, or a code used
//! meanwhile, refuses.

use guichet_store::{Batch, OrganisationId};
use guichet_sys::Random;
use jiff::Timestamp;

use super::{LogIn, LogInError, LoggedIn, SESSIONS_MAX, Session, agent_text};
use crate::credentials::{Access, Credentials, Factor, PasswordHash};
use crate::records::Person;
use crate::stored::{self, change};
use crate::{Accounts, By, Deed, Error, PersonId, Secret, SessionId, Who, keys};

/// Who knew a password, and what is still to be taken.
pub(super) struct Proven<'a> {
    pub(super) organisation: OrganisationId,
    pub(super) id: PersonId,
    /// What the password was compared with.
    pub(super) compared: &'a Credentials,
    /// The hash to keep from now on, where another is due.
    pub(super) renewed: Option<PasswordHash>,
    /// The second factor.
    pub(super) code: Option<&'a str>,
}

impl Accounts {
    /// Lets somebody in, if what was compared still holds.
    pub(super) async fn enter(
        &self,
        proven: &Proven<'_>,
        wanted: &LogIn<'_>,
        now: Timestamp,
        random: &dyn Random,
    ) -> Result<LoggedIn, LogInError> {
        let Proven { organisation, id, compared, .. } = *proven;
        let session = Secret::random(random);
        let device = wanted.device.filter(|device| compared.knows(&device.digest())).cloned();
        let device = device.unwrap_or_else(|| Secret::random(random));
        let by =
            By { organisation: Some(organisation), who: Who::Person(id), from: Some(wanted.from), at: now };
        let entered = change(&self.store, || {
            let mut access = self.access(organisation, id)?;
            let kept = &mut access.credentials;
            let refused =
                kept.password != compared.password || self.active_person(organisation, id)?.is_none();
            let factor = proven.code.and_then(|code| kept.take_code(code, now));
            if refused || (kept.totp.is_some() && factor.is_none()) {
                return Ok((Vec::new(), false));
            }
            if let Some(renewed) = &proven.renewed {
                kept.password = Some(renewed.clone());
            }
            kept.remember(device.digest(), now);
            let (mut space, mut operator) = self.new_session(access, &session, wanted, now)?;
            if factor == Some(Factor::RecoveryCode) {
                self.audit_row(&mut space, &by, Deed::RecoveryCodeUsed, wanted.address);
            }
            self.audit_row(&mut space, &by, Deed::SessionOpened, wanted.address);
            operator.check_absent(keys::session(&session.digest()));
            Ok((vec![operator, space], true))
        });
        if entered.await? {
            Ok(LoggedIn { session, device, person: id, organisation })
        } else {
            Err(LogInError::Refused)
        }
    }

    /// The rows of a new session, with its person and credentials as they are now; sessions beyond the limit go.
    pub(super) fn new_session(
        &self,
        mut access: Access,
        secret: &Secret,
        wanted: &LogIn<'_>,
        now: Timestamp,
    ) -> Result<(Batch, Batch), Error> {
        let Person { id, epoch, .. } = access.person;
        let organisation = access.organisation;
        let number = stored::next_number(&mut access.snapshot)?;
        let session = Session {
            id: SessionId(number),
            organisation,
            person: id,
            created: now,
            seen: now,
            from: Some(wanted.from),
            agent: agent_text(wanted.agent),
            epoch: epoch.unwrap_or(0),
        };
        let gone = self.surplus_sessions(&access.person, organisation, now)?;
        let mut space = access.snapshot.batch();
        let mut operator = self.store.operator().batch();
        for (digest, session) in gone {
            operator.delete(keys::session(&digest));
            space.delete(keys::sessions_of(id).number(session.id.0));
        }
        stored::put_number(&mut space, number);
        self.put_access(&mut space, organisation, &access.person, &access.credentials);
        space.put(keys::sessions_of(id).number(number), secret.digest().to_vec());
        operator.put(keys::session(&secret.digest()), stored::encode(&session));
        Ok((space, operator))
    }

    /// Those that have ended, and so many of the longest unseen that one more has room.
    fn surplus_sessions(
        &self,
        person: &Person,
        organisation: OrganisationId,
        now: Timestamp,
    ) -> Result<Vec<([u8; 32], Session)>, Error> {
        let rows = self.session_rows(organisation, person.id)?;
        let (mut alive, mut gone): (Vec<_>, Vec<_>) =
            rows.into_iter().partition(|(_, session)| session.is_of(person, now));
        alive.sort_by_key(|(_, session)| session.seen);
        let surplus = (alive.len() + 1).saturating_sub(SESSIONS_MAX);
        gone.extend(alive.drain(..surplus));
        Ok(gone)
    }
}
