//! Who plays. Addresses end in `.example`; the numbers are those that PTS keeps for books and films.

use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// Someone who can sign in.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Login {
    pub email: Cow<'static, str>,
    pub name: Cow<'static, str>,
    pub role: Cow<'static, str>,
    /// For the terminal.
    pub says: Cow<'static, str>,
}

const fn login(email: &'static str, name: &'static str, role: &'static str, says: &'static str) -> Login {
    Login {
        email: Cow::Borrowed(email),
        name: Cow::Borrowed(name),
        role: Cow::Borrowed(role),
        says: Cow::Borrowed(says),
    }
}

/// In the order of what they may do.
pub const LOGINS: &[Login] = &[
    login("platform@voxera.example", "Pia Plattform", "platform_admin", "runs this installation"),
    login("partner@nordtel.example", "Nils Nordtel", "tenant_admin", "runs the partner Nordtel"),
    login("anna@akesbageri.example", "Anna Åkesson", "customer_admin", "runs the company Åkes Bageri AB"),
    login("bertil@akesbageri.example", "Bertil Berg", "manager", "manager: sees calls and phones"),
    login("cecilia@akesbageri.example", "Cecilia Ceder", "user", "has an extension"),
    login("david@akesbageri.example", "David Dahl", "user", "has an extension"),
    login("elin@akesbageri.example", "Elin Ek", "user", "has an extension"),
];

pub const PARTNER_SLUG: &str = "nordtel";
pub const PARTNER_NAME: &str = "Nordtel";
pub const PARTNER_COLOUR: &str = "#0f5fa8";
pub const PARTNER_SUPPORT: &str = "support@nordtel.example";
pub const PARTNER_LOGO: &[u8] = include_bytes!("../../assets/nordtel.png");

pub const COMPANY_NAME: &str = "Åkes Bageri AB";
pub const COMPANY_ORG_NUMBER: &str = "556999-9997";
pub const PBX_NAME: &str = "Bageriet";
pub const REALM: &str = "akes.pbx.localhost";
pub const ZONE: &str = "Europe/Stockholm";

/// Extension and whose it is.
pub const EXTENSIONS: &[(&str, &str)] = &[
    ("1000", "anna@akesbageri.example"),
    ("1001", "bertil@akesbageri.example"),
    ("1002", "cecilia@akesbageri.example"),
    ("1003", "david@akesbageri.example"),
    ("1004", "elin@akesbageri.example"),
];

/// What the phone of each extension is called; its secret is in the demo's file.
pub const PHONE_NAME: &str = "Demotelefon";

/// The reception's menu, and the extension by which colleagues reach it.
pub const RECEPTION: (&str, &str) = ("2000", "Reception");
/// Who waits for orders, and who takes them.
pub const ORDERS: (&str, &str) = ("2001", "Beställningar");
pub const TAKE_ORDERS: &[&str] = &["1002", "1003"];
/// Rings in the shop until somebody picks up.
pub const SHOP: (&str, &str) = ("2002", "Butiken");
pub const IN_THE_SHOP: &[&str] = &["1001", "1004"];
pub const MEETING: (&str, &str) = ("2003", "Mötesrummet");
/// Whose mailbox takes what nobody answers.
pub const OFFICE: &str = "1000";

/// The number of the reception, and the number of the shop.
pub const NUMBERS: [(&str, &str); 2] = [("08-465 004 00", "Bageriet"), ("08-465 004 01", "Butiken")];

#[cfg(test)]
mod tests {
    use super::*;
    use voxera_model::{Colour, Email, ExtensionNumber, Name, OrgNumber, PhoneNumber, Realm, Slug, Zone};

    #[test]
    fn the_cast_is_valid_and_nobody_real() {
        for login in LOGINS {
            assert!(Email::parse(&login.email).is_ok() && login.email.ends_with(".example"), "{login:?}");
            assert!(Name::parse(&login.name).is_ok() && login.role.parse::<voxera_model::Role>().is_ok());
        }
        assert!(Slug::parse(PARTNER_SLUG).is_ok() && Colour::parse(PARTNER_COLOUR).is_ok());
        assert!(
            OrgNumber::parse(COMPANY_ORG_NUMBER).is_ok()
                && Realm::parse(REALM).is_ok()
                && Zone::parse(ZONE).is_ok()
        );
        for (number, email) in EXTENSIONS {
            assert!(
                ExtensionNumber::parse(number).is_ok() && LOGINS.iter().any(|login| login.email == *email)
            );
        }
        for (number, _) in NUMBERS {
            let e164 = PhoneNumber::parse(number).map(String::from);
            assert!(e164.is_ok_and(|e164| e164.starts_with("+46846500")), "{number}");
        }
        for number in TAKE_ORDERS.iter().chain(IN_THE_SHOP).chain([&OFFICE]) {
            assert!(EXTENSIONS.iter().any(|(known, _)| known == number));
        }
    }
}
