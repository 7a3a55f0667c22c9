//! Scopes of idempotency keys.

use footbridge_model::exchange::Direction;
use footbridge_model::name::{AppName, EventName};
use std::ops::Range;

/// The scopes of all keys that an app uses as a sender: `publish/<app>/<event>` for events and
/// `exchange/<endpoint>/<app>` for exchanges.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyScopes {
    /// The range that holds the scopes of the app's events and no other app's.
    pub publishes: Range<String>,
    /// The scopes of the app's exchanges, one for each direction.
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
    /// The scope of a key with which `app` publishes `event`.
    pub fn publish(app: &AppName, event: &EventName) -> String {
        format!("publish/{}/{event}", app.key())
    }

    /// The scope of a key of an exchange that `app` sends in this direction.
    pub fn exchange(direction: Direction, app: &AppName) -> String {
        format!("exchange/{}/{}", part(direction), app.key())
    }

    /// All scopes of `app`.
    ///
    /// ```
    /// use footbridge_journal::KeyScopes;
    /// use footbridge_model::name::{AppName, EventName};
    ///
    /// let shop = AppName::parse("shop").unwrap();
    /// let scope = KeyScopes::publish(&shop, &EventName::parse("order-placed").unwrap());
    /// assert!(KeyScopes::owned_by(&shop).contains(&scope));
    /// ```
    pub fn owned_by(app: &AppName) -> Self {
        let key = app.key();
        Self {
            // `0` follows `/` in ASCII, and no app name contains a `/`.
            publishes: format!("publish/{key}/")..format!("publish/{key}0"),
            exchanges: [Direction::ToMiniapp, Direction::ToHost]
                .map(|direction| Self::exchange(direction, app)),
        }
    }

    /// Returns true if `scope` is one of the app's.
    pub fn contains(&self, scope: &str) -> bool {
        (self.publishes.start.as_str()..self.publishes.end.as_str()).contains(&scope)
            || self.exchanges.iter().any(|exchange| exchange == scope)
    }
}
