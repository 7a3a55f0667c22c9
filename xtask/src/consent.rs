//! Whether this machine may be changed: said with `--yes`, by CI, or by whoever sits in front of it.

use std::io::{self, IsTerminal as _, Write as _};

use crate::process::Outcome;

/// Where the yes comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Consent {
    Given,
    Ask,
}

impl Consent {
    /// Takes `--yes` out of the words of a chore. `CI=true` stands for it.
    pub(crate) fn take(words: &mut Vec<String>) -> Self {
        let before = words.len();
        words.retain(|word| word != "--yes");
        let ci = crate::process::on_ci();
        if words.len() < before || ci { Self::Given } else { Self::Ask }
    }

    /// Asks, unless the answer is known. Without a terminal nobody can answer: then nothing is done, and `otherwise` says
    /// how to go on.
    pub(crate) fn get(self, question: &str, otherwise: &str) -> Outcome {
        if self == Self::Given {
            return Ok(());
        }
        if !(io::stdin().is_terminal() && io::stdout().is_terminal()) {
            return Err(format!("nothing was installed: nobody is here to be asked.\n{otherwise}"));
        }
        print!("{question} [y/N] ");
        let mut answer = String::new();
        let heard = io::stdout().flush().and_then(|()| io::stdin().read_line(&mut answer));
        heard.map_err(|e| format!("cannot ask: {e}"))?;
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
    fn yes_is_taken_out_of_the_words() {
        let mut words: Vec<String> = ["one", "--yes", "two"].map(str::to_owned).to_vec();
        assert_eq!(Consent::take(&mut words), Consent::Given);
        assert_eq!(words, ["one", "two"]);
    }
}
