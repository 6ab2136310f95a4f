//! Mails in the tenant's brand and the reader's language, by SMTP or into the mailbox of the portal.
