//! Finds functions, their lengths and how many parameters they take.

use super::scan::{Scan, split_commas};

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Function {
    pub(super) name: String,
    /// Where its `fn` stands, from 1.
    pub(super) line: usize,
    /// Lines that hold code, from `fn` to the closing brace: a comment that explains costs nothing.
    pub(super) length: usize,
    /// `self` included, as clippy counts.
    pub(super) parameters: usize,
}

pub(super) fn functions(code: &str) -> Vec<Function> {
    let scan = Scan::new(code);
    scan.words("fn").into_iter().filter_map(|at| function(&scan, at)).collect()
}

fn function(scan: &Scan, at: usize) -> Option<Function> {
    let start = scan.skip_space(at + 2);
    let name = scan.name(start);
    if name.is_empty() {
        return None; // the type `fn(…)`
    }
    let mut open = scan.skip_space(start + name.chars().count());
    if scan.get(open) == '<' {
        open = scan.skip_space(scan.behind_generics(open));
    }
    let close = scan.closing(open).filter(|_| scan.get(open) == '(')?;
    let end = match scan.find_flat(close + 1, &['{', ';'])? {
        body if scan.get(body) == '{' => scan.closing(body)?,
        semicolon => semicolon,
    };
    Some(Function {
        name,
        line: scan.line(at),
        length: scan.text(at, end + 1).lines().filter(|line| !line.trim().is_empty()).count(),
        parameters: split_commas(&scan.text(open + 1, close)).len(),
    })
}

#[cfg(test)]
mod tests {
    use super::{Function, functions};

    #[test]
    fn lengths_and_parameters_are_counted() {
        let code = "impl X {\n    pub async fn a<F: Fn(u8) -> u8>(&self, f: F, [x, y]: [u8; 2]) -> [u8; 2]\n    where\n        F: Send,\n    {\n\n        f(1)\n    }\n}\nfn b();\ntype C = fn(u8, u8);\n";
        let found = functions(code);
        let a = Function { name: "a".into(), line: 2, length: 6, parameters: 3 };
        let b = Function { name: "b".into(), line: 10, length: 1, parameters: 0 };
        assert_eq!(found, [a, b]);
    }
}
