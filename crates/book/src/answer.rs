//! The address of a request becomes a document.

use crate::pages::position;
use crate::{search, shell};

const STYLE: &str = include_str!("style.css");

/// The answer to a request below `/docs`.
#[derive(Debug, PartialEq, Eq)]
pub enum Answer {
    /// A document of the book.
    Found {
        /// Media type of the body.
        media_type: &'static str,
        /// Text of the document.
        body: String,
    },
    /// The page has another address.
    Moved(String),
    /// An HTML page that says that there is no such page, and leads back.
    Missing(String),
}

const HTML: &str = "text/html; charset=utf-8";

/// Answers a request.
///
/// `path` is what follows `/docs` in the request's path; `search` is the text that the search page looks for.
pub fn answer(path: &str, search: Option<&str>) -> Answer {
    let Some(path) = path.strip_prefix('/') else { return Answer::Moved("/docs/".to_owned()) };
    match path {
        "book.css" => {
            return Answer::Found { media_type: "text/css; charset=utf-8", body: STYLE.to_owned() };
        }
        "search" => {
            let text = search.unwrap_or_default();
            return Answer::Found { media_type: HTML, body: shell::results(text, &search::find(text)) };
        }
        _ => {}
    }
    if let Some(index) = position(path) {
        return Answer::Found { media_type: HTML, body: shell::page(index) };
    }
    // What somebody types or keeps from the repository: `guides/events.md`, `guides/events/`, `errors`.
    let plain = path.trim_end_matches('/');
    let plain = plain.strip_suffix(".md").or_else(|| plain.strip_suffix(".html")).unwrap_or(plain);
    let plain = plain.strip_suffix("README").or_else(|| plain.strip_suffix("index")).unwrap_or(plain);
    let other = [plain.to_owned(), format!("{plain}/")].into_iter().find(|other| position(other).is_some());
    match other {
        Some(other) => Answer::Moved(format!("/docs/{other}")),
        None => Answer::Missing(shell::missing()),
    }
}
