//! Everything the rules need to know of a source file, collected in one pass over its tokens.
//!
//! `proc_macro2` splits the text into tokens, so literals and comments cannot be mistaken for code, and the bodies of
//! macro calls are read like all other code.

use std::ops::RangeInclusive;

use proc_macro2::{Delimiter, LineColumn, Literal, TokenStream, TokenTree};

use super::signature::{self, Function};
use super::tokens::{ident, inside, is_punct, is_separator, line, skip_attributes};
use super::uses::{self, Use};

/// A path with `::` in code, outside of `use`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct CodePath {
    pub(super) line: usize,
    /// The inline modules of the file that it lies in, outermost first.
    pub(super) module: Vec<String>,
    pub(super) segments: Vec<String>,
}

/// The doc comment of an item or a module.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Doc {
    /// The line of its start.
    pub(super) line: usize,
    /// The full text, one line per line.
    pub(super) text: String,
    /// True for `//!`, false for `///`.
    inner: bool,
}

/// A named item at module level.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Item {
    pub(super) line: usize,
    pub(super) module: Vec<String>,
    pub(super) name: String,
    /// True for a struct, enum, union, trait or type alias.
    pub(super) is_type: bool,
}

/// The facts of one file. All lines count from 1.
#[derive(Debug, Default)]
pub(super) struct Facts {
    pub(super) paths: Vec<CodePath>,
    pub(super) uses: Vec<Use>,
    pub(super) items: Vec<Item>,
    pub(super) functions: Vec<Function>,
    pub(super) docs: Vec<Doc>,
    /// Calls of `.unwrap()` and `.expect(…)`.
    pub(super) unwraps: Vec<usize>,
    /// `static` items and `thread_local!` that hold changeable state.
    pub(super) shared_state: Vec<usize>,
    /// Lines that are compiled for tests only.
    pub(super) test_lines: Vec<RangeInclusive<usize>>,
    /// Modules in files of their own that are compiled for tests only.
    pub(super) test_modules: Vec<String>,
    literals: Vec<(LineColumn, LineColumn)>,
}

/// Type names that turn a `static` into state shared by every server of a process.
const SHARED: [&str; 6] = ["OnceLock", "LazyLock", "OnceCell", "LazyCell", "Mutex", "RwLock"];

/// Keywords in front of an item's name, and whether the item is a type.
const ITEMS: [(&str, bool); 8] = [
    ("struct", true),
    ("enum", true),
    ("union", true),
    ("trait", true),
    ("type", true),
    ("fn", false),
    ("const", false),
    ("static", false),
];

