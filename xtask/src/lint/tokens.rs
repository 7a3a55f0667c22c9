//! Token trees with the few look-aheads that the rules need.

use proc_macro2::{Delimiter, TokenTree};

/// Returns the token trees of a group with these brackets; `None` for any other token.
pub(super) fn inside(tree: Option<&TokenTree>, brackets: Delimiter) -> Option<Vec<TokenTree>> {
    match tree {
        Some(TokenTree::Group(group)) if group.delimiter() == brackets => {
            Some(group.stream().into_iter().collect())
        }
        _ => None,
    }
}

/// Returns the identifier at this place; `None` for any other token.
pub(super) fn ident(tree: Option<&TokenTree>) -> Option<String> {
    match tree {
        Some(TokenTree::Ident(ident)) => Some(ident.to_string()),
        _ => None,
    }
}

/// Returns true if the token is this punctuation character.
pub(super) fn is_punct(tree: Option<&TokenTree>, wanted: char) -> bool {
    matches!(tree, Some(TokenTree::Punct(punct)) if punct.as_char() == wanted)
}

/// Returns true if `::` starts at this place.
pub(super) fn is_separator(trees: &[TokenTree], at: usize) -> bool {
    is_punct(trees.get(at), ':') && is_punct(trees.get(at + 1), ':')
}

/// Returns the line of a token, counted from 1.
pub(super) fn line(tree: &TokenTree) -> usize {
    tree.span().start().line
}

/// Returns the position behind the attributes that start at `at`.
pub(super) fn skip_attributes(trees: &[TokenTree], mut at: usize) -> usize {
    while is_punct(trees.get(at), '#') && inside(trees.get(at + 1), Delimiter::Bracket).is_some() {
        at += 2;
    }
    at
}

/// Returns how the token at `at` changes the depth of angle brackets. The `>` of `->` and `=>` is no bracket.
pub(super) fn angle_step(trees: &[TokenTree], at: usize) -> i32 {
    let after_arrow = || {
        at.checked_sub(1)
            .is_some_and(|before| is_punct(trees.get(before), '-') || is_punct(trees.get(before), '='))
    };
    if is_punct(trees.get(at), '<') {
        1
    } else if is_punct(trees.get(at), '>') && !after_arrow() {
        -1
    } else {
        0
    }
}

/// Splits at the commas that are outside angle brackets; empty parts are left out.
pub(super) fn split_commas(trees: &[TokenTree]) -> Vec<&[TokenTree]> {
    let (mut parts, mut start, mut depth) = (Vec::new(), 0, 0);
    for at in 0..trees.len() {
        depth += angle_step(trees, at);
        if depth == 0 && is_punct(trees.get(at), ',') {
            parts.extend(trees.get(start..at));
            start = at + 1;
        }
    }
    parts.extend(trees.get(start..));
    parts.retain(|part| !part.is_empty());
    parts
}

#[cfg(test)]
mod tests {
    use super::*;
    use proc_macro2::TokenStream;

    #[test]
    fn commas_inside_brackets_do_not_split() {
        let tokens: TokenStream =
            "a: Map<K, V>, f: impl Fn(A, B) -> Vec<C>, [x, y]: [u8; 2],".parse().unwrap();
        let trees: Vec<TokenTree> = tokens.into_iter().collect();
        let firsts: Vec<String> =
            split_commas(&trees).iter().map(|part| part.first().unwrap().to_string()).collect();
        assert_eq!(firsts, ["a", "f", "[x , y]"]);
    }
}
