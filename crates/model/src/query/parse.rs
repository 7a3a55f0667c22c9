//! Reads queries. Every error names the term, its position and what is allowed.

use super::body::{BodyTest, Segment};
use super::glob::Glob;
use super::terms::{Condition, Query, Term, is_plain_member};
use super::values::AnyId;
use crate::duration;
use crate::name::AppName;
use crate::provenance::{TraceId, Via};
use crate::words;
use std::fmt;
use std::str::FromStr;

/// The longest query, in bytes.
const MAX_LENGTH: usize = 4096;
/// The largest number of terms of a query.
const MAX_TERMS: usize = 32;
/// The longest path of a body term.
const MAX_PATH: usize = 64;

const KEYS: [&str; 17] = [
    "app", "to", "name", "status", "code", "error", "since", "until", "body.", "took", "via", "id", "hook",
    "event", "trace", "cause", "test",
];

/// The reason why a text is not a query.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.in_words())]
pub struct QueryError {
    /// The text of the term, shortened.
    term: String,
    /// The position of its first character; the first of the text is 1. `None` if the whole query is at fault.
    position: Option<usize>,
    message: String,
}

impl QueryError {
    /// The error of a term of a query that was read before.
    pub(super) fn of_term(term: &Term, message: String) -> Self {
        Self { term: shown(&term.to_string()), position: None, message }
    }

    fn in_words(&self) -> String {
        let Self { term, position, message } = self;
        match position {
            Some(position) => format!("the term `{term}` at character {position}: {message}"),
            None if term.is_empty() => message.clone(),
            None => format!("the term `{term}`: {message}"),
        }
    }
}

fn shown(term: &str) -> String {
    words::shown(term)
}

impl Query {
    /// Reads a query.
    ///
    /// ```
    /// use footbridge_model::query::Query;
    ///
    /// let query = Query::parse("app:shop name:\"a b\" -status:dead paid").unwrap();
    /// assert_eq!(query.to_string(), "app:shop name:\"a b\" -status:dead name:*paid*");
    /// let error = Query::parse("status:dead stat:x").unwrap_err().to_string();
    /// assert!(error.starts_with("the term `stat:x` at character 13: `stat` is not known here"), "{error}");
    /// ```
    ///
    /// # Errors
    /// [`QueryError`] for the first term that is wrong.
    pub fn parse(text: &str) -> Result<Self, QueryError> {
        let whole = |message: String| QueryError { term: String::new(), position: None, message };
        if text.len() > MAX_LENGTH {
            return Err(whole(format!("the query is longer than {MAX_LENGTH} bytes")));
        }
        let mut reader = Reader { text, at: 0 };
        let mut terms = Vec::new();
        while reader.skip_blanks() {
            if terms.len() == MAX_TERMS {
                return Err(whole(format!("the query has more than {MAX_TERMS} terms")));
            }
            let start = reader.at;
            let read = reader.term();
            let term = read.map_err(|message| {
                let end = text.len().min(if reader.at > start { reader.at } else { text.len() });
                let position = text.get(..start).map_or(0, |before| before.chars().count()) + 1;
                let term = shown(text.get(start..end).unwrap_or_default());
                QueryError { term, position: Some(position), message }
            })?;
            terms.push(term);
        }
        Ok(Self { terms })
    }
}

impl FromStr for Query {
    type Err = QueryError;

    fn from_str(text: &str) -> Result<Self, QueryError> {
        Self::parse(text)
    }
}

/// A text, and the place from which it is read on.
struct Reader<'a> {
    text: &'a str,
    at: usize,
}

/// The word before a value.
enum TermKey<'a> {
    Plain(&'a str),
    Body(Vec<Segment>),
}

