//! The finished book: every page, every link, the search, its size.

use crate::answer::{Answer, answer};
use crate::pages::pages;
use crate::{search, text};
use std::collections::BTreeSet;

fn found(path: &str) -> String {
    match answer(path, None) {
        Answer::Found { body, .. } => body,
        other => panic!("{path}: {other:?}"),
    }
}

/// The values of an attribute in a page.
fn values<'a>(page: &'a str, attribute: &str) -> Vec<&'a str> {
    page.split(&format!(" {attribute}=\"")).skip(1).filter_map(|rest| rest.split('"').next()).collect()
}

/// Fails on a tag that is not closed, or not in order.
fn is_well_formed(page: &str) -> Result<(), String> {
    let mut open = Vec::new();
    for rest in page.split('<').skip(1) {
        let tag = rest.split(['>', ' ']).next().unwrap_or_default();
        match tag.strip_prefix('/') {
            Some(name) if open.pop() == Some(name) => {}
            Some(name) => return Err(format!("</{name}> closes nothing")),
            None if ["!doctype", "meta", "link", "input", "br", "br/", "hr", "/"].contains(&tag) => {}
            None => open.push(tag),
        }
    }
    if open.is_empty() { Ok(()) } else { Err(format!("not closed: {open:?}")) }
}

#[test]
fn every_page_is_well_formed_and_every_link_in_it_leads_somewhere() {
    assert!(pages().len() > 40);
    for page in pages() {
        let html = found(&format!("/{}", page.path));
        is_well_formed(&html).unwrap_or_else(|problem| panic!("{}: {problem}", page.path));
        assert!(
            !html.contains("<script") && !html.contains(" style=") && !html.contains("<img"),
            "{}",
            page.path
        );
        assert_eq!(html.matches(" aria-current=\"page\"").count(), 1, "{}", page.path);
        for link in values(&html, "href") {
            let Some(rest) = link.strip_prefix("/docs") else {
                assert!(link.starts_with('#') || link.contains("://"), "{}: {link}", page.path);
                continue;
            };
            let (path, anchor) = rest.split_once('#').unwrap_or((rest, ""));
            let target = found(path);
            assert!(anchor.is_empty() || values(&target, "id").contains(&anchor), "{}: {link}", page.path);
        }
    }
}

#[test]
fn reading_on_leads_through_the_whole_book() {
    let mut path = String::new();
    let mut read = BTreeSet::new();
    loop {
        assert!(read.insert(path.clone()), "{path} comes twice");
        let html = found(&format!("/{path}"));
        let Some((_, rest)) = html.split_once("<a rel=\"next\" href=\"/docs/") else { break };
        path = rest.split('"').next().unwrap().to_owned();
    }
    assert_eq!(read.len(), pages().len());
}

#[test]
fn addresses_that_people_type_lead_to_the_page() {
    for (path, to) in [
        ("", "/docs/"),
        ("/README.md", "/docs/"),
        ("/errors", "/docs/errors/"),
        ("/errors/invalid/", "/docs/errors/invalid"),
        ("/guides/events.md", "/docs/guides/events"),
        ("/errors/README.md", "/docs/errors/"),
        ("//", "/docs/"),
    ] {
        assert_eq!(answer(path, None), Answer::Moved(to.to_owned()), "{path}");
    }
    for path in ["/nothing", "/..", "/errors/%2e%2e", "/guides/"] {
        let Answer::Missing(html) = answer(path, None) else { panic!("{path}: {:?}", answer(path, None)) };
        is_well_formed(&html).unwrap();
        assert!(html.contains("href=\"/docs/\""));
    }
}

#[test]
fn the_search_finds_headings_first_and_needs_every_word() {
    let first = |question: &str| search::find(question).first().map(|found| found.page.path);
    assert_eq!(first("managed_by_file"), Some("errors/managed_by_file"));
    assert_eq!(first("retries and deliveries"), Some("guides/events"));
    assert!(search::find("dead letter").iter().any(|found| found.page.path == "glossary"));
    assert!(!search::find("IDEMPOTENCY key").is_empty());
    assert!(search::find("idempotency xyzzyq").is_empty());
    assert!(search::find("").is_empty() && search::find("?!").is_empty());
    // An excerpt shows the word, unless it stands in the heading alone.
    for found in search::find("checkpoint fsync").into_iter().chain(search::find("getaddrinfo")) {
        let words = text::words(&found.excerpt);
        assert!(!words.is_empty(), "{}", found.section.title);
    }
    let Answer::Found { body, .. } = answer("/search", Some("<b>\"&")) else { panic!() };
    assert!(body.contains("value=\"&lt;b&gt;&quot;&amp;\"") && !body.contains("<b>"));
    is_well_formed(&body).unwrap();
}

#[test]
fn it_is_small() {
    let articles: usize = pages().iter().map(|page| page.article.len()).sum();
    let rest = [
        include_str!(concat!(env!("OUT_DIR"), "/words.txt")),
        include_str!(concat!(env!("OUT_DIR"), "/nav.html")),
    ];
    let total = articles + rest.iter().map(|text| text.len()).sum::<usize>();
    assert!(total < 700 * 1024, "the book has {total} bytes");
}
