//! Rotation of secrets: the current secret, and the secrets that it has replaced and that are valid for a while.

use crate::secret::Secret;
use crate::time::Millis;

/// The largest number of replaced secrets that are valid beside the current one.
pub const OLD_MAX: usize = 5;

/// A secret, and the secrets before it that are still valid. Each of them stays valid for as long as was promised when it was
/// replaced, whatever is replaced after that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rotating {
    /// The secret that is current.
    pub current: Secret,
    /// The number under which the uses of the current secret are counted.
    pub uses_id: u64,
    /// When and by whom the current secret was set; `None` if that was not recorded.
    pub set: Option<SetBy>,
    /// The replaced secrets, the newest first. The time of some may be over.
    pub previous: Vec<Previous>,
}

/// The time at which a secret was set, and who did it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetBy {
    /// The time at which it was set.
    pub at: Millis,
    /// The name of the user or token, or words for the configuration file.
    pub by: String,
}

/// A secret that was replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Previous {
    /// The secret that was replaced.
    pub secret: Secret,
    /// The time at which it becomes invalid.
    pub until: Millis,
    /// False if outbound requests carry it: it is the newest secret that the app is known to have. This holds for one of the
    /// replaced secrets at most.
    pub superseded: bool,
    /// The number under which its uses since the replacement are counted.
    pub uses_id: u64,
    /// When and by whom it was set.
    pub set: Option<SetBy>,
}

/// How a secret that is being replaced stays valid.
#[derive(Debug, Clone, Copy)]
pub struct Kept {
    /// The time of the replacement.
    pub now: Millis,
    /// The time at which the secret becomes invalid.
    pub until: Millis,
    /// The number under which its uses are counted from now on.
    pub uses_id: u64,
}

/// A version of a rotated secret: the current one, or one of those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SecretVersion(usize);

impl SecretVersion {
    /// The version of the current secret.
    pub const CURRENT: Self = Self(0);

    /// The replaced secret at this place of [`Rotating::previous`].
    const fn old(place: usize) -> Self {
        Self(place + 1)
    }

    /// The number of secrets that are newer.
    pub const fn age(self) -> usize {
        self.0
    }
}

impl Rotating {
    /// A secret of which nothing else is known.
    pub const fn new(current: Secret) -> Self {
        Self { current, uses_id: 1, set: None, previous: Vec::new() }
    }

    /// A secret that is set now, with the number under which its uses are counted.
    pub const fn set(current: Secret, uses_id: u64, set: SetBy) -> Self {
        Self { current, uses_id, set: Some(set), previous: Vec::new() }
    }

    /// Replaces the current secret by that of `next`. It stays valid as `kept` says, and those before it until their own
    /// times; without `kept`, all of them become invalid.
    #[must_use]
    pub fn replaced_by(self, next: Self, kept: Option<Kept>) -> Self {
        let Some(Kept { now, until, uses_id }) = kept else { return next };
        let mut previous: Vec<Previous> = self.previous.into_iter().filter(|old| now < old.until).collect();
        // While the app is known to have an older one only, this one was never in use.
        let superseded = previous.iter().any(|old| !old.superseded);
        previous.insert(0, Previous { secret: self.current, until, superseded, uses_id, set: self.set });
        Self { previous, ..next }
    }

    /// The replaced secrets that are valid at `now`, newest first.
    pub fn old(&self, now: Millis) -> impl Iterator<Item = &Previous> {
        self.previous.iter().filter(move |old| now < old.until)
    }

    /// The secrets that are valid at `now`, newest first.
    pub fn live(&self, now: Millis) -> impl Iterator<Item = &Secret> {
        std::iter::once(&self.current).chain(self.old(now).map(|old| &old.secret))
    }

    /// The version that outbound requests carry: the newest that the app is known to have, or the current one when the time
    /// of that one is over.
    pub fn outbound(&self, now: Millis) -> SecretVersion {
        let known = self.previous.iter().position(|old| now < old.until && !old.superseded);
        known.map_or(SecretVersion::CURRENT, SecretVersion::old)
    }

    /// The secret that outbound requests carry.
    pub fn outbound_secret(&self, now: Millis) -> &Secret {
        let known = self.old(now).find(|old| !old.superseded);
        known.map_or(&self.current, |old| &old.secret)
    }

    /// Returns the version whose digest this is, if it is valid at `now`.
    pub fn check(&self, digest: &[u8; 32], now: Millis) -> Option<SecretVersion> {
        // All are always compared, so that the time of the check reveals nothing.
        let mut found = self.current.has_digest(digest).then_some(SecretVersion::CURRENT);
        for (place, old) in self.previous.iter().enumerate() {
            let is_this = old.secret.has_digest(digest);
            if is_this && found.is_none() && now < old.until {
                found = Some(SecretVersion::old(place));
            }
        }
        found
    }

    /// Returns true if a use of this version switches outbound requests to it.
    pub fn switches(&self, version: SecretVersion, now: Millis) -> bool {
        !self.previous.is_empty() && version.age() < self.outbound(now).age()
    }

