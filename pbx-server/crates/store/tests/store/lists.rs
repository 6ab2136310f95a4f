//! Lists are searched, sorted and cut by the database, whatever people type.

use crate::companies::{call, company, conflict, extension, name, tenant};
use chrono::{TimeDelta, Utc};
use voxera_callflow::Cause;
use voxera_model::{CallId, CustomerId, ExtensionNumber, Locale, OrgNumber, PbxId, Zone};
use voxera_store::{
    CallFilter, Constraint, NewCustomer, NewExtension, NewPbx, Page, Sort, StoreError, TenantTx, new_id,
};
use voxera_testkit::postgres::Database;

fn page(sort: &str, limit: u32, offset: u32) -> Page {
    Page { search: None, sort: Sort::parse(sort), limit, offset }
}

fn search(text: &str) -> Page {
    Page { search: Some(text.to_owned()), ..Page::all() }
}

async fn customer(tx: &mut TenantTx<'static>, called: &str, org_number: Option<&str>) -> CustomerId {
    let new = NewCustomer {
        id: CustomerId(new_id()),
        name: name(called),
        org_number: org_number.map(|number| OrgNumber::parse(number).unwrap()),
        locale: Locale::Sv,
        time_zone: Zone::stockholm(),
    };
    tx.customers().create(new).await.unwrap().id
}

async fn names(tx: &mut TenantTx<'static>, page: &Page) -> Vec<String> {
    let listed = tx.customers().list(page).await.unwrap();
    listed.items.into_iter().map(|customer| customer.name.to_string()).collect()
}

#[tokio::test]
async fn a_list_is_cut_into_pages_that_together_are_the_whole() {
    let database = Database::create().await;
    let store = database.store().await;
    let mut tx = store.tenant(&tenant(&store, "nordtel").await).await.unwrap();
    for n in 0..25 {
        // Ten share a name: their order must not change between pages.
        let called = if n < 10 { "Samma".to_owned() } else { format!("Bolag {n:02}") };
        customer(&mut tx, &called, None).await;
    }
    let mut seen = Vec::new();
    for offset in [0, 10, 20] {
        let listed = tx.customers().list(&page("name", 10, offset)).await.unwrap();
        assert_eq!(listed.total, 25);
        seen.extend(listed.items.into_iter().map(|customer| customer.id));
    }
    assert_eq!(seen.len(), 25);
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 25, "a page repeats what another has");
    // Past the end the total is still told.
    let past = tx.customers().list(&page("name", 10, 1000)).await.unwrap();
    assert_eq!((past.items.len(), past.total), (0, 25));
    // A limit out of range becomes the nearest that is.
    assert_eq!(tx.customers().list(&page("name", 0, 0)).await.unwrap().items.len(), 1);
    assert_eq!(tx.customers().list(&page("name", u32::MAX, 0)).await.unwrap().items.len(), 25);
    assert_eq!(tx.customers().list(&page("name", 10, u32::MAX)).await.unwrap().items.len(), 0);
}

#[tokio::test]
async fn names_sort_as_swedes_expect_and_numbers_as_numbers() {
    let database = Database::create().await;
    let store = database.store().await;
    let nordtel = tenant(&store, "nordtel").await;
    let company = company(&store, &nordtel, 1).await;
    let mut tx = store.tenant(&nordtel).await.unwrap();
    for called in ["Örnen", "Zebran", "åsen", "Ängen", "alen"] {
        customer(&mut tx, called, None).await;
    }
    assert_eq!(
        names(&mut tx, &page("name", 50, 0)).await,
        ["alen", "Bageri 1", "Zebran", "åsen", "Ängen", "Örnen"]
    );
    assert_eq!(names(&mut tx, &page("-name", 2, 0)).await, ["Örnen", "Ängen"]);
    for number in ["99", "10000", "200"] {
        let new = extension(number, "Anknytning");
        tx.extensions(company.pbx).create(new).await.unwrap();
    }
    let listed = tx.extensions(company.pbx).list(&page("number", 50, 0)).await.unwrap();
    let lengths: Vec<usize> = listed.items.iter().map(|e| e.number.as_str().len()).collect();
    assert!(lengths.is_sorted(), "{lengths:?}");
}

#[tokio::test]
async fn an_unknown_sort_names_the_known_ones() {
    let database = Database::create().await;
    let store = database.store().await;
    let mut tx = store.tenant(&tenant(&store, "nordtel").await).await.unwrap();
    for hostile in ["password", "name; drop table customers", "(select 1)", "Name", "name,id"] {
        let refused = tx.customers().list(&page(hostile, 50, 0)).await;
        let Err(StoreError::UnknownSort { key, known }) = refused else { panic!("{hostile}: {refused:?}") };
        assert_eq!(key, hostile);
        assert!(known.contains(&"name"));
    }
}

