//! Joins the modules into a few files. A browser asks for each file, and many small ones compress badly.
//!
//! Nothing is renamed and no line changes but those of imports and exports: a module becomes a function that runs once and
//! returns what the module exports, under the module's path. Forms of imports and exports that the console does not use are
//! errors of the build.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

use super::files::Source;
use super::imports::{closure, imports, resolve};

/// The joined files in the order in which they are loaded, each with the modules that bring its others along. The last one
/// has the rest.
pub(crate) const FILES: [(&str, &[&str]); 3] = [
    ("main.js", &["main.js"]),
    ("first.js", &["screens/overview/view.js", "screens/sign-in/view.js"]),
    ("screens.js", &[]),
];
const VENDOR: &str = "vendor/";

/// Returns the joined files, and all other files as they are.
pub(crate) fn join(sources: Vec<Source>) -> Result<Vec<Source>, String> {
    let places = places(&sources)?;
    let mut modules = Vec::new();
    for source in sources.iter().filter(|source| is_module(&source.path)) {
        modules.push(module(source, &places)?);
    }
    let mut joined: Vec<Source> = sources.into_iter().filter(|source| !is_module(&source.path)).collect();
    for (file, _) in FILES {
        let content = written(file, &modules, &places)?.into_bytes();
        joined.push(Source { path: file.to_owned(), content });
    }
    joined.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(joined)
}

/// A module whose imports and exports are rewritten.
struct Module {
    path: String,
    /// The modules that it imports when it begins, and those that it loads later.
    needs: BTreeSet<String>,
    later: BTreeSet<String>,
    text: String,
    exports: Vec<String>,
}

/// The file of each module.
type Places = Vec<(String, &'static str)>;

fn is_module(path: &str) -> bool {
    Path::new(path).extension().is_some_and(|extension| extension == "js") && !path.starts_with(VENDOR)
}

fn places(sources: &[Source]) -> Result<Places, String> {
    let mut places: Places = Vec::new();
    for (file, roots) in FILES {
        let found = if roots.is_empty() {
            sources.iter().map(|source| source.path.clone()).collect()
        } else {
            closure(sources, roots)?
        };
        for path in found {
            if is_module(&path) && file_of(&places, &path).is_none() {
                places.push((path, file));
            }
        }
    }
    Ok(places)
}

fn file_of(places: &Places, path: &str) -> Option<&'static str> {
    places.iter().find(|(known, _)| known == path).map(|(_, file)| *file)
}

/// Returns the name under which a module's exports are known.
fn name(path: &str) -> String {
    let bare = path.strip_suffix(".js").unwrap_or(path);
    format!("${}", bare.replace(|letter: char| !letter.is_ascii_alphanumeric(), "_"))
}

fn module(source: &Source, places: &Places) -> Result<Module, String> {
    let text = String::from_utf8_lossy(&source.content);
    let (path, needs) = (source.path.clone(), BTreeSet::new());
    let mut module = Module { path, needs, later: BTreeSet::new(), text: String::new(), exports: Vec::new() };
    for specifier in imports(&text) {
        module.needs.insert(target(&module.path, &specifier)?);
    }
    let mut lines = text.lines().enumerate();
    while let Some((number, line)) = lines.next() {
        let mut statement = line.to_owned();
        if line.starts_with("import ") || line.starts_with("export {") || line.starts_with("export *") {
            while !statement.ends_with(';') {
                let Some((_, next)) = lines.next() else { break };
                statement.push('\n');
                statement.push_str(next);
            }
        }
        let path = module.path.clone();
        module.add(&statement, places).map_err(|why| format!("console/{path}:{}: {why}", number + 1))?;
        module.text.push('\n');
    }
    Ok(module)
}

/// Returns the path of a module that another one imports.
fn target(path: &str, specifier: &str) -> Result<String, String> {
    resolve(path, specifier).ok_or_else(|| format!("console/{path} imports `{specifier}`"))
}

