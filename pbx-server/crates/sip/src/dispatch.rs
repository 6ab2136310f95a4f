//! What a request is, and who answers it.

use crate::flow::Flow;
use crate::hub::{Hub, dropped, respond};
use crate::who::known_place;
use crate::{call, mwi, register, wire};
use rsipstack::sip::{Header, Method, Request, Response};
use rsipstack::transaction::{Transaction, TransactionReceiver};
use std::sync::Arc;

/// Takes new transactions until the engine stops.
pub async fn serve(hub: Arc<Hub>, mut incoming: TransactionReceiver) {
    while let Some(tx) = incoming.recv().await {
        take(&hub, tx);
    }
}

fn take(hub: &Arc<Hub>, mut tx: Transaction) {
    let Some(flow) = hub.flow_of(&tx) else { return dropped("gone") };
    if mwi::is_wanted(&tx.original) && !is_looping(&tx.original) {
        let hub = Arc::clone(hub);
        hub.clone().spawn(mwi::subscribe(hub, tx, flow));
        return;
    }
    if let (Some(tag), Some(call_id)) = (wire::to_tag(&tx.original), wire::call_id(&tx.original)) {
        // Inside a dialog: one that we do not have has no caller to be polite to but the phone.
        if let Err(tx) = hub.book.deliver(&call_id, &tag, Box::new(tx)) {
            refuse_unknown(hub, *tx, &flow);
        }
        return;
    }
    if tx.original.method == Method::Invite && !is_looping(&tx.original) {
        let hub = Arc::clone(hub);
        hub.clone().spawn(call::invite(hub, tx, flow));
        return;
    }
    if tx.original.method == Method::Register && !is_looping(&tx.original) {
        let Some((response, came)) = register::register(hub, &tx.original, &flow) else { return };
        let hub = Arc::clone(hub);
        hub.clone().spawn(async move {
            respond(&mut tx, response).await;
            if let Some(came) = came {
                mwi::greet(&hub, came).await;
            }
        });
        return;
    }
    let Some(response) = outside(hub, &tx.original, &flow) else { return };
    // Sending may have to wait for a connection; nobody else should.
    hub.spawn(async move { respond(&mut tx, response).await });
}

/// RFC 3261, section 12.2.2: a dialog that is not known, or no longer.
fn refuse_unknown(hub: &Arc<Hub>, mut tx: Transaction, flow: &Flow) {
    if !known_place(hub, &tx.original, flow) {
        return dropped("stranger");
    }
    let response = wire::answer(&tx.original, 481, None, Vec::new(), None);
    hub.spawn(async move { respond(&mut tx, response).await });
}

/// No hops left, or a number of them that is none: not for calls to decide.
fn is_looping(request: &Request) -> bool {
    wire::value(&request.headers, "Max-Forwards")
        .is_some_and(|hops| hops.trim().parse::<u8>().unwrap_or(0) == 0)
}

/// A request outside of any dialog. `None`: nothing is answered.
fn outside(hub: &Hub, request: &Request, flow: &Flow) -> Option<Response> {
    let tag = wire::random_word();
    let refuse = |code: u16, more: Vec<Header>| Some(wire::answer(request, code, Some(&tag), more, None));
    match wire::value(&request.headers, "Max-Forwards").map(|hops| hops.trim().parse::<u8>()) {
        Some(Ok(0)) => return refuse(483, Vec::new()),
        Some(Err(_)) => return refuse(400, Vec::new()),
        Some(Ok(_)) | None => {}
    }
    if !known_place(hub, request, flow) {
        dropped("stranger");
        return None;
    }
    match request.method {
        Method::Options => {
            refuse(200, vec![wire::field("Allow", wire::ALLOW), wire::field("Accept", "application/sdp")])
        }
        Method::Subscribe | Method::Publish => refuse(489, Vec::new()),
        Method::Bye | Method::Update | Method::Info | Method::Notify | Method::PRack => {
            refuse(481, Vec::new())
        }
        Method::Refer | Method::Message => refuse(405, vec![wire::field("Allow", wire::ALLOW)]),
        Method::Register | Method::Invite | Method::Ack | Method::Cancel => None,
    }
}