#[tokio::test]
async fn what_people_type_is_searched_for_as_it_is() {
    let database = Database::create().await;
    let store = database.store().await;
    let mut tx = store.tenant(&tenant(&store, "nordtel").await).await.unwrap();
    for called in ["Åkes Bageri AB", "Rabatt 100% AB", "under_streck", "O'Hara & Co", "Streck-ade"] {
        customer(&mut tx, called, None).await;
    }
    customer(&mut tx, "Numrerad", Some("556036-0793")).await;
    for (text, found) in [
        ("bageri", vec!["Åkes Bageri AB"]),
        ("ÅKES", vec!["Åkes Bageri AB"]),
        ("  åkes  ", vec!["Åkes Bageri AB"]),
        ("%", vec!["Rabatt 100% AB"]),
        ("_", vec!["under_streck"]),
        ("0%", vec!["Rabatt 100% AB"]),
        ("'", vec!["O'Hara & Co"]),
        ("\\", vec![]),
        ("'; drop table customers; --", vec![]),
        ("\" or 1=1", vec![]),
        ("$1", vec![]),
        ("556036", vec!["Numrerad"]),
        ("5560360793", vec!["Numrerad"]),
        ("556036-07", vec!["Numrerad"]),
        ("finns inte", vec![]),
    ] {
        assert_eq!(names(&mut tx, &search(text)).await, found, "{text}");
    }
    // Blank is everything; a letter of another alphabet and a very long text are nothing.
    assert_eq!(names(&mut tx, &search("   ")).await.len(), 6);
    assert!(names(&mut tx, &search("日本")).await.is_empty());
    assert!(names(&mut tx, &search(&"x".repeat(100_000))).await.is_empty());
    // PostgreSQL has no zero character: it finds nothing and breaks nothing.
    assert!(names(&mut tx, &search("a\0b")).await.is_empty());
    assert_eq!(names(&mut tx, &search("bageri")).await.len(), 1);
}

#[tokio::test]
async fn a_public_number_is_found_however_it_is_typed() {
    let database = Database::create().await;
    let store = database.store().await;
    let nordtel = tenant(&store, "nordtel").await;
    company(&store, &nordtel, 1).await;
    let mut tx = store.tenant(&nordtel).await.unwrap();
    let number = tx.numbers().list(&Page::all()).await.unwrap().items.remove(0);
    assert_eq!(number.e164.as_str(), "+4681000001");
    for typed in ["+4681000001", "08-100 00 01", "081000001", "8100", "0046 8 100", "växelnummer", "anna"] {
        assert_eq!(tx.numbers().list(&search(typed)).await.unwrap().total, 1, "{typed}");
    }
    assert_eq!(tx.numbers().list(&search("08-999")).await.unwrap().total, 0);
}

#[tokio::test]
async fn a_record_of_a_call_handed_in_again_changes_nothing() {
    let database = Database::create().await;
    let store = database.store().await;
    let nordtel = tenant(&store, "nordtel").await;
    let company = company(&store, &nordtel, 1).await;
    let (first, second) = (call(&company), call(&company));
    let mut orphan = call(&company);
    orphan.customer = CustomerId(new_id());

    let mut tx = store.tenant(&nordtel).await.unwrap();
    let done = tx.calls().insert(std::slice::from_ref(&first)).await.unwrap();
    assert_eq!((done.new, done.known, done.orphaned.len()), (1, 0, 0));
    let mut changed = first.clone();
    changed.outcome = Cause::Fault;
    let done = tx.calls().insert(&[changed, second.clone(), orphan.clone()]).await.unwrap();
    assert_eq!((done.new, done.known), (1, 1));
    assert_eq!(done.orphaned, [orphan.id]);
    assert_eq!(tx.calls().insert(&[]).await.unwrap(), voxera_store::Inserted::default());
    tx.commit().await.unwrap();

    // Two engines hand in the same at once.
    let third = call(&company);
    let hand_in = async || {
        let mut tx = store.tenant(&nordtel).await.unwrap();
        let done = tx.calls().insert(std::slice::from_ref(&third)).await.unwrap();
        tx.commit().await.unwrap();
        done.new
    };
    let (one, two) = tokio::join!(hand_in(), hand_in());
    assert_eq!(one + two, 1);

    let mut tx = store.tenant(&nordtel).await.unwrap();
    let kept = tx.calls().get(first.id).await.unwrap();
    assert_eq!(kept.outcome, first.outcome);
    assert_eq!((&kept.from_name, &kept.to_name), (&first.from_name, &first.to_name));
    assert_eq!((&kept.trace, &kept.codec), (&first.trace, &first.codec));
    assert_eq!(tx.calls().list(&Page::all(), &CallFilter::default()).await.unwrap().total, 3);
    assert!(matches!(tx.calls().get(CallId(new_id())).await, Err(StoreError::NotFound)));
}

