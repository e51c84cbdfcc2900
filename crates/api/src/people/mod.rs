//! `/people`, `/teams`: who works in the organisation, and in which groups.
//!
//! *Must hold*: everybody of the organisation sees the names; only who has `people:write` changes anything, and each
//! change is noted as theirs.

mod change;
mod list;
mod teams;

pub(crate) use change::{__path_change, __path_disable, change, disable};
pub(crate) use list::{__path_list, __path_read, Person, list, read, read_role};
pub(crate) use teams::{
    __path_create as __path_create_team, __path_delete as __path_delete_team,
    __path_list as __path_list_teams, __path_rename as __path_rename_team, create as create_team,
    delete as delete_team, list as list_teams, rename as rename_team,
};

/// How many teams one person can be put into at once.
pub(crate) const TEAMS_MAX: usize = 100;
