//! The log on standard error. The environment sets its filter and its format.

use std::io::{self, IsTerminal as _};

use tracing_subscriber::EnvFilter;

use crate::config::env::Env;

/// The filter if the environment sets none.
const DEFAULT_FILTER: &str = "info";

/// Reason why logging cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The filter is not valid.
    #[error(
        "{name}: {filter:?} is not a log filter ({why}); write a level such as \"info\" or \"footbridge_engine=debug,info\""
    )]
    Filter {
        name: &'static str,
        /// The value of the variable.
        filter: String,
        why: String,
    },
    /// The format is not one of the known ones.
    #[error("FOOTBRIDGE_LOG_FORMAT: {0:?} is neither \"text\" nor \"json\"")]
    Format(String),
    /// Logging was set up before in this process.
    #[error("logging is already set up")]
    Twice,
}

/// The form of a log line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Text,
    Json,
}

/// Sets up logging to standard error. `FOOTBRIDGE_LOG` or `RUST_LOG` is the filter; `FOOTBRIDGE_LOG_FORMAT=json` selects
/// JSON lines.
///
/// # Errors
/// One of the variables is not valid, or logging was set up before.
pub fn init(env: &Env) -> Result<(), TelemetryError> {
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter(env)?)
        .with_writer(io::stderr)
        // A closed log must not stop the server. Without this the subscriber panics on a write error.
        .log_internal_errors(false);
    let started = match format(env)? {
        Format::Json => builder.json().flatten_event(true).try_init(),
        Format::Text => {
            let colours = io::stderr().is_terminal() && !env.contains_key("NO_COLOR");
            builder.with_ansi(colours).try_init()
        }
    };
    started.map_err(|_| TelemetryError::Twice)
}

fn filter(env: &Env) -> Result<EnvFilter, TelemetryError> {
    let set = |name: &'static str| env.get(name).filter(|text| !text.is_empty()).map(|text| (name, text));
    let Some((name, text)) = set("FOOTBRIDGE_LOG").or_else(|| set("RUST_LOG")) else {
        return Ok(EnvFilter::new(DEFAULT_FILTER));
    };
    EnvFilter::try_new(text).map_err(|error| TelemetryError::Filter {
        name,
        filter: text.clone(),
        why: error.to_string(),
    })
}

fn format(env: &Env) -> Result<Format, TelemetryError> {
    match env.get("FOOTBRIDGE_LOG_FORMAT").map_or("", String::as_str) {
        "" | "text" => Ok(Format::Text),
        "json" => Ok(Format::Json),
        other => Err(TelemetryError::Format(other.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn env(name: &str, value: &str) -> Env {
        Env::from([(name.to_owned(), value.to_owned())])
    }

    #[test]
    fn filters_and_formats() {
        assert_eq!(filter(&Env::new()).unwrap().to_string(), "info");
        assert_eq!(filter(&env("RUST_LOG", "warn")).unwrap().to_string(), "warn");
        let both = Env::from_iter(
            [("RUST_LOG", "warn"), ("FOOTBRIDGE_LOG", "debug")].map(|(n, v)| (n.to_owned(), v.to_owned())),
        );
        assert_eq!(filter(&both).unwrap().to_string(), "debug");
        assert!(
            filter(&env("FOOTBRIDGE_LOG", "a=b=c")).unwrap_err().to_string().starts_with("FOOTBRIDGE_LOG: ")
        );
        assert_eq!(format(&env("FOOTBRIDGE_LOG_FORMAT", "json")).unwrap(), Format::Json);
        assert_eq!(format(&Env::new()).unwrap(), Format::Text);
        assert!(format(&env("FOOTBRIDGE_LOG_FORMAT", "xml")).is_err());
    }
}
