//! Swedish companies.

use crate::{Invalid, parsed_text};
use serde::{Deserialize, Serialize};

/// A Swedish organisation number with its check digit verified, written `556016-0680`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(example = "556016-0680"))]
pub struct OrgNumber(String);
parsed_text!(OrgNumber);

impl OrgNumber {
    /// Accepts ten digits with or without the hyphen, or twelve with the prefix `16`.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let refuse = |why: &str| Err(Invalid::new("org_number", why));
        let digits: Vec<u32> = text.chars().filter_map(|c| c.to_digit(10)).collect();
        if text.trim().chars().any(|c| !c.is_ascii_digit() && c != '-' && c != ' ') {
            return refuse("Write the organisation number with digits, for example 556016-0680.");
        }
        let ten = match digits.as_slice() {
            [1, 6, rest @ ..] if rest.len() == 10 => rest,
            all if all.len() == 10 => all,
            _ => return refuse("An organisation number has ten digits, for example 556016-0680."),
        };
        if !luhn(ten) {
            return refuse("The last digit does not fit the others: check the organisation number.");
        }
        let text: String = ten.iter().filter_map(|d| char::from_digit(*d, 10)).collect();
        Ok(Self(format!("{}-{}", &text[..6], &text[6..])))
    }
}

fn luhn(digits: &[u32]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(i, d)| if i % 2 == 1 { d * 2 / 10 + d * 2 % 10 } else { *d })
        .sum();
    sum.is_multiple_of(10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_check_digit_is_checked() {
        for good in ["556016-0680", "5560160680", "165560160680", "202100-5489"] {
            assert!(OrgNumber::parse(good).is_ok(), "{good}");
        }
        for bad in ["556016-0681", "55601", "abc", "", "556016x0680"] {
            assert!(OrgNumber::parse(bad).is_err(), "{bad}");
        }
    }
}
