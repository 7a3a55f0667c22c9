//! What an address is, for who may be reached: a word that can be kept.

use std::fmt;

/// What an address is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AddressClass {
    /// Anybody's.
    Public,
    /// Loopback, or another address of this very machine.
    ThisMachine,
    /// Private use, unique-local, or carrier-grade NAT.
    Private,
    /// Valid on one link only.
    LinkLocal,
    /// Everything else that is no public unicast address.
    Reserved,
}

impl AddressClass {
    /// Every class.
    pub const ALL: [Self; 5] =
        [Self::Public, Self::ThisMachine, Self::Private, Self::LinkLocal, Self::Reserved];

    /// The word for it.
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

/// Some classes of addresses.
#[derive(Clone, Copy, PartialEq, Eq, Default, Hash)]
pub struct AddressClasses(u8);

impl AddressClasses {
    /// None of them.
    pub const NONE: Self = Self(0);
    /// All of them.
    pub const ALL: Self = Self(0b1_1111);

    /// Whether the class is among them.
    pub const fn contains(self, class: AddressClass) -> bool {
        self.0 & class.bit() != 0
    }

    /// These and those.
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether there is none.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The words for them.
    pub fn words(self) -> impl Iterator<Item = &'static str> {
        AddressClass::ALL.into_iter().filter(move |class| self.contains(*class)).map(AddressClass::as_str)
    }

    /// Those that these words stand for; a word that is not known stands for none.
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
    fn what_is_kept_is_what_was_meant() {
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
