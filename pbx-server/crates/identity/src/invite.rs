//! Making somebody a user: by a link in a mail, and never by a password that someone else knows.

use crate::audit::{self, Place};
use crate::authz::{Grant, Level};
use crate::caller::Caller;
use crate::error::{IdentityError, Result};
use crate::identity::Identity;
use crate::letters::{Reader, brand, entrance};
use crate::links::lifetime;
use crate::password;
use crate::profile::Standing;
use crate::secret::Secret;
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use voxera_mail::Letter;
use voxera_model::{Email, Invalid, Locale, Name, Role, UserId};
use voxera_store::{
    Account, AuditFilter, Membership, NewUser, OneTimeToken, Page, PlatformTx, Purpose, User, UserChange,
};

/// Who is to become a user.
#[derive(Debug, Clone)]
pub struct NewMember {
    /// Where the invitation goes.
    pub email: Email,
    /// What the person is called here, until the person says otherwise.
    pub name: Name,
    /// Must belong to the level of the grant.
    pub role: Role,
    /// Of the mail, and of the account if it is new; `None`: the tenant's.
    pub locale: Option<Locale>,
}

/// What an invitation's link shows before it is accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invitation {
    /// Who is invited.
    pub email: Email,
    /// Under which name.
    pub name: Name,
    /// As what.
    pub role: Role,
    /// To what: company, partner or installation.
    pub organization: String,
    /// Who invites.
    pub invited_by: Option<String>,
    /// Whether the person has a password that stays as it is; otherwise one must be chosen.
    pub has_password: bool,
    /// Until when the link works.
    pub expires_at: DateTime<Utc>,
}

/// What the invited person says.
#[derive(Clone, Default)]
pub struct Acceptance {
    /// Must be given if, and only if, [`Invitation::has_password`] is false.
    pub password: Option<String>,
    /// `None`: as invited.
    pub name: Option<Name>,
}

impl Identity {
    /// Makes somebody a user at the level of the grant, and sends the link. Whoever has an account
    /// already is a user at once; whoever has none is when the link is taken.
    pub async fn invite(&self, caller: &Caller, by: &Grant, new: NewMember) -> Result<User> {
        let mut tx = self.inner.store.platform().await?;
        let user = self.invite_in(&mut tx, caller, by, new).await?;
        tx.commit().await?;
        self.invited(&user);
        Ok(user)
    }

    /// [`Identity::invite`] in a transaction that does more. Call [`Identity::invited`] when it is
    /// committed.
    pub async fn invite_in(
        &self,
        tx: &mut PlatformTx<'static>,
        caller: &Caller,
        by: &Grant,
        new: NewMember,
    ) -> Result<User> {
        if !by.level().fits(new.role) {
            let invalid =
                Invalid::new("role", "This role belongs to another level: choose one of this level.");
            return Err(IdentityError::invalid("/role", invalid));
        }
        let (tenant, customer) = (by.level().tenant(), by.level().customer());
        let brand = brand(tx, tenant).await?;
        let locale = new.locale.unwrap_or(brand.locale);
        let found = tx.users().find_or_create_account(&new.email, locale).await?;
        let user = NewUser {
            id: UserId(voxera_store::new_id()),
            account: found.account.id,
            role: new.role,
            tenant,
            customer,
            display_name: new.name,
        };
        let user = tx.users().create(user).await?;
        self.send_invitation(tx, by, &user).await?;
        let after = json!({
            "email": user.email, "name": user.display_name, "role": user.role, "invited_by": by.name(),
        });
        tx.audit().append(about(caller, by, &user, "user.invite", Some(after))).await?;
        Ok(user)
    }

    /// An invitation is in the database now: the mail goes out, and older access tokens of the
    /// person are void.
    pub fn invited(&self, user: &User) {
        self.inner.outbox.wake();
        self.account_changed(user.account);
    }

    /// Sends another link to a user of the grant's level who has not taken the first; that one
    /// stops working.
    pub async fn resend_invitation(&self, caller: &Caller, by: &Grant, user: UserId) -> Result<()> {
        let mut tx = self.inner.store.platform().await?;
        let user = tx.users().get(user).await?;
        if level_of(&user) != Some(by.level()) {
            return Err(IdentityError::NotFound);
        }
        if !user.invited {
            return Err(IdentityError::AlreadyMember);
        }
        self.inner.mail_per_account.take(&user.email.as_str(), self.inner.clock.now())?;
        self.send_invitation(&mut tx, by, &user).await?;
        let after = json!({ "email": user.email, "invited_by": by.name() });
        tx.audit().append(about(caller, by, &user, "user.resend_invitation", Some(after))).await?;
        tx.commit().await?;
        self.inner.outbox.wake();
        Ok(())
    }

    /// Who invites to what, for the page that the link opens. Does not use the link up.
    pub async fn invitation(&self, caller: &Caller, token: &str) -> Result<Invitation> {
        let (_, found) = self.find_link(caller, token, Purpose::Invitation).await?;
        let mut tx = self.inner.store.platform().await?;
        let (account, membership) = invited(&mut tx, &found).await?;
        let organization = organization(&mut tx, &membership).await?;
        Ok(Invitation {
            email: account.email.clone(),
            name: membership.user.display_name.clone(),
            role: membership.user.role,
            organization,
            invited_by: inviter(&mut tx, membership.user.id).await?,
            has_password: keeps_password(&account),
            expires_at: found.expires_at,
        })
    }

