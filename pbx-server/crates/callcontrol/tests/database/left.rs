//! What calls leave reaches the database, once.

use super::*;
use std::net::IpAddr;
use voxera_callcontrol::{NewMessage, NewRecording, TrunkKind, TrunkTransport};
use voxera_callflow::{Destination, ListenMode};
use voxera_model::{MessageId, NumberId, PhoneNumber, RecordingId, TrunkId};
use voxera_store::{CallbackFilter, MessageFilter, NewNumber, NewTrunk, RecordingFilter};

impl World {
    /// Messages (id, whether heard), how many recordings, how many wishes to be called back.
    async fn left(&self, company: &Company) -> (Vec<(MessageId, bool)>, u64, u64) {
        let scope = self.scope().await.for_customer(company.customer);
        let mut tx = self.store.tenant(&scope).await.unwrap();
        let messages = tx.messages(company.pbx).list(&Page::all(), &MessageFilter::default()).await.unwrap();
        let recordings =
            tx.recordings(company.pbx).list(&Page::all(), &RecordingFilter::default()).await.unwrap();
        let callbacks =
            tx.callbacks(company.pbx).list(&Page::all(), &CallbackFilter::default()).await.unwrap();
        let mut messages: Vec<_> =
            messages.items.iter().map(|message| (message.id, message.heard_at.is_some())).collect();
        messages.sort();
        (messages, recordings.total, callbacks.total)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_calls_leave_without_a_database_is_there_once_when_it_comes_with_what_was_done_by_phone() {
    let world = World::new().await;
    let company = world.company("akes.pbx.localhost").await;
    let control = world.start(None).await;
    let config = {
        let mut tx = world.store.tenant(&world.scope().await).await.unwrap();
        tx.config().all().await.unwrap().remove(0)
    };
    control.directory().replace(config);
    let view = control.directory().pbx(&company.realm).unwrap();
    sign_in(&control, &view, company.bertil);
    let arrival = Arrival {
        call: CallId(Uuid::now_v7()),
        from: ArrivedFrom::Device(company.anna),
        dialled: Dialled::parse("1001"),
    };
    let (call, _) = control.arrive(&view, arrival);
    let mailbox = company.bertils_extension;
    let ids: Vec<MessageId> = (0..3).map(|_| MessageId(Uuid::now_v7())).collect();
    for id in &ids {
        call.message(NewMessage { id: *id, mailbox, millis: 4200 });
    }
    call.recorded(NewRecording {
        id: RecordingId(Uuid::now_v7()),
        owners: vec![mailbox],
        millis: 61_000,
        started_at: Utc::now(),
        peaks: vec![1, 2, 3],
    });
    call.callback(mailbox, PhoneNumber::parse("070-174 06 05").unwrap());
    control.eavesdropped(&view, call.id(), &number("1001"), call.id(), ListenMode::Whisper);
    control.flush().await;
    // The files as a kill leaves them.
    let (from, to) = (world.dir.path().join("state/items"), world.dir.path().join("state2/items"));
    std::fs::create_dir_all(&to).unwrap();
    for entry in std::fs::read_dir(&from).unwrap() {
        let path = entry.unwrap().path();
        std::fs::copy(&path, to.join(path.file_name().unwrap())).unwrap();
    }
    control.mailboxes().mark_heard(company.pbx, mailbox, ids[0]);
    control.mailboxes().delete(company.pbx, mailbox, ids[1]);
    assert_eq!(control.mailboxes().counts(company.pbx, mailbox), (1, 1));
    let _ = call.advance(Event::HungUp { by: Party::Caller });
    call.finish(MediaSummary::default());

    let mut feed = control.live().subscribe(LiveScope::Customer(world.tenant, company.customer));
    control.attach(world.store.clone());
    all_delivered(&control).await;
    let (mut recording, mut callback) = (false, false);
    while !(recording && callback) {
        match feed.next().await.unwrap() {
            LiveEvent::Recording { .. } => recording = true,
            LiveEvent::Callback { .. } => callback = true,
            _ => {}
        }
    }
    view_where(&control, &company.realm, |_| true).await;
    assert_eq!(control.mailboxes().counts(company.pbx, mailbox), (1, 1), "no message comes back");
    control.shutdown().await;
    assert_eq!(world.left(&company).await, (vec![(ids[0], true), (ids[2], false)], 1, 1));

    // Handed in again, except the message that was deleted: nothing is there twice.
    std::fs::remove_file(to.join(format!("{}.item", ids[1]))).unwrap();
    let config = CallControlConfig::new(world.dir.path().join("state2"));
    let again = CallControl::start(config, Some(world.store.clone())).await.unwrap();
    all_delivered(&again).await;
    again.shutdown().await;
    assert_eq!(world.left(&company).await, (vec![(ids[0], true), (ids[2], false)], 1, 1));

    let mut tx = world.store.platform().await.unwrap();
    let filter = AuditFilter { action: Some("call.listen".into()), ..AuditFilter::default() };
    let entries = tx.audit().list(&Page::all(), &filter).await.unwrap().items;
    assert!(!entries.is_empty());
    let entry = &entries[0];
    assert_eq!((entry.tenant, entry.customer), (Some(world.tenant), Some(company.customer)));
    assert_eq!((&*entry.actor_label, &entry.after.as_ref().unwrap()["mode"]), ("1000", &"whisper".into()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_copy_on_disk_keeps_lines_with_sealed_passwords_and_numbers_find_their_pbx() {
    let mut world = World::new().await;
    let company = world.company("akes.pbx.localhost").await;
    let own = PhoneNumber::parse("08-123 45 67").unwrap();
    let scope = world.scope().await.for_customer(company.customer);
    let mut tx = world.store.tenant(&scope).await.unwrap();
    let trunk = NewTrunk {
        id: TrunkId(new_id()),
        name: name("Operatören"),
        kind: TrunkKind::Registration,
        host: "sip.operator.example".into(),
        port: 5060,
        transport: TrunkTransport::Udp,
        username: Some("46812345".into()),
        password: Some(String::from("mycket hemligt").into()),
        addresses: vec![IpAddr::from([192, 0, 2, 7])],
        emergency: true,
        priority: 10,
    };
    tx.trunks(company.pbx).create(trunk).await.unwrap();
    let new = NewNumber {
        id: NumberId(new_id()),
        customer: company.customer,
        e164: own.clone(),
        pbx: Some(company.pbx),
        destination: Destination::Extension { extension: company.annas_extension },
        label: None,
    };
    tx.numbers().create(new).await.unwrap();
    tx.commit().await.unwrap();
    let control = world.start(Some(&world.store)).await;
    loaded(&control, &company).await;
    control.shutdown().await;
    let copy = std::fs::read(world.dir.path().join("state/directory.sealed")).unwrap();
    let hidden = |words: &[u8]| !copy.windows(words.len()).any(|window| window == words);
    assert!(hidden(b"mycket hemligt") && hidden(b"sip.operator"));

    world.stop_database().await;
    let control = world.start(None).await;
    let (view, line) = control.directory().trunks().remove(0);
    assert_eq!(view.snapshot.pbx, company.pbx);
    assert_eq!(line.password.as_ref().map(|password| password.as_str()), Some("mycket hemligt"));
    assert!(view.trunk(line.id).is_some());
    assert_eq!(control.directory().by_number(&own).unwrap().snapshot.pbx, company.pbx);
    let foreign = PhoneNumber::parse("08-765 43 21").unwrap();
    assert!(control.directory().by_number(&foreign).is_none());
}
