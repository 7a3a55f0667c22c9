//! Overlaps of rotations in words, for the list of what needs an operator and for the doctor.

use super::AdminState;
use super::dto::rough;
use crate::problem::Problem;
use footbridge_engine::{AppEntry, OverlapState, Uses};
use footbridge_model::credential::CredentialKind;
use footbridge_model::name::AppName;
use footbridge_model::time::Millis;

/// The overlap of a credential of an app.
pub(super) struct FoundOverlap {
    /// The app that has the credential.
    pub(super) app: AppName,
    /// The start of the overlap, if it was recorded.
    pub(super) since: Option<Millis>,
    /// The number of requests that an old value has authenticated, if the app still uses one.
    pub(super) uses: Option<u64>,
    /// True if the app stops working at the end of the overlap, as far as is known.
    pub(super) is_risk: bool,
    /// The state in one sentence.
    pub(super) text: String,
    /// The next step of the operator.
    pub(super) fix: &'static str,
}

/// Returns the overlaps of an app.
///
/// # Errors
/// The store cannot be read.
pub(super) async fn of_app(shared: &AdminState, entry: &AppEntry) -> Result<Vec<FoundOverlap>, Problem> {
    let (app, now) = (&entry.app, shared.engine.now());
    let is_open = |kind: CredentialKind| app.secrets.of(kind).old(now).next().is_some();
    if !CredentialKind::ALL.into_iter().any(is_open) {
        return Ok(Vec::new());
    }
    let credentials = shared.engine.credentials(&app.name).await?;
    let found = credentials.into_iter().filter_map(|credential| {
        let (until, state) = credential.overlap()?;
        let (kind, name, ends) = (credential.kind.words(), &app.name, rough(now.until(until)));
        let (is_risk, text, fix) = match state {
            OverlapState::OldInUse(Uses { count, last_at }) => {
                let last = last_at.map(|at| format!(", last {} ago", rough(at.until(now)))).unwrap_or_default();
                let text = format!(
                    "the old {kind} of {name} is still in use: {count}× since the rotation{last}; it ends in {ends}"
                );
                (true, text, "give every process of the app the new value, or extend the overlap")
            }
            OverlapState::Unused => (
                true,
                format!("the old {kind} of {name} ends in {ends}; the new one has not been used yet"),
                "give the app its new value before that time",
            ),
            OverlapState::NewInUse => (
                false,
                format!("the new {kind} of {name} is in use; the old one ends in {ends}"),
                "end the overlap early if the old one is not needed",
            ),
            OverlapState::Unknown => (
                false,
                format!("the old {kind} of {name} ends in {ends}; whether the app has the new one cannot be seen"),
                "make sure that the app has the new value before that time",
            ),
        };
        let uses = match state {
            OverlapState::OldInUse(uses) => Some(uses.count),
            OverlapState::Unknown | OverlapState::Unused | OverlapState::NewInUse => None,
        };
        let since = credential.current.set.map(|set| set.at);
        Some(FoundOverlap { app: name.clone(), since, uses, is_risk, text, fix })
    });
    Ok(found.collect())
}
