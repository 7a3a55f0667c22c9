//! Apps, links and hooks.

use super::given::{ALL, app, at, delivery_id, ended, event, head, hook, hook_id, key, link, name};
use super::{Owner as _, Subject};
use crate::{
    Appended, DeliveryFilter, DeliveryResult, EventFilter, EventLog as _, ExchangeFilter, ExchangeLog as _,
    ExchangeStart, History as _, IdempotencyKey, NewEvent, RegistryBatch, RegistryStore as _,
};
use footbridge_model::delivery::DeliveryStatus;
use footbridge_model::exchange::ExchangeHead;
use footbridge_model::hook::{Hook, HookType, Lifetime, Origin};
use footbridge_model::hook_state::{Pause, SwitchedOff};
use footbridge_model::pattern::Pattern;
use footbridge_model::rotation::Rotating;
use footbridge_model::secret::Secret;
use std::sync::Arc;

/// Every member of an app and of a link is read back after a restart. Storing replaces; deleting an app deletes its
/// links and hooks.
pub async fn apps_and_links_are_stored<S: Subject>(mut subject: S) {
    let (mut shop, superapp) = (app("shop"), app("superapp"));
    subject.store().put_app(shop.clone()).await.unwrap();
    subject.store().put_app(superapp.clone()).await.unwrap();
    let mut theirs = link("superapp", "shop");
    subject.store().put_link(theirs.clone()).await.unwrap();
    subject.store().put_link(link("superapp", "camera")).await.unwrap();
    shop.secrets.token = Rotating::new(Secret::new("newer"));
    shop.receiver_auth = None;
    shop.enabled = false;
    subject.store().put_app(shop.clone()).await.unwrap();
    theirs.enabled = false;
    subject.store().put_link(theirs.clone()).await.unwrap();
    subject.store().delete_link(name("superapp"), name("camera")).await.unwrap();
    subject.reopen().await;
    let kept = subject.store().load().await.unwrap();
    assert_eq!(kept.apps, [shop, superapp.clone()]);
    assert_eq!(kept.links, [theirs]);

    subject.store().put_hook(hook(5)).await.unwrap();
    subject.store().append(event(10, &[5])).await.unwrap();
    subject.store().delete_app(name("shop"), "app gone").await.unwrap();
    subject.reopen().await;
    let kept = subject.store().load().await.unwrap();
    assert_eq!((kept.apps, kept.links, kept.hooks), (vec![superapp], vec![], vec![]));
    let view = subject.store().delivery(delivery_id(11)).await.unwrap().unwrap();
    assert_eq!(view.delivery.status, DeliveryStatus::Cancelled);
    assert_eq!(view.delivery.last_error.as_deref(), Some("app gone"));
}

/// Names are compared without case and read back as they were written last.
pub async fn names_keep_their_case<S: Subject>(mut subject: S) {
    subject.store().put_app(app("host_a58")).await.unwrap();
    let hook = Hook { app: name("Host_A58"), ..hook(5) };
    subject.store().put_hook(hook).await.unwrap();
    subject.store().put_link(link("HOST_A58", "shop")).await.unwrap();
    subject.store().put_app(app("host_A58")).await.unwrap();
    subject.store().put_link(link("host_A58", "SHOP")).await.unwrap();
    let mut new = event(10, &[5]);
    Arc::get_mut(&mut new.event).unwrap().publisher = name("host_A58");
    subject.store().append(new).await.unwrap();
    let note = ExchangeHead { sender: name("host_A58"), ..head(20) };
    subject.store().start_exchange(note, None).await.unwrap();
    subject.reopen().await;
    let kept = subject.store().load().await.unwrap();
    let names: Vec<_> = kept.apps.iter().map(|app| app.name.as_str()).collect();
    assert_eq!((names, kept.links.len(), kept.hooks[0].app.key()), (vec!["host_A58"], 1, "host_a58"));
    let by = |text: &str| EventFilter { publisher: Some(name(text)), ..EventFilter::default() };
    for spelling in ["host_a58", "HOST_A58"] {
        let events = subject.store().events(by(spelling), ALL).await.unwrap();
        assert_eq!(events[0].event.publisher.as_str(), "host_A58");
        let of = DeliveryFilter { app: Some(name(spelling)), ..DeliveryFilter::default() };
        assert_eq!(subject.store().deliveries(of, ALL).await.unwrap().len(), 1);
        let of = ExchangeFilter { app: Some(name(spelling)), ..ExchangeFilter::default() };
        assert_eq!(subject.store().exchanges(of, ALL).await.unwrap()[0].head.sender.as_str(), "host_A58");
        assert!(subject.store().events(by("host_a5"), ALL).await.unwrap().is_empty());
    }
    subject.store().delete_app(name("HOST_a58"), "app gone").await.unwrap();
    subject.reopen().await;
    let kept = subject.store().load().await.unwrap();
    assert!(kept.apps.is_empty() && kept.links.is_empty() && kept.hooks.is_empty());
}

