//! How receivers fare: for a while each is well, or fails in one of many ways.

use crate::dice::Dice;
use std::ops::Range;
use std::time::Duration;

/// How a receiver fares for a while.
#[derive(Debug, Clone)]
pub(crate) struct Spell {
    pub(crate) during: Range<Duration>,
    pub(crate) mood: Mood,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mood {
    /// It answers well and soon.
    Well,
    /// Each request goes its own way.
    Flaky,
    /// It asks to be left alone.
    Busy,
    /// It takes requests and never answers.
    Hanging,
    /// It takes no connections.
    Down,
    /// Nothing gets there and nothing comes back.
    Away,
}

/// What a receiver does with one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Manner {
    /// Answers, after a while, perhaps with a `Retry-After` in seconds.
    Answer { status: u16, after: Duration, ask: Option<u64> },
    /// Sends the head of an answer and half of its body, and closes.
    CutBody,
    /// Sends half of a head and closes.
    CutHead,
    /// Says something that is no HTTP.
    Nonsense,
    /// Closes without a word.
    Close,
    /// Never answers.
    Hang,
}

/// A receiver that takes requests and never answers, to the end.
pub(crate) fn hanging_for_good() -> Vec<Spell> {
    vec![Spell { during: Duration::ZERO..Duration::MAX, mood: Mood::Hanging }]
}

/// Spells that follow each other until it is calm.
pub(crate) fn of(dice: &mut Dice, calm: Duration) -> Vec<Spell> {
    let (mut spells, mut from) = (Vec::new(), Duration::ZERO);
    while from < calm {
        let mood = dice.pick(&[
            Mood::Well,
            Mood::Well,
            Mood::Flaky,
            Mood::Flaky,
            Mood::Flaky,
            Mood::Busy,
            Mood::Hanging,
            Mood::Down,
            Mood::Away,
        ]);
        let until = (from + dice.millis(500..40_000)).min(calm);
        spells.push(Spell { during: from..until, mood });
        from = until;
    }
    spells
}

/// What becomes of a request.
pub(crate) fn manner(mood: Mood, dice: &mut Dice) -> Manner {
    let soon = dice.millis(0..40);
    let answer = |status| Manner::Answer { status, after: soon, ask: None };
    match (mood, dice.within(0..1000)) {
        (Mood::Well | Mood::Away, _) => answer(dice.pick(&[200, 200, 201, 204])),
        (Mood::Busy, _) => Manner::Answer {
            status: dice.pick(&[429, 503]),
            after: soon,
            ask: dice.percent(70).then(|| dice.within(0..30)),
        },
        (Mood::Flaky, 0..450) => answer(dice.pick(&[200, 204])),
        (Mood::Flaky, 450..530) => Manner::Answer { status: 200, after: dice.millis(200..4000), ask: None },
        (Mood::Flaky, 530..560) => Manner::Answer { status: 200, after: dice.millis(5000..9000), ask: None },
        (Mood::Flaky, 560..700) => answer(dice.pick(&[500, 502, 404, 400, 302])),
        (Mood::Flaky, 700..710) => answer(410),
        (Mood::Flaky, 710..780) => Manner::CutBody,
        (Mood::Flaky, 780..830) => Manner::CutHead,
        (Mood::Flaky, 830..860) => Manner::Nonsense,
        (Mood::Flaky, 860..940) | (Mood::Down, _) => Manner::Close,
        (Mood::Flaky | Mood::Hanging, _) => Manner::Hang,
    }
}
