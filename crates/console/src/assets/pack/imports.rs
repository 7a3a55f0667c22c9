//! The modules that a module needs before it can run.

use super::files::Source;

/// Returns `roots` and everything that they import, directly or not, in the order in which it is found.
///
/// An `import()` is not followed: it is loaded later. A module that does not exist is an error of the build.
pub(crate) fn closure(sources: &[Source], roots: &[&str]) -> Result<Vec<String>, String> {
    let mut found: Vec<String> = roots.iter().map(|&root| root.to_owned()).collect();
    let mut next = 0;
    while let Some(path) = found.get(next).cloned() {
        next += 1;
        let source = sources.iter().find(|source| source.path == path);
        let source = source.ok_or_else(|| format!("console/{path} is imported and does not exist"))?;
        for import in imports(&String::from_utf8_lossy(&source.content)) {
            let target = resolve(&path, &import)
                .ok_or_else(|| format!("console/{path} imports `{import}`: only ./ and ../ are possible"))?;
            if !found.contains(&target) {
                found.push(target);
            }
        }
    }
    Ok(found)
}

/// Returns the specifiers of the static imports and re-exports of a module.
pub(super) fn imports(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (at, _) in text.match_indices("from") {
        let before = text.get(..at).unwrap_or_default();
        let after = text.get(at + 4..).unwrap_or_default().trim_start();
        let line = before.rsplit(['\n', ';']).next().unwrap_or_default().trim_start();
        // `import { a } from "./b.js"`, also on several lines; `export * from "./b.js"`, `import * as b from "./b.js"`; and as
        // the vendored files write it: `import{a}from"./b.js"`.
        if !before.trim_end().ends_with(['}', '*']) && !line.starts_with("import * as ") {
            continue;
        }
        let is_comment = line.starts_with('*') || line.starts_with("/*") || line.starts_with("//");
        if let (false, Some((specifier, _))) =
            (is_comment, after.strip_prefix('"').and_then(|rest| rest.split_once('"')))
        {
            found.push(specifier.to_owned());
        }
    }
    found
}

/// Returns the path of a relative specifier.
pub(super) fn resolve(path: &str, specifier: &str) -> Option<String> {
    let mut parts: Vec<&str> = path.split('/').collect();
    parts.pop();
    let mut rest = specifier.strip_prefix("./").unwrap_or(specifier);
    while let Some(above) = rest.strip_prefix("../") {
        parts.pop()?;
        rest = above;
    }
    (specifier.starts_with('.')).then(|| {
        parts.push(rest);
        parts.join("/")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn static_imports_are_followed_and_others_are_not() {
        let text = r#"
            import { a } from "./a.js";
            import {
              b,
            } from "../b.js";
            /** @import { C } from "./c.js" */
            const late = () => import("./d.js");
            export * from "./f.js";
            import * as g from "./g.js";
            export{e}from"./e.js";"#;
        assert_eq!(imports(text), ["./a.js", "../b.js", "./f.js", "./g.js", "./e.js"]);
        assert_eq!(resolve("parts/x/y.js", "../../base/a.js").as_deref(), Some("base/a.js"));
        assert_eq!(resolve("main.js", "../a.js"), None);
        assert_eq!(resolve("main.js", "preact"), None);
    }
}