/// The keys of an app are deleted with it, and those of no other app, however similar the names.
pub async fn keys_are_deleted_with_their_app<S: Subject>(mut subject: S) {
    const APPS: [&str; 8] = ["s_op", "shop", "s_op0", "s_op-a", "s_op.a", "s_opa", "s_o", "s"];
    subject.store().put_app(app("s_op")).await.unwrap();
    let of_app = |app: &str| ["a", "saved", "ärger"].map(|event| format!("publish/{app}/{event}"));
    let publishes: Vec<_> = APPS.iter().flat_map(|app| of_app(app)).collect();
    let of_app = |app: &str| ["hostapp", "miniapp"].map(|endpoint| format!("exchange/{endpoint}/{app}"));
    let exchanges: Vec<_> = APPS.iter().flat_map(|app| of_app(app)).collect();
    let used = |scope: &str| IdempotencyKey { scope: scope.to_owned(), ..key("k", 1, at(9000)) };
    for (number, scope) in (1..).zip(&publishes) {
        let new = NewEvent { key: Some(used(scope)), ..event(number, &[]) };
        assert_eq!(subject.store().append(new).await.unwrap(), Appended::Stored);
    }
    for (number, scope) in (101..).zip(&exchanges) {
        let begun = subject.store().start_exchange(head(number), Some(used(scope))).await.unwrap();
        assert!(matches!(begun, ExchangeStart::Started));
    }
    subject.store().delete_app(name("s_op"), "app gone").await.unwrap();
    subject.reopen().await;
    for (number, scope) in (201..).zip(&publishes) {
        let new = NewEvent { key: Some(used(scope)), ..event(number, &[]) };
        let fresh = subject.store().append(new).await.unwrap() == Appended::Stored;
        assert_eq!(fresh, scope.starts_with("publish/s_op/"), "{scope}");
    }
    for (number, scope) in (301..).zip(&exchanges) {
        let begun = subject.store().start_exchange(head(number), Some(used(scope))).await.unwrap();
        assert_eq!(matches!(begun, ExchangeStart::Started), scope.ends_with("/s_op"), "{scope}");
    }
}

/// Every member of a hook is read back. A deleted hook stays readable through its deliveries, and storing it again
/// restores it.
pub async fn hooks_are_stored<S: Subject>(mut subject: S) {
    let mut all = vec![hook(1)];
    for (number, kind) in (2..).zip([HookType::Web, HookType::Router, HookType::Function]) {
        let mut hook = hook(number);
        hook.kind = kind;
        hook.pattern = Pattern::parse(["*", "a/b", "*/ü"][usize::try_from(number - 2).unwrap()]).unwrap();
        hook.origin = Origin::File;
        hook.enabled = false;
        hook.options.ordered = true;
        all.push(hook);
    }
    let pause = Pause { at: at(7), by: "ana".to_owned(), reason: Some("\"maintenance\"".to_owned()) };
    all.push(Hook { paused: Some(pause.clone()), ..hook(5) });
    all.push(Hook { off: Some(SwitchedOff { at: at(8), by: None }), enabled: false, ..hook(6) });
    let by = Some("ben".to_owned());
    let (paused, off) = (Some(Pause { reason: None, ..pause }), Some(SwitchedOff { at: at(9), by }));
    all.push(Hook { paused, off, enabled: false, ..hook(7) });
    all.push(Hook { lifetime: Lifetime::Transient, ..hook(9) });
    for hook in &all {
        subject.store().put_hook(hook.clone()).await.unwrap();
    }
    subject.restart().await;
    assert_eq!(subject.store().load().await.unwrap().hooks, all);
    // The transient one ends with its server.
    subject.store().join_as("again").await.unwrap();
    all.pop();

    subject.store().append(event(10, &[1, 2, 1])).await.unwrap();
    subject.store().delete_hooks(vec![hook_id(1), hook_id(3)], "hook gone").await.unwrap();
    let kept = subject.store().load().await.unwrap().hooks;
    let stays = |hook: &&Hook| ![1, 3].contains(&hook.id.number());
    assert_eq!(kept, all.iter().filter(stays).cloned().collect::<Vec<_>>());
    let filter = DeliveryFilter { hook: Some(hook_id(1)), ..DeliveryFilter::default() };
    let views = subject.store().deliveries(filter, ALL).await.unwrap();
    assert_eq!(views.len(), 2);
    for view in views {
        assert_eq!(view.hook, all[0]);
        assert_eq!(view.delivery.status, DeliveryStatus::Cancelled);
        assert_eq!(view.delivery.next_attempt_at, None);
    }
    assert!(subject.store().due_of(hook_id(1), false, 9).await.unwrap().is_empty());
    assert_eq!(subject.store().due_of(hook_id(2), false, 9).await.unwrap().len(), 1);

    subject.store().put_hook(all[0].clone()).await.unwrap();
    assert_eq!(subject.store().load().await.unwrap().hooks.len(), all.len() - 1);
}