    /// Takes the link of an invitation. A new account gets its password; one that has a password
    /// keeps it. Signing in is the next step.
    pub async fn accept_invitation(&self, caller: &Caller, token: &str, said: Acceptance) -> Result<()> {
        let (link, found) = self.find_link(caller, token, Purpose::Invitation).await?;
        let (account, _) = invited(&mut self.inner.store.platform().await?, &found).await?;
        let hash = match (&said.password, keeps_password(&account)) {
            (Some(password), false) => {
                password::check(password, &account.email)
                    .map_err(|invalid| IdentityError::invalid("/password", invalid))?;
                Some(self.inner.hasher.hash(password).await?)
            }
            (None, true) => None,
            (None, false) => {
                let invalid = Invalid::new("password_required", "Choose a password.");
                return Err(IdentityError::invalid("/password", invalid));
            }
            (Some(_), true) => {
                let invalid = Invalid::new(
                    "password_not_wanted",
                    "You have an account already: leave the password out and sign in with the one you have.",
                );
                return Err(IdentityError::invalid("/password", invalid));
            }
        };

        let mut tx = self.inner.store.platform().await?;
        let found = link.consume(&mut tx).await?;
        let (now_account, membership) = invited(&mut tx, &found).await?;
        if now_account.password_hash != account.password_hash {
            // Another invitation was accepted at the same moment: this page was about what was.
            return Err(IdentityError::LinkInvalid);
        }
        if let Some(hash) = hash {
            tx.accounts().set_password(account.id, &hash, true).await?;
            // Whatever was started before the address was shown to be the person's own is void.
            tx.sessions().revoke_all(account.id, "password_reset", None).await?;
            for purpose in [Purpose::EmailVerification, Purpose::PasswordReset] {
                tx.one_time_tokens().revoke(account.id, purpose).await?;
            }
        }
        if let Some(name) = said.name {
            let change = UserChange { display_name: Some(name), ..UserChange::default() };
            tx.users().update(membership.user.id, change).await?;
        }
        let standing = Standing::load(&mut tx, now_account).await?;
        let place = Place { tenant: membership.user.tenant, customer: membership.user.customer };
        tx.audit()
            .append(audit::entry(
                caller,
                &standing.account,
                place,
                "user.accept_invitation",
                ("user", membership.user.id.to_string()),
                None,
                Some(json!({ "email": standing.account.email, "role": membership.user.role })),
            ))
            .await?;
        tx.commit().await?;
        self.account_changed(account.id);
        Ok(())
    }

    async fn send_invitation(&self, tx: &mut PlatformTx<'static>, by: &Grant, user: &User) -> Result<()> {
        let secret = Secret::generate();
        let expires_at = self.inner.clock.now() + lifetime(Purpose::Invitation);
        tx.users().invite(user.id, &secret.hash(), expires_at).await?;
        let membership = membership(tx, user).await?;
        let organization = organization(tx, &membership).await?;
        let entrance = entrance(tx, user.tenant).await?;
        let link = self.link(&format!("{entrance}/invitation/{}", secret.expose()));
        let brand = brand(tx, user.tenant).await?;
        let name = user.display_name.as_str();
        let reader = Reader { email: &user.email, name, locale: user.locale };
        let letter = Letter::Invitation {
            link: &link,
            inviter: Some(by.name()),
            organization: &organization,
            role: user.role,
        };
        self.write(tx, user.tenant, &brand, &reader, &letter).await
    }
}

/// A password counts only once the address is shown to be the person's own: before that, anyone
/// may have registered it.
fn keeps_password(account: &Account) -> bool {
    account.password_hash.is_some() && account.verified_at.is_some()
}

pub(crate) fn level_of(user: &User) -> Option<Level> {
    match (user.tenant, user.customer) {
        (None, None) => Some(Level::Platform),
        (Some(tenant), None) => Some(Level::Tenant(tenant)),
        (Some(tenant), Some(customer)) => Some(Level::Customer(tenant, customer)),
        (None, Some(_)) => None,
    }
}

fn about(
    caller: &Caller,
    by: &Grant,
    user: &User,
    action: &str,
    after: Option<Value>,
) -> voxera_store::NewAudit {
    let place = Place { tenant: user.tenant, customer: user.customer };
    audit::entry(caller, by, place, action, ("user", user.id.to_string()), None, after)
}

/// The account and the membership of an invitation. A user who was removed takes the token along.
async fn invited(tx: &mut PlatformTx<'static>, token: &OneTimeToken) -> Result<(Account, Membership)> {
    let user = tx.users().get(token.user.ok_or(IdentityError::LinkInvalid)?).await?;
    let account = tx.accounts().get(token.account).await?;
    let membership = membership(tx, &user).await?;
    Ok((account, membership))
}

async fn membership(tx: &mut PlatformTx<'static>, user: &User) -> Result<Membership> {
    let all = tx.users().memberships(user.account).await?;
    all.into_iter().find(|membership| membership.user.id == user.id).ok_or(IdentityError::NotFound)
}

async fn organization(tx: &mut PlatformTx<'static>, membership: &Membership) -> Result<String> {
    let name = match (&membership.customer, &membership.tenant) {
        (Some(customer), _) => customer.name.to_string(),
        (None, Some(tenant)) => tenant.name.to_string(),
        (None, None) => brand(tx, None).await?.name.to_string(),
    };
    Ok(name)
}

/// Who invited is written in the audit log, with the invitation.
async fn inviter(tx: &mut PlatformTx<'static>, user: UserId) -> Result<Option<String>> {
    let filter = AuditFilter {
        action: Some("user.".into()),
        resource_id: Some(user.to_string()),
        ..AuditFilter::default()
    };
    let entries = tx.audit().list(&Page::default(), &filter).await?.items;
    Ok(entries.into_iter().find_map(|entry| entry.after?.get("invited_by")?.as_str().map(str::to_owned)))
}
