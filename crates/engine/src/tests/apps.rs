//! Installed apps: one start for many callers, tokens of runs, failed starts, crashes and idle apps.

use super::kit::{World, name, run};
use crate::{AppStatus, AppsError};
use footbridge_journal::{EventFilter, Page};
use footbridge_model::run::{Exit, RunId, StartFailure};
use std::sync::atomic::Ordering;
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);

fn status(world: &World) -> AppStatus {
    world.engine.app(&name("weather")).unwrap().status()
}

fn starts(world: &World) -> usize {
    world.launcher.starts.load(Ordering::Relaxed)
}

/// The number of stored events of the server with this name.
async fn events(world: &World, event: &str) -> usize {
    let filter = EventFilter { name: Some(event.to_owned()), ..EventFilter::default() };
    world.engine.history().events(filter, Page { before: None, limit: 100 }).await.unwrap().len()
}

#[test]
fn one_start_serves_all_callers_and_goes_on_without_them() {
    run(|world| async move {
        world.engine.install("weather".to_owned(), false).await.unwrap();
        let hung_up = world.engine.start_app("weather");
        assert!(tokio::time::timeout(SECOND / 2, hung_up).await.is_err());
        assert_eq!(status(&world), AppStatus::Starting);
        let (first, second) =
            tokio::join!(world.engine.start_app("weather"), world.engine.start_app("Weather"));
        assert_eq!(first.unwrap().running, second.unwrap().running);
        assert_eq!((starts(&world), status(&world)), (1, AppStatus::Running));
        assert_eq!(events(&world, "app-started").await, 1);
    });
}

#[test]
fn the_token_of_a_run_is_valid_while_the_run_lasts() {
    run(|world| async move {
        let entry = world.engine.install("weather".to_owned(), false).await.unwrap().entry;
        assert_eq!(world.engine.run_token(&entry), None);
        world.engine.start_app("weather").await.unwrap();
        let token = world.engine.run_token(&entry).unwrap();
        assert_eq!(world.app_of(&token).as_deref(), Some("weather"));
        world.engine.stop_app("weather").await.unwrap();
        assert_eq!((world.app_of(&token), status(&world)), (None, AppStatus::Stopped));
        let running = world.engine.start_app("weather").await.unwrap().running;
        let next = world.engine.run_token(&entry).unwrap();
        assert!(next != token && world.app_of(&next).is_some());
        let how = "exit code 1".to_owned();
        let exit = Exit { app: name("weather"), run: running.run, stopped: false, how };
        world.launcher.exits.send(exit).await.unwrap();
        tokio::time::sleep(SECOND).await;
        assert_eq!((world.app_of(&next), status(&world)), (None, AppStatus::Stopped));
        assert_eq!(events(&world, "app-stopped").await, 2);
    });
}

#[test]
fn a_run_that_ends_before_its_start_is_recorded_never_counts_as_running() {
    run(|world| async move {
        world.engine.install("weather".to_owned(), false).await.unwrap();
        let exit =
            Exit { app: name("weather"), run: RunId(1), stopped: false, how: "exit code 1".to_owned() };
        world.launcher.exits.send(exit).await.unwrap();
        let error = world.engine.start_app("weather").await.unwrap_err();
        assert!(matches!(error, AppsError::Start { .. }), "{error}");
        assert_eq!(status(&world), AppStatus::Stopped);
        assert_eq!(events(&world, "app-started").await, 0);
    });
}

#[test]
fn a_failed_start_is_not_repeated_too_soon_unless_the_app_is_replaced() {
    run(|world| async move {
        world.engine.install("weather".to_owned(), false).await.unwrap();
        let failure = StartFailure { why: "it has no main".to_owned(), again_in: 10 * SECOND };
        *world.launcher.failure.lock().unwrap() = Some(failure);
        for _ in 0..3 {
            let error = world.engine.start_app("weather").await.unwrap_err();
            assert!(error.to_string().contains("it has no main"), "{error}");
        }
        assert_eq!(starts(&world), 1);
        assert!(matches!(status(&world), AppStatus::Failed { again_in, .. } if again_in > 9 * SECOND));
        tokio::time::sleep(10 * SECOND).await;
        world.engine.start_app("weather").await.unwrap_err();
        assert_eq!(starts(&world), 2);
        *world.launcher.failure.lock().unwrap() = None;
        world.engine.install("weather".to_owned(), true).await.unwrap();
        world.engine.start_app("weather").await.unwrap();
        assert_eq!((starts(&world), status(&world)), (3, AppStatus::Running));
    });
}

#[test]
fn an_idle_app_is_stopped_unless_somebody_is_connected() {
    run(|world| async move {
        world.engine.install("weather".to_owned(), false).await.unwrap();
        let connection = world.engine.connect_app("weather").await.unwrap();
        tokio::time::sleep(180 * SECOND).await;
        assert_eq!(status(&world), AppStatus::Running);
        assert!(!connection.has_ended().await);
        drop(connection);
        tokio::time::sleep(70 * SECOND).await;
        assert_eq!(status(&world), AppStatus::Stopped);
        assert_eq!(events(&world, "app-stopped").await, 1);
    });
}
