//! What the mails say that carry a link: one wording, whoever sends them.
//!
//! *Security*: the secret stands behind the `#`, which a browser sends to nobody, so that it is in no log. Names are
//! those of people of the organisation; what could be taken for a mark of Markdown is taken out of them.

use guichet_mail::MailAddress;

use crate::Secret;
use crate::invitations::Invitation;
use crate::resets::{AddressRequest, PasswordReset};
use crate::sign_up::SignUpRequest;

/// Characters of a name that a mail shows.
const SHOWN_CHARS_MAX: usize = 60;

/// A mail to be sent: Markdown.
#[derive(Clone, PartialEq, Eq)]
pub struct Letter {
    /// Its subject.
    pub subject: String,
    /// Its text.
    pub text: String,
}

impl std::fmt::Debug for Letter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Letter").field("subject", &self.subject).finish_non_exhaustive()
    }
}

impl Invitation {
    /// The mail. `public_url` is where the server is reached from outside, without a slash at its end.
    pub fn letter(&self, public_url: &str) -> Letter {
        let organisation = plain(&self.organisation.name);
        Letter {
            subject: format!("You are invited to {organisation}"),
            text: format!(
                "{}\n\n{} invites you to answer mail together with {organisation}. To accept, choose your \
                 password here:\n\n<{}>\n\nThe link is good for three days, and once. After that, ask for another.\n\n\
                 If you did not expect this, do nothing: nobody comes in in your name without the link.\n",
                greeting(&self.person.name),
                inviter(self.inviter.as_deref()),
                self.link(public_url)
            ),
        }
    }

    /// The link of the mail.
    pub fn link(&self, public_url: &str) -> String {
        link(public_url, "invitation", &self.secret)
    }
}

impl PasswordReset {
    /// The mail.
    pub fn letter(&self, public_url: &str) -> Letter {
        let organisation = plain(&self.organisation.name);
        Letter {
            subject: format!("A new password for {organisation}"),
            text: format!(
                "{}\n\nsomebody asked for a new password for you at {organisation}. If that was you, choose it \
                 here:\n\n<{}>\n\nThe link is good for an hour, and once; your log-ins end when you use it.\n\nIf it was \
                 not you, do nothing: your password stays as it is. If it happens again and again, tell an admin of \
                 your organisation.\n",
                greeting(&self.person.name),
                self.link(public_url)
            ),
        }
    }

    /// The link of the mail.
    pub fn link(&self, public_url: &str) -> String {
        link(public_url, "password-reset", &self.secret)
    }
}

impl AddressRequest {
    /// The mail.
    pub fn letter(&self, public_url: &str) -> Letter {
        let organisation = plain(&self.organisation.name);
        Letter {
            subject: format!("Confirm your address for {organisation}"),
            text: format!(
                "{}\n\nfrom now on this shall be your address at {organisation}, and what you log in with. If \
                 that is right, confirm it here:\n\n<{}>\n\nThe link is good for a day, and once. If it is not, do \
                 nothing.\n",
                greeting(&self.person.name),
                link(public_url, "address", &self.secret)
            ),
        }
    }

    /// The mail to the address until now: whoever reads that should know while something can be done about it.
    pub fn warning(&self) -> Letter {
        let organisation = plain(&self.organisation.name);
        Letter {
            subject: format!("Your address for {organisation} shall change"),
            text: format!(
                "{}\n\nsomebody who knows your password asked to log in at {organisation} with another address \
                 from now on. If that was you, there is nothing to do here: confirm it in the mail that went to the new \
                 address.\n\nIf it was not you, choose a new password now, and tell an admin of your organisation.\n",
                greeting(&self.person.name),
            ),
        }
    }
}

impl SignUpRequest {
    /// The mail.
    pub fn letter(&self, public_url: &str) -> Letter {
        let organisation = plain(&self.organisation);
        Letter {
            subject: "Confirm your address".to_owned(),
            text: format!(
                "{}\n\nsomebody, probably you, wants to open a help desk for {organisation} with this address. If \
                 that is right, choose your password here:\n\n<{}>\n\nThe link is good for a day, and once. If it was not \
                 you, do nothing.\n",
                greeting(&self.name),
                link(public_url, "sign-up", &self.secret)
            ),
        }
    }
}

fn link(public_url: &str, page: &str, secret: &Secret) -> String {
    format!("{}/{page}#{}", public_url.trim_end_matches('/'), secret.reveal())
}

/// Who has no name is called by their address everywhere else; here by nothing.
fn greeting(name: &str) -> String {
    name_of(name).map_or_else(|| "Hello,".to_owned(), |name| format!("Hello {name},"))
}

/// Who invites. A name of marks alone is nobody's, not the operator's.
fn inviter(name: Option<&str>) -> String {
    match name.map(name_of) {
        None => "the operator of this server".to_owned(),
        Some(name) => name.unwrap_or_else(|| "somebody".to_owned()),
    }
}

/// A name as a mail shows it, if it is one and no address.
fn name_of(name: &str) -> Option<String> {
    let is_name = MailAddress::parse(name).is_err();
    is_name.then(|| plain(name)).filter(|name| !name.is_empty())
}

/// A name without what Markdown or a mail program would make a link or a mark of, and no longer than a name is: whoever
/// signs up or invites chooses it, and somebody else reads it.
fn plain(name: &str) -> String {
    let is_mark = |c: char| {
        matches!(
            c,
            '[' | ']' | '(' | ')' | '<' | '>' | '*' | '_' | '`' | '#' | '!' | '|' | '\\' | '/' | ':' | '@'
        )
    };
    // A dot inside a word makes a host of it.
    let apart = name.replace(['.', '\u{3002}', '\u{ff0e}', '\u{ff61}'], ". ");
    let words: String = apart.chars().map(|c| if is_mark(c) { ' ' } else { c }).collect();
    let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
    words.chars().take(SHOWN_CHARS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_carries_its_secret_behind_the_hash_alone() {
        let secret = Secret::presented("guichet_x");
        assert_eq!(
            link("https://desk.example/", "invitation", &secret),
            "https://desk.example/invitation#guichet_x"
        );
    }

    /// A name of marks alone would make the mail one of the operator's.
    #[test]
    fn nobody_invites_in_the_name_of_the_operator() {
        assert_eq!(inviter(None), "the operator of this server");
        assert_eq!(inviter(Some("*Ana*")), "Ana");
        assert_eq!(inviter(Some("***")), "somebody");
        assert_eq!(inviter(Some("boss@north.example")), "somebody");
    }

    #[test]
    fn who_has_no_name_is_greeted_without() {
        assert_eq!(greeting("Ana Lima"), "Hello Ana Lima,");
        assert_eq!(greeting("boss@north.example"), "Hello,");
    }

    #[test]
    fn a_name_makes_no_link() {
        assert_eq!(plain("[Win](http://x.example) <b>*now*</b>"), "Win http x. example b now b");
        assert_eq!(plain("www.evil.example, J. R. Hartley"), "www. evil. example, J. R. Hartley");
        assert_eq!(plain(&"call 0900 ".repeat(20)).chars().count(), SHOWN_CHARS_MAX);
    }
}
