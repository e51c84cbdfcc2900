//! Contacts: what people say of them, several addresses, mergers and partings; whatever comes between.

use guichet_accounts::{Actor, By, Who};
use guichet_mail::Verdicts;
use tokio::task::JoinSet;

use super::world::{World, at, mail, outcomes};
use super::writing_letters::{address_of, new_mail, reply};
use crate::{
    Contact, ContactChange, ContactId, ContactSearch, Error, NewContact, Outcome, State, StoredContact,
    TicketChange, TicketFilter, TicketQuery, Writing,
};

pub(super) const BIA: ContactId = ContactId(1);
pub(super) const JOE: ContactId = ContactId(2);

/// Bia wrote to billing (ticket 1), Joe to support (ticket 2).
pub(super) async fn two() -> World {
    let world = World::new().await;
    world
        .receive(&mail("Bia <bia@customer.example>", "1@customer.example", "One", ""), &[&world.billing])
        .await;
    world.receive(&mail("joe@private.example", "2@private.example", "Two", ""), &[&world.support]).await;
    world
}

pub(super) fn by(actor: &Actor) -> By {
    By { organisation: Some(actor.organisation), who: actor.who, from: None, at: at(50) }
}

impl World {
    pub(super) fn book(&self, id: ContactId) -> Contact {
        self.desk.contact(&self.admin(), id).unwrap().record
    }

    pub(super) async fn change_contact(
        &self,
        id: ContactId,
        change: ContactChange,
    ) -> Result<StoredContact, Error> {
        self.desk.change_contact(&self.admin(), id, &change, None).await
    }

    pub(super) async fn merge_contact(
        &self,
        from: ContactId,
        into: ContactId,
    ) -> Result<StoredContact, Error> {
        self.desk.merge_contacts(&self.admin(), (from, into), None, &by(&self.admin())).await
    }

    pub(super) fn tickets_of(&self, actor: &Actor, id: ContactId) -> Result<Vec<u64>, Error> {
        let page = self.desk.contact_tickets(actor, id, None, 50)?;
        Ok(page.items.iter().map(|ticket| ticket.number).collect())
    }

    pub(super) fn messages_of(&self, actor: &Actor, id: ContactId) -> Result<Vec<u64>, Error> {
        let page = self.desk.contact_messages(actor, id, None, 50)?;
        Ok(page.items.iter().map(|message| message.number).collect())
    }
}

pub(super) fn all_of(contact: &Contact) -> Vec<String> {
    contact.addresses().map(ToString::to_string).collect()
}

#[tokio::test]
async fn a_name_that_people_set_stays_and_an_empty_one_is_filled_by_mail() {
    let world = two().await;
    let set = ContactChange { name: Some(Some("Beatriz Souza".to_owned())), ..ContactChange::default() };
    world.change_contact(BIA, set).await.unwrap();
    world
        .receive(&mail("Other <bia@customer.example>", "3@customer.example", "Three", ""), &[&world.support])
        .await;
    assert_eq!(world.book(BIA).name.as_deref(), Some("Beatriz Souza"));
    assert_eq!(world.book(BIA).named_by, Some(Who::System));
    assert_eq!(world.book(JOE).name, None);
    world
        .receive(&mail("Joe Doe <joe@private.example>", "4@private.example", "Four", ""), &[&world.support])
        .await;
    assert_eq!((world.book(JOE).name.as_deref(), world.book(JOE).named_by), (Some("Joe Doe"), None));
    let written = world.write(Writing { quote: false, ..reply() }, 5).await;
    assert_eq!(world.field(written.message, "To").unwrap(), "Beatriz Souza <bia@customer.example>");
}

