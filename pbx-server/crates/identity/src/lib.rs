//! Accounts, passwords, tokens, sessions: the built-in login.
