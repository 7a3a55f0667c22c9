//! Sizes in bytes, written as `256KiB`, `1MiB` or `4096`.

/// Largest size of a body: 512 MiB. A body is in memory and is stored as one value, and `SQLite` refuses values of more than 1,000,000,000 bytes (<https://sqlite.org/limits.html>).
const LARGEST: u64 = 512 << 20;

const UNITS: [(&str, u64); 4] = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("", 1)];

/// Largest size of stored data: 1 PiB, more than any disk of one server has.
const LARGEST_STORED: u64 = 1 << 50;

/// Reads the size of a body: a whole number of bytes, or of `KiB`, `MiB` or `GiB`.
///
/// # Errors
/// A message with the text and the right form.
pub fn parse(text: &str) -> Result<u64, String> {
    parse_up_to(text, LARGEST)
}

/// Reads the size of stored data, in the form of [`parse`].
///
/// # Errors
/// A message with the text and the right form.
pub fn parse_stored(text: &str) -> Result<u64, String> {
    parse_up_to(text, LARGEST_STORED)
}

fn parse_up_to(text: &str, largest: u64) -> Result<u64, String> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let bytes = UNITS
        .iter()
        .find(|(name, _)| *name == unit.trim_start())
        .and_then(|(_, bytes)| number.parse::<u64>().ok()?.checked_mul(*bytes))
        .ok_or_else(|| format!("{text:?} is not a size; write bytes, KiB or MiB, such as \"256KiB\""))?;
    match bytes {
        0 => Err("must be larger than zero".to_owned()),
        bytes if bytes <= largest => Ok(bytes),
        _ => Err(format!("{text:?} is too large; at most {}", print(largest))),
    }
}

/// Returns a size as text, with the largest unit that divides it.
pub fn print(bytes: u64) -> String {
    let fitting = UNITS.iter().find(|(_, unit)| bytes.is_multiple_of(*unit));
    fitting.map_or_else(|| bytes.to_string(), |(name, unit)| format!("{}{name}", bytes / unit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_and_printed() {
        for (text, bytes) in
            [("1", 1), ("4096", 4096), ("256KiB", 262_144), ("1 MiB", 1_048_576), ("512MiB", 512 << 20)]
        {
            assert_eq!(parse(text), Ok(bytes), "{text}");
            assert_eq!(parse(&print(bytes)), Ok(bytes));
        }
        assert_eq!(print(262_144), "256KiB");
        assert_eq!(print(1000), "1000");
    }

    #[test]
    fn other_texts_are_refused() {
        for text in
            ["", "0", "KiB", "1KB", "1kib", "-1", "1.5MiB", "513MiB", "1GiB", "99999999999999999999", "1 000"]
        {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
