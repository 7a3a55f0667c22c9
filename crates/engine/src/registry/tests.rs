//! The number of transactions per change, and when host names are resolved.

use super::app_registry::{AppRegistry, RegistryOptions};
use super::spec::{AppChange, AppSpec, FileSpec, HookSpec, LinkSpec};
use super::store::VersionedStore;
use crate::lanes::{LaneFeed, Lanes};
use footbridge_courier::{CourierOptions, Policy, Resolver, Resolving};
use footbridge_journal::memory::MemoryJournal;
use footbridge_journal::{RegistryChange, RegistrySnapshot, RegistryUpdate, Version, Wait};
use footbridge_model::audit::{Actor, AuditEntry};
use footbridge_model::hook::{Hook, HookOptions, HookType};
use footbridge_model::id::IdSource;
use footbridge_model::name::AppName;
use footbridge_model::pattern::Pattern;
use footbridge_model::time::{Clock, Entropy, Millis};
use http::HeaderValue;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

const HOOKS: usize = 3000;

/// A store that counts its transactions.
#[derive(Default)]
struct Store {
    kept: MemoryJournal,
    written: AtomicUsize,
}

impl Store {
    fn take_count(&self) -> usize {
        self.written.swap(0, Ordering::Relaxed)
    }
}

impl footbridge_journal::RegistryStore for Store {
    fn load(&self) -> Wait<RegistrySnapshot> {
        self.kept.load()
    }
    fn since(&self, version: Version) -> Wait<RegistryUpdate> {
        self.kept.since(version)
    }
    fn apply_audited(&self, change: RegistryChange, at: Version, audit: Vec<AuditEntry>) -> Wait<Version> {
        self.written.fetch_add(1, Ordering::Relaxed);
        self.kept.apply_audited(change, at, audit)
    }
    fn deleted_hooks(&self) -> Wait<Vec<Hook>> {
        self.kept.deleted_hooks()
    }
}

/// A resolver that resolves every name to one address, which can change, or to none.
#[derive(Default)]
struct Names(Mutex<Option<IpAddr>>);

impl Names {
    fn lead_to(&self, ip: &str) {
        *self.0.lock().unwrap() = ip.parse().ok();
    }
}

impl Resolver for Names {
    fn resolve<'a>(&'a self, _: &'a str, port: u16, _: &'a str) -> Resolving<'a> {
        let found = *self.0.lock().unwrap();
        Box::pin(async move { Ok(found.into_iter().map(|ip| SocketAddr::new(ip, port)).collect()) })
    }
}

#[derive(Debug)]
struct Fixed;

impl Clock for Fixed {
    fn now(&self) -> Millis {
        Millis(1_800_000_000_000)
    }

    fn elapsed(&self) -> std::time::Duration {
        std::time::Duration::ZERO
    }
}

impl Entropy for Fixed {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(7);
    }
}

fn registry(store: &Arc<Store>, kept: RegistrySnapshot) -> (AppRegistry, LaneFeed) {
    registry_asking(store, kept, Arc::new(Names::default()))
}

fn registry_asking(
    store: &Arc<Store>,
    kept: RegistrySnapshot,
    resolver: Arc<Names>,
) -> (AppRegistry, LaneFeed) {
    let (lanes, feed) = Lanes::new();
    let options = RegistryOptions {
        store: VersionedStore::new(store.clone(), kept.version, false),
        clock: Arc::new(Fixed),
        entropy: Arc::new(Fixed),
        ids: Arc::new(IdSource::above(1 << 60)),
        live: Arc::default(),
        lanes,
        courier: CourierOptions {
            resolver,
            ..CourierOptions::new(Policy::default(), HeaderValue::from_static("test"))
        }
        .share(),
        hooks_per_app: 1,
        config_file: None,
    };
    (AppRegistry::new(options, kept).unwrap(), feed)
}

fn name(text: &str) -> AppName {
    AppName::parse(text).unwrap()
}

fn file(hooks: usize) -> FileSpec {
    let app = |text: &str| AppSpec {
        token: Some(footbridge_model::secret::Secret::new(format!("token-of-{text}"))),
        url: Some("https://192.0.2.1".to_owned()),
        ..AppSpec::named(name(text))
    };
    let hook = |number: usize| HookSpec {
        app: name("shop"),
        pattern: Pattern::parse(&format!("camera/photo-{}", number / 3)).unwrap(),
        route: format!("hooks/{number}"),
        kind: HookType::Server,
        options: HookOptions::default(),
    };
    FileSpec {
        apps: vec![app("shop"), app("camera")],
        links: vec![LinkSpec { host: name("camera"), miniapp: name("shop"), enabled: true }],
        hooks: (0..hooks).map(hook).collect(),
        ..FileSpec::default()
    }
}

