//! What stands in for sound that never came: the last bit of voice, over and over, fading.

/// Milliseconds of sound that are kept to find its pitch in.
const PAST_MS: usize = 40;
/// The pitches that voices have, as milliseconds of one period.
const PERIODS_MS: std::ops::RangeInclusive<usize> = 3..=15;
/// Full strength for this long, then it fades.
const FULL_MS: usize = 20;
const FADE_MS: usize = 60;
/// Where the real sound is joined again.
const JOIN_MS: usize = 4;

#[derive(Debug, Default)]
pub struct Conceal {
    /// Samples of one millisecond.
    ms: usize,
    past: Vec<i16>,
    active: Option<Loop>,
}

#[derive(Debug)]
struct Loop {
    period: Vec<i16>,
    at: usize,
}

impl Conceal {
    pub fn new(rate: u32) -> Self {
        let ms = usize::try_from(rate / 1000).unwrap_or(8);
        Self { ms, past: vec![0; PAST_MS * ms], active: None }
    }

    /// Adds `count` invented samples.
    pub fn invent(&mut self, count: usize, into: &mut Vec<i16>) {
        let start = into.len();
        self.more(count, into);
        self.remember(&into[start..]);
    }

    /// Real sound goes on; its beginning is blended with what was invented.
    pub fn join(&mut self, sound: &mut [i16]) {
        if self.active.is_some() {
            let length = (JOIN_MS * self.ms).min(sound.len());
            let mut invented = Vec::with_capacity(length);
            self.more(length, &mut invented);
            blend(&invented, &mut sound[..length]);
            self.active = None;
        }
        self.remember(sound);
    }

    fn more(&mut self, count: usize, into: &mut Vec<i16>) {
        let (ms, past) = (self.ms, &self.past);
        let playing = self.active.get_or_insert_with(|| {
            let periods = PERIODS_MS.start() * ms..=PERIODS_MS.end() * ms;
            let end = past.len() - 20 * ms;
            let period = periods
                .max_by(|one, two| {
                    let like = |lag: &usize| likeness(&past[end..], &past[end - lag..past.len() - lag]);
                    like(one).total_cmp(&like(two))
                })
                .unwrap_or(10 * ms);
            Loop { period: past[past.len() - period..].to_vec(), at: 0 }
        });
        for _ in 0..count {
            let faded = playing.at.saturating_sub(FULL_MS * ms).min(FADE_MS * ms);
            let sample = i64::from(playing.period[playing.at % playing.period.len()]);
            let left = FADE_MS * ms - faded;
            let sample = sample * i64::try_from(left).unwrap_or(0) / i64::try_from(FADE_MS * ms).unwrap_or(1);
            into.push(i16::try_from(sample).unwrap_or(0));
            playing.at += 1;
        }
    }

    fn remember(&mut self, sound: &[i16]) {
        let keep = self.past.len();
        self.past.extend_from_slice(sound);
        self.past.drain(..self.past.len() - keep);
    }
}

/// From the first to the second, in place of the second.
pub fn blend(from: &[i16], to: &mut [i16]) {
    let length = i32::try_from(to.len()).unwrap_or(i32::MAX).max(1);
    for ((at, from), to) in (0..).zip(from).zip(to) {
        let mixed = (i32::from(*from) * (length - at) + i32::from(*to) * at) / length;
        *to = i16::try_from(mixed).unwrap_or(*to);
    }
}

/// How alike two pieces are, whatever their strength: 1 at best.
pub fn likeness(one: &[i16], two: &[i16]) -> f32 {
    let (mut both, mut first, mut second) = (0.0_f32, 1.0_f32, 1.0_f32);
    for (one, two) in one.iter().zip(two) {
        let (one, two) = (f32::from(*one), f32::from(*two));
        both += one * two;
        first += one * one;
        second += two * two;
    }
    both / (first * second).sqrt()
}