    /// The version whose uses are counted under this number.
    pub fn by_uses_id(&self, uses_id: u64) -> Option<SecretVersion> {
        if self.uses_id == uses_id {
            return Some(SecretVersion::CURRENT);
        }
        self.previous.iter().position(|old| old.uses_id == uses_id).map(SecretVersion::old)
    }

    /// Lets outbound requests carry this version from now on.
    pub fn switch(&mut self, version: SecretVersion) {
        for (place, old) in self.previous.iter_mut().enumerate() {
            old.superseded = SecretVersion::old(place) != version;
        }
    }

    /// Lets the replaced secrets that are valid at `now` stay valid until `until`, at least.
    pub fn extend(&mut self, now: Millis, until: Millis) {
        for old in self.previous.iter_mut().filter(|old| now < old.until) {
            old.until = old.until.max(until);
        }
    }

    /// The numbers under which uses of its versions are counted.
    pub fn uses_ids(&self) -> impl Iterator<Item = u64> {
        std::iter::once(self.uses_id).chain(self.previous.iter().map(|old| old.uses_id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::digest;

    fn turned(old: Rotating, next: &str, now: i64, until: i64) -> Rotating {
        let set = SetBy { at: Millis(now), by: "ana".to_owned() };
        let next = Rotating::set(Secret::new(next), 10 * u64::try_from(now).unwrap(), set);
        let kept = Kept { now: Millis(now), until: Millis(until), uses_id: next.uses_id + 1 };
        old.replaced_by(next, Some(kept))
    }

    fn accepts(secret: &Rotating, text: &str, now: i64) -> Option<usize> {
        secret.check(&digest(text.as_bytes()), Millis(now)).map(SecretVersion::age)
    }

    fn sends(secret: &Rotating, now: i64) -> &str {
        let version = secret.outbound(Millis(now));
        let sent = secret.outbound_secret(Millis(now));
        assert_eq!(secret.check(&sent.digest(), Millis(now)), Some(version));
        sent.expose()
    }

    fn uses(secret: &mut Rotating, text: &str, now: i64) {
        let version = secret.check(&digest(text.as_bytes()), Millis(now)).unwrap();
        if secret.switches(version, Millis(now)) {
            secret.switch(version);
        }
    }

    #[test]
    fn every_replaced_secret_stays_valid_for_as_long_as_was_promised() {
        let a = Rotating::new(Secret::new("a"));
        let ab = turned(a, "b", 10, 100);
        let abc = turned(ab, "c", 20, 50);
        assert_eq!(
            ["a", "b", "c", "d"].map(|text| accepts(&abc, text, 49)),
            [Some(2), Some(1), Some(0), None]
        );
        assert_eq!(["a", "b", "c"].map(|text| accepts(&abc, text, 50)), [Some(2), None, Some(0)]);
        assert_eq!(["a", "b", "c"].map(|text| accepts(&abc, text, 100)), [None, None, Some(0)]);
        // A clock that goes back breaks no promise either.
        assert_eq!(accepts(&abc, "b", 30), Some(1));
        let after = turned(abc.clone(), "d", 60, 70);
        assert_eq!(after.previous.len(), 2, "what is over is forgotten");
        let none = abc.replaced_by(Rotating::new(Secret::new("e")), None);
        assert_eq!(["a", "c", "e"].map(|text| accepts(&none, text, 30)), [None, None, Some(0)]);
    }

    #[test]
    fn outbound_requests_carry_the_newest_secret_that_the_app_is_known_to_have() {
        let a = Rotating::new(Secret::new("a"));
        assert_eq!(sends(&a, 1), "a");
        let mut abc = turned(turned(a, "b", 10, 100), "c", 20, 110);
        assert_eq!(sends(&abc, 30), "a", "the app was given neither b nor c yet, as far as is known");
        uses(&mut abc, "a", 30);
        assert_eq!(sends(&abc, 30), "a");
        let unused = abc.clone();
        assert_eq!(sends(&unused, 105), "c", "b was never in use");
        uses(&mut abc, "b", 31);
        assert_eq!(sends(&abc, 31), "b");
        uses(&mut abc, "a", 32);
        assert_eq!(sends(&abc, 32), "b", "another process of the app still has a");
        let mut abcd = turned(abc, "d", 40, 140);
        assert_eq!(sends(&abcd, 41), "b");
        uses(&mut abcd, "d", 42);
        assert_eq!(sends(&abcd, 42), "d");
        uses(&mut abcd, "c", 43);
        assert_eq!(sends(&abcd, 43), "d");
    }

    #[test]
    fn an_overlap_is_extended_and_never_shortened() {
        let mut ab = turned(Rotating::new(Secret::new("a")), "b", 10, 100);
        ab.extend(Millis(50), Millis(80));
        assert_eq!(accepts(&ab, "a", 99), Some(1));
        ab.extend(Millis(50), Millis(200));
        assert_eq!(accepts(&ab, "a", 199), Some(1));
        ab.extend(Millis(200), Millis(300));
        assert_eq!(accepts(&ab, "a", 200), None, "what is over stays over");
    }
}
