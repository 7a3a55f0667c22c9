//! The classes of the addresses that the host names in an app's URLs resolved to when the operator saved them. Access is
//! granted to addresses of those classes only: the owner of a name can make it resolve to another address later.

use super::app_registry::AppRegistry;
use super::spec::SecretSet;
use footbridge_courier::{CourierShared, Target};
use footbridge_model::address::AddressClasses;
use footbridge_model::app::App;
use footbridge_model::hook::Origin;
use footbridge_model::name::AppName;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Address classes by host name.
pub(super) type HostClasses = BTreeMap<String, AddressClasses>;

impl AppRegistry {
    /// Resolves the host names in `urls` and returns the classes of their addresses.
    pub(super) async fn classify_urls<'a>(
        &self,
        app: &str,
        urls: impl IntoIterator<Item = &'a String>,
    ) -> HostClasses {
        let mut found = HostClasses::new();
        for target in urls.into_iter().filter_map(|url| named_target(url)) {
            let classes = self.options.courier.classes_of(&target, app).await;
            found.insert(target.host().to_owned(), classes);
        }
        found
    }

    /// Resolves the host names that have no class yet, and the names of the file that did not resolve last time. Returns
    /// a warning for each name that does not resolve.
    pub(super) async fn classify_new_hosts(
        &self,
        apps: &mut BTreeMap<AppName, (App, SecretSet)>,
    ) -> Vec<String> {
        let mut lookups = Vec::new();
        for (app, _) in apps.values().filter(|(app, _)| app.enabled) {
            for target in unclassified(app) {
                let (courier, name) = (Arc::clone(&self.options.courier), app.name.clone());
                lookups.push(tokio::spawn(async move { look_up(&courier, name, target).await }));
            }
        }
        let mut warnings = Vec::new();
        for lookup in lookups {
            let Ok((name, host, classes)) = lookup.await else { continue };
            if classes.is_empty() {
                warnings.push(format!(
                    "the app `{name}`: {host} does not resolve; if it is to lead to a private address, restart once it does, or list the address in [egress] allow"
                ));
            }
            if let Some((app, _)) = apps.get_mut(&name) {
                app.host_classes.insert(host, classes);
            }
        }
        warnings
    }
}

async fn look_up(courier: &CourierShared, app: AppName, target: Target) -> (AppName, String, AddressClasses) {
    let classes = courier.classes_of(&target, app.as_str()).await;
    (app, target.host().to_owned(), classes)
}

/// The stored classes of the hosts whose URLs have not changed.
pub(super) fn unchanged(app: &App, before: &App) -> HostClasses {
    let is_known =
        |url: &String| [&before.url, &before.receiver_url].into_iter().flatten().any(|old| old == url);
    let mut found = HostClasses::new();
    for url in urls(app) {
        let Some(target) = named_target(url) else { continue };
        match before.host_classes.get(target.host()) {
            Some(classes) if is_known(url) => drop(found.insert(target.host().to_owned(), *classes)),
            _ => {}
        }
    }
    for url in urls(app).filter(|url| !is_known(url)) {
        named_target(url).and_then(|target| found.remove(target.host()));
    }
    found
}

/// The host names in an app's URLs.
pub(super) fn hosts(app: &App) -> impl Iterator<Item = String> {
    urls(app).filter_map(|url| named_target(url)).map(|target| target.host().to_owned())
}

/// The URLs of an app that grant access to their hosts.
fn urls(app: &App) -> impl Iterator<Item = &String> {
    [&app.url, &app.receiver_url].into_iter().flatten()
}

/// The URLs whose host must be resolved.
fn unclassified(app: &App) -> impl Iterator<Item = Target> {
    let again = app.origin == Origin::File;
    urls(app).filter_map(|url| named_target(url)).filter(move |target| {
        app.host_classes.get(target.host()).is_none_or(|classes| again && classes.is_empty())
    })
}

/// The target of a URL, if its host is a name and not an address.
fn named_target(url: &str) -> Option<Target> {
    Target::parse(url).ok().filter(|target| target.literal().is_none())
}
