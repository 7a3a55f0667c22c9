//! What kind of addresses the names in an app's URLs had when the operator wrote them. A grant holds for those alone:
//! whoever owns a name can make it lead elsewhere later.

use super::spec::SecretSet;
use super::state::{ChangeError, Registry};
use footbridge_courier::{CourierShared, Roots, Target};
use footbridge_model::address::AddressClasses;
use footbridge_model::app::App;
use footbridge_model::hook::Origin;
use footbridge_model::name::AppName;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

/// What names lead to, by host.
pub(super) type Seen = BTreeMap<String, AddressClasses>;

impl Registry {
    /// Where the names in these URLs lead now.
    pub(super) async fn look<'a>(&self, app: &str, urls: impl IntoIterator<Item = &'a String>) -> Seen {
        let mut seen = Seen::new();
        for target in urls.into_iter().filter_map(|url| named(url)) {
            let classes = self.parts.courier.classes_of(&target, app).await;
            seen.insert(target.host().to_owned(), classes);
        }
        seen
    }

    /// Looks at the names that nobody has looked at yet, and at those of the file that did not resolve the last
    /// time; gives a warning for each that does not resolve.
    pub(super) async fn look_at_new(&self, apps: &mut BTreeMap<AppName, (App, SecretSet)>) -> Vec<String> {
        let mut asked = Vec::new();
        for (app, _) in apps.values().filter(|(app, _)| app.enabled) {
            for target in unseen(app) {
                let (courier, name) = (Arc::clone(&self.parts.courier), app.name.clone());
                asked.push(tokio::spawn(async move { ask(&courier, name, target).await }));
            }
        }
        let mut warnings = Vec::new();
        for answer in asked {
            let Ok((name, host, classes)) = answer.await else { continue };
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

async fn ask(courier: &CourierShared, app: AppName, target: Target) -> (AppName, String, AddressClasses) {
    let classes = courier.classes_of(&target, app.as_str()).await;
    (app, target.host().to_owned(), classes)
}

/// What was seen for the hosts of an app's URLs that are written as they were before.
pub(super) fn kept(app: &App, before: &App) -> Seen {
    let known =
        |url: &String| [&before.url, &before.receiver_url].into_iter().flatten().any(|old| old == url);
    let mut seen = Seen::new();
    for url in urls(app) {
        let Some(target) = named(url) else { continue };
        match before.host_classes.get(target.host()) {
            Some(classes) if known(url) => drop(seen.insert(target.host().to_owned(), *classes)),
            _ => {}
        }
    }
    for url in urls(app).filter(|url| !known(url)) {
        named(url).and_then(|target| seen.remove(target.host()));
    }
    seen
}

/// The names in an app's URLs.
pub(super) fn hosts(app: &App) -> impl Iterator<Item = String> {
    urls(app).filter_map(|url| named(url)).map(|target| target.host().to_owned())
}

/// The URLs that a grant comes from.
fn urls(app: &App) -> impl Iterator<Item = &String> {
    [&app.url, &app.receiver_url].into_iter().flatten()
}

fn unseen(app: &App) -> impl Iterator<Item = Target> {
    let again = app.origin == Origin::File;
    urls(app).filter_map(|url| named(url)).filter(move |target| {
        app.host_classes.get(target.host()).is_none_or(|classes| again && classes.is_empty())
    })
}

/// The target of a URL whose host is a name.
fn named(url: &str) -> Option<Target> {
    Target::parse(url).ok().filter(|target| target.literal().is_none())
}

/// Checks a file of authorities before it is saved.
pub(super) fn check_ca_file(path: &str) -> Result<(), ChangeError> {
    let wrong = |why: String| ChangeError::Invalid { member: "ca_file", why };
    if !Path::new(path).is_absolute() {
        return Err(wrong("must be the absolute path of a file on the server's machine".to_owned()));
    }
    Roots::read(Path::new(path)).map(drop).map_err(|error| wrong(error.to_string()))
}