#[tokio::test]
async fn a_contact_is_made_changed_found_and_deleted() {
    let world = two().await;
    let new = NewContact {
        name: Some("Eva Lind-Muñoz".to_owned()),
        addresses: vec![address_of("Eva@partner.example"), address_of("eva@private.example")],
        note: "Telephone: 1234".to_owned(),
        ..NewContact::default()
    };
    let admin = world.admin();
    let eva = world.desk.create_contact(&admin, &new, at(1)).await.unwrap();
    assert_eq!(all_of(&eva.record), ["Eva@partner.example", "eva@private.example"]);
    let found = |search: &str| {
        let search = ContactSearch { name: Some(search.to_owned()) };
        world.desk.contacts(&admin, &search, None, 9).unwrap().items.len()
    };
    assert_eq!([found("eva"), found("LIND"), found("muñ"), found("va"), found("bia")], [1, 1, 1, 0, 1]);
    let by_address = |beginning: &str| {
        let page = world.desk.contacts_by_address(&admin, beginning, None, 9).unwrap();
        page.items.iter().map(|one| one.id.0).collect::<Vec<_>>()
    };
    assert_eq!(by_address("EVA@"), [3], "once, however many addresses begin so");
    assert_eq!((by_address(""), by_address("joe@private.example")), (vec![1, 3, 2], vec![2]));
    assert_eq!(by_address("\0"), Vec::<u64>::new());

    let stale =
        world.desk.change_contact(&admin, eva.id, &ContactChange::default(), Some(eva.version + 1)).await;
    assert!(matches!(stale, Err(Error::Changed(_))));
    let addresses = Some(vec![address_of("eva@private.example"), address_of("eva@new.example")]);
    let changed = ContactChange { addresses, note: Some(String::new()), ..ContactChange::default() };
    let changed = world.desk.change_contact(&admin, eva.id, &changed, Some(eva.version)).await.unwrap();
    assert_eq!(all_of(&changed.record), ["eva@private.example", "eva@new.example"]);
    assert_ne!(changed.version, eva.version);
    assert_eq!((by_address("eva@partner"), by_address("eva@new")), (vec![], vec![3]));

    world.desk.delete_contact(&admin, eva.id, None, &by(&admin)).await.unwrap();
    assert!(matches!(world.desk.contact(&admin, eva.id), Err(Error::NotFound(_))));
    assert_eq!(by_address("eva"), Vec::<u64>::new());
    let kept = world.desk.delete_contact(&admin, BIA, None, &by(&admin)).await;
    assert!(matches!(kept, Err(Error::Invalid(_))), "she has a ticket");
    assert_eq!(world.tickets_of(&admin, BIA).unwrap(), [1]);
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_with_a_sentence() {
    let world = two().await;
    let admin = world.admin();
    let make = async |addresses: &[&str], name: Option<&str>, note: &str| {
        let new = NewContact {
            name: name.map(str::to_owned),
            addresses: addresses.iter().map(|one| address_of(one)).collect(),
            note: note.to_owned(),
            belongs: None,
        };
        match world.desk.create_contact(&admin, &new, at(1)).await {
            Err(Error::Invalid(sentence)) => sentence,
            other => panic!("{other:?}"),
        }
    };
    let many: Vec<String> = (0..51).map(|n| format!("a{n}@x.example")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    assert!(make(&[], None, "").await.contains("needs an address"));
    assert!(make(&many, None, "").await.contains("at most 50"));
    assert!(make(&["bia@customer.example"], None, "").await.contains("contact 1"));
    assert!(make(&["support@acme.example"], None, "").await.contains("our own"));
    assert!(make(&["x@x.example"], Some("a\r\nBcc: y"), "").await.contains("control"));
    assert!(make(&["x@x.example"], Some(" "), "").await.contains("space"));
    assert!(make(&["x@x.example"], None, &"x".repeat(4_001)).await.contains("4000"));
    assert!(make(&["x@x.example"], None, "\u{1b}[2J").await.contains("control"));
    let taken = ContactChange {
        addresses: Some(vec![address_of("bia@customer.example"), address_of("JOE@private.example")]),
        ..ContactChange::default()
    };
    assert!(
        matches!(world.change_contact(BIA, taken).await, Err(Error::Invalid(why)) if why.contains("merge"))
    );
    assert!(matches!(world.merge_contact(BIA, BIA).await, Err(Error::Invalid(_))));
    assert!(matches!(world.merge_contact(BIA, ContactId(99)).await, Err(Error::Invalid(_))));
    assert!(matches!(world.merge_contact(ContactId(99), BIA).await, Err(Error::NotFound(_))));
    assert!(matches!(world.merge_contact(ContactId(0), BIA).await, Err(Error::NotFound(_))));
}

#[tokio::test]
async fn a_merged_contact_has_the_addresses_tickets_and_mails_of_both_and_answers_to_both_numbers() {
    let world = two().await;
    let admin = world.admin();
    world.merge_contact(JOE, BIA).await.unwrap();
    world.receive(&mail("joe@private.example", "3@private.example", "Three", ""), &[&world.support]).await;
    for id in [BIA, JOE] {
        let contact = world.desk.contact(&admin, id).unwrap();
        assert_eq!(contact.id, BIA);
        assert_eq!(all_of(&contact.record), ["bia@customer.example", "joe@private.example"]);
        assert_eq!(world.tickets_of(&admin, id).unwrap(), [3, 2, 1]);
        assert_eq!(world.messages_of(&admin, id).unwrap(), [3, 2, 1]);
        let filter = TicketFilter { requester: Some(id), ..TicketFilter::default() };
        let query = TicketQuery { filter, limit: 9, ..TicketQuery::default() };
        assert_eq!(world.desk.tickets(&admin, &query).unwrap().items.len(), 3);
    }
    let listed = world.desk.contacts(&admin, &ContactSearch::default(), None, 9).unwrap();
    assert_eq!(listed.items.len(), 1);
    let stored = world.desk.ticket(&admin, 3).unwrap().ticket;
    assert_eq!(stored.requester, BIA.0, "new tickets name the one that stays");
    let again = world.merge_contact(JOE, BIA).await;
    assert!(matches!(again, Err(Error::Invalid(why)) if why.contains("already")));
}

#[tokio::test]
async fn mergers_of_mergers_lead_to_the_last() {
    let world = two().await;
    world.receive(&mail("eva@partner.example", "3@partner.example", "Three", ""), &[&world.support]).await;
    world.merge_contact(BIA, JOE).await.unwrap();
    world.merge_contact(JOE, ContactId(3)).await.unwrap();
    for id in [1, 2, 3].map(ContactId) {
        assert_eq!(world.desk.contact(&world.admin(), id).unwrap().id, ContactId(3));
        assert_eq!(world.tickets_of(&world.admin(), id).unwrap(), [3, 2, 1]);
    }
    assert_eq!(world.book(BIA).absorbed, [2, 1]);
}

#[tokio::test]
async fn an_address_that_is_split_off_is_who_it_was_before_the_merger() {
    let world = two().await;
    let admin = world.admin();
    world.merge_contact(JOE, BIA).await.unwrap();
    let joe = address_of("joe@private.example");
    let split = world.desk.split_contact(&admin, BIA, &joe, None, at(3)).await.unwrap();
    assert_eq!((split.id, all_of(&split.record)), (JOE, vec!["joe@private.example".to_owned()]));
    assert_eq!(world.tickets_of(&admin, JOE).unwrap(), [2]);
    assert_eq!(world.tickets_of(&admin, BIA).unwrap(), [1]);
    let only = world.desk.split_contact(&admin, BIA, &address_of("bia@customer.example"), None, at(3)).await;
    assert!(matches!(only, Err(Error::Invalid(why)) if why.contains("only address")));
    let foreign = world.desk.split_contact(&admin, BIA, &joe, None, at(3)).await;
    assert!(matches!(foreign, Err(Error::Invalid(why)) if why.contains("no address of this contact")));

    let addresses = Some(vec![address_of("bia@customer.example"), address_of("bia@private.example")]);
    world.change_contact(BIA, ContactChange { addresses, ..ContactChange::default() }).await.unwrap();
    let new = world
        .desk
        .split_contact(&admin, BIA, &address_of("bia@customer.example"), None, at(4))
        .await
        .unwrap();
    assert_eq!((new.id, world.tickets_of(&admin, new.id).unwrap()), (ContactId(3), vec![]));
    assert_eq!(all_of(&world.book(BIA)), ["bia@private.example"]);
}

#[tokio::test]
async fn what_a_spam_contact_begins_is_spam_where_it_is_proven_to_be_theirs() {
    let world = two().await;
    let flag = |spam| ContactChange { spam: Some(spam), ..ContactChange::default() };
    world.change_contact(BIA, flag(true)).await.unwrap();
    let state = async |id: &str, proven: bool| {
        let raw = mail("bia@customer.example", id, "Buy", "");
        let mut arrival = world.arrival(&raw, &[&world.billing]);
        if !proven {
            arrival.verdicts = Verdicts::default();
        }
        let outcome = outcomes(world.desk.receive(&arrival).await.unwrap());
        let [Outcome::Created { ticket }] = outcome[..] else { panic!("{outcome:?}") };
        let record = world.desk.ticket(&world.admin(), ticket).unwrap().ticket.record;
        (record.state, record.state_before)
    };
    assert_eq!(state("3@customer.example", true).await, (State::Spam, Some(State::New)));
    assert_eq!(state("4@customer.example", false).await, (State::New, None), "anybody can write her name");
    world.change_contact(BIA, flag(false)).await.unwrap();
    assert_eq!(state("5@customer.example", true).await, (State::New, None));
}

#[tokio::test]
async fn promise_7_an_agent_changes_and_merges_only_whom_they_know() {
    let world = two().await;
    let agent = world.billing_agent().await;
    let joes = [
        world.desk.change_contact(&agent, JOE, &ContactChange::default(), None).await.map(drop),
        world.desk.merge_contacts(&agent, (JOE, BIA), None, &by(&agent)).await.map(drop),
        world.desk.delete_contact(&agent, JOE, None, &by(&agent)).await,
        world
            .desk
            .split_contact(&agent, JOE, &address_of("joe@private.example"), None, at(1))
            .await
            .map(drop),
        world.tickets_of(&agent, JOE).map(drop),
        world.messages_of(&agent, JOE).map(drop),
    ];
    for tried in joes {
        assert!(matches!(tried, Err(Error::NotFound("contact"))), "{tried:?}");
    }
    let author = by(&agent);
    let into = |id| world.desk.merge_contacts(&agent, (BIA, ContactId(id)), None, &author);
    let hidden = into(2).await.unwrap_err().to_string();
    assert_eq!(hidden.replace('2', "9"), into(9).await.unwrap_err().to_string(), "as one that is not there");
    let own = |id| TicketChange { requester: Some(Some(ContactId(id))), ..TicketChange::default() };
    let hidden = world.desk.change_ticket(&agent, 1, &own(2), None, at(1)).await.unwrap_err().to_string();
    let absent = world.desk.change_ticket(&agent, 1, &own(9), None, at(1)).await.unwrap_err().to_string();
    assert_eq!(hidden.replace('2', "9"), absent);

    world.merge_contact(JOE, BIA).await.unwrap();
    assert_eq!(world.tickets_of(&agent, BIA).unwrap(), [1], "not that of another team");
    assert_eq!(world.messages_of(&agent, BIA).unwrap(), [1]);
    assert!(world.desk.contact(&agent, JOE).is_ok(), "it is somebody they know");
}

#[tokio::test]
async fn promise_7_whom_agents_make_their_teams_know() {
    let world = two().await;
    let agent = world.billing_agent().await;
    let new = |address: &str| NewContact { addresses: vec![address_of(address)], ..NewContact::default() };
    let eva = world.desk.create_contact(&agent, &new("eva@partner.example"), at(1)).await.unwrap();
    assert!(world.desk.contact(&agent, eva.id).is_ok());
    let sales = world.desk.accounts().create_team(world.acme, "Sales").await.unwrap().id;
    let other = Actor { sight: guichet_accounts::Sight::Teams(vec![sales]), ..agent.clone() };
    assert!(matches!(world.desk.contact(&other, eva.id), Err(Error::NotFound(_))));
    let found = world.desk.contacts_by_address(&other, "eva", None, 9).unwrap();
    assert!(found.items.is_empty() && found.next.is_none());
}

#[tokio::test]
async fn a_ticket_can_be_given_to_another_contact_and_to_nobody() {
    let world = two().await;
    let admin = world.admin();
    world.merge_contact(JOE, BIA).await.unwrap();
    let give = |requester| TicketChange { requester: Some(requester), ..TicketChange::default() };
    let given = world.desk.change_ticket(&admin, 2, &give(Some(JOE)), None, at(1)).await.unwrap();
    assert_eq!(given.requester, BIA.0, "under the number that stays");
    let cleared = world.desk.change_ticket(&admin, 2, &give(None), None, at(2)).await.unwrap();
    assert_eq!(cleared.requester, 0);
    assert_eq!(world.tickets_of(&admin, BIA).unwrap(), [1]);
    assert_eq!(world.desk.ticket(&admin, 2).unwrap().ticket.requester, 0);
}

#[tokio::test]
async fn a_mail_to_a_contact_goes_to_the_first_address_and_its_ticket_is_theirs() {
    let world = two().await;
    let channel = world.channel_id("support@acme.example");
    world.merge_contact(JOE, BIA).await.unwrap();
    let writing = Writing { contacts: vec![JOE], to: None, ..new_mail(channel, &[]) };
    let written = world.write(writing, 5).await;
    assert_eq!(world.field(written.message, "To").unwrap(), "Bia <bia@customer.example>");
    assert_eq!(world.desk.ticket(&world.admin(), written.ticket).unwrap().ticket.requester, BIA.0);
    let beside = Writing { contacts: vec![BIA], ..new_mail(channel, &["eva@partner.example"]) };
    let beside = world.write(beside, 6).await;
    assert_eq!(world.desk.ticket(&world.admin(), beside.ticket).unwrap().ticket.requester, BIA.0);
    assert_eq!(world.addressed(beside.message)[0], ["eva@partner.example", "bia@customer.example"]);
    let agent = world.billing_agent().await;
    let new = NewContact { addresses: vec![address_of("x@x.example")], ..NewContact::default() };
    let hidden = world.desk.create_contact(&world.admin(), &new, at(7)).await.unwrap().id;
    let billing = world.channel_id("billing@acme.example");
    for id in [hidden, ContactId(999)] {
        let writing = Writing { contacts: vec![id], to: None, ..new_mail(billing, &[]) };
        let tried = world.desk.write(&agent, writing, None, None, at(8)).await;
        assert!(matches!(tried, Err(Error::NotFound("contact"))), "{tried:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn whatever_mail_comes_while_contacts_merge_is_the_merged_ones() {
    let world = two().await;
    let mut tasks = JoinSet::new();
    for number in 0..6 {
        let raw = mail("joe@private.example", &format!("x{number}@private.example"), "More", "");
        let (desk, arrival) = (world.desk.clone(), world.arrival(&raw, &[&world.support]));
        tasks.spawn(async move { desk.receive(&arrival).await.unwrap() });
    }
    world.merge_contact(JOE, BIA).await.unwrap();
    tasks.join_all().await;
    assert_eq!(world.tickets_of(&world.admin(), BIA).unwrap().len(), 8);
    let listed = world.desk.contacts(&world.admin(), &ContactSearch::default(), None, 9).unwrap();
    assert_eq!(listed.items.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_two_mergers_at_once_in_opposite_ways_one_holds() {
    for _ in 0..10 {
        let world = two().await;
        let (one, other) = tokio::join!(world.merge_contact(JOE, BIA), world.merge_contact(BIA, JOE));
        assert!(one.is_ok() != other.is_ok(), "{one:?} {other:?}");
        let stays = one.or(other).unwrap();
        assert_eq!(stays.record.addresses().count(), 2);
        assert_eq!(world.tickets_of(&world.admin(), stays.id).unwrap(), [2, 1]);
        assert_eq!(world.desk.contact(&world.admin(), BIA).unwrap().id, stays.id);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_contact_that_writes_while_it_is_deleted_has_its_ticket() {
    for number in 0..10 {
        let world = two().await;
        let new = NewContact { addresses: vec![address_of("eva@partner.example")], ..NewContact::default() };
        let admin = world.admin();
        let eva = world.desk.create_contact(&admin, &new, at(1)).await.unwrap().id;
        let raw = mail("eva@partner.example", &format!("y{number}@partner.example"), "Hello", "");
        let author = by(&admin);
        let recipients = [&world.support];
        let deleting = world.desk.delete_contact(&admin, eva, None, &author);
        let (_, received) = tokio::join!(deleting, world.receive(&raw, &recipients));
        let Outcome::Created { ticket } = received[0] else { panic!("{received:?}") };
        let requester = ContactId(world.desk.ticket(&admin, ticket).unwrap().ticket.requester);
        let contact = world.desk.contact(&admin, requester).unwrap();
        assert_eq!(all_of(&contact.record), ["eva@partner.example"]);
        assert_eq!(world.tickets_of(&admin, requester).unwrap(), [ticket]);
    }
}
