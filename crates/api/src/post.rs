//! Letters with a link: handed to the queue as mails of the organisation.

use guichet_accounts::Letter;
use guichet_desk::{SystemMail, SystemMailKind};
use guichet_mail::MailAddress;

/// A mail with this letter.
pub(crate) fn mail(to: MailAddress, name: &str, letter: Letter, kind: SystemMailKind) -> SystemMail {
    SystemMail { to, to_name: Some(name.to_owned()), subject: letter.subject, text: letter.text, kind }
}