impl Module {
    /// Adds a line, or an import or export that has several.
    fn add(&mut self, statement: &str, places: &Places) -> Result<(), String> {
        if let Some(rest) = statement.strip_prefix("import ") {
            let (members, from) = self.from(rest)?;
            // `a as b` is `a: b` in a pattern.
            let _ = write!(self.text, "const {} = {};", members.replace(" as ", ": "), name(&from));
            return Ok(());
        }
        let Some(rest) = statement.strip_prefix("export ") else { return self.add_line(statement, places) };
        if let Some(rest) = rest.strip_prefix("* ") {
            let (_, from) = self.from(&format!("{{}} {rest}"))?;
            self.exports.insert(0, format!("...{}", name(&from)));
            return Ok(());
        }
        if rest.starts_with('{') {
            let (members, from) = self.from(rest)?;
            for member in members.trim_matches(['{', '}', ' ']).split(',').map(str::trim) {
                if !is_name(member) {
                    return Err(format!("`{member}`: export a name as it is"));
                }
                self.exports.push(format!("{member}: {}.{member}", name(&from)));
            }
            return Ok(());
        }
        let (code, is_default) = match rest.strip_prefix("default ") {
            Some(code) => (code, true),
            None => (rest, false),
        };
        let kinds = ["const ", "function ", "async function ", "class "];
        let declared = kinds.iter().find_map(|kind| code.strip_prefix(kind));
        let end = |text: &str| text.find(|letter| !is_letter(letter)).unwrap_or(text.len());
        let declared = declared.and_then(|text| text.get(..end(text))).filter(|text| is_name(text));
        let declared =
            declared.ok_or("only `export const`, `function` and `class` with a name can be joined")?;
        self.exports.push(if is_default { format!("default: {declared}") } else { declared.to_owned() });
        self.add_line(code, places)
    }

    /// Splits `{ a } from "./b.js";` into the members and the module.
    fn from(&self, text: &str) -> Result<(String, String), String> {
        let wrong = "only `{ … } from \"…\";` can be joined";
        let (members, specifier) = text.split_once(" from ").ok_or(wrong)?;
        let specifier = specifier.trim_matches(['"', ';']);
        if !members.starts_with('{') || !members.ends_with('}') {
            return Err(wrong.to_owned());
        }
        Ok((members.to_owned(), target(&self.path, specifier)?))
    }

    /// Adds a line of code. A module that is loaded later comes with its file.
    fn add_line(&mut self, line: &str, places: &Places) -> Result<(), String> {
        let mut rest = line;
        while let Some((before, after)) = rest.split_once("import(\"") {
            let (specifier, after) = after.split_once("\")").ok_or("`import()` takes a path in quotes")?;
            let target = target(&self.path, specifier)?;
            let file = file_of(places, &target).ok_or_else(|| format!("console/{target} does not exist"))?;
            let _ = write!(self.text, "{before}import(\"./{file}\").then((all) => all.{})", name(&target));
            self.later.insert(target);
            rest = after;
        }
        self.text.push_str(rest);
        Ok(())
    }
}

fn is_letter(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || letter == '_'
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(is_letter)
}

/// Returns the text of a joined file.
fn written(file: &'static str, modules: &[Module], places: &Places) -> Result<String, String> {
    let is_here = |path: &str| file_of(places, path) == Some(file);
    let own: Vec<&Module> = modules.iter().filter(|module| is_here(&module.path)).collect();
    let mut text = String::new();
    let foreign: BTreeSet<&String> =
        own.iter().flat_map(|module| &module.needs).filter(|path| !is_here(path)).collect();
    for path in foreign {
        let known = name(path);
        let _ = match file_of(places, path) {
            Some(other) => writeln!(text, "import {{ {known} }} from \"./{other}\";"),
            None => writeln!(text, "import * as {known} from \"./{path}\";"),
        };
    }
    for module in in_order(&own)? {
        let (known, exports) = (name(&module.path), module.exports.join(", "));
        let _ = writeln!(text, "// {}", module.path);
        let _ = writeln!(text, "const {known} = (() => {{\n{}return {{ {exports} }};\n}})();", module.text);
    }
    let asked = |path: &str| {
        modules
            .iter()
            .any(|other| other.later.contains(path) || (!is_here(&other.path) && other.needs.contains(path)))
    };
    let given: Vec<String> =
        own.iter().filter(|module| asked(&module.path)).map(|module| name(&module.path)).collect();
    let _ = writeln!(text, "export {{ {} }};", given.join(", "));
    Ok(text)
}

