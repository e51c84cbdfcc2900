//! Whatever happens in whatever order: every list has the tickets that a naive model says, in its order, page by page.

use std::collections::BTreeSet;

use guichet_accounts::{Actor, PersonId, TeamId, VerdictPolicy, Who};
use guichet_mail::{DmarcPolicy, Verdicts};
use proptest::prelude::*;

use super::world::{World, at, forged, mail, outcomes};
use crate::{
    Assignee, ContactId, Error, Order, Outcome, SortKey, State, TicketChange, TicketFilter, TicketQuery,
};

/// What is known of a sender.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Proof {
    Proven,
    Unproven,
    Forged,
}

#[derive(Debug, Clone)]
enum Act {
    Write { sender: u64, billing: bool, proof: Proof, answers: Option<prop::sample::Index> },
    SendAgain(prop::sample::Index),
    Change { ticket: prop::sample::Index, change: Wish },
    Release(prop::sample::Index),
}

/// A change, before it is known who the people are.
#[derive(Debug, Clone)]
struct Wish {
    state: Option<usize>,
    billing: Option<bool>,
    assigned: Option<bool>,
    tags: Option<BTreeSet<String>>,
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let index = any::<prop::sample::Index>;
    let proof = prop_oneof![4 => Just(Proof::Proven), 1 => Just(Proof::Unproven), 1 => Just(Proof::Forged)];
    let write = (0..3u64, any::<bool>(), proof, proptest::option::of(index()));
    let write =
        write.prop_map(|(sender, billing, proof, answers)| Act::Write { sender, billing, proof, answers });
    let tags = proptest::collection::btree_set("a[é\u{202e}\u{200b}, &?]{0,2}b", 0..3);
    let wish = (
        proptest::option::of(0..State::ALL.len()),
        proptest::option::of(any::<bool>()),
        proptest::option::of(any::<bool>()),
        proptest::option::of(tags),
    );
    let wish = wish.prop_map(|(state, billing, assigned, tags)| Wish { state, billing, assigned, tags });
    let change = (index(), wish).prop_map(|(ticket, change)| Act::Change { ticket, change });
    let act = prop_oneof![
        4 => write,
        1 => index().prop_map(Act::SendAgain),
        4 => change,
        1 => index().prop_map(Act::Release),
    ];
    proptest::collection::vec(act, 1..40)
}

#[derive(Debug, Clone, PartialEq)]
struct ModelTicket {
    state: State,
    team: Option<TeamId>,
    assignee: Option<PersonId>,
    tags: BTreeSet<String>,
    requester: u64,
    activity: u64,
    messages: u64,
}

#[derive(Debug, Clone)]
struct ModelMessage {
    sender: u64,
    billing: bool,
    proof: Proof,
    answers: Option<usize>,
    /// Its ticket, from 0; none in quarantine.
    ticket: Option<usize>,
}

/// The desk as a person would keep it on paper.
struct Model {
    world: World,
    agent: Actor,
    person: PersonId,
    tickets: Vec<ModelTicket>,
    messages: Vec<ModelMessage>,
    /// The senders in the order in which they became contacts.
    contacts: Vec<u64>,
    events: u64,
}

impl Model {
    async fn new() -> Self {
        let world = World::new().await;
        world.desk.accounts().set_policy(world.acme, VerdictPolicy::Quarantine, Vec::new()).await.unwrap();
        let agent = world.billing_agent().await;
        let Who::Person(person) = agent.who else { panic!("an agent is a person") };
        let (tickets, messages, contacts) = Default::default();
        Model { world, agent, person, tickets, messages, contacts, events: 0 }
    }

    async fn act(&mut self, act: &Act) {
        match act {
            Act::Write { sender, billing, proof, answers } => {
                let answers = answers.filter(|_| !self.messages.is_empty());
                let answers = answers.map(|index| index.index(self.messages.len()));
                let (sender, billing, proof) = (*sender, *billing, *proof);
                self.messages.push(ModelMessage { sender, billing, proof, answers, ticket: None });
                let expected = self.file(self.messages.len() - 1);
                assert_eq!(self.send(self.messages.len() - 1).await, [expected], "{act:?}");
            }
            Act::SendAgain(index) if !self.messages.is_empty() => {
                let index = index.index(self.messages.len());
                let ticket = self.messages[index].ticket.map(|ticket| ticket as u64 + 1);
                assert_eq!(self.send(index).await, [Outcome::Duplicate { ticket }], "{act:?}");
            }
            Act::Change { ticket, change } if !self.tickets.is_empty() => {
                self.change(ticket.index(self.tickets.len()), change).await;
            }
            Act::Release(index) => self.release(*index).await,
            Act::SendAgain(_) | Act::Change { .. } => {}
        }
    }

