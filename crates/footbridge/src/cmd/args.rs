//! Arguments of the commands that run a server.

use std::path::PathBuf;

use crate::config::{LoadArgs, Meant, env::Env};

/// `footbridge serve`
#[derive(Debug, Clone, Default, clap::Args)]
pub struct ServeArgs {
    /// The configuration file.
    #[arg(long, value_name = "FILE", help = "The configuration file [env: FOOTBRIDGE_CONFIG]")]
    pub config: Option<PathBuf>,
    /// Start without a configuration file although the database knows one: its apps and links are switched off
    #[arg(long, conflicts_with = "config")]
    pub without_config: bool,
    /// Where to listen, instead of what the configuration says
    #[arg(long, value_name = "ADDR")]
    pub listen: Option<String>,
    /// The database, instead of what the configuration says, such as sqlite:footbridge.db
    #[arg(long, value_name = "URL")]
    pub database: Option<String>,
    /// Begin with an empty database although files of an earlier one lie beside it
    #[arg(long)]
    pub new_database: bool,
    /// Take the machine's clock as it is, however far it is from what the database has seen
    #[arg(long)]
    pub accept_clock: bool,
}

impl ServeArgs {
    /// What to load the configuration from, on a machine with `cores` cores.
    pub fn load_args(&self, env: &Env, cores: usize) -> LoadArgs {
        let from_env = || env.get("FOOTBRIDGE_CONFIG").filter(|path| !path.is_empty()).map(PathBuf::from);
        LoadArgs {
            file: self.config.clone().or_else(|| from_env().filter(|_| !self.without_config)),
            without_file: self.without_config,
            listen: self.listen.clone(),
            database: self.database.clone(),
            env: env.clone(),
            cores,
            meant: Meant { new_database: self.new_database, accept_clock: self.accept_clock },
        }
    }
}

/// `footbridge demo`
#[derive(Debug, Clone, Default, clap::Args)]
pub struct DemoArgs {
    /// End with exit code 0 after the steps instead of running on
    #[arg(long)]
    pub once: bool,
}
