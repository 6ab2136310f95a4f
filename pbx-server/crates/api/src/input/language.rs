//! In which language to answer.

use axum::http::{HeaderMap, header};
use voxera_model::Locale;

/// The language that `Accept-Language` likes best of those we have; `None`: it names none of them.
pub fn language(headers: &HeaderMap) -> Option<Locale> {
    let wanted = headers.get(header::ACCEPT_LANGUAGE)?.to_str().ok()?;
    let mut best: Option<(f32, Locale)> = None;
    for part in wanted.split(',').take(20) {
        let (tag, parameters) = part.split_once(';').unwrap_or((part, ""));
        let weight = match parameters.trim().strip_prefix("q=") {
            Some(weight) => weight.trim().parse().unwrap_or(0.0),
            None => 1.0_f32,
        };
        let language = tag.trim().split('-').next().unwrap_or_default().to_ascii_lowercase();
        let Ok(locale) = language.parse::<Locale>() else { continue };
        if weight > 0.0 && best.is_none_or(|(heaviest, _)| weight > heaviest) {
            best = Some((weight, locale));
        }
    }
    best.map(|(_, locale)| locale)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_language_that_is_liked_best_is_spoken() {
        let asked = |text: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_LANGUAGE, axum::http::HeaderValue::from_static(text));
            language(&headers)
        };
        assert_eq!(asked("sv-SE,sv;q=0.9,en;q=0.8"), Some(Locale::Sv));
        assert_eq!(asked("de, en;q=0.5, sv;q=0.4"), Some(Locale::En));
        assert_eq!(asked("de"), None);
        assert_eq!(asked("sv;q=0"), None);
        assert_eq!(language(&HeaderMap::new()), None);
    }
}
