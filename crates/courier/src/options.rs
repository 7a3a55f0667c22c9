//! The options of a courier, and what the couriers of all threads share.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use footbridge_model::address::AddressClasses;
use footbridge_model::attempt::{Failure, FailureKind};
use http::HeaderValue;
use tokio::time::{Instant, timeout_at};

use crate::dial::{DialRequest, Network, address_classes, dial};
use crate::dialer::{Dialer, SystemDialer};
use crate::failures::tls_failure;
use crate::policy::Policy;
use crate::request::preamble;
use crate::resolve::{Resolver, SystemResolver};
use crate::roots::Roots;
use crate::target::{Grant, Target};
use crate::tls::TlsConnectors;

/// How long [`CourierShared::classes_of`] waits for the resolver.
const CLASSES_TIMEOUT: Duration = Duration::from_secs(3);

/// The options of couriers.
pub struct CourierOptions {
    /// Decides which addresses may be dialled.
    pub policy: Policy,
    /// Resolves host names to addresses.
    pub resolver: Arc<dyn Resolver>,
    /// Opens connections to addresses.
    pub dialer: Arc<dyn Dialer>,
    /// The `User-Agent` of every request.
    pub user_agent: HeaderValue,
    /// How long an idle connection stays open. The default of 4 s is below the 5 s of common servers.
    pub idle: Duration,
    /// Certificate authorities that are trusted besides those of the system and of Mozilla.
    pub roots: Option<Arc<Roots>>,
}

impl CourierOptions {
    /// Options with the resolver and dialer of the operating system, 4 s for idle connections, and no further roots.
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

    /// Returns what all couriers of the process share.
    pub fn share(self) -> Arc<CourierShared> {
        Arc::new(CourierShared {
            policy: self.policy,
            resolver: self.resolver,
            dialer: self.dialer,
            preamble: preamble(&self.user_agent),
            idle: self.idle,
            tls: TlsConnectors::new(self.roots),
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

/// The policy, resolver, dialer and TLS configuration that the couriers of all threads share.
pub struct CourierShared {
    pub(crate) policy: Policy,
    pub(crate) resolver: Arc<dyn Resolver>,
    pub(crate) dialer: Arc<dyn Dialer>,
    /// The header lines that follow `host` in every request.
    pub(crate) preamble: Box<[u8]>,
    pub(crate) idle: Duration,
    pub(crate) tls: TlsConnectors,
}

impl CourierShared {
    /// The address policy, for early checks before a URL is saved.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Resolves the host of `target` for `app`, and returns the classes of its addresses.
    ///
    /// Returns no class if the host is an address, or cannot be resolved within 3 s. See [`Grant`](crate::Grant) for what
    /// the classes are used for.
    pub async fn classes_of(&self, target: &Target, app: &str) -> AddressClasses {
        if target.literal().is_some() {
            return AddressClasses::NONE;
        }
        let classes = address_classes(self.network(), target, app);
        tokio::time::timeout(CLASSES_TIMEOUT, classes).await.unwrap_or_default()
    }

    /// Connects to `target` for `app` as an attempt does, with TLS if its scheme is https, and closes the connection without
    /// sending anything. `roots` holds the app's own certificate authorities.
    ///
    /// # Errors
    /// [`Failure`] if the name does not resolve, the policy forbids its addresses, none answers before the deadline, or the
    /// TLS handshake fails.
    pub async fn reach(
        &self,
        target: &Target,
        grants: &[Grant],
        roots: Option<&Roots>,
        app: &str,
        deadline: Instant,
    ) -> Result<(), Failure> {
        let granted = Grant::opened_by(grants, target);
        let connected = async {
            let stream = dial(self.network(), DialRequest { target, granted, app, deadline }).await?;
            let Some(name) = target.server_name() else { return Ok(()) };
            let tls = self.tls.connector(roots).await?.connect(name.clone(), stream).await;
            tls.map(drop).map_err(|error| tls_failure(target.host(), &error))
        };
        let late = || Failure::before(FailureKind::Timeout, "no connection within the deadline");
        timeout_at(deadline, connected).await.unwrap_or_else(|_| Err(late()))
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
