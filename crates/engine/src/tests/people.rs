//! Sessions of the console, over hours.

use super::kit::{World, run};
use crate::{Client, NewSession, SESSION_IDLE, SESSION_MAX};
use footbridge_model::audit::Actor;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::sleep;

const MINUTE: Duration = Duration::from_mins(1);

async fn sign_in(world: &World) -> NewSession {
    let people = world.engine.people();
    let link = people.make_link(Actor::system(), None).await.unwrap();
    let client = Client { address: None, agent: String::new() };
    people.sign_in_by_link(link.code.expose(), client).await.unwrap()
}

async fn lives(world: &World, session: &NewSession) -> bool {
    let cookie = session.cookie.expose().as_bytes();
    world.engine.people().caller_by_session(cookie, None).await.unwrap().is_some()
}

#[test]
fn a_session_ends_after_half_an_hour_without_a_request() {
    run(|world| async move {
        assert_eq!((SESSION_IDLE, SESSION_MAX), (30 * MINUTE, 12 * 60 * MINUTE));
        let session = sign_in(&world).await;
        for _ in 0..3 {
            sleep(29 * MINUTE).await;
            assert!(lives(&world, &session).await);
        }
        sleep(30 * MINUTE).await;
        assert!(!lives(&world, &session).await);
    });
}

#[test]
fn a_session_ends_after_half_a_day_however_often_it_is_used_and_ends_its_streams() {
    run(|world| async move {
        let session = sign_in(&world).await;
        let people = world.engine.people();
        let found = people.caller_by_session(session.cookie.expose().as_bytes(), None).await.unwrap();
        let ended = tokio::task::spawn_local(Arc::clone(people).rights_ended(Arc::new(found.unwrap().0)));
        for _ in 0..12 * 60 / 20 - 1 {
            sleep(20 * MINUTE).await;
            assert!(lives(&world, &session).await);
        }
        assert!(!ended.is_finished());
        sleep(20 * MINUTE).await;
        assert!(!lives(&world, &session).await);
        sleep(MINUTE).await;
        assert!(ended.is_finished(), "a stream outlives its session");
    });
}

#[test]
fn a_link_is_valid_for_an_hour_and_a_code_for_apps_for_a_minute() {
    run(|world| async move {
        let people = world.engine.people();
        let client = || Client { address: None, agent: String::new() };
        let link = people.make_link(Actor::system(), None).await.unwrap();
        sleep(60 * MINUTE).await;
        assert!(people.sign_in_by_link(link.code.expose(), client()).await.is_err());
        let link = people.make_link(Actor::system(), None).await.unwrap();
        sleep(59 * MINUTE).await;
        let session = people.sign_in_by_link(link.code.expose(), client()).await.unwrap();
        // The administrator is no user, so no app learns of them.
        assert!(people.hand_over(&session.session, "state").is_err());
        let mut of_user = session.session.clone();
        of_user.user = Some(footbridge_model::id::UserId::from_number(7));
        let code = |state: &str| people.hand_over(&of_user, state).unwrap();
        let (fresh, late, other) = (code("state"), code("state"), code("state"));
        assert_eq!(people.take_over(other.expose(), "another"), None);
        assert_eq!(people.take_over(other.expose(), "state"), None, "it is used up");
        assert_eq!(people.take_over(fresh.expose(), "state"), Some(of_user.digest));
        sleep(MINUTE).await;
        assert_eq!(people.take_over(late.expose(), "state"), None);
    });
}
