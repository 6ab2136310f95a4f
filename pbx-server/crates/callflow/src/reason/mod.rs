//! Why a call went where it went: one variant per decision, in words a shop owner understands.
//!
//! The variants are stored with every call for years. A kind is never renamed or reused; a kind
//! that this version does not know (written by a newer one) reads as [`Reason::Unknown`].

mod conditions;
mod en;
mod kinds;
mod sv;
mod who;

pub use kinds::{EventKind, Feature, Forward, SendFault, SoundTrouble};
pub use who::Who;

use crate::calendar::LocalTime;
use crate::extension::Strategy;
use crate::parking::ParkSlot;
use crate::routing::{Condition, RuleId};
use crate::step::{ListenMode, Party};
use serde::{Deserialize, Serialize};
use voxera_model::{ExtensionNumber, Key, Locale, Name, PhoneNumber, Seconds};

/// One decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Reason {
    /// The caller dialled an extension that exists.
    ExtensionDialled {
        from: Who,
        to: Who,
    },
    /// The caller dialled one of the PBX's own public numbers, and it leads to an extension.
    OwnNumberDialled {
        from: Who,
        number: PhoneNumber,
        to: Who,
    },
    /// No extension has that number.
    UnknownExtension {
        from: Who,
        number: ExtensionNumber,
    },
    /// What was dialled is no number at all.
    NotANumber {
        from: Who,
        dialled: String,
    },
    /// A code such as `*97` that does nothing here.
    UnknownCode {
        from: Who,
        code: String,
    },
    /// A public number, and nothing connects this PBX with the outside.
    NoOutsideLine {
        from: Who,
        number: PhoneNumber,
    },
    /// An own number that was never pointed anywhere.
    NumberLeadsNowhere {
        from: Who,
        number: PhoneNumber,
    },
    /// An own number whose extension was removed.
    NumberLeadsToMissing {
        from: Who,
        number: PhoneNumber,
    },
    /// The caller dialled their own extension.
    DialledOneself {
        from: Who,
    },
    /// The calling extension was removed while its phone was still signed in.
    CallerRemoved {
        from: ExtensionNumber,
    },
    /// The calling phone's credential was removed while it called.
    PhoneRemoved,
    /// The PBX is suspended; only emergency calls start.
    Suspended {
        from: Who,
    },
    /// The called extension has no phone set up.
    NoPhoneSetUp {
        to: Who,
    },
    /// The called extension has phones, and none is online.
    NoPhoneOnline {
        to: Who,
    },
    /// The called extension is in a call and takes no second one.
    InAnotherCall {
        to: Who,
    },
    /// The phones ring.
    Rings {
        to: Who,
        phones: u16,
        ring_for: Seconds,
    },
    /// The phones ring although a call is up: call waiting.
    RingsAsSecondCall {
        to: Who,
        phones: u16,
        ring_for: Seconds,
    },
    /// Someone picked up.
    Answered {
        by: Who,
    },
    /// Nobody picked up in time.
    NoAnswer {
        to: Who,
    },
    /// Every phone said busy.
    PhoneBusy {
        to: Who,
    },
    /// Someone pressed "decline".
    Declined {
        by: Who,
    },
    /// The phones were online but could not be reached.
    PhoneUnreachable {
        to: Who,
    },
    /// The caller gave up before the answer.
    CallerGaveUp {
        from: Who,
    },
    /// The caller put the phone down after talking.
    CallerHungUp {
        from: Who,
    },
    /// The called person put the phone down after talking.
    CalleeHungUp {
        by: Who,
    },
    /// We ended it: an administrator, or the system itself.
    EndedBySystem,
    /// The machine that carried the call stopped answering.
    CarrierLost,
    /// The caller dialled the emergency number.
    EmergencyDialled {
        from: Who,
    },
    /// There is no line that could carry the emergency call.
    EmergencyWithoutLine,
    /// The emergency call is on the line.
    EmergencyAnswered,
    /// The emergency line gave no answer.
    EmergencyLineFailed,
    /// The emergency call is over.
    EmergencyEnded {
        by: Party,
    },
    /// The telephone system stopped while the call was up; found when it started again.
    SystemRestarted,
    /// An event that does not fit where the call stood; the call went on.
    Ignored {
        event: EventKind,
    },
    /// An event that does not fit, and nothing to go on with; the call was ended.
    Fault {
        event: EventKind,
    },
    /// Settings other than those that the call started with were applied.
    SettingsChanged {
        started: u64,
        now: u64,
    },
    /// An outside caller asked for a number that is not of this PBX.
    NotOurNumber {
        from: Who,
        number: PhoneNumber,
    },
    /// An outside caller asked for something that only phones of the PBX may dial.
    NotFromOutside {
        from: Who,
        dialled: String,
    },
    /// A call to 112 that came in over a line: we are not its way there.
    EmergencyFromOutside {
        from: Who,
    },
    /// A phone of the PBX dialled a number of the public network.
    OutsideDialled {
        from: Who,
        number: PhoneNumber,
    },
    /// An own number was called, and rules were looked at.
    OwnNumberCalled {
        from: Who,
        number: PhoneNumber,
    },
    /// This rule is the first whose conditions all hold.
    RuleDecided {
        rule: RuleId,
        name: Name,
        at: LocalTime,
        conditions: Vec<Condition>,
    },
    /// No rule holds, so the number's own setting decides.
    NoRuleDecided {
        rules: u16,
    },
    /// The call goes on to somebody or something.
    SentTo {
        to: Who,
    },
    /// Where the call was sent is not pointed anywhere, or is gone.
    LeadsToMissing,
    /// Forwarding of an extension decided.
    Forwarded {
        from: Who,
        why: Forward,
        to: Who,
    },
    /// The called person does not want to be disturbed.
    DoNotDisturb {
        to: Who,
    },
    /// Forwarding came back to an extension whose forwarding had been followed.
    ForwardingLoop {
        to: Who,
    },
    /// Sent on more often than any call needs.
    TooManyHops,
    /// Walked through more nodes of menus than any call needs.
    TooManyNodes,
    /// What the call was sent to is switched off for this PBX.
    FeatureOff {
        feature: Feature,
    },
    /// The phones have no sound format in common.
    Incompatible {
        to: Who,
    },
    /// The caller hears that the call is recorded.
    RecordingNotice {
        of: Who,
    },
    /// The call is recorded once somebody answers.
    RecordingStarts {
        owners: Vec<Who>,
    },
    /// Rings outside.
    RingsOutside {
        number: PhoneNumber,
        shows: Option<PhoneNumber>,
    },
    /// Calls to premium numbers are not allowed.
    PremiumRefused {
        from: Who,
        number: PhoneNumber,
    },
    /// There are lines, and none of them works.
    OutsideLinesDown {
        number: PhoneNumber,
    },
    /// The outside call could not be set up.
    OutsideFailed {
        number: PhoneNumber,
    },
    /// Members of a group or queue ring.
    MembersRing {
        group: Who,
        members: Vec<Who>,
        strategy: Strategy,
        ring_for: Seconds,
    },
    /// Nobody of a hunt group can be rung: how many have no phone online, talk, rest, or do not want
    /// to be disturbed.
    NobodyFree {
        group: Who,
        offline: u16,
        busy: u16,
        undisturbed: u16,
    },
    /// Nobody of a group picked up.
    GroupUnanswered {
        group: Who,
    },
    /// In line, `place` from the front (1: next).
    EnteredQueue {
        queue: Who,
        place: u16,
    },
    /// The line is as long as it may be.
    QueueFull {
        queue: Who,
        waiting: u16,
    },
    /// No member of the queue has a phone online.
    QueueUnstaffed {
        queue: Who,
    },
    /// The caller was told its place.
    PlaceTold {
        place: u16,
    },
    /// The longest wait is over.
    WaitedTooLong {
        queue: Who,
        waited: Seconds,
    },
    /// The caller hung up in line.
    LeftTheLine {
        from: Who,
        queue: Who,
        waited: Seconds,
    },
    /// A menu begins.
    EnteredMenu {
        menu: Name,
        version: u32,
    },
    /// A message of a menu is played.
    MessagePlayed {
        node: Name,
    },
    /// A menu asks for a key.
    MenuAsks {
        node: Name,
    },
    /// A key that leads on.
    KeyPressed {
        node: Name,
        key: Key,
    },
    /// The caller typed the number of an extension.
    ExtensionTyped {
        number: ExtensionNumber,
    },
    /// A key that leads nowhere.
    WrongKey {
        node: Name,
        typed: String,
    },
    /// No key in time.
    NoKey {
        node: Name,
    },
    /// No key that leads on after every try.
    TriesUsedUp {
        node: Name,
    },
    /// A branch of a condition holds.
    BranchTaken {
        node: Name,
        branch: u16,
        at: LocalTime,
        conditions: Vec<Condition>,
    },
    /// No branch of a condition holds.
    NoBranchTaken {
        node: Name,
    },
    /// Phones show this before the caller's number from here on.
    CallerNameSet {
        text: Name,
    },
    /// A voice agent was to answer, and this version has none.
    NoVoiceAgents {
        node: Name,
    },
    /// A node that ends calls.
    MenuEnds {
        node: Name,
    },
    /// A menu goes no further here: the way on is not set, or gone.
    DeadEnd {
        node: Option<Name>,
    },
    /// Whom a menu sent the call to did not take it, and the menu goes on.
    MenuTakesBack {
        node: Name,
    },
    /// The caller is asked to leave a message.
    MailboxAnswers {
        mailbox: Who,
    },
    /// A message was left.
    MessageLeft {
        mailbox: Who,
    },
    /// The caller hung up before the tone.
    NoMessageLeft {
        from: Who,
    },
    /// The extension has no mailbox.
    NoMailbox {
        of: Who,
    },
    /// The message could not be recorded.
    MessageNotRecorded {
        mailbox: Who,
    },
    /// Somebody listens to a mailbox.
    OpensMailbox {
        from: Who,
        mailbox: Who,
    },
    /// A mailbox without a PIN is open to its own extension only.
    MailboxWithoutPin {
        from: Who,
        mailbox: Who,
    },
    /// A PIN is asked for.
    PinAsked {
        of: Who,
    },
    PinRight,
    PinWrong,
    /// Too many wrong PINs.
    PinRefused,
    MessageHeard,
    MessageDeleted,
    /// Into a conference.
    JoinsConference {
        from: Who,
        room: Who,
    },
    ConferenceFull {
        room: Who,
        members: u16,
    },
    ConferenceFailed {
        room: Who,
    },
    /// A call that rings elsewhere is taken.
    PicksUp {
        from: Who,
        of: Who,
    },
    NothingToPickUp {
        from: Who,
    },
    /// This call was taken by somebody else than whose phone rang.
    PickedUp {
        by: Who,
    },
    /// Whoever stays waits in a slot.
    Parked {
        who: Who,
        slot: ParkSlot,
    },
    /// A call is in the slot already; `None`: in every one.
    ParkRefused {
        by: Who,
        slot: Option<ParkSlot>,
    },
    /// Somebody takes the call that waits there.
    TakesParked {
        from: Who,
        slot: ParkSlot,
    },
    NothingParked {
        from: Who,
        slot: ParkSlot,
    },
    /// This call was taken from its slot.
    TakenFromSlot {
        by: Who,
        slot: ParkSlot,
    },
    /// Nobody took this call from its slot in time.
    ParkedTooLong {
        slot: ParkSlot,
        to: Who,
    },
    /// Somebody else is at one end now.
    TookOver {
        by: Who,
    },
    /// The phone went on with another call.
    WentToOtherCall,
    /// Somebody in charge sends one side on.
    SentOn {
        who: Who,
        dialled: String,
    },
    /// Somebody in charge wanted to, but it cannot be done.
    SendRefused {
        who: Who,
        dialled: String,
        why: SendFault,
    },
    /// Somebody listens in.
    ListensIn {
        from: Who,
        to: Who,
        mode: ListenMode,
    },
    MayNotListen {
        from: Who,
    },
    /// Whom one wants to listen to is in no call.
    NotTalking {
        to: Who,
    },
    /// The call that was listened to is over.
    ListeningEnded,
    /// Somebody tries a phone, and hears itself.
    EchoTest {
        from: Who,
    },
    /// Somebody tries a phone, and hears a tone.
    ToneTest {
        from: Who,
    },
    /// Nothing is heard from one side.
    SoundLost {
        of: Party,
        why: SoundTrouble,
    },
    /// That side is heard.
    SoundBack {
        of: Party,
    },
    /// That side is not heard because its phone sends nothing, and says so.
    SoundRests {
        of: Party,
    },
    /// The browser of one side lost its connection, and did not come back.
    StayedAway {
        of: Party,
    },
    /// One of the two sends the other on.
    Transfers {
        by: Who,
        dialled: String,
    },
    /// What was dialled in a transfer leads nowhere; the call goes on.
    TransferRefused {
        by: Who,
        dialled: String,
    },
    /// The caller is asked at which number to call back.
    CallbackOffered {
        whom: Who,
    },
    CallbackRequested {
        whom: Who,
        number: PhoneNumber,
    },
    /// The caller gave no number to call back.
    CallbackDropped {
        whom: Who,
    },
    /// A decision that a newer version of the product wrote.
    #[serde(other)]
    Unknown,
}

impl Reason {
    /// The decision in one sentence.
    #[must_use]
    pub fn say(&self, locale: Locale) -> String {
        match locale {
            Locale::Sv => sv::say(self),
            Locale::En => en::say(self),
        }
    }
}