impl Facts {
    /// # Errors
    /// The text is not Rust: its brackets or literals do not end.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        let tokens: TokenStream = text.parse().map_err(|e| format!("{e}"))?;
        let mut facts = Self::default();
        facts.walk(&tokens.into_iter().collect::<Vec<_>>(), Some(&[]));
        Ok(facts)
    }

    /// Returns true if this place of the text is inside a string, character or number literal.
    pub(super) fn is_literal(&self, at: LineColumn) -> bool {
        self.literals.iter().any(|(start, end)| *start <= at && at < *end)
    }

    /// Reads the tokens of one pair of brackets, and of those inside. `module` is `None` where no items of a module
    /// are declared: in bodies, types and arguments.
    fn walk(&mut self, trees: &[TokenTree], module: Option<&[String]>) {
        let mut at = 0;
        let mut doc: Option<Doc> = None;
        while let Some(tree) = trees.get(at) {
            if is_punct(Some(tree), '#')
                && let Some((attribute, next)) = attribute(trees, at)
            {
                match doc_line(&attribute) {
                    Some(text) => {
                        // A comment of the module ends before one of its first item.
                        let inner = is_punct(trees.get(at + 1), '!');
                        self.docs.extend(doc.take_if(|doc| doc.inner != inner));
                        let doc =
                            doc.get_or_insert_with(|| Doc { line: line(tree), inner, text: String::new() });
                        doc.text.push_str(&text);
                        doc.text.push('\n');
                    }
                    None => self.attribute(&attribute, trees, at, next),
                }
                at = next;
                continue;
            }
            self.docs.extend(doc.take());
            at = match tree {
                TokenTree::Group(group) => {
                    self.walk(&group.stream().into_iter().collect::<Vec<_>>(), None);
                    at + 1
                }
                TokenTree::Literal(literal) => {
                    self.literals.push((literal.span().start(), literal.span().end()));
                    at + 1
                }
                TokenTree::Punct(_) => {
                    self.unwraps.extend(unwrap(trees, at).then(|| line(tree)));
                    at + 1
                }
                TokenTree::Ident(_) => self.word(trees, at, module),
            };
        }
        self.docs.extend(doc);
    }

    /// Reads what starts with an identifier; returns the position behind what was read.
    fn word(&mut self, trees: &[TokenTree], at: usize, module: Option<&[String]>) -> usize {
        let Some(tree) = trees.get(at) else { return at + 1 };
        let word = ident(Some(tree)).unwrap_or_default();
        let name = ident(trees.get(at + 1));
        if let (Some(module), Some(name)) = (module, &name) {
            if word == "mod"
                && let Some(body) = inside(trees.get(at + 2), Delimiter::Brace)
            {
                let mut deeper = module.to_vec();
                deeper.push(name.clone());
                self.walk(&body, Some(&deeper));
                return at + 3;
            }
            if let Some((_, is_type)) = ITEMS.iter().find(|(keyword, _)| *keyword == word) {
                let (name, module) = (name.clone(), module.to_vec());
                self.items.push(Item { line: line(tree), module, name, is_type: *is_type });
            }
        }
        match word.as_str() {
            "use" if !is_punct(trees.get(at + 1), '<') => {
                let end = at + trees.iter().skip(at).take_while(|tree| !is_punct(Some(tree), ';')).count();
                self.uses.extend(uses::read(trees.get(at + 1..end).unwrap_or_default(), module));
                end
            }
            "fn" if name.is_some() => {
                self.functions.extend(signature::read(trees, at));
                at + 2
            }
            "static" if !is_lifetime(trees, at) => {
                self.shared_state.extend(is_shared(trees.get(at..).unwrap_or_default()).then(|| line(tree)));
                at + 1
            }
            "thread_local" if is_punct(trees.get(at + 1), '!') => {
                self.shared_state.push(line(tree));
                at + 1
            }
            _ => self.path(trees, at, word, module),
        }
    }

    /// Reads a path that starts here, if it has more than one segment and is not the rest of a longer one.
    fn path(&mut self, trees: &[TokenTree], at: usize, first: String, module: Option<&[String]>) -> usize {
        let (mut segments, mut next) = (vec![first], at + 1);
        while is_separator(trees, next)
            && let Some(segment) = ident(trees.get(next + 2))
        {
            segments.push(segment);
            next += 3;
        }
        let continues = at >= 3
            && is_separator(trees, at - 2)
            && (ident(trees.get(at - 3)).is_some() || is_punct(trees.get(at - 3), '>'));
        if let (Some(tree), true) = (trees.get(at), segments.len() > 1 && !continues) {
            let module = module.map(<[String]>::to_vec).unwrap_or_default();
            self.paths.push(CodePath { line: line(tree), module, segments });
        }
        next
    }

    /// Reads an attribute that is no doc comment, and finds what `#[cfg(test)]` leaves to tests.
    fn attribute(&mut self, attribute: &[TokenTree], trees: &[TokenTree], at: usize, next: usize) {
        self.walk(attribute, None);
        let condition = inside(attribute.get(1), Delimiter::Parenthesis);
        let is_cfg = ident(attribute.first()).is_some_and(|word| word == "cfg");
        if !is_cfg || !condition.is_some_and(|condition| wants_test(&condition)) {
            return;
        }
        let item = skip_attributes(trees, next);
        let end = item_end(trees, item);
        if let (Some(first), Some(last)) = (trees.get(at), trees.get(end).or(trees.last())) {
            self.test_lines.push(line(first)..=last.span().end().line);
        }
        let words = trees.get(item..end).unwrap_or_default();
        let named = words.iter().position(|tree| ident(Some(tree)).is_some_and(|word| word == "mod"));
        if let (Some(named), true) = (named, is_punct(trees.get(end), ';')) {
            self.test_modules.extend(ident(words.get(named + 1)));
        }
    }
}

/// Returns the content of the attribute that starts at `at`, and the position behind it.
fn attribute(trees: &[TokenTree], at: usize) -> Option<(Vec<TokenTree>, usize)> {
    let open = if is_punct(trees.get(at + 1), '!') { at + 2 } else { at + 1 };
    Some((inside(trees.get(open), Delimiter::Bracket)?, open + 1))
}

/// Returns the text of `doc = "…"`, which is what a doc comment becomes.
fn doc_line(attribute: &[TokenTree]) -> Option<String> {
    match attribute {
        [TokenTree::Ident(word), TokenTree::Punct(_), TokenTree::Literal(text)] if word == "doc" => {
            Some(unquoted(text))
        }
        _ => None,
    }
}

fn unquoted(literal: &Literal) -> String {
    let text = literal.to_string();
    text.trim_start_matches(['r', '#', '"']).trim_end_matches(['#', '"']).trim().to_owned()
}

fn unwrap(trees: &[TokenTree], at: usize) -> bool {
    let arguments = inside(trees.get(at + 2), Delimiter::Parenthesis);
    is_punct(trees.get(at), '.')
        && match ident(trees.get(at + 1)).as_deref() {
            Some("unwrap") => arguments.is_some_and(|arguments| arguments.is_empty()),
            Some("expect") => arguments.is_some(),
            _ => false,
        }
}

fn is_lifetime(trees: &[TokenTree], at: usize) -> bool {
    at.checked_sub(1).is_some_and(|before| is_punct(trees.get(before), '\''))
}

