//! Numbers that say who may write what: sessions, partitions, epochs, versions.

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
    /// How often a partition has changed its owner. A write that names an older epoch is refused.
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
    /// The apps that one session owns together: it alone sends their deliveries.
    Partition
);

impl Version {
    /// The version after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl Partition {
    /// Apps that are not installed share partitions 0 to 255, for good: the number of partitions never changes.
    pub const SHARED: u64 = 256;
    /// The partition of whoever deletes old events.
    pub const RETENTION: Self = Self(Self::SHARED);
    /// Ids have 63 bits, so no other partition has this one.
    const INSTALLED: u64 = 1 << 63;

    /// The partition of an app that is not installed.
    ///
    /// ```
    /// use footbridge_journal::Partition;
    /// use footbridge_model::name::AppName;
    ///
    /// let partition = |name| Partition::of_app(&AppName::parse(name).unwrap());
    /// assert_eq!(partition("shop"), partition("SHOP"));
    /// assert_ne!(partition("shop"), partition("camera"));
    /// ```
    pub fn of_app(app: &AppName) -> Self {
        // FNV-1a. Rows name partitions, so this must never change.
        let hash = app.key().bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        });
        Self(hash % Self::SHARED)
    }

    /// The partition of an installed app: one of its own, so that the app runs where its partition is owned.
    pub const fn of_installed(generation: u64) -> Self {
        Self(Self::INSTALLED | generation)
    }

    /// The partitions that exist whatever is installed.
    pub fn fixed() -> impl Iterator<Item = Self> {
        (0..=Self::SHARED).map(Self)
    }
}

/// The right to write to a partition. It counts until the partition has another owner or its session is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claim {
    /// Who owns the partition.
    pub session: Session,
    /// The partition that may be written.
    pub partition: Partition,
    /// Since which change of its owner.
    pub epoch: Epoch,
}

impl Claim {
    /// The claim of a session that owns every partition.
    pub const fn exclusive(session: Session, partition: Partition) -> Self {
        Self { session, partition, epoch: Epoch(0) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn partitions_of_apps_never_move() {
        let partition = |name: &str| Partition::of_app(&AppName::trusted(name)).0;
        assert_eq!(["shop", "camera", "bolt"].map(partition), [9, 78, 198]);
        assert!((0..2000).all(|n| partition(&format!("app{n}")) < Partition::SHARED));
        assert!(Partition::of_installed(5).0 > Partition::RETENTION.0);
    }
}
