//! What couriers are made from, and what those of all threads share.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use footbridge_model::address::AddressClasses;
use http::HeaderValue;

use crate::dial::{Network, classes_of};
use crate::dialer::{Dialer, SystemDialer};
use crate::policy::Policy;
use crate::request::preamble;
use crate::resolve::{Resolver, SystemResolver};
use crate::roots::Roots;
use crate::target::Target;
use crate::tls::Tls;

/// How long whoever saves a URL waits to hear where its name leads.
const PATIENCE: Duration = Duration::from_secs(3);

/// What couriers are made from.
pub struct CourierOptions {
    pub policy: Policy,
    pub resolver: Arc<dyn Resolver>,
    pub dialer: Arc<dyn Dialer>,
    /// `User-Agent` of every request.
    pub user_agent: HeaderValue,
    /// How long a connection is kept idle. The default of 4 s is below the 5 s after which common servers close.
    pub idle: Duration,
    /// Authorities trusted besides the machine's and Mozilla's.
    pub roots: Option<Arc<Roots>>,
}

impl CourierOptions {
    /// The system's resolver and dialer, 4 s idle, no further roots.
    pub fn new(policy: Policy, user_agent: HeaderValue) -> Self {
        Self {
            policy,
            resolver: Arc::new(SystemResolver::default()),
            dialer: Arc::new(SystemDialer),
            user_agent,
            idle: Duration::from_secs(4),
            roots: None,
        }
    }

    /// What all couriers of the process share.
    pub fn share(self) -> Arc<CourierShared> {
        Arc::new(CourierShared {
            policy: self.policy,
            resolver: self.resolver,
            dialer: self.dialer,
            preamble: preamble(&self.user_agent),
            idle: self.idle,
            tls: Tls::new(self.roots),
        })
    }
}

impl fmt::Debug for CourierOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CourierOptions")
            .field("policy", &self.policy)
            .field("user_agent", &self.user_agent)
            .field("idle", &self.idle)
            .finish_non_exhaustive()
    }
}

/// Policy, resolver, dialer and TLS configuration, shared by the couriers of all threads.
pub struct CourierShared {
    pub(crate) policy: Policy,
    pub(crate) resolver: Arc<dyn Resolver>,
    pub(crate) dialer: Arc<dyn Dialer>,
    /// What every request begins with behind its `host`.
    pub(crate) preamble: Box<[u8]>,
    pub(crate) idle: Duration,
    pub(crate) tls: Tls,
}

impl CourierShared {
    /// The policy in force, for friendly checks before something is saved.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// What the addresses of a target's name are now, for the grant of whoever writes it into an app: nothing for one
    /// that is an address itself, or cannot be resolved within a few seconds.
    pub async fn classes_of(&self, target: &Target, app: &str) -> AddressClasses {
        if target.literal().is_some() {
            return AddressClasses::NONE;
        }
        let found = tokio::time::timeout(PATIENCE, classes_of(self.network(), target, app)).await;
        found.unwrap_or_default()
    }

    pub(crate) fn network(&self) -> Network<'_> {
        Network { policy: &self.policy, resolver: &*self.resolver, dialer: &*self.dialer }
    }
}

impl fmt::Debug for CourierShared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CourierShared").field("policy", &self.policy).finish_non_exhaustive()
    }
}