#[tokio::test]
async fn calls_are_filtered_and_counted_by_the_day_of_the_place() {
    let database = Database::create().await;
    let store = database.store().await;
    let nordtel = tenant(&store, "nordtel").await;
    let (company, other) = (company(&store, &nordtel, 1).await, company(&store, &nordtel, 2).await);
    let mut missed = call(&company);
    (missed.answered_at, missed.outcome) = (None, Cause::NoAnswer);
    let mut old = call(&company);
    old.started_at = Utc::now() - TimeDelta::days(400);
    let (answered, foreign) = (call(&company), call(&other));
    let mut tx = store.tenant(&nordtel).await.unwrap();
    tx.calls().insert(&[answered.clone(), missed.clone(), old.clone(), foreign]).await.unwrap();

    let found = async |tx: &mut TenantTx<'static>, filter: CallFilter| {
        let listed = tx.calls().list(&Page::all(), &filter).await.unwrap();
        listed.items.into_iter().map(|call| call.id).collect::<Vec<_>>()
    };
    let of_pbx = CallFilter { pbx: Some(company.pbx), ..CallFilter::default() };
    assert_eq!(found(&mut tx, of_pbx.clone()).await.len(), 3);
    assert_eq!(found(&mut tx, CallFilter { answered: Some(false), ..of_pbx.clone() }).await, [missed.id]);
    let outcome = CallFilter { outcome: Some(Cause::NoAnswer), ..of_pbx.clone() };
    assert_eq!(found(&mut tx, outcome).await, [missed.id]);
    let before = CallFilter { to: Some(Utc::now() - TimeDelta::days(1)), ..of_pbx.clone() };
    assert_eq!(found(&mut tx, before).await, [old.id]);
    let number = |text| vec![ExtensionNumber::parse(text).unwrap()];
    assert_eq!(found(&mut tx, CallFilter { extensions: number("1001"), ..of_pbx.clone() }).await.len(), 3);
    assert_eq!(found(&mut tx, CallFilter { extensions: number("1004"), ..of_pbx }).await.len(), 0);

    let days = tx.calls().per_day(30, &Zone::stockholm(), Some(company.pbx)).await.unwrap();
    assert_eq!(days.len(), 30);
    assert!(days.is_sorted_by_key(|day| day.date));
    assert_eq!(
        days.iter().map(|day| (day.answered, day.missed)).fold((0, 0), |a, b| (a.0 + b.0, a.1 + b.1)),
        (1, 1)
    );
}

#[tokio::test]
async fn what_is_taken_is_said_by_what_it_means() {
    let database = Database::create().await;
    let store = database.store().await;
    let nordtel = tenant(&store, "nordtel").await;
    let company = company(&store, &nordtel, 1).await;
    let mut tx = store.tenant(&nordtel).await.unwrap();
    customer(&mut tx, "En", Some("556036-0793")).await;
    tx.commit().await.unwrap();

    let mut tx = store.tenant(&nordtel).await.unwrap();
    let new = NewCustomer {
        id: CustomerId(new_id()),
        name: name("Två"),
        org_number: Some(OrgNumber::parse("5560360793").unwrap()),
        locale: Locale::Sv,
        time_zone: Zone::stockholm(),
    };
    assert_eq!(conflict(tx.customers().create(new).await.map(drop)), Constraint::OrgNumberTaken);
    let mut tx = store.tenant(&nordtel).await.unwrap();
    let new = extension("1000", "Dubblett");
    let taken = tx.extensions(company.pbx).create(new.clone()).await.map(drop);
    assert_eq!(conflict(taken), Constraint::ExtensionNumberTaken);
    let mut tx = store.tenant(&nordtel).await.unwrap();
    let stranger = NewExtension {
        number: ExtensionNumber::parse("1009").unwrap(),
        user: Some(voxera_model::UserId(new_id())),
        ..new
    };
    let refused = tx.extensions(company.pbx).create(stranger).await.map(drop);
    assert_eq!(conflict(refused), Constraint::UserOfSomeoneElse);
}

#[tokio::test]
async fn a_company_goes_only_without_pbxs_and_only_once() {
    let database = Database::create().await;
    let store = database.store().await;
    let nordtel = tenant(&store, "nordtel").await;
    let company = company(&store, &nordtel, 1).await;
    let mut tx = store.tenant(&nordtel).await.unwrap();
    let refused = tx.customers().delete_empty(company.customer).await;
    assert_eq!(conflict(refused), Constraint::CustomerHasPbxs);
    tx.pbxs().delete(company.pbx).await.unwrap();
    tx.commit().await.unwrap();

    // A PBX that is being made while the company goes: one of the two is refused.
    let (mut going, mut coming) =
        (store.tenant(&nordtel).await.unwrap(), store.tenant(&nordtel).await.unwrap());
    let goes = async {
        let gone = going.customers().delete_empty(company.customer).await.is_ok();
        going.commit().await.unwrap();
        gone
    };
    let comes = async {
        let new = NewPbx {
            id: PbxId(new_id()),
            customer: company.customer,
            name: name("Ny"),
            realm: company.realm.clone(),
            time_zone: Zone::stockholm(),
        };
        let made = coming.pbxs().create(new).await.is_ok();
        if made {
            coming.commit().await.unwrap();
        } else {
            drop(coming);
        }
        made
    };
    let (gone, made) = tokio::join!(goes, comes);
    assert!(gone ^ made, "{gone} {made}");
}
