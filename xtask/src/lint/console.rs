//! The console's modules: short, and without the few words by which a text could become markup or code.

use std::path::Path;

use super::{Finding, Report, read, walk};

const FILE_MAX: usize = 300;
/// Half of the modules stay at or below this.
const MEDIAN_MAX: usize = 100;
/// Folders with modules that are sent to browsers. The vendored files are others' and are compared with their list.
const FOLDERS: [&str; 4] = ["base", "frame", "parts", "screens"];

/// Words that no module may have, and what to do instead.
const WORDS: &[(&str, &str)] = &[
    ("innerHTML", "texts become nodes through `tags`"),
    ("outerHTML", "texts become nodes through `tags`"),
    ("insertAdjacentHTML", "texts become nodes through `tags`"),
    ("dangerouslySetInnerHTML", "texts become nodes through `tags`"),
    ("document.write", "texts become nodes through `tags`"),
    ("eval(", "the policy forbids code made from texts"),
    ("new Function", "the policy forbids code made from texts"),
    ("cssText", "give `style` an object"),
    ("style: \"", "give `style` an object: the policy forbids inline styles"),
    ("console.log", "a person reads the screen, not the browser's console"),
];

/// Checks all modules of the console.
pub(super) fn check(root: &Path, report: &mut Report) -> Result<(), String> {
    let mut files = vec![root.join("console/main.js")];
    for folder in FOLDERS {
        walk(&root.join("console").join(folder), &mut files);
    }
    files.retain(|file| file.extension().is_some_and(|extension| extension == "js"));
    let mut sizes = Vec::new();
    for file in files {
        let path = file.strip_prefix(root).unwrap_or(&file).display().to_string().replace('\\', "/");
        let text = read(root, &path)?;
        sizes.push(text.lines().count());
        judge(&path, &text, &mut report.findings);
    }
    sizes.sort_unstable();
    let median = sizes.get(sizes.len() / 2).copied().unwrap_or_default();
    report.notes.push(format!("median module of the console: {median} lines ({} modules)", sizes.len()));
    if median > MEDIAN_MAX {
        let mend = format!("the median module has {median} lines, at most {MEDIAN_MAX}: split the long ones");
        report.findings.push(Finding::new("console", 1, "file-length", mend));
    }
    Ok(())
}

fn judge(path: &str, text: &str, findings: &mut Vec<Finding>) {
    let lines = text.lines().count();
    if lines > FILE_MAX {
        let mend = format!("{lines} lines, at most {FILE_MAX}: split it by subject");
        findings.push(Finding::new(path, 1, "file-length", mend));
    }
    if !text.starts_with("// ") {
        findings.push(Finding::new(
            path,
            1,
            "module-comment",
            "the first line says what the module is or does",
        ));
    }
    for (number, line) in text.lines().enumerate() {
        for (word, mend) in WORDS.iter().filter(|(word, _)| line.contains(word)) {
            findings.push(Finding::new(path, number + 1, "markup", format!("`{word}`: {mend}")));
        }
        // The build leaves out lines that begin as comments do, and a text over several lines could have such a line.
        if line.matches('`').count() % 2 == 1 {
            let mend = "a text between backticks ends on its line";
            findings.push(Finding::new(path, number + 1, "long-text", mend));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::judge;

    fn rules(text: &str) -> Vec<&'static str> {
        let mut findings = Vec::new();
        judge("console/base/a.js", text, &mut findings);
        findings.iter().map(|finding| finding.rule).collect()
    }

    #[test]
    fn markup_long_modules_and_long_texts_are_refused() {
        assert_eq!(rules("// A module.\nconst a = `b ${c}`;\n"), [""; 0]);
        assert_eq!(rules("// A module.\nnode.innerHTML = text;\n"), ["markup"]);
        assert_eq!(rules("// A module.\nconst a = `b\n// c`;\n"), ["long-text", "long-text"]);
        assert_eq!(rules("const a = 1;\n"), ["module-comment"]);
        assert_eq!(rules(&format!("// A module.\n{}", "x();\n".repeat(300))), ["file-length"]);
    }
}
