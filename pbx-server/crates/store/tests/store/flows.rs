//! Rules and menus: drafts that people share, versions that calls follow.

use crate::companies::{Company, company, conflict, extension, name, tenant};
use crate::pbx::{anna, flow, menu, routing};
use voxera_callflow::{Destination, Ivr, Kind};
use voxera_model::{FlowId, NumberId, PhoneNumber};
use voxera_store::{
    Author, Constraint, FlowDocument, FlowKind, NewExtension, NewNumber, Page, PbxConfig, Store, StoreError,
    TenantTx, Usage, Wanted, new_id,
};
use voxera_testkit::postgres::Database;

struct World {
    _database: Database,
    store: Store,
    company: Company,
}

impl World {
    async fn create() -> Self {
        let database = Database::create().await;
        let store = database.store().await;
        let nordtel = tenant(&store, "nordtel").await;
        let company = company(&store, &nordtel, 1).await;
        Self { _database: database, store, company }
    }

    async fn tx(&self) -> TenantTx<'static> {
        self.store.tenant(&self.company.scope).await.unwrap()
    }

    async fn config(&self) -> PbxConfig {
        self.tx().await.config().pbx(self.company.pbx).await.unwrap().unwrap()
    }

    fn to_bertil(&self) -> Ivr {
        menu(Destination::Extension { extension: self.company.extensions[1] })
    }
}

#[tokio::test]
async fn a_menu_is_drafted_published_and_followed_and_a_draft_reaches_no_call() {
    let world = World::create().await;
    let pbx = world.company.pbx;
    let mut tx = world.tx().await;
    let id = flow(&mut tx, &world.company, "Växel", world.to_bertil()).await;
    tx.commit().await.unwrap();
    assert!(world.config().await.snapshot.ivrs.is_empty());
    let before = world.config().await.snapshot.version;

    let mut tx = world.tx().await;
    let made = tx.flows(pbx).get(id).await.unwrap();
    assert_eq!((made.kind, made.published, made.draft_differs), (FlowKind::Ivr, None, true));
    let version =
        tx.flows(pbx).publish(id, Some(made.draft_revision), Some("Första"), &anna()).await.unwrap();
    assert_eq!((version.version, version.comment.as_deref()), (1, Some("Första")));
    assert_eq!(version.author_name, "Anna");
    tx.commit().await.unwrap();
    let live = world.config().await.snapshot;
    assert!(live.version > before, "publishing is a change that calls notice");
    assert_eq!(live.ivrs[&id].ivr, world.to_bertil());
    assert_eq!((live.ivrs[&id].version, live.ivrs[&id].name.as_str()), (1, "Växel"));

    let mut tx = world.tx().await;
    let changed = FlowDocument::Ivr(menu(Destination::Hangup));
    let draft = tx.flows(pbx).save_draft(id, &changed, None, &anna()).await.unwrap();
    assert_eq!((draft.revision, &draft.document), (2, &changed));
    assert_eq!(tx.flows(pbx).draft(id).await.unwrap(), draft);
    assert!(tx.flows(pbx).get(id).await.unwrap().draft_differs);
    tx.commit().await.unwrap();
    assert_eq!(world.config().await.snapshot, live, "a draft is nobody's call");
}

