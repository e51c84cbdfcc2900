//! Companies: their domains, whom they have, and all their mail.

use guichet_accounts::{Actor, Deed};
use guichet_mail::DomainName;
use guichet_store::Key;

use super::address_book::by;
use super::world::{World, at, mail};
use super::writing_letters::{address_of, new_mail};
use crate::{
    Belongs, CompanyChange, CompanyId, ContactChange, ContactId, Error, NewCompany, NewContact,
    StoredCompany, TicketChange, TicketFilter, TicketQuery, Writing, keys,
};

/// Bia of `customer.example` wrote to billing (ticket 1), Joe of it to support (ticket 2), Eva of another to billing (3).
async fn three() -> World {
    let world = World::new().await;
    for (from, id, to) in [
        ("Bia <bia@customer.example>", "1@customer.example", &world.billing),
        ("joe@Customer.example", "2@customer.example", &world.support),
        ("eva@gmail.com", "3@gmail.com", &world.billing),
    ] {
        world.receive(&mail(from, id, "Hello", ""), &[to]).await;
    }
    world
}

fn domains(names: &[&str]) -> Vec<DomainName> {
    names.iter().map(|name| DomainName::parse(name).unwrap()).collect()
}

impl World {
    async fn company(&self, name: &str, names: &[&str]) -> Result<StoredCompany, Error> {
        let new = NewCompany { name: name.to_owned(), domains: domains(names), note: String::new() };
        self.desk.create_company(&self.admin(), &new, at(1)).await
    }

    fn company_of(&self, contact: u64) -> Option<CompanyId> {
        self.desk.contact(&self.admin(), ContactId(contact)).unwrap().company
    }

    fn tickets_at(&self, actor: &Actor, id: CompanyId) -> Vec<u64> {
        let page = self.desk.company_tickets(actor, id, None, 50).unwrap();
        page.items.iter().map(|ticket| ticket.number).collect()
    }

    fn messages_at(&self, actor: &Actor, id: CompanyId) -> Vec<u64> {
        let page = self.desk.company_messages(actor, id, None, 50).unwrap();
        page.items.iter().map(|message| message.number).collect()
    }

    async fn put_to(&self, contact: u64, belongs: Option<Belongs>) {
        let change = ContactChange { belongs: Some(belongs), ..ContactChange::default() };
        self.desk.change_contact(&self.admin(), ContactId(contact), &change, None).await.unwrap();
    }
}

#[tokio::test]
async fn whoever_writes_from_a_companys_domain_is_of_it_before_and_after() {
    let world = three().await;
    let acme = world.company("Customer", &["CUSTOMER.example"]).await.unwrap().id;
    world.receive(&mail("new@customer.example", "4@customer.example", "Later", ""), &[&world.support]).await;
    assert_eq!([1, 2, 3, 4].map(|id| world.company_of(id)), [Some(acme), Some(acme), None, Some(acme)]);
    assert_eq!(world.tickets_at(&world.admin(), acme), [4, 2, 1]);
    assert_eq!(world.messages_at(&world.admin(), acme), [4, 2, 1]);
    let contacts = world.desk.company_contacts(&world.admin(), acme, None, 9).unwrap();
    assert_eq!(contacts.items.iter().map(|one| one.id.0).collect::<Vec<_>>(), [1, 2, 4]);
    let first = world.desk.company_tickets(&world.admin(), acme, None, 2).unwrap();
    let rest = world.desk.company_tickets(&world.admin(), acme, first.next, 2).unwrap();
    assert_eq!((first.items.len(), rest.items[0].number, rest.next), (2, 1, None));
}

#[tokio::test]
async fn contacts_of_before_there_were_companies_are_found_as_well() {
    let world = three().await;
    let space = world.store.of(world.acme);
    let mut batch = space.batch();
    for (domain, contact) in [("customer.example", 1), ("customer.example", 2)] {
        batch.delete(keys::domain_contacts(domain).number(contact));
    }
    world.store.commit(vec![batch]).await.unwrap();
    let company = world.company("Customer", &["customer.example"]).await.unwrap().id;
    assert_eq!(world.tickets_at(&world.admin(), company), [2, 1]);
}

