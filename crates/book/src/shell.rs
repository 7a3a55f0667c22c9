//! Everything around an article: head, navigation, search box, links to the pages before and after.

use crate::pages::{Page, pages};
use crate::search::Found;

const NAV: &str = include_str!(concat!(env!("OUT_DIR"), "/nav.html"));

/// A page with everything around it.
pub(crate) fn page(index: usize) -> String {
    let Some(page) = pages().get(index) else { return missing() };
    let before = index.checked_sub(1).and_then(|before| pages().get(before));
    let after = pages().get(index + 1);
    let link = |page: Option<&Page>, rel: &str| {
        page.map_or_else(String::new, |page| {
            format!("<a rel=\"{rel}\" href=\"/docs/{}\">{}</a>", page.path, escape(page.title))
        })
    };
    let turn = format!(
        "<nav class=\"turn\" aria-label=\"Pages\">{}{}</nav>",
        link(before, "prev"),
        link(after, "next")
    );
    let (start, end) = NAV.split_at_checked(page.mark).unwrap_or((NAV, ""));
    let nav = format!("{start} aria-current=\"page\"{end}");
    around(page.title, "", &format!("{}{turn}", page.article), &nav)
}

/// The page of a search.
pub(crate) fn results(text: &str, found: &[Found]) -> String {
    let mut body = String::from("<h1>Search</h1>\n");
    if text.trim().is_empty() {
        body.push_str("<p>Type one or more words into the box above.</p>\n");
    } else if found.is_empty() {
        body.push_str(
            "<p>No section has all of these words. Try fewer words, or the beginning of one.</p>\n",
        );
    } else {
        body.push_str("<ul class=\"found\">\n");
        for Found { page, section, excerpt } in found {
            body.push_str("<li><a href=\"/docs/");
            body.push_str(page.path);
            body.push('#');
            body.push_str(section.anchor);
            body.push_str("\">");
            body.push_str(&escape(section.title));
            body.push_str("</a>");
            if section.title != page.title {
                body.push_str(" <span>in ");
                body.push_str(&escape(page.title));
                body.push_str("</span>");
            }
            body.push_str("<p>");
            body.push_str(&escape(excerpt));
            body.push_str("</p></li>\n");
        }
        body.push_str("</ul>\n");
    }
    around("Search", text, &body, NAV)
}

/// The page for an address that no page has.
pub(crate) fn missing() -> String {
    let body = "<h1>There is no such page</h1>\n<p>The address is wrong, or the page belongs to another version. \
        <a href=\"/docs/\">Begin at the first page</a>, search above, or choose a page from the contents.</p>\n";
    around("There is no such page", "", body, NAV)
}

fn around(title: &str, search: &str, article: &str, nav: &str) -> String {
    let (title, search) = (escape(title), escape(search));
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{title} – Footbridge</title>\n<link rel=\"stylesheet\" href=\"/docs/book.css\">\n</head>\n<body>\n\
         <header><a class=\"home\" href=\"/docs/\">Footbridge</a><a class=\"contents\" href=\"#contents\">Contents</a>\
         <form role=\"search\" action=\"/docs/search\"><input type=\"search\" name=\"q\" value=\"{search}\" \
         aria-label=\"Search the documentation\" placeholder=\"Search\"></form></header>\n\
         <main>\n{article}</main>\n<nav id=\"contents\" aria-label=\"Contents\">\n{nav}</nav>\n</body>\n</html>\n"
    )
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