    async fn send(&self, index: usize) -> Vec<Outcome> {
        let ModelMessage { sender, billing, proof, answers, .. } = self.messages[index];
        let more = answers.map(|earlier| format!("In-Reply-To: <{earlier}@customer.example>\n"));
        let raw = mail(
            &format!("c{sender}@customer.example"),
            &format!("{index}@customer.example"),
            "Hello",
            &more.unwrap_or_default(),
        );
        let to = if billing { &self.world.billing } else { &self.world.support };
        let mut arrival = self.world.arrival(&raw, &[to]);
        match proof {
            Proof::Proven => {}
            Proof::Unproven => arrival.verdicts = Verdicts::default(),
            Proof::Forged => arrival.verdicts = forged("customer.example", DmarcPolicy::None),
        }
        outcomes(self.world.desk.receive(&arrival).await.unwrap())
    }

    /// Files the newest message, and says what the desk should answer.
    fn file(&mut self, index: usize) -> Outcome {
        self.events += 1;
        let message = self.messages[index].clone();
        if message.proof == Proof::Forged {
            return Outcome::Quarantined { message: index as u64 + 1 };
        }
        let requester = self.contact(message.sender);
        let thread = message.answers.and_then(|earlier| {
            let earlier = &self.messages[earlier];
            // Nobody is ever in copy, so whoever takes part began the ticket.
            let ticket = earlier.ticket.filter(|ticket| self.tickets[*ticket].requester == requester)?;
            (message.proof == Proof::Proven && earlier.billing == message.billing).then_some(ticket)
        });
        if let Some(ticket) = thread {
            let joined = &mut self.tickets[ticket];
            joined.state = joined.state.after_mail();
            joined.messages += 1;
            joined.activity = self.events;
            self.messages[index].ticket = Some(ticket);
            return Outcome::Joined { ticket: ticket as u64 + 1 };
        }
        Outcome::Created { ticket: self.begin(index, requester) }
    }

    fn contact(&mut self, sender: u64) -> u64 {
        if !self.contacts.contains(&sender) {
            self.contacts.push(sender);
        }
        self.contacts.iter().position(|contact| *contact == sender).unwrap() as u64 + 1
    }

    fn begin(&mut self, message: usize, requester: u64) -> u64 {
        self.tickets.push(ModelTicket {
            state: State::New,
            team: self.messages[message].billing.then_some(self.world.billing_team),
            assignee: None,
            tags: BTreeSet::new(),
            requester,
            activity: self.events,
            messages: 1,
        });
        self.messages[message].ticket = Some(self.tickets.len() - 1);
        self.tickets.len() as u64
    }

    async fn change(&mut self, ticket: usize, wish: &Wish) {
        let change = TicketChange {
            state: wish.state.map(|state| State::ALL[state]),
            team: wish.billing.map(|billing| billing.then_some(self.world.billing_team)),
            assignee: wish.assigned.map(|assigned| assigned.then_some(self.person)),
            tags: wish.tags.clone(),
            ..TicketChange::default()
        };
        let (admin, number) = (self.world.admin(), ticket as u64 + 1);
        let before = self.tickets[ticket].clone();
        let team = change.team.unwrap_or(before.team);
        if change.assignee == Some(Some(self.person)) && team.is_none() {
            let refused = self.world.desk.change_ticket(&admin, number, &change, None, at(1)).await;
            assert!(matches!(refused, Err(Error::Invalid(_))), "who does not see it can't work on it");
            return;
        }
        let after = &mut self.tickets[ticket];
        after.state = change.state.unwrap_or(after.state);
        after.team = change.team.unwrap_or(after.team);
        // Who no longer sees it falls away.
        after.assignee = change.assignee.unwrap_or(after.assignee).filter(|_| after.team.is_some());
        after.tags = change.tags.clone().unwrap_or_else(|| after.tags.clone());
        if *after != before {
            self.events += 1;
            after.activity = self.events;
        }
        let changed = self.world.desk.change_ticket(&admin, number, &change, None, at(1)).await.unwrap();
        assert_eq!(changed.activity, self.tickets[ticket].activity);
    }

