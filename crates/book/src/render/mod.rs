//! Renders `docs/` to HTML. Runs in the build script, which fails on a page, link or anchor that does not exist.

mod chapters;
mod generate;
mod include;
mod links;
mod markdown;
mod words;

pub(crate) use generate::book;
