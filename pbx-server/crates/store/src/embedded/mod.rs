//! Our own PostgreSQL.
