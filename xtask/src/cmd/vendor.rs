//! `cargo xtask vendor`: fetches the console's libraries from the npm registry, as files that are kept in the repository.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

use super::no_args;
use crate::npm;
use crate::process::{self, Outcome, root, target_dir};

/// A package, with the files that are taken from it.
struct Package {
    name: &'static str,
    version: &'static str,
    /// Path in the package, and the name here.
    files: &'static [(&'static str, &'static str)],
}

const PACKAGES: &[Package] = &[
    Package {
        name: "preact",
        version: "11.2.0",
        files: &[("dist/preact.mjs", "preact.js"), ("hooks/dist/hooks.mjs", "hooks.js")],
    },
    Package { name: "@preact/signals", version: "2.11.4", files: &[("dist/signals.mjs", "signals.js")] },
    Package {
        name: "@preact/signals-core",
        version: "1.14.5",
        files: &[("dist/signals-core.mjs", "signals-core.js")],
    },
];

/// Bare imports in these files, and the file that each means. A browser needs an import map for bare ones, and the
/// console's policy forbids the inline script that an import map is.
const IMPORTS: &[(&str, &str)] = &[
    ("\"preact/hooks\"", "\"./hooks.js\""),
    ("\"preact\"", "\"./preact.js\""),
    ("\"@preact/signals-core\"", "\"./signals-core.js\""),
];

pub(super) fn run(args: &[String]) -> Outcome {
    no_args(args)?;
    let vendor = root().join("console/vendor");
    let mut entries = Vec::new();
    for package in PACKAGES {
        let unpacked = unpack(package)?;
        let manifest = read(&unpacked.join("package.json"))?;
        if !manifest.contains("\"license\": \"MIT\"") {
            return Err(format!("{} is no longer under the MIT licence", package.name));
        }
        for (source, name) in package.files {
            let file = vendor.join(name);
            let text = rewrite(&read(&unpacked.join(source))?);
            fs::write(&file, text).map_err(|e| format!("cannot write {}: {e}", file.display()))?;
            let mut entry = String::new();
            let _ = write!(
                entry,
                "    {{ \"file\": {name:?}, \"package\": {:?}, \"version\": {:?}, \"source\": {source:?}, \"licence\": \"MIT\", \"sha256\": {:?} }}",
                package.name,
                package.version,
                sha256(&file)?
            );
            entries.push(entry);
        }
    }
    let list = format!("{{\n  \"files\": [\n{}\n  ]\n}}\n", entries.join(",\n"));
    let file = vendor.join("vendor.json");
    fs::write(&file, list).map_err(|e| format!("cannot write {}: {e}", file.display()))
}

/// Downloads and unpacks a package, and returns its folder.
fn unpack(package: &Package) -> Result<std::path::PathBuf, String> {
    let place = target_dir()?.join("vendor").join(package.name.replace('/', "-"));
    fs::create_dir_all(&place).map_err(|e| format!("cannot make {}: {e}", place.display()))?;
    let archive = place.join("package.tgz");
    let file = package.name.rsplit('/').next().unwrap_or(package.name);
    let address = format!("{}/{}/-/{file}-{}.tgz", npm::registry(), package.name, package.version);
    let get = ["--fail", "--silent", "--show-error", "--location", "--retry", "3", "--output"];
    process::run(Command::new("curl").args(get).arg(&archive).arg(&address))?;
    process::run(Command::new("tar").arg("-xzf").arg(&archive).arg("-C").arg(&place))?;
    Ok(place.join("package"))
}

/// Makes the imports relative, and drops the line that names a source map, which is not kept here.
fn rewrite(text: &str) -> String {
    let (code, _) = text.split_once("//# sourceMappingURL=").unwrap_or((text, ""));
    let code = IMPORTS.iter().fold(code.to_owned(), |code, (bare, relative)| code.replace(bare, relative));
    format!("{}\n", code.trim_end())
}

fn sha256(file: &Path) -> Result<String, String> {
    let output = Command::new("sha256sum").arg(file).output();
    let output = output.map_err(|e| format!("cannot run sha256sum: {e}"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let digest = text.split_whitespace().next().filter(|digest| digest.len() == 64);
    digest.map(str::to_owned).ok_or_else(|| format!("sha256sum of {} failed", file.display()))
}

fn read(file: &Path) -> Result<String, String> {
    fs::read_to_string(file).map_err(|e| format!("cannot read {}: {e}", file.display()))
}

#[cfg(test)]
mod tests {
    use super::rewrite;

    #[test]
    fn imports_become_relative_and_source_maps_are_dropped() {
        let text = "import{a}from\"preact/hooks\";import{b}from\"preact\";//# sourceMappingURL=x.map";
        assert_eq!(rewrite(text), "import{a}from\"./hooks.js\";import{b}from\"./preact.js\";\n");
    }
}
