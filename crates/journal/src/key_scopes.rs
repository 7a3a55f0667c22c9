//! Which idempotency keys are an app's.

use footbridge_model::exchange::Direction;
use footbridge_model::name::{AppName, EventName};
use std::ops::Range;

/// The scopes of the keys that an app uses as a sender. That of a publish is `publish/<app>/<event>`,
/// that of an exchange `exchange/<endpoint>/<app>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyScopes {
    /// Its publishes': one for each event it names, all of them in this range and no other app's.
    pub publishes: Range<String>,
    /// Its exchanges': one for each direction.
    pub exchanges: [String; 2],
}

/// The part of a scope that stands for a direction. Existing databases hold it, so it never changes.
const fn part(direction: Direction) -> &'static str {
    match direction {
        Direction::ToMiniapp => "hostapp",
        Direction::ToHost => "miniapp",
    }
}

impl KeyScopes {
    /// Where a key of `app`'s publishes of `event` counts.
    pub fn publish(app: &AppName, event: &EventName) -> String {
        format!("publish/{}/{event}", app.key())
    }

    /// Where a key of the exchanges that `app` sends this way counts.
    pub fn exchange(direction: Direction, app: &AppName) -> String {
        format!("exchange/{}/{}", part(direction), app.key())
    }

    /// Those of `app`.
    pub fn owned_by(app: &AppName) -> Self {
        let key = app.key();
        Self {
            // `0` follows `/` in ASCII, and no name of an app holds a `/`.
            publishes: format!("publish/{key}/")..format!("publish/{key}0"),
            exchanges: [Direction::ToMiniapp, Direction::ToHost].map(|way| Self::exchange(way, app)),
        }
    }

    /// Whether `scope` is one of them.
    pub fn contains(&self, scope: &str) -> bool {
        (self.publishes.start.as_str()..self.publishes.end.as_str()).contains(&scope)
            || self.exchanges.iter().any(|exchange| exchange == scope)
    }
}
