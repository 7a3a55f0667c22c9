//! Parsers of single values: addresses, URLs, the database, tokens and names.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
};

use footbridge_courier::{Roots, Target, TargetError};

/// Reads an address to listen on. Host names are refused, because the address of a name can change.
///
/// # Errors
/// A message with the right form.
pub fn listen(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| {
        format!("{text:?} is not an address; write an IP address and a port, such as \"127.0.0.1:4400\" or \"0.0.0.0:4400\"")
    })
}

/// Reads an address to listen on, or `off`.
///
/// # Errors
/// The same as [`listen`].
pub fn listen_or_off(text: &str) -> Result<Option<SocketAddr>, String> {
    if text == "off" { Ok(None) } else { listen(text).map(Some) }
}

const EXAMPLE: &str = "write one such as \"https://app.example/events\"";

/// Checks a URL for outbound requests: absolute, `http` or `https`, without user, password or fragment.
///
/// # Errors
/// A message that does not repeat the text, which may contain a password.
pub fn target_url(text: &str) -> Result<String, String> {
    checked(text, Target::parse(text))
}

fn checked(text: &str, parsed: Result<Target, TargetError>) -> Result<String, String> {
    parsed.map(|_| text.to_owned()).map_err(|error| format!("{error}; {EXAMPLE}"))
}

/// Checks a URL that paths are appended to: a [`target_url`] without a query.
///
/// # Errors
/// The same as [`target_url`].
pub fn base_url(text: &str) -> Result<String, String> {
    checked(text, Target::parse_base(text))
}

/// Checks a URL that a browser opens: a [`target_url`] that may have a fragment.
///
/// # Errors
/// The same as [`target_url`].
pub fn page_url(text: &str) -> Result<String, String> {
    checked(text, Target::parse_page(text))
}

/// Reads `sqlite:PATH` and returns the path.
///
/// # Errors
/// The text names another kind of database, or no file.
pub fn database(text: &str) -> Result<PathBuf, String> {
    if text.starts_with("postgres:") || text.starts_with("postgresql:") {
        return Err("PostgreSQL is not supported yet; write \"sqlite:PATH\"".to_owned());
    }
    let Some(path) = text.strip_prefix("sqlite:") else {
        // The text may contain a password.
        return Err("is not a database; write \"sqlite:PATH\", such as \"sqlite:footbridge.db\"".to_owned());
    };
    let path = path.strip_prefix("//").unwrap_or(path);
    if path.is_empty() || path.ends_with('/') || path == ":memory:" {
        return Err("needs the path of a file, such as \"sqlite:footbridge.db\"".to_owned());
    }
    if path.contains(['?', '\0']) {
        return Err("takes a plain path, without ? options".to_owned());
    }
    Ok(PathBuf::from(path))
}

/// Checks a PEM file with certificate authorities.
///
/// # Errors
/// The file cannot be read, or has no certificates.
pub fn ca_file(path: &Path) -> Result<(), String> {
    Roots::read(path).map(drop).map_err(|error| error.to_string())
}

/// Checks a token or key for a header: visible ASCII, at least one character.
///
/// # Errors
/// A message that never repeats the text.
pub fn visible_ascii(text: &str) -> Result<(), String> {
    match text {
        "" => Err("must not be empty".to_owned()),
        text if text.bytes().all(|byte| byte.is_ascii_graphic()) => Ok(()),
        _ => Err("must consist of visible ASCII characters without spaces".to_owned()),
    }
}

/// Checks a token or key of an app: [`visible_ascii`] of at most 512 characters.
///
/// # Errors
/// A message that never repeats the text.
pub fn credential(text: &str) -> Result<(), String> {
    visible_ascii(text)?;
    if text.len() <= 512 { Ok(()) } else { Err("must be at most 512 characters".to_owned()) }
}

/// Checks an authentication scheme: a token of RFC 9110 §5.6.2, of at most 64 characters.
///
/// # Errors
/// A message with the text and the right form.
pub fn scheme(text: &str) -> Result<String, String> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if (1..=64).contains(&text.len()) && text.bytes().all(fits) {
        Ok(text.to_owned())
    } else {
        Err(format!("{text:?} is not an authentication scheme; write one word, such as \"Token\""))
    }
}

/// Checks the user name of a credential: not empty, no `:`, no control character.
///
/// # Errors
/// A message with these rules.
pub fn user(text: &str) -> Result<String, String> {
    if text.is_empty() || text.contains(':') || text.chars().any(char::is_control) {
        return Err("must not be empty or contain a colon or a control character".to_owned());
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn databases() {
        assert_eq!(database("sqlite:a.db"), Ok(PathBuf::from("a.db")));
        assert_eq!(database("sqlite:/var/a.db"), Ok(PathBuf::from("/var/a.db")));
        assert_eq!(database("sqlite:///var/a.db"), Ok(PathBuf::from("/var/a.db")));
        for text in [
            "sqlite:",
            "sqlite::memory:",
            "sqlite:a.db?mode=ro",
            "sqlite:dir/",
            "a.db",
            "postgres://u:hunter2@h/d",
            "mysql://u:hunter2@h/d",
        ] {
            assert!(!database(text).unwrap_err().contains("hunter2"), "{text}");
        }
    }

    #[test]
    fn urls() {
        assert_eq!(target_url("https://a.example/x?y").as_deref(), Ok("https://a.example/x?y"));
        for text in [
            "",
            "/x",
            "a.example/x",
            "ftp://a.example/",
            "http://",
            "https://u:hunter2@a.example/",
            "https://a/#x",
        ] {
            assert!(!target_url(text).unwrap_err().contains("hunter2"), "{text}");
        }
        assert!(base_url("https://a.example/x?y").is_err());
        assert!(page_url("https://a.example/#/x").is_ok() && page_url("about:blank").is_err());
    }

    #[test]
    fn words_of_credentials() {
        assert!(visible_ascii("a-~!").is_ok());
        for text in ["", "a b", "a\n", "ä"] {
            assert!(visible_ascii(text).is_err());
        }
        assert!(credential("k").is_ok() && credential("").is_err());
        assert!(credential(&"x".repeat(512)).is_ok() && credential(&"x".repeat(513)).is_err());
        assert!(scheme("Token").is_ok() && scheme("To ken").is_err() && scheme("").is_err());
        assert!(user("app").is_ok() && user("a:b").is_err() && user("").is_err());
    }
}
