//! Which calls are up, which dialogs they have, who talks, and which acknowledgements may have to be
//! repeated.

use crate::call::leg::{LegId, Phone};
use crate::call::reach::Reach;
use crate::call::{Input, Page};
use crate::flow::Flow;
use crate::hub::lock;
use crate::media::{Bridge, EndpointId};
use rsipstack::sip::Request;
use rsipstack::transaction::Transaction;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, Weak};
use std::time::Instant;
use tokio::sync::mpsc::UnboundedSender;
use voxera_model::{CallId, DeviceId, ExtensionNumber, PbxId};

/// All of it. Holds exactly what its guards ([`Seat`], [`Dialog`]) keep there.
#[derive(Debug, Default)]
pub struct Book {
    pages: Mutex<Pages>,
}

#[derive(Debug, Default)]
struct Pages {
    calls: HashMap<CallId, UnboundedSender<Input>>,
    of: HashMap<DeviceId, usize>,
    dialogs: HashMap<DialogKey, (Reach, LegId)>,
    acks: HashMap<AckKey, (Request, Flow, Instant)>,
    talks: HashMap<CallId, Talk>,
}

/// The Call-ID, and the tag that we gave.
type DialogKey = (String, String);
/// The Call-ID, the number in `CSeq`, and the tag of the phone.
pub type AckKey = (String, u32, String);

/// Two who talk, for those who may listen in.
#[derive(Debug, Clone)]
pub struct Talk {
    pub pbx: PbxId,
    /// Those of the two who are extensions of the PBX, with their ports for sound.
    pub sides: Vec<(ExtensionNumber, EndpointId)>,
    pub bridge: Weak<Bridge>,
}

/// A call's place; left when dropped.
#[derive(Debug)]
pub struct Seat {
    book: Arc<Book>,
    call: CallId,
    device: Option<DeviceId>,
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
        phone: Phone,
        inbox: UnboundedSender<Input>,
        most: (usize, usize),
    ) -> Option<Seat> {
        let mut pages = lock(&self.pages);
        let (in_all, of_one) = most;
        let device = match phone {
            Phone::Device(device) => Some(device),
            Phone::Line(_) => None,
        };
        let own = device.and_then(|device| pages.of.get(&device)).copied().unwrap_or_default();
        if pages.calls.len() >= in_all || own >= of_one {
            return None;
        }
        pages.calls.insert(call, inbox);
        if let Some(device) = device {
            *pages.of.entry(device).or_default() += 1;
        }
        Some(Seat { book: Arc::clone(self), call, device })
    }

    /// Makes requests of a dialog reach its call.
    pub fn open(self: &Arc<Self>, call_id: &str, tag: &str, reach: Reach, leg: LegId) -> Dialog {
        let key = (call_id.to_owned(), tag.to_owned());
        lock(&self.pages).dialogs.insert(key.clone(), (reach, leg));
        Dialog { book: Arc::clone(self), key }
    }

    /// The leg of a dialog, and the way to its call.
    pub fn dialog(&self, call_id: &str, tag: &str) -> Option<(Reach, LegId)> {
        lock(&self.pages).dialogs.get(&(call_id.to_owned(), tag.to_owned())).cloned()
    }

    /// Hands a request to the call that its dialog belongs to, or back.
    pub fn deliver(&self, call_id: &str, tag: &str, tx: Box<Transaction>) -> Result<(), Box<Transaction>> {
        let Some((reach, leg)) = self.dialog(call_id, tag) else { return Err(tx) };
        match reach.tell(Input::Request(leg, tx)) {
            Err(Input::Request(_, tx)) => Err(tx),
            Ok(()) | Err(_) => Ok(()),
        }
    }

    /// Tells one call; handed back when there is none.
    #[expect(clippy::result_large_err, reason = "handed back as it came, and seldom")]
    pub fn tell(&self, call: CallId, input: Input) -> Result<(), Input> {
        match lock(&self.pages).calls.get(&call) {
            Some(inbox) => inbox.send(input).map_err(|lost| lost.0),
            None => Err(input),
        }
    }

    /// Tells every call that a way is gone.
    pub fn gone(&self, flow: &Flow) {
        for inbox in lock(&self.pages).calls.values() {
            // One that ends at this moment need not know any more.
            let _ = inbox.send(Input::Gone(flow.clone()));
        }
    }

    /// Tells every call that a page is there by this way.
    pub fn back(&self, page: &Page, flow: &Flow) {
        for inbox in lock(&self.pages).calls.values() {
            // One that ends at this moment need not know any more.
            let _ = inbox.send(Input::Back(page.clone(), flow.clone()));
        }
    }

    /// Notes that two talk; `None`: no longer.
    pub fn talk(&self, call: CallId, talk: Option<Talk>) {
        let mut pages = lock(&self.pages);
        match talk {
            Some(talk) => pages.talks.insert(call, talk),
            None => pages.talks.remove(&call),
        };
    }

    /// The call in which an extension talks; `which`: it must be this one.
    pub fn talk_of(
        &self,
        pbx: PbxId,
        extension: &ExtensionNumber,
        which: Option<CallId>,
    ) -> Option<(CallId, EndpointId, Arc<Bridge>)> {
        let wanted = |call: &CallId| which.is_none_or(|which| *call == which);
        lock(&self.pages).talks.iter().filter(|(call, _)| wanted(call)).find_map(|(call, talk)| {
            let own = talk.sides.iter().find(|(number, _)| talk.pbx == pbx && number == extension)?;
            Some((*call, own.1, talk.bridge.upgrade()?))
        })
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
        pages.talks.remove(&self.call);
        let Some(device) = self.device else { return };
        if let Some(calls) = pages.of.get_mut(&device) {
            *calls -= 1;
            if *calls == 0 {
                pages.of.remove(&device);
            }
        }
    }
}

impl Drop for Dialog {
    fn drop(&mut self) {
        lock(&self.book.pages).dialogs.remove(&self.key);
    }
}