#[tokio::test]
async fn somebody_put_elsewhere_by_hand_stays_there() {
    let world = three().await;
    let customer = world.company("Customer", &["customer.example"]).await.unwrap().id;
    let other = world.company("Other", &[]).await.unwrap().id;
    world.put_to(1, Some(Belongs::ToNone)).await;
    world.put_to(3, Some(Belongs::To(other))).await;
    assert_eq!([1, 2, 3].map(|id| world.company_of(id)), [None, Some(customer), Some(other)]);
    assert_eq!(
        (world.tickets_at(&world.admin(), customer), world.tickets_at(&world.admin(), other)),
        (vec![2], vec![3])
    );
    world.put_to(1, None).await;
    world.put_to(3, None).await;
    assert_eq!([1, 3].map(|id| world.company_of(id)), [Some(customer), None]);
    assert_eq!(world.tickets_at(&world.admin(), other), Vec::<u64>::new());
    world.put_to(3, Some(Belongs::To(other))).await;
    world.desk.delete_company(&world.admin(), other, None, &by(&world.admin())).await.unwrap();
    assert_eq!(world.company_of(3), None, "what is gone has nobody");
}

#[tokio::test]
async fn a_domain_is_one_companys_and_none_where_anybody_gets_an_address() {
    let world = three().await;
    let first = world.company("Customer", &["customer.example"]).await.unwrap();
    let why = |refused: Result<StoredCompany, Error>| match refused {
        Err(Error::Invalid(sentence)) => sentence,
        other => panic!("{other:?}"),
    };
    assert!(why(world.company("Two", &["customer.example"]).await).contains("company 1 already"));
    assert!(
        why(world.company("Free", &["gmail.com"]).await).contains("anybody gets an address at gmail.com")
    );
    let many: Vec<String> = (0..51).map(|n| format!("d{n}.example")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    assert!(why(world.company("Many", &many).await).contains("at most 50"));
    assert!(why(world.company("a\nb", &[]).await).contains("control"));
    let change = CompanyChange { domains: Some(domains(&["other.example"])), ..CompanyChange::default() };
    let admin = world.admin();
    let stale = world.desk.change_company(&admin, first.id, &change, Some(first.version + 9)).await;
    assert!(matches!(stale, Err(Error::Changed(_))));
    world.desk.change_company(&admin, first.id, &change, Some(first.version)).await.unwrap();
    assert_eq!(world.company_of(1), None);
    let second = world.company("Two", &["customer.example"]).await.unwrap().id;
    assert_eq!(world.company_of(1), Some(second));
}

#[tokio::test]
async fn a_merged_company_has_the_domains_contacts_and_tickets_of_both() {
    let world = three().await;
    let (admin, one) = (world.admin(), world.company("One", &["customer.example"]).await.unwrap().id);
    let two = world.company("Two", &["two.example"]).await.unwrap().id;
    world.put_to(3, Some(Belongs::To(one))).await;
    let link = TicketChange { company: Some(Some(one)), ..TicketChange::default() };
    world.receive(&mail("lawyer@law.example", "5@law.example", "Case", ""), &[&world.support]).await;
    world.desk.change_ticket(&admin, 4, &link, None, at(3)).await.unwrap();
    world.desk.merge_companies(&admin, (one, two), None, &by(&admin)).await.unwrap();
    for id in [one, two] {
        let company = world.desk.company(&admin, id).unwrap();
        assert_eq!((company.id, company.record.domains.len()), (two, 2));
        assert_eq!(world.tickets_at(&admin, id), [4, 3, 2, 1]);
    }
    assert_eq!([1, 2, 3].map(|id| world.company_of(id)), [Some(two); 3]);
    assert_eq!(world.desk.companies(&admin, None, None, 9).unwrap().items.len(), 1);
    assert_eq!(world.desk.companies(&admin, Some("tw"), None, 9).unwrap().items.len(), 1);
    let again = world.desk.merge_companies(&admin, (one, two), None, &by(&admin)).await;
    assert!(matches!(again, Err(Error::Invalid(_))));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_two_companies_that_take_a_domain_at_once_one_has_it() {
    let world = three().await;
    let both = [&["customer.example"], &["customer.example"]];
    let (one, other) = tokio::join!(world.company("One", both[0]), world.company("Two", both[1]));
    assert!(one.is_ok() != other.is_ok(), "{one:?} {other:?}");
}

#[tokio::test]
async fn a_ticket_is_linked_to_a_company_when_it_is_written_and_cleared_in_one_act() {
    let world = three().await;
    let company = world.company("Customer", &["customer.example"]).await.unwrap().id;
    let channel = world.channel_id("support@acme.example");
    let mail = Writing { company: Some(company), ..new_mail(channel, &["lawyer@law.example"]) };
    let number = world.write(mail, 4).await.ticket;
    assert_eq!(world.tickets_at(&world.admin(), company), [number, 2, 1]);
    let clear = TicketChange { company: Some(None), ..TicketChange::default() };
    world.desk.change_ticket(&world.admin(), number, &clear, None, at(5)).await.unwrap();
    assert_eq!(world.tickets_at(&world.admin(), company), [2, 1]);
    let absent = TicketChange { company: Some(Some(CompanyId(99))), ..TicketChange::default() };
    let refused = world.desk.change_ticket(&world.admin(), number, &absent, None, at(5)).await;
    assert!(matches!(refused, Err(Error::Invalid(_))));
    // A company has no tickets of its own in the ranges of another.
    assert!(
        world
            .store
            .of(world.acme)
            .snapshot()
            .unwrap()
            .peek(&Key::new(b'K').byte(b'c').number(99))
            .unwrap()
            .is_none()
    );
}

#[tokio::test]
async fn promise_7_a_company_shows_an_agent_their_own_teams_tickets_messages_and_contacts() {
    let world = three().await;
    let company = world.company("Customer", &["customer.example"]).await.unwrap().id;
    let agent = world.billing_agent().await;
    assert_eq!((world.tickets_at(&agent, company), world.messages_at(&agent, company)), (vec![1], vec![1]));
    let contacts = world.desk.company_contacts(&agent, company, None, 9).unwrap();
    assert_eq!(contacts.items.iter().map(|one| one.id.0).collect::<Vec<_>>(), [1]);
    let filter = TicketFilter { company: Some(company), ..TicketFilter::default() };
    for sort in [crate::SortKey::Updated, crate::SortKey::Created] {
        let query = TicketQuery { filter: filter.clone(), sort, limit: 9, ..TicketQuery::default() };
        let found = world.desk.tickets(&agent, &query).unwrap().items;
        assert_eq!(found.iter().map(|ticket| ticket.number).collect::<Vec<_>>(), [1], "{sort:?}");
    }
    let stranger = Actor::system(world.other);
    assert!(matches!(world.desk.company(&stranger, company), Err(Error::NotFound(_))));
    let new = NewContact {
        addresses: vec![address_of("x@customer.example")],
        belongs: Some(Belongs::To(company)),
        ..NewContact::default()
    };
    assert!(matches!(world.desk.create_contact(&stranger, &new, at(1)).await, Err(Error::Invalid(_))));
}

#[tokio::test]
async fn mail_of_a_ticket_that_is_linked_elsewhere_is_not_the_companys() {
    let world = three().await;
    let customer = world.company("Customer", &["customer.example"]).await.unwrap().id;
    let other = world.company("Other", &[]).await.unwrap().id;
    let change = TicketChange { company: Some(Some(other)), ..TicketChange::default() };
    world.desk.change_ticket(&world.admin(), 1, &change, None, at(2)).await.unwrap();
    assert_eq!(
        (world.tickets_at(&world.admin(), customer), world.messages_at(&world.admin(), customer)),
        (vec![2], vec![2])
    );
    assert_eq!(
        (world.tickets_at(&world.admin(), other), world.messages_at(&world.admin(), other)),
        (vec![1], vec![1])
    );
}

#[tokio::test]
async fn what_belonged_to_a_company_that_is_gone_belongs_to_whom_the_domain_says() {
    let world = three().await;
    let customer = world.company("Customer", &["customer.example"]).await.unwrap().id;
    let other = world.company("Other", &[]).await.unwrap().id;
    let change = TicketChange { company: Some(Some(other)), ..TicketChange::default() };
    world.desk.change_ticket(&world.admin(), 1, &change, None, at(2)).await.unwrap();
    world.put_to(2, Some(Belongs::To(other))).await;
    assert_eq!(world.tickets_at(&world.admin(), customer), Vec::<u64>::new());
    world.desk.delete_company(&world.admin(), other, None, &by(&world.admin())).await.unwrap();
    assert_eq!([1, 2].map(|id| world.company_of(id)), [Some(customer), Some(customer)]);
    let mut tickets = world.tickets_at(&world.admin(), customer);
    tickets.sort_unstable();
    assert_eq!((tickets, world.messages_at(&world.admin(), customer)), (vec![1, 2], vec![2, 1]));
}

#[tokio::test]
async fn a_merger_and_a_deletion_of_companies_are_in_the_audit_log() {
    let world = three().await;
    let admin = world.admin();
    let one = world.company("one", &[]).await.unwrap().id;
    let two = world.company("two", &[]).await.unwrap().id;
    world.desk.merge_companies(&admin, (one, two), None, &by(&admin)).await.unwrap();
    world.desk.delete_company(&admin, two, None, &by(&admin)).await.unwrap();
    let told: Vec<_> = world.noted().into_iter().map(|entry| (entry.deed, entry.subject)).collect();
    let merged = (Deed::CompaniesMerged, format!("one (company {}) into two (company {})", one.0, two.0));
    let deleted = (Deed::CompanyDeleted, format!("two (company {})", two.0));
    assert!(told.contains(&merged) && told.contains(&deleted), "{told:?}");
}
