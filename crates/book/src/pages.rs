//! The pages, as the build script wrote them.

include!(concat!(env!("OUT_DIR"), "/pages.rs"));

/// One page of the book.
#[derive(Debug)]
pub(crate) struct Page {
    /// The address below `/docs/`.
    pub(crate) path: &'static str,
    /// The first heading, as text.
    pub(crate) title: &'static str,
    /// The rendered page without navigation.
    pub(crate) article: &'static str,
    /// The position in the navigation at which the page's link can be marked.
    pub(crate) mark: usize,
    /// The sections of the page, in order.
    pub(crate) sections: &'static [Section],
}

/// One heading of a page and the text below it.
#[derive(Debug)]
pub(crate) struct Section {
    /// The anchor of the heading.
    pub(crate) anchor: &'static str,
    /// The heading as text.
    pub(crate) title: &'static str,
    /// Start of the section in the page's article.
    pub(crate) start: usize,
    /// End of the section in the page's article.
    pub(crate) end: usize,
}

/// A tag for every document of this book except results of a search. It changes when any document changes.
pub const fn tag() -> &'static str {
    TAG
}

/// Every page, in reading order.
pub(crate) const fn pages() -> &'static [Page] {
    PAGES
}

/// The index of the page with this address below `/docs/`.
pub(crate) fn position(path: &str) -> Option<usize> {
    PAGES.iter().position(|page| page.path == path)
}
