//! Rates, written as `100/s burst 500`.

/// An average rate and the number that may come at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// Average number per second, at least 1.
    pub per_second: u32,
    /// Most at once, at least 1. The default is `per_second`.
    pub burst: u32,
}

/// Reads `off`, `N/s` or `N/s burst M`.
///
/// # Errors
/// A message with the text and the right form.
pub fn parse(text: &str) -> Result<Option<Rate>, String> {
    if text == "off" {
        return Ok(None);
    }
    rate(text).map(Some).ok_or_else(|| {
        format!(
            "{text:?} is not a rate; write \"off\", \"100/s\" or \"100/s burst 500\", with numbers from 1"
        )
    })
}

fn rate(text: &str) -> Option<Rate> {
    let mut words = text.split_ascii_whitespace();
    let per_second = positive(words.next()?.strip_suffix("/s")?)?;
    let burst = match words.next() {
        None => per_second,
        Some("burst") => positive(words.next()?)?,
        Some(_) => return None,
    };
    words.next().is_none().then_some(Rate { per_second, burst })
}

fn positive(text: &str) -> Option<u32> {
    let number = text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse::<u32>().ok())??;
    (number > 0).then_some(number)
}

/// Returns a rate as text; `off` for `None`.
pub fn print(rate: Option<Rate>) -> String {
    rate.map_or_else(|| "off".to_owned(), |rate| format!("{}/s burst {}", rate.per_second, rate.burst))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_read_and_printed() {
        assert_eq!(parse("off"), Ok(None));
        assert_eq!(parse("100/s"), Ok(Some(Rate { per_second: 100, burst: 100 })));
        assert_eq!(parse("100/s burst 500"), Ok(Some(Rate { per_second: 100, burst: 500 })));
        assert_eq!(
            parse(&print(Some(Rate { per_second: 3, burst: 9 }))),
            Ok(Some(Rate { per_second: 3, burst: 9 }))
        );
        assert_eq!(print(None), "off");
    }

    #[test]
    fn other_texts_are_refused() {
        for text in [
            "",
            "on",
            "100",
            "0/s",
            "-1/s",
            "+1/s",
            "100/m",
            "100/s 500",
            "100/s burst",
            "100/s burst 0",
            "100/s burst 1 2",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
