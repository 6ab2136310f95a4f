//! Advance a call by one event: snapshot, facts, step, record.