#[tokio::test]
async fn a_draft_is_not_saved_or_published_over_what_somebody_else_saved_meanwhile() {
    let world = World::create().await;
    let pbx = world.company.pbx;
    let mut tx = world.tx().await;
    let id = flow(&mut tx, &world.company, "Växel", world.to_bertil()).await;
    tx.commit().await.unwrap();
    let bertil = Author { account: None, name: "Bertil".into() };
    let document = FlowDocument::Ivr(menu(Destination::Hangup));

    let mut tx = world.tx().await;
    let seen = tx.flows(pbx).draft(id).await.unwrap().revision;
    let saved = tx.flows(pbx).save_draft(id, &document, Some(seen), &bertil).await.unwrap();
    assert_eq!(saved.updated_by.as_deref(), Some("Bertil"));
    tx.commit().await.unwrap();

    let mut tx = world.tx().await;
    let late = FlowDocument::Ivr(world.to_bertil());
    let refused = tx.flows(pbx).save_draft(id, &late, Some(seen), &anna()).await;
    assert_eq!(conflict(refused), Constraint::FlowChanged);
    assert_eq!(conflict(tx.flows(pbx).publish(id, Some(seen), None, &anna()).await), Constraint::FlowChanged);
    assert_eq!(tx.flows(pbx).draft(id).await.unwrap().document, document);

    // Two at once, on the same revision: one is told.
    let (mut one, mut two) = (world.tx().await, world.tx().await);
    let first = async {
        let outcome = one.flows(pbx).save_draft(id, &late, Some(saved.revision), &anna()).await;
        one.commit().await.unwrap();
        outcome.is_ok()
    };
    let second = async {
        let outcome = two.flows(pbx).save_draft(id, &document, Some(saved.revision), &bertil).await;
        two.commit().await.unwrap();
        outcome.is_ok()
    };
    drop(tx);
    let (first, second) = tokio::join!(first, second);
    assert!(first ^ second, "{first} {second}");
}

#[tokio::test]
async fn the_history_tells_who_published_what_and_a_rollback_is_a_new_version_of_an_old_one() {
    let world = World::create().await;
    let pbx = world.company.pbx;
    let mut tx = world.tx().await;
    let id = flow(&mut tx, &world.company, "Växel", world.to_bertil()).await;
    let hangup = FlowDocument::Ivr(menu(Destination::Hangup));
    tx.flows(pbx).publish(id, None, Some("Första"), &anna()).await.unwrap();
    tx.flows(pbx).save_draft(id, &hangup, None, &anna()).await.unwrap();
    tx.flows(pbx).publish(id, None, None, &anna()).await.unwrap();

    // Nothing unpublished: the draft follows.
    let back = tx.flows(pbx).rollback(id, 1, Some("Ångra"), &anna()).await.unwrap();
    assert_eq!((back.version, back.restored_from), (3, Some(1)));
    let draft = tx.flows(pbx).draft(id).await.unwrap();
    assert_eq!(draft.document, FlowDocument::Ivr(world.to_bertil()));
    assert!(!tx.flows(pbx).get(id).await.unwrap().draft_differs);

    // Work in progress stays.
    let work = FlowDocument::Ivr(menu(Destination::Nowhere));
    tx.flows(pbx).save_draft(id, &work, None, &anna()).await.unwrap();
    tx.flows(pbx).rollback(id, 2, None, &anna()).await.unwrap();
    assert_eq!(tx.flows(pbx).draft(id).await.unwrap().document, work);
    let unknown = tx.flows(pbx).rollback(id, 9, None, &anna()).await;
    assert!(matches!(unknown, Err(StoreError::NotFound)), "{unknown:?}");
    tx.commit().await.unwrap();

    let mut tx = world.tx().await;
    let history = tx.flows(pbx).versions(id, &Page::all()).await.unwrap();
    let told: Vec<_> = history.items.iter().map(|v| (v.version, v.restored_from)).collect();
    assert_eq!(told, [(4, Some(2)), (3, Some(1)), (2, None), (1, None)]);
    let (version, document) = tx.flows(pbx).version(id, 2).await.unwrap();
    assert_eq!((version.version, document), (2, hangup.clone()));
    assert!(matches!(tx.flows(pbx).version(id, 9).await, Err(StoreError::NotFound)));
    let live = &world.config().await.snapshot.ivrs[&id];
    assert_eq!((live.version, FlowDocument::Ivr(live.ivr.clone())), (4, hangup));
}

