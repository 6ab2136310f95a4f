//! The way to whichever call has a leg now: legs move from call to call.

use crate::call::Input;
use crate::hub::lock;
use std::sync::{Arc, Mutex};
use tokio::sync::mpsc::UnboundedSender;

/// Shared by everything that tells of one leg.
#[derive(Debug, Clone)]
pub struct Reach(Arc<Mutex<UnboundedSender<Input>>>);

impl Reach {
    pub fn new(inbox: &UnboundedSender<Input>) -> Self {
        Self(Arc::new(Mutex::new(inbox.clone())))
    }

    /// The leg is in another call now.
    pub fn lead_to(&self, inbox: &UnboundedSender<Input>) {
        lock(&self.0).clone_from(inbox);
    }

    /// The call's own way in.
    pub fn sender(&self) -> UnboundedSender<Input> {
        lock(&self.0).clone()
    }

    /// Tells its call; handed back when that is over.
    #[expect(clippy::result_large_err, reason = "handed back as it came, and seldom")]
    pub fn tell(&self, input: Input) -> Result<(), Input> {
        lock(&self.0).send(input).map_err(|lost| lost.0)
    }

    /// A closure that tells its call.
    pub fn teller<T, F>(&self, input: F) -> impl Fn(T) + Send + Sync + use<T, F>
    where
        F: Fn(T) -> Input + Send + Sync,
    {
        let reach = self.clone();
        move |what| {
            // The call is over: nobody needs to know.
            let _ = reach.tell(input(what));
        }
    }
}