fn is_shared(item: &[TokenTree]) -> bool {
    let mut words =
        item.iter().take_while(|tree| !is_punct(Some(tree), ';')).filter_map(|tree| ident(Some(tree)));
    words.any(|word| SHARED.contains(&word.as_str()) || word.starts_with("Atomic"))
}

/// Returns true if the condition of a `cfg` holds in tests only: it names `test`, or a feature of that name, and
/// negates nothing.
fn wants_test(condition: &[TokenTree]) -> bool {
    let mut words = Vec::new();
    flatten(condition, &mut words);
    words.iter().any(|word| word == "test" || word == "\"test\"") && !words.iter().any(|word| word == "not")
}

fn flatten(trees: &[TokenTree], words: &mut Vec<String>) {
    for tree in trees {
        match tree {
            TokenTree::Group(group) => flatten(&group.stream().into_iter().collect::<Vec<_>>(), words),
            other => words.push(other.to_string()),
        }
    }
}

/// Returns the position of the `;`, `}` or, for a field, `,` that an item ends with.
fn item_end(trees: &[TokenTree], item: usize) -> usize {
    let mut start = item;
    if ident(trees.get(start)).is_some_and(|word| word == "pub") {
        start += if inside(trees.get(start + 1), Delimiter::Parenthesis).is_some() { 2 } else { 1 };
    }
    let is_use = ident(trees.get(start)).is_some_and(|word| word == "use");
    let is_field = is_punct(trees.get(start + 1), ':') && !is_separator(trees, start + 1);
    let ends = |tree: &TokenTree| {
        is_punct(Some(tree), ';')
            || (is_field && is_punct(Some(tree), ','))
            || (!is_use && !is_field && inside(Some(tree), Delimiter::Brace).is_some())
    };
    trees.iter().skip(start).position(ends).map_or(trees.len(), |ahead| start + ahead)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(text: &str) -> Facts {
        Facts::read(text).unwrap()
    }

    #[test]
    fn literals_and_comments_are_no_code_and_macro_bodies_are() {
        let text =
            "fn f() { let a = \"x::y() // z\"; // x::y()\n select! { b = crate::g() => h::i(b).unwrap() } }";
        let found = facts(text);
        let paths: Vec<String> = found.paths.iter().map(|path| path.segments.join("::")).collect();
        assert_eq!(paths, ["crate::g", "h::i"]);
        assert_eq!(found.unwraps, [2]);
        assert!(found.is_literal(LineColumn { line: 1, column: 26 }));
        assert!(!found.is_literal(LineColumn { line: 1, column: 33 }));
    }

    #[test]
    fn a_path_is_read_once_and_in_full() {
        let found =
            facts("fn f<'a>(x: &'static str) { a::b::<c::D>::e(); ::std::mem::take(x); <G as h::I>::j() }");
        let paths: Vec<String> = found.paths.iter().map(|path| path.segments.join("::")).collect();
        assert_eq!(paths, ["a::b", "c::D", "std::mem::take", "h::I"]);
    }

    #[test]
    fn items_belong_to_their_module_and_bodies_declare_none() {
        let found = facts("struct A; mod m { pub enum B {} impl B { type C = u8; fn d() { struct E; } } }");
        let types: Vec<(String, String)> =
            found.items.into_iter().filter(|i| i.is_type).map(|i| (i.module.join("::"), i.name)).collect();
        assert_eq!(types, [(String::new(), "A".into()), ("m".into(), "B".into())]);
    }

    #[test]
    fn what_cfg_test_covers_ends_with_its_item() {
        let text = "#[cfg(test)]\nuse a::{b, c};\nfn d() {}\n#[cfg(any(test, feature = \"test\"))]\n#[x]\npub mod e;\n\
            struct F {\n #[cfg(test)]\n g: u8,\n h: u8,\n}\n#[cfg(not(test))]\nfn i() {}\n";
        let found = facts(text);
        assert_eq!(found.test_lines, [1..=2, 4..=6, 8..=9]);
        assert_eq!(found.test_modules, ["e"]);
    }

    #[test]
    fn doc_comments_are_joined_and_placed() {
        let found = facts(
            "//! Module.\n\n/// One\n/// two.\n#[x]\nstruct A {\n    /// Field \"f\".\n    f: u8,\n}\n",
        );
        let docs: Vec<(usize, &str)> = found.docs.iter().map(|doc| (doc.line, doc.text.trim())).collect();
        assert_eq!(docs, [(1, "Module."), (3, "One\ntwo."), (7, "Field \\\"f\\\".")]);
    }

    #[test]
    fn state_that_servers_would_share_is_found() {
        let text = "static A: &str = x;\nstatic B: LazyLock<u8> = y();\nfn f(x: &'static Mutex<u8>) {}\nthread_local! { static C: u8 = 1; }";
        assert_eq!(facts(text).shared_state, [2, 4]);
    }
}
