//! Paging of lists: limits and cursors.

use std::collections::BTreeSet;

use harness::{App, Setup, each};
use serde_json::json;

#[test]
fn paging_returns_each_item_exactly_once() {
    let gateway = Setup::new().app(App::new("camera")).app(App::new("fax")).start();
    gateway.bolt("fax").web("*", "http://127.0.0.1:9/");
    let made: BTreeSet<String> = (0..23)
        .map(|_| gateway.bolt("camera").publish("x", &json!({}))["id"].as_str().unwrap().to_owned())
        .collect();
    let admin = gateway.admin();
    each([1, 2, 7, 23, 24, 250], |limit| {
        for list in ["events", "deliveries"] {
            let all = admin.all(&format!("{list}?limit={limit}"));
            assert_eq!(all.len(), 23);
            let member = if list == "events" { "id" } else { "event_id" };
            let ids: BTreeSet<String> =
                all.iter().map(|item| item[member].as_str().unwrap().to_owned()).collect();
            assert_eq!(ids, made);
        }
        let page = admin.get(&format!("events?publisher=camera&limit={limit}"));
        assert_eq!(page["data"].as_array().unwrap().len(), 23.min(*limit));
        assert_eq!(page["next"].is_null(), *limit >= 23, "{}", page["next"]);
    });
    // Items created between two pages do not shift the list.
    let first = admin.get("events?publisher=camera&limit=10");
    gateway.bolt("camera").publish("x", &json!({}));
    let page = |before: &serde_json::Value| {
        admin.get(&format!("events?publisher=camera&limit=10&cursor={}", before["next"].as_str().unwrap()))
    };
    let second = page(&first);
    let third = page(&second);
    assert!(third["next"].is_null(), "{}", third["next"]);
    let pages = [&first, &second, &third];
    let seen: Vec<_> =
        pages.iter().flat_map(|page| page["data"].as_array().unwrap()).map(|event| &event["id"]).collect();
    let distinct: BTreeSet<String> = seen.iter().map(|id| id.as_str().unwrap().to_owned()).collect();
    assert_eq!(seen.len(), distinct.len(), "an event came twice");
    assert!(made.is_subset(&distinct), "an event was left out");
}

#[test]
fn every_list_has_pages() {
    let gateway = Setup::new()
        .app(App::new("a"))
        .app(App::new("b"))
        .app(App::new("c"))
        .link("a", "b")
        .link("a", "c")
        .link("b", "c")
        .start();
    for n in 0..3 {
        gateway.bolt("a").web("x", &format!("http://127.0.0.1:9/{n}"));
    }
    each([("apps", 3), ("links", 3), ("hooks?app=a", 3)], |(list, count)| {
        let sign = if list.contains('?') { '&' } else { '?' };
        let of_app = |app: &serde_json::Value| app["name"] != "bolt" && app["app"] != "bolt";
        let all = gateway.admin().all(&format!("{list}{sign}limit=1"));
        assert_eq!(all.iter().filter(|item| of_app(item)).count(), *count, "{all:?}");
    });
    each(["apps", "links", "hooks", "events", "deliveries", "exchanges"], |list| {
        let page = gateway.admin().get(list);
        assert!(page["data"].is_array(), "{page}");
        assert!(page.get("next").is_some(), "{page}");
    });
}

#[test]
fn a_bad_limit_or_cursor_is_refused() {
    let mut gateway = Setup::new().app(App::new("a")).start();
    each(
        [
            "limit=0",
            "limit=251",
            "limit=-1",
            "limit=x",
            "limit=",
            "cursor=nonsense",
            "cursor=%00",
            "cursor=%ff",
        ],
        |query| {
            for list in ["apps", "events", "deliveries"] {
                let answer = gateway.admin().call("GET", &format!("{list}?{query}")).send();
                assert!(matches!(answer.status, 400 | 422), "{list}: {} {}", answer.status, answer.text());
            }
        },
    );
    gateway.assert_healthy();
}
