//! Changes of the registry: stored and published together, whatever their callers do.

use super::kit::{name, run};
use crate::{AppChange, AppSpec, Overlap, Rotation};
use footbridge_journal::RegistryStore as _;
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn a_change_goes_on_without_its_caller_and_is_stored_and_published_together() {
    run(|world| async move {
        *world.network.resolve.lock().unwrap() = 3 * SECOND;
        let url = Some("http://fax.test/".to_owned());
        let spec = AppSpec { url, ..AppSpec::named(name("fax")) };
        let hung_up = world.engine.add_app(spec, Vec::new());
        assert!(tokio::time::timeout(SECOND, hung_up).await.is_err());
        assert!(world.engine.app(&name("fax")).is_err());
        tokio::time::sleep(3 * SECOND).await;
        let published = world.engine.app(&name("fax")).unwrap().app.clone();
        let stored = world.journal.load().await.unwrap().apps;
        assert!(stored.contains(&published), "{stored:?}");
    });
}

#[test]
fn both_tokens_are_valid_during_the_overlap_and_no_old_one_after_it() {
    run(|world| async move {
        let fax = name("fax");
        let (_, made) = world.engine.add_app(AppSpec::named(fax.clone()), Vec::new()).await.unwrap();
        let old = made.token.unwrap();
        let new = world.engine.rotate(&fax, Rotation::Ours, Overlap::Day).await.unwrap().token.unwrap();
        let valid = |world: &super::kit::World| [&old, &new].map(|token| world.app_of(token).is_some());
        assert_eq!(valid(&world), [true, true]);
        tokio::time::sleep(24 * 3600 * SECOND).await;
        assert_eq!(valid(&world), [false, true]);
        let off = AppChange { enabled: Some(false), ..AppChange::default() };
        let proof = world.engine.app(&fax).unwrap().proof();
        assert!(world.engine.app_by_proof(&proof).is_some());
        world.engine.change_app(&fax, off).await.unwrap();
        assert_eq!(valid(&world), [false, false]);
        let on = AppChange { enabled: Some(true), ..AppChange::default() };
        world.engine.change_app(&fax, on).await.unwrap();
        assert_eq!(valid(&world), [false, true]);
        assert!(world.engine.app_by_proof(&proof).is_none(), "it was proved before the app was off");
    });
}
