//! Loads the configuration from its sources.

use std::path::{Path, PathBuf};

use super::{
    env::{self, Env},
    error::{ConfigError, Origin},
    overrides::Overrides,
    raw::{self, Item, RawTable, Value},
    resolve::Config,
    secret::{SecretPlace, SecretSource},
    section::Reading,
};

/// The sources of a configuration.
#[derive(Debug, Clone, Default)]
pub struct LoadArgs {
    /// The path of the configuration file.
    pub file: Option<PathBuf>,
    /// Value of the option `--without-config`.
    pub without_file: bool,
    /// Value of the option `--listen`.
    pub listen: Option<String>,
    /// Value of the option `--database`.
    pub database: Option<String>,
    /// The environment of the process.
    pub env: Env,
    /// The number of cores of the machine, which is the default of `server.shards`.
    pub cores: usize,
    /// Checks that the operator turned off.
    pub overrides: Overrides,
}

/// Reads and checks the configuration and adds the defaults. Creates no file.
///
/// # Errors
/// [`ConfigError::Unreadable`] if the file cannot be read, [`ConfigError::Invalid`] with all problems of the sources.
pub fn load(args: &LoadArgs) -> Result<Config, ConfigError> {
    let Some(path) = &args.file else { return resolve("defaults", "", Path::new(""), args) };
    let text = std::fs::read_to_string(path)
        .map_err(|source| ConfigError::Unreadable { path: path.clone(), source })?;
    resolve(&path.display().to_string(), &text, path.parent().unwrap_or(Path::new("")), args)
}

fn resolve(file: &str, text: &str, base: &Path, args: &LoadArgs) -> Result<Config, ConfigError> {
    let invalid = |problems| ConfigError::Invalid { file: file.to_owned(), problems };
    let mut root = raw::parse(text.strip_prefix('\u{feff}').unwrap_or(text))
        .map_err(|problem| invalid(vec![problem]))?;
    let reading = Reading::new(SecretSource { env: &args.env, base });
    for warning in env::overlay(&mut root, &args.env) {
        reading.warn(warning);
    }
    overlay_flag(&mut root, "listen", "--listen", args.listen.as_ref());
    overlay_flag(&mut root, "database", "--database", args.database.as_ref());
    let config = Config::read(&reading, &root, args.cores);
    let secret_files = reading.secret_places().into_iter().map(|place| match place {
        SecretPlace::Configuration => PathBuf::from(file),
        SecretPlace::File(path) => path,
    });
    let config = Config { secret_files: secret_files.collect(), overrides: args.overrides, ..config };
    let found = reading.finish();
    if !found.problems.is_empty() {
        return Err(invalid(found.problems));
    }
    let config = Config { file: args.file.clone(), without_file: args.without_file, ..config };
    Ok(config.with_warnings(file, &found))
}

fn overlay_flag(root: &mut RawTable, key: &str, flag: &'static str, value: Option<&String>) {
    if let Some(value) = value {
        env::put(root, "", key, Item { value: Value::Text(value.clone()), origin: Origin::Flag(flag) });
    }
}
