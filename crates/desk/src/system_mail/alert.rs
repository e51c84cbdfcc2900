//! Alerts: what every admin of an organisation is told by mail, and by a notice that stays.

use guichet_store::OrganisationId;
use jiff::Timestamp;

use crate::{Desk, Error, NoticeId, NoticeKind};

/// Something that all admins should know at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alert {
    /// What the notice is about; of [`NoticeKind::Alert`] the subject says it.
    pub kind: NoticeKind,
    /// One line: the mail's subject and the notice's.
    pub subject: String,
    /// Markdown, as of a [`SystemMail`](crate::SystemMail).
    pub text: String,
}

impl Desk {
    /// Tells all admins: one notice, and a mail to each active admin, at most one a day for what is the same by kind
    /// and subject. An admin whose address is suppressed, or for whom the caps are reached, has the notice alone.
    pub async fn alert_admins(
        &self,
        organisation: OrganisationId,
        alert: Alert,
        now: Timestamp,
    ) -> Result<NoticeId, Error> {
        todo!("{organisation:?} {alert:?} {now:?}")
    }
}
