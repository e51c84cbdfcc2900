//! Views: those that everybody has, those that people save, and what they show to whom.

use guichet_accounts::{Actor, Role, Sight, Who};

use super::world::{World, at, mail};
use super::writing_letters::into_ticket;
use crate::{
    Assignee, BuiltIn, Error, NewView, Order, SortKey, State, TicketChange, TicketFilter, View, ViewChange,
    ViewId, WritingKind,
};

/// Tickets 1 and 2 of billing, 3 of no team; an agent of billing and an admin.
async fn furnished() -> (World, Actor, Actor) {
    let world = World::new().await;
    for (number, to) in [(1, &world.billing), (2, &world.billing), (3, &world.support)] {
        let raw = mail("bia@customer.example", &format!("{number}@customer.example"), "Hello", "");
        world.receive(&raw, &[to]).await;
    }
    let agent = world.person("ana", Role::Agent, &[world.billing_team]).await;
    let admin = world.person("boss", Role::Admin, &[]).await;
    (world, agent, admin)
}

fn new_view(name: &str, filter: TicketFilter) -> NewView {
    NewView {
        name: name.to_owned(),
        shared: false,
        teams: [].into(),
        filter,
        sort: SortKey::Updated,
        order: Order::Descending,
        position: None,
    }
}

fn shared(name: &str) -> NewView {
    NewView { shared: true, ..new_view(name, TicketFilter::default()) }
}

impl World {
    fn shown(&self, actor: &Actor, view: &View) -> Vec<u64> {
        let page = self.desk.view_tickets(actor, view, None, 50).unwrap();
        page.items.iter().map(|ticket| ticket.number).collect()
    }

    fn built_in(&self, actor: &Actor, view: BuiltIn) -> Vec<u64> {
        self.shown(actor, &self.desk.view(actor, ViewId::BuiltIn(view)).unwrap())
    }

    /// The names of the views that are saved.
    fn saved(&self, actor: &Actor) -> Vec<String> {
        let views = self.desk.visible_views(actor).unwrap().into_iter();
        views.skip(BuiltIn::ALL.len()).map(|view| view.name).collect()
    }
}

#[tokio::test]
async fn the_views_that_everybody_has_show_what_their_names_say() {
    let (world, agent, admin) = furnished().await;
    let Who::Person(me) = agent.who else { panic!("an agent is a person") };
    let change =
        async |number, change| world.desk.change_ticket(&admin, number, &change, None, at(1)).await.unwrap();
    change(1, TicketChange { assignee: Some(Some(me)), ..TicketChange::default() }).await;
    let seen = |view| (world.built_in(&agent, view), world.built_in(&admin, view));
    assert_eq!(seen(BuiltIn::Inbox), (vec![1, 2], vec![3, 2]));
    assert_eq!(seen(BuiltIn::Mine), (vec![1], vec![]));
    assert_eq!(seen(BuiltIn::Unassigned), (vec![2], vec![3, 2]));
    world.desk.write(&agent, into_ticket(1, WritingKind::Reply), None, None, at(2)).await.unwrap();
    assert_eq!(seen(BuiltIn::Sent), (vec![1], vec![]));
    assert_eq!(seen(BuiltIn::Mine), (vec![], vec![]), "it waits for the customer");
    change(2, TicketChange { attention: Some(true), ..TicketChange::default() }).await;
    assert_eq!(seen(BuiltIn::Attention), (vec![2], vec![2]));
    change(2, TicketChange { state: Some(State::Spam), ..TicketChange::default() }).await;
    change(3, TicketChange { state: Some(State::Trash), ..TicketChange::default() }).await;
    assert_eq!((seen(BuiltIn::Spam), seen(BuiltIn::Trash)), ((vec![2], vec![2]), (vec![], vec![3])));
    assert_eq!(seen(BuiltIn::Inbox), (vec![], vec![]));
    for view in BuiltIn::ALL {
        assert_eq!(view.as_str().parse::<ViewId>().unwrap(), ViewId::BuiltIn(view));
        let id = ViewId::BuiltIn(view);
        let refused = world.desk.change_view(&admin, id, &ViewChange::default(), None).await;
        assert!(matches!(refused, Err(Error::Invalid(why)) if why.contains("built in")));
    }
}

