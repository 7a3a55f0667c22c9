//! Reads the program of an app: `bolt.main` or `footbridge.command`.

use super::files::Directory;
use super::members::Members;
use footbridge_model::package::{ManifestError, Program};

/// Reasons why an app has no server.
const IS_MODULE: &str = "a module has no server";
const NO_SERVER: &str = "the app has no `bolt.main` and no `footbridge.command`, so it has no server";

pub(super) fn read(
    bolt: &Members<'_>,
    own: &Members<'_>,
    directory: Directory<'_>,
) -> Result<Program, ManifestError> {
    let module = bolt.flag("module")?;
    if own.has("command") {
        return read_command(bolt, own, directory, module);
    }
    let Some(main) = bolt.text("main")? else { return Ok(Program::Nothing) };
    if module {
        return Err(bolt.error(
            "main",
            format!("cannot be combined with `bolt.module`: {IS_MODULE}; remove one of the two"),
        ));
    }
    directory.module(main).map(Program::Node).map_err(|why| bolt.error("main", why))
}

fn read_command(
    bolt: &Members<'_>,
    own: &Members<'_>,
    directory: Directory<'_>,
    module: bool,
) -> Result<Program, ManifestError> {
    for (name, why) in [
        (
            "main",
            "is run by the server's Node host and cannot be combined with `footbridge.command`; remove one of the two",
        ),
        (
            "routers",
            "run in the server's Node host, which an app with a `footbridge.command` does not have; remove one of the two",
        ),
    ] {
        if bolt.has(name) {
            return Err(bolt.error(name, why));
        }
    }
    if module {
        return Err(own.error(
            "command",
            format!("cannot be combined with `bolt.module`: {IS_MODULE}; remove one of the two"),
        ));
    }
    let words = own.texts("command")?.unwrap_or_default();
    let (first, arguments) =
        words.split_first().filter(|(first, _)| !first.trim().is_empty()).ok_or_else(|| {
            own.error(
                "command",
                "names no program; write it and its arguments, such as [\"python3\", \"app.py\"]",
            )
        })?;
    if words.iter().any(|word| word.contains('\0')) {
        return Err(own.error("command", "holds a NUL character, which is not allowed in an argument"));
    }
    let program = directory.program(first).map_err(|why| own.error("command", why))?;
    let arguments = arguments.iter().map(|&word| word.to_owned());
    Ok(Program::Command(std::iter::once(program).chain(arguments).collect()))
}

/// Returns the reason why an app has no server; `None` if it has one.
pub(super) fn serverless(program: &Program, module: bool) -> Option<&'static str> {
    match program {
        Program::Node(_) | Program::Command(_) => None,
        Program::Nothing if module => Some(IS_MODULE),
        Program::Nothing => Some(NO_SERVER),
    }
}
