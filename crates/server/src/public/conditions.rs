//! Conditional requests and ranges (RFC 9110 §13 and §14).

use http::header::{HeaderMap, HeaderName, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE, RANGE};
use std::time::{Duration, SystemTime};

/// One version of a file, with the validators of HTTP.
#[derive(Debug)]
pub(super) struct FileVersion {
    /// Length of the file, in bytes.
    pub(super) length: u64,
    /// A strong entity tag.
    pub(super) tag: String,
    /// Time of the last change, in whole seconds as in HTTP dates; `None` before 1970.
    pub(super) modified: Option<SystemTime>,
}

impl FileVersion {
    pub(super) fn new(length: u64, modified: Option<SystemTime>) -> Self {
        let since = modified.and_then(|time| time.duration_since(SystemTime::UNIX_EPOCH).ok());
        let tag = format!("\"{:x}-{length:x}\"", since.unwrap_or_default().as_nanos());
        let modified = since.map(|since| SystemTime::UNIX_EPOCH + Duration::from_secs(since.as_secs()));
        Self { length, tag, modified }
    }

    /// Returns the value of `Last-Modified`.
    pub(super) fn date(&self) -> Option<String> {
        self.modified.map(httpdate::fmt_http_date)
    }

    /// Returns true if the request's conditions show that the client has this version.
    pub(super) fn is_cached(&self, headers: &HeaderMap) -> bool {
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
        self.modified.zip(since).is_some_and(|(modified, since)| modified <= since)
    }

    /// Returns the part of the file that the request asks for.
    pub(super) fn part(&self, headers: &HeaderMap) -> RangePart {
        let mut given = values(headers, &RANGE);
        let (Some(range), None) = (given.next(), given.next()) else { return RangePart::Whole };
        match values(headers, &IF_RANGE).next() {
            Some(condition) if !self.is_exactly(condition.trim()) => RangePart::Whole,
            _ => part(range, self.length),
        }
    }

    /// Returns true if an `If-Range` condition matches this version. A weak tag never matches.
    fn is_exactly(&self, condition: &str) -> bool {
        condition == self.tag || self.date().is_some_and(|date| date == condition)
    }
}

/// A part of a file.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum RangePart {
    /// The whole file, from its first byte.
    Whole,
    /// The bytes from the first to the last, inclusive.
    Bytes(u64, u64),
    /// The range is outside the file.
    Unsatisfiable,
}

/// Parses one range of bytes. Several ranges and invalid ones are ignored: answering with the whole file is allowed.
fn part(range: &str, length: u64) -> RangePart {
    let Some((unit, range)) = range.split_once('=') else { return RangePart::Whole };
    if !unit.trim().eq_ignore_ascii_case("bytes") {
        return RangePart::Whole;
    }
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let Some((first, last)) = range.trim().split_once('-').filter(|(a, b)| digits(a) && digits(b)) else {
        return RangePart::Whole;
    };
    let number = |text: &str| text.parse::<u64>().unwrap_or(u64::MAX);
    let (first, last) = match (first, last) {
        ("", "") => return RangePart::Whole,
        ("", count) => (length.saturating_sub(number(count)), if number(count) == 0 { 0 } else { u64::MAX }),
        (first, "") => (number(first), u64::MAX),
        (first, last) if number(first) > number(last) => return RangePart::Whole,
        (first, last) => (number(first), number(last)),
    };
    let last = last.min(length.saturating_sub(1));
    if first >= length || first > last { RangePart::Unsatisfiable } else { RangePart::Bytes(first, last) }
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
            ("bytes=0-4", 10, RangePart::Bytes(0, 4)),
            ("Bytes=0-0", 10, RangePart::Bytes(0, 0)),
            ("bytes=5-", 10, RangePart::Bytes(5, 9)),
            ("bytes=5-99999999999999999999999", 10, RangePart::Bytes(5, 9)),
            ("bytes=-3", 10, RangePart::Bytes(7, 9)),
            ("bytes=-99", 10, RangePart::Bytes(0, 9)),
            ("bytes=-0", 10, RangePart::Unsatisfiable),
            ("bytes=10-", 10, RangePart::Unsatisfiable),
            ("bytes=99999999999999999999-", 10, RangePart::Unsatisfiable),
            ("bytes=0-", 0, RangePart::Unsatisfiable),
            ("bytes=-5", 0, RangePart::Unsatisfiable),
            ("bytes=4-2", 10, RangePart::Whole),
            ("bytes=-", 10, RangePart::Whole),
            ("bytes=0-1,3-4", 10, RangePart::Whole),
            ("bytes=a-b", 10, RangePart::Whole),
            ("lines=0-1", 10, RangePart::Whole),
            ("0-1", 10, RangePart::Whole),
        ] {
            assert_eq!(part(range, length), expected, "{range} of {length}");
        }
    }

    #[test]
    fn conditions() {
        let version =
            FileVersion::new(10, Some(SystemTime::UNIX_EPOCH + Duration::from_millis(1_700_000_000_500)));
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
            assert_eq!(version.is_cached(&with(&pairs)), known, "{pairs:?}");
        }
        let some = RangePart::Bytes(0, 3);
        for (condition, expected) in [
            (tag.as_str(), &some),
            (date.as_str(), &some),
            ("\"x\"", &RangePart::Whole),
            (&format!("W/{tag}"), &RangePart::Whole),
            (&earlier, &RangePart::Whole),
        ] {
            let headers = with(&[(RANGE, "bytes=0-3"), (IF_RANGE, condition)]);
            assert_eq!(version.part(&headers), *expected, "{condition}");
        }
        assert_eq!(version.part(&with(&[(RANGE, "bytes=0-3"), (RANGE, "bytes=0-3")])), RangePart::Whole);
    }
}
