//! Conditional requests and ranges (RFC 9110 §13 and §14).

use http::header::{HeaderMap, HeaderName, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE, RANGE};
use std::time::{Duration, SystemTime};

/// What tells one version of a file from another.
#[derive(Debug)]
pub(super) struct Version {
    /// Its length, in bytes.
    pub(super) length: u64,
    /// A strong entity tag.
    pub(super) tag: String,
    /// When it was changed, in whole seconds as HTTP writes them; `None` before 1970.
    pub(super) changed: Option<SystemTime>,
}

impl Version {
    pub(super) fn new(length: u64, changed: Option<SystemTime>) -> Self {
        let since = changed.and_then(|time| time.duration_since(SystemTime::UNIX_EPOCH).ok());
        let tag = format!("\"{:x}-{length:x}\"", since.unwrap_or_default().as_nanos());
        let changed = since.map(|since| SystemTime::UNIX_EPOCH + Duration::from_secs(since.as_secs()));
        Self { length, tag, changed }
    }

    /// The value of `Last-Modified`.
    pub(super) fn date(&self) -> Option<String> {
        self.changed.map(httpdate::fmt_http_date)
    }

    /// Whether the client has this version already.
    pub(super) fn is_known(&self, headers: &HeaderMap) -> bool {
        if headers.contains_key(IF_NONE_MATCH) {
            let same = |known: &str| known == "*" || known.strip_prefix("W/").unwrap_or(known) == self.tag;
            return values(headers, &IF_NONE_MATCH)
                .flat_map(|value| value.split(','))
                .map(str::trim)
                .any(same);
        }
        let since = values(headers, &IF_MODIFIED_SINCE)
            .next()
            .and_then(|value| httpdate::parse_http_date(value).ok());
        self.changed.zip(since).is_some_and(|(changed, since)| changed <= since)
    }

    /// Which part is asked for.
    pub(super) fn part(&self, headers: &HeaderMap) -> Part {
        let mut given = values(headers, &RANGE);
        let (Some(range), None) = (given.next(), given.next()) else { return Part::Whole };
        match values(headers, &IF_RANGE).next() {
            Some(condition) if !self.is_exactly(condition.trim()) => Part::Whole,
            _ => part(range, self.length),
        }
    }

    /// Whether a condition names this very version: a weak tag never does.
    fn is_exactly(&self, condition: &str) -> bool {
        condition == self.tag || self.date().is_some_and(|date| date == condition)
    }
}

/// A part of a file.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// All of it.
    Whole,
    /// The bytes from the first to the last, both included.
    Bytes(u64, u64),
    /// None of what is asked for is there.
    Nothing,
}

/// One range of bytes. What is no such thing is passed over, as are several: the whole is a fine answer to either.
fn part(range: &str, length: u64) -> Part {
    let Some((unit, range)) = range.split_once('=') else { return Part::Whole };
    if !unit.trim().eq_ignore_ascii_case("bytes") {
        return Part::Whole;
    }
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let Some((first, last)) = range.trim().split_once('-').filter(|(a, b)| digits(a) && digits(b)) else {
        return Part::Whole;
    };
    let number = |text: &str| text.parse::<u64>().unwrap_or(u64::MAX);
    let (first, last) = match (first, last) {
        ("", "") => return Part::Whole,
        ("", count) => (length.saturating_sub(number(count)), if number(count) == 0 { 0 } else { u64::MAX }),
        (first, "") => (number(first), u64::MAX),
        (first, last) if number(first) > number(last) => return Part::Whole,
        (first, last) => (number(first), number(last)),
    };
    let last = last.min(length.saturating_sub(1));
    if first >= length || first > last { Part::Nothing } else { Part::Bytes(first, last) }
}

fn values<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> + use<'a> {
    headers.get_all(name).iter().filter_map(|value| value.to_str().ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    #[test]
    fn ranges() {
        for (range, length, expected) in [
            ("bytes=0-4", 10, Part::Bytes(0, 4)),
            ("Bytes=0-0", 10, Part::Bytes(0, 0)),
            ("bytes=5-", 10, Part::Bytes(5, 9)),
            ("bytes=5-99999999999999999999999", 10, Part::Bytes(5, 9)),
            ("bytes=-3", 10, Part::Bytes(7, 9)),
            ("bytes=-99", 10, Part::Bytes(0, 9)),
            ("bytes=-0", 10, Part::Nothing),
            ("bytes=10-", 10, Part::Nothing),
            ("bytes=99999999999999999999-", 10, Part::Nothing),
            ("bytes=0-", 0, Part::Nothing),
            ("bytes=-5", 0, Part::Nothing),
            ("bytes=4-2", 10, Part::Whole),
            ("bytes=-", 10, Part::Whole),
            ("bytes=0-1,3-4", 10, Part::Whole),
            ("bytes=a-b", 10, Part::Whole),
            ("lines=0-1", 10, Part::Whole),
            ("0-1", 10, Part::Whole),
        ] {
            assert_eq!(part(range, length), expected, "{range} of {length}");
        }
    }

    #[test]
    fn conditions() {
        let version =
            Version::new(10, Some(SystemTime::UNIX_EPOCH + Duration::from_millis(1_700_000_000_500)));
        let (tag, date) = (version.tag.clone(), version.date().unwrap());
        let later = httpdate::fmt_http_date(SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_001));
        let earlier = httpdate::fmt_http_date(SystemTime::UNIX_EPOCH + Duration::from_secs(1_699_999_999));
        let with = |pairs: &[(HeaderName, &str)]| {
            let mut headers = HeaderMap::new();
            for (name, value) in pairs {
                headers.append(name.clone(), HeaderValue::from_str(value).unwrap());
            }
            headers
        };
        for (pairs, known) in [
            (vec![(IF_NONE_MATCH, tag.as_str())], true),
            (vec![(IF_NONE_MATCH, "\"x\""), (IF_NONE_MATCH, &format!("\"y\", W/{tag}"))], true),
            (vec![(IF_NONE_MATCH, "*")], true),
            (vec![(IF_NONE_MATCH, "\"x\""), (IF_MODIFIED_SINCE, &later)], false),
            (vec![(IF_MODIFIED_SINCE, &date)], true),
            (vec![(IF_MODIFIED_SINCE, &later)], true),
            (vec![(IF_MODIFIED_SINCE, &earlier)], false),
            (vec![(IF_MODIFIED_SINCE, "yesterday")], false),
            (vec![], false),
        ] {
            assert_eq!(version.is_known(&with(&pairs)), known, "{pairs:?}");
        }
        let some = Part::Bytes(0, 3);
        for (condition, expected) in [
            (tag.as_str(), &some),
            (date.as_str(), &some),
            ("\"x\"", &Part::Whole),
            (&format!("W/{tag}"), &Part::Whole),
            (&earlier, &Part::Whole),
        ] {
            let headers = with(&[(RANGE, "bytes=0-3"), (IF_RANGE, condition)]);
            assert_eq!(version.part(&headers), *expected, "{condition}");
        }
        assert_eq!(version.part(&with(&[(RANGE, "bytes=0-3"), (RANGE, "bytes=0-3")])), Part::Whole);
    }
}
