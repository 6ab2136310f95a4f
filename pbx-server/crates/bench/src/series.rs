//! Numbers from several rounds.

use std::fmt;

/// The same measure, several times.
#[derive(Debug, Clone, Default)]
pub struct Series(Vec<f64>);

impl Series {
    pub fn push(&mut self, value: f64) {
        self.0.push(value);
    }

    pub fn median(&self) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
    }

    /// Half the distance between the extremes, in percent of the median.
    pub fn noise(&self) -> f64 {
        let low = self.0.iter().copied().fold(f64::INFINITY, f64::min);
        let high = self.0.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        (high - low) / 2.0 / self.median() * 100.0
    }
}

impl fmt::Display for Series {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.*} ±{:.0} %", f.precision().unwrap_or(2), self.median(), self.noise())
    }
}

/// The value below which a share of all lies.
pub fn quantile(values: &mut [f64], share: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "an index"
    )]
    let index = (values.len() as f64 * share) as usize;
    values.get(index.min(values.len().saturating_sub(1))).copied().unwrap_or(f64::NAN)
}

/// A heading.
pub fn heading(text: &str) {
    println!("\n{text}");
}

/// One line: what, ours, the baseline's, the ratio.
pub fn line(what: &str, unit: &str, ours: &Series, baseline: &Series) {
    println!(
        "  {what:<34} {ours:>16.2} {unit:<8} baseline {baseline:>16.2}   ratio {:.2}",
        ours.median() / baseline.median()
    );
}

/// One line without a baseline.
pub fn alone(what: &str, unit: &str, ours: &Series) {
    println!("  {what:<34} {ours:>16.2} {unit}");
}