impl<'a> Reader<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn next_char(&self) -> Option<char> {
        self.rest().chars().next()
    }

    /// Steps over this text, if it comes next.
    fn take(&mut self, text: &str) -> bool {
        let follows = self.rest().starts_with(text);
        if follows {
            self.at += text.len();
        }
        follows
    }

    /// Reads up to the first character that ends it.
    fn take_until(&mut self, ends: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let length = rest.find(ends).unwrap_or(rest.len());
        self.at += length;
        rest.get(..length).unwrap_or_default()
    }

    /// Steps over blanks, and returns false at the end of the text.
    fn skip_blanks(&mut self) -> bool {
        self.take_until(|c| !c.is_whitespace());
        !self.rest().is_empty()
    }

    fn term(&mut self) -> Result<Term, String> {
        let negated = self.take("-");
        let condition = if self.next_char() == Some('"') {
            let word = self.quoted()?;
            self.check_end()?;
            bare(&word)?
        } else {
            let start = self.at;
            if let Some(key) = self.key()? {
                self.condition(key)?
            } else {
                self.at = start;
                bare(self.take_until(char::is_whitespace))?
            }
        };
        if negated && matches!(condition, Condition::Since(_) | Condition::Until(_)) {
            return Err(
                "a time cannot be negated; write `until:` for `-since:` and the other way round".to_owned()
            );
        }
        Ok(Term { negated, condition })
    }

    /// Reads the key and its colon. Returns `None` if the word has no colon.
    fn key(&mut self) -> Result<Option<TermKey<'a>>, String> {
        let word = self.take_until(|c| c.is_whitespace() || matches!(c, ':' | '.' | '['));
        if word == "body" && matches!(self.next_char(), Some('.' | '[' | ':')) {
            return self.path().map(|path| Some(TermKey::Body(path)));
        }
        let more = self.take_until(|c| c.is_whitespace() || c == ':');
        if !self.take(":") {
            return Ok(None);
        }
        let whole = if more.is_empty() {
            word
        } else {
            self.text.get(self.at - 1 - word.len() - more.len()..self.at - 1).unwrap_or_default()
        };
        Ok(Some(TermKey::Plain(whole)))
    }

    /// Reads the steps after `body`, and the colon.
    fn path(&mut self) -> Result<Vec<Segment>, String> {
        const HOW: &str = "write a member of the body as `body.order.id:42`, `body.items[0].sku:x` or `body[\"odd name\"]:x`";
        let mut path = Vec::new();
        loop {
            if self.take(":") {
                return Ok(path);
            }
            if path.len() == MAX_PATH {
                return Err(format!("a path has at most {MAX_PATH} steps"));
            }
            if self.take(".") {
                let name = self.take_until(|c| c.is_whitespace() || matches!(c, '.' | '[' | ']' | ':' | '"'));
                if !is_plain_member(name) {
                    return Err(HOW.to_owned());
                }
                path.push(Segment::Member(name.to_owned()));
            } else if self.take("[\"") {
                self.at -= 1;
                let name = self.quoted()?;
                path.push(Segment::Member(name));
                if !self.take("]") {
                    return Err(HOW.to_owned());
                }
            } else if self.take("[") {
                let digits = self.take_until(|c| !c.is_ascii_digit());
                path.push(Segment::Element(digits.parse().map_err(|_| HOW)?));
                if !self.take("]") {
                    return Err(HOW.to_owned());
                }
            } else {
                return Err(HOW.to_owned());
            }
        }
    }

    /// Reads a text in quotes.
    fn quoted(&mut self) -> Result<String, String> {
        let mut text = String::new();
        let mut chars = self.rest().char_indices().skip(1);
        while let Some((place, c)) = chars.next() {
            match c {
                '"' => {
                    self.at += place + 1;
                    return Ok(text);
                }
                '\\' => match chars.next() {
                    Some((_, c @ ('"' | '\\'))) => text.push(c),
                    _ => {
                        return Err(
                            "in quotes, write `\\\"` for a quote and `\\\\` for a backslash".to_owned()
                        );
                    }
                },
                other => text.push(other),
            }
        }
        Err("the closing quote is missing".to_owned())
    }

    fn check_end(&self) -> Result<(), String> {
        match self.next_char() {
            Some(c) if !c.is_whitespace() => Err("a blank must follow the closing quote".to_owned()),
            _ => Ok(()),
        }
    }

    /// Reads the value after a key.
    fn condition(&mut self, key: TermKey<'a>) -> Result<Condition, String> {
        let quoted = self.next_char() == Some('"');
        let value = if quoted {
            let value = self.quoted()?;
            self.check_end()?;
            value
        } else {
            self.take_until(char::is_whitespace).to_owned()
        };
        match key {
            TermKey::Body(_) if value.is_empty() && !quoted => {
                Err("the value is missing; write `\"\"` for an empty text".to_owned())
            }
            TermKey::Body(path) => Ok(Condition::Body(BodyTest { path, value: Glob::exact(&value), quoted })),
            TermKey::Plain(key) => condition(key, &value),
        }
    }
}

/// The condition of a word without a key.
fn bare(word: &str) -> Result<Condition, String> {
    if word.is_empty() {
        return Err("there is nothing after the `-`".to_owned());
    }
    Ok(match word.parse() {
        Ok(id) => Condition::Id(id),
        Err(_) => Condition::Name(Glob::without_case(&format!("*{word}*"))),
    })
}

fn condition(key: &str, value: &str) -> Result<Condition, String> {
    if !KEYS.contains(&key) {
        let advice = words::unknown(key, &KEYS);
        return Err(format!("`{}` {advice}; a text with a colon needs quotes", words::shown(key)));
    }
    if value.is_empty() {
        return Err(format!("the value after `{key}:` is missing"));
    }
    Ok(match key {
        "app" => Condition::App(app(value)?),
        "to" => Condition::To(app(value)?),
        "name" => Condition::Name(Glob::without_case(value)),
        "status" => Condition::Status(read(value)?),
        "code" => Condition::Code(read(value)?),
        "error" => Condition::Error(value.to_lowercase()),
        "since" => Condition::Since(read(value)?),
        "until" => Condition::Until(read(value)?),
        "took" => took(value)?,
        "via" => Condition::Via(read::<Via>(value)?),
        "id" => Condition::Id(read(value)?),
        "hook" => Condition::Hook(read(value)?),
        "event" => Condition::Event(read(value)?),
        "trace" => {
            Condition::Trace(TraceId::parse(value).ok_or("a trace is 32 lower-case hexadecimal digits")?)
        }
        "cause" => Condition::Cause(read::<AnyId>(value)?),
        "test" => Condition::Test(value.parse().map_err(|_| "it must be `true` or `false`")?),
        _ => return Err("write a member of the body, such as `body.order.id:42`".to_owned()),
    })
}

