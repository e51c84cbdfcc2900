//! Alerts: what every admin of an organisation is told by mail, and by a notice that stays.

use guichet_accounts::{Person, PersonStatus, Role};
use guichet_store::{CommitError, OrganisationId, Snapshot};
use jiff::{SignedDuration, Timestamp};

use super::{Letter, SystemMail, SystemMailKind};
use crate::keys::Number;
use crate::notices::NoticePut;
use crate::queue::Addressee;
use crate::{Desk, Error, NewNotice, NoticeId, NoticeKind, RecipientField};

/// How long the admins have no second mail about the same.
const MAILED_FOR: SignedDuration = SignedDuration::from_hours(24);

/// How many admins are written to, the first ones: a bound, not a wish.
const ADMINS_MAX: usize = 50;

/// How often an alert is put anew when others were quicker.
const ATTEMPTS_MAX: usize = 16;

/// Something that all admins should know at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alert {
    /// What the notice is about; of [`NoticeKind::Alert`] the subject says it.
    pub kind: NoticeKind,
    /// One line: the mail's subject and the notice's.
    pub subject: String,
    /// Markdown, as of a [`SystemMail`].
    pub text: String,
}

impl Alert {
    fn mail_kind(&self) -> SystemMailKind {
        match self.kind {
            NoticeKind::Claim { .. } => SystemMailKind::ClaimDecided,
            _ => SystemMailKind::Alert,
        }
    }
}

/// A mail that waits to be written beside the notice.
struct Waiting {
    mail: SystemMail,
    letter: Letter,
}

impl Desk {
    /// Tells all admins: one notice, and a mail to each active admin, at most one a day for what is the same by kind
    /// and subject; all in one commit. An admin whose address is suppressed, or for whom the caps are reached, has the
    /// notice alone.
    pub async fn alert_admins(
        &self,
        organisation: OrganisationId,
        alert: Alert,
        now: Timestamp,
    ) -> Result<NoticeId, Error> {
        let mut waiting = None;
        for _ in 0..ATTEMPTS_MAX {
            let mut snapshot = self.store.of(organisation).snapshot()?;
            let mut put = self.notice_of(&mut snapshot, &alert, now)?;
            if !wants_mail(&put, now) {
                waiting = Some(Vec::new());
            } else if waiting.is_none() {
                waiting = Some(self.letters(organisation, &alert, now)?);
            }
            let mut mails = Vec::new();
            for one in waiting.iter().flatten() {
                let to = Addressee::look_up(&mut snapshot, &one.mail.to, RecipientField::To, now)?;
                if !to.is_suppressed() {
                    mails.push((one, to));
                }
            }
            if !mails.is_empty() {
                put.after.mailed = Some(now);
            }
            let (mut batch, mut due) = (snapshot.batch(), self.due_rows());
            put.write(&mut batch, Number::Known(0));
            for (one, to) in mails {
                one.letter.enter(&mut batch, &mut due, organisation, &to, now);
            }
            match self.commit_queued(batch, due).await {
                Ok(_) => return Ok(put.id),
                Err(CommitError::Conflict) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(Error::Unavailable("too many notices at once".to_owned()))
    }

    fn notice_of(&self, snapshot: &mut Snapshot, alert: &Alert, now: Timestamp) -> Result<NoticePut, Error> {
        let Alert { kind, subject, text } = alert.clone();
        NoticePut::read(snapshot, NewNotice { kind, subject, text }, self.new_notice_id(now), now)
    }

    /// A mail to each admin for whom the caps let one more go.
    fn letters(
        &self,
        organisation: OrganisationId,
        alert: &Alert,
        now: Timestamp,
    ) -> Result<Vec<Waiting>, Error> {
        let mut letters = Vec::new();
        for admin in self.accounts.people(organisation)?.into_iter().filter(is_told).take(ADMINS_MAX) {
            if !self.caps.take_system(organisation, (&admin.address, alert.mail_kind()), now) {
                continue;
            }
            let mail = SystemMail {
                to: admin.address,
                to_name: Some(admin.name),
                subject: alert.subject.clone(),
                text: alert.text.clone(),
                kind: alert.mail_kind(),
            };
            match self.system_letter(organisation, &mail, now) {
                Ok(letter) => letters.push(Waiting { mail, letter }),
                // Nothing of the organisation sends: the notice says it all.
                Err(Error::Invalid(why)) => tracing::warn!(%organisation, why, "no admin is told by mail"),
                Err(error) => return Err(error),
            }
        }
        Ok(letters)
    }
}

fn is_told(person: &Person) -> bool {
    matches!(person.role, Role::Admin | Role::Operator) && person.status == PersonStatus::Active
}

/// Whether the admins have a mail about it too: not where they had one within the day, nor about what somebody has
/// dismissed and that says nothing new.
fn wants_mail(put: &NoticePut, now: Timestamp) -> bool {
    let Some(before) = put.before.as_ref().map(|before| &before.record) else { return true };
    let is_fresh =
        before.mailed.is_some_and(|mailed| mailed.saturating_add(MAILED_FOR).is_ok_and(|end| end > now));
    let is_same = before.subject == put.after.subject;
    !(is_fresh && is_same) && put.after.is_open()
}
