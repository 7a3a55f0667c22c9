//! The whole book: reads every page, renders it, and writes what `src/` includes.

use super::chapters::{self, Chapter};
use super::include::{self, Source};
use super::links::Targets;
use super::markdown::{self, Heading};
use super::words::Words;
use std::collections::hash_map::DefaultHasher;
use std::fmt::Write as _;
use std::hash::{Hash as _, Hasher as _};
use std::path::Path;

const STYLE: &str = include_str!("../style.css");
const SHELL: &str = include_str!("../shell.rs");

struct Page {
    chapter: Chapter,
    source: Source,
    headings: Vec<Heading>,
}

/// Renders the book below `root` into `out`, and names the files outside `docs/` that it read.
///
/// # Errors
/// Everything that is wrong with the sources, one line each.
pub(crate) fn book(root: &Path, out: &Path) -> Result<Vec<String>, Vec<String>> {
    let one = |problem| vec![problem];
    let summary = include::read(root, "docs/SUMMARY.md").map_err(one)?;
    let chapters = chapters::read(&summary.text)?;
    let unlisted = chapters::unlisted(&root.join("docs"), &chapters);
    if !unlisted.is_empty() {
        return Err(unlisted);
    }
    let pages = chapters.into_iter().map(|chapter| page(root, chapter)).collect::<Result<Vec<_>, _>>();
    let pages = pages.map_err(one)?;
    let articles = articles(root, &pages)?;
    write(&pages, &articles, out).map_err(|error| vec![format!("cannot write the book: {error}")])?;
    let files = pages.into_iter().flat_map(|page| page.source.files);
    Ok(files.filter(|file| !file.starts_with("docs/")).collect())
}

fn page(root: &Path, chapter: Chapter) -> Result<Page, String> {
    let source = include::read(root, &format!("docs/{}", chapter.file))?;
    let headings = markdown::headings(&source.text);
    if headings.is_empty() {
        return Err(format!("docs/{} has no heading", chapter.file));
    }
    Ok(Page { chapter, source, headings })
}

fn articles(root: &Path, pages: &[Page]) -> Result<Vec<String>, Vec<String>> {
    let mut targets = Targets::default();
    for page in pages {
        let mut files = vec![format!("docs/{}", page.chapter.file)];
        files.extend(page.source.whole.clone());
        let anchors: Vec<String> = page.headings.iter().map(|heading| heading.anchor.clone()).collect();
        targets.add(&page.chapter.path(), &files, &anchors);
    }
    let mut problems = Vec::new();
    let mut articles = Vec::new();
    for page in pages {
        let base = &page.source.base;
        let resolve = |link: &str| targets.resolve(root, base, link);
        match markdown::render(&page.source.text, &page.headings, resolve) {
            Ok(html) => articles.push(html),
            Err(found) => problems
                .extend(found.into_iter().map(|problem| format!("docs/{}: {problem}", page.chapter.file))),
        }
    }
    if problems.is_empty() { Ok(articles) } else { Err(problems) }
}

/// The navigation, and where in it the link of each page can be marked as the current one.
fn navigation(pages: &[Page]) -> (String, Vec<usize>) {
    let mut nav = String::new();
    let mut marks = Vec::new();
    let mut depth = 0;
    let mut open = false;
    for page in pages {
        let Chapter { title, part, depth: wanted, .. } = &page.chapter;
        if part.is_some() || !open {
            close(&mut nav, &mut depth, 0);
            if open {
                nav.push_str("</li></ul>\n");
            }
            if let Some(part) = part {
                // Writing to a string cannot fail.
                let _ = writeln!(nav, "<h2>{}</h2>", markdown::inline(part));
            }
            nav.push_str("<ul><li>");
            open = true;
        } else if *wanted > depth {
            depth += 1;
            nav.push_str("<ul><li>");
        } else {
            close(&mut nav, &mut depth, *wanted);
            nav.push_str("</li>\n<li>");
        }
        let _ = write!(nav, "<a href=\"/docs/{}\"", page.chapter.path());
        marks.push(nav.len());
        let _ = write!(nav, ">{}</a>", markdown::inline(title));
    }
    close(&mut nav, &mut depth, 0);
    nav.push_str("</li></ul>\n");
    (nav, marks)
}

