//! Views that people save, change, order and delete: their own; admins those of all.

use std::collections::BTreeSet;

use guichet_accounts::{Actor, PersonId, Sight, TeamId};
use guichet_store::{Batch, CommitError, Counter, Receipt, Snapshot, Template, record};

use super::read::{decoded, order_checked};
use super::{SavedView, VIEWS_MAX, View, ViewId};
use crate::filter::me;
use crate::keys::{self, Number};
use crate::{Desk, Error, Order, SortKey, TicketFilter};

/// How often it is tried again when somebody else was quicker.
const ATTEMPTS_MAX: usize = 16;
const NAME_CHARS_MAX: usize = 100;
/// How many values of one kind a filter names: each may be a list to be opened.
const VALUES_MAX: usize = 50;
/// How many teams one view is for.
const TEAMS_MAX: usize = 100;
/// The longest tag, in characters: no ticket has a longer one.
const TAG_CHARS_MAX: usize = 60;

/// A view to be saved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewView {
    /// Its name.
    pub name: String,
    /// Whether it is for others too; only admins share.
    pub shared: bool,
    /// For whom a shared one is; empty: for everybody.
    pub teams: BTreeSet<TeamId>,
    /// Which tickets it shows.
    pub filter: TicketFilter,
    /// By what they are ordered.
    pub sort: SortKey,
    /// In which direction.
    pub order: Order,
    /// Its place among its owner's, from 0; without it the last.
    pub position: Option<usize>,
}

/// A change; what is `None` stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ViewChange {
    /// The name.
    pub name: Option<String>,
    /// For whom a shared one is.
    pub teams: Option<BTreeSet<TeamId>>,
    /// Which tickets it shows.
    pub filter: Option<TicketFilter>,
    /// By what they are ordered, and in which direction.
    pub sort: Option<(SortKey, Order)>,
    /// Its place among its owner's, from 0.
    pub position: Option<usize>,
}

/// What is written of one view and of the order that it stands in.
enum Write {
    Put { number: Option<u64>, view: Box<SavedView>, order: Vec<u64>, at: usize },
    Delete { number: u64, owner: Option<PersonId>, order: Vec<u64> },
}

impl Desk {
    /// Saves a view.
    ///
    /// # Errors
    /// [`Error::Invalid`] with a sentence: for one who is no admin and shares, for what does not exist, for too many.
    pub async fn create_view(&self, actor: &Actor, new: &NewView) -> Result<View, Error> {
        if new.shared && actor.sight != Sight::All {
            return Err(Error::Invalid("only admins share views; leave out `shared`".to_owned()));
        }
        let owner = if new.shared { None } else { Some(me(actor).ok_or_else(nobody)?) };
        let view = SavedView {
            name: new.name.clone(),
            owner,
            teams: new.teams.clone(),
            filter: new.filter.clone(),
            sort: new.sort,
            order: new.order,
        };
        check_view(&view)?;
        self.check_teams(actor, &view.teams)?;
        let plan = |snapshot: &mut Snapshot| {
            let order = order_checked(snapshot, owner)?;
            if order.len() >= VIEWS_MAX {
                return Err(Error::Invalid(format!(
                    "there are {VIEWS_MAX} saved views already: delete one that nobody needs"
                )));
            }
            let at = new.position.unwrap_or(order.len()).min(order.len());
            Ok(Write::Put { number: None, view: Box::new(view.clone()), order, at })
        };
        let number = self.write_view(actor, plan).await?;
        self.view(actor, ViewId::Saved(number))
    }

    /// Changes a saved view: one's own, or as an admin a shared one. With `expected`, the version that the actor read, it
    /// fails with [`Error::Changed`] if it was changed since.
    pub async fn change_view(
        &self,
        actor: &Actor,
        id: ViewId,
        change: &ViewChange,
        expected: Option<u64>,
    ) -> Result<View, Error> {
        let number = saved(id)?;
        let plan = |snapshot: &mut Snapshot| {
            let mut view = mine_to_change(snapshot, actor, number, expected)?;
            view.name = change.name.clone().unwrap_or(view.name);
            if let Some(teams) = &change.teams {
                self.check_teams(actor, teams)?;
                view.teams.clone_from(teams);
            }
            view.filter = change.filter.clone().unwrap_or(view.filter);
            (view.sort, view.order) = change.sort.unwrap_or((view.sort, view.order));
            check_view(&view)?;
            let mut order = order_checked(snapshot, view.owner)?;
            let before = order.iter().position(|one| *one == number).unwrap_or(order.len());
            order.retain(|one| *one != number);
            let at = change.position.unwrap_or(before).min(order.len());
            Ok(Write::Put { number: Some(number), view: Box::new(view), order, at })
        };
        self.write_view(actor, plan).await?;
        self.view(actor, id)
    }

    /// Deletes a saved view: one's own, or as an admin a shared one.
    pub async fn delete_view(&self, actor: &Actor, id: ViewId, expected: Option<u64>) -> Result<(), Error> {
        let number = saved(id)?;
        let plan = |snapshot: &mut Snapshot| {
            let view = mine_to_change(snapshot, actor, number, expected)?;
            let mut order = order_checked(snapshot, view.owner)?;
            order.retain(|one| *one != number);
            Ok(Write::Delete { number, owner: view.owner, order })
        };
        self.write_view(actor, plan).await.map(drop)
    }

