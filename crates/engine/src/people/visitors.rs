//! Users who visit pages of apps.

use super::store::People;
use footbridge_journal::JournalError;
use footbridge_model::admin_caller::AdminCaller;
use footbridge_model::people::User;
use std::net::IpAddr;
use std::sync::Arc;

/// A user who visits a page of an app, signed in to the console.
#[derive(Debug)]
pub struct Visitor {
    /// The user who visits.
    pub user: User,
    /// The same user as a caller of the administration API.
    pub caller: AdminCaller,
}

impl People {
    /// Returns the user whose session has this digest; `None` if it has ended, or if it is the administrator's.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub async fn visitor(
        self: &Arc<Self>,
        session: [u8; 32],
        address: Option<IpAddr>,
    ) -> Result<Option<Visitor>, JournalError> {
        let found = self.live_session(session, address).await?;
        Ok(found.and_then(|(caller, _, user)| Some(Visitor { user: user?, caller })))
    }
}
