//! Changes of the registry: stored and published together, whatever their callers do.

use super::kit::{name, run};
use crate::{AppChange, AppSpec, Overlap, Rotation};
use footbridge_journal::{CredentialUses as _, RegistryStore as _};
use footbridge_model::credential::CredentialKind;
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
        let new = world.engine.rotate(&fax, Rotation::Ours, Overlap::DAY).await.unwrap().made.token.unwrap();
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

#[test]
fn uses_of_credentials_are_stored_every_ten_seconds() {
    run(|world| async move {
        let fax = name("fax");
        let (_, made) = world.engine.add_app(AppSpec::named(fax.clone()), Vec::new()).await.unwrap();
        let old = made.token.unwrap();
        let stored = async || {
            let all = world.journal.credential_uses(name("fax")).await.unwrap();
            all.iter().map(|row| row.count).collect::<Vec<_>>()
        };
        let counted = async || {
            let token = world.engine.credentials(&name("fax")).await.unwrap().swap_remove(0);
            assert_eq!(token.kind, CredentialKind::Token);
            let old = token.old.iter().map(|old| old.value.uses.unwrap().count);
            std::iter::once(token.current.uses.unwrap().count).chain(old).collect::<Vec<_>>()
        };
        (0..2).for_each(|_| assert!(world.app_of(&old).is_some()));
        assert_eq!((stored().await, counted().await), (vec![], vec![2]));
        tokio::time::sleep(11 * SECOND).await;
        assert_eq!((stored().await, counted().await), (vec![2], vec![2]));
        assert!(world.app_of(&old).is_some());
        assert_eq!((stored().await, counted().await), (vec![2], vec![3]));
        let token = Rotation::These(crate::SecretSet::only(CredentialKind::Token));
        world.engine.rotate(&fax, token, Overlap::DAY).await.unwrap();
        assert!(world.app_of(&old).is_some());
        tokio::time::sleep(11 * SECOND).await;
        assert_eq!((stored().await, counted().await), (vec![1], vec![0, 1]), "since the rotation");
        tokio::time::sleep(24 * 3600 * SECOND).await;
        assert_eq!(counted().await, [0]);
    });
}