fn close(nav: &mut String, depth: &mut usize, wanted: usize) {
    while *depth > wanted {
        nav.push_str("</li></ul>");
        *depth -= 1;
    }
}

/// The offsets in an article at which its sections begin, which is at their headings.
fn starts(article: &str, headings: &[Heading]) -> Vec<usize> {
    let mut from = 0;
    let mut starts = Vec::new();
    for heading in headings {
        let id = format!(" id=\"{}\">", heading.anchor);
        let found = article.get(from..).and_then(|rest| rest.find(&id)).map_or(from, |at| from + at);
        // Back to the `<` of `<h2`.
        starts.push(article.get(..found).and_then(|before| before.rfind('<')).unwrap_or(found));
        from = found + id.len();
    }
    starts
}

fn write(pages: &[Page], articles: &[String], out: &Path) -> std::io::Result<()> {
    let (nav, marks) = navigation(pages);
    let mut words = Words::default();
    let mut number = 0;
    let mut code = String::from("static PAGES: &[Page] = &[\n");
    let mut hasher = DefaultHasher::new();
    (STYLE, SHELL, &nav, articles).hash(&mut hasher);
    for (((index, page), article), mark) in pages.iter().enumerate().zip(articles).zip(marks) {
        std::fs::write(out.join(format!("{index}.html")), article)?;
        let title = page.headings.first().map_or("", |heading| heading.text.as_str());
        let mut sections = String::new();
        let starts = starts(article, &page.headings);
        let ends = starts.iter().skip(1).copied().chain([article.len()]);
        for ((heading, start), end) in page.headings.iter().zip(&starts).zip(ends) {
            words.add(number, article.get(*start..end).unwrap_or_default());
            number += 1;
            // Writing to a string cannot fail.
            let _ = write!(
                sections,
                "Section {{ anchor: {:?}, title: {:?}, start: {start}, end: {end} }}, ",
                heading.anchor, heading.text
            );
        }
        let _ = writeln!(
            code,
            "    Page {{ path: {:?}, title: {title:?}, article: include_str!(concat!(env!(\"OUT_DIR\"), \"/{index}.html\")), mark: {mark}, sections: &[{sections}] }},",
            page.chapter.path()
        );
    }
    code.push_str("];\n");
    let _ = writeln!(code, "const TAG: &str = \"{:016x}\";", hasher.finish());
    std::fs::write(out.join("nav.html"), nav)?;
    std::fs::write(out.join("words.txt"), words.lines())?;
    std::fs::write(out.join("pages.rs"), code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_begin_at_their_headings() {
        let article = "<h1 id=\"a\">A</h1>\n<p>x</p>\n<h2 id=\"b\">B</h2>";
        let heading = |anchor: &str| Heading { anchor: anchor.to_owned(), text: String::new() };
        assert_eq!(starts(article, &[heading("a"), heading("b")]), [0, 27]);
    }

    #[test]
    fn the_navigation_is_nested_and_marks_its_links() {
        let page = |title: &str, file: &str, depth, part: Option<&str>| Page {
            chapter: Chapter { title: title.into(), file: file.into(), depth, part: part.map(str::to_owned) },
            source: Source { text: String::new(), base: String::new(), files: Vec::new(), whole: None },
            headings: Vec::new(),
        };
        let pages = [
            page("Start", "README.md", 0, None),
            page("Errors", "errors/README.md", 0, Some("Reference")),
            page("`a`", "errors/a.md", 1, None),
            page("Words", "words.md", 0, None),
        ];
        let (nav, marks) = navigation(&pages);
        let expected = "<ul><li><a href=\"/docs/\">Start</a></li></ul>\n<h2>Reference</h2>\n\
            <ul><li><a href=\"/docs/errors/\">Errors</a><ul><li><a href=\"/docs/errors/a\"><code>a</code></a></li></ul></li>\n\
            <li><a href=\"/docs/words\">Words</a></li></ul>\n";
        assert_eq!(nav, expected);
        assert!(marks.iter().all(|mark| nav.get(*mark..).unwrap().starts_with('>')));
    }
}
