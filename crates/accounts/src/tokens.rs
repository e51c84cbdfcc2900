//! API tokens: shown once, kept as a digest.
//!
//! *Security*: the secret is 32 random bytes, so a plain digest can't be guessed back and needs no slow hash; the
//! look-up is by digest, so no comparison leaks how much of a guess was right.

use data_encoding::BASE32_NOPAD;
use guichet_store::{Direction, Key, OrganisationId};

use crate::organisations::check_name;
use crate::records::{Role, Token};
use crate::stored::{self, change};
use crate::{Accounts, Actor, Error, PersonId, Scopes, Sight, TokenId, Who, keys};

/// What every token begins with, so that a leaked one is recognised for what it is.
const PREFIX: &str = "guichet_";

/// A token to be made.
#[derive(Debug, Clone)]
pub struct NewToken {
    /// In whose name it acts.
    pub person: PersonId,
    /// What it is for.
    pub name: String,
    /// What it allows.
    pub scopes: Scopes,
}

/// The secret text of a token: exists when it is made and when it is shown to us, never in the store.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// From 32 bytes of the system's randomness.
    pub fn from_random(bytes: [u8; 32]) -> Self {
        Secret(format!("{PREFIX}{}", BASE32_NOPAD.encode(&bytes).to_ascii_lowercase()))
    }

    /// As somebody presents it.
    pub fn presented(text: &str) -> Self {
        Secret(text.to_owned())
    }

    /// The text, to be shown once.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    fn digest(&self) -> [u8; 32] {
        *blake3::hash(self.0.as_bytes()).as_bytes()
    }
}

impl Accounts {
    /// Makes a token that `secret` opens.
    pub async fn create_token(
        &self,
        organisation: OrganisationId,
        wanted: NewToken,
        secret: &Secret,
    ) -> Result<Token, Error> {
        let name = check_name(&wanted.name)?;
        self.person(organisation, wanted.person)?;
        change(&self.store, || {
            let mut space = self.store.of(organisation).snapshot()?;
            let number = stored::next_number(&mut space)?;
            let token = Token {
                id: TokenId(number),
                organisation,
                person: wanted.person,
                name: name.clone(),
                scopes: wanted.scopes,
            };
            let mut opens = self.store.operator().snapshot()?.batch();
            opens.put(keys::secret(&secret.digest()), stored::encode(&token));
            let mut listed = space.batch();
            stored::put_number(&mut listed, number);
            listed.put(keys::token(token.id), secret.digest().to_vec());
            Ok((vec![opens, listed], token))
        })
        .await
    }

    /// The tokens of an organisation, oldest first.
    pub fn tokens(&self, organisation: OrganisationId) -> Result<Vec<Token>, Error> {
        let operator = self.store.operator().snapshot()?;
        let space = self.store.of(organisation).snapshot()?;
        let mut tokens = Vec::new();
        for row in space.scan(&Key::new(keys::TOKENS), Direction::Forward, None)?.take(stored::LISTED_MAX) {
            let key = keys::secret(&as_digest(&row?.1)?);
            tokens.extend(stored::get(&operator, "token", &key)?);
        }
        Ok(tokens)
    }

    /// Takes a token back; it opens nothing from now on.
    pub async fn revoke_token(&self, organisation: OrganisationId, id: TokenId) -> Result<(), Error> {
        change(&self.store, || {
            let mut space = self.store.of(organisation).snapshot()?;
            let digest = space.read(&keys::token(id))?.ok_or_else(|| Error::not_found("token", &id))?;
            let mut opens = self.store.operator().snapshot()?.batch();
            opens.delete(keys::secret(&as_digest(&digest)?));
            let mut listed = space.batch();
            listed.delete(keys::token(id));
            Ok((vec![opens, listed], ()))
        })
        .await
    }

    /// Who presents this secret; `None` when it opens nothing.
    pub fn authenticate(&self, secret: &Secret) -> Result<Option<Actor>, Error> {
        let operator = self.store.operator().snapshot()?;
        let key = keys::secret(&secret.digest());
        let Some(token) = stored::get::<Token>(&operator, "token", &key)? else {
            return Ok(None);
        };
        let person = self.person(token.organisation, token.person)?;
        let sight = match person.role {
            Role::Admin => Sight::All,
            Role::Agent => Sight::Teams(person.teams),
            Role::Operator => Sight::Teams(Vec::new()),
        };
        Ok(Some(Actor {
            organisation: token.organisation,
            who: Who::Person(person.id),
            sight,
            scopes: token.scopes,
        }))
    }
}

fn as_digest(bytes: &[u8]) -> Result<[u8; 32], Error> {
    bytes.try_into().map_err(|_| Error::Damaged("token"))
}