    async fn write_view(
        &self,
        actor: &Actor,
        plan: impl Fn(&mut Snapshot) -> Result<Write, Error>,
    ) -> Result<u64, Error> {
        for _ in 0..ATTEMPTS_MAX {
            let mut snapshot = self.store.of(actor.organisation).snapshot()?;
            let write = plan(&mut snapshot)?;
            let mut batch = snapshot.batch();
            let number = write.write(&mut batch);
            match self.store.commit(vec![batch]).await {
                Ok(receipts) => return Ok(settled(number, receipts.first())),
                Err(CommitError::Conflict) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(Error::Unavailable("too many views are changed at once".to_owned()))
    }

    /// That there are these teams. One that a view names may be gone later; then the view is the admins' to change.
    fn check_teams(&self, actor: &Actor, teams: &BTreeSet<TeamId>) -> Result<(), Error> {
        if teams.len() > TEAMS_MAX {
            return Err(Error::Invalid(format!("a view is for at most {TEAMS_MAX} teams, or for everybody")));
        }
        for team in teams {
            match self.accounts.team(actor.organisation, *team) {
                Err(guichet_accounts::Error::NotFound { .. }) => {
                    return Err(Error::Invalid(format!("there is no team {team}")));
                }
                other => other.map(drop)?,
            }
        }
        Ok(())
    }
}

impl Write {
    fn write(self, batch: &mut Batch) -> Number {
        match self {
            Write::Put { number, view, order, at } => {
                let number =
                    number.map_or_else(|| Number::Assigned(batch.next(Counter::Entity)), Number::Known);
                batch.put(number.write(Template::from(keys::views())), record::encode(&*view));
                let (before, after) = order.split_at(at.min(order.len()));
                let all = before.iter().copied().map(Number::Known).chain([number]);
                let all = all.chain(after.iter().copied().map(Number::Known));
                let row = all.fold(Template::new(), |row, number| number.write(row));
                batch.put(keys::view_order(view.owner), row);
                number
            }
            Write::Delete { number, owner, order } => {
                batch.delete(keys::views().number(number));
                let row = order.into_iter().fold(Template::new(), Template::number);
                batch.put(keys::view_order(owner), row);
                Number::Known(number)
            }
        }
    }
}

fn settled(number: Number, receipt: Option<&Receipt>) -> u64 {
    match number {
        Number::Known(number) => number,
        Number::Assigned(slot) => receipt.map_or(0, |receipt| receipt.number(slot)),
    }
}

/// The saved view as a check of the batch, if the actor may change it.
fn mine_to_change(
    snapshot: &mut Snapshot,
    actor: &Actor,
    number: u64,
    expected: Option<u64>,
) -> Result<SavedView, Error> {
    let key = keys::views().number(number);
    let version = snapshot.peek_version(&key)?.map(|(version, _)| version);
    let bytes = snapshot.read(&key)?.ok_or(Error::NotFound("view"))?;
    let view = decoded(&bytes)?;
    if !view.is_for(actor) {
        return Err(Error::NotFound("view"));
    }
    if view.owner.is_none() && actor.sight != Sight::All {
        return Err(Error::Invalid("only admins change shared views; save one of your own".to_owned()));
    }
    if expected.is_some_and(|expected| version != Some(expected)) {
        return Err(Error::Changed("view"));
    }
    Ok(view)
}

fn saved(id: ViewId) -> Result<u64, Error> {
    match id {
        ViewId::Saved(number) => Ok(number),
        ViewId::BuiltIn(view) => Err(Error::Invalid(format!(
            "`{}` is built in and stays as it is: save a view of your own",
            view.as_str()
        ))),
    }
}

/// That its parts have bounds, and fit together.
fn check_view(view: &SavedView) -> Result<(), Error> {
    let fits = (1..=NAME_CHARS_MAX).contains(&view.name.chars().count());
    if !fits || view.name.chars().any(char::is_control) || view.name.trim() != view.name {
        return Err(Error::Invalid(format!(
            "a name has 1 to {NAME_CHARS_MAX} characters, no control characters, no space at its ends"
        )));
    }
    if view.owner.is_some() && !view.teams.is_empty() {
        return Err(Error::Invalid("a view of your own is for no team: leave out `teams`".to_owned()));
    }
    check_filter(&view.filter)
}

fn check_filter(filter: &TicketFilter) -> Result<(), Error> {
    let counts = [
        filter.states.len(),
        filter.teams.len(),
        filter.assignees.len(),
        filter.tags.len(),
        filter.priorities.len(),
    ];
    if counts.into_iter().any(|count| count > VALUES_MAX) {
        return Err(Error::Invalid(format!("a filter names at most {VALUES_MAX} values of one kind")));
    }
    if filter.tags.iter().any(|tag| tag.chars().count() > TAG_CHARS_MAX) {
        return Err(Error::Invalid(format!("a tag has at most {TAG_CHARS_MAX} characters")));
    }
    Ok(())
}

fn nobody() -> Error {
    Error::Invalid("only a person has views of their own".to_owned())
}
