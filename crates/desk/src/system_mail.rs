//! System mail: mails that the server starts itself, about the organisation and to people who belong to it or will.
//!
//! Each is a delivery without a ticket. It leaves from the organisation's home channel under the organisation's name,
//! is marked as a machine's, obeys the suppression list and is capped for each recipient and each organisation
//! (promise 5). What comes back for it changes the delivery and tells the admins, and makes neither ticket nor mail
//! (freescout#4806); what a machine answers to it is kept aside with the reason (freescout#2488); what a person answers
//! is a mail like any other.
//!
//! *Security*: the link in an invitation or a reset proves who reads the mail of an address. So such a mail is shown to
//! nobody, however much they see, goes to no channel, where it would be a ticket, and none of these is sent to another
//! address than its own.
//!
//! *Standards*: RFC 3834; RFC 5321, section 4.5.5.

mod alert;
mod letter;

pub use alert::Alert;
pub(crate) use letter::Letter;

use guichet_accounts::Route;
use guichet_mail::MailAddress;
use guichet_store::{CommitError, OrganisationId};
use jiff::Timestamp;
use minicbor::{Decode, Encode};

use crate::queue::Addressee;
use crate::{DeliveryId, Desk, Error, RecipientField};

/// How often a mail is put into the queue anew when the suppression list changed meanwhile.
const ATTEMPTS_MAX: usize = 16;

/// A mail that the server starts itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SystemMail {
    /// To whom.
    pub to: MailAddress,
    /// What they are called; any text is safe, a long one is cut.
    pub to_name: Option<String>,
    /// One line; controls become spaces, a long one is cut.
    pub subject: String,
    /// What it says, in Markdown. A name or another word of somebody's own in it goes through [`plain`].
    pub text: String,
    /// What it is.
    pub kind: SystemMailKind,
}

/// What a mail of the server's own is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum SystemMailKind {
    /// Somebody is asked to join the organisation.
    #[n(0)]
    Invitation,
    /// Somebody wants a new password.
    #[n(1)]
    PasswordReset,
    /// Somebody signs up.
    #[n(2)]
    SignUp,
    /// Something that an admin should know.
    #[n(3)]
    Alert,
    /// What became of a claim: it was declined, or the name works.
    #[n(4)]
    ClaimDecided,
    /// Finds out whether an address forwards to a channel.
    #[n(5)]
    Probe,
}

impl SystemMailKind {
    /// The word for people and for the API.
    pub fn as_str(self) -> &'static str {
        match self {
            SystemMailKind::Invitation => "invitation",
            SystemMailKind::PasswordReset => "password_reset",
            SystemMailKind::SignUp => "sign_up",
            SystemMailKind::Alert => "alert",
            SystemMailKind::ClaimDecided => "claim_decided",
            SystemMailKind::Probe => "probe",
        }
    }

    /// Whether it holds a link that lets in whoever has it.
    pub(crate) fn holds_secret(self) -> bool {
        matches!(self, SystemMailKind::Invitation | SystemMailKind::PasswordReset | SystemMailKind::SignUp)
    }
}

/// A text as it stands, for the Markdown of a mail: nothing in it is a link, a heading or a list, and it has one line.
/// Words and names of hosts stay as they are, for who reads the Markdown itself.
pub fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut before = None;
    for c in text.chars() {
        let is_mark = c.is_ascii_punctuation() && !is_harmless(c, before);
        if is_mark {
            out.push('\\');
        }
        out.push(if c.is_control() { ' ' } else { c });
        before = (!is_mark).then_some(c);
    }
    out
}

/// Whether a mark means nothing in Markdown after this character. A dash begins a list or underlines only where no word
/// stands before it, a dot only after a number.
fn is_harmless(mark: char, before: Option<char>) -> bool {
    match mark {
        '@' | ',' | ';' | '?' | '%' | '$' | '\'' | '"' => true,
        '.' => before.is_some_and(char::is_alphabetic),
        '-' => before.is_some_and(|c| c.is_alphanumeric() || c == '-'),
        _ => false,
    }
}

impl Desk {
    /// Sends a mail from the organisation's home channel.
    ///
    /// # Errors
    /// [`Error::Invalid`] with a sentence for whoever asked: the address is on the suppression list, the caps of this
    /// hour are reached, nothing of the organisation sends, or a channel would get the link that the mail holds.
    pub async fn send_system_mail(
        &self,
        organisation: OrganisationId,
        mail: SystemMail,
        now: Timestamp,
    ) -> Result<DeliveryId, Error> {
        if mail.kind.holds_secret() {
            self.refuse_channel(&mail.to)?;
        }
        self.take_system_cap(organisation, (&mail.to, mail.kind), now)?;
        let letter = self.system_letter(organisation, &mail, now)?;
        for _ in 0..ATTEMPTS_MAX {
            let mut snapshot = self.store.of(organisation).snapshot()?;
            let addressee = Addressee::look_up(&mut snapshot, &mail.to, RecipientField::To, now)?;
            addressee.refuse_suppressed()?;
            let (mut batch, mut due) = (snapshot.batch(), self.due_rows());
            letter.enter(&mut batch, &mut due, organisation, &addressee, now);
            match self.commit_queued(batch, due).await {
                Ok(_) => return Ok(letter.id),
                Err(CommitError::Conflict) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(Error::Unavailable("too much happens to this address at once".to_owned()))
    }

    /// Whether such a mail would go, for who has to change something before it is written.
    ///
    /// # Errors
    /// [`Error::Invalid`], as of [`Desk::send_system_mail`].
    pub fn check_system_mail(
        &self,
        organisation: OrganisationId,
        (to, kind): (&MailAddress, SystemMailKind),
        now: Timestamp,
    ) -> Result<(), Error> {
        if kind.holds_secret() {
            self.refuse_channel(to)?;
        }
        if !self.caps.may_take_system(organisation, (to, kind), now) {
            return Err(too_many(to));
        }
        self.home(organisation)?;
        let mut snapshot = self.store.of(organisation).snapshot()?;
        Addressee::look_up(&mut snapshot, to, RecipientField::To, now)?.refuse_suppressed()
    }

    /// An error that says so, if mail to it becomes tickets.
    fn refuse_channel(&self, to: &MailAddress) -> Result<(), Error> {
        match self.accounts.route(to.local(), to.domain().as_str())? {
            Route::Channel { .. } => Err(Error::Invalid(format!(
                "{to} is a channel of a help desk, where others would read the link: a person needs an address of their \
                 own"
            ))),
            _ => Ok(()),
        }
    }

    /// Counts one more mail of the server's own, unless that were too many.
    pub(crate) fn take_system_cap(
        &self,
        organisation: OrganisationId,
        (to, kind): (&MailAddress, SystemMailKind),
        now: Timestamp,
    ) -> Result<(), Error> {
        if self.caps.take_system(organisation, (to, kind), now) {
            return Ok(());
        }
        Err(too_many(to))
    }
}

fn too_many(to: &MailAddress) -> Error {
    Error::Invalid(format!("too many mails went to {to}, or from here, within the hour: try again later"))
}
