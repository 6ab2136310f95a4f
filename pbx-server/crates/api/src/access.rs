//! Access that ends at once: access tokens are checked without the database, so whoever takes rights
//! away says whose tokens are void.

use crate::api::Api;
use crate::problem::Answer;
use voxera_model::{AccountId, CustomerId, TenantId};
use voxera_store::{Page, TenantTx};

/// Everybody of a tenant, its customers' people too.
pub(crate) async fn end_of_tenant(api: &Api, tenant: TenantId) -> Answer<()> {
    let scope = api.store.tenant_scope(tenant).await?;
    let mut tx = api.store.tenant(&scope).await?;
    let mut accounts = people(&mut tx).await?;
    let mut page = Page::all();
    let mut customers = Vec::new();
    loop {
        let found = tx.customers().list(&page).await?;
        let last = found.items.len() < page.limit as usize;
        customers.extend(found.items.into_iter().map(|customer| customer.id));
        if last {
            break;
        }
        page.offset += page.limit;
    }
    drop(tx);
    for customer in customers {
        accounts.extend(people(&mut api.store.tenant(&scope.for_customer(customer)).await?).await?);
    }
    end(api, accounts);
    Ok(())
}

/// The accounts of everybody of a customer.
pub(crate) async fn of_customer(api: &Api, tenant: TenantId, customer: CustomerId) -> Answer<Vec<AccountId>> {
    let scope = api.store.tenant_scope(tenant).await?.for_customer(customer);
    people(&mut api.store.tenant(&scope).await?).await
}

/// These accounts: their next refresh tells what they still may.
pub(crate) fn end(api: &Api, accounts: impl IntoIterator<Item = AccountId>) {
    for account in accounts {
        api.identity.account_changed(account);
    }
}

async fn people(tx: &mut TenantTx<'static>) -> Answer<Vec<AccountId>> {
    let mut page = Page::all();
    let mut accounts = Vec::new();
    loop {
        let found = tx.users().list(&page).await?;
        let last = found.items.len() < page.limit as usize;
        accounts.extend(found.items.into_iter().map(|user| user.account));
        if last {
            return Ok(accounts);
        }
        page.offset += page.limit;
    }
}
