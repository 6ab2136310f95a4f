//! In whose name a mail is written.

use voxera_model::{Colour, Email, Locale, Name, Zone};
use voxera_store::Tenant;

/// What a mail shows of the tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Brand {
    /// The name that customers know.
    pub name: Name,
    /// Bar and button.
    pub accent: Colour,
    /// Whom to ask; also where answers go.
    pub support_email: Option<Email>,
    /// For who has chosen no language yet.
    pub locale: Locale,
    /// For times.
    pub time_zone: Zone,
}

impl From<&Tenant> for Brand {
    fn from(tenant: &Tenant) -> Self {
        Self {
            name: tenant.brand_name.clone(),
            accent: tenant.accent.clone(),
            support_email: tenant.support_email.clone(),
            locale: tenant.locale,
            time_zone: tenant.time_zone.clone(),
        }
    }
}

impl Brand {
    /// Black or white, whichever is easier to read on the accent colour (WCAG contrast).
    pub(crate) fn on_accent(&self) -> &'static str {
        let channel = |at: usize| {
            let byte = self.accent.as_str().get(at..at + 2).and_then(|hex| u8::from_str_radix(hex, 16).ok());
            let value = f64::from(byte.unwrap_or(0)) / 255.0;
            if value <= 0.040_45 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        };
        let luminance = 0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5);
        if 1.05 / (luminance + 0.05) >= (luminance + 0.05) / 0.05 { "#ffffff" } else { "#000000" }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed test may panic")]
mod tests {
    use super::*;

    #[test]
    fn the_button_is_readable_on_any_accent() {
        for (accent, expected) in [
            ("#000000", "#ffffff"),
            ("#1a6b4f", "#ffffff"),
            ("#ffffff", "#000000"),
            ("#ffd400", "#000000"),
            ("#c00000", "#ffffff"),
        ] {
            let brand = Brand {
                name: Name::parse("Nordtel").unwrap(),
                accent: Colour::parse(accent).unwrap(),
                support_email: None,
                locale: Locale::Sv,
                time_zone: Zone::stockholm(),
            };
            assert_eq!(brand.on_accent(), expected, "{accent}");
        }
    }
}
