//! Hashes of passwords: Argon2id with the parameters that OWASP recommends, two at a time.

use super::error::PeopleError;
use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use footbridge_model::people::UserName;
use footbridge_model::secret::Secret;
use footbridge_model::time::Entropy;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use subtle::ConstantTimeEq as _;
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

/// Memory of one hash, in KiB.
const MEMORY: u32 = 19_456;
/// Passes over the memory.
const PASSES: u32 = 2;
/// Hashes at the same time, which bounds the memory to 38 MiB.
const AT_ONCE: usize = 2;
/// The most hashes that wait. More are refused.
const WAITING: usize = 64;
/// The shortest and the longest password, in characters and in bytes.
const SHORTEST: usize = 8;
const LONGEST: usize = 1024;
/// The beginning of every hash of ours: algorithm, version and parameters.
const PREFIX: &str = "$argon2id$v=19$m=19456,t=2,p=1$";

type Hash = Zeroizing<[u8; 32]>;

/// Makes and checks hashes of passwords.
#[derive(Debug)]
pub(super) struct Passwords {
    permits: Arc<Semaphore>,
    waiting: AtomicUsize,
    /// The hash that a password is checked against if there is no user: the same work, and never right.
    decoy: Secret,
}

/// Checks the rules for a new password.
///
/// # Errors
/// [`PeopleError::Invalid`]
pub(super) fn check_rules(password: &str, user: &UserName) -> Result<(), PeopleError> {
    let why = if password.chars().count() < SHORTEST {
        format!("must have at least {SHORTEST} characters")
    } else if password.len() > LONGEST {
        format!("must have at most {LONGEST} bytes")
    } else if password.eq_ignore_ascii_case(user.as_str()) {
        "must not be the name of the user".to_owned()
    } else {
        return Ok(());
    };
    Err(PeopleError::Invalid { member: "password", why })
}

impl Passwords {
    pub(super) fn new(entropy: &dyn Entropy) -> Self {
        let (mut salt, mut hash) = ([0; 16], Zeroizing::new([0; 32]));
        entropy.fill(&mut salt);
        entropy.fill(hash.as_mut());
        Self {
            permits: Arc::new(Semaphore::new(AT_ONCE)),
            waiting: AtomicUsize::new(0),
            decoy: write(&salt, &hash),
        }
    }

    /// Makes the hash of a new password.
    ///
    /// # Errors
    /// [`PeopleError::Busy`]
    pub(super) async fn hash(&self, password: &str, entropy: &dyn Entropy) -> Result<Secret, PeopleError> {
        let mut salt = [0; 16];
        entropy.fill(&mut salt);
        let hash = self.derive(password, salt).await?;
        Ok(write(&salt, &hash))
    }

    /// Returns true if the password is the one of the hash. Without a hash the same work is done.
    ///
    /// # Errors
    /// [`PeopleError::Busy`]
    pub(super) async fn verify(&self, password: &str, known: Option<&Secret>) -> Result<bool, PeopleError> {
        let stored = known.and_then(|hash| read(hash.expose()));
        let usable = stored.is_some();
        let Some((salt, wanted)) = stored.or_else(|| read(self.decoy.expose())) else { return Ok(false) };
        let found = self.derive(password, salt).await?;
        Ok(bool::from(found.ct_eq(&*wanted)) && usable)
    }

    async fn derive(&self, password: &str, salt: [u8; 16]) -> Result<Hash, PeopleError> {
        let _waits = Waiting::enter(&self.waiting).ok_or(PeopleError::Busy)?;
        let permit = Arc::clone(&self.permits).acquire_owned().await.map_err(|_| PeopleError::Busy)?;
        // A longer text cannot be a password of anybody.
        let text = Zeroizing::new(password.bytes().take(LONGEST + 1).collect::<Vec<u8>>());
        let derived = tokio::task::spawn_blocking(move || {
            // Held until the memory is free again, even if the caller has gone.
            let _permit = permit;
            derive(&text, salt)
        });
        derived.await.ok().flatten().ok_or(PeopleError::Busy)
    }
}

/// Derives the hash. The parameters are constants that Argon2 accepts, so only a lack of memory can fail.
fn derive(password: &[u8], salt: [u8; 16]) -> Option<Hash> {
    let mut hash = Zeroizing::new([0; 32]);
    let params = Params::new(MEMORY, PASSES, 1, Some(32)).ok()?;
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    argon2.hash_password_into(password, &salt, hash.as_mut()).ok()?;
    Some(hash)
}

/// Writes a hash as a PHC string.
fn write(salt: &[u8; 16], hash: &Hash) -> Secret {
    let (salt, hash) = (STANDARD_NO_PAD.encode(salt), Zeroizing::new(STANDARD_NO_PAD.encode(hash.as_ref())));
    Secret::new(format!("{PREFIX}{salt}${}", *hash))
}

fn read(text: &str) -> Option<([u8; 16], Hash)> {
    let (salt, hash) = text.strip_prefix(PREFIX)?.split_once('$')?;
    let salt = STANDARD_NO_PAD.decode(salt).ok()?.try_into().ok()?;
    let hash = Zeroizing::new(STANDARD_NO_PAD.decode(hash).ok()?);
    Some((salt, Zeroizing::new(hash.as_slice().try_into().ok()?)))
}

/// One of the hashes that are made or wait.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn enter(count: &'a AtomicUsize) -> Option<Self> {
        let before = count.fetch_add(1, Ordering::AcqRel);
        let entered = Self(count);
        (before < AT_ONCE + WAITING).then_some(entered)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Sevens;

    impl Entropy for Sevens {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(7);
        }
    }

    #[tokio::test]
    async fn only_the_password_itself_is_right() {
        let passwords = Passwords::new(&Sevens);
        let hash = passwords.hash("correct horse", &Sevens).await.unwrap();
        assert!(hash.expose().starts_with(PREFIX) && !hash.expose().contains("horse"));
        assert!(passwords.verify("correct horse", Some(&hash)).await.unwrap());
        for wrong in ["", "correct hors", "Correct horse", &"x".repeat(LONGEST + 9)] {
            assert!(!passwords.verify(wrong, Some(&hash)).await.unwrap(), "{wrong}");
        }
        assert!(!passwords.verify("correct horse", None).await.unwrap());
        assert!(!passwords.verify("x", Some(&Secret::new("$2b$12$other"))).await.unwrap());
    }

    #[test]
    fn short_passwords_and_the_name_are_refused() {
        let name = UserName::parse("administrator").unwrap();
        for bad in ["1234567", "Administrator", &"x".repeat(LONGEST + 1)] {
            assert!(check_rules(bad, &name).is_err(), "{bad}");
        }
        assert_eq!(check_rules("pässwörd", &name), Ok(()));
    }
}
