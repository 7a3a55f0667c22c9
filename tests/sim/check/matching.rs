//! Decides which hooks an event certainly matched and which it may have matched. A change takes effect at an unknown
//! moment between its call and its answer.

use super::RunView;
use crate::history::{Change, HookHistory, Tick, To};
use crate::plan::Publish;

/// True if the hook's pattern and app match the event.
pub(super) fn wants(hook_history: &HookHistory, publish: &Publish) -> bool {
    let hook = &hook_history.plan;
    hook.publisher.is_none_or(|publisher| publisher == publish.publisher)
        && hook.event.is_none_or(|event| event == publish.event)
        && publish.only.is_none_or(|app| app == hook.app)
}

impl Change {
    /// True if the change was made and answered before `at`.
    fn was_made(&self, at: Tick) -> bool {
        self.answer.is_some_and(|(answer, made)| made && answer < at)
    }

    /// True if the change was refused before `at`.
    fn was_refused(&self, at: Tick) -> bool {
        self.answer.is_some_and(|(answer, made)| !made && answer < at)
    }
}

impl HookHistory {
    fn of(&self, to: To) -> impl Iterator<Item = &Change> {
        self.changes.iter().filter(move |change| change.to == to)
    }

    /// Changes called before `at` and not refused by then.
    fn asked(&self, to: To, at: Tick) -> impl Iterator<Item = &Change> {
        self.of(to).filter(move |change| change.called < at && !change.was_refused(at))
    }
}

impl RunView<'_> {
    /// True if a transient hook ended with its server process before `at`.
    pub(super) fn lapsed(&self, hook_history: &HookHistory, at: Tick) -> bool {
        hook_history.plan.transient && hook_history.of(To::Made).any(|made| self.crashed(made.called, at))
    }

    /// True if the hook was certainly enabled at `at`.
    pub(super) fn surely_on(&self, hook_history: &HookHistory, at: Tick) -> bool {
        let back_on = |off: &Change| {
            let crash = self.records.crashes.iter().copied().find(|crash| *crash > off.called);
            let Some(over) = off.answer.map(|(answer, _)| answer).or(crash) else { return false };
            hook_history.of(To::On).any(|on| on.called > over && on.was_made(at))
        };
        hook_history.of(To::Made).any(|made| made.was_made(at))
            && !self.lapsed(hook_history, at)
            && hook_history.asked(To::Removed, at).next().is_none()
            && hook_history.asked(To::Gone, at).next().is_none()
            && hook_history.asked(To::Off, at).all(back_on)
    }

    /// True if the hook may have been enabled at `at`.
    pub(super) fn perhaps_on(&self, hook_history: &HookHistory, at: Tick) -> bool {
        let stays_off = |off: &Change| {
            let on = |on: &Change| on.called < at && on.answer.is_none_or(|(answer, _)| answer > off.called);
            off.was_made(at) && !hook_history.of(To::On).any(on)
        };
        hook_history.asked(To::Made, at).next().is_some()
            && !self.lapsed(hook_history, at)
            && !hook_history.of(To::Removed).any(|removed| removed.was_made(at))
            && !hook_history.of(To::Off).any(stays_off)
    }
}
