//! Which hooks an event surely went to, and which it may have gone to: whoever asks for a change knows only when
//! he asked and when he was told.

use super::Case;
use crate::ledger::{Change, HookStory, Tick, To};
use crate::plan::Publish;

/// Whether the hook wants such an event.
pub(super) fn wants(story: &HookStory, publish: &Publish) -> bool {
    let hook = &story.plan;
    hook.publisher.is_none_or(|publisher| publisher == publish.publisher)
        && hook.event.is_none_or(|event| event == publish.event)
        && publish.only.is_none_or(|app| app == hook.app)
}

impl Change {
    /// Made, and its maker told so, before `at`.
    fn was_made(&self, at: Tick) -> bool {
        self.told.is_some_and(|(told, made)| made && told < at)
    }

    /// Refused, and so without effect, before `at`.
    fn was_refused(&self, at: Tick) -> bool {
        self.told.is_some_and(|(told, made)| !made && told < at)
    }
}

impl HookStory {
    fn of(&self, to: To) -> impl Iterator<Item = &Change> {
        self.changes.iter().filter(move |change| change.to == to)
    }

    /// Whether it was asked for before `at`, and not refused by then.
    fn asked(&self, to: To, at: Tick) -> impl Iterator<Item = &Change> {
        self.of(to).filter(move |change| change.called < at && !change.was_refused(at))
    }
}

impl Case<'_> {
    /// Whether it went with the server that it was made in, before `at`.
    pub(super) fn lapsed(&self, story: &HookStory, at: Tick) -> bool {
        story.plan.transient && story.of(To::Made).any(|made| self.crashed(made.called, at))
    }

    /// Whether it took events at `at`, without any doubt.
    pub(super) fn surely_on(&self, story: &HookStory, at: Tick) -> bool {
        let back_on = |off: &Change| {
            let crash = self.book.crashes.iter().copied().find(|crash| *crash > off.called);
            let Some(over) = off.told.map(|(told, _)| told).or(crash) else { return false };
            story.of(To::On).any(|on| on.called > over && on.was_made(at))
        };
        story.of(To::Made).any(|made| made.was_made(at))
            && !self.lapsed(story, at)
            && story.asked(To::Removed, at).next().is_none()
            && story.asked(To::Gone, at).next().is_none()
            && story.asked(To::Off, at).all(back_on)
    }

    /// Whether it may have taken events at `at`.
    pub(super) fn perhaps_on(&self, story: &HookStory, at: Tick) -> bool {
        let stays_off = |off: &Change| {
            let on = |on: &Change| on.called < at && on.told.is_none_or(|(told, _)| told > off.called);
            off.was_made(at) && !story.of(To::On).any(on)
        };
        story.asked(To::Made, at).next().is_some()
            && !self.lapsed(story, at)
            && !story.of(To::Removed).any(|removed| removed.was_made(at))
            && !story.of(To::Off).any(stays_off)
    }
}