    async fn release(&mut self, index: prop::sample::Index) {
        let held: Vec<usize> =
            (0..self.messages.len()).filter(|message| self.messages[*message].ticket.is_none()).collect();
        let listed = self.world.desk.quarantine(&self.world.admin(), None, 200).unwrap().items;
        let listed: Vec<usize> = listed.iter().map(|message| message.number as usize - 1).collect();
        assert_eq!(listed, held);
        if held.is_empty() {
            return;
        }
        let message = *index.get(&held);
        self.events += 1;
        let requester = self.contact(self.messages[message].sender);
        let ticket = self.begin(message, requester);
        let released = self.world.desk.release(&self.world.admin(), message as u64 + 1, at(1)).await;
        assert_eq!(released.unwrap(), ticket);
    }

    /// Compares every list that can be asked for.
    fn compare(&self) {
        let admin = self.world.admin();
        let mut filters = vec![TicketFilter::default()];
        let any = TicketFilter::default;
        filters.extend(State::ALL.map(|state| TicketFilter { states: vec![state], ..any() }));
        for team in [None, Some(self.world.billing_team)] {
            filters.push(TicketFilter { teams: vec![team], ..any() });
            filters.push(TicketFilter { teams: vec![team], states: vec![State::Open], ..any() });
        }
        for assignee in [None, Some(self.person)] {
            filters.push(TicketFilter {
                assignees: vec![assignee.map_or(Assignee::Nobody, Assignee::Person)],
                ..any()
            });
        }
        filters.extend((0..4).map(|id| TicketFilter { requester: Some(ContactId(id)), ..any() }));
        let tags: BTreeSet<&String> = self.tickets.iter().flat_map(|ticket| &ticket.tags).collect();
        filters.extend(tags.into_iter().map(|tag| TicketFilter { tags: vec![tag.clone()], ..any() }));
        for filter in filters {
            for (actor, sees_all) in [(&admin, true), (&self.agent, false)] {
                for sort in [SortKey::Updated, SortKey::Created] {
                    let expected = self.expected(&filter, sort, sees_all);
                    assert_eq!(self.listed(actor, &filter, sort), expected, "{filter:?} {sort:?} {sees_all}");
                }
            }
        }
        for (index, ticket) in self.tickets.iter().enumerate() {
            let messages = self.world.desk.messages(&admin, index as u64 + 1, None, 200).unwrap().items;
            assert_eq!(messages.len() as u64, ticket.messages);
        }
    }

    fn expected(&self, filter: &TicketFilter, sort: SortKey, sees_all: bool) -> Vec<u64> {
        let mut found: Vec<(u64, u64)> = Vec::new();
        for (index, ticket) in self.tickets.iter().enumerate() {
            let number = index as u64 + 1;
            let states = if filter.states.is_empty() { &State::SHOWN } else { filter.states.as_slice() };
            let assignee = ticket.assignee.map_or(Assignee::Nobody, Assignee::Person);
            if states.contains(&ticket.state)
                && (filter.teams.is_empty() || filter.teams.contains(&ticket.team))
                && (filter.assignees.is_empty() || filter.assignees.contains(&assignee))
                && filter.requester.is_none_or(|contact| contact.0 == ticket.requester)
                && (filter.tags.is_empty() || filter.tags.iter().any(|tag| ticket.tags.contains(tag)))
                && (sees_all || ticket.team == Some(self.world.billing_team))
            {
                found.push((if sort == SortKey::Updated { ticket.activity } else { number }, number));
            }
        }
        found.sort_unstable();
        found.into_iter().map(|(_, number)| number).collect()
    }

    /// A list in pages of three, oldest first; and the other way round it must be the same.
    fn listed(&self, actor: &Actor, filter: &TicketFilter, sort: SortKey) -> Vec<u64> {
        let [forward, mut backward] = [Order::Ascending, Order::Descending].map(|order| {
            let mut query = TicketQuery { filter: filter.clone(), sort, order, cursor: None, limit: 3 };
            let mut numbers = Vec::new();
            loop {
                let page = self.world.desk.tickets(actor, &query).unwrap();
                assert!(page.next.is_none() || page.items.len() == 3, "a short page is the last");
                numbers.extend(page.items.iter().map(|ticket| ticket.number));
                match page.next {
                    Some(next) => query.cursor = Some(next),
                    None => return numbers,
                }
            }
        });
        backward.reverse();
        assert_eq!(forward, backward);
        forward
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_list_is_what_the_model_says_after_any_sequence_of_acts(acts in acts()) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let mut model = Model::new().await;
            for act in &acts {
                model.act(act).await;
            }
            model.compare();
        });
    }
}
