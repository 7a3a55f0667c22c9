//! Numbers that say who may write what: sessions, lanes, epochs, versions.

use footbridge_model::name::AppName;
use std::fmt;

macro_rules! number {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
        pub struct $name(pub u64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

number!(
    /// One life of a server in the store, from [`join`](crate::Cluster::join) until it leaves or is buried. Later
    /// sessions have higher numbers.
    Session
);
number!(
    /// How often a lane has changed its owner. A write that names an older epoch is refused.
    Epoch
);
number!(
    /// A state of the registry. Each change adds one, so versions have no holes.
    Version
);
number!(
    /// The number of a session's latest beat.
    BeatNumber
);
number!(
    /// The unit of ownership: the deliveries to a slice of the apps, all of them sent by one session at a time.
    Lane
);

impl Version {
    /// The version after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl Lane {
    /// Apps that are not installed share lanes 0 to 255, for good: the number of lanes never changes.
    pub const SHARED: u64 = 256;
    /// The lane of whoever deletes old events.
    pub const RETENTION: Self = Self(Self::SHARED);
    /// Ids have 63 bits, so no other lane has this one.
    const INSTALLED: u64 = 1 << 63;

    /// The lane of an app that is not installed.
    ///
    /// ```
    /// use footbridge_journal::Lane;
    /// use footbridge_model::name::AppName;
    ///
    /// let lane = |name| Lane::of_app(&AppName::parse(name).unwrap());
    /// assert_eq!(lane("shop"), lane("SHOP"));
    /// assert_ne!(lane("shop"), lane("camera"));
    /// ```
    pub fn of_app(app: &AppName) -> Self {
        // FNV-1a. Rows name lanes, so this must never change.
        let hash = app.key().bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        });
        Self(hash % Self::SHARED)
    }

    /// The lane of an installed app: one of its own, so that the app runs where its lane is owned.
    pub const fn of_installed(generation: u64) -> Self {
        Self(Self::INSTALLED | generation)
    }

    /// The lanes that exist whatever is installed.
    pub fn fixed() -> impl Iterator<Item = Self> {
        (0..=Self::SHARED).map(Self)
    }
}

/// The right to write to a lane. It counts until the lane has another owner or its session is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claim {
    /// Who owns the lane.
    pub session: Session,
    /// The lane that may be written.
    pub lane: Lane,
    /// Since which change of its owner.
    pub epoch: Epoch,
}

impl Claim {
    /// The claim of a session that owns every lane.
    pub const fn exclusive(session: Session, lane: Lane) -> Self {
        Self { session, lane, epoch: Epoch(0) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lanes_of_apps_never_move() {
        let lane = |name: &str| Lane::of_app(&AppName::trusted(name)).0;
        assert_eq!(["shop", "camera", "bolt"].map(lane), [9, 78, 198]);
        assert!((0..2000).all(|n| lane(&format!("app{n}")) < Lane::SHARED));
        assert!(Lane::of_installed(5).0 > Lane::RETENTION.0);
    }
}
