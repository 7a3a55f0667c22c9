//! Functions and how many values they take.

use proc_macro2::{Delimiter, TokenTree};

use super::tokens::{angle_step, ident, inside, is_punct, is_separator, line, skip_attributes, split_commas};

/// A function with a name.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Function {
    pub(super) name: String,
    /// The line of its `fn`, from 1.
    pub(super) line: usize,
    /// `self` included, as clippy counts.
    pub(super) parameters: usize,
    /// The same, with each member of a tuple counted for itself.
    pub(super) values: usize,
}

/// Reads the function whose `fn` is at `at`.
pub(super) fn read(trees: &[TokenTree], at: usize) -> Option<Function> {
    let name = ident(trees.get(at + 1))?;
    let mut open = at + 2;
    let mut depth = angle_step(trees, open);
    while depth > 0 && open < trees.len() {
        open += 1;
        depth += angle_step(trees, open);
    }
    if is_punct(trees.get(open), '>') {
        open += 1;
    }
    let list = inside(trees.get(open), Delimiter::Parenthesis)?;
    let parameters = split_commas(&list);
    let values = parameters.iter().map(|parameter| members(parameter).unwrap_or(1)).sum();
    Some(Function { name, line: line(trees.get(at)?), parameters: parameters.len(), values })
}

/// Returns the number of members if the type of the parameter is a tuple, or a reference to one.
fn members(parameter: &[TokenTree]) -> Option<usize> {
    let start = skip_attributes(parameter, 0);
    let is_colon = |at: &usize| {
        is_punct(parameter.get(*at), ':') && !is_separator(parameter, *at) && !is_tail(parameter, *at)
    };
    let colon = (start..parameter.len()).find(is_colon)?;
    let mut kind = parameter.get(colon + 1..)?;
    if let [TokenTree::Punct(and), rest @ ..] = kind
        && and.as_char() == '&'
    {
        kind = rest;
        if let [TokenTree::Punct(quote), TokenTree::Ident(_), rest @ ..] = kind
            && quote.as_char() == '\''
        {
            kind = rest;
        }
        if let [TokenTree::Ident(word), rest @ ..] = kind
            && word == "mut"
        {
            kind = rest;
        }
    }
    match kind {
        [only] => Some(split_commas(&inside(Some(only), Delimiter::Parenthesis)?).len()).filter(|n| *n > 1),
        _ => None,
    }
}

/// Returns true if this `:` is the second of a `::`.
fn is_tail(trees: &[TokenTree], at: usize) -> bool {
    at.checked_sub(1).is_some_and(|before| is_separator(trees, before))
}

#[cfg(test)]
mod tests {
    use crate::lint::facts::Facts;

    fn counts(code: &str) -> Vec<(String, usize, usize)> {
        let functions = Facts::read(code).unwrap().functions;
        functions.into_iter().map(|f| (f.name, f.parameters, f.values)).collect()
    }

    #[test]
    fn parameters_are_counted_as_clippy_counts_them() {
        let code = "impl X { async fn a<F: Fn(u8) -> Vec<u8>>(&self, f: F, [x, y]: [u8; 2],) -> u8 where F: Send { f(1) } }\n\
            fn b();\ntype C = fn(u8, u8);\nfn d(#[x] a: impl Fn(A, B) -> C, b: HashMap<K, V>) {}";
        assert_eq!(counts(code), [("a".into(), 3, 3), ("b".into(), 0, 0), ("d".into(), 2, 2)]);
    }

    #[test]
    fn a_tuple_counts_for_its_members() {
        let code = "fn a((x, y): (u8, u8), z: &'a mut (A, B, C), f: (), g: (u8), h: Vec<(A, B)>) {}";
        assert_eq!(counts(code), [("a".into(), 5, 8)]);
    }
}
