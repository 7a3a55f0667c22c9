//! Errors of changes to the registry.

use footbridge_journal::JournalError;
use footbridge_model::credential::CredentialKind;
use footbridge_model::hook::Origin;
use footbridge_model::id::HookId;
use footbridge_model::name::AppName;
use footbridge_model::rotation::OLD_MAX;

/// The reason why a change of the registry was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChangeError {
    /// The app, link or hook exists already.
    #[error("{0}")]
    Exists(String),
    /// The app, link or hook does not exist.
    #[error("no such {0}")]
    NotFound(&'static str),
    /// No app has this name.
    #[error("there is no app `{0}`")]
    NoApp(AppName),
    /// The configuration file defines it.
    #[error("the configuration file defines {0}: change it there and restart")]
    ManagedByFile(String),
    /// The server holds the hook itself.
    #[error("the hook {0} is the server's own: it acts on the event, so the hook cannot be changed")]
    OfServer(HookId),
    /// A `package.json` defines it.
    #[error("its package defines {0}: install the app again with `replace`, or uninstall it")]
    ManagedByPackage(String),
    /// The app has no secret that may still be shown.
    #[error(
        "every secret of the app `{0}` was shown before, or is defined by the configuration file; the server shows each \
         secret once: make new ones with `footbridge app secret {0} --rotate` (POST /api/v1/apps/{0}/rotate)"
    )]
    Seen(AppName),
    /// A secret has the largest number of replaced values that are valid.
    #[error(
        "{OLD_MAX} old values of the {words} of the app `{app}` are valid already: end them (POST /api/v1/apps/{app}/credentials/{kind}/end-overlap, `footbridge app end-overlap {app} {kind}`), or rotate with the overlap 0, which ends them too",
        words = .kind.words()
    )]
    TooManyOverlaps {
        /// The app that has the secret.
        app: AppName,
        /// The kind of secret.
        kind: CredentialKind,
    },
    /// No replaced value of a secret is valid, so there is no overlap.
    #[error(
        "no old value of the {words} of the app `{app}` is valid, and one that has ended cannot come back: rotate to start a new overlap",
        words = .kind.words()
    )]
    NoOverlap {
        /// The app that has the secret.
        app: AppName,
        /// The kind of secret.
        kind: CredentialKind,
    },
    /// The token of an installed app is made for each run.
    #[error(
        "the token of the installed app `{0}` is made for each run: stop and start the app for a new one"
    )]
    TokenOfRun(AppName),
    /// The start names no configuration file, although earlier starts applied one.
    #[error(
        "this start names no configuration file, and without one {what} would be switched off: start with `--config {}` or set FOOTBRIDGE_CONFIG, or with `--without-config` if that is meant",
        .file.as_deref().unwrap_or("FILE")
    )]
    FileLeftOut {
        /// Some of the apps and links that would be switched off, in words.
        what: String,
        /// The file that was applied last, if known.
        file: Option<String>,
    },
    /// A member breaks a rule.
    #[error("`{member}`: {why}")]
    Invalid {
        /// The name of the member.
        member: &'static str,
        /// What is wrong and how to mend it.
        why: String,
    },
    /// The app has the largest number of hooks that it may have.
    #[error("the app has {0} hooks already, which is the limit ([limits] hooks_per_app)")]
    TooManyHooks(usize),
    /// The change could not be stored.
    #[error(transparent)]
    Journal(#[from] JournalError),
}

impl ChangeError {
    pub(super) fn invalid(member: &'static str, why: impl Into<String>) -> Self {
        Self::Invalid { member, why: why.into() }
    }
}

/// Refuses a change of `what` unless the API manages it.
pub(super) fn require_api_origin(origin: Origin, what: impl FnOnce() -> String) -> Result<(), ChangeError> {
    match origin {
        Origin::Api => Ok(()),
        Origin::Package => Err(ChangeError::ManagedByPackage(what())),
        Origin::File => Err(ChangeError::ManagedByFile(what())),
    }
}
