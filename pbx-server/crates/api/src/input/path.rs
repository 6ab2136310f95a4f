//! The ids in a URL. What is no id is not found.

use crate::problem::Problem;
use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use utoipa::IntoParams;
use voxera_model::{CallId, CustomerId, DeviceId, ExtensionId, MailId, NumberId, PbxId, TenantId, UserId};

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
}
