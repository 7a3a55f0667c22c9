//! The permission to install packages on this machine: by `--yes`, by CI, or by the answer of a person.

use std::io::{self, IsTerminal as _, Write as _};

use crate::process::Outcome;

/// The state of the permission.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Consent {
    Given,
    Ask,
}

impl Consent {
    /// Removes `--yes` from the arguments of a chore. `CI=true` has the same meaning.
    pub(crate) fn take(words: &mut Vec<String>) -> Self {
        let before = words.len();
        words.retain(|word| word != "--yes");
        let ci = crate::process::on_ci();
        if words.len() < before || ci { Self::Given } else { Self::Ask }
    }

    /// Asks for permission, unless it was given. Without a terminal, or without permission, the error contains
    /// `otherwise`, which says what to do instead.
    pub(crate) fn get(self, question: &str, otherwise: &str) -> Outcome {
        if self == Self::Given {
            return Ok(());
        }
        if !(io::stdin().is_terminal() && io::stdout().is_terminal()) {
            return Err(format!(
                "nothing was installed: there is no terminal to ask for permission.\n{otherwise}"
            ));
        }
        print!("{question} [y/N] ");
        let mut answer = String::new();
        let read = io::stdout().flush().and_then(|()| io::stdin().read_line(&mut answer));
        read.map_err(|e| format!("cannot ask for permission: {e}"))?;
        match answer.trim().to_ascii_lowercase().as_str() {
            "y" | "yes" => Ok(()),
            _ => Err(format!("nothing was installed.\n{otherwise}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn yes_is_removed_from_the_arguments() {
        let mut words: Vec<String> = ["one", "--yes", "two"].map(str::to_owned).to_vec();
        assert_eq!(Consent::take(&mut words), Consent::Given);
        assert_eq!(words, ["one", "two"]);
    }
}
