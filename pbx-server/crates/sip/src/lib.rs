//! The embedded engine: registrar, calls and media in this process.
