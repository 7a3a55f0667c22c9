//! Arguments of the commands that run a server.

use std::path::PathBuf;

use crate::config::{LoadArgs, Overrides, env::Env};

/// Arguments of `footbridge serve`.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct ServeArgs {
    /// The path of the configuration file.
    #[arg(long, value_name = "FILE", help = "The configuration file [env: FOOTBRIDGE_CONFIG]")]
    pub config: Option<PathBuf>,
    /// Start without a configuration file although the database was used with one: its apps and links are disabled
    #[arg(long, conflicts_with = "config")]
    pub without_config: bool,
    /// The address to listen on; overrides the configuration
    #[arg(long, value_name = "ADDR")]
    pub listen: Option<String>,
    /// The database, such as sqlite:footbridge.db; overrides the configuration
    #[arg(long, value_name = "URL")]
    pub database: Option<String>,
    /// Start with an empty database although files of an earlier database exist beside it
    #[arg(long)]
    pub new_database: bool,
    /// Accept the machine's clock even if it is far from the time of the database's last use
    #[arg(long)]
    pub accept_clock: bool,
}

impl ServeArgs {
    /// Returns the sources of the configuration, on a machine with `cores` cores.
    pub fn load_args(&self, env: &Env, cores: usize) -> LoadArgs {
        let from_env = || env.get("FOOTBRIDGE_CONFIG").filter(|path| !path.is_empty()).map(PathBuf::from);
        LoadArgs {
            file: self.config.clone().or_else(|| from_env().filter(|_| !self.without_config)),
            without_file: self.without_config,
            listen: self.listen.clone(),
            database: self.database.clone(),
            env: env.clone(),
            cores,
            overrides: Overrides { new_database: self.new_database, accept_clock: self.accept_clock },
        }
    }
}

/// Arguments of `footbridge demo`.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct DemoArgs {
    /// Exit with code 0 after the steps instead of keeping the server running
    #[arg(long)]
    pub once: bool,
    /// Open the console in the browser after the steps
    #[arg(long, conflicts_with = "once")]
    pub open: bool,
}
