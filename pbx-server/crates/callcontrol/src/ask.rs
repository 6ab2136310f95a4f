//! What somebody in charge asks of a call that is up: its engine does it, and answers.

use tokio::sync::oneshot;
use voxera_callflow::{ListenMode, ParkSlot, Party, SendFault};
use voxera_model::{Dialled, ExtensionId};

/// A wish, on its way to the engine of the call. One that is dropped is refused.
#[derive(Debug)]
pub enum Ask {
    /// One side goes to another number, or into a slot; see [`crate::Call::send_on`].
    Send(Send),
    /// Somebody listens in; see [`crate::Call::summon`].
    Listen(Listen),
}

/// One side goes to another number.
#[derive(Debug)]
pub struct Send {
    /// Who is sent; `Caller` or `Callee`.
    pub party: Party,
    pub to: Dialled,
    /// Where it was parked, if that is where it was sent.
    pub(crate) answer: oneshot::Sender<Result<Option<ParkSlot>, AskFault>>,
}

/// Somebody listens in.
#[derive(Debug)]
pub struct Listen {
    /// Whose phones ring.
    pub by: ExtensionId,
    pub mode: ListenMode,
    pub(crate) answer: oneshot::Sender<Result<(), AskFault>>,
}

/// Why a wish is not fulfilled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AskFault {
    /// There is no such call (any more).
    NoSuchCall,
    /// Nobody meddles with another's emergency call.
    Emergency,
    /// The call cannot be sent there; it goes on as it was.
    Send(SendFault),
    Listen(ListenFault),
}

/// Why somebody cannot listen in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListenFault {
    /// No such extension, or no person.
    UnknownExtension,
    /// The person may not listen to the calls of others.
    MayNot,
    /// The person takes part in this call.
    OwnCall,
    /// Nobody of the company talks in this call.
    NotTalking,
    /// No phone of the person is online.
    Offline,
    /// No place for one more call, or the engine cannot ring now.
    Busy,
}

impl Send {
    /// The engine does something else with the call at this moment.
    pub fn not_now(self) {
        self.refuse(SendFault::NotNow);
    }

    pub(crate) fn refuse(self, why: SendFault) {
        tell(self.answer, Err(AskFault::Send(why)));
    }

    pub(crate) fn done(self, parked: Option<ParkSlot>) {
        tell(self.answer, Ok(parked));
    }
}

impl Listen {
    /// The phones ring.
    pub fn done(self) {
        tell(self.answer, Ok(()));
    }

    /// It cannot be done.
    pub fn refuse(self, why: ListenFault) {
        tell(self.answer, Err(AskFault::Listen(why)));
    }
}

fn tell<T>(answer: oneshot::Sender<Result<T, AskFault>>, outcome: Result<T, AskFault>) {
    // Whoever asked may have gone.
    let _ = answer.send(outcome);
}