/// A batch replaces and adds, all of it at once.
pub async fn a_batch_is_stored<S: Subject>(mut subject: S) {
    subject.store().put_app(app("shop")).await.unwrap();
    subject.store().put_hook(hook(1)).await.unwrap();
    let (mut shop, mut first) = (app("shop"), hook(1));
    shop.enabled = false;
    first.options.ordered = true;
    let batch = RegistryBatch {
        apps: vec![shop, app("superapp")],
        links: vec![link("superapp", "shop")],
        hooks: vec![first, hook(2)],
        config_file: Some("/etc/footbridge.toml".to_owned()),
    };
    assert_eq!((batch.len(), batch.is_empty()), (6, false));
    subject.store().put_batch(batch.clone()).await.unwrap();
    subject
        .store()
        .put_batch(RegistryBatch { apps: vec![app("superapp")], ..RegistryBatch::default() })
        .await
        .unwrap();
    subject.reopen().await;
    let kept = subject.store().load().await.unwrap();
    assert_eq!((kept.apps, kept.links, kept.hooks), (batch.apps, batch.links, batch.hooks));
    assert_eq!(kept.config_file, batch.config_file);
}

/// A restored hook of the file has its id and the deliveries that were cancelled for its deletion.
pub async fn a_deleted_hook_is_restored<S: Subject>(mut subject: S) {
    let filed = |number| Hook { origin: Origin::File, ..hook(number) };
    subject.store().put_hook(filed(1)).await.unwrap();
    subject.store().put_hook(filed(2)).await.unwrap();
    subject.store().put_hook(hook(3)).await.unwrap();
    subject.store().append(event(10, &[1, 1, 1, 2, 3])).await.unwrap();
    subject.store().record_owned(vec![ended(11, DeliveryStatus::Dead)]).await.unwrap();
    let other = DeliveryResult {
        attempt: None,
        reason: Some("the app is off".to_owned()),
        ..ended(12, DeliveryStatus::Cancelled)
    };
    subject.store().record_owned(vec![other]).await.unwrap();
    subject.store().delete_hooks(vec![hook_id(1), hook_id(2), hook_id(3)], "taken out").await.unwrap();
    subject.reopen().await;
    let gone = subject.store().deleted_hooks().await.unwrap();
    assert_eq!(gone, [filed(2), filed(1)], "the newest first, those of the file only");
    let back = Hook { route: "hooks/new".to_owned(), ..filed(1) };
    subject.store().restore_hooks(vec![back.clone()], "taken out", at(500)).await.unwrap();
    assert_eq!(subject.store().load().await.unwrap().hooks, [back]);
    let due = subject.store().due_of(hook_id(1), false, 9).await.unwrap();
    assert_eq!(due.iter().map(|due| (due.id.number(), due.at)).collect::<Vec<_>>(), [(13, at(500))]);
    assert_eq!(subject.store().deleted_hooks().await.unwrap(), [filed(2)]);
    let account = subject.store().account().await.unwrap();
    assert_eq!((account.pending, account.dead, account.cancelled, account.balances()), (1, 1, 3, true));
}
