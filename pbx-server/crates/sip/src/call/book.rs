//! Which calls are up, which dialogs they have, and which acknowledgements may have to be repeated.

use crate::call::Input;
use crate::flow::Flow;
use crate::hub::lock;
use crate::media::Side;
use rsipstack::sip::Request;
use rsipstack::transaction::Transaction;
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Instant;
use tokio::sync::mpsc::UnboundedSender;
use voxera_model::{CallId, DeviceId};

/// All of it. Holds exactly what its guards ([`Seat`], [`Dialog`]) keep there.
#[derive(Debug, Default)]
pub struct Book {
    pages: Mutex<Pages>,
}

#[derive(Debug, Default)]
struct Pages {
    calls: HashMap<CallId, UnboundedSender<Input>>,
    of: HashMap<DeviceId, usize>,
    dialogs: HashMap<DialogKey, (UnboundedSender<Input>, Side)>,
    acks: HashMap<AckKey, (Request, Flow, Instant)>,
}

/// The Call-ID, and the tag that we gave.
type DialogKey = (String, String);
/// The Call-ID, the number in `CSeq`, and the tag of the phone.
pub type AckKey = (String, u32, String);

/// A call's place; left when dropped.
#[derive(Debug)]
pub struct Seat {
    book: Arc<Book>,
    call: CallId,
    device: DeviceId,
}

/// A dialog's entry; taken out when dropped.
#[derive(Debug)]
pub struct Dialog {
    book: Arc<Book>,
    key: DialogKey,
}

impl Book {
    /// A place for one more call, when the engine and the phone have room for it.
    pub fn enter(
        self: &Arc<Self>,
        call: CallId,
        device: DeviceId,
        inbox: UnboundedSender<Input>,
        most: (usize, usize),
    ) -> Option<Seat> {
        let mut pages = lock(&self.pages);
        let (in_all, of_one) = most;
        if pages.calls.len() >= in_all || pages.of.get(&device).is_some_and(|calls| *calls >= of_one) {
            return None;
        }
        pages.calls.insert(call, inbox);
        *pages.of.entry(device).or_default() += 1;
        Some(Seat { book: Arc::clone(self), call, device })
    }

    /// Makes requests of a dialog reach its call.
    pub fn open(
        self: &Arc<Self>,
        call_id: &str,
        tag: &str,
        inbox: UnboundedSender<Input>,
        side: Side,
    ) -> Dialog {
        let key = (call_id.to_owned(), tag.to_owned());
        lock(&self.pages).dialogs.insert(key.clone(), (inbox, side));
        Dialog { book: Arc::clone(self), key }
    }

    /// Hands a request to the call that its dialog belongs to, or back.
    pub fn deliver(&self, call_id: &str, tag: &str, tx: Box<Transaction>) -> Result<(), Box<Transaction>> {
        let found = lock(&self.pages).dialogs.get(&(call_id.to_owned(), tag.to_owned())).cloned();
        let Some((inbox, side)) = found else { return Err(tx) };
        if inbox.is_closed() {
            return Err(tx);
        }
        // Should it end at this very moment, the phone asks again and is told then.
        let _ = inbox.send(Input::Request(side, tx));
        Ok(())
    }

    /// Tells one call.
    pub fn tell(&self, call: CallId, input: Input) {
        if let Some(inbox) = lock(&self.pages).calls.get(&call) {
            // One that ends at this moment need not know any more.
            let _ = inbox.send(input);
        }
    }

    /// Tells every call that a way is gone.
    pub fn gone(&self, flow: &Flow) {
        for inbox in lock(&self.pages).calls.values() {
            let _ = inbox.send(Input::Gone(flow.clone()));
        }
    }

    /// Keeps an acknowledgement, to be repeated when the phone repeats its answer.
    pub fn keep(&self, key: AckKey, ack: Request, flow: Flow, until: Instant) {
        lock(&self.pages).acks.insert(key, (ack, flow, until));
    }

    /// The acknowledgement that was sent for an answer.
    pub fn kept(&self, key: &AckKey) -> Option<(Request, Flow)> {
        lock(&self.pages).acks.get(key).map(|(ack, flow, _)| (ack.clone(), flow.clone()))
    }

    /// Forgets acknowledgements that no phone can ask for any more.
    pub fn sweep(&self, now: Instant) {
        lock(&self.pages).acks.retain(|_, (_, _, until)| *until > now);
    }

    /// Calls, dialogs, and acknowledgements that are kept.
    pub fn counts(&self) -> (usize, usize, usize) {
        let pages = lock(&self.pages);
        (pages.calls.len(), pages.dialogs.len(), pages.acks.len())
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut pages = lock(&self.book.pages);
        pages.calls.remove(&self.call);
        if let Some(calls) = pages.of.get_mut(&self.device) {
            *calls -= 1;
            if *calls == 0 {
                pages.of.remove(&self.device);
            }
        }
    }
}

impl Drop for Dialog {
    fn drop(&mut self) {
        lock(&self.book.pages).dialogs.remove(&self.key);
    }
}
