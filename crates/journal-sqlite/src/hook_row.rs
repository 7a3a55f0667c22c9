//! Hooks as columns of their own row or of a delivery's.

use crate::checksum::Checksum;
use crate::column::{key, number, origin, origin_code};
use crate::failure::{CommandError, CommandResult};
use footbridge_model::hook::{AnswerRule, Hook, HookOptions, Lifetime};
use footbridge_model::hook_state::{Pause, SwitchedOff};
use footbridge_model::id::HookId;
use footbridge_model::name::AppName;
use footbridge_model::pattern::{Part, Pattern};
use footbridge_model::time::Millis;
use rusqlite::Row;

/// The columns that [`read`] needs, of `h`. The app is written as it is registered now.
pub(crate) const COLUMNS: &str =
    "h.id, coalesce((SELECT a.written FROM apps a WHERE a.name = h.app), h.app), h.publisher, h.event, h.route, h.kind, h.transient, h.origin, h.enabled,
     h.created_at, h.answer, h.in_flight, h.ordered, h.paused, h.off, h.sum";

/// The position of the checksum in [`COLUMNS`].
pub(crate) const SUM: usize = 15;

/// The checksum of a hook.
pub(crate) fn sum(hook: &Hook) -> Checksum {
    let sum = Checksum::default()
        .number(key(hook.id.number()))
        .text(hook.app.key())
        .text(hook.pattern.publisher.as_str())
        .text(hook.pattern.event.as_str())
        .text(&hook.route)
        .text(hook.kind.as_str())
        .number(i64::from(hook.lifetime == Lifetime::Transient))
        .number(origin_code(hook.origin))
        .number(i64::from(hook.enabled))
        .number(hook.created_at.0)
        .text(answer(hook.options.answer))
        .number(i64::from(hook.options.in_flight))
        .number(i64::from(hook.options.ordered));
    // Rows of older versions have a checksum without these.
    match (paused(hook), off(hook)) {
        (None, None) => sum,
        (paused, off) => sum.optional(paused.as_deref()).optional(off.as_deref()),
    }
}

/// The answer rule as a column.
pub(crate) const fn answer(rule: AnswerRule) -> &'static str {
    match rule {
        AnswerRule::Required => "required",
        AnswerRule::Optional => "optional",
    }
}

/// The pause as a column: `[at, by, reason]`.
pub(crate) fn paused(hook: &Hook) -> Option<String> {
    let Pause { at, by, reason } = hook.paused.as_ref()?;
    serde_json::to_string(&(at.0, by, reason)).ok()
}

/// How the hook was switched off as a column: `[at, by]`.
pub(crate) fn off(hook: &Hook) -> Option<String> {
    let SwitchedOff { at, by } = hook.off.as_ref()?;
    serde_json::to_string(&(at.0, by)).ok()
}

/// Reads JSON that [`paused`] or [`off`] has written.
fn state<T: serde::de::DeserializeOwned>(text: Option<&str>) -> CommandResult<Option<T>> {
    let damaged = |_| CommandError::damaged("the state of a hook is not readable");
    text.map(|text| serde_json::from_str(text).map_err(damaged)).transpose()
}

/// Reads a hook from [`COLUMNS`], whose first is column `from`.
pub(crate) fn read(row: &Row<'_>, from: usize) -> CommandResult<Hook> {
    let text = |place| row.get_ref(from + place).and_then(|value| Ok(value.as_str()?));
    let optional = |place| row.get_ref(from + place).and_then(|value| Ok(value.as_str_or_null()?));
    let paused: Option<(i64, String, Option<String>)> = state(optional(13)?)?;
    let off: Option<(i64, Option<String>)> = state(optional(14)?)?;
    let damaged = || CommandError::damaged("a hook has a type or an answer that no hook has");
    Ok(Hook {
        id: HookId::from_number(number(row.get(from)?)),
        app: AppName::trusted(text(1)?),
        pattern: Pattern { publisher: part(text(2)?), event: part(text(3)?) },
        route: text(4)?.to_owned(),
        kind: text(5)?.parse().map_err(|_| damaged())?,
        lifetime: if row.get(from + 6)? { Lifetime::Transient } else { Lifetime::Persistent },
        origin: origin(row.get(from + 7)?),
        enabled: row.get(from + 8)?,
        created_at: Millis(row.get(from + 9)?),
        options: HookOptions {
            answer: text(10)?.parse().map_err(|_| damaged())?,
            in_flight: row.get(from + 11)?,
            ordered: row.get(from + 12)?,
        },
        paused: paused.map(|(at, by, reason)| Pause { at: Millis(at), by, reason }),
        off: off.map(|(at, by)| SwitchedOff { at: Millis(at), by }),
    })
}

fn part(text: &str) -> Part {
    match text {
        "*" => Part::Any,
        text => Part::Is(text.into()),
    }
}
