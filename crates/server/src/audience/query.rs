//! Parameters of a query.

use crate::percent;

/// The one value of `name`; `Err` when it is given twice or is not UTF-8.
pub(crate) fn single(query: Option<&str>, name: &str) -> Result<Option<String>, ()> {
    let pairs = query.unwrap_or_default().split('&').map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    let mut values = pairs.filter(|(key, _)| *key == name).map(|(_, value)| value);
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => percent::decode(value).map(Some).ok_or(()),
        (Some(_), Some(_)) => Err(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_value_or_none() {
        let of = |query| single(Some(query), "ticket");
        assert_eq!(of("a=b&ticket=x%2Dy&c"), Ok(Some("x-y".into())));
        assert_eq!(of("tickets=x"), Ok(None));
        assert_eq!(of("ticket"), Ok(Some(String::new())));
        assert_eq!(of("ticket=a&ticket=b"), Err(()));
        assert_eq!(of("ticket=%ff"), Err(()));
        assert_eq!(single(None, "ticket"), Ok(None));
    }
}
