//! The command `footbridge serve`, which runs the server.

use std::{
    io::{self, Write as _},
    process::ExitCode,
};

use super::{args::ServeArgs, failure::Failure};
use crate::{
    config::{self, env::Env},
    first_run::{self, Source},
    open_files, shutdown, telemetry,
    wire::{self, Built},
};

/// Runs the server until a signal ends it.
///
/// # Errors
/// The server cannot start, or its journal stopped because of an error.
pub fn run(args: &ServeArgs, env: &Env, cores: usize) -> Result<ExitCode, Failure> {
    let config = config::load(&args.load_args(env, cores))?;
    let other = |error: &dyn std::error::Error| Failure::other(with_causes(error));
    telemetry::init(env).map_err(|error| other(&error))?;
    let (_trigger, drain) = shutdown::by_signals().map_err(|error| other(&error))?;
    open_files::raise_limit();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| other(&error))?;
    runtime.block_on(async {
        let database = config.database.display().to_string();
        // Not among the warnings that `/healthz` shows to everybody.
        let weak = first_run::weak_token(config.admin_token.as_ref());
        let greet = |built: &Built| {
            // Standard output may be closed; the server runs all the same.
            let _ = writeln!(io::stdout(), "{}", greeting(built, &database, weak.as_deref()));
            if let Some(weak) = &weak {
                tracing::warn!("{weak}");
            }
        };
        wire::serve(config, env, drain, greet).await.map_err(|error| other(&error))?;
        Ok(ExitCode::SUCCESS)
    })
}

/// Returns the text of an error, followed by the texts of its causes that it does not contain.
fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let message = error.to_string();
        if !text.contains(&message) {
            text = format!("{text}: {message}");
        }
        cause = error.source();
    }
    text
}

fn greeting(built: &Built, database: &str, weak: Option<&str>) -> String {
    let token = match &built.token_source {
        Source::Configured => "from the configuration".to_owned(),
        Source::Found(path) => format!("in {}", path.display()),
        Source::Generated(path) => format!("generated, in {}", path.display()),
    };
    let mut lines = vec![
        format!("Footbridge {} listening on http://{}", env!("CARGO_PKG_VERSION"), built.address),
        format!("  database     {database}"),
        format!("  admin token  {token}"),
    ];
    lines.extend(built.console.iter().flat_map(|console| match &console.setup {
        None => vec![format!("  console      {}", console.url)],
        Some((link, file)) => vec![
            format!("  console      {link}"),
            format!("               signs in once, within an hour; also in {}", file.display()),
        ],
    }));
    let warnings = built.warnings.iter().map(String::as_str).chain(weak);
    lines.extend(warnings.map(|warning| format!("warning: {warning}")));
    lines.join("\n")
}
