//! Phones come online, or are refused.

use crate::company::{Company, FOUR};
use voxera_testkit::phone::{Phone, Wire};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn phones_register_over_udp_and_tcp_and_sign_out() {
    let mut company = Company::open(FOUR).await;
    let anna = Phone::start(company.phone("1000")).await;
    let bertil = Phone::start(company.phone("1001").over(Wire::Tcp)).await;
    tokio::join!(anna.registered(), bertil.registered());
    assert_eq!(company.control.presence().list(company.snapshot.pbx).len(), 2);
    assert_eq!(company.engine.stats().registrations, 2);

    anna.unregister().await;
    company.signed_out().await;
    assert_eq!(company.control.presence().list(company.snapshot.pbx).len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_password_and_an_extension_number_are_refused_alike() {
    let company = Company::open(FOUR).await;
    let mut wrong = company.phone("1000");
    wrong.account.password = "kanelbullar".into();
    let mut by_number = company.phone("1000");
    by_number.account.user = "1000".into();
    let (wrong, by_number) = tokio::join!(Phone::start(wrong), Phone::start(by_number));
    let (a, b) = tokio::join!(wrong.refused(), by_number.refused());
    assert_eq!(a, b, "a stranger learns nothing of which user names exist");
    assert_eq!(company.engine.stats().registrations, 0);
}
