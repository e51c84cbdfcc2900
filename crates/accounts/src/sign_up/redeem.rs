//! The link of a sign-up is opened: the organisation comes to be.

use std::net::IpAddr;

use guichet_store::Snapshot;
use guichet_sys::Random;
use jiff::Timestamp;

use super::SignUp;
use super::switch::check_open;
use crate::audit::Deed;
use crate::credentials::{Credentials, PasswordHash};
use crate::founding::{HomeLabel, NewOrganisation};
use crate::one_time::no_such_secret;
use crate::people::names;
use crate::records::{Channel, Organisation, Person, PersonStatus, Role};
use crate::stored::{self, change};
use crate::{Accounts, By, Error, LogInError, PersonId, Secret, Who, keys, reserved};

/// A short name made from a long one is cut here, so that a number fits behind it.
const STEM_CHARS_MAX: usize = 40;
/// Short names tried, `acme`, `acme-2` and so on, before one is made of the label that nobody chose.
const SLUGS_MAX: u32 = 20;
/// Labels tried; of 650 million hardly one is taken.
const HOMES_MAX: usize = 8;

/// A new organisation and who made it.
#[derive(Debug, Clone)]
pub struct SignedUp {
    /// The organisation.
    pub organisation: Organisation,
    /// Its address, which works at once.
    pub channel: Channel,
    /// Its first admin.
    pub person: Person,
    /// What the browser keeps, so that nobody can shut it out.
    pub device: Secret,
}

impl Accounts {
    /// Makes the organisation that was asked for, with its first admin, who logs in with this password next.
    pub async fn redeem_sign_up(
        &self,
        secret: &Secret,
        password: &str,
        from: IpAddr,
        now: Timestamp,
        random: &dyn Random,
    ) -> Result<SignedUp, LogInError> {
        let asked = open_link(&mut self.store.operator().snapshot()?, secret, now)?;
        let address = asked.address.to_string();
        let words = [&address, asked.address.local(), &asked.name, &asked.organisation];
        let hash = self.hash_of(password, &words, random).await?;
        let device = Secret::random(random);
        let made = change(&self.store, || {
            let mut operator = self.store.operator().snapshot()?;
            let asked = open_link(&mut operator, secret, now)?;
            let wanted = self.wanted(&mut operator, &asked, random)?;
            let mut founding = self.founding(operator, &wanted, now)?;
            founding.operator.delete(keys::sign_up(&secret.digest()));
            let id = founding.organisation.id;
            let person = first_admin(&asked, PersonId(founding.last + 1), now);
            stored::put_number(&mut founding.space, person.id.0);
            names::put(&mut founding.operator, &person.address, id, person.id);
            let credentials = entering(&hash, &device, now);
            self.put_access(&mut founding.space, id, &person, &credentials);
            let by = By { organisation: Some(id), who: Who::Person(person.id), from: Some(from), at: now };
            self.audit_row(&mut founding.space, &by, Deed::SignUpConfirmed, &person.address);
            self.audit_row(&mut founding.operator, &by, Deed::SignUpConfirmed, &wanted.slug);
            let made = (founding.organisation, founding.channel, person);
            Ok((vec![founding.operator, founding.space], made))
        });
        let (organisation, channel, person) = made.await?;
        Ok(SignedUp { organisation, channel, person, device })
    }

    fn wanted(
        &self,
        operator: &mut Snapshot,
        asked: &SignUp,
        random: &dyn Random,
    ) -> Result<NewOrganisation, Error> {
        let home = self.free_label(operator, random)?;
        let slug = free_slug(operator, &asked.organisation, &home)?;
        Ok(NewOrganisation { slug, name: asked.organisation.clone(), home: Some(home) })
    }

    fn free_label(&self, operator: &mut Snapshot, random: &dyn Random) -> Result<HomeLabel, Error> {
        for _ in 0..HOMES_MAX {
            let mut bytes = [0; 8];
            random.fill(&mut bytes);
            let label = HomeLabel::from_random(bytes);
            let name = self.below_base(&label.to_string())?;
            if operator.read(&keys::domain_owner(&name))?.is_none() {
                return Ok(label);
            }
        }
        Err(Error::Unavailable("no label is free; try again".to_owned()))
    }
}

/// What this link is for; an error where it is good no more. It is read, so that it can't be used twice.
fn open_link(operator: &mut Snapshot, secret: &Secret, now: Timestamp) -> Result<SignUp, Error> {
    check_open(operator)?;
    let bytes = operator.read(&keys::sign_up(&secret.digest()))?.ok_or_else(no_such_secret)?;
    let asked: SignUp = stored::decode("sign-up", &bytes)?;
    if asked.is_over(now) { Err(no_such_secret()) } else { Ok(asked) }
}

fn first_admin(asked: &SignUp, id: PersonId, now: Timestamp) -> Person {
    Person {
        id,
        name: asked.name.clone(),
        address: asked.address.clone(),
        role: Role::Admin,
        teams: Vec::new(),
        status: PersonStatus::Active,
        created: Some(now),
        epoch: None,
    }
}

fn entering(hash: &PasswordHash, device: &Secret, now: Timestamp) -> Credentials {
    let mut credentials = Credentials { password: Some(hash.clone()), ..Credentials::default() };
    credentials.remember(device.digest(), now);
    credentials
}

/// The name as a short name, with a number where it is taken or reserved.
fn free_slug(operator: &mut Snapshot, name: &str, home: &HomeLabel) -> Result<String, Error> {
    let stem = slug_of(name);
    let numbered = (1..=SLUGS_MAX).map(|n| if n == 1 { stem.clone() } else { format!("{stem}-{n}") });
    for slug in numbered.filter(|slug| !slug.starts_with('-')) {
        if reserved::check(&slug).is_ok() && operator.read(&keys::slug(&slug))?.is_none() {
            return Ok(slug);
        }
    }
    Ok(home.to_string())
}

/// Letters and digits of ASCII, hyphens for the rest.
fn slug_of(name: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    let words: String = name.chars().map(plain).collect();
    let joined = words.split('-').filter(|word| !word.is_empty()).collect::<Vec<_>>().join("-");
    let cut: String = joined.chars().take(STEM_CHARS_MAX).collect();
    cut.trim_end_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_becomes_a_short_name_that_a_label_can_be() {
        for (name, slug) in [
            ("Acme Ltd.", "acme-ltd"),
            ("  --Été & Fils--", "t-fils"),
            ("日本", ""),
            (&"a-".repeat(100), "a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a"),
        ] {
            assert_eq!(slug_of(name), slug);
        }
    }
}
