//! Lists: query parameters, cursors and pages.

use super::extract::Shared;
use crate::problem::Problem;
use crate::query;
use axum::extract::FromRequestParts;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use footbridge_api::List;
use footbridge_engine::Page;
use footbridge_model::name::AppName;
use footbridge_model::words;
use http::request::Parts;
use std::fmt;
use std::str::FromStr;

/// The default number of items of a page.
const LIMIT: u32 = 50;
/// The most items of a page.
const MAX_LIMIT: u32 = 250;

/// The query parameters of a list.
#[derive(Debug)]
pub(super) struct Params(Vec<(String, String)>);

impl FromRequestParts<Shared> for Params {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &Shared) -> Result<Self, Problem> {
        let pairs = query::parameters(parts.uri.query());
        Ok(Self(pairs.map(|(name, value)| (name.into_owned(), value.into_owned())).collect()))
    }
}

impl Params {
    /// Returns the requested page of `list`. `filters` are the further parameters of the list.
    ///
    /// # Errors
    /// An unknown, repeated or wrong parameter.
    pub(super) fn window(&self, list: &'static str, filters: &[&str]) -> Result<ListPage, Problem> {
        self.refuse_others(&[&["limit", "cursor"], filters].concat())?;
        let limit = self.text("limit").map(str::parse).transpose();
        let limit =
            limit.ok().map(|limit| limit.unwrap_or(LIMIT)).filter(|limit| (1..=MAX_LIMIT).contains(limit));
        let limit =
            limit.ok_or_else(|| Problem::parameter("limit", format_args!("must be 1 to {MAX_LIMIT}")))?;
        let after =
            self.text("cursor").map(|cursor| decode(list, cursor).ok_or_else(bad_cursor)).transpose()?;
        Ok(ListPage { list, limit, after })
    }

    /// Checks that no other parameters are given, and none twice.
    ///
    /// # Errors
    /// An unknown or repeated parameter.
    pub(super) fn refuse_others(&self, known: &[&str]) -> Result<(), Problem> {
        let mut seen: Vec<&str> = Vec::new();
        for (name, _) in &self.0 {
            if !known.contains(&name.as_str()) {
                let known = known.join("`, `");
                let what = if known.is_empty() {
                    "is not known here; this path has no parameters".to_owned()
                } else {
                    format!("is not known here; known are `{known}`")
                };
                return Err(Problem::parameter(&words::shown(name), what));
            }
            if seen.contains(&name.as_str()) {
                return Err(Problem::parameter(name, "is given twice"));
            }
            seen.push(name);
        }
        Ok(())
    }

    /// Returns the text of a parameter.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Returns a parsed parameter.
    pub(super) fn read<T: FromStr<Err: fmt::Display>>(&self, name: &str) -> Result<Option<T>, Problem> {
        self.parse(name, |text| {
            text.parse::<T>().map_err(|error| {
                let error = error.to_string();
                if is_about_digits(&error) {
                    "it must be a whole number in its range".to_owned()
                } else {
                    error
                }
            })
        })
    }

    /// Returns a parameter parsed by `read`.
    pub(super) fn parse<T, E: fmt::Display>(
        &self,
        name: &str,
        read: impl FnOnce(&str) -> Result<T, E>,
    ) -> Result<Option<T>, Problem> {
        let read = self.text(name).map(read).transpose();
        read.map_err(|error| Problem::parameter(name, format_args!("is wrong: {error}")))
    }

    /// Returns a parameter that is the name of an app, or `bolt`.
    pub(super) fn app(&self, name: &str) -> Result<Option<AppName>, Problem> {
        let read =
            |text| AppName::any(text).ok_or_else(|| Problem::parameter(name, "is not the name of an app"));
        self.text(name).map(read).transpose()
    }

    /// Returns a parameter that is `true` or `false`.
    pub(super) fn flag(&self, name: &str) -> Result<Option<bool>, Problem> {
        let read = self.text(name).map(str::parse).transpose();
        read.map_err(|_| Problem::parameter(name, "must be `true` or `false`"))
    }
}

/// The requested page of a list.
#[derive(Debug)]
pub(super) struct ListPage {
    list: &'static str,
    limit: u32,
    after: Option<String>,
}

impl ListPage {
    /// Returns the key that the page begins after.
    pub(super) fn after<T>(&self, read: impl FnOnce(&str) -> Option<T>) -> Result<Option<T>, Problem> {
        self.after.as_deref().map(|text| read(text).ok_or_else(bad_cursor)).transpose()
    }

