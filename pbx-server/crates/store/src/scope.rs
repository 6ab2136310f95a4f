//! Whose data a transaction sees.

use voxera_model::{CustomerId, TenantId};

/// A tenant that exists, and perhaps one of its customers. Comes only from look-ups in the
/// platform's schema ([`crate::Store::tenant_scope`]) and only ever narrows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TenantScope {
    tenant: TenantId,
    customer: Option<CustomerId>,
    /// Narrowed to a second customer: there is nothing in both.
    nothing: bool,
}

impl TenantScope {
    pub(crate) const fn new(tenant: TenantId) -> Self {
        Self { tenant, customer: None, nothing: false }
    }

    /// The tenant.
    #[must_use]
    pub const fn tenant(&self) -> TenantId {
        self.tenant
    }

    /// The one customer that is seen; `None`: all of the tenant's.
    #[must_use]
    pub const fn customer(&self) -> Option<CustomerId> {
        self.customer
    }

    /// The same tenant seen by one customer. Narrowed to a second customer, a scope opens nothing:
    /// [`crate::Store::tenant`] then answers that it is not found.
    #[must_use]
    pub fn for_customer(&self, customer: CustomerId) -> Self {
        let other = self.customer.is_some_and(|own| own != customer);
        Self { tenant: self.tenant, customer: Some(customer), nothing: self.nothing || other }
    }

    pub(crate) const fn is_nothing(&self) -> bool {
        self.nothing
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_never_widens() {
        let tenant = TenantScope::new(TenantId(crate::new_id()));
        let (one, two) = (CustomerId(crate::new_id()), CustomerId(crate::new_id()));
        assert_eq!(tenant.for_customer(one).for_customer(one), tenant.for_customer(one));
        assert!(tenant.for_customer(one).for_customer(two).is_nothing());
        assert!(tenant.for_customer(one).for_customer(two).for_customer(one).is_nothing());
    }
}
