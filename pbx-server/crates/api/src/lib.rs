//! The HTTP interface: one file per noun, permission in the signature.
