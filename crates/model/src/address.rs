//! Classes of IP addresses. The address policy decides by class, and apps store the classes of their hosts.

use std::fmt;

/// The class of an IP address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AddressClass {
    /// A public unicast address.
    Public,
    /// Loopback, or another address of this machine.
    ThisMachine,
    /// Private use (RFC 1918), unique-local (RFC 4193), or carrier-grade NAT (RFC 6598).
    Private,
    /// Link-local.
    LinkLocal,
    /// Every other address that is not public unicast.
    Reserved,
}

impl AddressClass {
    /// All classes.
    pub const ALL: [Self; 5] =
        [Self::Public, Self::ThisMachine, Self::Private, Self::LinkLocal, Self::Reserved];

    /// The name of the class, as it is stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::ThisMachine => "this_machine",
            Self::Private => "private",
            Self::LinkLocal => "link_local",
            Self::Reserved => "reserved",
        }
    }

    const fn bit(self) -> u8 {
        1 << self as u8
    }
}

/// A set of address classes.
///
/// ```
/// use footbridge_model::address::{AddressClass, AddressClasses};
///
/// let classes = AddressClasses::of_words(["private", "link_local"]);
/// assert!(classes.contains(AddressClass::Private));
/// assert!(!classes.contains(AddressClass::Public));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Default, Hash)]
pub struct AddressClasses(u8);

impl AddressClasses {
    /// The empty set.
    pub const NONE: Self = Self(0);
    /// All classes.
    pub const ALL: Self = Self(0b1_1111);

    /// Returns true if the set contains `class`.
    pub const fn contains(self, class: AddressClass) -> bool {
        self.0 & class.bit() != 0
    }

    /// The union of two sets.
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Returns true if the set is empty.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The names of the classes in the set.
    pub fn words(self) -> impl Iterator<Item = &'static str> {
        AddressClass::ALL.into_iter().filter(move |class| self.contains(*class)).map(AddressClass::as_str)
    }

    /// The set of the classes with these names. Unknown names are ignored.
    pub fn of_words<'a>(words: impl IntoIterator<Item = &'a str>) -> Self {
        let known = |word: &str| AddressClass::ALL.into_iter().find(|class| class.as_str() == word);
        words.into_iter().filter_map(known).collect()
    }
}

impl FromIterator<AddressClass> for AddressClasses {
    fn from_iter<I: IntoIterator<Item = AddressClass>>(classes: I) -> Self {
        Self(classes.into_iter().fold(0, |all, class| all | class.bit()))
    }
}

impl fmt::Debug for AddressClasses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.words()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_survive_being_stored() {
        for class in AddressClass::ALL {
            let one: AddressClasses = [class].into_iter().collect();
            assert_eq!(AddressClasses::of_words(one.words()), one);
            assert!(one.contains(class) && AddressClasses::ALL.contains(class));
            assert!(!AddressClasses::NONE.contains(class));
        }
        assert_eq!(AddressClasses::of_words(AddressClasses::ALL.words()), AddressClasses::ALL);
        assert_eq!(AddressClasses::of_words(["nonsense"]), AddressClasses::NONE);
    }
}
