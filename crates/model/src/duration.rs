//! Durations as people write them: `5s`, `250ms`, `5m`, `2h`, `30d`.

use std::time::Duration;

/// The longest duration: ten years, so that adding it to a time never overflows.
const LONGEST: Duration = Duration::from_hours(3650 * 24);

const UNITS: [(&str, u64); 5] = [("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)];

/// Parses a whole number and a unit (`ms`, `s`, `m`, `h`, `d`).
///
/// ```
/// use footbridge_model::duration::{parse, print};
/// use std::time::Duration;
///
/// assert_eq!(parse("90s"), Ok(Duration::from_secs(90)));
/// assert_eq!(print(Duration::from_secs(7200)), "2h");
/// ```
///
/// # Errors
/// A message that repeats the text and says how to write a duration.
pub fn parse(text: &str) -> Result<Duration, String> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let millis = UNITS
        .iter()
        .find(|(name, _)| *name == unit)
        .and_then(|(_, millis)| number.parse::<u64>().ok()?.checked_mul(*millis))
        .ok_or_else(|| {
            format!("{text:?} is not a duration; write a whole number and ms, s, m, h or d, such as \"10s\"")
        })?;
    let duration = Duration::from_millis(millis);
    if duration > LONGEST {
        return Err(format!("{text:?} is too long; at most {}", print(LONGEST)));
    }
    Ok(duration)
}

/// Parses a duration from `least` to `most`, both included.
///
/// # Errors
/// A message that repeats the text and names the bound.
pub fn parse_within(text: &str, least: Duration, most: Duration) -> Result<Duration, String> {
    let duration = parse(text)?;
    if duration > most {
        return Err(format!("must be at most {}, not {text:?}", print(most)));
    }
    if duration < least {
        return Err(format!("must be at least {}, not {text:?}", print(least)));
    }
    Ok(duration)
}

/// Parses a duration, or `off` for none.
///
/// # Errors
/// A message that repeats the text and says how to write a duration.
pub fn parse_or_off(text: &str) -> Result<Option<Duration>, String> {
    if text == "off" {
        return Ok(None);
    }
    let duration = parse(text).map_err(|message| format!("{message}, or \"off\""))?;
    if duration.is_zero() {
        Err("must be longer than zero; write \"off\" for none".to_owned())
    } else {
        Ok(Some(duration))
    }
}

/// Writes a duration with the largest unit that divides it.
pub fn print(duration: Duration) -> String {
    let millis = duration.as_millis();
    if millis == 0 {
        return "0s".to_owned();
    }
    let fitting = UNITS.iter().rev().find(|(_, unit)| millis.is_multiple_of(u128::from(*unit)));
    fitting
        .map_or_else(|| format!("{millis}ms"), |(name, unit)| format!("{}{name}", millis / u128::from(*unit)))
}

/// Writes a duration, `off` for none.
pub fn print_or_off(duration: Option<Duration>) -> String {
    duration.map_or_else(|| "off".to_owned(), print)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_writes_every_unit() {
        for (text, millis) in [
            ("250ms", 250),
            ("5s", 5000),
            ("90s", 90_000),
            ("5m", 300_000),
            ("2h", 7_200_000),
            ("30d", 2_592_000_000),
        ] {
            assert_eq!(parse(text), Ok(Duration::from_millis(millis)), "{text}");
            assert_eq!(parse(&print(Duration::from_millis(millis))), Ok(Duration::from_millis(millis)));
        }
        assert_eq!(print(Duration::from_secs(90)), "90s");
        assert_eq!(print(Duration::from_hours(1)), "1h");
        assert_eq!(print(Duration::ZERO), "0s");
        assert_eq!(parse_or_off("off"), Ok(None));
        assert_eq!(parse_or_off("1s"), Ok(Some(Duration::from_secs(1))));
    }

    #[test]
    fn refuses_everything_else() {
        for text in [
            "",
            "5",
            "s",
            "-5s",
            "5 s",
            "5S",
            "1.5s",
            "5w",
            "off",
            "99999999999999999999s",
            "99999999999d",
            "٥s",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
        assert!(parse_or_off("0s").is_err());
    }
}
