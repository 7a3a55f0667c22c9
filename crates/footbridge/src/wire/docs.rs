//! The book as the documentation that the server serves.

use footbridge_book::Answer;
use footbridge_server::Document;
use http::StatusCode;
use url::form_urlencoded;

const HTML: &str = "text/html; charset=utf-8";

/// Looks a page of the book up.
pub(super) fn find(path: &str, query: &str) -> Document {
    let search = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "q");
    match footbridge_book::answer(path, search.as_ref().map(|(_, text)| text.as_ref())) {
        Answer::Found { media_type, body } => Document {
            status: StatusCode::OK,
            media_type,
            body,
            tag: (path != "/search").then(footbridge_book::tag),
            location: None,
        },
        Answer::Moved(to) => Document {
            status: StatusCode::PERMANENT_REDIRECT,
            media_type: HTML,
            body: String::new(),
            tag: None,
            location: Some(to),
        },
        Answer::Missing(body) => {
            Document { status: StatusCode::NOT_FOUND, media_type: HTML, body, tag: None, location: None }
        }
    }
}