#[tokio::test]
async fn every_pbx_has_its_rules_which_are_followed_by_priority_and_then_by_the_list() {
    let world = World::create().await;
    let (pbx, [anna_, bertil]) = (world.company.pbx, world.company.extensions);
    let to = |extension| Destination::Extension { extension };
    let mut tx = world.tx().await;
    let rules = tx.flows(pbx).routing().await.unwrap();
    assert_eq!((rules.kind, rules.published), (FlowKind::Routing, None));
    assert_eq!(tx.flows(pbx).draft(rules.id).await.unwrap().document, routing(&[]));
    let document = routing(&[("late", 20, to(anna_)), ("b", 10, to(bertil)), ("a", 10, Destination::Hangup)]);
    tx.flows(pbx).save_draft(rules.id, &document, Some(rules.draft_revision), &anna()).await.unwrap();
    tx.flows(pbx).publish(rules.id, None, None, &anna()).await.unwrap();
    tx.commit().await.unwrap();
    let snapshot = world.config().await.snapshot;
    let order: Vec<_> = snapshot.rules.iter().map(|rule| rule.id.as_str()).collect();
    assert_eq!((order, snapshot.rules_version), (vec!["b", "a", "late"], 1));

    // They are neither removed nor renamed, nor become a menu.
    let mut tx = world.tx().await;
    assert_eq!(conflict(tx.flows(pbx).delete(rules.id).await), Constraint::FlowKindIsFixed);
    assert_eq!(conflict(tx.flows(pbx).rename(rules.id, &name("Regler")).await), Constraint::FlowKindIsFixed);
    let menu = FlowDocument::Ivr(world.to_bertil());
    let refused = tx.flows(pbx).save_draft(rules.id, &menu, None, &anna()).await;
    assert_eq!(conflict(refused), Constraint::FlowKindIsFixed);
    let listed = tx.flows(pbx).list(&Page::all()).await.unwrap();
    assert_eq!(listed.items[0].id, rules.id, "the rules come first");
}

#[tokio::test]
async fn menus_have_names_of_their_own_in_each_pbx() {
    let world = World::create().await;
    let pbx = world.company.pbx;
    let mut tx = world.tx().await;
    let first = flow(&mut tx, &world.company, "Växel", world.to_bertil()).await;
    let second = flow(&mut tx, &world.company, "Jour", world.to_bertil()).await;
    tx.flows(pbx).publish(first, None, None, &anna()).await.unwrap();
    tx.commit().await.unwrap();
    let mut tx = world.tx().await;
    assert_eq!(conflict(tx.flows(pbx).rename(second, &name("växel")).await), Constraint::FlowNameTaken);
    let before = world.config().await.snapshot.version;
    let mut tx = world.tx().await;
    tx.flows(pbx).rename(first, &name("Huvudmeny")).await.unwrap();
    tx.commit().await.unwrap();
    let snapshot = world.config().await.snapshot;
    assert!(snapshot.version > before);
    assert_eq!(snapshot.ivrs[&first].name.as_str(), "Huvudmeny");
}

#[tokio::test]
async fn what_a_menu_leads_to_is_found_with_its_node_and_cannot_go() {
    let world = World::create().await;
    let (pbx, [anna_, bertil]) = (world.company.pbx, world.company.extensions);
    let mut tx = world.tx().await;
    let id = flow(&mut tx, &world.company, "Växel", world.to_bertil()).await;
    tx.flows(pbx).publish(id, None, None, &anna()).await.unwrap();
    // A draft alone holds too; what was published before does not.
    let changed = FlowDocument::Ivr(menu(Destination::Voicemail { mailbox: anna_ }));
    tx.flows(pbx).save_draft(id, &changed, None, &anna()).await.unwrap();
    tx.commit().await.unwrap();

    let mut tx = world.tx().await;
    let found = tx.references(Wanted::Extension(bertil)).await.unwrap();
    let [Usage::Flow { flow, name: called, draft: false, published: true, parts, names, .. }] = &found[..]
    else {
        panic!("{found:?}")
    };
    assert_eq!((*flow, called.as_str()), (id, "Växel"));
    assert_eq!((parts, names), (&vec!["sales".to_owned()], &vec!["Försäljning".to_owned()]));
    assert_eq!(conflict(tx.extensions(pbx).delete(bertil).await), Constraint::ExtensionInUse);
    let found = tx.references(Wanted::Extension(anna_)).await.unwrap();
    // The number straight to Anna lets go by itself, the draft does not.
    assert_eq!(found.iter().map(Usage::holds).collect::<Vec<_>>(), [false, true], "{found:?}");
    assert_eq!(conflict(tx.extensions(pbx).delete(anna_).await), Constraint::ExtensionInUse);
    tx.flows(pbx).publish(id, None, None, &anna()).await.unwrap();
    tx.extensions(pbx).delete(bertil).await.unwrap();
}

