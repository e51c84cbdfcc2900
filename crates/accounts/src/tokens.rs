//! API tokens: shown once, kept as a digest.
//!
//! *Security*: the secret is 32 random bytes, so a plain digest can't be guessed back and needs no slow hash; the
//! look-up is by digest, so no comparison leaks how much of a guess was right.

use std::fmt;

use data_encoding::BASE32_NOPAD;
use guichet_store::{Batch, Direction, Key, OrganisationId};
use guichet_sys::Random;
use jiff::{SignedDuration, Timestamp};

use crate::organisations::check_name;
use crate::records::{Person, PersonStatus, Token};
use crate::sessions::actor;
use crate::stored::{self, change};
use crate::{Accounts, Actor, Deed, Error, PersonId, Scopes, TokenId, keys};

/// What every token begins with, so that a leaked one is recognised for what it is.
const PREFIX: &str = "guichet_";
/// Tokens of one person.
const TOKENS_MAX: usize = 100;
/// How often the use of a token is written down.
const USE_NOTED_EVERY: SignedDuration = SignedDuration::from_hours(1);

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
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

impl Secret {
    /// From 32 bytes of the system's randomness.
    pub fn from_random(bytes: [u8; 32]) -> Self {
        Secret(format!("{PREFIX}{}", BASE32_NOPAD.encode(&bytes).to_ascii_lowercase()))
    }

    /// One that nobody has seen.
    pub fn random(random: &dyn Random) -> Self {
        let mut bytes = [0; 32];
        random.fill(&mut bytes);
        Self::from_random(bytes)
    }

    /// As somebody presents it.
    pub fn presented(text: &str) -> Self {
        Secret(text.to_owned())
    }

    /// The text, to be shown once.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    pub(crate) fn digest(&self) -> [u8; 32] {
        *blake3::hash(self.0.as_bytes()).as_bytes()
    }
}

impl Accounts {
    /// Makes a token that `secret` opens, for good.
    pub async fn create_token(
        &self,
        organisation: OrganisationId,
        wanted: NewToken,
        secret: &Secret,
    ) -> Result<Token, Error> {
        self.create_token_until(organisation, wanted, None, secret).await
    }

    /// Makes a token that `secret` opens until some time.
    pub async fn create_token_until(
        &self,
        organisation: OrganisationId,
        wanted: NewToken,
        expires: Option<Timestamp>,
        secret: &Secret,
    ) -> Result<Token, Error> {
        let name = check_name(&wanted.name)?;
        let created = self.by.map(|by| by.at);
        if expires.is_some_and(|expires| created.is_some_and(|now| expires <= now)) {
            return Err(Error::Invalid("a token has to expire in the future".to_owned()));
        }
        change(&self.store, || {
            let (mut space, person) = self.person_for_change(organisation, wanted.person)?;
            if person.status != PersonStatus::Active {
                return Err(Error::Invalid(format!(
                    "`{}` is {}, so nothing can act for them",
                    person.address,
                    person.status.as_str()
                )));
            }
            let number = stored::next_number(&mut space)?;
            stored::check_room(&space, "tokens", keys::TOKENS)?;
            self.check_few(organisation, &person)?;
            let token = Token {
                id: TokenId(number),
                organisation,
                person: wanted.person,
                name: name.clone(),
                scopes: wanted.scopes,
                created,
                expires,
            };
            let mut opens = self.store.operator().snapshot()?.batch();
            opens.put(keys::secret(&secret.digest()), stored::encode(&token));
            let mut listed = space.batch();
            stored::put_number(&mut listed, number);
            listed.put(keys::token(token.id), secret.digest().to_vec());
            self.record(&mut listed, Deed::TokenCreated, format!("{name}, of {}", person.address));
            Ok((vec![opens, listed], token))
        })
        .await
    }

    /// Refuses another token of somebody who has many: nobody keeps track of more. Whoever makes one takes a number, so
    /// that two at once are in conflict.
    fn check_few(&self, organisation: OrganisationId, person: &Person) -> Result<(), Error> {
        let all = self.tokens(organisation)?;
        if all.iter().filter(|token| token.person == person.id).count() < TOKENS_MAX {
            return Ok(());
        }
        Err(Error::Invalid(format!(
            "`{}` has {TOKENS_MAX} tokens, those that have expired among them; take one back first",
            person.address
        )))
    }

    /// One token of an organisation.
    pub fn token(&self, organisation: OrganisationId, id: TokenId) -> Result<Token, Error> {
        let digest = self.store.of(organisation).snapshot()?.peek(&keys::token(id))?;
        let digest = digest.ok_or_else(|| Error::not_found("token", &id))?;
        let operator = self.store.operator().snapshot()?;
        let found = stored::get(&operator, "token", &keys::secret(&stored::as_digest(&digest)?))?;
        found.ok_or(Error::Damaged("token"))
    }

