#![expect(clippy::unwrap_used, reason = "a failed test may panic")]

use super::*;
use uuid::Uuid;

const NORDTEL: TenantId = TenantId(Uuid::from_u128(1));
const SYDTEL: TenantId = TenantId(Uuid::from_u128(2));
const BAKERY: CustomerId = CustomerId(Uuid::from_u128(11));
const GARAGE: CustomerId = CustomerId(Uuid::from_u128(12));

fn somebody(memberships: &[(Role, Option<TenantId>, Option<CustomerId>)]) -> Principal {
    Principal {
        account: AccountId(Uuid::from_u128(100)),
        session: SessionId(Uuid::from_u128(200)),
        email: Email::parse("anna@akesbageri.example").unwrap(),
        name: "Anna".into(),
        locale: Locale::Sv,
        memberships: memberships
            .iter()
            .map(|&(role, tenant, customer)| Membership {
                user: UserId(Uuid::from_u128(300)),
                role,
                tenant,
                customer,
            })
            .collect(),
    }
}

type Ask<'a> = (&'a str, &'a dyn Fn(&Principal) -> Result<Grant, Denied>);

fn word(answer: Result<Grant, Denied>) -> String {
    match answer {
        Ok(grant) => format!("ok as {}", grant.role()),
        Err(Denied::Foreign) => "404".into(),
        Err(Denied::Role { needed }) => format!("403 {needed}"),
    }
}

#[test]
fn each_role_reaches_exactly_its_own() {
    let platform = somebody(&[(Role::PlatformAdmin, None, None)]);
    let partner = somebody(&[(Role::TenantAdmin, Some(NORDTEL), None)]);
    let boss = somebody(&[(Role::CustomerAdmin, Some(NORDTEL), Some(BAKERY))]);
    let manager = somebody(&[(Role::Manager, Some(NORDTEL), Some(BAKERY))]);
    let user = somebody(&[(Role::User, Some(NORDTEL), Some(BAKERY))]);
    let nobody = somebody(&[]);

    let asks: [Ask<'_>; 10] = [
        ("platform", &|p| p.require_platform_admin()),
        ("own tenant", &|p| p.for_tenant(NORDTEL, Role::TenantAdmin)),
        ("own tenant, platform only", &|p| p.for_tenant(NORDTEL, Role::PlatformAdmin)),
        ("foreign tenant", &|p| p.for_tenant(SYDTEL, Role::TenantAdmin)),
        ("own customer, admin", &|p| p.for_customer(NORDTEL, BAKERY, Role::CustomerAdmin)),
        ("own customer, manager", &|p| p.for_customer(NORDTEL, BAKERY, Role::Manager)),
        ("own customer, user", &|p| p.for_customer(NORDTEL, BAKERY, Role::User)),
        ("own customer, tenant admin", &|p| p.for_customer(NORDTEL, BAKERY, Role::TenantAdmin)),
        ("neighbour customer", &|p| p.for_customer(NORDTEL, GARAGE, Role::User)),
        ("own customer's id under a foreign tenant", &|p| p.for_customer(SYDTEL, BAKERY, Role::User)),
    ];
    let table: [(&str, &Principal, [&str; 10]); 6] = [
        ("platform_admin", &platform, ["ok as platform_admin"; 10]),
        (
            "tenant_admin",
            &partner,
            [
                "403 platform_admin",
                "ok as tenant_admin",
                "403 platform_admin",
                "404",
                "ok as tenant_admin",
                "ok as tenant_admin",
                "ok as tenant_admin",
                "ok as tenant_admin",
                "ok as tenant_admin",
                "404",
            ],
        ),
        (
            "customer_admin",
            &boss,
            [
                "403 platform_admin",
                "403 tenant_admin",
                "403 platform_admin",
                "404",
                "ok as customer_admin",
                "ok as customer_admin",
                "ok as customer_admin",
                "403 tenant_admin",
                "404",
                "404",
            ],
        ),
        (
            "manager",
            &manager,
            [
                "403 platform_admin",
                "403 tenant_admin",
                "403 platform_admin",
                "404",
                "403 customer_admin",
                "ok as manager",
                "ok as manager",
                "403 tenant_admin",
                "404",
                "404",
            ],
        ),
        (
            "user",
            &user,
            [
                "403 platform_admin",
                "403 tenant_admin",
                "403 platform_admin",
                "404",
                "403 customer_admin",
                "403 manager",
                "ok as user",
                "403 tenant_admin",
                "404",
                "404",
            ],
        ),
        (
            "nobody",
            &nobody,
            ["403 platform_admin", "404", "404", "404", "404", "404", "404", "404", "404", "404"],
        ),
    ];
    for (who, principal, expected) in table {
        for ((ask, ask_for), expected) in asks.iter().zip(expected) {
            assert_eq!(word(ask_for(principal)), expected, "{who}: {ask}");
        }
    }
}

#[test]
fn the_strongest_of_several_memberships_counts_where_it_reaches() {
    let two_hats = somebody(&[
        (Role::User, Some(NORDTEL), Some(BAKERY)),
        (Role::CustomerAdmin, Some(NORDTEL), Some(GARAGE)),
        (Role::TenantAdmin, Some(SYDTEL), None),
    ]);
    assert_eq!(word(two_hats.for_customer(NORDTEL, BAKERY, Role::Manager)), "403 manager");
    assert_eq!(word(two_hats.for_customer(NORDTEL, GARAGE, Role::Manager)), "ok as customer_admin");
    assert_eq!(word(two_hats.for_tenant(SYDTEL, Role::TenantAdmin)), "ok as tenant_admin");
    assert_eq!(word(two_hats.for_tenant(NORDTEL, Role::TenantAdmin)), "403 tenant_admin");
}

#[test]
fn no_customer_role_ever_reaches_a_whole_tenant() {
    let user = somebody(&[(Role::User, Some(NORDTEL), Some(BAKERY))]);
    for min in Role::ALL {
        assert!(user.for_tenant(NORDTEL, *min).is_err(), "{min}");
    }
}

#[test]
fn a_grant_says_who_and_where() {
    let boss = somebody(&[(Role::CustomerAdmin, Some(NORDTEL), Some(BAKERY))]);
    let grant = boss.for_customer(NORDTEL, BAKERY, Role::Manager).unwrap();
    assert_eq!(grant.account(), boss.account);
    assert_eq!(grant.label(), "anna@akesbageri.example");
    assert_eq!(grant.level(), Level::Customer(NORDTEL, BAKERY));
    assert_eq!((grant.level().tenant(), grant.level().customer()), (Some(NORDTEL), Some(BAKERY)));
}

#[test]
fn roles_belong_to_their_level() {
    for (level, fitting) in [
        (Level::Platform, &[Role::PlatformAdmin][..]),
        (Level::Tenant(NORDTEL), &[Role::TenantAdmin]),
        (Level::Customer(NORDTEL, BAKERY), &[Role::CustomerAdmin, Role::Manager, Role::User]),
    ] {
        for role in Role::ALL {
            assert_eq!(level.fits(*role), fitting.contains(role), "{level:?} {role}");
        }
    }
}
