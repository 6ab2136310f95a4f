//! From a letter to a mail: one template for HTML, its twin for plain text.

use crate::brand::Brand;
use crate::letter::{Letter, Words};
use std::sync::LazyLock;
use tera::{Context, Tera};
use voxera_model::Locale;

/// A mail as it is kept and sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// One line, no control characters.
    pub subject: String,
    /// The plain text twin.
    pub text: String,
    /// Everything that is not ours is escaped.
    pub html: String,
}

/// A template that cannot be filled, which is a fault of ours.
#[derive(Debug, thiserror::Error)]
#[error("a mail cannot be written: {0}")]
pub struct RenderError(String);

/// Names ending in `.html` are escaped by Tera, others are not.
static TEMPLATES: LazyLock<Result<Tera, tera::Error>> = LazyLock::new(|| {
    let mut tera = Tera::default();
    tera.add_raw_templates([
        ("letter.html", include_str!("../templates/letter.html")),
        ("letter.txt", include_str!("../templates/letter.txt")),
    ])?;
    Ok(tera)
});

/// Writes a letter to `name` in the brand's clothes.
pub fn render(
    letter: &Letter<'_>,
    brand: &Brand,
    locale: Locale,
    name: &str,
) -> Result<Rendered, RenderError> {
    let failed = |error: &tera::Error| RenderError(format!("{error:?}"));
    let templates = TEMPLATES.as_ref().map_err(failed)?;
    let words = Words::of(letter, brand, locale);
    let subject: String = words.subject.chars().filter(|c| !c.is_control()).collect();
    let (greeting, link_hint, footer) = match locale {
        Locale::Sv => (
            format!("Hej {name}!"),
            "Fungerar inte knappen? Öppna den här adressen:",
            if brand.support_email.is_some() {
                "Frågor? Skriv till"
            } else {
                "Brevet går inte att svara på."
            },
        ),
        Locale::En => (
            format!("Hello {name},"),
            "Does the button not work? Open this address:",
            if brand.support_email.is_some() {
                "Questions? Write to"
            } else {
                "This mail cannot be answered."
            },
        ),
    };
    let paragraphs: Vec<&String> = words.paragraphs.iter().filter(|text| !text.is_empty()).collect();
    let mut context = Context::new();
    context.insert("lang", locale.as_str());
    context.insert("subject", &subject);
    context.insert("brand", brand.name.as_str());
    context.insert("accent", brand.accent.as_str());
    context.insert("on_accent", brand.on_accent());
    context.insert("support", &brand.support_email.as_ref().map(voxera_model::Email::as_str));
    context.insert("heading", &words.heading);
    context.insert("greeting", &greeting);
    context.insert("paragraphs", &paragraphs);
    context.insert("button", words.button);
    context.insert("link", &words.link);
    context.insert("link_hint", link_hint);
    context.insert("notes", &words.notes);
    context.insert("footer", footer);
    let fill = |template: &str| templates.render(template, &context).map_err(|error| failed(&error));
    Ok(Rendered { text: fill("letter.txt")?, html: fill("letter.html")?, subject })
}

#[cfg(test)]
#[path = "render_tests.rs"]
mod tests;
