//! Nodes, and calls that outlive a stop of the server.

use crate::companies::{call, company, conflict, owner, tenant};
use chrono::TimeDelta;
use sqlx::Executor;
use voxera_callflow::{Cause, Party, Reason, TraceEntry};
use voxera_model::{NodeId, Slug};
use voxera_store::{Change, Constraint, NewNode, NodeChange, Page, StoreError, new_id};
use voxera_testkit::postgres::Database;

fn node(name: &str) -> NewNode {
    NewNode {
        id: NodeId(new_id()),
        name: Slug::parse(name).unwrap(),
        host: format!("{name}.example.se"),
        port: 5060,
        control_host: format!("{name}.internal"),
        control_port: 8021,
        password: String::from("open sesame").into(),
        weight: 10,
        notes: String::new(),
    }
}

#[tokio::test]
async fn a_node_is_kept_with_a_sealed_password_and_changed() {
    let database = Database::create().await;
    let store = database.store().await;
    let mut changes = store.config_changes().await.unwrap();
    let mut tx = store.platform().await.unwrap();
    let made = tx.nodes().create(node("fs1")).await.unwrap();
    tx.nodes().create(node("fs2")).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(changes.next().await.unwrap(), Change::Nodes, "engines are told");

    let mut tx = store.platform().await.unwrap();
    let change = NodeChange {
        weight: Some(50),
        draining: Some(true),
        password: Some(String::from("other").into()),
        ..NodeChange::default()
    };
    let after = tx.nodes().update(made.id, change).await.unwrap();
    assert_eq!((after.weight, after.draining, after.host.as_str()), (50, true, "fs1.example.se"));
    let secrets = tx.nodes().secrets().await.unwrap();
    assert_eq!(secrets.len(), 2);
    assert_eq!((secrets[0].password.as_str(), secrets[0].draining), ("other", true));
    assert!(!format!("{secrets:?}").contains("other"));
    assert_eq!(tx.nodes().list(&Page::default()).await.unwrap().total, 2);
    tx.commit().await.unwrap();

    let mut sql = owner(database.url()).await;
    let stolen = "update platform.nodes a set sealed_password = b.sealed_password from platform.nodes b
                  where a.name = 'fs2' and b.name = 'fs1'";
    sql.execute(stolen).await.unwrap();
    let mut tx = store.platform().await.unwrap();
    let left = tx.nodes().secrets().await.unwrap();
    assert_eq!(left.len(), 1, "a password opens in its own row only");
    tx.nodes().delete(made.id).await.unwrap();
    assert!(matches!(tx.nodes().get(made.id).await, Err(StoreError::NotFound)));
    assert!(matches!(tx.nodes().delete(made.id).await, Err(StoreError::NotFound)));
}

#[tokio::test]
async fn two_nodes_have_neither_a_name_nor_a_control_address_in_common() {
    let database = Database::create().await;
    let store = database.store().await;
    let mut tx = store.platform().await.unwrap();
    tx.nodes().create(node("fs1")).await.unwrap();
    tx.commit().await.unwrap();
    let same_address = NewNode { control_host: "fs1.internal".into(), ..node("fs2") };
    let too_heavy = NewNode { weight: 101, ..node("fs3") };
    for (new, constraint) in [
        (node("fs1"), Constraint::NodeNameTaken),
        (same_address, Constraint::NodeControlTaken),
        (too_heavy, Constraint::OutOfRange),
    ] {
        let mut tx = store.platform().await.unwrap();
        assert_eq!(conflict(tx.nodes().create(new).await), constraint);
    }
}

#[tokio::test]
async fn a_call_that_outlived_a_stop_of_the_server_is_completed_once_in_any_order() {
    let database = Database::create().await;
    let store = database.store().await;
    let nordtel = tenant(&store, "nordtel").await;
    let ours = company(&store, &nordtel, 1).await;
    let ended = call(&ours);
    let cut = voxera_store::CallRecord {
        ended_at: ended.ended_at - TimeDelta::seconds(10),
        outcome: Cause::Fault,
        hung_up_by: Party::System,
        keys: "1".into(),
        trace: vec![entry(Reason::CarrierLost), entry(Reason::SystemRestarted)],
        ..ended.clone()
    };
    let real = voxera_store::CallRecord {
        keys: "12".into(),
        trace: vec![entry(Reason::CarrierLost), entry(Reason::EndedBySystem)],
        ..ended
    };
    let orders: [&[&[&voxera_store::CallRecord]]; 4] =
        [&[&[&cut], &[&real], &[&real], &[&cut]], &[&[&real], &[&cut]], &[&[&cut, &real]], &[&[&real, &cut]]];
    for batches in orders {
        let mut tx = store.tenant(&nordtel).await.unwrap();
        for batch in batches {
            let batch: Vec<_> = batch.iter().map(|record| (*record).clone()).collect();
            tx.calls().insert(&batch).await.unwrap();
        }
        let kept = tx.calls().get(real.id).await.unwrap();
        assert_eq!((kept.outcome, kept.hung_up_by), (Cause::Normal, Party::Caller));
        assert_eq!((&kept.trace, &kept.keys), (&real.trace, &real.keys));
        let all = tx.calls().list(&Page::default(), &voxera_store::CallFilter::default()).await.unwrap();
        assert_eq!(all.total, 1);
        // Undone with the transaction: the next order begins with nothing.
    }
    // Whoever went on with the call did not know its beginning.
    let end = voxera_store::CallRecord {
        keys: "2".into(),
        trace: vec![entry(Reason::EndedBySystem)],
        ..real.clone()
    };
    let mut tx = store.tenant(&nordtel).await.unwrap();
    tx.calls().insert(&[cut]).await.unwrap();
    tx.calls().insert(&[end]).await.unwrap();
    let kept = tx.calls().get(real.id).await.unwrap();
    assert_eq!((&kept.trace, &kept.keys), (&real.trace, &real.keys));
}

fn entry(reason: Reason) -> TraceEntry {
    TraceEntry { reason }
}
