//! The only crate with SQL: platform schema, one schema per tenant, typed tenancy.
