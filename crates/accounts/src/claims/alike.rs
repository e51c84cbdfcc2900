//! What a name that is asked for can be taken for: every name on the server is compared with it.

use guichet_mail::DomainName;
use guichet_store::{Direction, Key, OrganisationId};
use tokio::sync::Semaphore;

use crate::look_alike::{Likeness, LikenessTo, Look, mixes_scripts};
use crate::{Accounts, Error, keys, reserved, stored};

/// Warnings noted on one claim: enough to see why.
const LIKENESSES_MAX: usize = 8;

/// Claims compared with all names at one time: each takes a core for a moment where there are many.
const COMPARED_MAX: usize = 1;

static COMPARING: Semaphore = Semaphore::const_new(COMPARED_MAX);

impl Accounts {
    /// What a label can be taken for, found off the threads that serve others.
    pub(super) async fn likenesses_of(
        &self,
        organisation: OrganisationId,
        label: &str,
        protected: &[String],
    ) -> Result<Vec<Likeness>, Error> {
        let stopped = || Error::Unavailable("the server is being stopped".to_owned());
        let place = COMPARING.acquire().await.map_err(|_| stopped())?;
        let (accounts, label, protected) = (self.clone(), label.to_owned(), protected.to_vec());
        let compared = tokio::task::spawn_blocking(move || {
            let _place = place;
            accounts.likenesses(organisation, &label, &protected)
        });
        compared.await.map_err(|_| stopped())?
    }

    /// What a label can be taken for.
    fn likenesses(
        &self,
        organisation: OrganisationId,
        label: &str,
        protected: &[String],
    ) -> Result<Vec<Likeness>, Error> {
        let look = Look::of(label);
        let mut found = Vec::new();
        if mixes_scripts(label) {
            found.push(Likeness { to: LikenessTo::Scripts, name: label.to_owned() });
        }
        let reserved = reserved::names().map(|name| (LikenessTo::Reserved, name.to_owned()));
        let protected = protected.iter().map(|name| (LikenessTo::Protected, name.clone()));
        let names = protected.chain(reserved).chain(self.names_of_others(organisation)?);
        let alike = names.filter(|(_, name)| look.is_like(&Look::of(name)));
        found.extend(alike.map(|(to, name)| Likeness { to, name }).take(LIKENESSES_MAX));
        Ok(found)
    }

    /// The labels below the base domain and the own domains that other organisations have.
    fn names_of_others(&self, organisation: OrganisationId) -> Result<Vec<(LikenessTo, String)>, Error> {
        let operator = self.store.operator().snapshot()?;
        let mut names = Vec::new();
        for row in operator.scan(&Key::new(keys::DOMAIN_OWNERS), Direction::Forward, None)? {
            let (key, owner) = row?;
            if stored::read_owner(&owner)? == organisation {
                continue;
            }
            let Some(name) = keys::text_of(&key).and_then(|text| DomainName::parse(text).ok()) else {
                return Err(Error::Damaged("domain"));
            };
            let is_label = name.is_within(self.base_domain());
            let to = if is_label { LikenessTo::Label } else { LikenessTo::Domain };
            names.extend(self.naming_label(&name).map(|label| (to, label.to_owned())));
        }
        Ok(names)
    }

    /// The label of a domain that names whose it is: directly below the base domain, or below what registries give out.
    fn naming_label<'a>(&self, name: &'a DomainName) -> Option<&'a str> {
        let base = self.base_domain();
        if name == base {
            return None;
        }
        if name.is_within(base) {
            let below = name.as_str().strip_suffix(base.as_str())?.strip_suffix('.')?;
            return below.rsplit('.').next();
        }
        let mut labels = name.as_str().rsplit('.').skip(1);
        let second = labels.next()?;
        // `co.uk` and its like: a short label below the top is the registry's where there is one more.
        if second.len() <= REGISTRY_CHARS_MAX { labels.next().or(Some(second)) } else { Some(second) }
    }
}

/// `co`, `com`, `org`, `gov`.
const REGISTRY_CHARS_MAX: usize = 3;
