//! Packs the console's files for the program: each compressed once, all under one name made of their content.
//!
//! Runs in the build script. Nothing is translated: comments are left out, modules are joined into a few files, and the style
//! sheets become one.

mod comments;
mod files;
mod imports;
mod join;

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest as _, Sha256};

use files::Source;

/// The files and folders of `console/` that are served, or that decide what is.
pub(crate) const WATCHED: &[&str] =
    &["base", "frame", "index.html", "main.js", "parts", "screens", "style", "vendor"];

/// Writes the packed files and a Rust table of them into `out`.
pub(crate) fn pack(console: &Path, out: &Path) -> Result<(), String> {
    let sources = join::join(files::read(console)?)?;
    let shell =
        fs::read_to_string(console.join("index.html")).map_err(|e| format!("console/index.html: {e}"))?;
    let version = version(&sources, &shell);
    let place = out.join("console");
    fs::create_dir_all(&place).map_err(|e| format!("{}: {e}", place.display()))?;
    let mut table = String::new();
    for (number, source) in sources.iter().enumerate() {
        let packed = place.join(format!("{number}.gz"));
        fs::write(&packed, compress(&source.content)?).map_err(|e| format!("{}: {e}", packed.display()))?;
        let _ = writeln!(
            table,
            "    Asset {{ path: {:?}, media_type: {:?}, packed: include_bytes!({:?}) }},",
            source.path,
            files::media_type(&source.path),
            packed.display().to_string(),
        );
    }
    // A browser may load early what the address needs.
    let base = imports::closure(&sources, &["main.js"])?;
    let further = |file| -> Result<Vec<String>, String> {
        let mut needed = imports::closure(&sources, &[file])?;
        needed.retain(|path| !base.contains(path));
        Ok(needed)
    };
    let (first, others) = (further("first.js")?, further("screens.js")?);
    let code = format!(
        "const VERSION: &str = {version:?};\n\
         const SHELL: &str = {shell:?};\n\
         /// Files that every screen needs.\n\
         const BASE: &[&str] = &{base:?};\n\
         /// Further files of the first screen.\n\
         const FIRST: &[&str] = &{first:?};\n\
         /// Further files of the other screens.\n\
         const OTHERS_NEED: &[&str] = &{others:?};\n\
         const ASSETS: &[Asset] = &[\n{table}];\n"
    );
    let file = out.join("assets.rs");
    fs::write(&file, code).map_err(|e| format!("{}: {e}", file.display()))
}

/// Returns a name that changes with any byte of any file.
fn version(sources: &[Source], shell: &str) -> String {
    let mut digest = Sha256::new();
    digest.update(shell);
    for source in sources {
        digest.update((source.path.len() as u64).to_be_bytes());
        digest.update(&source.path);
        digest.update((source.content.len() as u64).to_be_bytes());
        digest.update(&source.content);
    }
    digest.finalize().iter().take(8).fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn compress(content: &[u8]) -> Result<Vec<u8>, String> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(content).and_then(|()| encoder.finish()).map_err(|e| format!("cannot compress: {e}"))
}
