//! The `tracestate` header of W3C Trace Context: what tracing systems say about a trace to each other.

use http::header::HeaderValue;

/// The most members of a list.
const MAX_MEMBERS: usize = 32;
/// The longest list that is kept, in bytes. The standard asks for 512 at least.
const MAX_LENGTH: usize = 4096;
/// The longest key of a member, and the longest parts of one that names a tenant and a system.
const MAX_KEY: usize = 256;
const MAX_TENANT: usize = 241;
const MAX_SYSTEM: usize = 14;
/// The longest value of a member, in bytes.
const MAX_VALUE: usize = 256;

/// The state of a trace: passed on as it came, never read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TraceState(HeaderValue);

impl TraceState {
    /// Reads the values of all `tracestate` headers of a request. Returns `None` for what the standard tells receivers to
    /// discard, and for an empty list.
    ///
    /// ```
    /// use footbridge_model::trace_state::TraceState;
    ///
    /// let state = TraceState::parse(["rojo=00f067aa0ba902b7", "congo=t61rcWkgMzE"]).unwrap();
    /// assert_eq!(state.as_str(), "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE");
    /// assert!(TraceState::parse(["rojo"]).is_none());
    /// ```
    pub fn parse<'a>(values: impl IntoIterator<Item = &'a str>) -> Option<Self> {
        let mut joined = String::new();
        for value in values {
            if joined.len() + value.len() >= MAX_LENGTH {
                return None;
            }
            if !joined.is_empty() {
                joined.push(',');
            }
            joined.push_str(value);
        }
        let mut keys: Vec<&str> = Vec::new();
        for member in joined.split(',') {
            let member = member.trim_matches([' ', '\t']);
            if member.is_empty() {
                continue;
            }
            let (key, value) = member.split_once('=')?;
            if !is_key(key) || !is_value(value) || keys.contains(&key) || keys.len() == MAX_MEMBERS {
                return None;
            }
            keys.push(key);
        }
        if keys.is_empty() {
            return None;
        }
        HeaderValue::try_from(joined).ok().map(Self)
    }

    /// The value of the header.
    pub const fn value(&self) -> &HeaderValue {
        &self.0
    }

    /// The value of the header as text.
    pub fn as_str(&self) -> &str {
        self.0.to_str().unwrap_or_default()
    }
}

fn is_key(key: &str) -> bool {
    let rest = |byte: u8| {
        byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'_' | b'-' | b'*' | b'/')
    };
    let all = |part: &str, longest: usize| (1..=longest).contains(&part.len()) && part.bytes().all(rest);
    let begins_with_letter = |part: &str| part.starts_with(|first: char| first.is_ascii_lowercase());
    let begins_well =
        |part: &str| begins_with_letter(part) || part.starts_with(|first: char| first.is_ascii_digit());
    match key.split_once('@') {
        None => all(key, MAX_KEY) && begins_with_letter(key),
        Some((tenant, system)) => {
            all(tenant, MAX_TENANT)
                && begins_well(tenant)
                && all(system, MAX_SYSTEM)
                && begins_with_letter(system)
        }
    }
}

fn is_value(value: &str) -> bool {
    let allowed = |byte: u8| (byte == b' ' || byte.is_ascii_graphic()) && byte != b'=';
    (1..=MAX_VALUE).contains(&value.len()) && value.bytes().all(allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tracestate_is_read_as_the_standard_says() {
        let (long_key, long_value) = (format!("{}=1", "k".repeat(256)), format!("k={}", "v".repeat(256)));
        let most = (0..32).map(|n| format!("k{n}=1")).collect::<Vec<_>>().join(",");
        for good in [
            "rojo=00f067aa0ba902b7",
            "a=1,b=2",
            "a=1 ,\t b=2",
            "a=1,,b=2,",
            "a_-*/9=x y!\"#$%&'()*+-./:;<>?@[]^_`{|}~",
            "fw529a3039@dt=FfffffffA",
            "0tenant@system=1",
            &long_key,
            &long_value,
            &most,
        ] {
            assert_eq!(TraceState::parse([good]).unwrap().as_str(), good);
        }
        let (too_long_key, too_long_value) =
            (format!("{}=1", "k".repeat(257)), format!("k={}", "v".repeat(257)));
        let too_many = format!("{most},more=1");
        let too_much = (0..20).map(|n| format!("k{n}={}", "v".repeat(250))).collect::<Vec<_>>().join(",");
        for bad in [
            "",
            " ,, ",
            "a",
            "a=",
            "=1",
            "A=1",
            "0a=1",
            "a b=1",
            "a =1",
            "a=1=2",
            "a=é",
            "a=\u{7f}",
            "a=1,a=2",
            "a@=1",
            "@b=1",
            "a@0b=1",
            "a@b@c=1",
            "a@system-too-long=1",
            &too_long_key,
            &too_long_value,
            &too_many,
            &too_much,
        ] {
            assert_eq!(TraceState::parse([bad]), None, "{bad}");
        }
        assert_eq!(TraceState::parse(["a=1", "b=2"]).unwrap().as_str(), "a=1,b=2");
        assert_eq!(TraceState::parse(["a=1", "a=2"]), None, "a key comes once in all headers");
        assert_eq!(TraceState::parse([]), None);
    }
}
