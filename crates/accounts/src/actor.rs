//! Who asks: every call that a person causes carries an [`Actor`], and what it may see is decided from it alone.

use guichet_store::OrganisationId;

use crate::{PersonId, Scope, Scopes, TeamId};

/// Who acts, in which organisation, and how far their sight goes.
#[derive(Debug, Clone)]
pub struct Actor {
    /// The one organisation this actor lives in; nothing outside it exists for them.
    pub organisation: OrganisationId,
    /// Who, for the log of events.
    pub who: Who,
    /// Which teams' tickets they see.
    pub sight: Sight,
    /// What their token allows.
    pub scopes: Scopes,
}

/// The author of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, minicbor::Encode, minicbor::Decode)]
pub enum Who {
    /// A person of the organisation.
    #[n(0)]
    Person(#[n(0)] PersonId),
    /// Guichet itself: mail that came in, a rule, a timer.
    #[n(1)]
    System,
    /// The operator of the server, through the command line.
    #[n(2)]
    Operator,
}

/// Which tickets somebody sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sight {
    /// All of the organisation: admins.
    All,
    /// Those of these teams, no others: agents. A ticket of no team is the admins' to assign.
    Teams(Vec<TeamId>),
}

impl Sight {
    /// Whether a ticket of this team (or of none) is seen.
    pub fn sees(&self, team: Option<TeamId>) -> bool {
        match self {
            Sight::All => true,
            Sight::Teams(teams) => team.is_some_and(|team| teams.contains(&team)),
        }
    }
}

impl Actor {
    /// Guichet itself, in one organisation.
    pub fn system(organisation: OrganisationId) -> Self {
        Self { organisation, who: Who::System, sight: Sight::All, scopes: Scopes::all() }
    }

    /// Whether the token allows this.
    pub fn may(&self, scope: Scope) -> bool {
        self.scopes.contains(scope)
    }
}
