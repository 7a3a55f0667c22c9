//! The Python packages of the checks of the API description, installed once for each list of versions.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::process::{self, Outcome, root, target_dir};

/// The list of packages with their versions, relative to the root.
const LIST: &str = "tests/openapi/requirements.txt";

/// Returns the Python that has the packages. Installs them if they are missing.
pub(crate) fn ensure() -> Result<PathBuf, String> {
    let place = target_dir()?.join("openapi/venv");
    let python = place.join("bin/python");
    let (list, stamp) = (root().join(LIST), place.join("installed.txt"));
    let wanted = fs::read_to_string(&list).map_err(|e| format!("cannot read {}: {e}", list.display()))?;
    // Written after a complete installation, so that an interrupted one is noticed.
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(python);
    }
    println!("Python packages of the checks of the API description: 135 MB into {}", place.display());
    make(&place)?;
    let quiet =
        ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--requirement"];
    process::run(Command::new(&python).args(quiet).arg(&list))?;
    fs::write(&stamp, wanted).map_err(|e| format!("cannot write {}: {e}", stamp.display()))?;
    Ok(python)
}

/// Makes an environment of its own, so that nothing else on the machine changes.
fn make(place: &std::path::Path) -> Outcome {
    process::run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(place))
        .map_err(|e| format!("{e}\nDebian has the module `venv` in the package python3-venv"))
}