#[tokio::test]
async fn a_saved_view_is_kept_changed_ordered_and_deleted() {
    let (world, agent, _) = furnished().await;
    let filter = TicketFilter {
        states: vec![State::New, State::Open],
        assignees: vec![Assignee::Nobody, Assignee::Me],
        tags: vec!["vip".to_owned(), "late".to_owned()],
        ..TicketFilter::default()
    };
    let first = world.desk.create_view(&agent, &new_view("First", filter.clone())).await.unwrap();
    assert_eq!((&first.filter, world.shown(&agent, &first)), (&filter, vec![]));
    let tags = |tags: &[&str]| TicketChange {
        tags: Some(tags.iter().map(|tag| (*tag).to_owned()).collect()),
        ..TicketChange::default()
    };
    world.desk.change_ticket(&agent, 1, &tags(&["vip", "late"]), None, at(1)).await.unwrap();
    world.desk.change_ticket(&agent, 2, &tags(&["late"]), None, at(2)).await.unwrap();
    assert_eq!(world.shown(&agent, &first), [2, 1], "each once, though it has both tags");

    let second = NewView { position: Some(0), ..new_view("Second", TicketFilter::default()) };
    let second = world.desk.create_view(&agent, &second).await.unwrap();
    assert_eq!(world.saved(&agent), ["Second", "First"]);
    let change = ViewChange {
        name: Some("Renamed".to_owned()),
        sort: Some((SortKey::Created, Order::Ascending)),
        position: Some(99),
        ..ViewChange::default()
    };
    let stale = world.desk.change_view(&agent, second.id, &change, Some(second.version + 1)).await;
    assert!(matches!(stale, Err(Error::Changed("view"))));
    let changed = world.desk.change_view(&agent, second.id, &change, Some(second.version)).await.unwrap();
    assert_ne!(changed.version, second.version);
    assert_eq!(
        (world.saved(&agent), world.shown(&agent, &changed)),
        (vec!["First".into(), "Renamed".into()], vec![1, 2])
    );
    world.desk.delete_view(&agent, first.id, None).await.unwrap();
    assert_eq!(world.saved(&agent), ["Renamed"]);
    assert!(matches!(world.desk.view(&agent, first.id), Err(Error::NotFound("view"))));
}

#[tokio::test]
async fn promise_7_a_shared_view_widens_nobodys_sight_and_a_personal_one_is_seen_by_one() {
    let (world, agent, admin) = furnished().await;
    let everything = TicketFilter { teams: vec![None, Some(world.billing_team)], ..TicketFilter::default() };
    let view = NewView { filter: everything, ..shared("All") };
    let all = world.desk.create_view(&admin, &view).await.unwrap();
    assert_eq!(world.shown(&admin, &all), [3, 2, 1]);
    assert_eq!(world.shown(&agent, &world.desk.view(&agent, all.id).unwrap()), [2, 1]);
    let refused = world.desk.create_view(&agent, &shared("Mine for all")).await;
    assert!(matches!(refused, Err(Error::Invalid(why)) if why.contains("admins")));
    for refused in [
        world.desk.change_view(&agent, all.id, &ViewChange::default(), None).await.map(drop),
        world.desk.delete_view(&agent, all.id, None).await,
    ] {
        assert!(matches!(refused, Err(Error::Invalid(why)) if why.contains("admins")));
    }
    let own = world.desk.create_view(&agent, &new_view("Own", TicketFilter::default())).await.unwrap();
    for other in [&admin, &world.admin(), &Actor::system(world.other)] {
        assert!(matches!(world.desk.view(other, own.id), Err(Error::NotFound("view"))));
        let tried = world.desk.delete_view(other, own.id, None).await;
        assert!(matches!(tried, Err(Error::NotFound("view"))), "as one that is not there");
    }
    let sales = world.desk.accounts().create_team(world.acme, "Sales").await.unwrap().id;
    let of_sales = NewView { teams: [sales].into(), ..shared("Sales") };
    let of_sales = world.desk.create_view(&admin, &of_sales).await.unwrap();
    assert!(matches!(world.desk.view(&agent, of_sales.id), Err(Error::NotFound("view"))));
    let seller = Actor { sight: Sight::Teams(vec![sales]), ..agent.clone() };
    assert_eq!(world.saved(&seller), ["All", "Sales", "Own"]);
    assert_eq!(
        (world.saved(&agent), world.saved(&admin)),
        (vec!["All".into(), "Own".into()], vec!["All".into(), "Sales".into()])
    );
}