#[tokio::test]
async fn a_file_is_applied_in_a_few_transactions_however_many_hooks_it_has() {
    let store = Arc::new(Store::default());
    let (first, mut feed) = registry(&store, RegistrySnapshot::default());
    assert!(first.apply_file(&Actor::file(None), file(HOOKS)).await.unwrap().is_empty());
    assert_eq!(store.take_count(), 3, "apps, links, hooks");
    assert!(feed.take(&mut Vec::new()).is_empty(), "nothing can wait for a hook that is new");
    let index = first.index.load_full();
    assert_eq!((index.hooks().count(), index.count_of(&name("shop"))), (HOOKS, HOOKS));
    let pattern = Pattern::parse("camera/photo-7").unwrap();
    assert_eq!(index.of_pattern(&name("shop"), &pattern).count(), 3);

    let kept = footbridge_journal::RegistryStore::load(&*store).await.unwrap();
    let (again, _feed) = registry(&store, kept);
    again.apply_file(&Actor::file(None), file(HOOKS)).await.unwrap();
    assert_eq!(store.take_count(), 0, "nothing has changed");
    again.apply_file(&Actor::file(None), file(HOOKS - 1000)).await.unwrap();
    assert_eq!(store.take_count(), 1, "a thousand hooks went together");
    assert_eq!(again.index.load().hooks().count(), HOOKS - 1000);
}

/// The stored class of the host name in the URLs of `shop`.
fn seen(registry: &AppRegistry) -> Option<String> {
    let entry = registry.app(&name("shop")).unwrap();
    let classes = entry.app.host_classes.get("shop.test")?;
    Some(classes.words().collect::<Vec<_>>().join(" "))
}

fn named(path: &str) -> FileSpec {
    let url = Some(format!("http://shop.test/{path}"));
    FileSpec { apps: vec![AppSpec { url, ..AppSpec::named(name("shop")) }], ..FileSpec::default() }
}

#[tokio::test]
async fn a_name_of_the_file_is_resolved_when_its_url_is_new_and_not_at_each_start() {
    let (store, names) = (Arc::new(Store::default()), Arc::new(Names::default()));
    let start = async |file: FileSpec| {
        let kept = footbridge_journal::RegistryStore::load(&*store).await.unwrap();
        let (registry, _feed) = registry_asking(&store, kept, Arc::clone(&names));
        let warnings = registry.apply_file(&Actor::file(None), file).await.unwrap();
        (seen(&registry).unwrap(), warnings.len())
    };
    assert_eq!(start(named("")).await, (String::new(), 1), "it does not resolve, and that is told");
    names.lead_to("10.0.0.1");
    assert_eq!(start(named("")).await, ("private".to_owned(), 0), "now it does");
    names.lead_to("8.8.8.8");
    assert_eq!(start(named("")).await.0, "private", "written as before");
    assert_eq!(start(named("new")).await.0, "public");
    names.lead_to("10.0.0.1");
    assert_eq!(start(named("new")).await.0, "public", "whoever owns the name gains nothing by a restart");
}

#[tokio::test]
async fn a_name_given_over_the_api_is_resolved_whenever_its_url_is_written() {
    let (store, names) = (Arc::new(Store::default()), Arc::new(Names::default()));
    names.lead_to("8.8.8.8");
    let (registry, _feed) = registry_asking(&store, RegistrySnapshot::default(), Arc::clone(&names));
    let url = Some("http://shop.test/".to_owned());
    registry
        .add_app(&Actor::system(), AppSpec { url: url.clone(), ..AppSpec::named(name("shop")) }, vec![])
        .await
        .unwrap();
    assert_eq!(seen(&registry).as_deref(), Some("public"));
    names.lead_to("127.0.0.1");
    let change = AppChange { receiver_enabled: Some(false), ..AppChange::default() };
    registry.change_app(&Actor::system(), &name("shop"), change).await.unwrap();
    assert_eq!(seen(&registry).as_deref(), Some("public"), "another change looks at nothing");
    registry
        .change_app(&Actor::system(), &name("shop"), AppChange { url: Some(url), ..AppChange::default() })
        .await
        .unwrap();
    assert_eq!(seen(&registry).as_deref(), Some("this_machine"));
    let away = AppChange { url: Some(None), ..AppChange::default() };
    registry.change_app(&Actor::system(), &name("shop"), away).await.unwrap();
    assert_eq!(seen(&registry), None);
}
