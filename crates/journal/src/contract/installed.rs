//! Installed apps: stored together with their hooks.

use super::given::{app, delivery_id, ended, event, hook, hook_id, name};
use super::{Owner as _, Subject};
use crate::{Account, EventLog as _, History as _, RegistryStore as _};
use footbridge_model::app::App;
use footbridge_model::delivery::DeliveryStatus;
use footbridge_model::hook::{Hook, HookType, Origin};
use footbridge_model::package::{IdleTimeout, Package, Program, Router};
use std::time::Duration;

fn package(program: Program) -> Package {
    let router = |root: &str, order| Router { main: "routers/api.js".into(), root: root.into(), order };
    Package {
        path: "/srv/apps/shöp".to_owned(),
        version: "1.0.0".to_owned(),
        description: "Sells \"things\"".to_owned(),
        display_name: "The Shop".to_owned(),
        index: "/start".to_owned(),
        system: true,
        program,
        idle_timeout: Some(IdleTimeout::After(Duration::from_millis(1500))),
        routers: [("api".to_owned(), router("/api/shop", -2)), ("b".to_owned(), router("/b", 7))].into(),
        functions: [("tag".to_owned(), "functions/tag.js".to_owned())].into(),
        page_events: ["clicked".to_owned()].into(),
        public: [("assets".to_owned(), "assets".to_owned())].into(),
    }
}

fn installed(program: Program) -> App {
    App { package: Some(Box::new(package(program))), origin: Origin::Package, ..app("shop") }
}

fn package_hook(number: u64) -> Hook {
    Hook { origin: Origin::Package, ..hook(number) }
}

/// Every member of a package is read back, whatever its program. An app may also lose its package.
pub async fn packages_are_stored<S: Subject>(mut subject: S) {
    let mut bare = package(Program::Nothing);
    bare.idle_timeout = None;
    bare.routers.clear();
    bare.functions.clear();
    let apps = [
        installed(Program::Node("server.js".to_owned())),
        installed(Program::Command(vec!["python3".to_owned(), String::new(), "a b".to_owned()])),
        App { package: Some(Box::new(bare)), ..installed(Program::Nothing) },
        App { package: None, ..installed(Program::Nothing) },
    ];
    for app in apps {
        subject.store().put_installed(app.clone(), vec![], vec![], "replaced").await.unwrap();
        subject.reopen().await;
        assert_eq!(subject.store().load().await.unwrap().apps, std::slice::from_ref(&app));
        let mut off = app.clone();
        off.package =
            off.package.map(|package| Package { idle_timeout: Some(IdleTimeout::Off), ..*package }.into());
        subject.store().put_app(off.clone()).await.unwrap();
        subject.reopen().await;
        assert_eq!(subject.store().load().await.unwrap().apps, [off], "put_app keeps a package as well");
    }
}

/// An app is stored with its hooks. When it is installed again, hooks that it no longer has are deleted and their
/// deliveries cancelled; the others keep theirs, and other apps are not touched.
pub async fn an_app_is_installed_with_its_hooks<S: Subject>(mut subject: S) {
    let first = installed(Program::Node("server.js".to_owned()));
    let mut other = package_hook(9);
    other.app = name("mic");
    subject.store().put_hook(other.clone()).await.unwrap();
    let hooks = vec![package_hook(1), package_hook(2), package_hook(3)];
    subject.store().put_installed(first.clone(), hooks.clone(), vec![], "replaced").await.unwrap();
    subject.reopen().await;
    let kept = subject.store().load().await.unwrap();
    assert_eq!(kept.apps, [first]);
    assert_eq!(kept.hooks, [hooks, vec![other.clone()]].concat());

    subject.store().append(event(10, &[1, 2, 3, 9, 1])).await.unwrap();
    subject.store().record_owned(vec![ended(15, DeliveryStatus::Delivered)]).await.unwrap();
    let mut second = installed(Program::Command(vec!["./shop".to_owned()]));
    second.private.clear();
    let mut stays = Hook { route: "elsewhere".to_owned(), ..package_hook(2) };
    stays.options.ordered = true;
    let mut fresh = package_hook(20);
    fresh.kind = HookType::Function;
    // Number 77 was never kept.
    let gone = vec![hook_id(1), hook_id(3), hook_id(77)];
    let put =
        subject.store().put_installed(second.clone(), vec![stays.clone(), fresh.clone()], gone, "replaced");
    put.await.unwrap();
    for _ in 0..2 {
        let kept = subject.store().load().await.unwrap();
        assert_eq!(kept.apps, [second.clone()]);
        assert_eq!(kept.hooks, [stays.clone(), other.clone(), fresh.clone()]);
        for (delivery, status, reason) in [
            (11, DeliveryStatus::Cancelled, Some("replaced")),
            (12, DeliveryStatus::Pending, None),
            (13, DeliveryStatus::Cancelled, Some("replaced")),
            (14, DeliveryStatus::Pending, None),
            (15, DeliveryStatus::Delivered, None),
        ] {
            let view = subject.store().delivery(delivery_id(delivery)).await.unwrap().unwrap().delivery;
            assert_eq!((view.status, view.last_error.as_deref()), (status, reason), "{delivery}");
        }
        let account = Account { accepted: 5, pending: 2, delivered: 1, cancelled: 2, ..Account::default() };
        assert_eq!(subject.store().account().await.unwrap(), account);
        assert_eq!(subject.store().due_of(hook_id(2), true, 9).await.unwrap().len(), 1);
        assert!(subject.store().due_of(hook_id(1), false, 9).await.unwrap().is_empty());
        subject.reopen().await;
    }
}
