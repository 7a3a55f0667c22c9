//! One page: Markdown to HTML.

use super::links::Link;
use pulldown_cmark::{CowStr, Event, LinkType, Options, Parser, Tag, TagEnd, html};

/// A page's headings, found before links are resolved.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Heading {
    /// Anchor that GitHub would give it, unique in the page.
    pub(crate) anchor: String,
    /// Text of the heading without markup.
    pub(crate) text: String,
}

fn parse(text: &str) -> Vec<Event<'_>> {
    Parser::new_ext(text, Options::ENABLE_TABLES).collect()
}

/// The headings of a page, with the anchors that GitHub would give them.
pub(crate) fn headings(text: &str) -> Vec<Heading> {
    let mut found: Vec<Heading> = Vec::new();
    let mut current: Option<String> = None;
    for event in parse(text) {
        match event {
            Event::Start(Tag::Heading { .. }) => current = Some(String::new()),
            Event::Text(text) | Event::Code(text) => {
                if let Some(current) = &mut current {
                    current.push_str(&text);
                }
            }
            Event::End(TagEnd::Heading(_)) => {
                let text = current.take().unwrap_or_default();
                let plain = slug(&text);
                let same = |anchor: &str| found.iter().any(|heading| heading.anchor == anchor);
                let mut anchor = plain.clone();
                let mut number = 1;
                while same(&anchor) {
                    anchor = format!("{plain}-{number}");
                    number += 1;
                }
                found.push(Heading { anchor, text });
            }
            _ => {}
        }
    }
    found
}

fn slug(text: &str) -> String {
    let kept = text.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect::<String>().to_lowercase()
}

/// Renders a page whose headings were found before; `resolve` says where each link leads.
///
/// # Errors
/// What `resolve` refuses, raw HTML and images.
pub(crate) fn render(
    text: &str,
    headings: &[Heading],
    resolve: impl Fn(&str) -> Result<Link, String>,
) -> Result<String, Vec<String>> {
    let mut problems = Vec::new();
    let mut events = Vec::new();
    let mut anchors = headings.iter().map(|heading| heading.anchor.as_str());
    let mut anchor = "";
    let mut linked = true;
    for event in parse(text) {
        match event {
            Event::Start(Tag::Heading { level, .. }) => {
                anchor = anchors.next().unwrap_or_default();
                let id = Some(CowStr::from(anchor.to_owned()));
                events.push(Event::Start(Tag::Heading { level, id, classes: Vec::new(), attrs: Vec::new() }));
            }
            Event::End(TagEnd::Heading(level)) => {
                // Its sign is in the style sheet, so that it is no part of the text.
                let link = format!(
                    " <a class=\"anchor\" href=\"#{anchor}\" aria-label=\"Link to this section\"></a>"
                );
                events.push(Event::InlineHtml(link.into()));
                events.push(Event::End(TagEnd::Heading(level)));
            }
            Event::Start(Tag::Link { dest_url, .. }) => match resolve(&dest_url) {
                Ok(Link::To(address)) => {
                    linked = true;
                    events.push(link_to(address));
                }
                Ok(Link::File) => linked = false,
                Err(problem) => {
                    linked = false;
                    problems.push(problem);
                }
            },
            Event::End(TagEnd::Link) => {
                if linked {
                    events.push(Event::End(TagEnd::Link));
                }
            }
            Event::Start(Tag::Table(columns)) => {
                events.push(Event::Html("<div class=\"table\">".into()));
                events.push(Event::Start(Tag::Table(columns)));
            }
            Event::End(TagEnd::Table) => {
                events.push(Event::End(TagEnd::Table));
                events.push(Event::Html("</div>\n".into()));
            }
            Event::Html(html) | Event::InlineHtml(html) => {
                problems.push(format!("raw HTML is not rendered: {}", html.trim()));
            }
            Event::Start(Tag::Image { dest_url, .. }) => {
                problems.push(format!("the book has no images: {dest_url}"));
            }
            event => events.push(event),
        }
    }
    let mut out = String::new();
    html::push_html(&mut out, events.into_iter());
    if problems.is_empty() { Ok(out) } else { Err(problems) }
}

fn link_to(address: String) -> Event<'static> {
    let (title, id) = (CowStr::from(""), CowStr::from(""));
    Event::Start(Tag::Link { link_type: LinkType::Inline, dest_url: address.into(), title, id })
}

/// A short Markdown text (a title) as HTML without a paragraph around it.
pub(crate) fn inline(text: &str) -> String {
    let events = parse(text).into_iter();
    let inner =
        events.filter(|event| !matches!(event, Event::Start(Tag::Paragraph) | Event::End(TagEnd::Paragraph)));
    let mut out = String::new();
    html::push_html(&mut out, inner);
    out.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn html(text: &str) -> Result<String, Vec<String>> {
        render(text, &headings(text), |link| match link {
            "dead" => Err("dead".into()),
            "file" => Ok(Link::File),
            link => Ok(Link::To(format!("/docs/{link}"))),
        })
    }

    #[test]
    fn anchors_are_githubs() {
        let text = "# The *SDK*: `host.js`\n## Limits\n## Limits\n## A, b & c_d\n";
        let anchors: Vec<String> = headings(text).into_iter().map(|heading| heading.anchor).collect();
        assert_eq!(anchors, ["the-sdk-hostjs", "limits", "limits-1", "a-b--c_d"]);
    }

    #[test]
    fn links_are_resolved_and_text_is_escaped() {
        let page = html("# A\n\n[b](c) [`d`](file) `<e>` \"f\"\n").unwrap();
        assert!(page.contains("<h1 id=\"a\">A <a class=\"anchor\" href=\"#a\""), "{page}");
        assert!(page.contains("<a href=\"/docs/c\">b</a> <code>d</code> <code>&lt;e&gt;</code>"), "{page}");
    }

    #[test]
    fn what_cannot_be_shown_fails() {
        for text in ["[a](dead)", "<b>x</b>", "<div>\n", "![a](b.png)"] {
            assert!(html(text).is_err(), "{text}");
        }
    }

    #[test]
    fn titles_have_no_paragraph() {
        assert_eq!(inline("`a` & b"), "<code>a</code> &amp; b");
    }
}