#[tokio::test]
async fn a_menu_that_something_leads_to_stays_until_nothing_does() {
    let world = World::create().await;
    let pbx = world.company.pbx;
    let mut tx = world.tx().await;
    let id = flow(&mut tx, &world.company, "Växel", world.to_bertil()).await;
    let caller = flow(&mut tx, &world.company, "Jour", menu(Destination::Ivr { flow: id })).await;
    tx.flows(pbx).publish(id, None, None, &anna()).await.unwrap();
    let number = NumberId(new_id());
    let new = NewNumber {
        id: number,
        customer: world.company.customer,
        e164: PhoneNumber::parse("+46855500001").unwrap(),
        pbx: Some(pbx),
        destination: Destination::Ivr { flow: id },
        label: None,
    };
    let listed = tx.numbers().create(new).await.unwrap();
    assert_eq!(listed.destination_name, Some(name("Växel")));
    let door = NewExtension { kind: Kind::Ivr { flow: id }, ..extension("2000", "Menyn") };
    let door = tx.extensions(pbx).create(door).await.unwrap().id;
    tx.commit().await.unwrap();
    let e164 = PhoneNumber::parse("+46855500001").unwrap();
    assert_eq!(world.config().await.snapshot.numbers[&e164], Destination::Ivr { flow: id });

    let mut tx = world.tx().await;
    assert_eq!(tx.references(Wanted::Flow(id)).await.unwrap().len(), 3);
    assert_eq!(conflict(tx.flows(pbx).delete(id).await), Constraint::FlowInUse);
    tx.flows(pbx).delete(caller).await.unwrap();
    tx.numbers().delete(number).await.unwrap();
    assert_eq!(conflict(tx.flows(pbx).delete(id).await), Constraint::FlowInUse);
    tx.extensions(pbx).delete(door).await.unwrap();
    let before = tx.pbxs().get(pbx).await.unwrap().version;
    tx.flows(pbx).delete(id).await.unwrap();
    assert!(tx.pbxs().get(pbx).await.unwrap().version > before);
    tx.commit().await.unwrap();
    assert!(world.config().await.snapshot.ivrs.is_empty());
}

#[tokio::test]
async fn another_companys_flows_extensions_and_sounds_do_not_exist() {
    let world = World::create().await;
    let pbx = world.company.pbx;
    let mut tx = world.tx().await;
    let id = flow(&mut tx, &world.company, "Växel", world.to_bertil()).await;
    tx.flows(pbx).publish(id, None, None, &anna()).await.unwrap();
    tx.commit().await.unwrap();
    let nordtel = world.store.tenant_scope(world.company.scope.tenant()).await.unwrap();
    let theirs = company(&world.store, &nordtel, 2).await;

    let mut tx = world.store.tenant(&theirs.scope).await.unwrap();
    assert!(matches!(tx.flows(pbx).list(&Page::all()).await, Err(StoreError::NotFound)));
    for pbx in [pbx, theirs.pbx] {
        assert!(matches!(tx.flows(pbx).get(id).await, Err(StoreError::NotFound)));
        assert!(matches!(tx.flows(pbx).draft(id).await, Err(StoreError::NotFound)));
        assert!(matches!(tx.flows(pbx).version(id, 1).await, Err(StoreError::NotFound)));
        assert!(matches!(tx.flows(pbx).publish(id, None, None, &anna()).await, Err(StoreError::NotFound)));
        assert!(matches!(tx.flows(pbx).rollback(id, 1, None, &anna()).await, Err(StoreError::NotFound)));
        assert!(matches!(tx.flows(pbx).delete(id).await, Err(StoreError::NotFound)));
    }
    assert_eq!(tx.references(Wanted::Flow(id)).await.unwrap(), []);
    let new = NewNumber {
        id: NumberId(new_id()),
        customer: theirs.customer,
        e164: PhoneNumber::parse("+46855500009").unwrap(),
        pbx: Some(theirs.pbx),
        destination: Destination::Ivr { flow: FlowId(id.0) },
        label: None,
    };
    assert_eq!(conflict(tx.numbers().create(new).await), Constraint::DestinationOfSomeoneElse);
}
