//! Looking names up: what is kept, who waits for whom.

use std::sync::Condvar;

use super::*;
use crate::SystemResolver;

/// A system that answers `good…` at once and everything else only when it is let.
#[derive(Default)]
struct System {
    asked: AtomicUsize,
    hanging: AtomicUsize,
    gate: (Mutex<bool>, Condvar),
}

impl System {
    fn resolver(self: &Arc<Self>) -> SystemResolver {
        let system = Arc::clone(self);
        SystemResolver::with_look_up(move |host| {
            system.asked.fetch_add(1, Ordering::Relaxed);
            if host.starts_with("good") {
                return Ok(vec![IpAddr::from([192, 0, 2, 1])]);
            }
            system.hanging.fetch_add(1, Ordering::Relaxed);
            let mut open = system.gate.0.lock().unwrap();
            while !*open {
                open = system.gate.1.wait(open).unwrap();
            }
            system.hanging.fetch_sub(1, Ordering::Relaxed);
            Err(io::Error::other("SERVFAIL"))
        })
    }

    fn let_go(&self) {
        *self.gate.0.lock().unwrap() = true;
        self.gate.1.notify_all();
    }

    fn hanging(&self) -> usize {
        self.hanging.load(Ordering::Relaxed)
    }
}

#[test]
fn answers_are_cached_for_a_moment_and_get_the_requested_port() {
    run(async {
        let system = Arc::new(System::default());
        let resolver = system.resolver();
        for port in [1, 2] {
            let found = resolver.resolve("good.test", port, "a").await.unwrap();
            assert_eq!(found, [SocketAddr::from(([192, 0, 2, 1], port))]);
        }
        resolver.resolve("good.test", 1, "b").await.unwrap();
        assert_eq!(system.asked.load(Ordering::Relaxed), 1);
    });
}

#[test]
fn names_that_do_not_resolve_delay_only_their_own_app() {
    run(async {
        let system = Arc::new(System::default());
        let resolver = system.resolver();
        let dead = |app: usize, n: usize| {
            let resolver = resolver.clone();
            tokio::task::spawn_local(async move {
                resolver.resolve(&format!("dead-{app}-{n}"), 1, &format!("app-{app}")).await
            })
        };
        let waiting: Vec<_> = (0..4).flat_map(|app| (0..64).map(move |n| (app, n))).collect();
        let waiting: Vec<_> = waiting.into_iter().map(|(app, n)| dead(app, n)).collect();
        until(|| system.hanging() == 32).await;
        for n in 0..100 {
            let begun = Instant::now();
            resolver.resolve(&format!("good-{n}.test"), 1, "honest").await.unwrap();
            assert!(begun.elapsed() < Duration::from_secs(1));
        }
        assert_eq!(system.hanging(), 32, "eight of each");
        // They are given up in time, and the next one is told at once.
        for outcome in waiting {
            assert_eq!(outcome.await.unwrap().unwrap_err().kind(), io::ErrorKind::TimedOut);
        }
        let begun = Instant::now();
        resolver.resolve("dead-0-0", 1, "honest").await.unwrap_err();
        assert!(begun.elapsed() < Duration::from_secs(1));
        system.let_go();
        until(|| system.hanging() == 0).await;
    });
}

#[test]
fn concurrent_look_ups_of_one_name_ask_once() {
    run(async {
        let system = Arc::new(System::default());
        let resolver = system.resolver();
        let ask = || {
            let resolver = resolver.clone();
            tokio::task::spawn_local(async move { resolver.resolve("dead.test", 1, "a").await })
        };
        let waiting: Vec<_> = (0..20).map(|_| ask()).collect();
        until(|| system.hanging() == 1).await;
        system.let_go();
        for outcome in waiting {
            assert_eq!(outcome.await.unwrap().unwrap_err().to_string(), "SERVFAIL");
        }
        assert_eq!(system.asked.load(Ordering::Relaxed), 1);
    });
}