    /// When a token was last used, to the hour; `None` where it never was.
    pub fn token_used(&self, organisation: OrganisationId, id: TokenId) -> Result<Option<Timestamp>, Error> {
        let found = self.store.of(organisation).snapshot()?.peek(&keys::token_use(id))?;
        let damaged = || Error::Damaged("use of a token");
        found
            .map(|bytes| {
                let micros = i64::from_be_bytes(bytes.as_slice().try_into().map_err(|_| damaged())?);
                Timestamp::from_microsecond(micros).map_err(|_| damaged())
            })
            .transpose()
    }

    /// The tokens of an organisation, oldest first.
    pub fn tokens(&self, organisation: OrganisationId) -> Result<Vec<Token>, Error> {
        let operator = self.store.operator().snapshot()?;
        let space = self.store.of(organisation).snapshot()?;
        let mut tokens = Vec::new();
        for row in space.scan(&Key::new(keys::TOKENS), Direction::Forward, None)?.take(stored::LISTED_MAX) {
            let key = keys::secret(&stored::as_digest(&row?.1)?);
            tokens.extend(stored::get(&operator, "token", &key)?);
        }
        Ok(tokens)
    }

    /// Takes a token back; it opens nothing from now on.
    pub async fn revoke_token(&self, organisation: OrganisationId, id: TokenId) -> Result<(), Error> {
        let token = self.token(organisation, id)?;
        let owner = self.person(organisation, token.person)?;
        self.check_above(owner.role)?;
        change(&self.store, || {
            let mut space = self.store.of(organisation).snapshot()?;
            let digest = space.read(&keys::token(id))?.ok_or_else(|| Error::not_found("token", &id))?;
            let mut opens = self.store.operator().snapshot()?.batch();
            opens.delete(keys::secret(&stored::as_digest(&digest)?));
            let mut listed = space.batch();
            listed.delete(keys::token(id));
            listed.delete(keys::token_use(id));
            self.record(&mut listed, Deed::TokenRevoked, format!("{}, of {}", token.name, owner.address));
            Ok((vec![opens, listed], ()))
        })
        .await
    }

    /// Takes all tokens of a person back, with this commit.
    pub(crate) fn revoke_all_tokens(
        &self,
        opens: &mut Batch,
        listed: &mut Batch,
        organisation: OrganisationId,
        person: PersonId,
    ) -> Result<(), Error> {
        let operator = self.store.operator().snapshot()?;
        let space = self.store.of(organisation).snapshot()?;
        for row in space.scan(&Key::new(keys::TOKENS), Direction::Forward, None)? {
            let digest = stored::as_digest(&row?.1)?;
            let token: Option<Token> = stored::get(&operator, "token", &keys::secret(&digest))?;
            if let Some(token) = token.filter(|token| token.person == person) {
                opens.delete(keys::secret(&digest));
                listed.delete(keys::token(token.id));
                listed.delete(keys::token_use(token.id));
            }
        }
        Ok(())
    }

    /// Who presents this secret; `None` when it opens nothing (any more). It may what its person may, at most.
    pub fn authenticate(&self, secret: &Secret, now: Timestamp) -> Result<Option<Actor>, Error> {
        Ok(self.bearer(secret, now)?.map(|(_, actor)| actor))
    }

    fn bearer(&self, secret: &Secret, now: Timestamp) -> Result<Option<(Token, Actor)>, Error> {
        let operator = self.store.operator().snapshot()?;
        let key = keys::secret(&secret.digest());
        let Some(token) = stored::get::<Token>(&operator, "token", &key)? else {
            return Ok(None);
        };
        if token.expires.is_some_and(|expires| expires <= now) {
            return Ok(None);
        }
        let person = self.active_person(token.organisation, token.person)?;
        Ok(person.map(|person| {
            let actor = actor(token.organisation, &person, token.scopes);
            (token, actor)
        }))
    }

    /// Notes that a token is used, at most once an hour. What can't be written is not noted.
    pub async fn note_token_use(&self, secret: &Secret, now: Timestamp) {
        if let Err(error) = self.try_note_token_use(secret, now).await {
            tracing::debug!(%error, "when a token was last used is not noted");
        }
    }

    async fn try_note_token_use(&self, secret: &Secret, now: Timestamp) -> Result<(), Error> {
        let Some((token, _)) = self.bearer(secret, now)? else { return Ok(()) };
        let used = self.token_used(token.organisation, token.id)?;
        if used.is_some_and(|used| now.duration_since(used) < USE_NOTED_EVERY) {
            return Ok(());
        }
        let mut snapshot = self.store.of(token.organisation).snapshot()?;
        // One that is taken back meanwhile leaves no row behind.
        if snapshot.read(&keys::token(token.id))?.is_none() {
            return Ok(());
        }
        let mut batch = snapshot.batch();
        batch.put(keys::token_use(token.id), now.as_microsecond().to_be_bytes().to_vec());
        self.store.commit(vec![batch]).await?;
        Ok(())
    }
}
