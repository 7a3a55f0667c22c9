use super::app::{App, OK};
use super::kit::{OTHER, Server, run, with_router};

const NEXT: &str = "HTTP/1.1 404 Not Found\r\nfootbridge-router-next: 1\r\ncontent-length: 0\r\n\r\n";

#[test]
fn routers_are_asked_in_order_until_one_answers() {
    run(async {
        let (first, second) = (App::answering(NEXT).await, App::answering(OK).await);
        let server = Server::start().await;
        server.install(with_router("zeta", "rz", "/api/db", 1), first.address).await;
        server.install(with_router("alpha", "ra", "/api", 2), second.address).await;
        let given = format!("{OTHER}footbridge-router: x\r\nfootbridge-caller: bolt\r\n");
        let answer = server.ask("POST /api/db/things?q=1", &given, "body").await;
        assert_eq!((answer.status, &answer.body[..]), (200, "ok"));
        for (app, name) in [(&first, "rz"), (&second, "ra")] {
            let seen = app.seen.last();
            assert!(seen.starts_with("POST /api/db/things?q=1 HTTP/1.1\r\n"), "{seen}");
            assert!(seen.ends_with("\r\n\r\nbody"), "{seen}");
            assert!(seen.contains(&format!("footbridge-router: {name}\r\n")), "{seen}");
            assert!(seen.contains("footbridge-caller: other\r\n") && !seen.contains("token"), "{seen}");
            assert!(!seen.contains("x-forwarded-prefix"), "{seen}");
        }
        assert_eq!(server.ask("GET /api/other", "", "").await.status, 200);
        assert_eq!((first.seen.count(), second.seen.count()), (1, 2));
    });
}

#[test]
fn a_token_that_is_no_apps_is_told_as_that() {
    run(async {
        let app = App::answering(OK).await;
        let server = Server::start().await;
        server.install(with_router("one", "r", "/pages", 0), app.address).await;
        for (headers, told) in [
            ("", None),
            ("x-bolt-app-token: made-up\r\n", Some("footbridge-caller: ?\r\n")),
            (&format!("{OTHER}{OTHER}"), Some("footbridge-caller: ?\r\n")),
            (OTHER, Some("footbridge-caller: other\r\n")),
        ] {
            server.ask("GET /pages/x", headers, "").await;
            let seen = app.seen.last();
            match told {
                Some(told) => assert!(seen.contains(told), "{seen}"),
                None => assert!(!seen.contains("footbridge-caller"), "{seen}"),
            }
            assert!(!seen.contains("x-bolt"), "{seen}");
            assert!(seen.contains("footbridge-run-secret: fbs_"), "{seen}");
        }
    });
}

#[test]
fn at_the_end_there_is_nothing() {
    run(async {
        let app = App::answering(NEXT).await;
        let server = Server::start().await;
        server.install(with_router("one", "r", "/pages", 0), app.address).await;
        let answer = server.ask("GET /pages/x", "", "").await;
        assert_eq!(answer.status, 404);
        assert!(!answer.head.contains("footbridge-router"), "{}", answer.head);
        assert_eq!(answer.header("footbridge-error"), Some("not_found"));
        assert_eq!(server.ask("GET /pagesx", "", "").await.status, 404);
        assert_eq!(app.seen.count(), 1);
    });
}

#[test]
fn our_own_endpoints_win() {
    run(async {
        let app = App::answering(OK).await;
        let server = Server::start().await;
        server.install(with_router("greedy", "r", "/api", 0), app.address).await;
        for path in ["/api/events", "/api/events/x", "/api/apps/none/what", "/api/v1/none"] {
            assert_ne!(server.ask(&format!("GET {path}"), "", "").await.status, 200, "{path}");
        }
        assert_eq!(app.seen.count(), 0);
        assert_eq!(server.ask("GET /api/mine", "", "").await.status, 200);
    });
}

#[test]
fn what_is_too_large_to_be_held_is_for_the_first_alone() {
    run(async {
        let (first, second) = (App::answering(OK).await, App::answering(OK).await);
        let server = Server::start().await;
        server.install(with_router("a", "r", "/up", 0), first.address).await;
        server.install(with_router("b", "r", "/up", 1), second.address).await;
        let large = "x".repeat(3 << 20);
        assert_eq!(server.ask("POST /up", "", &large).await.status, 200);
        assert!(first.seen.last().len() > large.len());
        assert_eq!(second.seen.count(), 0);
    });
}
