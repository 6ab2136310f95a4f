//! The ids in a URL. What is no id is not found.

use crate::problem::Problem;
use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use utoipa::IntoParams;
use voxera_model::{
    AudioId, CallId, CallbackId, CustomerId, DeviceId, ExtensionId, FlowId, MailId, MessageId, NodeId,
    NumberId, PbxId, RecordingId, SessionId, TenantId, TrunkId, UserId,
};

/// The ids in the URL.
#[derive(Debug, Clone, Copy)]
pub struct Url<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Url<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Path(ids) =
            Path::<T>::from_request_parts(parts, state).await.map_err(|_| Problem::not_found())?;
        Ok(Self(ids))
    }
}

macro_rules! paths {
    ($($name:ident { $($field:ident: $type:ty = $doc:literal),+ })+) => {$(
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, IntoParams)]
        #[into_params(parameter_in = Path)]
        pub struct $name { $(#[doc = $doc] pub $field: $type),+ }
    )+};
}

paths! {
    TenantPath { tenant: TenantId = "The tenant (partner)." }
    TenantUserPath { tenant: TenantId = "The tenant (partner).", user: UserId = "The user." }
    UserPath { user: UserId = "The user." }
    NodePath { node: NodeId = "The node." }
    MailPath { mail: MailId = "The mail." }
    CustomerPath { tenant: TenantId = "The tenant (partner).", customer: CustomerId = "The customer." }
    CustomerUserPath {
        tenant: TenantId = "The tenant (partner).", customer: CustomerId = "The customer.",
        user: UserId = "The user."
    }
    NumberPath {
        tenant: TenantId = "The tenant (partner).", customer: CustomerId = "The customer.",
        number: NumberId = "The number."
    }
    PbxPath {
        tenant: TenantId = "The tenant (partner).", customer: CustomerId = "The customer.", pbx: PbxId = "The PBX."
    }
    ExtensionPath {
        tenant: TenantId = "The tenant (partner).", customer: CustomerId = "The customer.", pbx: PbxId = "The PBX.",
        extension: ExtensionId = "The extension."
    }
    DevicePath {
        tenant: TenantId = "The tenant (partner).", customer: CustomerId = "The customer.", pbx: PbxId = "The PBX.",
        extension: ExtensionId = "The extension.", device: DeviceId = "The device; also its SIP user name."
    }
    CallPath {
        tenant: TenantId = "The tenant (partner).", customer: CustomerId = "The customer.", pbx: PbxId = "The PBX.",
        call: CallId = "The call."
    }
    AudioPath {
        tenant: TenantId = "The tenant (partner).", customer: CustomerId = "The customer.", pbx: PbxId = "The PBX.",
        audio: AudioId = "The sound."
    }
    FlowPath {
        tenant: TenantId = "The tenant (partner).", customer: CustomerId = "The customer.", pbx: PbxId = "The PBX.",
        flow: FlowRef = "The flow; `routing` is the one that holds the PBX's rules."
    }
    FlowVersionPath {
        tenant: TenantId = "The tenant (partner).", customer: CustomerId = "The customer.", pbx: PbxId = "The PBX.",
        flow: FlowRef = "The flow; `routing` is the one that holds the PBX's rules.",
        version: u32 = "The version, 1 and up."
    }
    TrunkPath {
        tenant: TenantId = "The tenant (partner).", customer: CustomerId = "The customer.", pbx: PbxId = "The PBX.",
        trunk: TrunkId = "The line."
    }
    MessagePath {
        tenant: TenantId = "The tenant (partner).", customer: CustomerId = "The customer.", pbx: PbxId = "The PBX.",
        message: MessageId = "The message."
    }
    RecordingPath {
        tenant: TenantId = "The tenant (partner).", customer: CustomerId = "The customer.", pbx: PbxId = "The PBX.",
        recording: RecordingId = "The recording."
    }
    CallbackPath {
        tenant: TenantId = "The tenant (partner).", customer: CustomerId = "The customer.", pbx: PbxId = "The PBX.",
        callback: CallbackId = "The wish to be called back."
    }
    MyExtensionPath { extension: ExtensionId = "An extension of mine." }
    ColleaguePath { extension: ExtensionId = "An extension of one of my PBXs." }
    MySessionPath { session: SessionId = "A sign-in of mine." }
    MyDevicePath {
        extension: ExtensionId = "An extension of mine.", device: DeviceId = "A phone of mine."
    }
    MyMessagePath { message: MessageId = "A message of mine." }
    MyRecordingPath { recording: RecordingId = "A recording of a call of mine." }
}

/// A flow as it stands in a URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum FlowRef {
    /// The flow that holds the PBX's rules, whatever its id.
    Routing,
    Id(FlowId),
}

impl TryFrom<String> for FlowRef {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        match text.as_str() {
            "routing" => Ok(Self::Routing),
            id => id.parse().map(Self::Id).map_err(|_| "no id"),
        }
    }
}

impl utoipa::PartialSchema for FlowRef {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        utoipa::openapi::ObjectBuilder::new().schema_type(utoipa::openapi::Type::String).into()
    }
}

impl utoipa::ToSchema for FlowRef {}
