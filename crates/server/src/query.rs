//! Query parameters of a URL.

use std::borrow::Cow;

/// A parameter that must be given once is given more than once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct GivenTwice;

/// Returns the decoded names and values of a query, in order. `+` is a space; bytes that are not UTF-8 become U+FFFD.
pub(crate) fn parameters(query: Option<&str>) -> impl Iterator<Item = (Cow<'_, str>, Cow<'_, str>)> {
    form_urlencoded::parse(query.unwrap_or_default().as_bytes())
}

/// Returns the value of the parameter `name`; `None` if it is not given.
///
/// # Errors
/// [`GivenTwice`]
pub(crate) fn single<'a>(query: Option<&'a str>, name: &str) -> Result<Option<Cow<'a, str>>, GivenTwice> {
    let mut values = parameters(query).filter(|(key, _)| key == name).map(|(_, value)| value);
    match (values.next(), values.next()) {
        (value, None) => Ok(value),
        (_, Some(_)) => Err(GivenTwice),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_has_one_value_or_none() {
        let single = |query| single(Some(query), "ticket").map(|value| value.map(Cow::into_owned));
        assert_eq!(single("a=b&ticket=x%2Dy+z&c"), Ok(Some("x-y z".into())));
        assert_eq!(single("tickets=x"), Ok(None));
        assert_eq!(single("tick%65t=x"), Ok(Some("x".into())));
        assert_eq!(single("ticket"), Ok(Some(String::new())));
        assert_eq!(single("ticket=a&ticket=b"), Err(GivenTwice));
        assert_eq!(single("ticket=%ff"), Ok(Some("\u{fffd}".into())));
        assert_eq!(super::single(None, "ticket"), Ok(None));
    }
}