#[tokio::test]
async fn views_have_bounds_and_name_what_is_there() {
    let (world, agent, admin) = furnished().await;
    let sentence = async |actor: &Actor, view: NewView| match world.desk.create_view(actor, &view).await {
        Err(Error::Invalid(sentence)) => sentence,
        other => panic!("{other:?}"),
    };
    let any = TicketFilter::default;
    assert!(sentence(&agent, new_view("", any())).await.contains("1 to 100"));
    assert!(sentence(&agent, new_view("a\u{7}", any())).await.contains("control"));
    let many = TicketFilter { tags: vec!["x".to_owned(); 51], ..any() };
    assert!(sentence(&agent, new_view("x", many)).await.contains("at most 50"));
    let nowhere = NewView { teams: [guichet_accounts::TeamId(999)].into(), ..shared("x") };
    assert!(sentence(&admin, nowhere).await.contains("no team 999"));
    let own = NewView { teams: [world.billing_team].into(), ..new_view("x", any()) };
    assert!(sentence(&agent, own).await.contains("no team"));
    assert!(sentence(&world.admin(), new_view("x", any())).await.contains("only a person"));
    for number in 0..100 {
        world.desk.create_view(&agent, &new_view(&format!("v{number}"), any())).await.unwrap();
    }
    assert!(sentence(&agent, new_view("one more", any())).await.contains("100 saved views already"));
}

#[tokio::test]
async fn a_view_for_a_team_that_is_gone_is_still_renamed() {
    let (world, agent, admin) = furnished().await;
    let sales = world.desk.accounts().create_team(world.acme, "Sales").await.unwrap().id;
    let view = NewView { teams: [sales].into(), ..shared("Sales") };
    let id = world.desk.create_view(&admin, &view).await.unwrap().id;
    world.desk.accounts().delete_team(world.acme, sales).await.unwrap();
    let renamed = ViewChange { name: Some("Leads".to_owned()), ..ViewChange::default() };
    assert_eq!(world.desk.change_view(&admin, id, &renamed, None).await.unwrap().name, "Leads");
    assert!(matches!(world.desk.view(&agent, id), Err(Error::NotFound("view"))), "it is nobody else's now");
    let given = ViewChange { teams: Some([sales].into()), ..ViewChange::default() };
    let refused = world.desk.change_view(&admin, id, &given, None).await;
    assert!(matches!(refused, Err(Error::Invalid(why)) if why.contains("no team")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn views_saved_at_once_are_all_kept_and_the_bound_holds() {
    let (world, agent, _) = furnished().await;
    for number in 0..96 {
        world
            .desk
            .create_view(&agent, &new_view(&format!("v{number}"), TicketFilter::default()))
            .await
            .unwrap();
    }
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..8 {
        let (desk, agent) = (world.desk.clone(), agent.clone());
        tasks.spawn(async move {
            desk.create_view(&agent, &new_view(&format!("w{number}"), TicketFilter::default())).await.is_ok()
        });
    }
    let made = tasks.join_all().await.into_iter().filter(|made| *made).count();
    assert_eq!((made, world.saved(&agent).len()), (4, 100));
}