/// Returns the modules in an order in which each comes after those that it needs.
fn in_order<'a>(modules: &[&'a Module]) -> Result<Vec<&'a Module>, String> {
    let mut left: Vec<&Module> = modules.to_vec();
    let mut ordered: Vec<&Module> = Vec::new();
    while !left.is_empty() {
        let waits = |module: &Module| {
            left.iter().any(|other| other.path != module.path && module.needs.contains(&other.path))
        };
        let Some(place) = left.iter().position(|module| !waits(module)) else {
            let circle: Vec<&str> = left.iter().map(|module| module.path.as_str()).collect();
            return Err(format!("these modules of the console need each other: {}", circle.join(", ")));
        };
        ordered.push(left.remove(place));
    }
    Ok(ordered)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(path: &str, text: &str) -> Source {
        Source { path: path.to_owned(), content: text.as_bytes().to_vec() }
    }

    /// A console with a screen that is loaded at once and one that is loaded later.
    fn sources(main: &str) -> Vec<Source> {
        vec![
            source("main.js", main),
            source("screens/overview/view.js", "export default function View() {}\n"),
            source("screens/sign-in/view.js", "export default function View() {}\n"),
            source("screens/map/view.js", "import { a as b } from \"../../parts/a.js\";\nb();\n"),
            source("parts/a.js", "export * from \"../vendor/v.js\";\nexport const a = () => 1,\nc = 2;\n"),
            source("vendor/v.js", "export{v};\n"),
        ]
    }

    fn text_of(joined: &[Source], path: &str) -> String {
        let found = joined.iter().find(|source| source.path == path).map(|source| source.content.clone());
        String::from_utf8(found.unwrap_or_default()).unwrap()
    }

    #[test]
    fn modules_become_functions_that_know_each_other_by_path() {
        let main = "import {\na,\n} from \"./parts/a.js\";\nconst late = () => import(\"./screens/map/view.js\");\na();\n";
        let joined = join(sources(main)).unwrap();
        let paths: Vec<&str> = joined.iter().map(|source| source.path.as_str()).collect();
        assert_eq!(paths, ["first.js", "main.js", "screens.js", "vendor/v.js"]);
        let expected = "import * as $vendor_v from \"./vendor/v.js\";\n// parts/a.js\nconst $parts_a = (() => {\n\n\
            const a = () => 1,\nc = 2;\nreturn { ...$vendor_v, a };\n})();\n// main.js\nconst $main = (() => {\n\
            const {\na,\n} = $parts_a;\n\
            const late = () => import(\"./screens.js\").then((all) => all.$screens_map_view);\na();\nreturn {  };\n\
            })();\nexport { $parts_a };\n";
        assert_eq!(text_of(&joined, "main.js"), expected);
        let screens = text_of(&joined, "screens.js");
        assert!(screens.starts_with("import { $parts_a } from \"./main.js\";\n"), "{screens}");
        assert!(screens.contains("const { a: b } = $parts_a;\nb();"), "{screens}");
        assert!(text_of(&joined, "first.js").contains("return { default: View };"));
    }

    #[test]
    fn what_cannot_be_joined_is_an_error_with_its_line() {
        for (main, why) in [
            ("x();\nexport let a = 1;\n", "console/main.js:2: only `export const`"),
            ("import a from \"./parts/a.js\";\n", "console/main.js:1: only `{ … } from"),
            ("import(\"./parts/b.js\");\n", "console/main.js:1: console/parts/b.js does not exist"),
            (
                "import { a } from \"./screens/x.js\";\n",
                "console/screens/x.js is imported and does not exist",
            ),
        ] {
            let refused = join(sources(main)).err().unwrap_or_default();
            assert!(refused.starts_with(why), "{refused}");
        }
        let mut circle = sources("import { a } from \"./parts/a.js\";\n");
        circle.push(source("parts/b.js", "import { a } from \"./a.js\";\nexport const b = a;\n"));
        if let Some(a) = circle.iter_mut().find(|source| source.path == "parts/a.js") {
            a.content = b"import { b } from \"./b.js\";\nexport const a = b;\n".to_vec();
        }
        let refused = join(circle).err().unwrap_or_default();
        assert!(refused.contains("need each other: main.js, parts/a.js, parts/b.js"), "{refused}");
    }
}
