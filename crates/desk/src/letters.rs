//! The words of the mails by which people come in: an invitation, a new password, another address to be confirmed.
//!
//! The API and the operator's command line send the same. Each says who asks, for what, how long it holds, and what to do
//! if it was not expected.
//!
//! *Security*: names are others' words and stand as plain text; the one link is ours, its secret in the fragment, which no
//! server sees (RFC 3986 3.5).

use guichet_mail::MailAddress;

use crate::system_mail::{SystemMail, SystemMailKind, plain};

/// Where the page stands that accepts an invitation.
pub const INVITATION_PATH: &str = "/invitation";
/// Where the page stands that takes a new password.
pub const PASSWORD_RESET_PATH: &str = "/password-reset";

/// One who gets a secret by mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Addressee {
    /// Where they read mail.
    pub address: MailAddress,
    /// What they are called, where that is known.
    pub name: Option<String>,
}

/// A page of this server with a secret in its fragment.
pub fn link(public_url: &str, path: &str, secret: &str) -> String {
    format!("{public_url}{path}#{secret}")
}

/// Asks somebody to join an organisation. `inviter` is the person who asks; none is the operator. `link` holds for
/// `hours`.
pub fn invitation(
    to: Addressee,
    organisation: &str,
    inviter: Option<&str>,
    link: &str,
    hours: u32,
) -> SystemMail {
    let who = inviter.map_or_else(|| "The operator of this server".to_owned(), plain);
    let text = format!(
        "Hello{},\n\n{who} invites you to answer mail together with **{}**.\n\nTo accept, open this page and choose a \
         password:\n\n<{link}>\n\nThe link works once, for {hours} hours. After that, ask for another invitation.\n\n\
         If you did not expect this, you need not do anything: without the link nobody comes in in your name.\n",
        greeted(&to),
        plain(organisation),
    );
    SystemMail {
        to: to.address,
        to_name: to.name,
        subject: format!("Invitation to {organisation}"),
        text,
        kind: SystemMailKind::Invitation,
    }
}

/// Sends a link by which a new password is chosen. It holds for `minutes`.
pub fn password_reset(to: Addressee, organisation: &str, link: &str, minutes: u32) -> SystemMail {
    let text = format!(
        "Hello{},\n\nsomebody, we hope you, asked for a new password for your account at **{}**.\n\nTo choose one, open \
         this page:\n\n<{link}>\n\nThe link works once, for {minutes} minutes. Your other log-ins end when you use it.\n\n\
         If it was not you, you need not do anything: your password stays as it is. If it happens again and again, tell \
         an admin of your organisation.\n",
        greeted(&to),
        plain(organisation),
    );
    SystemMail {
        to: to.address,
        to_name: to.name,
        subject: format!("A new password for {organisation}"),
        text,
        kind: SystemMailKind::PasswordReset,
    }
}

fn greeted(to: &Addressee) -> String {
    to.name
        .as_deref()
        .filter(|name| !name.trim().is_empty())
        .map_or_else(String::new, |name| format!(" {}", plain(name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ana(name: Option<&str>) -> Addressee {
        let address = MailAddress::parse("ana@acme.example").unwrap();
        Addressee { address, name: name.map(str::to_owned) }
    }

    #[test]
    fn an_invitation_says_who_to_what_how_long_and_what_if_not() {
        let link = link("https://desk.example", INVITATION_PATH, "guichet_x");
        let mail = invitation(ana(Some("Ana")), "Acme", Some("Rui Costa"), &link, 72);
        for said in [
            "Hello Ana,",
            "Rui Costa invites",
            "**Acme**",
            "<https://desk.example/invitation#guichet_x>",
            "72 hours",
            "did not expect",
        ] {
            assert!(mail.text.contains(said), "{said} is not in {}", mail.text);
        }
        assert_eq!((mail.subject.as_str(), mail.kind), ("Invitation to Acme", SystemMailKind::Invitation));
    }

    #[test]
    fn a_reset_says_that_nothing_happens_by_itself() {
        let link = link("https://desk.example", PASSWORD_RESET_PATH, "guichet_x");
        let mail = password_reset(ana(None), "Acme", &link, 60);
        for said in
            ["Hello,", "60 minutes", "<https://desk.example/password-reset#guichet_x>", "stays as it is"]
        {
            assert!(mail.text.contains(said), "{said} is not in {}", mail.text);
        }
    }

    #[test]
    fn promise_7_a_name_brings_no_link_of_its_own() {
        let evil = "[click](https://evil.example) <https://evil.example>\n# Acme";
        let mail = invitation(ana(Some(evil)), evil, Some(evil), "https://desk.example/invitation#x", 72);
        assert!(!mail.text.contains("(https:") && !mail.text.contains("<https://evil"), "{}", mail.text);
        assert!(!mail.text.contains("\n# Acme"), "{}", mail.text);
    }
}
