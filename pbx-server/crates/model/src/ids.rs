//! Ids: UUIDs that cannot be taken for one another.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
        pub struct $name(pub Uuid);

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }
        impl std::str::FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }
    };
}

id!(/// A partner with its own brand; owns one schema.
    TenantId);
id!(/// A company that belongs to a tenant.
    CustomerId);
id!(/// A login, platform-wide.
    AccountId);
id!(/// An account's membership in the platform, a tenant or a customer.
    UserId);
id!(/// A cloud PBX of one customer.
    PbxId);
id!(/// A dialable extension of one PBX.
    ExtensionId);
id!(/// One phone's credential; its text form is the SIP user name.
    DeviceId);
id!(/// An E.164 number in the inventory.
    NumberId);
id!(/// One call, from arrival to record.
    CallId);
id!(/// One sign-in: a family of refresh tokens.
    SessionId);
id!(/// One entry of the audit log.
    AuditId);
id!(/// One mail.
    MailId);
id!(/// One call flow: the routing rules of a PBX, or one of its menus.
    FlowId);
id!(/// An uploaded sound: a greeting, an announcement, music on hold.
    AudioId);
id!(/// One message in a mailbox.
    MessageId);
id!(/// One recording of a call.
    RecordingId);
id!(/// A caller's wish to be called back.
    CallbackId);
id!(/// A line to the public network.
    TrunkId);
id!(/// A machine that carries calls.
    NodeId);
id!(/// A voice agent.
    AgentId);
