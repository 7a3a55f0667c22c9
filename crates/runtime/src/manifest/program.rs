//! What is run: `bolt.main` or `footbridge.command`.

use super::files::Directory;
use super::members::Members;
use footbridge_model::package::{ManifestError, Program};

/// Why an app has no server.
const MODULE: &str = "a module has no server";
const NOTHING: &str = "the app has no `bolt.main` and no `footbridge.command`, so it has no server";

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
        return Err(
            bolt.error("main", format!("cannot stand beside `bolt.module`: {MODULE}; leave one of them out"))
        );
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
        ("main", "is run by the server's Node host, `footbridge.command` by itself; leave one of them out"),
        (
            "routers",
            "run in the server's Node host, which an app with a `footbridge.command` does not have; leave one of them out",
        ),
    ] {
        if bolt.has(name) {
            return Err(bolt.error(name, why));
        }
    }
    if module {
        return Err(own.error(
            "command",
            format!("cannot stand beside `bolt.module`: {MODULE}; leave one of them out"),
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
        return Err(own.error("command", "holds a NUL character, which no argument can"));
    }
    let program = directory.program(first).map_err(|why| own.error("command", why))?;
    let arguments = arguments.iter().map(|&word| word.to_owned());
    Ok(Program::Command(std::iter::once(program).chain(arguments).collect()))
}

/// Why an app has no server, in words; `None` when it has one.
pub(super) fn serverless(program: &Program, module: bool) -> Option<&'static str> {
    match program {
        Program::Node(_) | Program::Command(_) => None,
        Program::Nothing if module => Some(MODULE),
        Program::Nothing => Some(NOTHING),
    }
}