fn read<T: FromStr<Err: fmt::Display>>(value: &str) -> Result<T, String> {
    value.parse().map_err(|error: T::Err| error.to_string())
}

fn app(value: &str) -> Result<AppName, String> {
    AppName::any(value).ok_or_else(|| "it is not the name of an app".to_owned())
}

fn took(value: &str) -> Result<Condition, String> {
    let span = |text| duration::parse(text);
    match (value.strip_prefix('>'), value.strip_prefix('<')) {
        (Some(text), _) => span(text).map(Condition::LongerThan),
        (_, Some(text)) => span(text).map(Condition::ShorterThan),
        _ => Err("write `took:>2s` for longer or `took:<100ms` for shorter".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_term_is_written_as_it_is_read() {
        for text in [
            "app:shop to:bolt name:order-* status:dead code:5xx error:timeout since:2h until:09:30",
            "-status:running -code:EVENT_DELIVERY_FAILED took:>2s took:<100ms via:page test:true",
            "id:evt_0000000000001 hook:hook_0000000000001 event:evt_0000000000001 cause:exc_0000000000001",
            "trace:4bf92f3577b34da6a3ce929d0e0e4736 since:2026-01-31T12:00:00.000Z",
            "body.a.b[0]:42 body[\"a b\"].c:\"42\" body.x:\"\" -body.y:null body:true",
            "name:\"a \\\"b\\\" \\\\\" error:\"not found\"",
            "",
        ] {
            assert_eq!(Query::parse(text).unwrap().to_string(), text);
        }
        for (text, same) in [
            ("  evt_0000000000001\t-paid ", "id:evt_0000000000001 -name:*paid*"),
            ("\"two words\"", "name:\"*two words*\""),
            ("error:TimeOut name:a\"b", "error:timeout name:a\"b"),
            ("since:120m bodys", "since:2h name:*bodys*"),
            ("a.b", "name:*a.b*"),
        ] {
            assert_eq!(Query::parse(text).unwrap().to_string(), same, "{text}");
        }
    }

    #[test]
    fn errors_name_the_term_its_position_and_what_is_allowed() {
        for (text, begin, part) in [
            ("statsu:dead", "the term `statsu:dead` at character 1: `statsu` ", "did you mean `status`"),
            ("é x:1", "the term `x:1` at character 3: ", "nown are `app`"),
            ("a.b:1", "the term `a.b:1` at character 1: `a.b` ", "nown are"),
            ("http://x", "the term `http://x` at character 1: ", "quotes"),
            ("status:bad", "the term `status:bad` at character 1: ", "`pending`"),
            ("app:", "the term `app:` at character 1: ", "missing"),
            ("app:a/b", "the term `app:a/b` at character 1: ", "name of an app"),
            ("-since:2h", "the term `-since:2h` at character 1: ", "negated"),
            ("took:2s", "the term `took:2s` at character 1: ", "took:>2s"),
            ("name:\"a", "the term `name:` at character 1: ", "closing quote"),
            ("name:\"a\"b", "the term `name:\"a\"` at character 1: ", "blank"),
            ("name:\"a\\n\"", "the term `name:` at character 1: ", "backslash"),
            ("a -", "the term `-` at character 3: ", "nothing"),
            ("body.:1", "the term `body.` at character 1: ", "body.order.id"),
            ("body[x]:1", "the term `body[` at character 1: ", "body.order.id"),
            ("body.a:", "the term `body.a:` at character 1: ", "missing"),
            ("trace:1", "the term `trace:1` at character 1: ", "32"),
            ("test:yes", "the term `test:yes` at character 1: ", "`true`"),
        ] {
            let error = Query::parse(text).unwrap_err().to_string();
            assert!(error.starts_with(begin) && error.contains(part), "{text}: {error}");
        }
        assert!(Query::parse(&"a ".repeat(33)).unwrap_err().to_string().contains("32 terms"));
        assert!(Query::parse(&"a".repeat(5000)).unwrap_err().to_string().contains("4096"));
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in any::<String>()) {
            let _ = Query::parse(&text);
        }

        #[test]
        fn what_was_read_is_written_and_read_again(
            text in r#"(-?(app|to|name|status|code|error|since|took|via|id|body\.a|body\["é x"\]|body\[3\]|test|x)?(:| )("[a-z \\"*]{0,6}"|[>2-]?[0-9a-z*:é]{0,8})( |\t)?){0,5}"#
        ) {
            match Query::parse(&text) {
                Ok(query) => prop_assert_eq!(Query::parse(&query.to_string()), Ok(query)),
                Err(error) => prop_assert!(error.to_string().contains("the term `")),
            }
        }
    }
}
