//! Messages that mails tell of.

use crate::companies::{company, name, tenant};
use crate::pbx::message;
use voxera_model::{AccountId, Email, Locale, Role, UserId};
use voxera_store::{ExtensionChange, NewAccount, NewMessage, NewUser, Page, new_id};
use voxera_testkit::postgres::Database;

#[tokio::test]
async fn a_message_is_told_of_once_to_whoever_owns_the_mailbox() {
    let database = Database::create().await;
    drop(database.store().await);
    // One connection: the next transaction begins when the one before is undone.
    let config = voxera_store::StoreConfig { max_connections: 1, ..database.config() };
    let store = voxera_store::Store::connect(&config).await.unwrap();
    let nordtel = tenant(&store, "nordtel").await;
    let company = company(&store, &nordtel, 1).await;
    let [anna, nobodys] = company.extensions;
    let (account, user) = (AccountId(new_id()), UserId(new_id()));
    let email = Email::parse("anna@akesbageri.example").unwrap();
    let mut tx = store.platform().await.unwrap();
    let new = NewAccount {
        id: account,
        email: email.clone(),
        password_hash: None,
        locale: Locale::En,
        verified_at: None,
    };
    tx.accounts().create(new).await.unwrap();
    let new = NewUser {
        id: user,
        account,
        role: Role::User,
        tenant: Some(company.scope.tenant()),
        customer: Some(company.customer),
        display_name: name("Anna Åkesson"),
    };
    tx.users().create(new).await.unwrap();
    tx.commit().await.unwrap();

    let mut tx = store.tenant(&company.scope).await.unwrap();
    let hers = ExtensionChange { user: Some(Some(user)), ..ExtensionChange::default() };
    tx.extensions(company.pbx).update(anna, hers).await.unwrap();
    let (first, second) = (message(anna), NewMessage { from_number: None, ..message(nobodys) });
    tx.messages(company.pbx).insert(&first).await.unwrap();
    tx.messages(company.pbx).insert(&second).await.unwrap();
    tx.commit().await.unwrap();

    // A transaction that fails tells nobody, and the message is taken again.
    for commit in [false, true] {
        let mut tx = store.tenant(&nordtel).await.unwrap();
        let mut taken = tx.take_unmailed_messages(100).await.unwrap();
        taken.sort_by_key(|message| message.mailbox_number.clone());
        let [to_anna, to_nobody] = &taken[..] else { panic!("{taken:?}") };
        let owner = to_anna.owner.clone().unwrap();
        assert_eq!(
            (owner.email, owner.name, owner.locale),
            (email.clone(), name("Anna Åkesson"), Locale::En)
        );
        assert_eq!(
            (to_anna.id, to_anna.customer, to_anna.millis),
            (first.id, company.customer, first.millis)
        );
        assert_eq!((to_nobody.id, to_nobody.owner.as_ref()), (second.id, None));
        assert_eq!(to_nobody.from_number, None);
        if commit {
            tx.commit().await.unwrap();
        }
    }
    let mut tx = store.tenant(&nordtel).await.unwrap();
    assert_eq!(tx.take_unmailed_messages(100).await.unwrap(), []);
    let kept = tx.messages(company.pbx).list(&Page::all(), &voxera_store::MessageFilter::default()).await;
    assert!(kept.unwrap().items.iter().all(|message| message.heard_at.is_none()), "and it is still new");
}