    /// Returns the largest number of items.
    pub(super) const fn limit(&self) -> u32 {
        self.limit
    }

    /// Returns how many items to fetch: one more than is shown, to see whether more follow.
    pub(super) fn fetch(&self) -> usize {
        self.limit as usize + 1
    }

    /// Returns the page for a journal that lists newest first. It has one item more than is shown, to see whether more follow.
    pub(super) fn of_journal<T: FromStr>(&self, number: impl FnOnce(T) -> u64) -> Result<Page, Problem> {
        let before = self.after(|text| text.parse().ok())?.map(number);
        Ok(Page { before, limit: self.limit + 1 })
    }

    /// Returns the page of items in memory that are sorted by `key`.
    pub(super) fn of_sorted<T, K: Ord>(
        &self,
        items: impl IntoIterator<Item = T>,
        after: Option<&K>,
        key: impl Fn(&T) -> K,
    ) -> Vec<T> {
        let beyond = |item: &T| after.is_none_or(|after| key(item) > *after);
        items.into_iter().filter(beyond).take(self.limit as usize + 1).collect()
    }

    /// Renders the page. `key` returns the key that the next page begins after.
    pub(super) fn list<T, V>(
        &self,
        rows: Vec<T>,
        key: impl Fn(&T) -> String,
        view: impl Fn(T) -> V,
    ) -> List<V> {
        let (rows, next) = self.cut(rows, key);
        List { data: rows.into_iter().map(view).collect(), next }
    }

    /// Returns the cursor of the page that begins after this key.
    pub(super) fn cursor(&self, key: &str) -> String {
        encode(self.list, key)
    }

    /// Returns the rows of the page, and the cursor of the next page if more follow.
    pub(super) fn cut<T>(&self, mut rows: Vec<T>, key: impl Fn(&T) -> String) -> (Vec<T>, Option<String>) {
        let more = rows.len() > self.limit as usize;
        rows.truncate(self.limit as usize);
        let next = rows.last().filter(|_| more).map(|row| encode(self.list, &key(row)));
        (rows, next)
    }
}

fn bad_cursor() -> Problem {
    Problem::parameter("cursor", "is not a value of `next` of this list")
}

fn encode(list: &str, key: &str) -> String {
    URL_SAFE_NO_PAD.encode(format!("{list}:{key}"))
}

fn decode(list: &str, cursor: &str) -> Option<String> {
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
    text.strip_prefix(list)?.strip_prefix(':').map(str::to_owned)
}

/// Returns true for the words with which the standard library refuses a number.
fn is_about_digits(error: &str) -> bool {
    ["invalid digit found", "number too ", "cannot parse integer"]
        .iter()
        .any(|words| error.starts_with(words))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(query: &[(&str, &str)]) -> Result<ListPage, Problem> {
        let pairs = query.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Params(pairs).window("things", &["app"])
    }

    #[test]
    fn pages_follow_each_other_without_gaps() {
        let mut cursor: Option<String> = None;
        let mut seen = Vec::new();
        loop {
            let mut query = vec![("limit", "3")];
            query.extend(cursor.as_deref().map(|cursor| ("cursor", cursor)));
            let window = window(&query).unwrap();
            let after = window.after(|text| text.parse::<u32>().ok()).unwrap();
            let rows = window.of_sorted(0..9_u32, after.as_ref(), |n| *n);
            let page = window.list(rows, ToString::to_string, |n| n);
            seen.extend(page.data);
            match page.next {
                Some(next) => cursor = Some(next),
                None => break,
            }
        }
        assert_eq!(seen, (0..9).collect::<Vec<_>>());
    }

    #[test]
    fn a_wrong_parameter_is_named() {
        let other = encode("others", "1");
        for (query, name) in [
            (vec![("limit", "0")], "limit"),
            (vec![("limit", "251")], "limit"),
            (vec![("limit", "")], "limit"),
            (vec![("cursor", "nonsense")], "cursor"),
            (vec![("cursor", other.as_str())], "cursor"),
            (vec![("lmit", "5")], "lmit"),
            (vec![("app", "a"), ("app", "b")], "app"),
        ] {
            let problem = window(&query).unwrap_err();
            let text = serde_json::to_string(&problem).unwrap();
            assert!(text.contains(&format!("`{name}`")), "{text}");
        }
    }
}
